#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images that try to touch what lies outside of the bundle. The oracle is a canary: nothing beside the bundle may change."""
import os
import pathlib
import stat
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from harness import Case, snapshot  # noqa: E402

NOTHING = None  # no expectation about success: only that nothing outside changes


class Escape(Case):
    """Each test unpacks layers into DIR/work/bundle; DIR/canary and DIR/work/beside must stay what they are."""

    def setUp(self):
        super().setUp()
        for place in ("canary", "canary/sub", "work", "work/beside"):
            (self.dir / place).mkdir()
        for place in ("canary/file", "canary/sub/file", "work/beside/file"):
            (self.dir / place).write_text("untouched\n")
        os.symlink("file", self.dir / "canary" / "link")
        self.rootfs = self.dir / "work" / "bundle" / "rootfs"

    def attack(self, *layers, code=3, options=()):
        layout = L.Layout(self.dir / "layout")
        layout.image("img", [t if isinstance(t, bytes) else L.tar(t) for t in layers])
        layout.write()
        before = {place: snapshot(self.dir / place) for place in ("canary", "work/beside")}
        result = self.run_tool("unpack", *options, "layout:img", "work/bundle")
        for place, facts in before.items():
            self.assertEqual(facts, snapshot(self.dir / place), f"{place} was touched")
        if code == 0:
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(sorted(p.name for p in (self.dir / "work").iterdir()), ["beside", "bundle"])
        else:
            self.assert_refused(result, code)
            self.assertEqual([p.name for p in (self.dir / "work").iterdir()], ["beside"])
        return result.stderr.decode()

    def outside(self, *parts):
        return str(self.dir.joinpath(*parts))

    # ---- names ----

    # proves: safety.2
    def test_dot_dot_in_names(self):
        for name in ("../../canary/new", "a/../../../canary/new", "..", "a/..", "../beside/file", "./../x"):
            with self.subTest(name):
                self.assertIn("..", self.attack([L.file(name)]))

    # proves: safety.2
    def test_dot_dot_in_hard_link_targets(self):
        self.attack([L.hardlink("x", "../../canary/file")])

    def test_absolute_names_stay_inside(self):
        self.attack([L.file(self.outside("canary", "file"), b"overwritten\n")], code=0)
        self.assertTrue((self.rootfs / self.outside("canary", "file")[1:]).exists())

    def test_absolute_hard_link_targets_stay_inside(self):
        self.attack([L.hardlink("x", self.outside("canary", "file"))])

    def test_names_that_are_too_long(self):
        self.attack([L.file("n" * 256)])
        self.attack([L.file("d/" * 2100 + "f")])

    # ---- parents that are links ----

    # proves: safety.1
    def test_parent_is_an_absolute_link(self):
        for link, name in ((("canary",), "x/file"), (("canary",), "x/new"), (("canary", "sub"), "x/file")):
            with self.subTest(name):
                target = self.outside(*link)
                self.attack([L.symlink("x", target), L.file(name, b"overwritten\n")], code=0)
                self.assertTrue((self.rootfs / target[1:] / name[2:]).exists(), "an absolute link means the root")
                self.remove_bundle()

    def remove_bundle(self):
        os.system(f"rm -rf '{self.dir}/work/bundle' '{self.dir}/layout'")

    # proves: safety.2
    def test_parent_is_a_relative_link_in_the_same_and_a_lower_layer(self):
        link, write = L.symlink("x", "../../../canary"), L.file("x/file", b"overwritten\n")
        for layers in ([link, write],), ([link], [write]):
            with self.subTest(len(layers)):
                self.attack(*layers, code=0)
                self.assertTrue((self.rootfs / "canary" / "file").exists(), "'..' stops at the root")
                self.remove_bundle()

    def test_chain_of_links(self):
        self.attack([L.symlink("a", "b"), L.symlink("b", "c"), L.symlink("c", "/../../../../" + self.outside("canary")),
                     L.file("a/file", b"overwritten\n")], code=0)

    def test_loop_of_links(self):
        self.attack([L.symlink("a", "b"), L.symlink("b", "a"), L.file("a/file")])

    # proves: safety.2
    def test_links_that_cost_more_than_they_weigh(self):
        long = [L.directory("d"), L.symlink("l", "d/../" * 818)]
        self.assertIn("too many symbolic links", self.attack(long + [L.file("l/" * 38 + "f")]))
        self.assertIn("followed too far", self.attack(long + [L.file("l/" * (3 + i % 2) + f"f{i}") for i in range(200)]))

    def test_magic_links(self):
        for target in ("/proc/self/root", "/proc/self/cwd", "/proc/1/root", "/dev/fd/3"):
            with self.subTest(target):
                self.attack([L.symlink("x", target), L.file("x" + self.outside("canary", "file"), b"overwritten\n")], code=0)
                self.remove_bundle()

    # proves: safety.4
    def test_last_component_is_never_followed(self):
        self.attack([L.symlink("x", self.outside("canary", "file")), L.file("x", b"overwritten\n")], code=0)
        self.assertEqual((self.rootfs / "x").read_bytes(), b"overwritten\n")
        self.assertFalse((self.rootfs / "x").is_symlink())

    # proves: safety.5
    def test_metadata_does_not_follow_links(self):
        self.attack([L.symlink("x", self.outside("canary"), mode=0o777, uid=4711, mtime=1)],
                    [L.symlink("x", self.outside("canary", "sub"), uid=4712, mtime=2)], code=0)

    def test_directory_over_link_replaces_it(self):
        self.attack([L.symlink("x", self.outside("canary"))], [L.directory("x", mode=0o700), L.file("x/file")], code=0)
        self.assertFalse((self.rootfs / "x").is_symlink())

    def test_directory_that_becomes_a_link_before_its_mode_is_set(self):
        self.attack([L.directory("x", mode=0o751, mtime=1), L.file("x/f"), L.symlink("x", self.outside("canary"))], code=0)
        self.assertTrue((self.rootfs / "x").is_symlink())

    def test_keep_dirlinks_keeps_inside(self):
        self.attack([L.symlink("x", self.outside("canary"))], [L.directory("x", mode=0o700), L.file("x/file", b"y")],
                    code=NOTHING or 0, options=("--keep-dirlinks",))

    # ---- hard links ----

    # proves: safety.6
    def test_hard_link_through_a_link(self):
        self.attack([L.symlink("x", self.outside("canary")), L.hardlink("y", "x/file")])

    def test_hard_link_to_a_link_is_the_link(self):
        self.attack([L.symlink("x", self.outside("canary", "file")), L.hardlink("y", "x"), L.file("y", b"overwritten\n")], code=0)
        self.assertEqual(os.readlink(self.rootfs / "x"), self.outside("canary", "file"))

    # proves: safety.6
    def test_hard_links_to_nothing_to_directories_to_themselves(self):
        self.attack([L.hardlink("y", "nothing")])
        self.attack([L.directory("d"), L.hardlink("y", "d")])
        self.attack([L.hardlink("y", "y")])
        self.attack([L.hardlink("y", "./")])
        self.attack([L.hardlink("a", "b"), L.hardlink("b", "a")])

    # ---- the root itself ----

    # proves: safety.2
    def test_root_replaced(self):
        for e in (L.symlink("./", self.outside("canary")), L.symlink(".", self.outside("canary")), L.file("/"),
                  L.hardlink("./", "x"), L.fifo("."), L.symlink("/", "/")):
            with self.subTest(e[0].name):
                self.attack([e, L.file("file", b"overwritten\n")])

    def test_root_may_have_attributes(self):
        self.attack([L.directory("./", mode=0o751, mtime=12345), L.file("x")], code=0)
        st = self.rootfs.stat()
        self.assertEqual((stat.S_IMODE(st.st_mode), int(st.st_mtime)), (0o751, 12345))

    # ---- whiteouts ----

    # proves: safety.7
    def test_whiteouts_through_links(self):
        for target in (self.outside("canary"), "../../../canary", "/proc/self/root" + self.outside("canary")):
            for white in (L.whiteout("x/file"), L.opaque("x"), L.whiteout("x/sub")):
                with self.subTest(f"{target} {white[0].name}"):
                    self.attack([L.symlink("x", target)], [white], code=0)
                    self.assertTrue((self.rootfs / "x").is_symlink())
                    self.remove_bundle()

    # proves: safety.7
    def test_whiteouts_that_name_no_child(self):
        for name in (".wh.", ".wh..", ".wh...", "d/.wh.", "d/.wh..", "d/.wh...", ".wh.x/y"):
            with self.subTest(name):
                self.attack([L.directory("d"), L.file("d/f")], [L.file(name, b"")])

    # proves: safety.7
    def test_removal_does_not_follow_links(self):
        self.attack([L.directory("d"), L.symlink("d/l", self.outside("canary")), L.directory("d/e"),
                     L.symlink("d/e/l", self.outside("canary", "sub"))],
                    [L.whiteout("d")], code=0)
        self.assertFalse((self.rootfs / "d").exists())

    # ---- things that are opened ----

    def test_fifo_and_devices_are_not_opened(self):
        layers = [L.fifo("p"), L.symlink("q", "p"), L.file("p/x")]
        self.attack(layers)
        self.attack([L.fifo("p")], [L.file("p", b"now a file")], code=0)
        self.assertTrue(stat.S_ISREG((self.rootfs / "p").lstat().st_mode))

    # proves: safety.16
    def test_passwd_is_looked_up_inside(self):
        for make in (L.fifo("etc/passwd"), L.symlink("etc/passwd", "/etc/shadow"), L.directory("etc/passwd"),
                     L.symlink("etc/passwd", "/proc/self/environ"), L.symlink("etc/passwd", "passwd")):
            with self.subTest(make[0].linkname or make[0].type):
                layout = L.Layout(self.dir / "layout")
                layout.image("img", [L.tar([make])], config=lambda c: c["config"].update(User="root"))
                layout.write()
                self.assert_refused(self.run_tool("unpack", "layout:img", "work/bundle", timeout=20))
                self.remove_bundle()

    # ---- depth ----

    def test_deep_trees_come_and_go(self):
        deep = "/".join(["d"] * 1500)
        self.attack([L.file(deep + "/f"), L.hardlink("y", "nothing")])
        self.attack([L.file(deep + "/f")], [L.whiteout("d")], code=0)
        self.assertEqual(list(self.rootfs.iterdir()), [])

    def test_many_whiteouts_of_what_the_layer_makes(self):
        files = [L.directory("d"), *(L.file(f"d/{i}", b"") for i in range(8000))]
        for white in (L.whiteout("d"), L.opaque("d"), L.opaque("")):
            with self.subTest(white[0].name):
                self.attack([L.file("d/old")], files + [white] * 40000, code=0)
                self.assertEqual(len(os.listdir(self.rootfs / "d")), 8000)
                self.remove_bundle()

    def test_many_attributes_for_everything(self):
        pax = {f"SCHILY.xattr.user.{i:04}": "x" for i in range(1000)}
        head = L.tarfile.TarInfo.create_pax_global_header(pax)
        empty = bytearray(head[:512])
        empty[124:136] = b"00000000000\0"
        empty[148:156] = b" " * 8
        empty[148:156] = b"%06o\0 " % sum(empty)
        self.attack(head + bytes(empty) * 20000 + L.tar([L.whiteout(f"f{i}") for i in range(20000)]), code=0)

    def test_directories_nobody_may_enter(self):
        self.attack([L.directory("a", mode=0), L.directory("a/b", mode=0o111), L.file("a/b/c", mode=0)],
                    [L.file("a/b/d"), L.whiteout("a/b/c")], code=0)


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit(77)
    unittest.main(verbosity=1)
