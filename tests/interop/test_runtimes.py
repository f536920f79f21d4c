#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a tarball to a running container: runc and crun start the bundles that we make, and what they start is what the image's
configuration says. As root, as an ordinary user, and as one that the system has set ids aside for."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
import users  # noqa: E402
from harness import PROGRAM, Case  # noqa: E402

BUSYBOX = pathlib.Path("/bin/busybox")
WEB = 4711
# runtime-spec 1.2 is unknown to crun before 1.9.
RUNTIMES = {"runc": "1.2", "crun": "1.0"}

PROBE = b"""#!/bin/sh
echo "id $(busybox id -u):$(busybox id -g) $(busybox id -G)"
echo "pwd $(busybox pwd)"
echo "caps $(busybox awk '/^CapBnd/ {print $2}' /proc/self/status)"
for m in /proc /dev /dev/pts /dev/shm /dev/mqueue /sys; do
  busybox grep -q " $m " /proc/mounts && echo "mount $m"
done
"""
MOUNTS = "".join(f"mount {m}\n" for m in ("/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"))
FEW_CAPS = 1 << 29 | 1 << 5 | 1 << 10
DOCKER_CAPS = sum(1 << n for n in (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31))
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def rootfs_tar():
    passwd = f"root:x:0:0:root:/root:/bin/sh\nweb:x:{WEB}:4712::/srv:/bin/sh\n".encode()
    group = b"root:x:0:\nweb:x:4712:\nextra:x:4800:web,other\nmore:x:4801:web\nstaff:x:50:\n"
    return L.tar([L.directory("bin"), L.file("bin/busybox", BUSYBOX.read_bytes(), mode=0o755), L.symlink("bin/sh", "busybox"),
                  L.file("probe", PROBE, mode=0o755), L.directory("etc"), L.file("etc/passwd", passwd), L.file("etc/group", group),
                  L.file("etc/resolv.conf", b""), L.directory("srv"), L.directory("tmp", mode=0o1777), L.directory("proc"),
                  L.directory("dev"), L.directory("sys"), L.directory("data", mode=0o750, uid=WEB, gid=4712),
                  L.file("data/seed", b"seed\n", mode=0o640, uid=WEB, gid=4712)])


def probed(ids, pwd="/", caps=FEW_CAPS):
    return f"id {ids}\npwd {pwd}\ncaps {caps:016x}\n{MOUNTS}"


class Mode:
    """Who unpacks and who runs."""

    def __init__(self, name, user, set_aside, options):
        self.name, self.user, self.set_aside, self.options = name, user, set_aside, options


ROOT = Mode("root", False, False, [])
ALONE = Mode("an ordinary user", True, False, [])
SET_ASIDE = Mode("an ordinary user with ids set aside", True, True, ["--owner=map"])


