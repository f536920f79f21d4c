#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Layouts that are right: every media type of a layer, stacks of layers, artifacts beside images."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from harness import PROGRAM, Case, keeps_books  # noqa: E402

OCI = "application/vnd.oci.image.layer."
DOCKER = "application/vnd.docker.image.rootfs."
MEDIA_TYPES = {
    OCI + "v1.tar": "none", OCI + "v1.tar+gzip": "gzip", OCI + "v1.tar+zstd": "zstd",
    OCI + "nondistributable.v1.tar": "none", OCI + "nondistributable.v1.tar+gzip": "gzip",
    OCI + "nondistributable.v1.tar+zstd": "zstd",
    DOCKER + "diff.tar.gzip": "gzip", DOCKER + "foreign.diff.tar.gzip": "gzip",
}


class GoodLayout(Case):
    def setUp(self):
        super().setUp()
        self.layout = L.Layout(self.dir / "layout")

    def unpack(self, *options):
        self.layout.write()
        done = self.run_tool("unpack", "layout:img", "bundle", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.dir / "bundle" / "rootfs"

    # proves: manifest.layers.support-tar manifest.layers.support-tar-gzip manifest.layers.support-nondist-tar
    # proves: manifest.layers.support-nondist-tar-gzip layer.media.tar layer.media.gzip layer.media.zstd
    # proves: layer.media.gzip-nondist layer.media.zstd-nondist
    def test_every_media_type_of_a_layer(self):
        tars = [L.tar([L.file(f"f{i}", name.encode())]) for i, name in enumerate(MEDIA_TYPES)]
        layers = [self.layout.layer(t, kind, media_type=name) for t, (name, kind) in zip(tars, MEDIA_TYPES.items())]
        self.layout.image("img", tars, layers=layers)
        rootfs = self.unpack()
        for i, name in enumerate(MEDIA_TYPES):
            self.assertEqual((rootfs / f"f{i}").read_text(), name)

    # proves: manifest.layers.base-first manifest.layers.stack-order manifest.layers.result
    # proves: layer.apply.not-plain-extract whiteout.hidden
    def test_layers_are_stacked_in_order(self):
        self.layout.image("img", [
            L.tar([L.file("a", b"1"), L.file("b", b"1"), L.directory("d"), L.file("d/old", b"1"), L.file("c", b"1")]),
            L.tar([L.file("a", b"2"), L.whiteout("b"), L.opaque("d"), L.file("d/new", b"2")]),
            L.tar([L.file("a", b"3"), L.file("b", b"3"), L.whiteout("c")]),
        ])
        rootfs = self.unpack()
        found = {p.relative_to(rootfs).as_posix(): p.read_bytes() for p in rootfs.rglob("*") if p.is_file()}
        self.assertEqual(found, {"a": b"3", "b": b"3", "d/new": b"2"})

    # proves: manifest.layers.stack-order
    def test_the_same_layer_may_come_twice(self):
        once, gone = L.tar([L.file("f")]), L.tar([L.whiteout("f")])
        self.layout.image("img", [once, gone, once])
        self.assertTrue((self.unpack() / "f").exists())

    # proves: manifest.config.unknown-no-parse manifest.config.unknown-no-error manifest.artifact-type.unknown-no-error
    # proves: index.manifests.unknown-media-type layout.index-json.unknown-media-type
    def test_what_is_unknown_does_not_disturb(self):
        config = self.layout.put(b"\xff\xfe this is no JSON", "application/vnd.example.config")
        artifact = {"schemaVersion": 2, "mediaType": L.MANIFEST, "artifactType": "application/vnd.example", "config": config,
                    "layers": [self.layout.put(b"<xml/>", "application/xml")]}
        self.layout.entries.append(self.layout.put(artifact, L.MANIFEST))
        self.layout.entries.append(self.layout.put(b"<xml/>", "application/xml"))
        self.layout.image("img", [L.tar([L.file("f")])])
        self.unpack()
        listed = self.run_tool("list", "--json", "layout")
        self.assertEqual((listed.returncode, listed.stderr), (0, b""))
        self.assertEqual([e["type"] for e in json.loads(listed.stdout)], ["artifact", "other", "image"])
        # Without a name, too: only one of them is an image.
        self.assertEqual(self.run_tool("unpack", "layout", "again").returncode, 0)

    # proves: layout.index-json.entry-point
    def test_what_index_json_does_not_lead_to_is_not_there(self):
        hidden = self.layout.image("hidden", [L.tar([L.file("h")])])
        self.layout.entries.clear()
        self.layout.put({"schemaVersion": 2, "mediaType": L.INDEX, "manifests": [hidden]}, L.INDEX)
        self.layout.image("img", [L.tar([L.file("f")])])
        self.layout.write()
        self.assertEqual(self.run_tool("unpack", "layout@" + hidden["digest"], "bundle").returncode, 4)
        self.assertEqual(self.run_tool("unpack", "layout:hidden", "bundle").returncode, 4)

    # proves: imageid.definition chainid.base chainid.recursion
    def test_ids(self):
        tars = [L.tar([L.file(f"f{i}")]) for i in range(3)]
        self.layout.image("img", tars)
        self.layout.write()
        facts = json.loads(self.run_tool("inspect", "--json", "layout:img").stdout)
        config = self.run_tool("inspect", "--config", "layout:img").stdout
        self.assertEqual(facts["imageId"], L.digest_of(config))
        chain = [L.digest_of(tars[0])]
        for t in tars[1:]:
            chain.append(L.digest_of(f"{chain[-1]} {L.digest_of(t)}".encode()))
        self.assertEqual([layer["chainId"] for layer in facts["layers"]], chain)
        self.assertEqual([layer["diffId"] for layer in facts["layers"]], [L.digest_of(t) for t in tars])

    # proves: imageid.definition
    def test_image_id_is_sha256_whatever_the_manifest_says(self):
        tar = L.tar([L.file("f")])
        document = json.dumps({"architecture": "amd64", "os": "linux",
                               "rootfs": {"type": "layers", "diff_ids": [L.digest_of(tar)]}}).encode()

        def manifest(m):
            m["config"] = self.layout.put(document, L.CONFIG, "sha512")
        self.layout.image("img", [tar], manifest=manifest)
        self.layout.write()
        facts = json.loads(self.run_tool("inspect", "--json", "layout:img").stdout)
        self.assertEqual(facts["imageId"], L.digest_of(document))

    def peak(self, *args):
        """The most memory a run of the program has used, in MiB."""
        script = "import os,resource,subprocess,sys;r=subprocess.call(sys.argv[1:],stdout=subprocess.DEVNULL);" \
                 "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss);sys.exit(r)"
        done = subprocess.run([sys.executable, "-c", script, PROGRAM, *args], cwd=self.dir, stdout=subprocess.PIPE, check=True)
        return int(done.stdout) / 1024

    def test_memory_does_not_grow_with_the_image(self):
        if keeps_books():
            self.skipTest("a sanitizer keeps its own books")
        block = os.urandom(1 << 20)
        with open(self.dir / "big.tar", "wb") as f:
            import tarfile
            with tarfile.open(fileobj=f, mode="w") as archive:
                info = tarfile.TarInfo("big")
                info.size = 300 << 20

                class Blocks:
                    def read(self, n):
                        return block[:n]
                archive.addfile(info, Blocks())
        self.assertLess(self.peak("create", "--compress", "gzip:1", "layout:img", "big.tar"), 32)
        self.assertLess(self.peak("unpack", "layout:img", "bundle"), 32)


if __name__ == "__main__":
    unittest.main(verbosity=1)
