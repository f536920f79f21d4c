#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Archives that others write: we read the same images out of them that they have put in."""
import json
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from archives import oci_entries  # noqa: E402
from harness import Case, snapshot  # noqa: E402

TARS = [L.tar([L.directory("etc"), L.file("etc/motd", b"hello\n" * 100), L.hardlink("hard", "etc/motd")]),
        L.tar([L.whiteout("hard"), L.symlink("link", "etc"), L.file("etc/more", b"x" * 3000)])]


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not there")


class Archives(Case):
    def setUp(self):
        super().setUp()
        layout = L.Layout(self.dir / "layout")
        layout.image("img", TARS, config=lambda c: c["config"].update(Env=["A=b"], Labels={"k": "v"}))
        layout.write()
        self.ok("unpack", "--platform", "linux/amd64", "layout:img", "expected")
        self.expected = self.tree("expected")
        self.facts = json.loads(self.ok("inspect", "--json", "layout:img"))

    def ok(self, *args):
        done = self.run_tool(*args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def peer(self, *args):
        done = subprocess.run(args, cwd=self.dir, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def tree(self, bundle):
        """What an image's entries made; times of directories that no entry has are those of today."""
        return {k: v[:4] + v[5:] if v[0] == 0o040000 else v for k, v in snapshot(self.dir / bundle / "rootfs").items()}

    def assert_same_image(self, image, bundle):
        config = json.loads(self.ok("inspect", "--config", image))
        ours = json.loads(self.ok("inspect", "--config", "layout:img"))
        for key in ("architecture", "os", "rootfs"):
            self.assertEqual(config[key], ours[key])
        self.assertEqual(config["config"]["Env"], ["A=b"])
        self.ok("unpack", "--platform", "linux/amd64", image, bundle)
        self.assertEqual(self.tree(bundle), self.expected)

    def assert_valid(self, image):
        found = json.loads(self.run_tool("validate", "--format", "json", image).stdout)["findings"]
        self.assertEqual([f for f in found if f["severity"] == "error"], [])

    @needs("skopeo")
    def test_oci_archives_of_skopeo(self):
        self.peer("skopeo", "--insecure-policy", "copy", "oci:layout:img", "oci-archive:x.tar:some/name:1")
        self.assertEqual(json.loads(self.ok("inspect", "--json", "x.tar:some/name:1"))["digest"], self.facts["digest"])
        self.assert_same_image("x.tar:some/name:1", "bundle")
        self.assert_valid("x.tar")

    @needs("skopeo")
    def test_docker_archives_of_skopeo(self):
        self.peer("skopeo", "--insecure-policy", "copy", "oci:layout:img", "docker-archive:x.tar:docker.io/library/app:1",
                  "--additional-tag", "docker.io/library/app:two")
        names = [node["name"] for node in json.loads(self.ok("list", "--json", "x.tar"))]
        self.assertEqual(sorted(names), ["docker.io/library/app:1", "docker.io/library/app:two"])
        for i, name in enumerate(("app:1", "docker.io/library/app:two", "index.docker.io/app:1")):
            self.assert_same_image(f"x.tar:{name}", f"bundle{i}")
        self.assert_valid("x.tar")
        # skopeo finds the same layers in it.
        theirs = json.loads(self.peer("skopeo", "inspect", "--raw", "docker-archive:x.tar:app:1"))
        ours = json.loads(self.ok("inspect", "--raw", "x.tar:app:1"))
        self.assertEqual([layer["digest"] for layer in ours["layers"]], [layer["digest"] for layer in theirs["layers"]])
        self.assertEqual(ours["config"]["digest"], theirs["config"]["digest"])

    @needs("skopeo")
    def test_the_image_of_a_docker_archive_is_the_one_that_is_copied(self):
        """What skopeo makes of a docker-archive has the configuration and the layers that we show."""
        self.peer("skopeo", "--insecure-policy", "copy", "oci:layout:img", "docker-archive:x.tar:app:1")
        self.peer("skopeo", "--insecure-policy", "copy", "--dest-oci-accept-uncompressed-layers", "docker-archive:x.tar:app:1",
                  "oci:copy:img")
        theirs = json.loads(self.ok("inspect", "--raw", "copy:img"))
        ours = json.loads(self.ok("inspect", "--raw", "x.tar:app:1"))
        # skopeo calls them +gzip though they are not compressed.
        self.assertEqual([(layer["digest"], layer["size"]) for layer in ours["layers"]],
                         [(layer["digest"], layer["size"]) for layer in theirs["layers"]])

    def test_what_docker_25_writes(self):
        """A layout with a manifest.json beside it: a nested index, of which only one platform was pulled."""
        layout = L.Layout(self.dir / "none")
        image = layout.image(None, TARS, platform={"os": "linux", "architecture": "amd64"},
                             config=lambda c: c["config"].update(Env=["A=b"], Labels={"k": "v"}))
        absent = dict(image, digest="sha256:" + "1" * 64, platform={"os": "linux", "architecture": "s390x"})
        manifest = json.loads(layout.blobs[image["digest"]])
        layout.entries = [layout.put({"schemaVersion": 2, "mediaType": L.INDEX, "manifests": [absent, image]}, L.INDEX)]
        layout.entries[0]["annotations"] = {"io.containerd.image.name": "docker.io/library/app:1",
                                            "org.opencontainers.image.ref.name": "1"}
        paths = {key: "blobs/" + d["digest"].replace(":", "/") for key, d in
                 (("config", manifest["config"]), *enumerate(manifest["layers"]))}
        entries = [L.directory("blobs"), L.directory("blobs/sha256"), *oci_entries(layout), L.file("manifest.json", json.dumps(
            [{"Config": paths["config"], "RepoTags": ["app:1"], "Layers": [paths[0], paths[1]]}]).encode())]
        (self.dir / "x.tar").write_bytes(L.tar(entries))
        for i, name in enumerate(("x.tar:1", "x.tar:app:1", "x.tar:docker.io/library/app:1", "docker-archive:x.tar:app:1",
                                  "oci-archive:x.tar")):
            self.assert_same_image(name, f"bundle{i}")
        # Not asked for, it may be missing; asked for, it is missed.
        self.assert_refused(self.run_tool("unpack", "--platform", "linux/s390x", "x.tar", "other"))
        self.assertEqual(self.run_tool("validate", "x.tar").returncode, 3)
        self.assertEqual(self.run_tool("validate", "--allow-missing", "x.tar").returncode, 0)
        self.assertEqual(self.run_tool("validate", "docker-archive:x.tar").returncode, 0)

    @needs("buildah")
    def test_archives_of_buildah(self):
        storage = ["--root", str(self.dir / "storage"), "--runroot", str(self.dir / "run"), "--storage-driver", "vfs"]
        done = subprocess.run(["buildah", *storage, "pull", "--policy", "always", f"oci:{self.dir}/layout:img"],
                              cwd=self.dir, capture_output=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"buildah cannot store images here: {done.stderr[-200:]}")
        image = done.stdout.decode().split()[-1]
        for kind in ("oci", "docker"):
            with self.subTest(kind):
                self.peer("buildah", *storage, "push", image, f"{kind}-archive:{self.dir}/{kind}.tar:app:1")
                self.assert_same_image(f"{kind}.tar:app:1", f"{kind}.d")
                self.assert_valid(f"{kind}.tar")


if __name__ == "__main__":
    unittest.main(verbosity=1)
