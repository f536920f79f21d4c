#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images of appc that attack whoever reads them, or are broken: exit 3, one clear line, nothing written."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from harness import PROGRAM, Case, snapshot  # noqa: E402

SECRET = b"what nobody shall see\n"
APP = {"exec": ["/bin/sh"], "user": "0", "group": "0"}


def manifest(**members):
    """What has the value None is left out."""
    document = {"acKind": "ImageManifest", "acVersion": "0.8.11", "name": "example.com/app",
                "labels": [{"name": "os", "value": "linux"}, {"name": "arch", "value": "amd64"}], "app": APP}
    document.update(members)
    return json.dumps({k: v for k, v in document.items() if v is not None}).encode()


def rootfs():
    return [L.directory("rootfs"), L.directory("rootfs/etc"), L.file("rootfs/etc/motd", b"hello\n")]


class HostileAci(Case):
    def setUp(self):
        super().setUp()
        self.work = self.dir / "a/b/work"
        self.work.mkdir(parents=True)
        (self.dir / "a/secret").write_bytes(SECRET)
        self.tmp, self.out = self.dir / "tmp", self.dir / "out"
        self.tmp.mkdir()
        self.out.mkdir()

    def run_all(self, data, check, commands=("list", "copy", "unpack", "validate", "pipe")):
        """In place, and copied from a pipe."""
        (self.work / "x.aci").write_bytes(data)
        before = snapshot(self.dir / "a")
        for command in commands:
            where = "-" if command == "pipe" else "x.aci"
            goal = [self.out / "new"] if command in ("copy", "unpack", "pipe") else []
            args = ["copy" if command == "pipe" else command, where, *goal]
            with self.subTest(command), subprocess.Popen(["cat", self.work / "x.aci"], stdout=subprocess.PIPE) as cat:
                done = subprocess.run([PROGRAM, *map(str, args)], stdin=cat.stdout, capture_output=True, timeout=100,
                                      cwd=self.work, env=dict(os.environ, TMPDIR=str(self.tmp)), check=False)
                check(done)
                self.assertNotIn(SECRET, done.stdout + done.stderr)
                self.assertEqual(snapshot(self.dir / "a"), before)
                self.assertEqual([*self.tmp.iterdir(), *self.out.iterdir()], [])

    def refused(self, entries, says, **options):
        def check(done):
            self.assert_refused(done)
            self.assertIn(says, done.stderr.decode())
        self.run_all(L.tar(entries), check, **options)

    def refused_manifest(self, text, says):
        """Whatever reads it reads the manifest first."""
        self.refused([L.file("manifest", text), *rootfs()], says, commands=["list"])

    # ---- members ----

    # proves: safety.2
    def test_names_that_go_up(self):
        for name in ("../evil", "rootfs/../../evil", "rootfs/../../../secret"):
            with self.subTest(name):
                self.refused([L.file("manifest", manifest()), *rootfs(), L.file(name)], "'..'")

    def test_names_from_the_root(self):
        archive = L.tar([L.file("manifest", manifest()), *rootfs(), L.file("xetc/evil")])
        at = archive.index(b"xetc/evil")
        header = bytearray(archive[at:at + 512])
        header[:1] = b"/"
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        self.run_all(archive[:at] + bytes(header) + archive[at + 512:], self.assert_refused)

    def test_members_outside(self):
        for name in ("evil", "rootfs.old/evil", "manifest.bak", "rootfsevil"):
            with self.subTest(name):
                self.refused([L.file("manifest", manifest()), *rootfs(), L.file(name)],
                             f"'{name}' is neither the manifest nor in rootfs")

    # proves: safety.11
    def test_hard_links_that_lead_out(self):
        for target, says in (("manifest", "out of rootfs"), ("../../secret", "'..'"),
                             ("rootfs/../manifest", "'..'"), ("etc/motd", "no file before it"),
                             ("rootfs/nothing", "no file before it"), ("rootfs/etc", "no file before it"),
                             ("rootfs/zz", "no file before it")):
            with self.subTest(target):
                self.refused([L.file("manifest", manifest()), *rootfs(), L.hardlink("rootfs/hard", target),
                              L.file("rootfs/zz")], says)

    def test_symbolic_links_are_the_container_s(self):
        """As in any layer: they are kept, and nobody follows them out of the root file system."""
        (self.work / "x.aci").write_bytes(L.tar([L.file("manifest", manifest()), *rootfs(),
                                                 L.symlink("rootfs/out", "../../../../../secret"),
                                                 L.symlink("rootfs/abs", "/etc/motd")]))
        done = self.run_tool("unpack", "--rootfs-only", "--platform", "linux/amd64", self.work / "x.aci", self.out / "new")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.readlink(self.out / "new/out"), "../../../../../secret")
        self.assertEqual(os.readlink(self.out / "new/abs"), "/etc/motd")

    def test_what_rootfs_may_not_be(self):
        head = L.file("manifest", manifest())
        self.refused([head], "no rootfs")
        self.refused([head, L.file("rootfs")], "rootfs is not a directory")
        self.refused([head, L.symlink("rootfs", "/")], "rootfs is not a directory")
        self.refused([head, L.symlink("rootfs", "/etc"), L.file("rootfs/passwd")], "below it")
        self.refused([head, *rootfs(), L.file("rootfs/etc/motd")], "twice")
        self.refused([head, *rootfs(), L.whiteout("rootfs/etc/gone")], "whiteouts")
        self.refused([head, *rootfs(), L.opaque("rootfs/etc")], "whiteouts")
        self.refused([head, *rootfs(), L.entry("rootfs/what", b"Z")], "unknown type")
        self.refused(rootfs(), "no manifest")

    def test_what_a_manifest_may_not_be(self):
        for entry in (L.directory("manifest"), L.fifo("manifest"), L.device("manifest", "c", 1, 5),
                      L.symlink("manifest", "../../secret"), L.symlink("manifest", "/etc/passwd"),
                      L.symlink("manifest", "manifest")):
            with self.subTest(entry[0].type):
                self.refused([entry, *rootfs()], "manifest")

    # ---- the manifest ----

    def test_a_manifest_that_is_huge(self):
        self.refused_manifest(b"{" + b" " * (5 << 20) + b"}", "more than the limit")

    def test_no_json(self):
        for text in (b"", b"x", b"{", manifest() + b"{}", b'{"acKind":"ImageManifest","acKind":"ImageManifest"}',
                     b"[" * 100 + b"]" * 100, b"\xff\xfe{}"):
            with self.subTest(text[:20]):
                self.refused_manifest(text, "manifest: ")

    def test_no_image(self):
        for text, says in ((b"null", "/acKind"), (b"[]", "/acKind"), (b"{}", "/acKind"), (b"7", "/acKind"),
                           (manifest(acKind="PodManifest"), "no ImageManifest"), (manifest(acVersion=None), "/acVersion"),
                           (manifest(name=None), "/name"), (manifest(name=""), "/name"), (manifest(name=7), "/name")):
            with self.subTest(says):
                self.refused_manifest(text, says)

    def test_lists_of_wrong_types(self):
        for name in ("labels", "annotations"):
            for value in ({}, "x", 7, [7], [None], [{}], [{"name": "a"}], [{"name": 1, "value": "b"}],
                          [{"name": "a", "value": {}}], [{"name": "a", "value": "x\0y"}], [{"name": "", "value": ""}],
                          [{"name": "a", "value": "b"}] * 2):
                with self.subTest(f"{name} {value}"):
                    self.refused_manifest(manifest(**{name: value}), f"/{name}")
        self.refused_manifest(manifest(dependencies={}), "/dependencies")
        self.refused_manifest(manifest(dependencies=[7]), "/dependencies")
        for value in ({}, "x", ["relative"], [7], ["/../up"], ["/" + "a" * 5000]):
            self.refused_manifest(manifest(pathWhitelist=value), "/pathWhitelist")

    def test_apps_that_cannot_be(self):
        wrong = {
            "exec": ({}, "x", [7], ["a\0b"]),
            "user": (None, 7, "", "a:b", "/etc/none", "/../secret"),
            "group": (None, [], "a:b", "/nothing"),
            "workingDirectory": (7, ""),
            "environment": ({}, [7], [{"name": "A=B", "value": ""}], [{"name": "A", "value": "1"}] * 2),
            "mountPoints": ({}, [{}], [{"path": "relative"}], [{"path": 7}]),
            "ports": ({}, [{}], [{"port": 80}], *([{"protocol": "tcp", **port}] for port in (
                {"port": 0}, {"port": 65536}, {"port": -1}, {"port": "80"}, {"port": 80, "count": 0},
                {"port": 80, "count": 1 << 60}, {"port": 65535, "count": 2}, {"port": 80, "count": "1"})),
                      [{"port": 1, "count": 65535, "protocol": "tcp"}] * 3, [{"port": 1, "protocol": ""}],
                      [{"port": 1, "protocol": "a/b"}]),
        }
        for name, values in wrong.items():
            for value in values:
                with self.subTest(f"{name} {value}"):
                    self.refused_manifest(manifest(app={**APP, name: value}), "manifest: /app/" + name)
        for app in (7, "x", []):
            self.refused_manifest(manifest(app=app), "/app")

    def test_a_time_that_is_none(self):
        self.refused_manifest(manifest(annotations=[{"name": "created", "value": "yesterday"}]), "/created")

    # ---- too much ----

    def test_bounds(self):
        (self.work / "x.aci").write_bytes(L.tar([L.file("manifest", manifest()), L.directory("rootfs"),
                                                 L.file("rootfs/big", bytes(1 << 20))]))
        done = self.run_tool("list", "--max-size", "65536", self.work / "x.aci")
        self.assert_refused(done)
        self.assertIn("65536", done.stderr.decode())


if __name__ == "__main__":
    unittest.main(verbosity=1)
