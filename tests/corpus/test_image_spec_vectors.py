#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""image-spec's own cases: `oci-image validate` has to reject what its schema tests call a failure, and nothing else.

The documents are taken from the tables of schema/*_test.go and from the examples of the texts, and validated under the
version that goes with them: at each of REVISIONS of a git checkout (or a git directory) that OCI_IMAGE_SPEC names, and as
Debian packages them. Exits 77 (skipped) where neither is at hand.
"""
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import Case  # noqa: E402

SKIPPED = 77
SOURCE = os.environ.get("OCI_IMAGE_SPEC")
PACKAGED = pathlib.Path("/usr/share/gocode/src/github.com/opencontainers/image-spec")
REVISIONS = {"v1.0.2": "1.0", "v1.1.1": "1.1", "HEAD": "head"}
TEXTS = ("descriptor.md", "manifest.md", "image-index.md", "image-layout.md", "config.md")
# The type of a document by the name of the schema's validator that the test calls.
VALIDATORS = {"Descriptor": "descriptor", "LayoutHeader": "oci-layout", "Manifest": "manifest", "ImageIndex": "index",
              "ImageConfig": "config"}
MEDIA_TYPES = {"descriptor": "descriptor", "layout.header": "oci-layout", "image.manifest": "manifest", "image.index": "index",
               "image.config": "config"}


@dataclasses.dataclass
class Vector:
    name: str
    type: str
    document: str
    fails: bool


class Sources:
    """The files of one revision."""

    def __init__(self, path, revision):
        self.path, self.revision = path, revision

    def git(self, *args):
        return subprocess.run(["git", "-C", self.path, *args], stdout=subprocess.PIPE, check=True).stdout.decode()

    def names(self, folder):
        return self.git("ls-tree", "--name-only", self.revision, folder).splitlines()

    def read(self, name):
        return self.git("show", f"{self.revision}:{name}")


class PackagedSources:
    """The files of Debian's package, which is of some version of 1.1."""

    def names(self, folder):
        return [f"{folder}{path.name}" for path in sorted((PACKAGED / folder).iterdir())]

    def read(self, name):
        return (PACKAGED / name).read_text(encoding="utf-8")


# ---- Go ----

TOKEN = re.compile(r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/)|`(?P<raw>[^`]*)`|(?P<string>"(?:\\.|[^"\\])*")|'(?:\\.|[^'\\])+'"""
                   r"|(?P<word>[A-Za-z_0-9.]+)|(?P<sign>:=|.)", re.DOTALL)


def tokens_of(text):
    """(kind, text) of every token; kind is raw, string, word, sign or None for a character."""
    out = []
    for found in TOKEN.finditer(text):
        if found.lastgroup == "string":
            out.append(("string", json.loads(found.group("string"))))
        elif found.lastgroup == "raw":
            # Go leaves carriage returns out of raw strings.
            out.append(("raw", found.group("raw").replace("\r", "")))
        elif found.lastgroup != "skip":
            out.append((found.lastgroup, found.group()))
    return out


def is_text(token):
    return token[0] in ("raw", "string")


def functions_of(tokens):
    """(name, tokens of the body) of every test function."""
    for at, token in enumerate(tokens):
        if token == ("word", "func") and tokens[at + 1][1].startswith("Test"):
            start = tokens.index(("sign", "{"), at)
            yield tokens[at + 1][1], tokens[start:end_of_block(tokens, start)]


def end_of_block(tokens, start):
    depth = 0
    for at in range(start, len(tokens)):
        depth += {("sign", "{"): 1, ("sign", "}"): -1}.get(tokens[at], 0)
        if depth == 0:
            return at + 1
    raise ValueError("a block without an end")


def rows_of(body):
    """The rows of a table of structs as dictionaries: "{" NAME ":" VALUE "," ... "}"."""
    for at, token in enumerate(body):
        if token != ("sign", "{") or body[at + 1][0] != "word" or body[at + 2] != ("sign", ":"):
            continue
        row, inside = {}, body[at + 1:end_of_block(body, at) - 1]
        while inside:
            if inside[1] != ("sign", ":") or len(inside) > 3 and inside[3] != ("sign", ","):
                raise ValueError(f"a row of another form: {inside[:4]}")
            row[inside[0][1]] = inside[2]
            inside = inside[4:]
        yield row


def media_type_names(sources):
    """v1.MediaTypeX -> its string."""
    tokens = tokens_of(sources.read("specs-go/v1/mediatype.go"))
    return {"v1." + tokens[at - 1][1]: tokens[at + 1][1] for at, token in enumerate(tokens)
            if token == ("sign", "=") and is_text(tokens[at + 1])}


def exchanges_of(tokens, names):
    """The pairs of the map that the test of backwards compatibility exchanges in its documents."""
    return {tokens[at - 1][1]: names[tokens[at + 1][1]] for at, token in enumerate(tokens)
            if token == ("sign", ":") and is_text(tokens[at - 1]) and tokens[at + 1][1] in names}


def validator_of(body):
    for kind, text in body:
        found = re.fullmatch(r"schema\.ValidatorMediaType(\w+)\.Validate", text) if kind == "word" else None
        if found:
            return VALIDATORS[found.group(1)]
    return None


def vectors_of_test(sources, name):
    tokens = tokens_of(sources.read(name))
    exchanges = exchanges_of(tokens, media_type_names(sources))
    for function, body in functions_of(tokens):
        kind = validator_of(body)
        if kind is None:
            continue
        for number, row in enumerate(rows_of(body)):
            documents = [value[1] for key, value in row.items() if is_text(value) and key != "digest"]
            if len(documents) != 1:
                raise ValueError(f"{name} {function} {number}: which of {sorted(row)} is the document?")
            document = documents[0]
            if "digest" in row and row["digest"][1] != "sha256:" + hashlib.sha256(document.encode()).hexdigest():
                raise ValueError(f"{name} {function} {number}: the document was not read as it stands")
            if ("word", "convertFormats") in body:
                for old, new in exchanges.items():
                    document = document.replace(old, new)
            yield Vector(f"{name} {function} {number}", kind, document, row.get("fail") == ("word", "true"))


# ---- examples ----

FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^`\n]*)\n(?P<body>.*?)^ *``` *$", re.DOTALL | re.MULTILINE)


def vectors_of_text(sources, name):
    for found in FENCE.finditer(sources.read(name)):
        _, _, attributes = found.group("info").partition(",")
        attributes = urllib.parse.parse_qs(attributes)
        if "mediatype" not in attributes:
            continue
        kind = re.fullmatch(r"application/vnd\.oci\.(.*)\.v1\+json", attributes["mediatype"][0]).group(1)
        indent = len(found.group("indent"))
        document = "".join(line[indent:] for line in found.group("body").splitlines(keepends=True))
        yield Vector(f"{name} '{attributes['title'][0]}'", MEDIA_TYPES[kind], document, False)


def vectors_of(sources):
    out = []
    for name in sources.names("schema/"):
        if name.endswith("_test.go"):
            out += vectors_of_test(sources, name)
    for name in TEXTS:
        out += vectors_of_text(sources, name)
    return out


class Vectors(Case):
    def check(self, vector, version):
        """What is wrong with the verdict, or None."""
        path = self.dir / "document"
        path.write_text(vector.document, encoding="utf-8", newline="")
        done = self.run_tool("validate", "--type", vector.type, "--format", "json", "--spec", version, path)
        if done.returncode not in (0, 3):
            return f"exit {done.returncode}: {done.stderr.decode()}"
        errors = [f for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"]
        if (done.returncode == 3) != bool(errors):
            return f"exit {done.returncode} with {len(errors)} errors"
        if bool(errors) != vector.fails:
            return "accepted" if vector.fails else f"refused: {errors[0]['rule']}: {errors[0]['message']}"
        return None

    def agree(self, sources, version):
        vectors = vectors_of(sources)
        self.assertGreaterEqual(sum(v.fails for v in vectors), 30)
        self.assertGreaterEqual(sum(not v.fails for v in vectors), 30)
        problems = [(v.name, self.check(v, version)) for v in vectors]
        wrong = [f"{name}: {problem}" for name, problem in problems if problem]
        self.assertEqual(wrong, [], f"{len(wrong)} of {len(vectors)}:\n" + "\n".join(wrong))

    def agree_at(self, revision):
        if not SOURCE:
            self.skipTest("OCI_IMAGE_SPEC is not set")
        self.agree(Sources(SOURCE, revision), REVISIONS[revision])

    # proves: media.compat.backwards-suite manifest.layers.min-one-schema descriptor.size.zero-allowed
    def test_at_head(self):
        self.agree_at("HEAD")

    # proves: media.compat.backwards-suite manifest.layers.min-one-schema
    def test_at_1_1_1(self):
        self.agree_at("v1.1.1")

    def test_at_1_0_2(self):
        self.agree_at("v1.0.2")

    # proves: media.compat.backwards-suite manifest.layers.min-one-schema
    def test_as_packaged(self):
        if not PACKAGED.is_dir():
            self.skipTest("the package of image-spec is not installed")
        self.agree(PackagedSources(), "1.1")


def main():
    if not SOURCE and not PACKAGED.is_dir():
        print("skipped: no image-spec here, and OCI_IMAGE_SPEC is not set")
        return SKIPPED
    unittest.main(verbosity=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
