#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks reports of validation as those who read them would.

usage: check_report.py FILE...

What a file is says its name: .json is checked against docs/report-schema.json, .xml as JUnit writes it, .sarif against the
schema of SARIF 2.1.0 when OCI_SARIF_SCHEMA names that file, .github as workflow commands. Exits 77 (skipped) without
jsonschema.
"""
import json
import os
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

SKIPPED = 77
SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "docs" / "report-schema.json"
# The attributes that Jenkins' xUnit plugin and others know; those in the second set have to be there.
ATTRIBUTES = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, set()),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
                  {"name", "tests", "failures", "errors"}),
    "testcase": ({"name", "classname", "time"}, {"name", "classname"}),
    "failure": ({"type", "message"}, {"message"}),
    "error": ({"type", "message"}, {"message"}),
    "system-out": (set(), set()),
}
COMMAND = re.compile(r"::(error|warning|notice) file=([^:,]*)(?:,line=(\d+)(?:,col=(\d+))?)?,title=([^:,]+)::(.*)")


def check_json(path):
    import jsonschema

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    report = json.loads(path.read_text(encoding="utf-8"))
    for error in jsonschema.Draft202012Validator(schema).iter_errors(report):
        yield f"/{'/'.join(map(str, error.absolute_path))}: {error.message}"
    # The schema lets members be added; those that come now have to be described.
    things = [(schema, report)]
    things += [(schema["$defs"]["subject"], subject) for subject in report["subjects"]]
    things += [(schema["$defs"]["finding"], finding) for finding in report["findings"]]
    for described, thing in things:
        unknown = set(thing) - set(described["properties"])
        if unknown:
            yield f"members that the schema does not describe: {sorted(unknown)}"
    severities = [finding["severity"] for finding in report["findings"]]
    for severity in ("error", "warning", "info"):
        if severities.count(severity) != report["summary"][severity + "s"]:
            yield f"the count of {severity} is wrong"
    if sum(subject["findings"] for subject in report["subjects"]) != len(severities):
        yield "the subjects have another number of findings"


def check_sarif(path):
    import jsonschema

    log = json.loads(path.read_text(encoding="utf-8"))
    if "OCI_SARIF_SCHEMA" in os.environ:
        schema = json.loads(pathlib.Path(os.environ["OCI_SARIF_SCHEMA"]).read_text(encoding="utf-8"))
        checker = jsonschema.FormatChecker()
        for error in jsonschema.Draft4Validator(schema, format_checker=checker).iter_errors(log):
            yield f"/{'/'.join(map(str, error.absolute_path))}: {error.message}"
    else:
        print(f"{path}: OCI_SARIF_SCHEMA is not set, only its own rules are checked")
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        if len({rule["id"] for rule in rules}) != len(rules):
            yield "ids of rules are not unique"
        for result in run["results"]:
            if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
                yield f"ruleIndex of {result['ruleId']} is another rule"
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            if not re.fullmatch(r"(file://)?([A-Za-z0-9/._~!$&'()*+,;=@-]|%[0-9A-F]{2})*", uri):
                yield f"no URI: {uri}"
            # Outside of doubled ones, braces are places for arguments.
            if re.search(r"[{}]", re.sub(r"\{\{|\}\}", "", result["message"]["text"])):
                yield f"a placeholder in {result['message']['text']}"


def check_xml(path):
    root = ET.parse(path).getroot()
    if root.tag != "testsuites":
        yield f"the root is {root.tag}"
    for element in root.iter():
        known, wanted = ATTRIBUTES.get(element.tag, (set(), {"known"}))
        if set(element.attrib) - known or wanted - set(element.attrib):
            yield f"attributes of {element.tag}: {sorted(element.attrib)}"
    for suite in root:
        cases = suite.findall("testcase")
        failures = sum(case.find("failure") is not None for case in cases)
        errors = sum(case.find("error") is not None for case in cases)
        if [suite.get(name) for name in ("tests", "failures", "errors")] != [str(len(cases)), str(failures), str(errors)]:
            yield f"suite {suite.get('name')} has {len(cases)} cases, {failures} failures and {errors} errors"
        if cases[0].get("name") != "valid" or (len(cases[0]) == 0) != (failures + errors == 0):
            yield f"suite {suite.get('name')} does not begin with its verdict"
        if len({(case.get("classname"), case.get("name")) for case in cases}) != len(cases):
            yield f"suite {suite.get('name')} has two cases of one name"
    yield from check_with_junitparser(path)


def check_with_junitparser(path):
    """The same numbers, read by a library for such files, where it is there."""
    try:
        import junitparser
    except ImportError:
        return
    for suite in junitparser.JUnitXml.fromfile(str(path)):
        results = [case for case in suite if isinstance(case, junitparser.TestCase)]
        failed = [case for case in results if any(isinstance(r, junitparser.Failure) for r in case.result)]
        if (suite.tests, suite.failures) != (len(results), len(failed)):
            yield f"junitparser reads {len(results)} cases and {len(failed)} failures of suite {suite.name}"


def check_github(path):
    for line in path.read_bytes().decode("utf-8").split("\n")[:-1]:
        match = COMMAND.fullmatch(line)
        if not match:
            yield f"no command: {line}"
        elif re.search(r"%(?!25|0A|3A|2C)", line):
            yield f"an escape that is none: {line}"


CHECKS = {".json": check_json, ".sarif": check_sarif, ".xml": check_xml, ".github": check_github}


def main(argv):
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        print("skipped: python3-jsonschema is not installed")
        return SKIPPED
    wrong = 0
    for path in map(pathlib.Path, argv[1:]):
        for problem in CHECKS[path.suffix](path):
            print(f"{path}: {problem}")
            wrong += 1
    print(f"{len(argv) - 1} files, {wrong} errors")
    return 1 if wrong or len(argv) == 1 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
