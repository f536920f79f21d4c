#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Image layouts that others made. OCI_CORPUS names the folder; its INDEX.tsv says what each of them is."""
import csv
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import Case  # noqa: E402

HERE = pathlib.Path(__file__).resolve()
CORPUS = pathlib.Path(os.environ.get("OCI_CORPUS") or HERE.parents[3] / "shared" / "corpus")
IMAGE = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")


def layouts():
    with open(CORPUS / "INDEX.tsv", encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["kind"] == "oci-layout":
                yield row["path"], row["own verdict"]


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

    def test_broken_layouts_are_refused(self):
        for path, verdict in layouts():
            if verdict == "ok":
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
