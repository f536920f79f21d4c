#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page of the rules of validation.

usage: rules_page.py [--check] PROGRAM

Writes docs/rules.md from what `PROGRAM validate --list-rules --format json` says. With --check writes nothing and fails
when the page is stale, a rule has no test that names it, or a row of the requirements that a document or layer could
break is neither a rule nor a line of testdata/spec/not-rules.tsv.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = ROOT / "testdata" / "spec"
SOURCE = "https://github.com/opencontainers/image-spec/blob/main/"
ROLES = {"validator", "producer", "consumer"}


def page(rules):
    out = ["# The rules of validation", "",
           "Made by `tests/tools/rules_page.py` from `src/image/rules.def`; do not edit. `oci-image validate --explain RULE`",
           "says the same. Where a finding is milder than its rule, its text says why; what unpacking refuses is an error always.",
           "", "| rule | severity | since |", "|---|---|---|"]
    out += [f"| [{r['id']}](#{r['id'].replace('.', '')}) | {r['severity']} | {r['since']} |" for r in rules]
    for r in rules:
        section = f" ([{r['section']}]({SOURCE}{r['section']}))" if r["section"] else ""
        out += ["", f"## {r['id']}", "", f"{r['severity']}: {r['text']}{section}", "", r["explanation"]]
    return "\n".join(out) + "\n"


def tests():
    files = [p for p in (ROOT / "tests").rglob("*") if p.suffix in (".py", ".bats", ".c") and p.name != "rules_page.py"]
    files += [*SPEC.rglob("*.expect"), *(ROOT / "testdata" / "layers").rglob("*.expect")]
    return "\n".join(p.read_text(encoding="utf-8", errors="replace") for p in files)


def table(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    names = lines[0].split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[1:]]


def problems(rules, text):
    target = ROOT / "docs" / "rules.md"
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        yield "docs/rules.md is stale: run tests/tools/rules_page.py"
    words, ids = tests(), {r["id"] for r in rules}
    yield from (f"{i}: no test names this rule" for i in sorted(ids) if i not in words)
    reasons = {r["id"]: r["reason"] for r in table(SPEC / "not-rules.tsv")}
    rows = {r["id"]: r for r in table(SPEC / "requirements.tsv")}
    yield from (f"{i}: is a rule and in not-rules.tsv" for i in sorted(ids & set(reasons)))
    yield from (f"{i}: is in not-rules.tsv and no row" for i in sorted(set(reasons) - set(rows)))
    yield from (f"{i}: neither a rule nor in not-rules.tsv" for i, r in rows.items()
                if ROLES & set(r["role"].split(",")) and i not in ids and not reasons.get(i))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("program")
    args = parser.parse_args()
    done = subprocess.run([args.program, "validate", "--list-rules", "--format", "json"], stdout=subprocess.PIPE, check=True)
    rules = json.loads(done.stdout)
    text = page(rules)
    if not args.check:
        (ROOT / "docs" / "rules.md").write_text(text, encoding="utf-8")
        return 0
    bad = list(problems(rules, text))
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
