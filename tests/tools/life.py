# SPDX-License-Identifier: Apache-2.0
"""What the tests of the life of a layout share: images to put into it, and whether it is unharmed."""
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import tarfile

import layout as L
from harness import NO_LEAK_CHECK, PROGRAM, Case

TEMPORARY = re.compile(r"\.oci-image-[0-9a-f]{8}$")
DOCKER = "application/vnd.docker.distribution.manifest"
DOCUMENTS = (L.INDEX, L.MANIFEST, f"{DOCKER}.list.v2+json", f"{DOCKER}.v2+json")
TAR = L.tar([L.directory("etc"), L.file("etc/motd", b"hello\n" * 1000), L.symlink("link", "etc")])


def blobs_of(path):
    """The names of a layout's blobs, ALGORITHM:HEX."""
    return {f"{algorithm.name}:{blob.name}" for algorithm in (path / "blobs").iterdir() for blob in algorithm.iterdir()
            if not TEMPORARY.search(blob.name)}


def referred(path):
    """Every digest that index.json leads to; documents that it promises have to be there."""
    found, todo = set(), [json.loads((path / "index.json").read_text())]
    while todo:
        document = todo.pop()
        for d in [*document.get("manifests", []), *document.get("layers", []), *filter(None, [document.get("config")])]:
            if d["digest"] not in found:
                found.add(d["digest"])
                if d["mediaType"] in DOCUMENTS:
                    todo.append(json.loads((path / "blobs" / d["digest"].replace(":", "/", 1)).read_text()))
    return found


def temporaries(path):
    """What was left behind in a layout and beside it."""
    beside = [p for p in path.parent.iterdir() if p.name.startswith(f".{path.name}.") and TEMPORARY.search(p.name)]
    return beside + [p for p in path.rglob("*") if TEMPORARY.search(p.name)]


def assert_whole(case, path):
    """The oci-archive has everything that its index.json leads to, each blob as its name says, and an end."""
    with tarfile.open(path) as archive:
        content = {m.name: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}
    case.assertEqual(path.read_bytes()[-1024:], bytes(1024))
    todo = [json.loads(content["index.json"])]
    while todo:
        document = todo.pop()
        for d in [*document.get("manifests", []), *document.get("layers", []), *filter(None, [document.get("config")])]:
            data = content["blobs/" + d["digest"].replace(":", "/", 1)]
            algorithm, encoded = d["digest"].split(":")
            case.assertEqual(hashlib.new(algorithm, data).hexdigest(), encoded)
            if d["mediaType"] in DOCUMENTS:
                todo.append(json.loads(data))


class LayoutCase(Case):
    def setUp(self):
        super().setUp()
        self.path = self.dir / "layout"
        self.judged = {}
        (self.dir / "rootfs.tar").write_bytes(TAR)

    def ok(self, *args, **options):
        done = self.run_tool(*args, **options)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        return done.stdout

    def make(self, *names):
        for name in names:
            self.ok("create", f"{self.path}:{name}", "rootfs.tar", "--env", f"NAME={name}", "--fsync", "none")

    def names(self, path=None):
        return {entry["name"] for entry in json.loads(self.ok("list", "--json", path or self.path))}

    def listed(self, path):
        """The names of a layout in which list and validate find no fault."""
        # A layout that is as it was is not judged again, and its judges need not look for leaks.
        content = frozenset((str(p.relative_to(path)), p.is_file() and p.read_bytes()) for p in path.rglob("*"))
        if content not in self.judged:
            listed = json.loads(self.ok("list", "--json", path, env=NO_LEAK_CHECK))
            self.assertEqual([entry for entry in listed if "problem" in entry], [])
            valid = self.run_tool("validate", "--quiet", path, env=NO_LEAK_CHECK)
            self.assertEqual((valid.returncode, valid.stdout), (0, b""), valid.stderr)
            self.judged[content] = {entry["name"] for entry in listed}
        return self.judged[content]

    def assert_unharmed(self, names=(), path=None, peers=True):
        """The layout can be read by us and (peers) others, has these names at least, all that they lead to, and no blob
        that is not what its name says."""
        path = path or self.path
        self.assertLessEqual(set(names), self.listed(path))
        blobs = blobs_of(path)
        self.assertLessEqual(referred(path), blobs)
        for name in blobs:
            algorithm, encoded = name.split(":")
            content = (path / "blobs" / algorithm / encoded).read_bytes()
            self.assertEqual(hashlib.new(algorithm, content).hexdigest(), encoded)
        if peers and shutil.which("umoci"):
            seen = subprocess.run(["umoci", "list", "--layout", str(path)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False)
            self.assertEqual(seen.returncode, 0, seen.stderr)
            self.assertLessEqual(set(names), set(seen.stdout.decode().split()))

    def assert_one_line(self, done, code=1):
        """The command ended with that code and said why in one line, perhaps with a hint."""
        self.assert_refused(done, code)


__all__ = ["PROGRAM", "TAR", "LayoutCase", "assert_whole", "blobs_of", "referred", "temporaries", "pathlib"]
