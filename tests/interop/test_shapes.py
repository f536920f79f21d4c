#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every shape of image that copy and create write is read by others, and comes back with the digests it had."""
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from harness import Case  # noqa: E402

TARS = [L.tar([L.directory("etc"), L.file("etc/motd", b"hello\n" * 1000)]), L.tar([L.file("second", b"2\n")])]
NAME = "org.opencontainers.image.ref.name"
POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not there")


class Shapes(Case):
    def setUp(self):
        super().setUp()
        layout = L.Layout(self.dir / "layout")
        layout.image("app", TARS)
        layout.image("uncompressed", TARS, kind="none")
        platforms = [layout.image(None, TARS[:n], config=self.of(arch), platform={"os": "linux", "architecture": arch})
                     for n, arch in ((1, "amd64"), (2, "arm64"))]
        layout.entries = layout.entries[:2]
        index = layout.put({"schemaVersion": 2, "mediaType": L.INDEX, "manifests": platforms}, L.INDEX)
        layout.entries.append({**index, "annotations": {NAME: "multi"}})
        layout.write()

    @staticmethod
    def of(arch):
        return lambda config: {**config, "architecture": arch}

    def peer(self, *args):
        done = subprocess.run(args, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False)
        self.assertEqual(done.returncode, 0, (args, done.stderr))
        return done.stdout

    def skopeo_copy(self, *args):
        return self.peer("skopeo", "--insecure-policy", "copy", "-q", "--dest-oci-accept-uncompressed-layers", *args)

    def copy(self, *args):
        done = self.run_tool("copy", *args)
        self.assertEqual((done.returncode, done.stderr), (0, b""), args)

    def entry(self, layout, name):
        """The digest that a name has in a layout directory or in an oci-archive."""
        path = self.dir / layout
        if path.is_dir():
            text = (path / "index.json").read_text()
        else:
            with tarfile.open(path) as archive:
                text = archive.extractfile("index.json").read()
        found = [d["digest"] for d in json.loads(text)["manifests"] if d.get("annotations", {}).get(NAME) == name]
        self.assertEqual(len(found), 1)
        return found[0]

    def diff_ids(self, reference):
        return json.loads(self.peer("skopeo", "inspect", "--config", reference))["rootfs"]["diff_ids"]

    @needs("skopeo")
    def test_skopeo_takes_an_oci_archive(self):
        for name in ("app", "uncompressed"):
            self.copy(f"layout:{name}", f"oci-archive:{name}.tar")
            self.skopeo_copy(f"oci-archive:{name}.tar:{name}", f"oci:back-{name}:{name}")
            self.assertEqual(self.entry(f"back-{name}", name), self.entry("layout", name))
        self.copy("layout:multi", "oci-archive:multi.tar")
        self.skopeo_copy("--all", "oci-archive:multi.tar:multi", "oci:back:multi")
        self.assertEqual(self.entry("back", "multi"), self.entry("layout", "multi"))
        self.copy("layout", "oci-archive:all.tar")
        for name in ("app", "uncompressed"):
            self.skopeo_copy(f"oci-archive:all.tar:{name}", f"oci:all:{name}")
            self.assertEqual(self.entry("all", name), self.entry("layout", name))

    @needs("skopeo")
    def test_we_take_what_skopeo_has_copied(self):
        """There and back: layout, skopeo, copy, skopeo."""
        self.skopeo_copy("--all", "oci:layout:multi", "oci:theirs:multi")
        self.copy("theirs:multi", "ours:multi")
        self.skopeo_copy("--all", "oci:ours:multi", "oci-archive:end.tar:multi")
        self.assertEqual(self.entry("end.tar", "multi"), self.entry("layout", "multi"))

    @needs("skopeo")
    def test_skopeo_takes_a_docker_archive(self):
        for name, n in (("app", 2), ("multi", 1)):
            for options, kind in (((), "docker-archive"), (("--docker-load",), "oci-archive")):
                with self.subTest(name, kind=kind):
                    file = f"{name}-{kind}.tar"
                    self.copy(f"layout:{name}", f"{kind}:{file}", *options, *(("--platform", "linux/amd64") if name == "multi" else ()))
                    self.assertEqual(self.diff_ids(f"docker-archive:{file}:docker.io/library/{name}:latest"),
                                     [L.digest_of(t) for t in TARS[:n]])
                    # Told to accept uncompressed layers it would say that they are compressed.
                    self.peer("skopeo", "--insecure-policy", "copy", "-q", f"docker-archive:{file}:docker.io/library/{name}:latest",
                              f"oci:from-{file}:x")
                    done = self.run_tool("validate", "-q", f"from-{file}")
                    self.assertEqual(done.returncode, 0, done.stdout)
                    config = json.loads(self.run_tool("inspect", "-q", "--config", f"from-{file}:x").stdout)
                    self.assertEqual(config["rootfs"]["diff_ids"], [L.digest_of(t) for t in TARS[:n]])
        self.assertEqual(json.loads(self.peer("skopeo", "list-tags", "docker-archive:app-docker-archive.tar"))["Tags"],
                         ["docker.io/library/app:latest"])

    @needs("skopeo")
    def test_dockers_format(self):
        """What we make of an image is what skopeo makes of it, and skopeo takes it."""
        self.copy("layout:app", "docker:app", "--format", "docker")
        manifest = self.run_tool("inspect", "-q", "--raw", "docker:app").stdout
        # skopeo reads layouts of OCI types alone, so it is given the files as it keeps them itself.
        ours = self.dir / "ours"
        ours.mkdir()
        (ours / "version").write_text("Directory Transport Version: 1.1\n")
        (ours / "manifest.json").write_bytes(manifest)
        for blob in (self.dir / "docker/blobs/sha256").iterdir():
            shutil.copy(blob, ours)
        self.skopeo_copy("dir:ours", "dir:kept")
        self.assertEqual((self.dir / "kept/manifest.json").read_bytes(), manifest)
        self.skopeo_copy("--format", "v2s2", "oci:layout:app", "dir:theirs")
        theirs = json.loads((self.dir / "theirs/manifest.json").read_text())
        self.assertEqual(json.loads(manifest), theirs)
        self.copy("docker:app", "back", "--format", "oci")
        self.assertEqual(self.parts("back", "app"), self.parts("layout", "app"))

    def parts(self, layout, name):
        manifest = json.loads(self.run_tool("inspect", "-q", "--raw", f"{layout}:{name}").stdout)
        return [manifest["config"], *manifest["layers"]]

    @needs("skopeo")
    def test_skopeo_reads_recompressed_layers(self):
        for how in ("zstd", "gzip:9", "none"):
            with self.subTest(how):
                dest = how.replace(":", "-")
                self.copy("layout:multi", f"{dest}:multi", "--compress", how)
                self.skopeo_copy("--all", f"oci:{dest}:multi", f"oci:back-{dest}:multi")
                self.assertEqual(self.entry(f"back-{dest}", "multi"), self.entry(dest, "multi"))
                self.copy("layout:multi", f"oci-archive:{dest}.tar", "--compress", how)
                self.assertEqual(self.entry(f"{dest}.tar", "multi"), self.entry(dest, "multi"))

    @needs("skopeo")
    def test_an_archive_that_create_has_written(self):
        (self.dir / "rootfs.tar").write_bytes(TARS[0])
        done = self.run_tool("create", "made.tar:img", "rootfs.tar", "--cmd", "/bin/true", "--docker-load")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.diff_ids("oci-archive:made.tar:img"), [L.digest_of(TARS[0])])
        self.assertEqual(self.diff_ids("docker-archive:made.tar"), [L.digest_of(TARS[0])])

    @needs("buildah")
    @unittest.skipUnless(os.geteuid() == 0, "buildah keeps images where root may write")
    def test_buildah_takes_every_shape(self):
        (self.dir / "policy.json").write_text(POLICY)
        storage = ("--root", str(self.dir / "storage"), "--runroot", str(self.dir / "run"), "--storage-driver", "vfs")
        self.copy("layout:app", "oci-archive:app.tar")
        self.copy("layout:app", "docker-archive:docker.tar")
        self.copy("layout:app", "both.tar", "--docker-load")
        self.copy("layout:app", "zstd:app", "--compress", "zstd")
        config = "sha256:" + hashlib.sha256(self.run_tool("inspect", "--config", "layout:app").stdout).hexdigest()
        for reference in ("oci:layout:app", "oci-archive:app.tar:app", "docker-archive:docker.tar", "docker-archive:both.tar",
                          "oci-archive:both.tar:app", "oci:zstd:app"):
            with self.subTest(reference):
                image = self.peer("buildah", *storage, "pull", "-q", "--policy", "always", "--signature-policy", "policy.json",
                                  reference).decode().strip()
                # An image is known by its configuration, which no shape changes.
                self.assertEqual(f"sha256:{image}", config)
        self.peer("buildah", *storage, "push", "-q", "--signature-policy", "policy.json", "--format", "oci", image,
                  f"oci:{self.dir}/pushed:app")
        self.copy("pushed:app", "oci-archive:pushed.tar")
        self.assertEqual(self.entry("pushed.tar", "app"), self.entry("pushed", "app"))

    def test_an_archive_is_a_plain_tar(self):
        """Whoever reads it: the members, and nothing behind the end."""
        self.copy("layout", "oci-archive:all.tar")
        data = (self.dir / "all.tar").read_bytes()
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = archive.getmembers()
        self.assertEqual(len({m.name for m in members}), len(members))
        self.assertTrue(all(m.isfile() or m.isdir() for m in members))
        for member in members:
            if member.isfile() and member.name.startswith("blobs/sha256/"):
                content = data[member.offset_data:member.offset_data + member.size]
                self.assertEqual(hashlib.sha256(content).hexdigest(), member.name.rpartition("/")[2])
        self.assertEqual(data[-1024:], bytes(1024))


if __name__ == "__main__":
    unittest.main(verbosity=1)
