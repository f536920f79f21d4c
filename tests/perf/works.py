# SPDX-License-Identifier: Apache-2.0
"""What is measured: the command of each work, and of each peer that can do it."""
import re
import shlex
import shutil
import subprocess

import images
from cost import Command

LAYOUTS = ("small", "base", "base-zstd", "py", "py-zstd", "manylayers", "manyfiles", "bigfile", "bigfile-zstd")
TARS = ("base", "py", "manyfiles")
PLAIN = ("base", "py")
DECODE = {"gzip": "gzip -dc", "zstd": "zstd -dcq", "none": "cat"}
FAST_DECODE = dict(DECODE, gzip="igzip -dc")
VERSION = {"openssl": "version", "crane": "version", "pigz": "--version"}


class Programs:
    """Ours and the peers, by name: those in the path, and newer ones in a directory of their own."""

    def __init__(self, build, plain=None, peers=None):
        self.ours = build / "cmd/oci-image/oci-image"
        self.plain = [plain / "cmd/oci-image/oci-image"] if plain else ["env", "OCI_IMAGE_ACCEL=none", self.ours]
        self.reading = build / "tests/perf_pipeline"
        self.found, self.versions, self.umoci = {}, {}, {}
        self.can = {"--version": self.text([self.ours, "--version"]), "unpack": self.text([self.ours, "unpack", "--help"])}
        for name in ("skopeo", "crane", "oci-image-tool", "tar", "bsdtar", "gzip", "igzip", "zstd", "openssl", "bash"):
            path = peers and shutil.which(name, path=str(peers)) or shutil.which(name)
            if path:
                self.found[name] = path
                self.versions[name] = self.version(path, name)
        for path in dict.fromkeys(filter(None, (peers and shutil.which("umoci", path=str(peers)), shutil.which("umoci")))):
            name = "umoci " + self.version(path, "umoci")
            self.umoci[name] = path
            self.versions[name] = self.version(path, "umoci")

    @staticmethod
    def text(words):
        done = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout.decode(errors="replace")

    def version(self, path, name):
        match = re.search(r"v?(\d+\.\d+[^\s,]*)", self.text([path, VERSION.get(name, "--version")]))
        return match.group(1) if match else "of unknown version"

    def shell(self, *lines):
        """What the shell does, which stops at the first fault, also in a pipeline."""
        return [self.found["bash"], "-c", "set -eo pipefail\n" + "\n".join(lines)]

    def has(self, *names):
        return all(name in self.found for name in names)


def quoted(path):
    return shlex.quote(str(path))


# ---- each work gives, for an item, our command and those of the peers: name -> make(target) ----

def unpack(programs, layout):
    """Into a bundle with its bundle.mtree."""
    image = f"{layout}:latest"
    yield "ours", lambda t: Command([programs.ours, "unpack", "-q", image, t / "b"])
    for name, path in programs.umoci.items():
        if not layout.name.endswith("-zstd"):
            yield name, lambda t, path=path: Command([path, "unpack", "--image", image, t / "b"])
            yield name.replace("umoci", "umoci raw"), lambda t, path=path: Command([path, "raw", "unpack", "--image", image, t / "b"])
    if programs.has("oci-image-tool") and layout.name in ("small", "base"):  # it stops at what the others hold
        yield "oci-image-tool", lambda t: Command([programs.found["oci-image-tool"], "unpack", "--ref", "name=latest", layout, t / "b"])
    if programs.has("openssl", "igzip", "tar", "zstd"):
        # tar cannot put a link in the place of a full directory; it says so and goes on.
        yield "igzip, tar", lambda t: Command(programs.shell(
            *(f"openssl dgst -sha256 {quoted(path)}\n{FAST_DECODE[kind]} < {quoted(path)} | (tar -xp -C {quoted(t)} || [ $? = 2 ])"
              for kind, path in images.layers(layout))))
    if programs.has("bsdtar"):
        yield "bsdtar", lambda t: Command(programs.shell(
            *(f"bsdtar -xp -f {quoted(path)} -C {quoted(t)} || [ $? = 1 ]" for _, path in images.layers(layout))))
    yield "ours, no mtree", lambda t: Command([programs.ours, "unpack", "-q", "--no-mtree", image, t / "b"])
    if "--jobs" in programs.can["unpack"]:
        yield "ours, -j 1", lambda t: Command([programs.ours, "unpack", "-q", "-j", "1", image, t / "b"])


def unpack_plain(programs, layout):
    """The same by the program without accelerators."""
    image = f"{layout}:latest"
    yield "ours", lambda t: Command([*programs.plain, "unpack", "-q", image, t / "b"])
    for name, path in programs.umoci.items():
        yield name, lambda t, path=path: Command([path, "unpack", "--image", image, t / "b"])
    yield "ours, accelerated", lambda t: Command([programs.ours, "unpack", "-q", image, t / "b"])


def validate_layers(programs, layout):
    """Everything, down to each entry of each layer."""
    yield "ours", lambda t: Command([programs.ours, "validate", "-q", "--depth", "layers", layout])
    if programs.has("gzip", "openssl", "zstd"):
        yield "gzip, openssl", lambda t: Command(programs.shell(
            *(f"{DECODE[kind]} < {quoted(path)} | openssl dgst -sha256" for kind, path in images.layers(layout))))
    if programs.has("crane") and not layout.name.endswith("-zstd"):
        archive = layout.parent / f".{layout.name}.docker.tar"
        yield "crane", lambda t: Command([programs.found["crane"], "validate", "--tarball",
                                          images.as_docker_archive(layout, t / archive.name)])
    yield "reading alone", lambda t: Command([programs.reading, layout])
    yield "ours, -j 1", lambda t: Command([programs.ours, "validate", "-q", "-j", "1", layout])


