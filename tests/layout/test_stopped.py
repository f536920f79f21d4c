#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Commands that are stopped at random moments, by signals, by readers that stall or go away, by system calls that fail: they end
soon and as the contract says, what has its final name is whole, and nothing else is left. OCI_STOPS says how often, OCI_SEED repeats
the choices of a run."""
import collections
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from harness import NO_LEAK_CHECK, keeps_books, snapshot, work_in_memory  # noqa: E402
from life import PROGRAM, LayoutCase, blobs_of, referred, temporaries  # noqa: E402
from syscalls import can_trace  # noqa: E402

work_in_memory()  # a disk that is busy with something else keeps a command longer than it may take to end
STOPS = int(os.environ.get("OCI_STOPS", "60"))
SEED = int(os.environ.get("OCI_SEED", str(time.time_ns() % 1000000)))
SECONDS = 10  # in which a command that was stopped has to end
# What a command that is killed may leave: a bundle, a layout or an archive in the making, a report in the making.
LEFT = re.compile(r"\.goal\.oci-image-[0-9a-f]{8}|\.oci-image-[0-9a-f]{8}|goal\.\w{6}")
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
FAULTS = {"write": ("ENOSPC", "EIO"), "read": ("EIO",), "openat": ("EIO", "EMFILE", "ENOMEM"), "openat2": ("EIO", "EMFILE", "ENOMEM"),
          "newfstatat": ("EIO", "ENOMEM"), "linkat": ("ENOSPC", "EIO"), "mkdirat": ("ENOSPC", "EIO"), "renameat": ("ENOSPC", "EIO"),
          "renameat2": ("ENOSPC", "EIO"), "fsync": ("EIO", "ENOSPC"), "fchmod": ("EIO",), "utimensat": ("EIO",), "getdents64": ("EIO",),
          "flock": ("ENOLCK",), "mmap": ("ENOMEM",)}

# ---- what is stopped ----

Command = collections.namedtuple("Command", "words goal code", defaults=("", 0))
UNPACK, CREATE, COPY = ("unpack", "-q"), ("create", "-q"), ("copy", "-q")
TARS = tuple(f"{n}.tar" for n in range(5))
COMMANDS = {
    "unpack": Command((*UNPACK, "source:app", "goal"), "bundle"),
    "unpack, verified first": Command((*UNPACK, "--verify-first", "source:app", "goal"), "bundle"),
    "unpack, root file system": Command((*UNPACK, "--rootfs-only", "source:app", "goal"), "tree"),
    "unpack, archive": Command((*UNPACK, "source.tar", "goal"), "bundle"),
    "create": Command((*CREATE, "layout:new", *TARS), "layout"),
    "create, new": Command((*CREATE, "goal:new", *TARS), "goal"),
    "create, archive": Command((*CREATE, "oci-archive:goal:new", *TARS), "file"),
    "copy": Command((*COPY, "--no-link", "source:app", "layout:new"), "layout"),
    "copy, zstd": Command((*COPY, "--compress", "zstd", "source:app", "layout:new"), "layout"),
    "copy, new": Command((*COPY, "source", "goal"), "goal"),
    "copy, archive": Command((*COPY, "source", "oci-archive:goal"), "file"),
    "copy, docker": Command((*COPY, "source:app", "docker-archive:goal:app"), "file"),
    "copy, printed": Command((*COPY, "source", "-"), "output"),
    "blob get": Command(("blob", "get", "source", "BLOB"), "output"),
    "validate": Command(("validate", "-q", "source"), "nothing"),
    "validate, report": Command(("validate", "--format", "json", "-o", "goal", "source"), "report"),
    "validate, printed": Command(("validate", "--format", "json", "--type", "index", "faulty"), "output", 3),
}


def tars(hiding=False):
    """A few layers of files large and small, links, and whiteouts of what is below, which create does not take."""
    for n in range(5):
        noise = random.Random(n)
        entries = [L.directory("."), L.directory(f"d{n}"), L.file(f"d{n}/large", noise.randbytes(400000) + bytes(200000))]
        entries += [L.file(f"d{n}/f{i}", noise.randbytes(noise.randrange(5000))) for i in range(40)]
        entries += [L.hardlink(f"d{n}/again", f"d{n}/large"), L.symlink(f"d{n}/link", "f0"), L.file("same", b"%d" % n)]
        entries += [L.whiteout(f"d{n - 1}/f1"), *([L.opaque(f"d{n - 1}")] if n == 3 else [])] if n and hiding else []
        yield L.tar(entries)


@unittest.skipUnless(STOPS, "OCI_STOPS is 0")
class Stopped(LayoutCase):
    def setUp(self):
        super().setUp()
        # What was ignored when the tests were started (nohup, a shell's background) would stay so in the program.
        for name in SIGNALS:
            if signal.getsignal(getattr(signal, name)) == signal.SIG_IGN:
                signal.signal(getattr(signal, name), signal.SIG_DFL)
        self.random = random.Random(SEED)
        self.env = dict(os.environ, SOURCE_DATE_EPOCH="1")
        for name, data in zip(TARS, tars()):
            (self.dir / name).write_bytes(data)
        self.make("base")
        source = L.Layout(self.dir / "source")
        source.image("app", list(tars(hiding=True)))
        source.write()
        self.ok("copy", "source", "source.tar")
        self.blob = max(blobs_of(self.dir / "source"), key=lambda name: (self.dir / "source/blobs" / name.replace(":", "/")).stat().st_size)
        (self.dir / "faulty").write_text('{"schemaVersion":2,"manifests":[],"annotations":{' +
                                         ",".join(f'"k{i}":{i}' for i in range(2000)) + "}}")
        self.path.rename(self.dir / "template")
        self.source = snapshot(self.dir / "source")
        self.goal, self.output = self.dir / "goal", self.dir / "output"
        self.fresh()
        self.there = {p.name for p in self.dir.iterdir()} | {"goal", "output"}
        self.undisturbed = {name: self.result(command) for name, command in COMMANDS.items()}
        self.first = self.calls_of_start() if can_trace() else None

    def fresh(self):
        """As it was before anything was stopped."""
        left = [p for p in self.dir.iterdir() if LEFT.fullmatch(p.name)]
        subprocess.run(["rm", "-rf", self.path, self.goal, *left], check=True)
        shutil.copytree(self.dir / "template", self.path)

    def words(self, command):
        jobs = self.random.choice(((), ("-j", "1"), ("-j", "4")))
        can_choose = command.words[0] in ("unpack", "create", "validate") and command.code == 0
        return [self.blob if word == "BLOB" else word for word in command.words] + list(jobs if can_choose else ())

    # ---- what there is ----

    def state(self, command):
        """What the command has to show, to be compared; None where it is not there."""
        if command.goal in ("nothing", "output"):
            return None
        if command.goal in ("layout", "goal"):
            path = self.path if command.goal == "layout" else self.goal
            return self.layout_state(path) if path.exists() else None
        if not self.goal.exists():
            return None
        if command.goal in ("file", "report"):
            return self.goal.read_bytes()
        facts = snapshot(self.goal)
        for path, what in facts.items():
            if command.goal == "bundle" and not path.startswith("rootfs"):
                what[4] = None  # when it was made
        return facts

    def layout_state(self, path):
        """index.json of a layout that is whole: all that it leads to is there, and no blob is what its name does not say."""
        blobs = blobs_of(path)
        self.assertTrue((path / "oci-layout").exists())
        self.assertLessEqual(referred(path), blobs)
        for name in blobs:
            algorithm, encoded = name.split(":")
            self.assertEqual(hashlib.new(algorithm, (path / "blobs" / algorithm / encoded).read_bytes()).hexdigest(), encoded)
        return (path / "index.json").read_bytes()

    def result(self, command):
        """Before and after the command, what it prints, and how long it takes."""
        self.fresh()
        before, start = self.state(command), time.monotonic()
        done = self.run_tool(*self.words(command), env=self.env)
        took = time.monotonic() - start
        self.assertEqual(done.returncode, command.code, done.stderr)
        return before, self.state(command), done.stdout, took

    # ---- ways of being stopped ----

    def ways(self, command):
        ways = [*SIGNALS, "SIGKILL"] + (["fault"] if self.first else [])
        return ways + (["reader gone", "reader stalled"] if command.goal == "output" else [])

    def stop(self, command, way, moment):
        """The command's exit status and errors, stopped in that way at that moment; and by which signal."""
        if way == "fault":
            return *self.fault(command), None
        number = getattr(signal, way if way.startswith("SIG") else self.random.choice(SIGNALS))
        with contextlib.ExitStack() as stack:
            if way.startswith("SIG"):
                reading, writing = None, stack.enter_context(open(self.output, "wb"))
            else:
                reading, writing = (stack.enter_context(os.fdopen(fd, mode, buffering=0)) for fd, mode in zip(os.pipe(), ("rb", "wb")))
                fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
            process = subprocess.Popen([PROGRAM, *self.words(command)], cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL,
                                       stdout=writing, stderr=subprocess.PIPE)
            writing.close()
            time.sleep(moment)
            if way == "reader gone":
                reading.close()
            else:
                process.send_signal(number)
            try:
                errors = process.communicate(timeout=SECONDS)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                self.fail(f"has not ended {SECONDS} seconds after it was stopped")
        return process.returncode, errors, None if way == "reader gone" else number

    def calls_of_start(self):
        """How often each call is made before a command begins, by the loader most of all."""
        record = self.dir / "calls"
        subprocess.run(["strace", "-f", "-c", "-o", record, PROGRAM, "--version"], env=NO_LEAK_CHECK,
                       stdout=subprocess.DEVNULL, check=True)
        lines = [line.split() for line in record.read_text().splitlines()]
        record.unlink()
        return {line[-1]: int(line[3]) for line in lines if len(line) > 4 and line[-1] in FAULTS}

    def fault(self, command):
        """One call fails; or none, when there are not so many of them."""
        call = self.random.choice([call for call in FAULTS if call != "mmap" or not keeps_books()])
        number = self.first.get(call, 0) + int(2 ** self.random.uniform(0, 7))
        error = self.random.choice(FAULTS[call])
        self.about = f"{call} {error} {number}"
        with open(self.output, "wb") as out:
            done = subprocess.run(["strace", "-f", "--seccomp-bpf", "-o", os.devnull, "-e", f"trace={call}",
                                   "-e", f"inject={call}:error={error}:when={number}", PROGRAM, *self.words(command)], cwd=self.dir,
                                  env=dict(NO_LEAK_CHECK, SOURCE_DATE_EPOCH="1"), stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=subprocess.PIPE, timeout=60, check=False)
        return done.returncode, done.stderr

    # ---- what is left of them ----

    def judge(self, command, way, undisturbed, ended):
        before, after, printed, _ = undisturbed
        code, errors, number = ended
        allowed = {command.code, 1 if number is None else -number}
        self.assertIn(code, allowed, errors)
        if code == 1 and way == "fault":
            self.assert_one_line(subprocess.CompletedProcess((), code, b"", errors))
        state = self.state(command)
        if code == command.code:
            self.assertTrue(state == after, "it has ended well, with another result")
            # A verdict stands also when it could not be printed, which is said.
            if not way.startswith("reader") and (command.code == 0 or not errors):
                self.assertTrue(self.output.read_bytes() == printed, "it has ended well, and has printed something else")
        else:
            # A report also says of what could not be read.
            failed = command.goal == "report" and way == "fault" and state is not None and not json.loads(state)["passed"]
            self.assertTrue(state in (before, after) or failed, "what has its final name is not whole")
        left = {p.name for p in self.dir.iterdir()} - self.there
        inside = temporaries(self.path) + (temporaries(self.goal) if self.goal.is_dir() else [])
        if way != "SIGKILL":
            self.assertEqual((left, inside), (set(), []))
            return
        self.assertEqual({name for name in left if not LEFT.fullmatch(name)}, set())
        self.again(command, state != after, after)

    def again(self, command, wanted, after):
        """Whatever was left by a command that was killed, the next one succeeds, and a collection takes what is in layouts."""
        if wanted:
            self.assertEqual(self.run_tool(*self.words(command), env=self.env).returncode, command.code)
            self.assertTrue(self.state(command) == after, "it has not been made up for")
        if command.goal in ("layout", "goal"):
            path = self.path if command.goal == "layout" else self.goal
            self.ok("gc", "--grace", "0", path)
            self.assertEqual(temporaries(path), [])
            self.assertEqual(blobs_of(path), referred(path))

    # proves: safety.9 safety.18 safety.19 safety.20
    def test_whenever_they_are_stopped(self):
        stopped, rounds, seen = 0, 0, collections.Counter()
        start = time.monotonic()
        while stopped < STOPS and rounds < STOPS * 20:
            rounds += 1
            name = self.random.choice(sorted(COMMANDS))
            command, undisturbed, self.about = COMMANDS[name], self.undisturbed[name], ""
            way = self.random.choice(self.ways(command))
            moment = self.random.uniform(0, undisturbed[3] * 1.1)
            with self.subTest(seed=SEED, round=rounds, command=name, way=way, moment=moment):
                self.fresh()
                ended = self.stop(command, way, moment)
                if ended[0] != command.code:
                    stopped += 1
                    seen[way] += 1
                try:
                    self.judge(command, way, undisturbed, ended)
                except AssertionError as failure:
                    raise AssertionError(f"{self.about} exit {ended[0]}: {failure}: {ended[1].decode(errors='replace')}") from None
        self.fresh()  # a copy made last would share blobs with the source, and count as a link of each
        self.assertTrue(snapshot(self.dir / "source") == self.source, "what was read has changed")
        self.assertEqual(stopped, STOPS)
        print(f"seed {SEED}: {dict(sorted(seen.items()))} of {rounds} in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    unittest.main(verbosity=1)
