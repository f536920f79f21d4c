# SPDX-License-Identifier: Apache-2.0
"""Reads what testdata/spec and testdata/layers expect of a validator; testdata/spec/README.md describes the format."""
import csv
import dataclasses
import json
import pathlib

TESTDATA = pathlib.Path(__file__).resolve().parents[2] / "testdata"
VERSIONS = ("1.0", "1.1", "head")
SEVERITIES = ("error", "warning", "info")
KEYS = ("pointer", "entry", "text", "rule", "also", "code", "severity", "spec")
# Why nothing of the kind can break a row.
NOT_BY_ONE = {"allows something", "more than one file", "what a program does"}


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
    """One finding: rules is empty when any rule will do, where is None when any place will."""
    rules: tuple
    severity: str
    where: str
    versions: tuple
    by_parser: bool

    def fits(self, finding, member):
        return ((not self.rules or finding["rule"] in self.rules) and finding["severity"] == self.severity
                and self.where in (None, finding.get(member) or ""))

    def __str__(self):
        place = "anywhere" if self.where is None else f"at '{self.where}'"
        return f"{self.severity} {' or '.join(self.rules) or 'of any rule'} {place}"


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
    return Expected(rules, severity, values.get("pointer", values.get("entry")), versions, "text" in values)


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


def problems_of_run(done, expected, member):
    """What is not as expected of a finished `oci-image validate --format json`: expected has the findings of each operand,
    member is what says where."""
    status = 3 if any(e.severity == "error" for parts in expected.values() for e in parts) else 0
    problems = [] if done.returncode == status else [f"exit {done.returncode}, not {status}: {done.stderr.decode()}"]
    try:
        report = json.loads(done.stdout)
    except ValueError as bad:
        return problems + [f"no report: {bad}"]
    if [s["name"] for s in report["subjects"]] != list(expected):
        problems.append("other operands are reported")
    for name, parts in expected.items():
        findings = [f for f in report["findings"] if f["subject"] == name]
        problems += [f"{name}: {problem}" for problem in compare(parts, findings, member)]
    return problems


def problems_of_rows(table, subjects, expected_of):
    """What is wrong with a table of rows, what breaks and what meets them; expected_of(name) is None for no such file."""
    rows = {row["row"]: row for row in read_table(table)}
    about = {i for i, row in REQUIREMENTS.items() if row["subject"] in subjects}
    problems = [f"{row}: not in the table, or not of these subjects" for row in sorted(set(rows) ^ about)]
    for row, line in rows.items():
        breaks, meets, why = line["breaks"], line["meets"], line["why"]
        broken, met = (None if name == "-" else expected_of(name) for name in (breaks, meets))
        if breaks == "-" and why not in NOT_BY_ONE:
            problems.append(f"{row}: why does nothing break it?")
        if breaks != "-" and (why != "-" or meets == "-" or broken is None or not any(row in e.rules for e in broken)):
            problems.append(f"{row}: not broken by '{breaks}', or met by nothing")
        if meets != "-" and (met is None or any(row in e.rules for e in met)):
            problems.append(f"{row}: not met by '{meets}'")
    return problems
