#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Debian root file system in layers that umoci and buildah write: our tree must be theirs, entry by entry."""
import os
import pathlib
import shutil
import stat
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
import mktar  # noqa: E402
from harness import Case  # noqa: E402


def sh(script, cwd, **env):
    subprocess.run(["sh", "-euc", script], cwd=cwd, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   env={**os.environ, "LC_ALL": "C", **env})


def tree(root):
    """path -> facts, with hard links told by the first path of their group."""
    facts, groups = {}, {}
    root = str(root)
    for where, dirs, files in os.walk(root):
        for name in [""] * (where == root) + dirs + files:
            path = os.path.join(where, name) if name else where
            st = os.lstat(path)
            short = os.path.relpath(path, root)
            what = {"type": stat.S_IFMT(st.st_mode), "owner": (st.st_uid, st.st_gid), "mtime": st.st_mtime_ns,
                    "xattrs": sorted((n, os.getxattr(path, n, follow_symlinks=False))
                                     for n in os.listxattr(path, follow_symlinks=False))}
            if stat.S_ISLNK(st.st_mode):
                what["target"] = os.readlink(path)
            else:
                what["mode"] = stat.S_IMODE(st.st_mode)
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    what["content"] = hash(f.read())
            if stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
                what["device"] = st.st_rdev
            if not stat.S_ISDIR(st.st_mode) and st.st_nlink > 1:
                groups.setdefault(st.st_ino, []).append(short)
            facts[short] = what
    for members in groups.values():
        for member in members:
            facts[member]["links"] = sorted(members)
    return facts


