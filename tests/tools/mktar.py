#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds a tar archive, honest or broken, from a readable recipe.

    mktar.py RECIPE [OUT]          "-" is standard input; without OUT the archive goes to standard output
    import mktar; mktar.build(text) -> bytes

A recipe is a list of lines. "#" begins a comment at the start of a line or after a blank. Words are separated by blanks;
"double quotes" keep blanks; in any word \\n \\t \\0 \\\\ \\" \\# and \\xNN stand for single bytes. The same recipe always gives
the same bytes.

Entries:

    dir       NAME             [FIELDS]
    file      NAME             [FIELDS]       data="text" (default empty), times=N repeats the data,
                                              noise=N is N bytes that do not compress
    symlink   NAME -> TARGET   [FIELDS]
    hardlink  NAME -> TARGET   [FIELDS]
    char      NAME             dev=MAJOR:MINOR [FIELDS]
    block     NAME             dev=MAJOR:MINOR [FIELDS]
    fifo      NAME             [FIELDS]
    entry     NAME             type=X [data=...] [FIELDS]      any type byte
    whiteout  DIR/NAME         an empty file DIR/.wh.NAME
    opaque    DIR              an empty file DIR/.wh..wh..opq
    sparse    NAME             form=gnu|0.0|0.1|1.0 size=REAL map=OFFSET+LEN,OFFSET+LEN... data=... (of the pieces)

Fields, all optional:

    mode=0644 uid=0 gid=0 mtime=0 uname= gname= dev=M:N link=TARGET
    size=N            what the header says, whatever the data is
    format=pax        (default) ustar with pax records where ustar has no room: long names, large numbers, fractions
    format=ustar      no pax records; what does not fit is an error of the recipe
    format=gnu        GNU magic, L and K headers, base-256 numbers
    format=v7         neither magic nor anything behind the link name
    xattr.NAME=VALUE  a pax record SCHILY.xattr.NAME
    pax.KEY=VALUE     any pax record in a header before this entry; may be given more than once
    gap=N             N bytes too many after the data's padding (negative: too few)

    Broken fields, after everything else:
    raw.FIELD=BYTES   the bytes of a header field (name mode uid gid size mtime checksum type link magic version uname
                      gname devmajor devminor prefix), filled with NUL
    at.OFFSET=BYTES   any bytes of the header
    checksum=signed   the sum of signed bytes, as some old programs wrote it
    checksum=bad      off by one

Headers for the next entry, and raw parts:

    pax    KEY=VALUE...        type x; rec="bytes" is a record taken as it is
    global KEY=VALUE...        type g
    solaris KEY=VALUE...       type X
    longname NAME              GNU type L      (nul=N: NUL bytes at the end, 1)
    longlink NAME              GNU type K
    bytes  "..."               these bytes
    hex    0123ab              these bytes
    zero   N                   N blocks of zeros
    align                      zeros up to the next block
    include FILE               another recipe (beside this one), without its end blocks

    noend                      no end blocks (otherwise two are written)
    truncate N                 keep the first N bytes only; -N: leave out the last N

