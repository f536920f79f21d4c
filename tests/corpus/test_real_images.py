#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Image layouts that others made. OCI_CORPUS names the folder; its INDEX.tsv says what each of them is."""
import csv
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import Case, snapshot  # noqa: E402

HERE = pathlib.Path(__file__).resolve()
CORPUS = pathlib.Path(os.environ.get("OCI_CORPUS") or HERE.parents[3] / "shared" / "corpus")
IMAGE = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")


# All that is wrong with some, and not enough to refuse them.
TOLERATED = "no oci-layout"
# Clean for the purpose, but with something that image-spec does not allow: the rules that say so.
NOT_CLEAN = {
    "containers+container-libs/common/libimage/testdata/buildkit-oci.tar": {"manifest.layers.min-one-schema"},
}


def rows(wanted):
    with open(CORPUS / "INDEX.tsv", encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            if wanted(row["kind"]):
                yield row["path"], row["own verdict"]


def layouts():
    return rows(lambda kind: kind == "oci-layout")


def archives():
    return rows(lambda kind: "-archive" in kind)


def images(layout):
    """Every manifest of an image that index.json leads to: (digest, what its platform says)."""
    def walk(descriptors):
        for d in descriptors:
            path = layout / "blobs" / d["digest"].replace(":", "/", 1)
            if not path.exists():
                continue
            try:
                document = json.loads(path.read_bytes())
            except ValueError:
                continue
            if "manifests" in document:
                yield from walk(document["manifests"])
            elif document.get("config", {}).get("mediaType") in IMAGE and \
                    all(".tar" in layer["mediaType"] for layer in document["layers"]):
                yield d["digest"]
    yield from walk(json.loads((layout / "index.json").read_bytes())["manifests"])


def tree(root):
    """What stands in a tree, but for times of what no entry made."""
    return {name: [fact[0], fact[1], fact[2], fact[3], *fact[5:]] for name, fact in snapshot(root).items()}


# What INDEX.tsv says of a broken layout, and the rule that has to say it too.
NAMED = [
    ("no oci-layout", "layout.oci-layout.file-present"),
    ("imageLayoutVersion", "layout.oci-layout.version-value"),
    ("blob absent", "layout.blobs.missing"),
    (": size ", "descriptor.size.raw-bytes"),
    ("digest mismatch", "layout.blobs.content-matches-digest"),
    ("no usable config descriptor", "manifest.config.required"),
    ("but no known compression", "layer.media.gzip"),
    ("content says", "media.mismatch-digest-ok"),
]


class RealImages(Case):
    # proves: layout.index-json.multiple-descriptors index.manifests.support-manifest manifest.config.support-image-config
    # proves: manifest.layers.support-tar manifest.layers.support-tar-gzip
    def test_clean_layouts_unpack(self):
        count = 0
        for path, verdict in layouts():
            if verdict != "ok":
                continue
            for digest in sorted(set(images(CORPUS / path))):
                with self.subTest(f"{path}@{digest}"):
                    count += 1
                    done = self.run_tool("unpack", f"oci:{CORPUS / path}@{digest}", f"bundle{count}")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    json.loads((self.dir / f"bundle{count}/config.json").read_text())
        self.assertGreater(count, 15)

    def test_clean_layouts_are_listed(self):
        for path, verdict in layouts():
            if verdict == "ok":
                with self.subTest(path):
                    done = self.run_tool("list", "--json", CORPUS / path)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    json.loads(done.stdout)

    def test_clean_archives_unpack(self):
        """In place, from a pipe, and by each way to name what is in them."""
        count = 0
        for path, verdict in archives():
            self.assertEqual(verdict, "ok", path)
            listed = self.run_tool("list", "--json", CORPUS / path)
            self.assertEqual(listed.returncode, 0, listed.stderr)
            for node in json.loads(listed.stdout):
                if node["type"] != "image" or node.get("platform", "").startswith("unknown/"):
                    continue
                with self.subTest(f"{path}@{node['digest']}"):
                    count += 1
                    done = self.run_tool("unpack", f"{CORPUS / path}@{node['digest']}", f"archive{count}")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    with open(CORPUS / path, "rb") as f:
                        done = subprocess.run(f'cat | "$OCI_IMAGE" unpack -@{node["digest"]} piped{count}', shell=True,
                                              stdin=f, cwd=self.dir, capture_output=True, timeout=100, check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(tree(self.dir / f"archive{count}/rootfs"), tree(self.dir / f"piped{count}/rootfs"))
        self.assertGreater(count, 15)

    def test_clean_archives_have_no_errors(self):
        for path, _ in archives():
            with self.subTest(path):
                done = self.run_tool("validate", "--format", "json", CORPUS / path)
                errors = {f["rule"] for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"}
                self.assertEqual(errors, NOT_CLEAN.get(path, set()))
                self.assertEqual(done.returncode, 3 if errors else 0)

    def test_other_tars_are_no_images(self):
        count = 0
        for path, _ in rows(lambda kind: kind in ("layer", "other tar", "not a tar")):
            with self.subTest(path):
                count += 1
                for command in (["list", CORPUS / path], ["validate", CORPUS / path], ["unpack", CORPUS / path, "bundle"]):
                    self.assert_refused(self.run_tool(*command))
        self.assertGreater(count, 15)

    def test_what_is_tolerated_is_told(self):
        tolerated = [path for path, verdict in layouts() if verdict == TOLERATED]
        self.assertNotEqual(tolerated, [])
        for path in tolerated:
            with self.subTest(path):
                done = self.run_tool("unpack", CORPUS / path, "tolerated")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(b"warning: the file oci-layout is missing", done.stderr)
                done = self.run_tool("validate", CORPUS / path)
                self.assertEqual(done.returncode, 3)
                self.assertIn(b"layout.oci-layout.file-present", done.stdout)

    def test_broken_layouts_are_named_as_what_they_are(self):
        met = set()
        for path, verdict in layouts():
            if verdict == "ok":
                continue
            with self.subTest(f"{path}: {verdict}"):
                done = self.run_tool("validate", "--format", "json", CORPUS / path)
                self.assertEqual(done.returncode, 3)
                rules = {f["rule"] for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"}
                expected = {rule for text, rule in NAMED if text in verdict}
                self.assertNotEqual(expected, set())
                self.assertEqual(expected - rules, set())
                met |= expected
        self.assertEqual(met, {rule for _, rule in NAMED})

    def test_broken_layouts_are_refused(self):
        for path, verdict in layouts():
            if verdict in ("ok", TOLERATED):
                continue
            digests = list(images(CORPUS / path)) if (CORPUS / path / "index.json").exists() else []
            with self.subTest(f"{path}: {verdict}"):
                for digest in digests or [None]:
                    done = self.run_tool("unpack", f"oci:{CORPUS / path}" + (f"@{digest}" if digest else ""), "bundle")
                    self.assertIn(done.returncode, (3, 4), done.stderr)
                    self.assertFalse((self.dir / "bundle").exists())


if __name__ == "__main__":
    if not (CORPUS / "INDEX.tsv").exists():
        print("the corpus is not there")
        sys.exit(77)
    unittest.main(verbosity=1)