def debian(where):
    """A minimal Debian; without its archive, or when that does not answer, what this machine has of one."""
    done = subprocess.run(["timeout", "-k", "10", "240", "mmdebstrap", "--quiet", "--variant=essential", "--mode=root", "bookworm",
                           str(where)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir()
        sh("cp -a --parents /etc /usr/bin /usr/sbin /var/lib/dpkg \"$W\"", "/", W=str(where))


CHANGES = [
    # Files changed, added, removed; a hard link to a file of a lower layer; capabilities; set-id bits; long names.
    """echo changed > etc/issue; rm -f etc/debian_version; rm -rf usr/share/doc; mkdir -p opt/app/deep/er
       cp bin/ls opt/app/ls; setcap cap_net_raw+ep opt/app/ls; chmod 4755 opt/app/ls || true; setcap cap_net_raw+ep opt/app/ls
       ln bin/cat opt/app/cat; ln opt/app/cat opt/app/deep/cat; ln -s ../nowhere opt/app/dangling; mkfifo opt/app/fifo
       mknod opt/app/null c 1 3; touch -h -d '1960-01-02 03:04:05.123456789' opt/app/dangling opt/app/ls
       setfattr -n user.test -v value opt/app/deep; n=$(printf 'n%.0s' $(seq 240)); mkdir -p opt/$n/$n; echo long > opt/$n/$n/$n
       chown 12345:54321 opt/app/cat; echo 'Grüße' > 'opt/Grüße aus Köln'""",
    # Type changes both ways, a directory removed and made anew, whiteouts of what the last layer brought.
    """rm -rf opt/app/deep; echo file > opt/app/deep; rm opt/app/fifo; mkdir opt/app/fifo; echo x > opt/app/fifo/x
       rm -rf etc/default; mkdir etc/default; echo new > etc/default/new; rm opt/app/cat; rm -rf var/log; ln -s ../tmp var/log
       touch -d '2100-01-01' etc/default/new; chmod 0 etc/default/new; chmod 1777 etc/default""",
]


class Trees(Case):
    def compare(self, ours, theirs, ignore=lambda path, key: False):
        a, b = tree(ours), tree(theirs)
        self.assertEqual(sorted(set(a) ^ set(b)), [], "one has what the other has not")
        different = [f"{p}: {k}: {a[p].get(k)} / {b[p].get(k)}" for p in a for k in {*a[p], *b[p]}
                     if a[p].get(k) != b[p].get(k) and not ignore(p, k)]
        self.assertEqual(different, [])
        return len(a)

    def unpack_both(self, image):
        result = self.run_tool("unpack", image, "ours", timeout=600)
        self.assertEqual(result.returncode, 0, result.stderr)
        sh(f"umoci unpack --image {image} theirs", self.dir)

    # proves: layer.change.add-modify-same layer.types.regular layer.types.directory layer.types.symlink layer.types.fifo
    # proves: layer.types.char-device layer.attr.mtime layer.attr.uid layer.attr.gid layer.attr.mode layer.attr.xattrs
    # proves: layer.attr.symlink layer.attr.hardlink layer.apply.other-remove-recreate whiteout.directory-tree
    def test_umoci_layers(self):
        base = self.dir / "debian"
        debian(base)
        sh("umoci init --layout layout; umoci new --image layout:img; umoci unpack --image layout:img work", self.dir)
        sh("cp -a debian/. work/rootfs/; rm -rf debian; umoci repack --refresh-bundle --image layout:img work", self.dir)
        for change in CHANGES:
            sh(change, self.dir / "work" / "rootfs")
            sh("umoci repack --refresh-bundle --image layout:img work", self.dir)
        # A layer with an opaque directory in the middle and whiteouts behind what they hide.
        (self.dir / "opaque.tar").write_bytes(L.tar([
            L.directory("etc/default", mode=0o750), L.file("etc/default/kept"), L.opaque("etc/default"),
            L.file("usr/bin/added"), L.whiteout("usr/bin/[") if (self.dir / "work/rootfs/usr/bin/[").exists()
            else L.whiteout("etc/issue"), L.symlink("etc/mtab2", "/proc/mounts")]))
        sh("umoci raw add-layer --image layout:img opaque.tar", self.dir)
        self.unpack_both("layout:img")
        count = self.compare(self.dir / "ours" / "rootfs", self.dir / "theirs" / "rootfs")
        self.assertGreater(count, 500)

    # proves: layer.apply.no-whiteouts-as-tar manifest.layers.result
    def test_a_layer_without_whiteouts_is_what_tar_extracts(self):
        (self.dir / "in").mkdir()
        sh(CHANGES[0].split("setfattr")[0].replace("bin/", "/bin/").replace("usr/share/doc", "nothing")
           .replace("echo changed > etc/issue; rm -f etc/debian_version;", "").replace("ln /bin/cat", "cp /bin/cat"),
           self.dir / "in")
        sh("tar --xattrs --xattrs-include='*' --format=posix --numeric-owner -C in -cf in.tar .", self.dir)
        made = self.run_tool("create", "layout:img", "in.tar")
        self.assertEqual(made.returncode, 0, made.stderr)
        done = self.run_tool("unpack", "layout:img", "ours")
        self.assertEqual(done.returncode, 0, done.stderr)
        sh("mkdir theirs; tar --xattrs --xattrs-include='*' --numeric-owner -C theirs -xpf in.tar", self.dir)
        self.compare(self.dir / "ours" / "rootfs", self.dir / "theirs")

    # proves: layer.attr.xattrs
    def test_an_access_control_list_stays_as_it_is(self):
        """Also one that gives the group another mode than the header: whatever has it, it is set last."""
        entries = [(1, 6, 0xffffffff), (2, 7, 1000), (4, 4, 0xffffffff), (16, 7, 0xffffffff), (32, 4, 0xffffffff)]
        value = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)
        (self.dir / "probe").mkdir()
        try:
            os.setxattr(self.dir / "probe", "system.posix_acl_access", value)
        except OSError:
            self.skipTest("the file system has no access control lists")
        text = "".join(f"\\x{byte:02x}" for byte in value)
        tar = mktar.build("\n".join(f"{kind} {kind} mode=0644 xattr.system.posix_acl_access={text}"
                                    for kind in ("file", "fifo")))
        layout = L.Layout(self.dir / "layout")
        layout.image("img", [tar])
        layout.write()
        for policy in "keep", "squash":
            done = self.run_tool("unpack", "--owner", policy, "layout:img", policy)
            self.assertEqual(done.returncode, 0, done.stderr)
            for name in "file", "fifo":
                path = self.dir / policy / "rootfs" / name
                self.assertEqual(os.getxattr(path, "system.posix_acl_access"), value, name)
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o674, name)

    def test_buildah_layers(self):
        probe = subprocess.run(["buildah", "--storage-driver", "vfs", "--root", str(self.dir / "s"), "--runroot",
                                str(self.dir / "r"), "from", "--name", "c", "scratch"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if probe.returncode != 0:
            self.skipTest("buildah does not work here: " + probe.stderr.decode()[-200:])
        buildah = f"buildah --storage-driver vfs --root {self.dir}/s --runroot {self.dir}/r"
        (self.dir / "in").mkdir()
        sh("mkdir -p a/b c; echo 1 > a/b/f; ln a/b/f a/g; ln -s a l; echo 2 > c/h; cp /bin/true t; setcap cap_kill+ep t", self.dir / "in")
        sh(f"{buildah} add c in / >/dev/null; {buildah} config --cmd /t c; {buildah} commit c oci:layout:one", self.dir)
        sh(f"m=$({buildah} mount c); rm -r $m/c; echo 3 > $m/a/b/f; rm $m/l; mkdir $m/l; {buildah} umount c >/dev/null;"
           f"{buildah} commit c oci:layout:img", self.dir)
        self.unpack_both("layout:img")
        self.compare(self.dir / "ours" / "rootfs", self.dir / "theirs" / "rootfs")


if __name__ == "__main__":
    if os.geteuid() != 0 or not shutil.which("umoci"):
        print("needs root and umoci")
        sys.exit(77)
    unittest.main(verbosity=1)
