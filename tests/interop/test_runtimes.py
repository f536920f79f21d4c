#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a tarball to a running container: runc and crun start the bundles that we make."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from harness import Case  # noqa: E402

# crun before 1.9 knows no runtime-spec 1.2, and refuses kernels on which both versions of cgroups are mounted: there it
# gets a view of its own, in which only the second is.
ONE_CGROUP = ["unshare", "-m", "sh", "-c", 'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup; exec "$@"', "sh"]
RUNTIMES = [["runc"], ["crun"], ["crun", "--cgroup-manager=disabled"], [*ONE_CGROUP, "crun", "--cgroup-manager=disabled"]]


def name(runtime):
    return next(word for word in runtime if word in ("runc", "crun"))


BUSYBOX = pathlib.Path("/bin/busybox")


def rootfs_tar():
    passwd = b"root:x:0:0:root:/root:/bin/sh\nweb:x:4711:4712::/srv:/bin/sh\n"
    group = b"root:x:0:\nweb:x:4712:\nextra:x:4800:web,other\nmore:x:4801:web\n"
    return L.tar([L.directory("bin"), L.file("bin/busybox", BUSYBOX.read_bytes(), mode=0o755), L.symlink("bin/sh", "busybox"),
                  L.directory("etc"), L.file("etc/passwd", passwd), L.file("etc/group", group), L.directory("srv"),
                  L.directory("tmp", mode=0o1777), L.directory("proc"), L.directory("dev"), L.directory("sys")])


class Runtimes(Case):
    def start(self, runtime, bundle):
        return subprocess.run([*runtime, "--root", str(self.dir / "state"), "run", "--bundle", str(self.dir / bundle),
                               f"oci-image-test-{os.getpid()}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, check=False)

    def usable(self, runtime):
        """Whether this kernel lets the runtime start its own example; only then our bundles have to start too."""
        if not shutil.which(name(runtime)):
            return False
        shutil.rmtree(self.dir / "probe", ignore_errors=True)
        (self.dir / "probe" / "rootfs" / "bin").mkdir(parents=True)
        shutil.copy(BUSYBOX, self.dir / "probe/rootfs/bin/busybox")
        if subprocess.run([name(runtime), "spec"], cwd=self.dir / "probe", stderr=subprocess.DEVNULL, check=False).returncode:
            return False
        config = json.loads((self.dir / "probe/config.json").read_text())
        config["process"].update(terminal=False, args=["/bin/busybox", "echo", "probe"])
        (self.dir / "probe/config.json").write_text(json.dumps(config))
        return self.start(runtime, "probe").stdout == b"probe\n"

    def each_runtime(self):
        names = set()
        for runtime in RUNTIMES:
            if name(runtime) not in names and self.usable(runtime):
                names.add(name(runtime))
                self.unpack("1.0" if name(runtime) == "crun" else "1.2")
                yield runtime
        if not names:
            self.skipTest("no runtime can start its own example on this kernel")

    def make(self, *options):
        (self.dir / "rootfs.tar").write_bytes(rootfs_tar())
        created = self.run_tool("create", "layout:img", "rootfs.tar", *options)
        self.assertEqual(created.returncode, 0, created.stderr)

    def unpack(self, version):
        shutil.rmtree(self.dir / "bundle", ignore_errors=True)
        unpacked = self.run_tool("unpack", "--no-terminal", "--runtime-spec", version, "layout:img", "bundle")
        self.assertEqual(unpacked.returncode, 0, unpacked.stderr)

    # proves: layout.bundle.procedure
    def test_root(self):
        self.make("--entrypoint", "/bin/busybox", "--cmd", "sh", "--cmd", "-c", "--cmd",
                  'echo "$0 $(busybox id -u) $(busybox pwd) $GREETING $PATH"; busybox cat /proc/1/comm', "--env", "GREETING=a=b c")
        for runtime in self.each_runtime():
            with self.subTest(runtime):
                ran = self.start(runtime, "bundle")
                self.assertEqual(ran.stdout.decode(),
                                 "sh 0 / a=b c /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nbusybox\n",
                                 ran.stderr)
                print("started by", name(runtime))

    # proves: conversion.user.resolve conversion.user.additional-gids
    def test_named_user(self):
        self.make("--user", "web", "--workdir", "/srv", "--entrypoint", "/bin/busybox", "--cmd", "sh", "--cmd", "-c",
                  "--cmd", "busybox id; busybox pwd")
        for runtime in self.each_runtime():
            with self.subTest(runtime):
                ran = self.start(runtime, "bundle")
                self.assertEqual(ran.stdout.decode(),
                                 "uid=4711(web) gid=4712(web) groups=4800(extra),4801(more)\n/srv\n", ran.stderr)


if __name__ == "__main__":
    if os.geteuid() != 0 or not BUSYBOX.exists():
        print("needs root and a static busybox")
        sys.exit(77)
    unittest.main(verbosity=1)
