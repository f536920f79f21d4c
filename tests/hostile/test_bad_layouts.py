#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Layouts that are damaged or lie: exit 3, one clear line, and no bundle afterwards."""
import base64
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from harness import Case, snapshot  # noqa: E402

TAR = L.tar([L.directory("etc"), L.file("etc/motd", b"hello\n" * 1000), L.file("big", bytes(range(256)) * 2000)])
BROKEN = TAR[:512 * 3 + 100]  # in the middle of a file


class BadLayout(Case):
    def setUp(self):
        super().setUp()
        self.layout = L.Layout(self.dir / "layout")

    def refused(self, *args, code=3, written=False):
        if not written:
            self.layout.write()
        before = sorted(p.name for p in self.dir.iterdir())
        result = self.run_tool("unpack", "layout:img", "bundle", *args)
        self.assert_refused(result, code)
        self.assertFalse((self.dir / "bundle").exists())
        self.assertEqual(before, sorted(p.name for p in self.dir.iterdir()), "something was left behind")
        return result.stderr.decode()

    def simple(self, **options):
        return self.layout.image("img", [TAR], **options)

    def blob_of(self, part):
        manifest = self.layout.entries[0]["digest"]
        if part == "manifest":
            return manifest
        import json
        document = json.loads(self.layout.blobs[manifest])
        return document["config"]["digest"] if part == "config" else document["layers"][0]["digest"]

    def spoil(self, part, change):
        """Changes the stored bytes of a part, whose digest stays what it was."""
        digest = self.blob_of(part)
        self.layout.blobs[digest] = change(self.layout.blobs[digest])


    # ---- digests and sizes ----

    # proves: layout.blobs.content-matches-digest
    def test_wrong_byte_in_each_blob(self):
        for part in ("manifest", "config", "layer"):
            with self.subTest(part):
                self.layout = L.Layout(self.dir / "layout")
                self.simple()
                self.spoil(part, lambda b: b[:50] + bytes([b[50] ^ 1]) + b[51:])
                self.assertIn(self.blob_of(part), self.refused())

    def test_blob_longer_or_shorter_than_promised(self):
        for part in ("manifest", "config", "layer"):
            for change in (lambda b: b + b"\0", lambda b: b[:-1], lambda b: b""):
                with self.subTest(part):
                    self.layout = L.Layout(self.dir / "layout")
                    self.simple()
                    self.spoil(part, change)
                    self.assertIn("bytes", self.refused())

    def test_size_in_descriptor_is_wrong(self):
        for delta in (1, -1, 1 << 40):
            with self.subTest(delta):
                self.layout = L.Layout(self.dir / "layout")

                def manifest(m, delta=delta):
                    m["layers"][0]["size"] += delta
                self.simple(manifest=manifest)
                self.refused()

    def test_missing_blob(self):
        for part in ("manifest", "config", "layer"):
            with self.subTest(part):
                self.layout = L.Layout(self.dir / "layout")
                self.simple()
                digest = self.blob_of(part)
                self.layout.write()
                self.layout.blob_path(digest).unlink()
                self.assertIn(digest, self.refused(written=True))

    def test_embedded_data_differs(self):
        def manifest(m):
            m["config"]["data"] = base64.b64encode(b"{}").decode()
        self.simple(manifest=manifest)
        self.refused()

    # ---- diff_ids ----

    # proves: config.rootfs.diff-ids.match-layers
    def test_wrong_diff_id(self):
        def config(c):
            c["rootfs"]["diff_ids"] = ["sha256:" + "0" * 64]
        self.simple(config=config)
        self.assertIn("layer 1", self.refused())

    # proves: config.rootfs.diff-ids.count
    def test_wrong_number_of_diff_ids(self):
        for change in (lambda ids: [], lambda ids: ids * 2):
            with self.subTest():
                self.layout = L.Layout(self.dir / "layout")

                def config(c, change=change):
                    c["rootfs"]["diff_ids"] = change(c["rootfs"]["diff_ids"])
                self.simple(config=config)
                self.assertIn("diff_ids", self.refused())

    def test_diff_id_that_is_no_digest(self):
        for junk in ("junk", "../../etc/passwd", "sha256:" + "A" * 64, "sha256:", "sha256:" + "0" * 63, 7, None):
            with self.subTest(junk):
                self.layout = L.Layout(self.dir / "layout")

                def config(c, junk=junk):
                    c["rootfs"]["diff_ids"] = [junk]
                self.simple(config=config)
                self.assertIn("/rootfs/diff_ids/0", self.refused())

    def test_bytes_behind_the_archive_count(self):
        packed = L.compress(TAR + b"more" * 1000, "gzip")
        self.simple(layers=[self.layout.layer(TAR, packed=packed)])
        self.assertIn("layer 1", self.refused())

    # proves: config.rootfs.type.unknown-error
    def test_unknown_rootfs_type(self):
        def config(c):
            c["rootfs"]["type"] = "tar+btrfs"
        self.simple(config=config)
        self.refused()

    # ---- media types ----

    def test_layer_is_compressed_in_another_way_than_said(self):
        for said in ("none", "gzip", "zstd"):
            for really in ("none", "gzip", "zstd"):
                if said == really:
                    continue
                with self.subTest(f"{really} called {said}"):
                    self.layout = L.Layout(self.dir / "layout")
                    self.simple(layers=[self.layout.layer(TAR, said, packed=L.compress(TAR, really))])
                    self.refused()

    # proves: manifest.layers.only-for-image-config
    def test_wrong_media_types(self):
        def config_type(m):
            m["config"]["mediaType"] = "application/vnd.example.config.v1+json"

        def layer_type(m):
            m["layers"][0]["mediaType"] = "application/vnd.example.layer"

        def own_type(m):
            m["mediaType"] = L.INDEX

        def ambiguous(m):
            m["manifests"] = []
        for manifest in (config_type, layer_type, own_type, ambiguous):
            with self.subTest(manifest.__name__):
                self.layout = L.Layout(self.dir / "layout")
                self.simple(manifest=manifest)
                self.refused()

    # ---- compression ----

    def test_truncated_or_corrupt_compression(self):
        for kind in ("gzip", "zstd"):
            good = L.compress(TAR, kind)
            bad = {
                "nothing": b"",
                "half": good[:len(good) // 2],
                "without its last byte": good[:-1],
                "a wrong check sum": good[:-6] + bytes([good[-6] ^ 0x55]) + good[-5:],
                "garbage behind": good + b"garbage",
                "a broken second part": good + good[:20],
            }
            for name, packed in bad.items():
                with self.subTest(f"{kind} {name}"):
                    self.layout = L.Layout(self.dir / "layout")
                    self.simple(layers=[self.layout.layer(TAR, kind, packed=packed)])
                    self.refused()

    def test_bomb(self):
        zeros = L.tar([L.file("zeros", bytes(300 << 20))])
        self.layout.image("img", [zeros], kind="zstd")
        self.assertIn("2048-fold", self.refused())
        self.assertIn("limit", self.refused("--max-size", "1000000", "--max-ratio", "1000000", written=True).lower())

    def test_too_many_entries(self):
        many = L.tar([L.file(f"f{i}") for i in range(50)])
        self.layout.image("img", [many])
        self.refused("--max-entries", "49")

    def test_directories_without_end(self):
        """Each entry of a few bytes would have thousands of directories made, for which there is no entry."""
        deep = L.tar([L.file(f"{i}/" + "a/" * 2000 + "f") for i in range(50)])
        self.layout.image("img", [deep], kind="gzip")
        self.assertIn("limit of 20000 entries", self.refused("--max-entries", "20000"))

    # ---- not a tar ----

    def test_layer_is_no_tar(self):
        for data in (b"not a tar\n" * 1000, TAR[:600], BROKEN, os.urandom(2048)):
            with self.subTest():
                self.layout = L.Layout(self.dir / "layout")
                self.layout.image("img", [data])
                self.assertIn("layer 1", self.refused())

    # ---- documents ----

    # proves: safety.13
    def test_index_that_is_no_json(self):
        good = b'{"schemaVersion":2,"manifests":[]}'
        for text in (b"", b"{", good + b"x", b"\xef\xbb\xbf" + good, b'{"schemaVersion":2,"schemaVersion":2,"manifests":[]}',
                     b'{"schemaVersion":2,"manifests":[],"\xff":1}', b"[" * 100000, b'{"schemaVersion":2.0,"manifests":[]}',
                     b"{'schemaVersion':2}", b"null", b" " * (5 << 20)):
            with self.subTest(text[:60]):
                self.layout = L.Layout(self.dir / "layout")
                self.layout.files["index.json"] = text
                self.assertIn("index.json", self.refused())

    def test_layout_file(self):
        for text in (b"", b"{}", b'{"imageLayoutVersion":"2.0.0"}', b'{"imageLayoutVersion":1}'):
            with self.subTest(text):
                self.layout = L.Layout(self.dir / "layout")
                if (self.dir / "layout" / "oci-layout").exists():
                    (self.dir / "layout" / "oci-layout").unlink()
                self.simple()
                self.layout.files["oci-layout"] = text
                self.assertIn("oci-layout", self.refused())

    # ---- files that are none ----

    # proves: safety.11
    def test_special_files_never_block(self):
        def make_fifo(path):
            os.mkfifo(path)

        def make_directory(path):
            path.mkdir()

        def make_endless(path):
            path.symlink_to("/dev/zero")

        def make_link_outside(path):
            path.symlink_to(self.dir / "outside")

        def make_loop(path):
            path.symlink_to(path.name)
        for make in (make_fifo, make_directory, make_endless, make_link_outside, make_loop):
            for part in ("oci-layout", "index.json", "manifest", "config", "layer"):
                with self.subTest(f"{part}: {make.__name__}"):
                    self.remove()
                    self.dir.mkdir()
                    self.layout = L.Layout(self.dir / "layout")
                    self.simple()
                    self.layout.write()
                    path = self.dir / "layout" / part if "." in part or "-" in part else \
                        self.layout.blob_path(self.blob_of(part))
                    (self.dir / "outside").write_bytes(path.read_bytes())
                    path.unlink()
                    make(path)
                    self.refused(written=True)

    # proves: layout.blobs.missing-allowed
    def test_a_blob_may_be_a_link_inside_the_layout(self):
        self.simple()
        self.layout.write()
        path = self.layout.blob_path(self.blob_of("layer"))
        path.rename(self.dir / "layout" / "elsewhere")
        path.symlink_to("../../elsewhere")
        result = self.run_tool("unpack", "layout:img", "bundle")
        self.assertEqual(result.returncode, 0, result.stderr)

    # ---- digests that would leave the store ----

    # proves: safety.12
    def test_digest_that_is_a_path(self):
        for digest in ("sha256:../../../../etc/passwd", "../x:y", "sha256:" + "0" * 63 + "/", "sha256:\u0000" + "0" * 63,
                       "sha256", ":", "sha256:" + "0" * 65):
            with self.subTest(digest):
                self.layout = L.Layout(self.dir / "layout")

                def manifest(m, digest=digest):
                    m["config"]["digest"] = digest
                self.simple(manifest=manifest)
                self.assertIn("/config/digest", self.refused())

    def test_unknown_algorithm_cannot_be_verified(self):
        def manifest(m):
            m["config"]["digest"] = "blake9:abcdef"
        self.simple(manifest=manifest)
        self.assertIn("blake9", self.refused())

    # ---- indexes ----

    # proves: safety.15
    def test_nesting(self):
        self.simple()
        entry = self.layout.entries.pop()
        for _ in range(12):
            entry = self.layout.put({"schemaVersion": 2, "mediaType": L.INDEX, "manifests": [entry, entry]}, L.INDEX)
        entry["annotations"] = {"org.opencontainers.image.ref.name": "img"}
        self.layout.entries.append(entry)
        self.assertIn("nested", self.refused())

    # proves: safety.9
    def test_what_was_there_stays(self):
        self.simple(config=lambda c: c["rootfs"].update(diff_ids=["sha256:" + "0" * 64]))
        self.layout.write()
        (self.dir / "bundle").mkdir(mode=0o711)
        before = snapshot(self.dir / "bundle")
        self.assert_refused(self.run_tool("unpack", "layout:img", "bundle"))
        self.assertEqual(before, snapshot(self.dir / "bundle"))
        (self.dir / "bundle" / "mine").write_text("mine")
        before = snapshot(self.dir / "bundle")
        self.assert_refused(self.run_tool("unpack", "layout:img", "bundle"), code=1)
        self.assertEqual(before, snapshot(self.dir / "bundle"))


if __name__ == "__main__":
    unittest.main(verbosity=1)
