#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Others read what we write, and we read what they write."""
import json
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from harness import Case  # noqa: E402

TAR = L.tar([L.directory("etc"), L.file("etc/motd", b"hello\n" * 100), L.symlink("link", "etc"), L.hardlink("hard", "etc/motd")])


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not there")


class Peers(Case):
    def peer(self, *args):
        return subprocess.run(args, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False)

    def created(self, *options):
        (self.dir / "rootfs.tar").write_bytes(TAR)
        made = self.run_tool("create", "layout:img", "rootfs.tar", "--cmd", "/bin/true", "--env", "A=b", "--label", "k=v", *options)
        self.assertEqual(made.returncode, 0, made.stderr)

    def ok(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    @needs("skopeo")
    def test_skopeo_reads_what_we_write(self):
        for how in ("gzip", "zstd", "none"):
            with self.subTest(how):
                shutil.rmtree(self.dir / "layout", ignore_errors=True)
                shutil.rmtree(self.dir / "copy", ignore_errors=True)
                self.created("--compress", how)
                seen = json.loads(self.ok(self.peer("skopeo", "inspect", "--config", "oci:layout:img")))
                self.assertEqual(seen["config"], {"Cmd": ["/bin/true"], "Env": ["A=b"], "Labels": {"k": "v"}})
                self.assertEqual(seen["rootfs"]["diff_ids"], [L.digest_of(TAR)])
                self.ok(self.peer("skopeo", "--insecure-policy", "copy", "--dest-oci-accept-uncompressed-layers",
                                  "oci:layout:img", "oci:copy:img"))
                ours = json.loads((self.dir / "layout/index.json").read_text())["manifests"][0]["digest"]
                theirs = json.loads((self.dir / "copy/index.json").read_text())["manifests"][0]["digest"]
                self.assertEqual(ours, theirs)

    @needs("skopeo")
    def test_we_read_what_skopeo_writes(self):
        self.created()
        for how in ("gzip", "zstd"):
            with self.subTest(how):
                self.ok(self.peer("skopeo", "--insecure-policy", "copy", "--dest-compress", "--dest-compress-format", how,
                                  "oci:layout:img", f"oci:copy-{how}:img"))
                done = self.run_tool("unpack", f"copy-{how}:img", f"bundle-{how}")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual((self.dir / f"bundle-{how}/rootfs/etc/motd").read_bytes(), b"hello\n" * 100)

    @needs("umoci")
    def test_umoci_reads_and_extends_what_we_write(self):
        self.created()
        self.assertIn(b"img", self.ok(self.peer("umoci", "list", "--layout", "layout")))
        self.ok(self.peer("umoci", "config", "--image", "layout:img", "--tag", "changed", "--config.env", "B=c"))
        self.ok(self.peer("umoci", "raw", "unpack", "--rootless", "--image", "layout:changed", "theirs"))
        done = self.run_tool("inspect", "--config", "layout:changed")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["config"]["Env"], ["A=b", "B=c"])
        listed = self.run_tool("list", "--json", "layout")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn(b"changed", listed.stdout)

    @needs("umoci")
    def test_we_keep_what_umoci_wrote(self):
        self.ok(self.peer("umoci", "init", "--layout", "layout"))
        self.ok(self.peer("umoci", "new", "--image", "layout:theirs"))
        self.created()
        names = {m["annotations"]["org.opencontainers.image.ref.name"]
                 for m in json.loads((self.dir / "layout/index.json").read_text())["manifests"]}
        self.assertEqual(names, {"theirs", "img"})


if __name__ == "__main__":
    unittest.main(verbosity=1)
