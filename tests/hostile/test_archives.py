#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Archives that attack whoever reads them: exit 3, one clear line, nothing written but the spool, and in bounded time."""
import gzip
import io
import json
import os
import pathlib
import resource
import subprocess
import sys
import tarfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from archives import LAYOUT_FILE, docker_entries, oci_entries  # noqa: E402
from harness import PROGRAM, Case, keeps_books, snapshot  # noqa: E402

TAR = L.tar([L.directory("etc"), L.file("etc/motd", b"hello\n" * 1000)])
SECRET = b"what nobody shall see\n"


class HostileArchive(Case):
    def setUp(self):
        super().setUp()
        # The canary: an archive's names must not reach it, and nothing may appear beside it.
        self.work = self.dir / "a/b/work"
        self.work.mkdir(parents=True)
        (self.dir / "a/secret").write_bytes(SECRET)
        self.layout = L.Layout(self.dir / "none")
        self.layout.image("img", [TAR])
        self.entries = list(oci_entries(self.layout))
        self.tmp, self.out = self.dir / "tmp", self.dir / "out"
        self.tmp.mkdir()
        self.out.mkdir()

    def write(self, entries, name="x.tar", **options):
        data = entries if isinstance(entries, bytes) else L.tar(entries, **options)
        (self.work / name).write_bytes(data)
        return data

    def run_all(self, check, name="x.tar"):
        """unpack, in place and from a pipe, and validate."""
        before = snapshot(self.dir / "a")
        path = self.work / name
        for args in (["unpack", path, self.out / "bundle"], ["unpack", "-", self.out / "bundle"],
                     ["list", path], ["validate", path]):
            with self.subTest(" ".join(map(str, args[:2]))), subprocess.Popen(
                    ["cat", path], stdout=subprocess.PIPE) as cat:
                done = subprocess.run([PROGRAM, *map(str, args)], stdin=cat.stdout, capture_output=True, timeout=100,
                                      cwd=self.work, env=dict(os.environ, TMPDIR=str(self.tmp)), check=False)
                check(args[0], done)
                self.assertEqual(snapshot(self.dir / "a"), before)
                self.assertEqual([*self.tmp.iterdir(), *self.out.iterdir()], [])

    def refused(self, says="", name="x.tar"):
        def check(_, done):
            self.assert_refused(done)
            self.assertIn(says, done.stderr.decode())
            self.assertNotIn(SECRET, done.stdout + done.stderr)
        self.run_all(check, name)

    def not_unpacked(self, says=""):
        """The archive can be read, but not what is asked of it."""
        def check(command, done):
            if command == "list":
                return
            if command == "validate":
                self.assertEqual(done.returncode, 3, done.stdout)
            else:
                self.assert_refused(done)
                self.assertIn(says, done.stderr.decode())
            self.assertNotIn(SECRET, done.stdout + done.stderr)
        self.run_all(check)

    # ---- names ----

    # proves: safety.2
    def test_names_that_go_up(self):
        for name in ("../evil", "blobs/../../evil", "..", "a/.."):
            with self.subTest(name):
                self.write(self.entries + [L.file(name)])
                self.refused("'..'")

    def test_names_from_the_root(self):
        for name in ("/etc/evil", "//evil", "/oci-layout"):
            with self.subTest(name):
                self.write([*self.entries, L.file(name)], format=tarfile.GNU_FORMAT)
                self.refused("begins at the root")

    def test_the_same_name_twice(self):
        blob = self.entries[1][0].name
        for name in ("oci-layout", "index.json", blob, "./" + blob, "blobs//" + blob[len("blobs/"):]):
            with self.subTest(name):
                self.write(self.entries + [L.file(name, b"{}")])
                self.refused("twice")

    def test_a_file_with_something_below_it(self):
        for name in ("blobs", "blobs/sha256"):
            with self.subTest(name):
                self.write(self.entries + [L.file(name)])
                self.refused("below it")
                self.write([L.symlink(name, "../elsewhere")] + self.entries)
                self.refused("below it")

    def test_names_that_are_too_long_or_not_there(self):
        self.write(self.entries + [L.file("x" * 300)])
        self.refused("component")
        self.write(self.entries + [L.file("/".join(["x" * 200] * 30))])
        self.refused("more than")

    # ---- what is no file ----

    # proves: safety.11
    def test_links_that_lead_out(self):
        for target in ("/etc/passwd", "../../../../../secret", "../../../a/secret"):
            for blob in (1, 3, len(self.entries) - 1):
                with self.subTest(f"{blob} {target}"):
                    entries = list(self.entries)
                    entries[blob] = L.symlink(entries[blob][0].name, target)
                    self.write(entries)
                    self.not_unpacked()

    def test_links_in_a_ring(self):
        blob = self.entries[1][0].name
        self.write([e for e in self.entries if e[0].name != blob] +
                   [L.symlink(blob, "x1"), *[L.symlink(f"blobs/sha256/x{i}", f"x{i % 9 + 1}") for i in range(1, 10)]])
        self.not_unpacked("too many links")

    def test_hard_links_to_nothing(self):
        blob = self.entries[1][0].name
        self.write([e for e in self.entries if e[0].name != blob] + [L.hardlink(blob, "blobs/sha256/nothing")])
        self.not_unpacked("leads nowhere")

    def test_devices_and_pipes(self):
        for kind in (L.fifo, lambda name: L.device(name, "c", 1, 5), L.directory):
            for i in (0, 1, len(self.entries) - 1):
                with self.subTest(f"{i}"):
                    entries = list(self.entries)
                    entries[i] = kind(entries[i][0].name)
                    self.write(entries)
                    self.not_unpacked("regular file")

    def test_sparse_members(self):
        self.write(self.entries + [L.file("big", b"x", pax={"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                                                            "GNU.sparse.name": "big",
                                                            "GNU.sparse.realsize": "1000000000000"})])
        self.refused()

    # ---- sizes and ends ----

    def member_at(self, data, name):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return archive.getmember(name).offset

    def resize(self, data, at, size):
        header = bytearray(data[at:at + 512])
        header[124:136] = b"%011o\0" % size if size < 8 ** 11 else b"\x80" + size.to_bytes(11, "big")
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        return data[:at] + bytes(header) + data[at + 512:]

    def test_sizes_that_lie(self):
        data = self.write(self.entries)
        for name in (self.entries[1][0].name, "oci-layout", "index.json"):
            for size in (0, 1 << 20, 8 ** 11 - 1, 1 << 62, (1 << 63) + 5, 1 << 80):
                with self.subTest(f"{name} {size}"):
                    self.write(self.resize(data, self.member_at(data, name), size))
                    # An empty oci-layout or index.json is no document, an empty blob has another size.
                    self.not_unpacked()

    def test_archives_that_are_cut_off(self):
        data = self.write(self.entries)
        end = len(data.rstrip(b"\0"))
        for length in (1, 511, 512, 600, 1024, end - 600, (end + 511) // 512 * 512):
            with self.subTest(length):
                self.write(data[:length])
                self.refused()

    def test_things_that_are_no_archives(self):
        for data in (b"", b"x", bytes(10240), os.urandom(4096), b"\x1f\x8b" + bytes(100), gzip.compress(b"hello" * 500),
                     gzip.compress(bytes(10240)), L.tar([L.file("hello")]), b"PK\x03\x04" + bytes(600)):
            with self.subTest(data[:8]):
                self.write(data)
                self.refused()

    # ---- too much ----

    def limited(self, args, stdin=subprocess.DEVNULL, megabytes=700, seconds=60):
        """Runs within bounds of memory, of files and of time; a sanitizer needs memory of its own."""
        def bounds():
            if not keeps_books():
                resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
            resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))
        return subprocess.run([PROGRAM, *map(str, args)], stdin=stdin, capture_output=True, timeout=seconds,
                              cwd=self.work, preexec_fn=bounds, env=dict(os.environ, TMPDIR=str(self.tmp)), check=False)

    def test_an_index_that_is_huge(self):
        self.layout.files["index.json"] = b'{"schemaVersion":2,"manifests":[' + b" " * (5 << 20) + b"]}"
        self.write(oci_entries(self.layout))
        self.not_unpacked("index.json")
        entries = [e for e in docker_entries([TAR]) if e[0].name != "manifest.json"]
        self.write(entries + [L.file("manifest.json", b"[" + b" " * (5 << 20) + b"]")])
        self.refused("manifest.json")

    def many(self, count):
        """So many members, without names in memory here."""
        with open(self.work / "x.tar", "wb") as f:
            f.write(L.tar(self.entries).rstrip(b"\0") + b"")
            f.write(bytes(-f.tell() % 512))
            info = tarfile.TarInfo("blobs/sha256/0000000000")
            template = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
            base = sum(template[:148]) + sum(template[156:]) + 8 * 32 - 10 * ord("0")
            for start in range(0, count, 4096):
                chunk = bytearray()
                for i in range(start, min(start + 4096, count)):
                    digits = b"%010d" % i
                    template[13:23] = digits
                    template[148:156] = b"%06o\0 " % (base + sum(digits))
                    chunk += template
                f.write(chunk)
            f.write(bytes(1024))

    def test_members_without_number(self):
        self.many(200000)
        done = self.limited(["list", "x.tar"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.many((1 << 20) + 10)
        self.assert_refused(self.limited(["list", "x.tar"]))

    def test_a_bomb_around_the_archive(self):
        """A gigabyte of one member in a few kilobytes of gzip in gzip never reaches the disk."""
        info = tarfile.TarInfo("blobs/sha256/" + "0" * 64)
        info.size = 1 << 34
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as z:
            z.write(info.tobuf())
            for _ in range(512):
                z.write(bytes(1 << 20))
        self.write(packed.getvalue())
        done = self.limited(["list", "--max-size", "32M", "x.tar"])
        self.assert_refused(done)
        self.assertIn("more than 33554432 bytes", done.stderr.decode())
        done = self.limited(["list", "--max-ratio", "10", "x.tar"])
        self.assertIn(done.returncode, (1, 3), done.stderr)
        self.assertEqual(list(self.tmp.iterdir()), [])

    def piped(self, data, more, *args, **options):
        """data and then more, again and again, for ever."""
        with subprocess.Popen([sys.executable, "-S", "-c", "import sys\nout = sys.stdout.buffer\n"
                               "out.write(open(sys.argv[1], 'rb').read())\nmore = open(sys.argv[2], 'rb').read()\n"
                               "while True: out.write(more)", self.put("data", data), self.put("more", more)],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as source:
            done = self.limited(args, stdin=source.stdout, **options)
            source.stdout.close()
        return done

    def put(self, name, data):
        (self.dir / name).write_bytes(data)
        return self.dir / name

    def test_archives_that_never_end(self):
        data = L.tar(self.entries)
        for begin, more in ((data, bytes(1 << 20)), (data, b"garbage!" * 65536), (b"", bytes(1 << 20)),
                            (gzip.compress(data), gzip.compress(bytes(1 << 26)))):
            done = self.piped(begin, more, "list", "-")
            self.assert_refused(done)
        self.assertIn("follow on the end", self.piped(data, bytes(1 << 20), "list", "-").stderr.decode())
        empty = tarfile.TarInfo("pax")
        empty.type = b"g"
        done = self.piped(data.rstrip(b"\0") + bytes(-len(data.rstrip(b"\0")) % 512), empty.tobuf() * 512, "list", "-")
        self.assert_refused(done)
        self.assertIn("headers before an entry", done.stderr.decode())

    # proves: safety.14
    def test_padding_after_the_end(self):
        self.write(L.tar(self.entries) + bytes(32 << 20))
        def check(_, done):
            self.assertEqual(done.returncode, 0, done.stderr)
            subprocess.run(["rm", "-rf", self.out / "bundle"], check=True)
        self.run_all(check)

    # ---- Docker's ----

    def test_names_without_number(self):
        """A few bytes of manifest.json would be many of index.json."""
        self.write(docker_entries([TAR], tags=[str(i % 1000) for i in range(590000)]))
        done = self.limited(["list", "x.tar"], megabytes=300)
        self.assert_refused(done)
        self.assertIn("so many names", done.stderr.decode())

    def test_manifests_of_docker_that_lie(self):
        good = list(docker_entries([TAR]))
        config = good[0][0].name
        for manifest in (b"", b"{}", b"null", b"[null]", b"[{}]", b'[{"Config":7,"Layers":[]}]', b"[[]]",
                         b'[{"Config":"none.json","Layers":[]}]', b'[{"Config":"../../../secret","Layers":[]}]',
                         b'[{"Config":"/etc/passwd","Layers":[]}]', b'[{"Config":"","Layers":[]}]',
                         json.dumps([{"Config": config, "Layers": []}]).encode(),
                         json.dumps([{"Config": config, "Layers": ["none"]}]).encode(),
                         json.dumps([{"Config": config, "Layers": ["../../secret"]}]).encode(),
                         json.dumps([{"Config": config, "Layers": "x"}]).encode(),
                         json.dumps([{"Config": config, "Layers": [7]}]).encode(),
                         json.dumps([{"Config": "manifest.json", "Layers": []}]).encode()):
            with self.subTest(manifest[:60]):
                self.write([e for e in good if e[0].name != "manifest.json"] + [L.file("manifest.json", manifest)])

                def check(command, done):
                    # A configuration that is none is found when it is read.
                    if b'"manifest.json"' in manifest and command == "list":
                        return
                    self.assertIn(done.returncode, (3, 4), done.stderr)
                    self.assertNotIn(SECRET, done.stdout + done.stderr)
                    self.assertNotIn(b"root:", done.stdout + done.stderr)
                self.run_all(check)

    def test_images_without_number(self):
        """A manifest.json that asks for the same large members again and again."""
        config = json.dumps({"architecture": "a" * 4000000, "os": "linux",
                             "rootfs": {"diff_ids": [L.digest_of(TAR)]}}).encode()
        packed = gzip.compress(os.urandom(4 << 20))
        images = [{"Config": f"c{i % 9}", "Layers": [f"l{i}"]} for i in range(10000)]
        entries = [L.file("c0", config), L.file("l0", packed), *[L.symlink(f"c{i}", "c0") for i in range(1, 9)],
                   *[L.symlink(f"l{i}", "l0") for i in range(1, 10000)]]
        self.write(entries + [L.file("manifest.json", json.dumps(images).encode())], format=tarfile.GNU_FORMAT)
        done = self.limited(["blob", "list", "x.tar"])
        self.assertEqual(done.returncode, 0, done.stderr[:500])
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": [L.digest_of(TAR)] * 35000}})
        images = [{"Config": "c0", "Layers": ["l0"] * 35000}] * 2
        self.write([L.file("c0", config.encode()), L.file("l0", packed), L.file("manifest.json", json.dumps(images).encode())])
        done = self.limited(["blob", "list", "x.tar"])
        self.assert_refused(done)
        self.assertIn("more than 65536", done.stderr.decode())

    def test_a_layer_that_is_another_one(self):
        other = L.tar([L.file("etc/motd", b"HELLO\n" * 1000), L.directory("x")])
        for member in (other, TAR + bytes(512), TAR[:-512], L.compress(other, "gzip")):
            self.write(docker_entries([TAR], members=[member]))
            self.not_unpacked()

    def test_layers_of_docker_that_are_links_out_of_it(self):
        for target in ("/etc/passwd", "../../secret", "../../../../a/secret"):
            self.write(docker_entries([TAR], members=[L.symlink(f"{0:064x}/layer.tar", target)]))
            self.refused("leads out")


if __name__ == "__main__":
    unittest.main(verbosity=1)