class Runtimes(Case):
    @classmethod
    def setUpClass(cls):
        cls.usable = {}

    def setUp(self):
        super().setUp()
        self.dir.chmod(0o755)
        (self.dir / "rootfs.tar").write_bytes(rootfs_tar())

    def command(self, mode, words, runtime=""):
        # Root has one kind of cgroups as well where both are mounted: crun needs it, and runc does not mind.
        hybrid = pathlib.Path("/sys/fs/cgroup/unified").exists() and runtime == "crun"
        return users.command(self.dir, words, mode.set_aside, mode.user, hybrid)

    def start(self, mode, runtime, bundle, text=b""):
        words = [runtime, "--root", self.dir / f"state-{mode.user}", *(["--cgroup-manager=disabled"] if runtime == "crun" else []),
                 "run", "--bundle", self.dir / bundle, f"oci-image-test-{os.getpid()}"]
        return subprocess.run(self.command(mode, words, runtime), input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60, check=False, cwd=self.dir)

    def probe(self, mode, runtime):
        """Whether this kernel lets the runtime start its own example; only then our bundles have to start too."""
        if not shutil.which(runtime) or (mode.set_aside and not users.can_set_aside(self.dir)):
            return False
        bundle = self.dir / "example"
        (bundle / "rootfs" / "bin").mkdir(parents=True)
        for name in ("proc", "dev", "sys"):
            (bundle / "rootfs" / name).mkdir()
        shutil.copy(BUSYBOX, bundle / "rootfs/bin/busybox")
        if mode.user:
            subprocess.run(["chown", "-R", f"{users.UID}:{users.GID}", str(self.dir)], check=True)
        spec = [runtime, "spec", *(["--rootless"] if mode.user else []), "--bundle", str(bundle)]
        if subprocess.run(self.command(mode, spec), stderr=subprocess.DEVNULL, cwd=bundle, check=False).returncode:
            return False
        config = json.loads((bundle / "config.json").read_text())
        config["process"].update(terminal=False, args=["/bin/busybox", "echo", "probe"])
        (bundle / "config.json").write_text(json.dumps(config))
        found = self.start(mode, runtime, "example").stdout == b"probe\n"
        shutil.rmtree(bundle)
        return found

    def each(self, *modes):
        """Every mode with every runtime that can do it here."""
        count = 0
        for mode in modes:
            for runtime in RUNTIMES:
                key = (mode.name, runtime)
                if key not in self.usable:
                    type(self).usable[key] = self.probe(mode, runtime)
                    print(f"{runtime} as {mode.name}:", "yes" if self.usable[key] else "cannot start its own example here")
                if self.usable[key]:
                    count += 1
                    self.where = f"{runtime} as {mode.name}"
                    yield mode, runtime
        if count == 0:
            self.skipTest("no runtime can start its own example on this kernel")

    def make(self, *options):
        created = self.run_tool("create", "layout:img", "rootfs.tar", *options)
        self.assertEqual(created.returncode, 0, created.stderr)
        subprocess.run(["chmod", "-R", "a+rX", str(self.dir / "layout")], check=True)

    def unpack(self, mode, runtime, *options, bundle="bundle"):
        subprocess.run(["rm", "-rf", str(self.dir / bundle)], check=True)
        return subprocess.run(self.command(mode, [PROGRAM, "unpack", "--no-terminal", "--runtime-spec", RUNTIMES[runtime],
                                                  *mode.options, *options, "layout:img", bundle]), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir, check=False, timeout=120)

    def expect(self, want, mode, runtime, *options, text=b"", said=b""):
        unpacked = self.unpack(mode, runtime, *options)
        self.assertEqual((unpacked.returncode, unpacked.stdout), (0, b""), (self.where, unpacked.stderr))
        self.assertIn(said, unpacked.stderr, self.where)
        if not said:
            self.assertEqual(unpacked.stderr, b"", self.where)
        ran = self.start(mode, runtime, "bundle", text)
        self.assertEqual(ran.stdout.decode(), want, self.where + ": " + ran.stderr.decode())

    # proves: layout.bundle.procedure bundle.config-json.present bundle.rootfs.exists bundle.single-directory
    # proves: conversion.user.undefined runtime.linux.fs-proc runtime.linux.fs-sys runtime.linux.fs-devpts runtime.linux.fs-devshm
    def test_no_user(self):
        self.make("--entrypoint", "/probe")
        for mode, runtime in self.each(ROOT, ALONE, SET_ASIDE):
            self.expect(probed("0:0 0"), mode, runtime)

    # proves: conversion.user.numeric-uid conversion.user.numeric-gid conversion.user.resolve
    # proves: conversion.user.additional-gids conversion.user.group-no-additional conversion.user.numeric-no-additional
    def test_users(self):
        for user, want in (("4999", "4999:0 0"), (str(WEB), f"{WEB}:4712 4712"), ("1000:1001", "1000:1001 1001"),
                           ("web", f"{WEB}:4712 4712 4800 4801"), ("web:staff", f"{WEB}:50 50"), ("7:staff", "7:50 50"),
                           ("web:9", f"{WEB}:9 9")):
            self.make("--entrypoint", "/probe", "--user", user)
            for mode, runtime in self.each(ROOT, SET_ASIDE):
                if mode is ROOT or user != "web":
                    self.expect(probed(want), mode, runtime)
                else:
                    self.expect(probed(f"{WEB}:4712 4712"), mode, runtime, said=b"not every runtime can set them without root")
                    if runtime == "crun":
                        self.expect(probed(want), mode, runtime, "--keep-groups")

    def test_user_that_is_not_mapped(self):
        self.make("--entrypoint", "/probe", "--user", "web")
        for mode, runtime in self.each(ALONE):
            unpacked = self.unpack(mode, runtime)
            self.assertEqual(unpacked.returncode, 0, unpacked.stderr)
            self.assertIn(b"user 4711 is not mapped: it will not start", unpacked.stderr)
            self.assertIn(b"2 of the user's 2 supplementary groups are left out", unpacked.stderr)

    # proves: conversion.volumes.mounts conversion.volumes.seed
    def test_volumes_written_by_an_ordinary_user(self):
        self.make("--entrypoint", "/bin/sh", "--cmd", "-c", "--cmd",
                  "busybox cat /data/seed; echo new >/data/new && busybox ls -ln /data | busybox awk 'NR > 1 {print $3, $4, $9}'",
                  "--user", "web:web", "--volume", "/data", "--volume", "/empty")
        for mode, runtime in self.each(ROOT, SET_ASIDE):
            self.expect("seed\n4711 4712 new\n4711 4712 seed\n", mode, runtime)
            self.assertEqual((self.dir / "bundle/volumes/0/new").read_text(), "new\n")
            self.assertFalse((self.dir / "bundle/rootfs/data/new").exists())
            self.assertEqual((self.dir / "bundle/rootfs/data/seed").read_text(), "seed\n")
            self.expect("seed\n4711 4712 new\n4711 4712 seed\n", mode, runtime, "--volumes=none")
            self.assertTrue((self.dir / "bundle/rootfs/data/new").exists())
            self.assertFalse((self.dir / "bundle/volumes").exists())

    def test_volumes_in_memory(self):
        self.make("--entrypoint", "/bin/sh", "--cmd", "-c", "--cmd", "echo new >/data/new && busybox ls /data", "--user", "web:web",
                  "--volume", "/data")
        for mode, runtime in self.each(ROOT, SET_ASIDE):
            self.expect("new\n", mode, runtime, "--volumes=tmpfs")
            self.assertFalse((self.dir / "bundle/volumes").exists())

    def test_volumes_of_root(self):
        self.make("--entrypoint", "/bin/sh", "--cmd", "-c", "--cmd", "busybox cat /data/seed && echo new >/data/new",
                  "--volume", "/data")
        for mode, runtime in self.each(ALONE):
            self.expect("seed\n", mode, runtime)
            self.assertEqual((self.dir / "bundle/volumes/0/new").read_text(), "new\n")

    # proves: conversion.working-dir
    def test_working_directory(self):
        for where in ("/srv", "/not/in/the/image"):
            self.make("--entrypoint", "/probe", "--workdir", where)
            for mode, runtime in self.each(ROOT, ALONE, SET_ASIDE):
                self.expect(probed("0:0 0", where), mode, runtime)
        self.assertEqual(self.run_tool("unpack", "layout:img", "untouched").returncode, 0)
        self.assertFalse((self.dir / "untouched/rootfs/not").exists())

    # proves: conversion.env.verbatim conversion.env.additional conversion.env.defaults-keep
    def test_environment(self):
        long = "=" + "x" * 20000
        self.make("--entrypoint", "/bin/sh", "--cmd", "-c", "--cmd", 'busybox printf "%s|%s|%s|%s|" "$LONG" "$LINES_" "$EMPTY" "$PATH"',
                  "--env", f"LONG={long}", "--env", "LINES_=one=1\ntwo=2\n", "--env", "EMPTY=")
        for mode, runtime in self.each(ROOT, ALONE):
            self.expect(f"{long}|one=1\ntwo=2\n||{DEFAULT_PATH}|", mode, runtime)
        self.make("--entrypoint", "/bin/sh", "--cmd", "-c", "--cmd", "echo $PATH", "--env", "PATH=/of/the/image:/bin")
        for mode, runtime in self.each(ROOT, ALONE):
            self.expect("/of/the/image:/bin\n", mode, runtime)

    # proves: conversion.entrypoint-plus-cmd conversion.cmd runtime.process.args-nonempty
    def test_command(self):
        self.make("--entrypoint", "/bin/busybox", "--entrypoint", "printf", "--entrypoint", "<%s>", "--cmd", "a b", "--cmd", "")
        for mode, runtime in self.each(ROOT, ALONE):
            self.expect("<a b><>", mode, runtime)
            self.expect("<c>", mode, runtime, "--arg", "/bin/busybox", "--arg=printf", "--arg", "<%s>", "--arg", "c")

    # proves: runtime.process.args-nonempty
    def test_no_command(self):
        self.make()
        for mode, runtime in self.each(ROOT, ALONE, SET_ASIDE):
            self.expect("from a shell\n", mode, runtime, text=b"echo from a shell\n", said=b"neither an Entrypoint nor a Cmd: 'sh' is taken")
            refused = self.unpack(mode, runtime, "--no-shell", bundle="none")
            self.assert_refused(refused)
            self.assertIn(b"names no command", refused.stderr)
            self.assertIn(b"hint: say what to run with --arg", refused.stderr)
            self.assertFalse((self.dir / "none").exists())

    # proves: runtime.process.capabilities-names
    def test_capabilities(self):
        self.make("--entrypoint", "/probe")
        for mode, runtime in self.each(ROOT, ALONE):
            for words, caps in (("docker", DOCKER_CAPS), ("none", 0), ("CAP_CHOWN,CAP_SYS_ADMIN", 1 << 0 | 1 << 21)):
                self.expect(probed("0:0 0", caps=caps), mode, runtime, "--caps", words)

    # proves: runtime.root.readonly
    def test_readonly(self):
        self.make("--entrypoint", "/bin/sh", "--cmd", "-c", "--cmd", "echo x 2>/dev/null >/srv/x || echo read-only; busybox hostname")
        for mode, runtime in self.each(ROOT, ALONE):
            self.expect("read-only\nbox\n", mode, runtime, "--readonly", "--hostname=box")

    # proves: runtime.linux.id-mappings-ownership
    def test_mapped_by_root(self):
        self.make("--entrypoint", "/bin/sh", "--cmd", "-c", "--cmd", "busybox id -u; busybox stat -c '%u:%g' /data / /data/seed",
                  "--user", "web", "--volume", "/data")
        maps = ("--uid-map", "0:200000:65536", "--gid-map", "0:300000:65536")
        for mode, runtime in self.each(ROOT):
            unpacked = self.unpack(mode, runtime, *maps)
            self.assertEqual((unpacked.returncode, unpacked.stderr), (0, b""))
            self.assertEqual((self.dir / "bundle/rootfs/data/seed").stat().st_uid, 200000 + WEB)
            # The bundle is private to root, and the runtime enters it as the container's root.
            (self.dir / "bundle").chmod(0o711)
            ran = self.start(mode, runtime, "bundle")
            self.assertEqual(ran.stdout.decode(), "4711\n4711:4712\n0:0\n4711:4712\n", ran.stderr.decode())


if __name__ == "__main__":
    if os.geteuid() != 0 or not BUSYBOX.exists():
        print("needs root and a static busybox")
        sys.exit(77)
    unittest.main(verbosity=1)
