#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the bytes of an archive go when it is read: nowhere but to the bundle, and what cannot be read in place into one
file without a name that is no larger than what the archive holds."""
import collections
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from archives import docker_entries, oci_entries  # noqa: E402
from harness import PROGRAM, Case  # noqa: E402

# Large enough that a copy cannot hide among the rest.
SIZE = 64 << 20
CALLS = r"(?:p?write(?:64|v)?|copy_file_range|sendfile)"  # that write


def noise(size):
    return random.Random(7).randbytes(size)


class WhereBytesGo(Case):
    @classmethod
    def setUpClass(cls):
        cls.tar = L.tar([L.file("big", noise(SIZE))])

    def setUp(self):
        super().setUp()
        self.tmp = self.dir / "tmp"
        self.tmp.mkdir()

    def trace(self, *args, stdin=None):
        """Runs the program; bytes written by file descriptor target, and the files that were opened to write."""
        log = self.dir / "trace"
        done = subprocess.run(
            ["strace", "-f", "-y", "-o", log, "-e", "trace=openat,open,write,pwrite64,writev,copy_file_range,sendfile,ftruncate",
             PROGRAM, *map(str, args)], stdin=stdin or subprocess.DEVNULL, capture_output=True, timeout=300, cwd=self.dir,
            env=dict(os.environ, TMPDIR=str(self.tmp), ASAN_OPTIONS="detect_leaks=0"), check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        written, begun = collections.Counter(), {}
        for line in log.read_text(errors="replace").splitlines():
            thread = line.split(None, 1)[0]
            if call := re.search(rf"\b{CALLS}\(\d+<([^>]*)>.* = (\d+)$", line):
                written[call[1]] += int(call[2])
            # A call that another thread comes between is told in two lines.
            elif call := re.search(rf"\b{CALLS}\(\d+<([^>]*)>.*<unfinished", line):
                begun[thread] = call[1]
            elif call := re.search(rf"<\.\.\. {CALLS} resumed>.* = (\d+)$", line):
                written[begun[thread]] += int(call[1])
        return written

    def in_tmp(self, written):
        return sum(n for path, n in written.items() if path.startswith(str(self.tmp)))

    def check_in_place(self, written):
        self.assertEqual(self.in_tmp(written), 0, written)
        large = {path: n for path, n in written.items() if n > 1 << 20}
        self.assertEqual(list(large.values()), [SIZE], large)
        self.assertTrue(next(iter(large)).endswith("big") or "rootfs" in next(iter(large)), large)

    def archives(self):
        layout = L.Layout(self.dir / "none")
        layout.image("img", [self.tar], kind="none")
        yield "oci", oci_entries(layout)
        yield "docker", docker_entries([self.tar])

    def test_in_place(self):
        for kind, entries in self.archives():
            path = self.dir / f"{kind}.tar"
            path.write_bytes(L.tar(entries))
            with self.subTest(kind):
                self.check_in_place(self.trace("unpack", "--no-mtree", path, f"{kind}.d"))
            with self.subTest(f"{kind}, standard input"), open(path, "rb") as f:
                self.check_in_place(self.trace("unpack", "--no-mtree", "-", f"{kind}.stdin.d", stdin=f))
            with self.subTest(f"{kind}, looked at"):
                for command in (["list", path], ["inspect", path], ["validate", path]):
                    self.assertLess(sum(self.trace(*command).values()), 1 << 20)

    def test_through_a_pipe(self):
        for kind, entries in self.archives():
            data = L.tar(entries)
            (self.dir / f"{kind}.tar").write_bytes(data + bytes(4 << 20))
            with self.subTest(kind), subprocess.Popen(["cat", self.dir / f"{kind}.tar"], stdout=subprocess.PIPE) as cat:
                written = self.trace("unpack", "--no-mtree", "-", f"{kind}.d", stdin=cat.stdout)
                self.assertGreater(self.in_tmp(written), SIZE)
                # Neither headers nor what follows the archive.
                self.assertLess(self.in_tmp(written), len(data))
                self.assertEqual(list(self.tmp.iterdir()), [])

    def test_zeros_take_no_room(self):
        zeros = L.tar([L.file("zeros", bytes(SIZE)), L.file("more", b"x")])
        (self.dir / "zeros.tar").write_bytes(L.tar([*docker_entries([zeros]), L.file("last", bytes(SIZE))]))
        with subprocess.Popen(["gzip", "-1", "-c", self.dir / "zeros.tar"], stdout=subprocess.PIPE) as gzip:
            written = self.trace("unpack", "--no-mtree", "-", "zeros.d", stdin=gzip.stdout)
        self.assertLess(self.in_tmp(written), 1 << 20)
        root = self.dir / "zeros.d/rootfs"
        self.assertEqual((root / "zeros").read_bytes(), bytes(SIZE))
        self.assertEqual((root / "more").read_bytes(), b"x")

    def test_interrupted_while_nothing_comes(self):
        for kind, entries in self.archives():
            for written in (0, 1 << 20):
                with self.subTest(f"{kind} {written}"):
                    source, sink = os.pipe()
                    with subprocess.Popen([PROGRAM, "unpack", "-", "bundle"], stdin=source, cwd=self.dir,
                                          env=dict(os.environ, TMPDIR=str(self.tmp)), stderr=subprocess.PIPE) as process:
                        os.close(source)
                        data = memoryview(L.tar(entries))[:written] if written else b""
                        while data:
                            data = data[os.write(sink, data):]
                        time.sleep(1)
                        process.send_signal(signal.SIGTERM)
                        self.assertEqual(process.wait(20), -signal.SIGTERM)
                    os.close(sink)
                    self.assertEqual(list(self.tmp.iterdir()), [])
                    self.assertFalse((self.dir / "bundle").exists())

    @unittest.skipUnless(os.geteuid() == 0, "needs a file system of its own")
    def test_no_room(self):
        small = self.dir / "small"
        small.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small], check=False,
                          stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("nothing can be mounted here")
        try:
            for kind, entries in self.archives():
                path = self.dir / f"{kind}.tar"
                path.write_bytes(L.tar(entries))
                # In place it needs no room there.
                done = self.run_tool("unpack", "--tmpdir", small, path, f"{kind}.d")
                self.assertEqual(done.returncode, 0, done.stderr)
                with subprocess.Popen(["cat", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as cat:
                    done = subprocess.run([PROGRAM, "unpack", "--tmpdir", small, "-", f"{kind}.piped"], stdin=cat.stdout,
                                          capture_output=True, cwd=self.dir, timeout=100, check=False)
                self.assert_refused(done, 1)
                self.assertIn("No space left on device", done.stderr.decode())
                self.assertIn("hint: --tmpdir names another directory", done.stderr.decode())
                self.assertEqual(list(small.iterdir()), [])
                self.assertFalse((self.dir / f"{kind}.piped").exists())
        finally:
            subprocess.run(["umount", "-l", small], check=False)


if __name__ == "__main__":
    if subprocess.run(["sh", "-c", "strace -o /dev/null true"], capture_output=True, check=False).returncode != 0:
        print("strace is not there or not allowed")
        sys.exit(77)
    unittest.main(verbosity=1)
