#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory does not grow with what create is given."""
import io
import os
import pathlib
import sys
import tarfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import PROGRAM, Case  # noqa: E402

MIB = 1024 * 1024


def is_instrumented():
    """Address and undefined behaviour sanitizers take much memory of their own."""
    return b"__asan_init" in pathlib.Path(PROGRAM).read_bytes()


class BigInputs(Case):
    def peak(self, *args):
        """The largest amount of memory that the program had, in bytes."""
        environment = dict(os.environ, ASAN_OPTIONS="quarantine_size_mb=1:malloc_context_size=0:detect_leaks=0")
        pid = os.fork()
        if pid == 0:
            os.chdir(self.dir)
            os.execve(PROGRAM, [PROGRAM, *args], environment)
        _, status, usage = os.wait4(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, args)
        return usage.ru_maxrss * 1024

    def assert_bounded(self, limit, *args):
        limit *= 4 if is_instrumented() else 1
        peak = self.peak(*args)
        self.assertLess(peak, limit, f"{args}: {peak // MIB} MiB, more than {limit // MIB}")

    def many_entries(self):
        with tarfile.open(self.dir / "many.tar", "w") as archive:
            for i in range(100_000):
                archive.addfile(tarfile.TarInfo(f"usr/share/directory{i // 1000:04}/of-many-files/file{i:06}.txt"))

    def test_many_entries(self):
        self.many_entries()
        # Names are remembered, to see those that come twice.
        self.assert_bounded(64 * MIB, "create", "layout:kept", "many.tar", "-j", "1")
        self.assert_bounded(64 * MIB, "create", "layout:owner", "many.tar", "-j", "1", "--owner", "0:0")
        self.assert_bounded(96 * MIB, "create", "layout:sorted", "many.tar", "-j", "1", "--sort", "--fix")

    def test_a_large_file(self):
        info = tarfile.TarInfo("large")
        info.size = 256 * MIB
        with open(self.dir / "large.tar", "wb") as f:
            f.write(info.tobuf())
            f.truncate(512 + info.size + 1024)
        os.mkdir(self.dir / "tree")
        with open(self.dir / "tree/large", "wb") as f:
            f.truncate(info.size)
        self.assert_bounded(64 * MIB, "create", "layout:tar", "large.tar", "--compress", "gzip:1", "-j", "2")
        self.assert_bounded(64 * MIB, "create", "layout:fixed", "large.tar", "--compress", "gzip:1", "-j", "2", "--fix")
        self.assert_bounded(96 * MIB, "create", "layout:zstd", "large.tar", "--compress", "zstd:1", "-j", "2")
        self.assert_bounded(64 * MIB, "create", "layout:tree", "tree", "--compress", "gzip:1", "-j", "2")

    def test_a_layer_for_many_threads(self):
        """What threads have decoded waits in a ring, whatever the layer and the machine."""
        info = tarfile.TarInfo("large")
        info.size = 80 * MIB
        with tarfile.open(self.dir / "large.tar", "w") as archive, open("/dev/urandom", "rb") as f:
            archive.addfile(info, f)
        for kind in ("gzip:1", "zstd:1"):
            self.peak("create", "layout:app", "large.tar", "--compress", kind)
            self.assert_bounded(128 * MIB, "validate", "layout:app", "-j", "64")
            self.assert_bounded(128 * MIB, "unpack", "--rootfs-only", "layout:app", f"tree-{kind[:4]}", "-j", "64")

    def test_a_directory_of_many_entries(self):
        for i in range(20):
            os.makedirs(self.dir / f"tree/{i}")
            for k in range(1000):
                (self.dir / f"tree/{i}/file{k}").touch()
        self.assert_bounded(64 * MIB, "create", "layout:tree", "tree", "-j", "1")

    def test_a_sparse_file_of_a_terabyte_is_refused(self):
        size = 1 << 40
        records = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "huge", "GNU.sparse.realsize": str(size)}
        info = tarfile.TarInfo("GNUSparseFile.0/huge")
        info.pax_headers = records
        content = f"1\n{size - 1}\n1\n".encode().ljust(512, b"\0") + b"x"
        info.size = len(content)
        with tarfile.open(self.dir / "sparse.tar", "w", format=tarfile.PAX_FORMAT) as archive:
            archive.addfile(info, io.BytesIO(content))
        for option in ("--sort", "--fix", "--owner=0:0"):
            self.assert_refused(self.run_tool("create", "layout:bad", "sparse.tar", option, timeout=30))
        self.assertEqual(self.run_tool("create", "layout:kept", "sparse.tar").returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=1)
