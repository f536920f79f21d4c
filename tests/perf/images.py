# SPDX-License-Identifier: Apache-2.0
"""Images to measure with: what is in the given ones, and ones of any size made here."""
import dataclasses
import functools
import gzip
import hashlib
import io
import itertools
import json
import pathlib
import random
import struct
import subprocess
import sys
import tarfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tools"))
import layout as L  # noqa: E402


# ---- what an image holds ----

@dataclasses.dataclass
class Facts:
    """E entries, U bytes of tar, C bytes of layers as stored, D bytes of files: what the model of the floor is made of."""
    entries: int
    tar_bytes: int
    stored_bytes: int
    file_bytes: int
    layers: list  # KIND:PATH
    lines: bytes  # the entries for the floor program


def blob(layout, digest):
    return pathlib.Path(layout) / "blobs" / digest.replace(":", "/", 1)


def manifest(layout):
    index = json.loads((pathlib.Path(layout) / "index.json").read_bytes())
    return json.loads(blob(layout, index["manifests"][0]["digest"]).read_bytes())


def layers(layout):
    """(kind, path) of each layer of the first image."""
    for layer in manifest(layout)["layers"]:
        kind = layer["mediaType"].rpartition("+")[2] if "+" in layer["mediaType"].rpartition(".")[2] else "none"
        yield kind, blob(layout, layer["digest"])


def content(kind, path):
    if kind == "zstd":
        return subprocess.run(["zstd", "-dcq", str(path)], stdout=subprocess.PIPE, check=True).stdout
    return gzip.decompress(path.read_bytes()) if kind == "gzip" else path.read_bytes()


def line(member):
    if member.isdir():
        return b"d"
    if member.islnk():
        return b"h"
    return b"s" if member.issym() else b"f %d" % member.size


@functools.lru_cache(maxsize=None)
def facts(layout):
    out = Facts(0, 0, 0, 0, [], b"")
    lines = []
    for kind, path in layers(layout):
        data = content(kind, path)
        out.layers.append(f"{kind}:{path}")
        out.stored_bytes += path.stat().st_size
        out.tar_bytes += len(data)
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                if not member.name.rpartition("/")[2].startswith(".wh."):
                    lines.append(line(member))
                    out.file_bytes += member.size if member.isreg() else 0
                archive.members = []  # it keeps all of them otherwise
    out.entries = len(lines)
    out.lines = b"".join(text + b"\n" for text in lines)
    return out


def as_docker_archive(layout, path):
    """The same image with the same packed layers, as a tar that `docker load` takes."""
    body = manifest(layout)
    names = [digest.partition(":")[2] + ".tar.gz" for digest in (layer["digest"] for layer in body["layers"])]
    listing = json.dumps([{"Config": body["config"]["digest"], "RepoTags": ["example.org/image:latest"], "Layers": names}]).encode()
    with tarfile.open(path, "w") as archive:
        archive.add(blob(layout, body["config"]["digest"]), body["config"]["digest"])
        for layer, name in zip(body["layers"], names):
            archive.add(blob(layout, layer["digest"]), name)
        info = tarfile.TarInfo("manifest.json")
        info.size = len(listing)
        archive.addfile(info, io.BytesIO(listing))
    return path


# ---- images that grow ----

HEADER = struct.Struct("100s8s8s8s12s12s8s1s100s6s2s32s32s8s8s155s12x")
IN_LAYERS = 100000  # entries of the shape "layers" in all


def header(path, kind):
    """Of an empty file or a directory; what is too long for a name begins as its prefix."""
    cut = path.rfind(b"/", 0, 156) if len(path) > 100 else -1
    block = HEADER.pack(path[cut + 1:], b"0000644\0" if kind == b"0" else b"0000755\0", b"0000000\0", b"0000000\0", b"00000000000\0",
                        b"14524770400\0", b" " * 8, kind, b"", b"ustar\0", b"00", b"root", b"root", b"0000000\0", b"0000000\0",
                        path[:max(cut, 0)])
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def one_directory(top=b"all"):
    """(path, kind) of a directory and of any number of empty files in it."""
    yield top + b"/", b"5"
    for i in itertools.count():
        yield top + b"/file%07d" % i, b"0"


