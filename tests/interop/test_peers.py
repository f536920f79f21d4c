#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Others read what we write, and we read what they write."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from harness import Case, snapshot  # noqa: E402

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

    def assert_valid(self, *layouts):
        """Whoever has written them, they hold nothing that breaks a rule."""
        found = json.loads(self.run_tool("validate", "--format", "json", *layouts).stdout)
        self.assertEqual([s["name"] for s in found["subjects"]], list(layouts))
        self.assertEqual([f for f in found["findings"] if f["severity"] == "error"], [])

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
                self.assert_valid("layout", "copy")

    def create_many_blocks(self, how, *options):
        """A layer from a directory, larger than one block of any compression, with all kinds of entries."""
        if not (self.dir / "tree").exists():
            os.makedirs(self.dir / "tree/sub")
            (self.dir / "tree/big").write_bytes(b"".join(b"%d\n" % (i * i) for i in range(900_000)))
            (self.dir / "tree/sub/file").write_bytes(b"hello\n")
            os.link(self.dir / "tree/sub/file", self.dir / "tree/hard")
            os.symlink("sub/file", self.dir / "tree/soft")
            (self.dir / "tree" / ("n" * 200)).write_bytes(b"long\n")
        shutil.rmtree(self.dir / "layout", ignore_errors=True)
        made = self.run_tool("create", "layout:img", "tree", "--owner", f"{os.getuid()}:{os.getgid()}", "--compress", how, "-j", "3", *options)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assert_valid("layout")

    def assert_same_tree(self, root):
        self.assertEqual({k: v for k, v in snapshot(self.dir / "tree").items() if k != "."},
                         {k: v for k, v in snapshot(root).items() if k != "."})

    @needs("umoci")
    def test_umoci_unpacks_what_we_make_of_directories(self):
        for how in ("gzip", "none"):
            with self.subTest(how):
                self.create_many_blocks(how)
                rootless = [] if os.getuid() == 0 else ["--rootless"]
                shutil.rmtree(self.dir / "bundle", ignore_errors=True)
                self.ok(self.peer("umoci", "unpack", *rootless, "--image", "layout:img", "bundle"))
                self.assert_same_tree(self.dir / "bundle/rootfs")

    @needs("skopeo")
    def test_skopeo_decompresses_all_blocks(self):
        for how in ("gzip", "zstd"):
            with self.subTest(how):
                self.create_many_blocks(how)
                config = json.loads(self.run_tool("inspect", "--config", "layout:img").stdout)
                self.ok(self.peer("skopeo", "--insecure-policy", "copy", "--dest-decompress", "oci:layout:img", f"dir:plain-{how}"))
                name = config["rootfs"]["diff_ids"][0].split(":")[1]
                self.assertEqual(L.digest_of((self.dir / f"plain-{how}" / name).read_bytes()), f"sha256:{name}")

    @needs("zstd")
    def test_plain_programs_decompress_our_layers(self):
        for how, program, options in (("gzip", "gzip", ()), ("gzip", "gzip", ("--encoder", "zlib")), ("zstd", "zstd", ())):
            with self.subTest(how, options=options):
                self.create_many_blocks(how, *options)
                manifest = json.loads(self.run_tool("inspect", "--raw", "layout:img").stdout)
                config = json.loads(self.run_tool("inspect", "--config", "layout:img").stdout)
                blob = self.dir / "layout/blobs/sha256" / manifest["layers"][0]["digest"].split(":")[1]
                tar = self.ok(self.peer("sh", "-c", f"{program} -dc <{blob}"))
                self.assertEqual([L.digest_of(tar)], config["rootfs"]["diff_ids"])
                os.mkdir(self.dir / "by-tar")
                self.ok(self.peer("tar", "-x", "-f", blob, f"--use-compress-program={program}", "-C", "by-tar"))
                self.assert_same_tree(self.dir / "by-tar")
                shutil.rmtree(self.dir / "by-tar")

    @needs("buildah")
    def test_buildah_reads_what_we_write(self):
        self.create_many_blocks("gzip")
        store = ["--root", str(self.dir / "root"), "--runroot", str(self.dir / "runroot"), "--storage-driver", "vfs"]
        policy = self.dir / "policy.json"
        policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        pulled = self.peer("buildah", *store, "pull", "--signature-policy", str(policy), "oci:layout:img")
        if pulled.returncode != 0 and b"ermission" in pulled.stderr:
            self.skipTest("buildah may not work here")
        self.ok(pulled)
        images = json.loads(self.ok(self.peer("buildah", *store, "images", "--json")))
        self.assertEqual(len(images), 1)
        name = self.ok(self.peer("buildah", *store, "from", "--signature-policy", str(policy), "--pull-never", images[0]["id"]))
        mounted = self.ok(self.peer("buildah", *store, "mount", name.decode().strip())).decode().strip()
        self.assertEqual((pathlib.Path(mounted) / "sub/file").read_bytes(), b"hello\n")
        self.assertEqual((pathlib.Path(mounted) / "big").read_bytes(), (self.dir / "tree/big").read_bytes())
        (self.dir / "rootfs.tar").write_bytes(TAR)
        self.ok(self.peer("buildah", *store, "copy", name.decode().strip(), "rootfs.tar", "/added"))
        self.ok(self.peer("buildah", *store, "commit", "--format", "oci", "--signature-policy", str(policy), name.decode().strip(),
                          "oci:theirs:img"))
        self.assert_valid("theirs")
        self.peer("buildah", *store, "rm", "--all")

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
                self.assert_valid(f"copy-{how}")

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
        self.ok(self.peer("umoci", "unpack", *([] if os.getuid() == 0 else ["--rootless"]), "--image", "layout:changed", "bundle"))
        (self.dir / "bundle/rootfs/etc/new").write_text("new\n")
        (self.dir / "bundle/rootfs/link").unlink()
        self.ok(self.peer("umoci", "repack", "--image", "layout:repacked", "bundle"))
        self.assert_valid("layout")
        self.ok(self.run_tool("unpack", "layout:repacked", "ours"))
        self.assertEqual((self.dir / "ours/rootfs/etc/new").read_text(), "new\n")
        self.assertFalse((self.dir / "ours/rootfs/link").is_symlink())

    @needs("umoci")
    def test_we_keep_what_umoci_wrote(self):
        self.ok(self.peer("umoci", "init", "--layout", "layout"))
        self.ok(self.peer("umoci", "new", "--image", "layout:theirs"))
        self.created()
        names = {m["annotations"]["org.opencontainers.image.ref.name"]
                 for m in json.loads((self.dir / "layout/index.json").read_text())["manifests"]}
        self.assertEqual(names, {"theirs", "img"})

    def names(self):
        return {m.get("annotations", {}).get("org.opencontainers.image.ref.name")
                for m in json.loads((self.dir / "layout/index.json").read_text())["manifests"]}

    def blobs(self):
        return {p.name for p in (self.dir / "layout/blobs/sha256").iterdir()}

    def live(self):
        """A layout in which names were given and taken away, and blobs removed."""
        self.created()
        self.ok(self.run_tool("create", "layout:gone", "rootfs.tar", "--env", "GONE=yes"))
        self.ok(self.run_tool("tag", "layout:img", "v1", "example.com/app:latest"))
        self.ok(self.run_tool("untag", "layout:gone"))
        self.ok(self.run_tool("gc", "--grace", "0", "layout"))
        self.assertEqual(len(self.blobs()), 3)

    @needs("umoci")
    def test_umoci_works_on_what_was_tagged_and_collected(self):
        self.live()
        self.assertEqual(set(self.ok(self.peer("umoci", "list", "--layout", "layout")).split()),
                         {b"img", b"v1", b"example.com/app:latest"})
        self.ok(self.peer("umoci", "raw", "unpack", "--rootless", "--image", "layout:v1", "root"))
        before = self.blobs()
        self.ok(self.peer("umoci", "gc", "--layout", "layout"))
        self.assertEqual(self.blobs(), before)
        self.ok(self.peer("umoci", "rm", "--image", "layout:v1"))
        self.ok(self.run_tool("inspect", "layout:img"))

    @needs("umoci")
    def test_we_collect_what_umoci_leaves_and_no_more_than_umoci(self):
        self.created()
        for i in range(3):
            self.ok(self.peer("umoci", "config", "--image", "layout:img", "--config.env", f"N={i}"))
        shutil.copytree(self.dir / "layout", self.dir / "copy")
        self.ok(self.run_tool("gc", "--grace", "0", "layout"))
        self.ok(self.peer("umoci", "gc", "--layout", "copy"))
        self.assertEqual(self.blobs(), {p.name for p in (self.dir / "copy/blobs/sha256").iterdir()})
        self.ok(self.run_tool("unpack", "--rootfs-only", "layout:img", "root"))

    @needs("skopeo")
    def test_skopeo_reads_what_was_tagged_and_collected(self):
        self.live()
        for name in ("img", "v1", "example.com/app:latest"):
            self.ok(self.peer("skopeo", "--insecure-policy", "copy", f"oci:layout:{name}", f"oci:copy-{len(name)}:x"))
        # And writes into it again.
        self.ok(self.peer("skopeo", "--insecure-policy", "copy", "oci:copy-3:x", "oci:layout:back"))
        self.ok(self.run_tool("gc", "--grace", "0", "layout"))
        self.assertEqual(self.names(), {"img", "v1", "example.com/app:latest", "back"})
        self.assert_valid("layout")
        self.ok(self.run_tool("unpack", "--rootfs-only", "layout:back", "root"))

    @needs("buildah")
    def test_buildah_reads_what_was_tagged_and_collected(self):
        self.live()
        storage = ("--root", str(self.dir / "storage"), "--runroot", str(self.dir / "run"), "--storage-driver", "vfs")
        pulled = self.peer("buildah", *storage, "pull", "--signature-policy", self.policy(), "oci:layout:v1")
        if b"operation not permitted" in pulled.stderr or b"unshare" in pulled.stderr:
            self.skipTest("buildah cannot work here")
        self.ok(pulled)

    def policy(self):
        path = self.dir / "policy.json"
        path.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        return str(path)

    @needs("skopeo")
    def test_blobs_that_layouts_share_are_shared_with_skopeo(self):
        self.created()
        (self.dir / "shared").mkdir()
        self.ok(self.peer("skopeo", "--insecure-policy", "copy", "--dest-shared-blob-dir", "shared", "oci:layout:img",
                          "oci:theirs:img"))
        self.assertEqual([p for p in (self.dir / "theirs").rglob("*") if p.is_file() and p.parent != self.dir / "theirs"], [])
        self.ok(self.run_tool("unpack", "--blobs", "shared", "--rootfs-only", "theirs:img", "root"))
        self.ok(self.run_tool("create", "--blobs", "shared", "ours:img", "rootfs.tar", "--env", "OURS=yes"))
        self.ok(self.peer("skopeo", "--insecure-policy", "copy", "--src-shared-blob-dir", "shared", "oci:ours:img",
                          "oci:copy:img"))
        seen = json.loads(self.ok(self.peer("skopeo", "inspect", "--config", "oci:copy:img")))
        self.assertEqual(seen["config"]["Env"], ["OURS=yes"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
