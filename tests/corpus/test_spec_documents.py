#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The documents of testdata/spec: that they are complete, and that `oci-image validate` tells what is expected of them."""
import concurrent.futures
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import expectations as E  # noqa: E402
from harness import Case  # noqa: E402

SPEC = E.TESTDATA / "spec"
TYPES = {"layout": "oci-layout", "descriptor": "descriptor", "index": "index", "manifest": "manifest", "config": "config"}
# Rows that could be about one document.
SUBJECTS = {"layout", "descriptor", "digest", "index", "platform", "manifest", "artifact", "config", "annotations", "media-types",
            "considerations"}
NOT_BY_ONE = {"allows something", "more than one file", "what a program does"}


def documents(verdict):
    return sorted((SPEC / verdict).glob("*/*.json"))


def expected_of(path):
    return E.read_expected(path.with_suffix(".expect"))


class Documents(unittest.TestCase):
    def test_there_are_many_of_every_type(self):
        for verdict, least in (("valid", 220), ("invalid", 490)):
            self.assertGreaterEqual(len(documents(verdict)), least)
            self.assertEqual({p.parent.name for p in documents(verdict)}, set(TYPES))

    def test_the_folder_tells_the_verdict(self):
        for verdict in ("valid", "invalid"):
            for path in documents(verdict):
                severities = {e.severity for e in expected_of(path)}
                self.assertEqual("error" in severities, verdict == "invalid", path)

    def test_what_the_parser_refuses_is_an_error(self):
        for path in documents("valid") + documents("invalid"):
            for expected in expected_of(path):
                self.assertTrue(expected.severity == "error" or not expected.by_parser, path)

    def test_every_expectation_has_its_document(self):
        for path in SPEC.rglob("*.expect"):
            self.assertTrue(path.with_suffix(".json").exists(), path)

    def test_every_row_is_broken_and_met(self):
        rows = {row["row"]: row for row in E.read_table(SPEC / "rows.tsv")}
        self.assertEqual(set(rows), {i for i, row in E.REQUIREMENTS.items() if row["subject"] in SUBJECTS})
        for row, documents_of in rows.items():
            breaks, meets, why = documents_of["breaks"], documents_of["meets"], documents_of["why"]
            if breaks == "-":
                self.assertIn(why, NOT_BY_ONE, row)
            else:
                self.assertTrue(any(row in e.rules for e in expected_of(SPEC / f"{breaks}.json")), f"{row}: {breaks}")
                self.assertEqual(why, "-", row)
                self.assertNotEqual(meets, "-", row)
            if meets != "-":
                self.assertTrue((SPEC / f"{meets}.json").exists(), f"{row}: {meets}")
                self.assertFalse(any(row in e.rules for e in expected_of(SPEC / f"{meets}.json")), f"{row}: {meets}")


class Validator(Case):
    def setUp(self):
        super().setUp()
        if self.run_tool("help", "validate").returncode != 0:
            self.skipTest("there is no validator")

    def problems_of(self, path, version):
        """What the validator says of a document under one version that is not as expected."""
        expected = [e for e in expected_of(path) if version in e.versions]
        done = self.run_tool("validate", "--type", TYPES[path.parent.name], "--format", "json", "--spec", version, path)
        status = 3 if any(e.severity == "error" for e in expected) else 0
        problems = [] if done.returncode == status else [f"exit {done.returncode}, not {status}: {done.stderr.decode()}"]
        try:
            findings = json.loads(done.stdout)["findings"]
        except ValueError as bad:
            return problems + [f"no report: {bad}"]
        return problems + E.compare(expected, findings, "pointer")

    # proves: layout.oci-layout.media-type descriptor.media-type.self spec.keywords.rfc2119
    def test_tells_of_every_document_what_is_expected(self):
        work = [(path, version) for path in documents("valid") + documents("invalid") for version in E.VERSIONS]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = pool.map(lambda item: self.problems_of(*item), work)
        wrong = [f"{path.relative_to(SPEC)} under {version}: {'; '.join(problems)}"
                 for (path, version), problems in zip(work, results) if problems]
        self.assertEqual(wrong, [], f"{len(wrong)} of {len(work)}:\n" + "\n".join(wrong))


if __name__ == "__main__":
    unittest.main(verbosity=1)