def deep_tree():
    """Chains of 100 directories in each other, each with 9 empty files: a thousand entries a chain."""
    for chain in itertools.count():
        path = b"c%d" % chain
        for _ in range(100):
            yield path + b"/", b"5"
            yield from ((path + b"/f%d" % i, b"0") for i in range(9))
            path += b"/d"


def write_layer(out, entries):
    """A layer of entries as they come, so that a million of them need no memory: its diff_id, its descriptor, and the bytes of all paths."""
    pack, tar_digest, blob_digest, size, paths = zlib.compressobj(1, zlib.DEFLATED, 31), hashlib.sha256(), hashlib.sha256(), 0, 0
    part = out / "part"
    with open(part, "wb") as file:
        def put(data):
            nonlocal size
            blob_digest.update(data)
            size += len(data)
            file.write(data)
        for path, kind in entries:
            block = header(path, kind)
            paths += len(path)
            tar_digest.update(block)
            put(pack.compress(block))
        tar_digest.update(bytes(1024))
        put(pack.compress(bytes(1024)) + pack.flush())
    part.rename(out / blob_digest.hexdigest())
    descriptor = {"mediaType": L.LAYER + "+gzip", "digest": "sha256:" + blob_digest.hexdigest(), "size": size}
    return "sha256:" + tar_digest.hexdigest(), descriptor, paths


def grown(path, shape, count):
    """A layout of one layer of the shape with count entries, or of count layers with IN_LAYERS entries; and the bytes of a path, on average."""
    blobs = path / "blobs/sha256"
    blobs.mkdir(parents=True)
    if shape == "layers":
        ends = [IN_LAYERS * n // count for n in range(count + 1)]
        layers = [(one_directory(b"layer%03d" % n), ends[n + 1] - ends[n]) for n in range(count)]
    else:
        layers = [({"one directory": one_directory, "deep tree": deep_tree}[shape](), count)]
    made = [write_layer(blobs, itertools.islice(entries, most)) for entries, most in layers]
    layout = L.Layout(path)
    layout.image("latest", [], layers=[layer for _, layer, _ in made],
                 config=lambda c: dict(c, rootfs={"type": "layers", "diff_ids": [diff for diff, _, _ in made]}))
    return layout.write(), sum(paths for _, _, paths in made) / sum(most for _, most in layers)


def many_manifests(path, count):
    layout = L.Layout(path)
    tar = L.tar([L.file("f")])
    layer = layout.layer(tar)
    for i in range(count):
        layout.image(None, [tar], layers=[layer], manifest=lambda body, i=i: dict(body, annotations={"org.example.n": str(i)}))
    return layout.write()


def faulty_document(path, size):
    """An index of size MiB whose every annotation is wrong."""
    text = '{"schemaVersion":2,"manifests":[],"annotations":{'
    parts, length = [], len(text)
    while length < (size << 20) - 100:
        parts.append(f'\n"k{len(parts)}":{len(parts)}')
        length += len(parts[-1]) + 1
    path.write_text(text + ",".join(parts) + "}}")
    return path


# ---- images beside the corpus, for validation alone ----

MADE = ("one-large", "four-large", "four-of-tiny-files")


def made(path):
    """One layer of text in few files, four layers of it, or four layers of a hundred thousand files of six bytes: the worst case."""
    if path.name == "four-of-tiny-files":
        tars = [[L.file(f"l{n}/d{i % 50}/f{i}", b"small\n") for i in range(25000)] for n in range(4)]
    else:
        words = [bytes(random.Random(n).choices(b"abcdefghijklmnop \n", k=9)) for n in range(5000)]
        text = b"".join(random.Random(1).choices(words, k=1 << 19))
        layers, files = (1, 40) if path.name == "one-large" else (4, 20)
        tars = [[L.file(f"l{n}/f{i}", text) for i in range(files)] for n in range(layers)]
    layout = L.Layout(path)
    layout.image("latest", [L.tar(layer, L.tarfile.USTAR_FORMAT) for layer in tars])
    return layout.write()
