#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares our tar reader and writer with those of others: Python's tarfile, and GNU tar and bsdtar where they are.

    check_tar_peers.py TARLIST RECIPES [CORPUS]

Read: every archive built from RECIPES and every *.tar and *.tar.gz below CORPUS, entry by entry. Where we refuse what
Python reads, or read it differently, the reason stands in the tables below. Written: a copy of each archive by our writer
must be the same to Python, and must not make the others complain.
"""

import base64
import gzip
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
import zlib
from decimal import ROUND_FLOOR, Decimal

sys.dont_write_bytecode = True
import mktar  # noqa: E402

# Archives that we read and Python does not, or reads in another way.
DIFFERS = {
    "contiguous-and-old-types": "Python wants NUL for the type of a directory that is told by its trailing slash",
    "device-garbage-elsewhere": "Python reads the device numbers of everything",
    "device-pax": "Python does not know SCHILY.devmajor and SCHILY.devminor",
    "empty-file": "Python takes no archive for no archive",
    "global": "an empty value takes a global one back, and Python takes the header's with it",
    "global-last": "Python wants an entry after a global header",
    "gnu": "Python does not know the directories of incremental dumps",
    "gnu-old-go-prefix": "Python looks at any prefix, as if GNU headers had one",
    "gnu-two-long-names": "of several long names GNU tar, Go and libarchive take the last, Python the first",
    "gnu-multi-hdrs.tar": "likewise",
    "no-end-no-padding": "Python wants the padding",
    "pax-empty-values": "Python takes an empty path for a path",
    "unknown-types": "Python has another opinion about the size of an M",
}
# bsdtar refuses times at the very end of the range.
NOT_FOR_OTHERS = ("times",)

TYPES = {tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file", tarfile.CONTTYPE: "file", tarfile.GNUTYPE_SPARSE: "file",
         tarfile.LNKTYPE: "hardlink", tarfile.SYMTYPE: "symlink", tarfile.CHRTYPE: "char", tarfile.BLKTYPE: "block",
         tarfile.DIRTYPE: "dir", tarfile.FIFOTYPE: "fifo"}


def raw(text):
    return text.encode("utf-8", "surrogateescape")


def printable(data):
    return "".join(chr(c) if 0x20 < c < 0x7f and c != 0x5c else "\\x%02x" % c for c in data)


def normal(name):
    parts = [part for part in raw(name).split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise tarfile.TarError("'..' in a name")
    return printable(b"/".join(parts)) or "."


def time_of(member):
    text = member.pax_headers.get("mtime") or str(member.mtime)
    time = Decimal(text)
    seconds = time.to_integral_value(ROUND_FLOOR)
    nanoseconds = int((time - seconds) * 10**9)
    return "%d" % seconds + ("+%09d" % nanoseconds if nanoseconds else "")


def xattrs_of(member):
    found = {}
    for key, value in member.pax_headers.items():
        if key.startswith("LIBARCHIVE.xattr."):
            value = raw(value)
            found[urllib.parse.unquote_to_bytes(key[17:])] = base64.b64decode(value + b"=" * (-len(value) % 4))
    for key, value in member.pax_headers.items():
        if key.startswith("SCHILY.xattr."):
            found[raw(key[13:])] = raw(value)
    return " ".join(sorted("xattr.%s=%s" % (printable(name), printable(value)) for name, value in found.items()))


def pieces_of(member):
    """What tarlist says about the pieces of a sparse file: neighbours are one."""
    out = []
    for offset, size in member.sparse:
        if size and out and out[-1][0] + out[-1][1] == offset:
            out[-1][1] += size
        elif size:
            out.append([offset, size])
    return out


def data_of(archive, member):
    contents = archive.extractfile(member)
    if member.sparse is None:
        return " size=%d crc=%08x" % (member.size, zlib.crc32(contents.read()))
    crc, pieces = 0, pieces_of(member)
    for offset, size in pieces:
        contents.seek(offset)
        crc = zlib.crc32(contents.read(size), crc)
    listed = " data=" + (",".join("%d+%d" % tuple(piece) for piece in pieces) or "none")
    return " size=%d%s crc=%08x" % (member.size, listed, crc)


def python_list(path):
    """The lines of tarlist as Python has them, or None when it refuses the archive."""
    lines = []
    try:
        with tarfile.open(path, "r:", encoding="utf-8", errors="surrogateescape") as archive:
            for member in archive:
                kind = TYPES.get(member.type, "unknown")
                line = "%s %04o %d:%d %s %s" % (kind, member.mode & 0o7777, member.uid, member.gid, time_of(member),
                                                normal(member.name))
                if kind == "file":
                    line += data_of(archive, member)
                elif kind == "hardlink":
                    line += " -> " + normal(member.linkname)
                elif kind == "symlink":
                    line += " -> " + printable(raw(member.linkname))
                elif kind in ("char", "block"):
                    line += " dev=%d:%d" % (member.devmajor, member.devminor)
                lines.append((line, xattrs_of(member)))
    except (tarfile.TarError, EOFError, ValueError, OSError, ArithmeticError, IndexError):
        return None
    return lines


def our_list(tarlist, path, copy):
    result = subprocess.run([tarlist, path, copy], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    lines = result.stdout.decode().splitlines()
    if result.returncode != 0:
        return None, lines[-1] if lines else result.stderr.decode()
    out = []
    for line in lines[:-1]:
        if line.startswith("warning: "):
            continue
        line, *xattrs = re.split(r" (?=xattr\.)", line)
        out.append((line, " ".join(sorted(xattrs))))
    return out, None


def difference(ours, theirs):
    for mine, other in zip(ours, theirs):
        if mine != other:
            return "we: %s\nPython: %s" % (mine, other)
    if len(ours) != len(theirs):
        return "%d entries, Python has %d" % (len(ours), len(theirs))
    return None


def complaint(command, copy):
    """What another program has to say about our copy."""
    result = subprocess.run(command + [copy], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
                            env={**os.environ, "LC_ALL": "C.UTF-8"})
    text = b"\n".join(line for line in result.stderr.splitlines() if b"hdrcharset" not in line and b"SCHILY.dev" not in line)
    return "%s: %s" % (command[0], text.decode(errors="replace")) if result.returncode or text else None


def can_be_copied(line):
    return " data=" not in line and not line.startswith("unknown ")


def check(tarlist, name, path, copy):
    """None, or what is wrong."""
    ours, refusal = our_list(tarlist, path, copy)
    if ours is None:
        return None if refusal.startswith("error: ") else "tarlist: " + refusal
    theirs = python_list(path)
    name = os.path.basename(name)
    wrong = None if name in DIFFERS else "Python refuses it" if theirs is None else difference(ours, theirs)
    if wrong:
        return wrong
    copied = python_list(copy)
    if copied is None:
        return "Python refuses the copy"
    if name not in DIFFERS:
        wrong = difference([entry for entry in ours if can_be_copied(entry[0])], copied)
    for command in (["tar", "-tvf"], ["bsdtar", "-tvf"]):
        if not wrong and name not in NOT_FOR_OTHERS and shutil.which(command[0]):
            wrong = complaint(command, copy)
    return "copy: " + wrong if wrong else None


def archives(recipes, corpus, scratch):
    """(name, path) of each archive."""
    path = os.path.join(scratch, "archive.tar")
    for name in sorted(os.listdir(recipes)):
        if name.endswith(".recipe"):
            with open(path, "wb") as file:
                file.write(mktar.build_file(os.path.join(recipes, name)))
            yield name[:-7], path
    for folder, folders, names in os.walk(corpus or scratch):
        folders.sort()
        for name in sorted(names):
            found = os.path.join(folder, name)
            if corpus and name.endswith(".tar.gz"):
                with gzip.open(found) as packed, open(path, "wb") as file:
                    shutil.copyfileobj(packed, file)
                yield found, path
            elif corpus and name.endswith(".tar"):
                yield found, found


def main(argv):
    if len(argv) not in (3, 4):
        print(__doc__)
        return 2
    count = failures = 0
    corpus = argv[3] if len(argv) == 4 and os.path.isdir(argv[3]) else None
    with tempfile.TemporaryDirectory() as scratch:
        copy = os.path.join(scratch, "copy.tar")
        for name, path in archives(argv[2], corpus, scratch):
            count += 1
            wrong = check(argv[1], name, path, copy)
            if wrong:
                failures += 1
                print("%s: %s" % (name, wrong))
    print("%d archives, %d failures%s" % (count, failures, "" if corpus else ", no corpus"))
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
