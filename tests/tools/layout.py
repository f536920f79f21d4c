# SPDX-License-Identifier: Apache-2.0
"""Builds image layouts for tests, right ones and wrong ones, with nothing but the standard library.

    layout = Layout(path)
    layout.image("app:v1", [tar([file("etc/motd", b"hello")])])
    layout.write()

Everything is a plain dict or bytes until write(), so that a test can spoil what it likes before.
"""
import gzip
import hashlib
import io
import json
import pathlib
import subprocess
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
SUFFIX = {"none": "", "gzip": "+gzip", "zstd": "+zstd"}


# ---- tar ----

def entry(name, type, data=b"", **attributes):
    info = tarfile.TarInfo(name)
    info.type = type
    info.size = len(data)
    info.mode = attributes.pop("mode", 0o755 if type == tarfile.DIRTYPE else 0o644)
    info.mtime = attributes.pop("mtime", 1700000000)
    xattrs = attributes.pop("xattrs", {})
    info.pax_headers = {f"SCHILY.xattr.{k}": v for k, v in xattrs.items()}
    info.pax_headers.update(attributes.pop("pax", {}))
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, data


def file(name, data=b"x\n", **attributes):
    return entry(name, tarfile.REGTYPE, data, **attributes)


def directory(name, **attributes):
    return entry(name, tarfile.DIRTYPE, **attributes)


def symlink(name, target, **attributes):
    return entry(name, tarfile.SYMTYPE, linkname=target, **attributes)


def hardlink(name, target, **attributes):
    return entry(name, tarfile.LNKTYPE, linkname=target, **attributes)


def fifo(name, **attributes):
    return entry(name, tarfile.FIFOTYPE, **attributes)


def device(name, kind, major, minor, **attributes):
    return entry(name, tarfile.CHRTYPE if kind == "c" else tarfile.BLKTYPE, devmajor=major, devminor=minor, **attributes)


def whiteout(name):
    head, _, base = name.rpartition("/")
    return file((head + "/" if head else "") + ".wh." + base, b"")


def opaque(name):
    return file((name + "/" if name else "") + ".wh..wh..opq", b"")


def tar(entries, format=tarfile.PAX_FORMAT, comment=None):
    """comment: of the archive as a whole, as git archive writes it."""
    out = io.BytesIO()
    headers = {"comment": comment} if comment else None
    with tarfile.open(fileobj=out, mode="w", format=format, pax_headers=headers) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data) if info.size else None)
    return out.getvalue()


# ---- compression ----

def compress(data, kind):
    if kind == "gzip":
        return gzip.compress(data, mtime=0)
    if kind == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


# ---- the layout ----

class Layout:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.blobs = {}
        self.entries = []
        self.files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def put(self, data, media_type, algorithm="sha256"):
        """Stores bytes (or a document) and returns their descriptor."""
        if not isinstance(data, bytes):
            data = json.dumps(data).encode()
        name = digest_of(data, algorithm)
        self.blobs[name] = data
        return {"mediaType": media_type, "digest": name, "size": len(data)}

    def layer(self, data, kind="gzip", media_type=None, packed=None):
        return self.put(packed if packed is not None else compress(data, kind), media_type or LAYER + SUFFIX[kind])

    def image(self, name, tars, kind="gzip", config=None, manifest=None, layers=None, **entry):
        """One image of uncompressed tars. config and manifest are functions that may spoil the documents."""
        layers = layers if layers is not None else [self.layer(t, kind) for t in tars]
        document = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"]},
                    "rootfs": {"type": "layers", "diff_ids": [digest_of(t) for t in tars]}}
        if config:
            document = config(document) or document
        body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.put(document, CONFIG), "layers": layers}
        if manifest:
            body = manifest(body) or body
        descriptor = self.put(body, MANIFEST)
        descriptor.update(entry)
        if name:
            descriptor.setdefault("annotations", {})["org.opencontainers.image.ref.name"] = name
        self.entries.append(descriptor)
        return descriptor

    def blob_path(self, digest):
        return self.path / "blobs" / digest.replace(":", "/", 1)

    def write(self):
        self.files.setdefault("index.json", json.dumps(
            {"schemaVersion": 2, "mediaType": INDEX, "manifests": self.entries}).encode())
        for digest, data in self.blobs.items():
            self.blob_path(digest).parent.mkdir(parents=True, exist_ok=True)
            self.blob_path(digest).write_bytes(data)
        self.path.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            if data is not None:
                (self.path / name).write_bytes(data)
        return self.path
