#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Systems that fail: one clear line, exit status 1, and a layout that is as it was."""
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from life import PROGRAM, TAR, LayoutCase, assert_whole, blobs_of, temporaries  # noqa: E402
from syscalls import needs_strace, strace  # noqa: E402

COMMANDS = {
    "create": ("create", "layout:new", "noise.tar"),
    "create new": ("create", "new-layout:new", "noise.tar"),
    "copy": ("copy", "--no-link", "source:thing", "layout:new"),
    "copy linked": ("copy", "source:thing", "layout:new"),
    "copy archive": ("copy", "source:thing", "oci-archive:new.tar"),
    "copy docker": ("copy", "source:thing", "docker-archive:new.tar", "--platform", "linux/s390x"),
    "index": ("index", "add", "--no-link", "layout:base", "source:thing"),
    "tag": ("tag", "layout:base", "new"),
    "untag": ("untag", "layout:other"),
    "gc": ("gc", "--grace", "0", "layout"),
    "blob put": ("blob", "put", "layout", "noise.tar"),
}
SHORTIO = os.environ.get("OCI_SHORTIO")


class Faults(LayoutCase):
    def setUp(self):
        super().setUp()
        noise = os.urandom(300000)
        (self.dir / "noise.tar").write_bytes(L.tar([L.file("noise", noise)]))
        self.make("base", "other", "gone")
        self.ok("untag", "layout:gone", "--fsync", "none")
        self.ok("create", "source:thing", "noise.tar", "--platform", "linux/s390x", "--fsync", "none")
        self.template = self.dir / "template"
        self.path.rename(self.template)
        self.fresh()

    def fresh(self):
        for path in (self.path, self.dir / "new-layout"):
            shutil.rmtree(path, ignore_errors=True)
        (self.dir / "new.tar").unlink(missing_ok=True)
        shutil.copytree(self.template, self.path)

    def assert_as_before(self, what, done):
        """A command that failed, or has done everything."""
        if done.returncode != 0:
            self.assert_one_line(done)
            self.assertNotIn(b"terminate", done.stderr)
        names = {"base"} if what == "untag" else {"base", "other"}
        if done.returncode == 0 and what in ("create", "tag", "copy", "copy linked"):
            names.add("new")
        self.assertEqual((self.dir / "new.tar").exists(), done.returncode == 0 and what in ("copy archive", "copy docker"))
        if what == "copy archive" and done.returncode == 0:
            assert_whole(self, self.dir / "new.tar")
        self.assert_unharmed(names, peers=False)
        if done.returncode == 0 and what == "create new":
            self.assert_unharmed({"new"}, path=self.dir / "new-layout", peers=False)
        elif what == "create new" and (self.dir / "new-layout").exists():
            self.assert_unharmed(path=self.dir / "new-layout", peers=False)

    def each(self, run, commands=COMMANDS, starting=True):
        """Runs each command on a layout of its own."""
        for what, args in commands.items():
            with self.subTest(what):
                if starting:
                    self.fresh()
                done = run(args)
                self.assert_as_before(what, done)
                yield what, done

    # ---- one system call fails ----

    FAILURES = [
        # What fails, how, in the paths (None: all), and which calls of a process are tried.
        ("write", "ENOSPC", None, range(1, 12)),
        ("write", "EIO", None, range(1, 4)),
        ("linkat", "ENOSPC", None, range(1, 12)),
        ("linkat", "EPERM", None, range(1, 3)),
        ("renameat", "ENOSPC", None, range(1, 3)),
        ("renameat2", "EIO", None, range(1, 3)),
        ("mkdirat", "ENOSPC", None, range(1, 4)),
        ("fchmod", "EIO", None, range(1, 6)),
        ("fchmod", "EPERM", None, range(1, 3)),
        ("flock", "ENOLCK", None, ["1+"]),
        ("unlinkat", "EIO", None, range(1, 3)),
        ("read", "EIO", "index.json", range(1, 3)),
        ("read", "EIO", "noise.tar", range(1, 3)),
    ]

    @needs_strace
    def test_a_system_call_that_fails(self):
        failed = set()
        for call, error, name, numbers in self.FAILURES:
            for what, args in COMMANDS.items():
                for n in numbers:
                    with self.subTest(f"{what}: {call} {error} {name} {n}"):
                        where = ["-P", str(self.path / name if name == "index.json" else self.dir / name)] if name else []
                        self.fresh_when_changed()
                        done = strace(["-o", "/dev/null", *where, "-e", f"trace={call}", "-e",
                                       f"inject={call}:error={error}:when={n}"], args, self.dir)
                        self.assertIn(done.returncode, (0, 1), done.stderr)
                        # A nameless file may be refused where a named one is not.
                        self.assert_as_before(what, done)
                        if done.returncode == 0:
                            break
                        failed.add((call, error, name))
                        self.assertEqual(temporaries(self.path) if call != "unlinkat" else [], [])
        # A nameless file may get a temporary name, and a file system may have no modes.
        self.assertEqual({f[:3] for f in self.FAILURES} - failed, {("linkat", "EPERM", None), ("fchmod", "EPERM", None)} - failed)

    def fresh_when_changed(self):
        if (self.dir / "new-layout").exists() or (self.dir / "new.tar").exists() or blobs_of(self.path) != blobs_of(self.template) or \
                (self.path / "index.json").read_bytes() != (self.template / "index.json").read_bytes():
            self.fresh()

    @needs_strace
    def test_calls_that_are_interrupted(self):
        def run(args):
            # Every call, or every third one where it is the turn of the loader of libraries, which does not go on.
            for when in ("20+2", "20+4", "21+4", "22+4", "23+4"):
                done = strace(["-o", "/dev/null", "-e", "trace=read,write,fsync,flock", "-e",
                               f"inject=read,write,fsync,flock:error=EINTR:when={when}"], args, self.dir)
                if b"cannot be loaded" not in done.stderr:
                    break
                self.fresh()
            return done

        for what, done in self.each(run):
            self.assertEqual(done.returncode, 0, (what, done.stderr))

    @unittest.skipUnless(SHORTIO, "OCI_SHORTIO does not say where the library is")
    def test_short_reads_and_writes(self):
        mark = self.dir / "mark"
        environment = dict(os.environ, LD_PRELOAD=SHORTIO, SHORTIO_MARK=str(mark),
                           ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
        self.run_tool("digest", "noise.tar", env=environment)
        if not mark.exists():
            self.skipTest("nothing can be loaded before the C library here")
        for what, done in self.each(lambda args: self.run_tool(*args, env=environment)):
            self.assertEqual(done.returncode, 0, (what, done.stderr))

    # ---- the file system ----

    def mounted(self, options):
        """The layout on a file system of its own."""
        small = self.dir / "small"
        small.mkdir(exist_ok=True)
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", small],
                                               stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", small], check=False)
        self.dir, self.top = small, self.dir
        self.addCleanup(setattr, self, "dir", self.top)
        self.path = small / "layout"
        for name in ("rootfs.tar", "noise.tar"):
            shutil.copy(self.top / name, small)
        shutil.copytree(self.top / "source", small / "source")
        self.fresh()

    def test_a_full_disk(self):
        self.mounted("size=1600k")
        room = self.dir / "room"
        seen = set()
        for what, args in COMMANDS.items():
            for free in (0, 4, 8, 20, 300, 400):
                with self.subTest(what, free=free):
                    room.unlink(missing_ok=True)
                    self.fresh()
                    left = shutil.disk_usage(self.dir).free - free * 1024
                    with open(room, "wb") as f:
                        os.posix_fallocate(f.fileno(), 0, max(left, 1))
                    done = self.run_tool(*args)
                    self.assert_as_before(what, done)
                    if done.returncode != 0:
                        self.assertIn(b"No space left on device", done.stderr)
                    else:
                        self.assertTrue(free > 0 or what == "gc")
                    self.assertEqual(temporaries(self.path), [])
                    seen.add((what, done.returncode))
        self.assertEqual(seen, {(what, code) for what in COMMANDS for code in (0, 1)} - {("gc", 1)})

    def test_a_file_system_for_reading_only(self):
        self.mounted("size=2m")
        subprocess.run(["mount", "-o", "remount,ro", self.dir], check=True)
        for what, args in COMMANDS.items():
            with self.subTest(what):
                done = self.run_tool(*args)
                self.assert_one_line(done)
                self.assertIn(b"Read-only file system", done.stderr)
        self.ok("gc", "--dry-run", "--grace", "0", "layout")
        self.ok("unpack", "--rootfs-only", "layout:base", self.top / "root")
        self.ok("blob", "list", "layout")

    # ---- limits of the process ----

    def limited(self, kind, value):
        def run(args):
            return self.run_tool(*args, preexec_fn=lambda: resource.setrlimit(kind, (value, value)))

        return run

    def test_files_may_not_grow(self):
        for size in (0, 50, 4096, 100000):
            for what, done in self.each(self.limited(resource.RLIMIT_FSIZE, size)):
                if done.returncode != 0:
                    self.assertIn(b"File too large", done.stderr)
                else:
                    self.assertTrue(what in ("gc", "tag", "untag", "copy linked"), what)

    def test_few_descriptors(self):
        for what, done in self.each(self.limited(resource.RLIMIT_NOFILE, 16)):
            self.assertEqual(done.returncode, 0, (what, done.stderr))

    def test_hardly_any_descriptors(self):
        for limit in range(4, 12):
            for what, done in self.each(self.limited(resource.RLIMIT_NOFILE, limit), starting=limit == 4):
                self.assertIn(done.returncode, (0, 1), (what, done.stderr))
                self.fresh_when_changed()

    def test_a_library_that_cannot_be_loaded(self):
        self.skip_when_linked()
        done = self.run_tool("digest", "noise.tar", env=dict(os.environ, OCI_IMAGE_ACCEL="none"),
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4)))
        self.assert_one_line(done)
        self.assertIn(b"libcrypto cannot be loaded", done.stderr)

    @needs_strace
    def test_a_digest_that_cannot_be_computed(self):
        """Nothing is told to be right that was not looked at."""
        self.skip_when_linked()
        made = L.Layout(self.dir / "wrong")
        made.image("diff_id", [TAR], config=lambda c: c["rootfs"].update(diff_ids=["sha512:" + "0" * 128]))
        made.write()
        self.assertEqual(self.run_tool("validate", "wrong").returncode, 3)
        done = self.without("libcrypto", ("validate", "wrong"), of=("digest", "--algorithm", "sha512", "noise.tar"))
        self.assert_one_line(done)
        self.assertIn(b"libcrypto cannot be loaded", done.stderr)

    @needs_strace
    def test_a_codec_that_cannot_be_loaded(self):
        self.skip_when_linked()
        made = L.Layout(self.dir / "packed")
        for kind in ("gzip", "zstd"):
            made.image(kind, [TAR], kind=kind)
        made.write()
        for lib, text, accelerated, args in (
                ("libzstd", b"libzstd", True, ("unpack", "packed:zstd", "root")),
                ("libzstd", b"libzstd", True, ("validate", "packed:zstd")),
                ("libzstd", b"libzstd", True, ("create", "--compress", "zstd", "layout:new", "noise.tar")),
                ("libz", b"zlib", False, ("unpack", "packed:gzip", "root")),
                ("libz", b"zlib", False, ("validate", "packed:gzip")),
                ("libz", b"zlib", False, ("create", "layout:new", "noise.tar")),
                ("libisal", b"ISA-L", True, ("unpack", "packed:gzip", "root")),
                ("libdeflate", b"libdeflate", True, ("create", "layout:new", "noise.tar"))):
            with self.subTest(lib, args=args):
                self.fresh()
                environment = {} if accelerated else {"OCI_IMAGE_ACCEL": "none"}
                done = self.without(lib, args, **environment)
                if done is None:
                    self.assertIn(lib, ("libisal", "libdeflate"))
                    continue
                self.assert_as_before("codec", done)
                self.assertEqual(done.returncode, 1)
                self.assertIn(text + b" cannot be loaded", done.stderr)
                self.assertFalse((self.dir / "root").exists())

    def skip_when_linked(self):
        if b"libcrypto" in subprocess.run(["ldd", PROGRAM], stdout=subprocess.PIPE, check=True).stdout:
            self.skipTest("the program is linked to its libraries")

    def without(self, lib, args, of=None, **environment):
        """The command args while the library cannot be opened where the command of opens it; None when it does not."""
        with tempfile.NamedTemporaryFile("r", suffix=".strace") as out:
            strace(["-o", out.name, "-e", "trace=openat", "-e", "status=successful"], of or args, self.dir, **environment)
            found = re.search(rf'"([^"]*/{lib}\.so[^"]*)"', out.read())
        self.fresh()
        shutil.rmtree(self.dir / "root", ignore_errors=True)
        return found and strace(["-o", "/dev/null", "--quiet=attach,path-resolution", "-P", found.group(1), "-e", "trace=openat", "-e",
                                 "inject=openat:error=EMFILE"], args, self.dir, **environment)

    def test_standard_streams(self):
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            def run(args, closed=closed):
                line = " ".join([PROGRAM, *args])
                done = subprocess.run(["sh", "-c", f"{line} {closed}"], cwd=self.dir, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
                return subprocess.CompletedProcess(args, 0 if ">&-" in closed else done.returncode, done.stdout,
                                                   done.stderr)

            for what, done in self.each(run):
                self.assertEqual(done.returncode, 0, (what, closed, done.stderr))

    def test_output_that_cannot_be_written(self):
        for args in (("list", "layout"), ("list", "--json", "layout"), ("blob", "list", "layout"),
                     ("blob", "get", "layout", max(blobs_of(self.path))), ("blob", "put", "layout", "noise.tar"),
                     ("gc", "--json", "--grace", "0", "layout"), ("tag", "--json", "layout:base", "new")):
            with self.subTest(args), open("/dev/full", "wb") as full:
                done = subprocess.run([PROGRAM, *args], cwd=self.dir, stdout=full, stderr=subprocess.PIPE, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"standard output: No space left on device", done.stderr)
        self.assert_unharmed({"base", "other"}, peers=False)

    def test_without_proc(self):
        script = "mount -t tmpfs none /proc || exit 99; exec \"$@\""

        def run(args):
            return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", PROGRAM, *args], cwd=self.dir,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

        if run(["--version"]).returncode != 0:
            self.skipTest("the program cannot be run without /proc here")
        for what, done in self.each(run):
            self.assertEqual(done.returncode, 0, (what, done.stderr))
            self.assertEqual(temporaries(self.path), [])

    def test_the_umask_decides_who_may_read(self):
        for mask, directory, file, blob in ((0o022, 0o755, 0o644, 0o444), (0o077, 0o700, 0o600, 0o400),
                                            (0o002, 0o775, 0o664, 0o444), (0o777, 0, 0, 0)):
            with self.subTest(oct(mask)):
                if mask == 0o777 and os.geteuid() != 0:
                    continue
                path = self.dir / f"masked-{mask:o}"
                self.ok("create", f"{path}:a", "rootfs.tar", preexec_fn=lambda mask=mask: os.umask(mask))
                self.ok("create", "--digest-algorithm", "sha512", f"{path}:b", "rootfs.tar",
                        preexec_fn=lambda mask=mask: os.umask(mask))
                for p in [path, *path.rglob("*")]:
                    wanted = directory if p.is_dir() else blob if p.parent.parent.name == "blobs" else file
                    self.assertEqual(oct(p.stat().st_mode & 0o7777), oct(wanted), p)


if __name__ == "__main__":
    unittest.main(verbosity=1)
