#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments: the layout can always be read, and has all that was acknowledged. OCI_KILLS says how often,
OCI_SEED repeats a run."""
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from life import PROGRAM, LayoutCase, assert_whole, blobs_of, referred, temporaries  # noqa: E402

KILLS = int(os.environ.get("OCI_KILLS", "300"))
SEED = int(os.environ.get("OCI_SEED", str(time.time_ns() % 1000000)))
AT_ONCE = 4


class Victim:
    """A command that is killed after a while, unless it ends before."""

    def __init__(self, where, delay, *args):
        self.args = args
        self.process = subprocess.Popen([PROGRAM, *args], cwd=where, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        self.timer = threading.Timer(delay, self.process.kill)
        self.timer.start()

    def end(self):
        """Whether it has acknowledged what it did; None when it was killed."""
        self.errors = self.process.communicate()[1].decode(errors="replace")
        self.timer.cancel()
        return None if self.process.returncode == -9 else self.process.returncode == 0


class Killed(LayoutCase):
    def duration(self, *args):
        start = time.monotonic()
        self.ok(*args)
        return time.monotonic() - start

    def command(self, n):
        """A command, what it sets and what it deletes."""
        fsync = ("--fsync", self.random.choice(["default", "none"]))
        kind = self.random.choice(["create", "create", "new", "tag", "tag", "untag", "gc", "put", "copy", "copy new",
                                   "archive", "index"])
        if kind == "create":
            return ["create", f"layout:c{n}", "rootfs.tar", "--env", f"N={n}", *fsync], f"c{n}", None
        if kind == "new":
            return ["create", f"new{n % 3}:n{n}", "rootfs.tar", "--digest-algorithm", "sha512", *fsync], None, None
        if kind == "copy":
            how = self.random.choice([[], ["--no-link"], ["--compress", "zstd"], ["--compress", "none", "--format", "docker"]])
            return ["copy", "source:thing", f"layout:k{n}", *how, *fsync], f"k{n}", None
        if kind == "copy new":
            return ["copy", "source", f"new{n % 3}", *fsync], None, None
        if kind == "archive":
            shape = self.random.choice(["oci-archive", "docker-archive"])
            return ["copy", "source:thing", f"{shape}:{shape}{n % 3}.tar", *fsync], None, None
        if kind == "index":
            return ["index", "create", f"layout:i{n}", "source:thing", "layout:base", *fsync], f"i{n}", None
        if kind == "tag":
            return ["tag", "layout:base", f"t{n}", *fsync], f"t{n}", None
        if kind == "untag" and self.acknowledged:
            name = self.random.choice(sorted(self.acknowledged))
            return ["untag", f"layout:{name}", *fsync], None, name
        if kind == "put":
            return ["blob", "put", "layout", f"rootfs.tar{n % 7}", *fsync], None, None
        return ["gc", "--grace", "0", "layout", *fsync], None, None

    # proves: safety.19 safety.20
    def test_whenever_it_is_killed(self):
        self.random = random.Random(SEED)
        self.acknowledged = set()  # acknowledged
        for i in range(7):
            (self.dir / f"rootfs.tar{i}").write_bytes(os.urandom(100000))
        self.make("base")
        (self.dir / "tree").mkdir()
        (self.dir / "tree/noise").write_bytes(os.urandom(200000))
        self.ok("create", "source:thing", "tree", "rootfs.tar", "--platform", "linux/s390x")
        # The least of a few: what others do to the disk meanwhile would have most commands end before they are killed.
        start_up = min(self.duration("--version") for _ in range(3))
        whole = max(min(self.duration("create", f"layout:base{n}", "rootfs.tar") for n in (2, 3, 4)), start_up * 1.5)
        killed = rounds = 0
        while killed < KILLS:
            rounds += 1
            victims = []
            for i in range(AT_ONCE):
                args, sets, deletes = self.command(rounds * AT_ONCE + i)
                self.acknowledged.discard(deletes)  # nobody knows until it has ended
                delay = self.random.uniform(start_up / 2, whole * 1.5)
                victims.append((Victim(self.dir, delay, *args), sets, deletes))
            for victim, sets, deletes in victims:
                done = victim.end()
                killed += done is None
                if done is False and deletes is None:
                    self.fail(f"seed {SEED}: {victim.args}: {victim.errors}")
                if done and sets:
                    self.acknowledged.add(sets)
                if done and deletes:
                    self.assertNotIn(deletes, self.names(), f"seed {SEED}")
            with self.subTest(seed=SEED, round=rounds):
                self.assert_unharmed({"base", *self.acknowledged})
        print(f"seed {SEED}: {killed} killed, {rounds * AT_ONCE - killed} not, {len(self.acknowledged)} names")
        self.swept()

    def assert_docker_archive(self, path):
        with tarfile.open(path) as archive:
            content = {m.name: archive.extractfile(m).read() for m in archive.getmembers()}
        image, = json.loads(content["manifest.json"])
        config = json.loads(content[image["Config"]])
        self.assertEqual([f"sha256:{hashlib.sha256(content[name]).hexdigest()}" for name in image["Layers"]],
                         config["rootfs"]["diff_ids"])

    def swept(self):
        """The next collection takes what was left behind, of layouts that were never made as well."""
        for i in range(3):
            if (self.dir / f"new{i}").exists():
                self.assert_unharmed(path=self.dir / f"new{i}")
            self.ok("create", f"new{i}:app", "rootfs.tar")
            self.ok("gc", "--grace", "0", f"new{i}")
            self.assertEqual(temporaries(self.dir / f"new{i}"), [])
        for i in range(3):
            if (self.dir / f"oci-archive{i}.tar").exists():
                assert_whole(self, self.dir / f"oci-archive{i}.tar")
            if (self.dir / f"docker-archive{i}.tar").exists():
                self.assert_docker_archive(self.dir / f"docker-archive{i}.tar")
        self.ok("gc", "--grace", "0", "layout")
        self.assertEqual(temporaries(self.path), [])
        self.assertEqual(blobs_of(self.path), referred(self.path))
        self.assert_unharmed({"base", *self.acknowledged})
        self.ok("unpack", "--rootfs-only", "layout:base", "root")


if __name__ == "__main__":
    unittest.main(verbosity=1)
