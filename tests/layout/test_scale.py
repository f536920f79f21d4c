#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Large layouts: memory grows with what is there, and only so much."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from harness import PROGRAM  # noqa: E402
from life import LayoutCase, blobs_of  # noqa: E402

# Without what the sanitizers keep of freed memory.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") +
                   ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64:malloc_context_size=0")

# What a process had before it became another program counts as well, so that it begins small.
PEAK = """
import os, sys
pid = os.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
sys.stderr.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""
# Tens of thousands of files are made and removed; where there is a file system in memory they go there.
if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"


class Scale(LayoutCase):
    def build(self, count):
        """That many manifests, half of them in a nested index, and a quarter as many blobs that nothing refers to."""
        made = L.Layout(self.dir / f"layout{count}")
        config = made.put({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}, L.CONFIG)
        manifests = [made.put({"schemaVersion": 2, "mediaType": L.MANIFEST, "config": config, "layers": [],
                               "annotations": {"n": str(i)}}, L.MANIFEST) for i in range(count)]
        index = made.put({"schemaVersion": 2, "mediaType": L.INDEX, "manifests": manifests[:count // 2]}, L.INDEX)
        made.entries = [index, *manifests[count // 2:]]
        for i in range(count // 4):
            made.put({"schemaVersion": 2, "subject": manifests[0] if i % 100 == 0 else {"digest": "sha256:0"}, "n": i},
                     L.MANIFEST)
        return made.write()

    def peak(self, *args):
        """The most memory that a run had, in KiB, and what it printed."""
        done = subprocess.run([sys.executable, "-S", "-c", PEAK, PROGRAM, *map(str, args)], cwd=self.dir,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=600, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(done.stderr), done.stdout

    def test_20000_manifests(self):
        few, many = self.build(5000), self.build(20000)
        least, _ = self.peak("--version")
        peaks = []
        for path, count in ((few, 5000), (many, 20000)):
            peak, out = self.peak("gc", "--grace", "0", "--json", path)
            result, referrers = json.loads(out), (count // 4 + 99) // 100
            self.assertEqual(result["kept"]["count"], count + 2 + referrers)
            self.assertEqual(len(result["removed"]), count // 4 - referrers)
            self.assertEqual(len(blobs_of(path)), count + 2 + referrers)
            peaks.append(peak - least)
        print(f"{peaks[0]} KiB for 5000, {peaks[1]} KiB for 20000")
        self.assertLess(peaks[1], 4 * peaks[0] + 8 * 1024)
        # Mostly the documents themselves: two indexes of 10000 entries.
        self.assertLess(peaks[1], 128 * 1024)

    def test_a_chain_of_referrers(self):
        made = L.Layout(self.dir / "layout")
        last = made.image("base", [])
        for i in range(3000):
            last = made.put({"schemaVersion": 2, "subject": {k: last[k] for k in ("mediaType", "digest", "size")}, "n": i},
                            L.MANIFEST)
        made.write()
        self.assertEqual(json.loads(self.ok("gc", "--grace", "0", "--json", "layout"))["kept"]["count"], 3002)

    def test_one_blob_named_often(self):
        made = L.Layout(self.dir / "layout")
        leaf = made.image(None, [])
        made.entries = []
        # Each index names the one below it many times; all ways together would be without number.
        below = leaf
        for _ in range(50):
            below = made.put({"schemaVersion": 2, "mediaType": L.INDEX, "manifests": [below] * 1000}, L.INDEX)
        made.entries = [below]
        made.write()
        self.assertEqual(json.loads(self.ok("gc", "--grace", "0", "--json", "layout"))["kept"]["count"], 52)


if __name__ == "__main__":
    unittest.main(verbosity=1)
