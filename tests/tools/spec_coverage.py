#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which test proves which sentence of the specifications.

usage: spec_coverage.py [--check] [--root DIR]

Reads testdata/spec/requirements.tsv (one row per requirement) and every test, in which a comment "proves: ID ID..." right
above a test (OCI_TEST in C, @test in bats, the first lines of a data file) names the rows it proves; "safety.N" names a
rule of docs/security.md. Writes docs/spec-coverage.md; with --check writes nothing and fails when that page is
stale, an id is unknown, or a row that a consumer must meet has no test.
"""
import argparse
import collections
import pathlib
import re
import sys

SUBJECTS = ("digest", "descriptor", "layout", "index", "manifest", "config", "layer", "whiteout")
SAFETY_RULES = 20
PROVES = re.compile(r"^\s*(?://|#|/?\*+)?\s*proves:\s*(.*?)\s*(?:\*/)?$")
TEST = re.compile(r"OCI_TEST ?\((\w+),\s*(\w+)\)|@test\s+\"([^\"]+)\"|^\s*def\s+(test_\w+)")


def read_rows(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    names = lines[0].split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[1:] if line]


def tests_of(path, root):
    """Yields (id, test) for every proof in one file; a proof without a test below it belongs to the file."""
    pending = []
    where = path.relative_to(root).as_posix()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        found = PROVES.match(line)
        if found:
            pending += found.group(1).replace(",", " ").split()
            continue
        test = TEST.search(line)
        if test and pending:
            name = f"{test.group(1)}.{test.group(2)}" if test.group(1) else test.group(3) or test.group(4)
            yield from ((i, f"{where}: {name}") for i in pending)
            pending = []
    yield from ((i, where) for i in pending)


def collect(root):
    proofs = collections.defaultdict(list)
    files = [p for d in ("tests", "testdata") for p in (root / d).rglob("*") if p.is_file() and p.name != "spec_coverage.py"
             and p.suffix in (".c", ".bats", ".sh", ".py", ".recipe", ".expect", ".txt", ".tsv") and p.name not in ("requirements.tsv", "not-rules.tsv", "rows.tsv")]
    for path in sorted(files):
        for i, test in tests_of(path, root):
            if test not in proofs[i]:
                proofs[i].append(test)
    return proofs


def must_be_met(row):
    roles = set(re.split(r"[,\s]+", row["role"]))
    return row["subject"] in SUBJECTS and row["level"].startswith(("MUST", "REQUIRED", "SHALL")) and roles & {"consumer", "applier"}


def validation(root):
    """Row -> what validation makes of it: a rule, with what breaks it and what meets it, or why it is none."""
    out = {r["id"]: r["reason"] for r in read_rows(root / "testdata/spec/not-rules.tsv")}
    samples = {r["row"]: r for folder in ("spec", "layers") for r in read_rows(root / f"testdata/{folder}/rows.tsv")}
    rules = re.findall(r'^RULE\("([^"]+)"', (root / "src/image/rules.def").read_text(encoding="utf-8"), re.MULTILINE)
    for rule in rules:
        sample = samples.get(rule, {})
        names = [f"{kind} `{sample[column]}`" for kind, column in (("broken by", "breaks"), ("met by", "meets"))
                 if sample.get(column, "-") != "-"]
        out[rule] = ", ".join(["a rule", *names])
    return out


def page(rows, proofs, rules):
    out = ["# Which test proves which sentence", "",
           "Made by `tests/tools/spec_coverage.py` from `testdata/spec/requirements.tsv` and the tests; do not edit. *validate* says",
           "whether `oci-image validate` has a rule for the row, with a document or layer of testdata that breaks it and one that",
           "meets it, or why it has none.", ""]
    by_subject = collections.OrderedDict()
    for row in rows:
        by_subject.setdefault(row["subject"], []).append(row)
    out += ["| subject | rows | proved | a consumer must | of those proved |", "|---|---|---|---|---|"]
    for subject, group in by_subject.items():
        must = [r for r in group if must_be_met(r)]
        out.append(f"| {subject} | {len(group)} | {sum(r['id'] in proofs for r in group)} | {len(must)} | "
                   f"{sum(r['id'] in proofs for r in must)} |")
    for subject, group in by_subject.items():
        out += ["", f"## {subject}", "", "| row | level | role | validate | tests |", "|---|---|---|---|---|"]
        for row in group:
            tests = "<br>".join(f"`{t}`" for t in proofs.get(row["id"], [])) or "-"
            out.append(f"| {row['id']} | {row['level']} | {row['role']} | {rules.get(row['id'], '-')} | {tests} |")
    out += ["", "## Rules of safety", "", "The rules are in `docs/security.md`.", "", "| rule | tests |", "|---|---|"]
    for n in range(1, SAFETY_RULES + 1):
        tests = "<br>".join(f"`{t}`" for t in proofs.get(f"safety.{n}", [])) or "-"
        out.append(f"| safety.{n} | {tests} |")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    args = parser.parse_args()
    rows = read_rows(args.root / "testdata/spec/requirements.tsv")
    proofs = collect(args.root)
    known = {r["id"] for r in rows} | {f"safety.{n}" for n in range(1, SAFETY_RULES + 1)}
    text = page(rows, proofs, validation(args.root))
    target = args.root / "docs/spec-coverage.md"
    bad = [f"{i}: no such row, named by {', '.join(t)}" for i, t in sorted(proofs.items()) if i not in known]
    bad += [f"{r['id']}: a consumer must meet it and no test proves it" for r in rows if must_be_met(r) and r["id"] not in proofs]
    if args.check:
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            bad.append("docs/spec-coverage.md is stale: run tests/tools/spec_coverage.py")
    else:
        target.write_text(text, encoding="utf-8")
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
