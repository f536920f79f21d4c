#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One image unpacked by root and by ordinary users under each owner policy: the same tree but for what docs say; and on file
systems that have less than an image asks for."""
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import time
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[1] / "tools"
sys.path.insert(0, str(TOOLS))
import layout as L  # noqa: E402
import users  # noqa: E402
from harness import PROGRAM, Case  # noqa: E402

RECORD = "user.rootlesscontainers"
DIGITS = bytes(range(256))


def lower():
    return L.tar([
        L.directory("", mode=0o711, uid=3, gid=4), L.directory("etc"), L.file("etc/plain", b"plain\n", uid=5, gid=6),
        L.file("etc/bytes", DIGITS, mode=0o600, uid=1, gid=0), L.file("etc/nobody", b"none\n", mode=0, uid=70000, gid=70000),
        L.hardlink("etc/hard", "etc/plain"), L.symlink("etc/link", "plain", uid=7, gid=8),
        L.directory("closed", mode=0o000, uid=9, gid=9), L.file("closed/inside", b"closed\n", mode=0o400, uid=9, gid=9),
        L.directory("closed/deeper", mode=0o300), L.file("closed/deeper/file", b"deep\n"),
        L.directory("readonly", mode=0o555, mtime=1000), L.file("readonly/file", b"ro\n", mode=0o444, mtime=2000),
        L.file("setuid", b"set\n", mode=0o4755), L.file("setuid-other", b"set\n", mode=0o6755, uid=5, gid=6), L.fifo("pipe", mode=0o622, uid=11, gid=12),
        L.device("null", "c", 1, 3, mode=0o666), L.device("disk", "b", 8, 0, mode=0o660, gid=6),
        L.file("xattr", b"x\n", mode=0o444, xattrs={"user.note": "text", "trusted.note": "secret"}),
        L.file("gone", b"gone\n"), L.directory("emptied"), L.file("emptied/file", b"")])


def upper():
    return L.tar([L.whiteout("gone"), L.opaque("emptied"), L.file("closed/new", b"new\n", uid=20, gid=20),
                  L.directory("readonly/sub", mtime=3000), L.file("etc/plain", b"changed\n", uid=5, gid=6)])


def record_of(uid, gid):
    out = b""
    for number, value in ((1, uid), (2, gid)):
        if value:
            out += bytes([number << 3])
            while value >= 0x80:
                out += bytes([value & 0x7f | 0x80])
                value >>= 7
            out += bytes([value])
    return out


def snapshot(root):
    """path -> (type, mode, uid, gid, mtime, links, content, attributes), as root sees it."""
    facts = {}
    for path in [root, *sorted(root.rglob("*"))]:
        st = path.lstat()
        content = os.readlink(path) if stat.S_ISLNK(st.st_mode) else path.read_bytes() if stat.S_ISREG(st.st_mode) else None
        if stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
            content = st.st_rdev
        xattrs = {n: os.getxattr(path, n, follow_symlinks=False) for n in os.listxattr(path, follow_symlinks=False)}
        facts[path.relative_to(root).as_posix()] = [stat.S_IFMT(st.st_mode), stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid,
                                                    st.st_mtime_ns, st.st_nlink, content, xattrs]
    return facts


TYPE, MODE, UID_, GID_, MTIME, NLINK, CONTENT, XATTRS = range(8)


class Owners(Case):
    def setUp(self):
        super().setUp()
        self.dir.chmod(0o755)
        layout = L.Layout(self.dir / "layout")
        layout.image("img", [lower(), upper()])
        layout.write()
        subprocess.run(["chmod", "-R", "a+rX", str(self.dir / "layout")], check=True)

    def unpack(self, *options, user=True, set_aside=False, bundle="bundle"):
        words = users.command(self.dir, [PROGRAM, "unpack", *options, "layout:img", bundle], set_aside, user)
        ran = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir,
                             check=False, timeout=120)
        self.assertEqual((ran.returncode, ran.stdout), (0, b""), ran.stderr)
        return ran.stderr.decode()

    def by_root(self):
        self.unpack(user=False, bundle="by-root")
        facts = snapshot(self.dir / "by-root/rootfs")
        self.assertEqual(facts["."][MODE:MTIME], [0o711, 3, 4])
        self.assertEqual(facts["etc/nobody"][UID_:MTIME], [70000, 70000])
        self.assertEqual(facts["xattr"][XATTRS], {"user.note": b"text", "trusted.note": b"secret"})
        self.assertNotIn("emptied/file", facts)
        return facts

    @staticmethod
    def expected(facts, owner, xattrs=None):
        """What the tree of root is for somebody else, as docs/internals/layers.md says."""
        out = {}
        for path, fact in facts.items():
            fact = list(fact)
            if fact[TYPE] in (stat.S_IFCHR, stat.S_IFBLK):
                fact[TYPE], fact[CONTENT] = stat.S_IFREG, b""
            fact[XATTRS] = {n: v for n, v in fact[XATTRS].items() if n.startswith("user.")}
            fact[XATTRS].update(xattrs(fact) if xattrs else {})
            fact[UID_], fact[GID_] = owner(fact)
            out[path] = fact
        return out

    # proves: layer.attr.mode layer.attr.mtime
    def test_squash(self):
        want = self.expected(self.by_root(), lambda _: (users.UID, users.GID))
        # It would run as the caller, who is not whom it was meant for.
        want["setuid-other"][MODE] = 0o755
        for options in ([], ["--owner=squash"], ["--owner=map"]):
            said = self.unpack(*options)
            self.assertEqual(snapshot(self.dir / "bundle/rootfs"), want)
            self.assertIn("devices made as empty files, for lack of privileges: 2\n", said)
            self.assertIn("extended attributes left out, which cannot be set here: 1\n", said)
            self.assertEqual("all files become yours" in said, options == ["--owner=map"])
            self.assertEqual(len(said.splitlines()), 3 if options == ["--owner=map"] else 2, said)
            self.remove_as_user("bundle")

    def test_record(self):
        def attribute(fact):
            record = record_of(fact[UID_], fact[GID_])
            special = fact[TYPE] in (stat.S_IFLNK, stat.S_IFIFO)
            return {RECORD: record} if record and not special else {}

        want = self.expected(self.by_root(), lambda _: (users.UID, users.GID), attribute)
        self.unpack("--owner=record")
        found = snapshot(self.dir / "bundle/rootfs")
        self.assertEqual(found, want)
        self.assertEqual(found["etc/plain"][XATTRS][RECORD], b"\x08\x05\x10\x06")
        self.remove_as_user("bundle")

    # proves: runtime.linux.id-mappings-ownership
    def test_set_aside(self):
        if not users.can_set_aside(self.dir):
            self.skipTest("no user namespaces with ids that are set aside")

        def owner(fact):
            if fact[UID_] == 70000:
                return users.UID, users.GID
            return (users.UID if fact[UID_] == 0 else users.SUBUIDS[0] + fact[UID_] - 1,
                    users.GID if fact[GID_] == 0 else users.SUBGIDS[0] + fact[GID_] - 1)

        want = self.expected(self.by_root(), owner)
        said = self.unpack("--owner=map", set_aside=True)
        self.assertEqual(snapshot(self.dir / "bundle/rootfs"), want)
        self.assertIn("owners left out, which cannot be set here: 1\n", said)
        gone = users.command(self.dir, ["unshare", "--map-auto", "--map-root-user", "rm", "-rf", "bundle"])
        subprocess.run(gone, cwd=self.dir, check=True)
        self.assertFalse((self.dir / "bundle").exists())

    def as_user_where(self, *steps):
        """unpack --owner=map after steps of root that end in 'exec "$@"'."""
        words = users.command(self.dir, ["sh", "-c", 'cd "$0" && exec "$@"', self.dir, PROGRAM, "unpack", "--owner=map",
                                         "layout:img", "bundle"])
        at = words.index("setpriv")
        return subprocess.run([*words[:at], *steps, *words[at:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir,
                              check=False, timeout=120)

    def test_set_aside_in_vain(self):
        if not users.can_set_aside(self.dir):
            self.skipTest("no user namespaces with ids that are set aside")
        # The kernel makes no user namespace in a changed root.
        (self.dir / "mnt").mkdir()
        refused = self.as_user_where("sh", "-c", 'mount --rbind / "$0" && exec chroot "$0" "$@"', str(self.dir / "mnt"))
        self.assertEqual(refused.stderr.decode(),
                         "oci-image: unpack: --owner=map: make a user namespace: Operation not permitted\n")
        self.assertFalse((self.dir / "bundle").exists())
        # Whether the one that started it waits for children of its own makes no difference.
        made = self.as_user_where("env", "--ignore-signal=CHLD")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual((self.dir / "bundle/rootfs/etc/plain").stat().st_uid, users.SUBUIDS[0] + 4)

    def test_mapped_by_root(self):
        self.by_root()
        self.unpack("--uid-map", "0:100000:65536", "--gid-map", "0:200000:65536", "--owner=map", user=False)
        found = snapshot(self.dir / "bundle/rootfs")
        self.assertEqual(found["etc/plain"][UID_:MTIME], [100005, 200006])
        self.assertEqual(found["etc/link"][UID_:MTIME], [100007, 200008])
        self.assertEqual(found["etc/nobody"][UID_:MTIME], [0, 0])
        self.assertEqual(found["disk"][TYPE:MTIME], [stat.S_IFBLK, 0o660, 100000, 200006])
        refused = self.run_tool("unpack", "--uid-map", "0:100000:65536", "--gid-map", "0:200000:65536", "layout:img", "other")
        self.assert_refused(refused)
        self.assertIn(b"'etc/nobody': the uid 70000 is outside of the uid maps", refused.stderr)

    def remove_as_user(self, name):
        """Whatever the modes are, its owner gets rid of it with ordinary tools."""
        subprocess.run(users.command(self.dir, ["sh", "-c", f"chmod -R u+rwX {name} && rm -rf {name}"], False), cwd=self.dir,
                       check=True, stderr=subprocess.DEVNULL)
        self.assertFalse((self.dir / name).exists())


class PoorFileSystems(Owners):
    def mount(self, *options):
        (self.dir / "back").mkdir(exist_ok=True)
        (self.dir / "mnt").mkdir(exist_ok=True)
        tool = subprocess.Popen(["/usr/bin/python3", str(TOOLS / "poorfs.py"), "back", "mnt", *options], cwd=self.dir,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(tool.stdout.close)
        self.addCleanup(tool.wait)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.dir / "mnt")], stderr=subprocess.DEVNULL, check=False)
        for _ in range(100):
            if os.path.ismount(self.dir / "mnt"):
                return
            if tool.poll() is not None:
                self.skipTest("no file systems in user space here: " + tool.stdout.read().decode())
            time.sleep(0.1)
        self.fail("the file system was not mounted")

    # proves: layer.attr.xattrs
    def test_with_symbolic_links_alone(self):
        self.mount("symlinks")
        said = self.unpack(user=False, bundle="mnt/bundle")
        found = snapshot_of_names(self.dir / "mnt/bundle/rootfs")
        want = {path: (stat.S_IFREG if fact[TYPE] in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO) else fact[TYPE],
                       b"" if fact[TYPE] in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO) else fact[CONTENT])
                for path, fact in self.by_root().items()}
        self.assertEqual(found, want)
        for line in ("extended attributes left out, which cannot be set here: 2", "owners left out, which cannot be set here: ",
                     "modes left out, which cannot be set here: ", "hard links made as copies, for lack of such links here: 1",
                     "devices made as empty files, for lack of privileges: 3"):
            self.assertEqual(said.count(line), 1, said)
        self.assertEqual(len(said.splitlines()), 5, said)
        self.assertEqual(sorted(p.name for p in (self.dir / "mnt").iterdir()), ["bundle"])
        self.assertIn("plain type=file", (self.dir / "mnt/bundle/bundle.mtree").read_text())

    def test_without_symbolic_links(self):
        self.mount()
        refused = self.run_tool("unpack", "layout:img", "mnt/bundle")
        self.assert_refused(refused, 1)
        self.assertIn(b"make the symbolic link 'link'", refused.stderr)
        self.assertEqual(list((self.dir / "mnt").iterdir()), [])


def snapshot_of_names(root):
    facts = {}
    for path in [root, *sorted(root.rglob("*"))]:
        st = path.lstat()
        facts[path.relative_to(root).as_posix()] = (stat.S_IFMT(st.st_mode), os.readlink(path) if path.is_symlink() else
                                                    path.read_bytes() if path.is_file() else None)
    return facts


# What is tested once is enough.
for name in [n for n in dir(Owners) if n.startswith("test_")]:
    setattr(PoorFileSystems, name, None)

if __name__ == "__main__":
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        print("needs root and setpriv")
        sys.exit(77)
    unittest.main(verbosity=1)
