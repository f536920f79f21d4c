# SPDX-License-Identifier: Apache-2.0
"""What the Python tests share: a scratch directory, the program under test, snapshots of trees."""
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import unittest

PROGRAM = os.environ.get("OCI_IMAGE", "oci-image")
# The leak checker of the sanitizers doubles the time of a short run, and cannot work in a process that is traced.
NO_LEAK_CHECK = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")


def keeps_books():
    """Whether a sanitizer is built in, which needs memory of its own."""
    return any(name in pathlib.Path(PROGRAM).read_bytes() for name in (b"__asan_init", b"__tsan_init"))


def work_in_memory(room=1 << 30):
    """Scratch directories go where no disk keeps anybody waiting, if there is such a place with that much room."""
    if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > room:
        tempfile.tempdir = "/dev/shm"


def snapshot(root):
    """Everything that may be seen of a tree without following links: path -> facts."""
    facts = {}
    root = pathlib.Path(root)
    for path in [root, *sorted(root.rglob("*"))]:
        st = path.lstat()
        what = [stat.S_IFMT(st.st_mode), stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, st.st_mtime_ns, st.st_nlink]
        if stat.S_ISLNK(st.st_mode):
            what.append(os.readlink(path))
        elif stat.S_ISREG(st.st_mode):
            what.append(path.read_bytes())
        what.append(sorted((n, os.getxattr(path, n, follow_symlinks=False))
                           for n in os.listxattr(path, follow_symlinks=False)))
        facts[path.relative_to(root).as_posix()] = what
    return facts


class Case(unittest.TestCase):
    """A test with a scratch directory of its own, below TMPDIR."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="oci-image-test-"))
        self.addCleanup(self.remove)

    def remove(self):
        subprocess.run(["chmod", "-R", "u+rwX", str(self.dir)], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def run_tool(self, *args, timeout=120, **options):
        return subprocess.run([PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout, cwd=self.dir, check=False, **options)

    def assert_refused(self, result, code=3):
        """One clear line, perhaps with a hint, and the exit code."""
        text = result.stderr.decode(errors="replace")
        lines = [line for line in text.splitlines() if not line.startswith("hint: ")]
        self.assertEqual(result.returncode, code, text)
        errors = [line for line in lines if not line.startswith("oci-image: warning: ")]
        self.assertEqual(len(errors), 1, text)
        self.assertTrue(errors[0].startswith("oci-image: "), text)
        self.assertGreater(len(errors[0]), 30, text)