A line may begin with "*N ": it is repeated N times, with {i} replaced by 0, 1, 2...
"""

import os
import re
import sys

BLOCK = 512
FIELDS = {
    "name": (0, 100), "mode": (100, 8), "uid": (108, 8), "gid": (116, 8), "size": (124, 12), "mtime": (136, 12),
    "checksum": (148, 8), "type": (156, 1), "link": (157, 100), "magic": (257, 6), "version": (263, 2),
    "uname": (265, 32), "gname": (297, 32), "devmajor": (329, 8), "devminor": (337, 8), "prefix": (345, 155),
}
KINDS = {"file": b"0", "hardlink": b"1", "symlink": b"2", "char": b"3", "block": b"4", "dir": b"5", "fifo": b"6"}
MODES = {"dir": 0o755, "symlink": 0o777}


class RecipeError(Exception):
    pass


# ---- words ----

def split_words(line):
    """The words of a line as (key or None, value); the key ends at the first "=" outside of quotes."""
    words, i, n = [], 0, len(line)
    escapes = {"n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\", '"': b'"', "#": b"#"}
    while True:
        while i < n and line[i] in " \t":
            i += 1
        if i >= n or line[i] == "#":
            return words
        word, key, quoted = b"", None, False
        while i < n and (quoted or line[i] not in " \t"):
            c = line[i]
            i += 1
            if c == '"':
                quoted = not quoted
            elif c == "\\":
                if line[i:i + 1] == "x":
                    word += bytes([int(line[i + 1:i + 3], 16)])
                    i += 3
                elif line[i:i + 1] in escapes:
                    word += escapes[line[i]]
                    i += 1
                else:
                    raise RecipeError("unknown escape in: " + line)
            elif c == "=" and key is None and not quoted and word:
                key, word = word.decode(), b""
            else:
                word += c.encode()
        if quoted:
            raise RecipeError("open quote in: " + line)
        words.append((key, word))


def whole(value):
    """Python's notation (0o17, 0x1f) and C's octal (017)."""
    text = value.decode()
    return int(text, 8) if re.fullmatch(r"0[0-7]+", text) else int(text, 0)


# ---- headers ----

def octal(value, width):
    text = b"%0*o" % (width - 1, value) if value >= 0 else b"-"
    return text + b"\0" if value >= 0 and len(text) < width else None


def base256(value, width):
    if value >= 0:
        return bytes([0x80]) + value.to_bytes(width - 1, "big")
    return bytes([0xff]) + (value + (1 << 8 * (width - 1))).to_bytes(width - 1, "big")


def pad(n):
    return b"\0" * (-n % BLOCK)


def pax_record(key, value):
    key = key if isinstance(key, bytes) else key.encode()
    size = len(key) + len(value) + 3
    total = size + len(str(size))
    total = size + len(str(total))
    return str(total).encode() + b" " + key + b"=" + value + b"\n"


class Header:
    def __init__(self, style):
        self.block = bytearray(BLOCK)
        self.style = style
        self.records = b""
        self.before = b""
        if style == "gnu":
            self.put("magic", b"ustar ")
            self.put("version", b" \0")
        elif style != "v7":
            self.put("magic", b"ustar\0")
            self.put("version", b"00")

    def put(self, field, value):
        at, width = FIELDS[field]
        if len(value) > width:
            raise RecipeError("%s does not fit: %r" % (field, value))
        self.block[at:at + width] = value + b"\0" * (width - len(value))

    def number(self, field, value, key=None):
        width = FIELDS[field][1]
        text = octal(value, width)
        if text is None and self.style == "gnu":
            text = base256(value, width)
        elif text is None and self.style == "pax" and key:
            self.records += pax_record(key, str(value).encode())
            text = octal(0, width)
        elif text is None:
            raise RecipeError("%s %d does not fit into this format" % (field, value))
        self.put(field, text)

    def name(self, name):
        if len(name) <= 100:
            self.put("name", name)
            return
        if self.style == "gnu":
            self.before += long_header(b"L", name, 1)
            self.put("name", name[:100])
            return
        for i in range(len(name) - 1):
            if name[i:i + 1] == b"/" and self.style != "v7" and i <= 155 and len(name) - i - 1 <= 100:
                self.put("prefix", name[:i])
                self.put("name", name[i + 1:])
                return
        if self.style != "pax":
            raise RecipeError("the name does not fit into this format")
        self.records += pax_record("path", name)
        self.put("name", name[:100])

    def link(self, target):
        if len(target) > 100 and self.style == "gnu":
            self.before += long_header(b"K", target, 1)
        elif len(target) > 100 and self.style == "pax":
            self.records += pax_record("linkpath", target)
        self.put("link", target[:100] if self.style in ("gnu", "pax") else target)

    def mtime(self, text):
        if re.fullmatch(r"-?[0-9]+\.[0-9]*", text):
            self.records += pax_record("mtime", text.encode())
            text = text.split(".")[0]
            text = text if int(text) >= 0 and text[0] != "-" else "0"
            self.number("mtime", int(text))
        else:
            self.number("mtime", int(text), "mtime")

    def sum(self, how):
        self.block[148:156] = b" " * 8
        total = sum(self.block)
        if how == b"signed":
            total -= 256 * sum(byte >= 128 for byte in self.block)
        elif how == b"bad":
            total += 1
        elif how:
            raise RecipeError("checksum=signed or checksum=bad")
        self.block[148:156] = b"%06o\0 " % (total & 0o777777)


def simple_header(kind, name, data, style="pax"):
    header = Header(style)
    header.put("name", name)
    for field in ("mode", "uid", "gid", "mtime"):
        header.number(field, 0o644 if field == "mode" else 0)
    header.number("size", len(data))
    header.put("type", kind)
    header.sum(None)
    return bytes(header.block) + data + pad(len(data))


def long_header(kind, name, nuls):
    return simple_header(kind, b"././@LongLink", name + b"\0" * nuls, "gnu")


def noise(n):
    """Bytes that do not compress, always the same ones."""
    state, out = 0x9E3779B97F4A7C15, bytearray()
    while len(out) < n:
        state ^= state << 13 & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 7
        state ^= state << 17 & 0xFFFFFFFFFFFFFFFF
        out += state.to_bytes(8, "little")
    return bytes(out[:n])


# ---- sparse files ----

def sparse_gnu(header, pieces, real):
    """Puts the map into the header; what does not fit comes back as extension blocks."""
    def structs(part, room):
        out = b"".join((octal(n, 12) or base256(n, 12)) for piece in part for n in piece)
        return out + b"\0" * (24 * room - len(out))

    header.block[386:482] = structs(pieces[:4], 4)
    header.block[482] = len(pieces) > 4
    header.block[483:495] = octal(real, 12) or base256(real, 12)
    rest, blocks = pieces[4:], b""
    while rest:
        blocks += structs(rest[:21], 21) + bytes([len(rest) > 21]) + b"\0" * 7
        rest = rest[21:]
    return blocks


def sparse_pax(header, form, name, pieces, real):
    """Adds the records of form; returns the map that goes before the data."""
    size, count = str(real).encode(), str(len(pieces)).encode()
    if form == b"1.0":
        header.records += pax_record("GNU.sparse.major", b"1") + pax_record("GNU.sparse.minor", b"0")
        header.records += pax_record("GNU.sparse.name", name) + pax_record("GNU.sparse.realsize", size)
        text = count + b"\n" + b"".join(b"%d\n%d\n" % piece for piece in pieces)
        return text + pad(len(text))
    header.records += pax_record("GNU.sparse.size", size) + pax_record("GNU.sparse.numblocks", count)
    if form == b"0.1":
        header.records += pax_record("GNU.sparse.name", name)
        header.records += pax_record("GNU.sparse.map", b",".join(b"%d,%d" % piece for piece in pieces))
    elif form == b"0.0":
        for at, length in pieces:
            header.records += pax_record("GNU.sparse.offset", str(at).encode())
            header.records += pax_record("GNU.sparse.numbytes", str(length).encode())
    else:
        raise RecipeError("form=gnu, 0.0, 0.1 or 1.0")
    return b""


# ---- recipes ----

class Recipe:
    def __init__(self, base):
        self.out = bytearray()
        self.base = base
        self.end = True
        self.cut = None

    def line(self, line):
        words = split_words(line)
        if not words:
            return
        verb = words[0][1].decode()
        rest = words[1:]
        if verb in ("pax", "global", "solaris"):
            records = b"".join(value if key == "rec" else pax_record(key, value) for key, value in rest)
            kind = {"pax": b"x", "global": b"g", "solaris": b"X"}[verb]
            self.out += simple_header(kind, b"PaxHeader", records)
        elif verb in ("longname", "longlink"):
            nuls = dict(rest[1:]).get("nul", b"1")
            self.out += long_header(b"L" if verb == "longname" else b"K", rest[0][1], whole(nuls))
        elif verb == "bytes":
            self.out += rest[0][1]
        elif verb == "hex":
            self.out += bytes.fromhex(rest[0][1].decode())
        elif verb == "zero":
            self.out += b"\0" * (BLOCK * whole(rest[0][1]))
        elif verb == "align":
            self.out += pad(len(self.out))
        elif verb == "include":
            inner = Recipe(self.base)
            inner.file(os.path.join(self.base, rest[0][1].decode()))
            self.out += inner.out
        elif verb == "noend":
            self.end = False
        elif verb == "truncate":
            self.cut = whole(rest[0][1])
        else:
            self.entry(verb, rest)

    def entry(self, verb, rest):
        if not rest:
            raise RecipeError("%s needs a name" % verb)
        name, words, records = rest[0], rest[1:], b""
        # A name may hold "=": it is put together again.
        name = name[1] if name[0] is None else name[0].encode() + b"=" + name[1]
        target = b""
        if words and words[0] == (None, b"->"):
            key, target = words[1]
            target = target if key is None else key.encode() + b"=" + target
            words = words[2:]
        options = {}
        for key, value in words:
            if key is None:
                raise RecipeError("%r is no field" % value)
            if key.startswith("pax."):
                records += pax_record(key[4:], value)
            elif key.startswith("xattr."):
                records += pax_record("SCHILY.xattr." + key[6:], value)
            else:
                options[key] = value
        if verb in ("whiteout", "opaque"):
            directory, _, base = name.rpartition(b"/") if verb == "whiteout" else (name, b"", b".wh..opq")
            name = (directory + b"/" if directory else b"") + b".wh." + base
            verb = "file"
        self.out += self.member(verb, name, target, options, records)

    def member(self, verb, name, target, options, records):
        def take(key, default=None):
            return options.pop(key, default)

        style = take("format", b"pax").decode()
        if style not in ("pax", "ustar", "gnu", "v7"):
            raise RecipeError("unknown format " + style)
        form = take("form", b"gnu") if verb == "sparse" else None
        header = Header("gnu" if form == b"gnu" else style)
        data = take("data", b"") * whole(take("times", b"1")) + noise(whole(take("noise", b"0")))
        if verb == "dir" and not name.endswith(b"/"):
            name += b"/"
        header.name(name)
        header.link(take("link", target))
        header.number("mode", whole(take("mode", str(MODES.get(verb, 0o644)).encode())))
        header.number("uid", whole(take("uid", b"0")), "uid")
        header.number("gid", whole(take("gid", b"0")), "gid")
        header.mtime(take("mtime", b"0").decode())
        major, minor = (int(part) for part in take("dev", b"0:0").decode().split(":"))
        uname, gname = take("uname", b""), take("gname", b"")
        if header.style != "v7":
            header.put("uname", uname)
            header.put("gname", gname)
            header.number("devmajor", major, "SCHILY.devmajor")
            header.number("devminor", minor, "SCHILY.devminor")
        ahead = b""
        if verb == "sparse":
            pieces = [tuple(int(x) for x in piece.split("+")) for piece in take("map", b"").decode().split(",") if piece]
            real = whole(take("size"))
            if form == b"gnu":
                ahead = sparse_gnu(header, pieces, real)
                header.number("size", len(data))
            else:
                data = sparse_pax(header, form, name, pieces, real) + data
                header.number("size", len(data), "size")
            header.put("type", b"S" if form == b"gnu" else b"0")
        else:
            kind = take("type") if verb == "entry" else KINDS.get(verb)
            if kind is None:
                raise RecipeError("unknown word " + verb)
            header.put("type", kind)
            header.number("size", whole(take("size", str(len(data)).encode())), "size")
        gap, how = whole(take("gap", b"0")), take("checksum")
        self.spoil(header, options)
        if how is not None or "raw.checksum" not in options:
            header.sum(how)
        records = header.records + records
        body = data + pad(len(data))
        body = body + b"\0" * gap if gap >= 0 else body[:gap]
        extended = simple_header(b"x", b"PaxHeader", records) if records else b""
        return extended + header.before + bytes(header.block) + ahead + body

    @staticmethod
    def spoil(header, options):
        for key, value in options.items():
            if key.startswith("raw.") and key[4:] in FIELDS:
                header.put(key[4:], value)
            elif key.startswith("at."):
                at = whole(key[3:].encode())
                if at + len(value) > BLOCK:
                    raise RecipeError(key + " is outside of the header")
                header.block[at:at + len(value)] = value
            else:
                raise RecipeError("unknown field " + key)

    def text(self, text):
        for number, line in enumerate(text.splitlines(), 1):
            try:
                repeat = re.match(r"\*([0-9]+)\s+", line)
                if repeat:
                    for i in range(int(repeat.group(1))):
                        self.line(line[repeat.end():].replace("{i}", str(i)))
                else:
                    self.line(line)
            except (RecipeError, ValueError, KeyError, IndexError, TypeError) as problem:
                raise RecipeError("line %d: %s" % (number, problem)) from problem

    def file(self, path):
        with open(path, encoding="utf-8") as recipe:
            self.text(recipe.read())

    def finish(self):
        if self.end:
            self.out += b"\0" * (2 * BLOCK)
        return bytes(self.out if self.cut is None else self.out[:self.cut])


def build(text, base="."):
    """The archive of a recipe's text; base is where "include" looks."""
    recipe = Recipe(base)
    recipe.text(text)
    return recipe.finish()


def build_file(path):
    """The archive of the recipe in a file."""
    with open(path, encoding="utf-8") as recipe:
        return build(recipe.read(), os.path.dirname(path))


def main(argv):
    if len(argv) not in (2, 3) or argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if len(argv) > 1 and argv[1] in ("-h", "--help") else 2
    try:
        archive = build(sys.stdin.read()) if argv[1] == "-" else build_file(argv[1])
    except (OSError, RecipeError) as problem:
        print("mktar.py: %s: %s" % (argv[1], problem), file=sys.stderr)
        return 1
    if len(argv) == 3:
        with open(argv[2], "wb") as out:
            out.write(archive)
    else:
        sys.stdout.buffer.write(archive)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
