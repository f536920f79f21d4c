#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The users of this machine are nobody's business: its /etc/passwd and /etc/group are never opened, whatever an image says."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from harness import PROGRAM, Case  # noqa: E402

PASSWD = b"root:x:0:0::/:/bin/sh\nweb:x:4711:4712::/:/bin/sh\n"
GROUP = b"root:x:0:\nweb:x:4712:\nextra:x:4800:web\n"
HOST = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/nsswitch.conf")
IMAGES = {
    "plain": [L.file("etc/passwd", PASSWD), L.file("etc/group", GROUP)],
    "absolute": [L.file("usr/lib/passwd", PASSWD), L.symlink("etc/passwd", "/usr/lib/passwd"), L.file("etc/group", GROUP)],
    "upwards": [L.file("lib/passwd", PASSWD), L.symlink("etc/passwd", "../../../../../lib/passwd"), L.file("etc/group", GROUP)],
    "directory": [L.file("usr/etc/passwd", PASSWD), L.file("usr/etc/group", GROUP), L.symlink("etc", "/usr/etc")],
    "to-itself": [L.symlink("etc/passwd", "/etc/passwd"), L.file("etc/group", GROUP)],
    "to-the-host": [L.symlink("etc/passwd", "/proc/self/root/etc/passwd"), L.symlink("etc/group", "/proc/1/root/etc/group")],
    "fifo": [L.fifo("etc/passwd"), L.fifo("etc/group")],
    "device": [L.device("etc/passwd", "c", 1, 5), L.file("etc/group", GROUP)],
    "huge": [L.file("etc/passwd", PASSWD + b"#" * (1 << 20)), L.file("etc/group", GROUP)],
    "nothing": [],
}
GOOD = ("plain", "absolute", "upwards", "directory")


class HostFiles(Case):
    def setUp(self):
        super().setUp()
        layout = L.Layout(self.dir / "layout")
        for name, entries in IMAGES.items():
            def named(document, user="web"):
                document["config"]["User"] = user
            layout.image(name, [L.tar(entries)], config=named)
        layout.write()

    def both(self):
        """Both commands that look users up, for every image: name, the words, where config.json is then."""
        for name in IMAGES:
            yield name, ["unpack", "--quiet", f"layout:{name}", f"bundle-{name}"], f"bundle-{name}/config.json"
            yield name, ["runtime-config", "--quiet", f"layout:{name}", "-o", f"{name}.json"], f"{name}.json"

    def check(self, name, ran, output):
        if name not in GOOD:
            self.assertIn(ran.returncode, (3,), (name, ran.stderr))
            self.assertFalse((self.dir / output).exists())
            return
        self.assertEqual(ran.returncode, 0, (name, ran.stderr))
        user = json.loads((self.dir / output).read_text())["process"]["user"]
        self.assertEqual((user["uid"], user["gid"]), (4711, 4712), name)

    # proves: conversion.user.resolve conversion.user.passwd conversion.user.unknown-error safety.16 safety.1
    def test_with_pipes_in_their_place(self):
        """Whoever opened the machine's files would wait for ever."""
        if os.geteuid() != 0:
            self.skipTest("needs root")
        os.mkfifo(self.dir / "pipe")
        steps = "".join(f"[ ! -e {f} ] || mount --bind '{self.dir}/pipe' {f} || exit 99; " for f in HOST)
        for name, words, output in self.both():
            ran = subprocess.run(["unshare", "-m", "sh", "-c", steps + 'exec "$@"', "sh", PROGRAM, *words], cwd=self.dir,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
            if ran.returncode == 99:
                self.skipTest("cannot mount")
            self.check(name, ran, output)

    # proves: conversion.user.resolve safety.16 safety.1
    def test_what_is_opened(self):
        if not shutil.which("strace"):
            self.skipTest("needs strace")
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        for name, words, output in self.both():
            trace = self.dir / "trace"
            ran = subprocess.run(["strace", "-f", "-y", "-o", str(trace), "-e", "trace=%file,%desc", PROGRAM, *words], cwd=self.dir,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                                 check=False, env=environment)
            if not trace.exists() or b"ptrace" in ran.stderr:
                self.skipTest("tracing is not allowed")
            self.check(name, ran, output)
            text = trace.read_text(errors="replace")
            opened = set(re.findall(r"= \d+<([^>]+)>$", text, re.MULTILINE))
            self.assertFalse(opened & set(HOST), name)
            self.assertTrue(any(path.endswith("layout/index.json") for path in opened), name)


if __name__ == "__main__":
    unittest.main(verbosity=1)
