#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is acknowledged survives a loss of power: the order of the system calls, and what happens when one of those fails
that see to it."""
import json
import pathlib
import re
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from life import LayoutCase, assert_whole, temporaries  # noqa: E402
from syscalls import needs_strace, record, strace  # noqa: E402

NAMED = ("linkat", "renameat", "renameat2", "mkdirat")
BLOB = re.compile(r"/blobs/(?:sha256|sha512)/[0-9a-f]{64,128}$")


class Disk:
    """What of a trace would be lost if the power went now."""

    def __init__(self):
        self.data = set()   # files that were written since they were synchronised
        self.names = set()  # names that were given since their directory was
        self.at = {}        # temporary names to the files they belong to
        self.problems = []

    def below(self, directory):
        return {name for name in self.names if name.rsplit("/", 1)[0] == directory}

    def check(self, what, lost):
        if lost:
            self.problems.append(f"{what}, and {sorted(lost)} is not durable")

    def name(self, call):
        goal = call.goal()
        if call.name == "linkat":
            source = call.paths[0] if not call.strings[0].startswith("/proc/self/fd/") else None
            # The file that /proc/self/fd/N is was opened last with that number.
            file = self.open_files.get(call.strings[0].rsplit("/", 1)[1]) if source is None else call.origin()
        elif call.name == "mkdirat":
            file = None
        else:
            file = self.at.get(call.origin(), call.origin())
            self.names.discard(call.origin())
        if file is not None:
            self.check(f"{goal} gets its name", self.data & {file})
            self.at[goal] = file
        if goal.endswith("/index.json") or (call.name.startswith("renameat") and "/.oci-image-" not in call.origin()
                                            and not BLOB.search(goal)):
            # The point at which things become visible: all that was given a name before must stay.
            self.check(f"{goal} gets its name",
                       {n for n in self.names if not n.rsplit("/", 1)[1].startswith(".") and n != goal})
        self.names.add(goal)

    def run(self, calls):
        self.open_files = {}
        for call in calls:
            if call.name in ("openat", "openat2") and call.result:
                number, path, _ = call.result[0]
                self.open_files[number] = path
                if "O_TMPFILE" in call.text:
                    self.data.discard(path)  # the number of one that is gone may come again
                if "O_CREAT" in call.text:
                    self.names.add(path)
            elif call.name == "write" and "layout" in call.paths[0]:
                self.data.add(call.paths[0])
            elif call.name == "fsync":
                self.data.discard(call.paths[0])
                self.names -= self.below(call.paths[0])
            elif call.name in NAMED:
                self.name(call)
            elif call.name == "unlinkat":
                self.names.discard(call.goal())
            elif call.name == "exit_group":
                # What never got a name may be lost.
                self.check("the command ends", self.names | self.data & set(self.at.values()))


@needs_strace
class Durable(LayoutCase):
    def setUp(self):
        super().setUp()
        self.make("base")
        self.ok("create", "source:thing", "rootfs.tar", "--env", "NAME=thing", "--compress", "zstd", "--fsync", "none")

    COMMANDS = {
        "create": ("create", "layout:new", "rootfs.tar"),
        "another algorithm": ("create", "--digest-algorithm", "sha512", "layout:new", "rootfs.tar"),
        "a new layout": ("create", "new-layout:new", "rootfs.tar"),
        "copy": ("copy", "--no-link", "source:thing", "layout:new"),
        "copy linked": ("copy", "source:thing", "layout:new"),
        "copy to a new layout": ("copy", "source:thing", "new-layout:new"),
        "copy archive": ("copy", "source:thing", "oci-archive:new.tar"),
        "index": ("index", "create", "layout:new", "source:thing", "layout:base"),
        "tag": ("tag", "layout:base", "new"),
        "untag": ("untag", "layout:base"),
        "blob put": ("blob", "put", "layout", "rootfs.tar"),
        "init": ("init", "new-layout"),
    }

    # proves: safety.20
    def test_data_before_names_before_the_index_before_the_end(self):
        for what, args in self.COMMANDS.items():
            with self.subTest(what):
                shutil.rmtree(self.path)
                shutil.rmtree(self.dir / "new-layout", ignore_errors=True)
                (self.dir / "new.tar").unlink(missing_ok=True)
                self.make("base")
                done, calls = record(args, self.dir)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(any(call.name == "fsync" for call in calls))
                self.assertTrue(any(call.name in NAMED for call in calls))
                disk = Disk()
                disk.run(calls)
                self.assertEqual(disk.problems, [])

    def test_the_check_can_fail(self):
        done, calls = record((*self.COMMANDS["another algorithm"], "--fsync", "none"), self.dir)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(any(call.name == "fsync" for call in calls))
        shutil.rmtree(self.path)
        self.make("base")
        done, calls = record(self.COMMANDS["another algorithm"], self.dir)
        self.assertEqual(done.returncode, 0, done.stderr)
        for path in {call.paths[0] for call in calls if call.name == "fsync"}:
            disk = Disk()
            disk.run([call for call in calls if call.name != "fsync" or call.paths[0] != path])
            self.assertNotEqual(disk.problems, [], path)

    # proves: safety.20
    def test_a_blob_that_is_there_is_not_written_again(self):
        done, calls = record(("create", "layout:again", "rootfs.tar", "--env", "NAME=base"), self.dir)
        self.assertEqual(done.returncode, 0, done.stderr)
        entry = json.loads((self.path / "index.json").read_text())["manifests"][0]["digest"]
        layer = json.loads((self.path / "blobs" / entry.replace(":", "/")).read_text())["layers"][0]["digest"]
        self.assertEqual([c for c in calls if c.name in NAMED and c.goal().endswith(layer[7:])], [])
        # But it is made durable: who has put it may not have done so.
        self.assertTrue([c for c in calls if c.name == "fsync" and c.paths[0].endswith(layer[7:])])

    # proves: safety.20
    def test_nothing_is_removed_that_an_older_index_would_lead_to(self):
        self.ok("untag", "layout:base", "--fsync", "none")
        done, calls = record(("gc", "--grace", "0", "layout"), self.dir)
        self.assertEqual(done.returncode, 0, done.stderr)
        first = next(i for i, call in enumerate(calls) if call.name == "unlinkat")
        synced = [call.paths[0] for call in calls[:first] if call.name == "fsync"]
        self.assertEqual(synced, [str(self.path / "index.json"), str(self.path)])

    # proves: safety.20
    def test_a_failing_fsync_fails_the_command(self):
        for what, args in {**self.COMMANDS, "gc": ("gc", "--grace", "0", "layout")}.items():
            for n in range(1, 40):
                with self.subTest(what, n=n):
                    shutil.rmtree(self.path)
                    shutil.rmtree(self.dir / "new-layout", ignore_errors=True)
                    (self.dir / "new.tar").unlink(missing_ok=True)
                    self.make("base")
                    done = strace(["-o", "/dev/null", "-e", "trace=fsync", "-e", f"inject=fsync:error=EIO:when={n}"],
                                  args, self.dir)
                    if done.returncode == 0:
                        break
                    self.assert_one_line(done)
                    self.assertIn(b"Input/output error", done.stderr)
                    self.assert_unharmed({"base"} if what != "untag" else ())
                    self.assertEqual(temporaries(self.path) + temporaries(self.dir / "new-layout"), [])
                    if (self.dir / "new.tar").exists():
                        assert_whole(self, self.dir / "new.tar")
                    if (self.dir / "new-layout").exists():
                        self.assert_unharmed({"new"} if what != "init" else (), path=self.dir / "new-layout")
            self.assertGreater(n, 1, what)
            self.assertLess(n, 39, what)


if __name__ == "__main__":
    unittest.main(verbosity=1)
