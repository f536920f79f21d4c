# SPDX-License-Identifier: Apache-2.0
"""Reads what testdata/spec and testdata/layers expect of a validator; testdata/spec/README.md describes the format."""
import csv
import dataclasses
import pathlib

TESTDATA = pathlib.Path(__file__).resolve().parents[2] / "testdata"
VERSIONS = ("1.0", "1.1", "head")
SEVERITIES = ("error", "warning", "info")
KEYS = ("pointer", "entry", "text", "rule", "also", "code", "severity", "spec")


def read_table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def read_requirements():
    """Row id -> row of requirements.tsv."""
    return {row["id"]: row for row in read_table(TESTDATA / "spec" / "requirements.tsv")}


REQUIREMENTS = read_requirements()


def versions_since(rule):
    since = REQUIREMENTS[rule]["since"].lower() if rule else VERSIONS[0]
    return VERSIONS[VERSIONS.index(since):]


@dataclasses.dataclass
class Expected:
    """One finding: rules is empty when any rule will do."""
    rules: tuple
    severity: str
    where: str
    versions: tuple
    by_parser: bool

    def fits(self, finding, member):
        return ((not self.rules or finding["rule"] in self.rules) and finding["severity"] == self.severity
                and (finding.get(member) or "") == self.where)

    def __str__(self):
        return f"{self.severity} {' or '.join(self.rules) or 'of any rule'} at '{self.where}'"


def read_part(lines, path):
    values = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon or key not in KEYS or key in values:
            raise ValueError(f"{path}: what is '{line}'?")
        values[key] = value.removeprefix(" ")
    rules = tuple(values.get("rule", "").split() + values.get("also", "").split())
    for rule in rules:
        if rule not in REQUIREMENTS:
            raise ValueError(f"{path}: there is no row '{rule}'")
    versions = tuple(values["spec"].split()) if "spec" in values else versions_since(values.get("rule"))
    severity = values.get("severity", SEVERITIES[0])
    if severity not in SEVERITIES or not versions or not set(versions) <= set(VERSIONS):
        raise ValueError(f"{path}: severity '{severity}' or versions {versions}")
    return Expected(rules, severity, values.get("pointer", values.get("entry", "")), versions, "text" in values)


def read_expected(path):
    """The findings that the file NAME.expect asks for; none when it does not exist."""
    if not path.exists():
        return []
    parts = path.read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    return [read_part(part.split("\n"), path) for part in parts]


def compare(expected, findings, member):
    """What is missing or too much, as lines; findings are those of the JSON report, of one version."""
    missing = [e for e in expected if not any(e.fits(f, member) for f in findings)]
    extra = [f for f in findings if f["severity"] != "info" and not any(e.fits(f, member) for e in expected)]
    return ([f"missing: {e}" for e in missing] +
            [f"not expected: {f['severity']} {f['rule']} at '{f.get(member) or ''}': {f.get('message')}" for f in extra])