def validate_blobs(programs, layout):
    """Every blob against its size and digest, every document."""
    yield "ours", lambda t: Command([programs.ours, "validate", "-q", "--depth", "blobs", layout])
    if programs.has("oci-image-tool"):
        yield "oci-image-tool", lambda t: Command([programs.found["oci-image-tool"], "validate", "--type", "image", "--ref", "name=latest", layout])
    if programs.has("openssl"):
        yield "openssl", lambda t: Command([programs.found["openssl"], "dgst", "-sha256", *(path for _, path in images.layers(layout))])
    if programs.has("skopeo"):
        yield "skopeo copy", lambda t: Command([programs.found["skopeo"], "copy", f"oci:{layout}:latest", f"dir:{t}/copy"])


def create(kind):
    def create(programs, tar):
        """An image of one layer from a tar; the bytes of the whole layout count too."""
        yield "ours", lambda t: Command([programs.ours, "create", "-q", "--compress", kind, t / "l:new", tar], result=t / "l")
        for name, path in programs.umoci.items():
            yield name, lambda t, path=path: Command(
                [path, "raw", "add-layer", "--image", t / "l:new", tar],
                before=[[path, "init", "--layout", t / "l"], [path, "new", "--image", t / "l:new"]], result=t / "l")
        packer = "zstd -3 -qc -T0" if kind == "zstd:3" else "gzip -6 -c"
        if programs.has("gzip", "zstd", "openssl"):
            yield packer.partition(" ")[0] + ", openssl", lambda t: Command(
                programs.shell(f"mkdir {quoted(t)}/l", f"{packer} < {quoted(tar)} > {quoted(t)}/l/blob",
                               f"openssl dgst -sha256 {quoted(tar)} {quoted(t)}/l/blob"), result=t / "l")
        yield "ours, -j 1", lambda t: Command([programs.ours, "create", "-q", "-j", "1", "--compress", kind, t / "l:new", tar], result=t / "l")
    return create


def start(words, umoci, skopeo=None):
    def start(programs, layout):
        def fill(words):
            return [str(word).format(layout=layout) for word in words]
        yield "ours", lambda t: Command([programs.ours, *fill(words)])
        for name, path in programs.umoci.items():
            yield name, lambda t, path=path: Command([path, *fill(umoci)])
        if skopeo and programs.has("skopeo"):
            yield "skopeo", lambda t: Command([programs.found["skopeo"], *fill(skopeo)])
    return start


STARTS = {"version": start(["--version"], ["--version"], ["--version"]),
          "list": start(["list", "{layout}"], ["list", "--layout", "{layout}"]),
          "inspect": start(["inspect", "{layout}"], ["stat", "--image", "{layout}:latest"], ["inspect", "oci:{layout}:latest"])}
WORKS = {"unpack": unpack, "unpack-plain": unpack_plain, "validate-layers": validate_layers, "validate-blobs": validate_blobs,
         "create-gzip": create("gzip"), "create-zstd": create("zstd:3")}
FLOOR = ("unpack", "validate-layers", "validate-blobs")


# ---- what our own commands are weighed with: name -> make(target) ----

def reading_memory(programs, layout):
    yield "unpack", lambda t: Command([programs.ours, "unpack", "-q", layout, t / "b"])
    yield "unpack -j 1", lambda t: Command([programs.ours, "unpack", "-q", "-j", "1", layout, t / "b"])
    yield "validate", lambda t: Command([programs.ours, "validate", "-q", "--depth", "layers", layout])


def writing_memory(programs, source):
    """From a tar, or from the tree of a layout's image, since layers with whiteouts are no input."""
    make = [programs.ours, "create", "-q", "--compress", "gzip"]
    if source.is_dir():
        yield "create", lambda t: Command([*make, t / "l:new", t / "root"], before=[[programs.ours, "unpack", "-q", "--rootfs-only", source, t / "root"]])
    else:
        yield "create", lambda t: Command([*make, t / "l:new", source])


MEMORY = {"memory-reading": reading_memory, "memory-writing": writing_memory}


def items(corpus):
    """(work, item, path) of all there is to measure."""
    if not corpus:
        return
    layouts = [corpus / name for name in LAYOUTS if (corpus / name / "index.json").exists()]
    for work in ("unpack", "unpack-plain", "validate-layers", "validate-blobs", "memory-reading"):
        for layout in layouts:
            if work != "unpack-plain" or layout.name in PLAIN:
                yield work, layout.name, layout
    for work in ("create-gzip", "create-zstd"):
        for name in TARS:
            tar = corpus / "tars" / f"{name}-flat.tar"
            if tar.exists():
                yield work, name, tar
    for layout in (path for path in layouts if not path.name.endswith("-zstd")):
        tars = [corpus / "tars" / f"{layout.name}-flat.tar", corpus / "tars" / layout.name / "00.tar"]
        yield "memory-writing", layout.name, next((tar for tar in tars if tar.exists()), layout)


def needs(work, facts, limits, cores):
    """The model of the floor: what a work cannot cost less than, in parts, from what an image holds and what this machine can."""
    parts = {}
    if work in ("unpack", "validate-layers"):
        parts["decode"] = limits["decode"]["seconds"]
        parts["layer digests"] = (facts.tar_bytes + facts.stored_bytes) / limits["hash"]
    else:
        parts["blob digests"] = facts.stored_bytes / limits["hash"]
    if work == "unpack":
        parts["entries"] = limits["create"]["seconds"]
        parts["file digests"] = facts.file_bytes / limits["hash"]
    cpu = sum(parts.values())
    largest = 0 if work == "validate-blobs" else limits["decode"]["largest"]
    return {"parts": parts, "cpu": cpu, "wall": max(cpu / cores, largest)}
