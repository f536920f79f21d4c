#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The documents of testdata/spec: that they are complete, and that `oci-image validate` tells what is expected of them."""
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

    def test_every_part_says_where_and_what_the_parser_refuses_is_an_error(self):
        for path in documents("valid") + documents("invalid"):
            for expected in expected_of(path):
                self.assertIsNotNone(expected.where, path)
                self.assertTrue(expected.severity == "error" or not expected.by_parser, path)

    def test_every_expectation_has_its_document(self):
        for path in SPEC.rglob("*.expect"):
            self.assertTrue(path.with_suffix(".json").exists(), path)

    def test_every_row_is_broken_and_met(self):
        def expected_of_name(name):
            path = SPEC / f"{name}.json"
            return expected_of(path) if path.exists() else None
        self.assertEqual(E.problems_of_rows(SPEC / "rows.tsv", SUBJECTS, expected_of_name), [])


class Validator(Case):
    def problems_of(self, verdict, kind, version):
        """What the validator says of all documents of a folder under one version that is not as expected."""
        paths = [path for path in documents(verdict) if path.parent.name == kind]
        expected = {path: [e for e in expected_of(path) if version in e.versions] for path in paths}
        done = self.run_tool("validate", "--type", TYPES[kind], "--format", "json", "--spec", version, *paths)
        return E.problems_of_run(done, {str(path): e for path, e in expected.items()}, "pointer")

    # proves: layout.oci-layout.media-type descriptor.media-type.self descriptor.platform.recommended
    # proves: digest.blake3.output-256 digest.blake3.encoded digest.blake3.no-uppercase
    # proves: index.manifests.portable-media-types index.platform.recommended platform.architecture.goarch-produce
    # proves: platform.os.goos-produce platform.os-features.windows-produce platform.variant.produce
    # proves: platform.variant.table manifest.layers.at-least-one manifest.layers.min-one-schema
    # proves: manifest.layers.portable-media-types manifest.config.portable-image artifact.config-media-type
    # proves: artifact.single-layer-when-none artifact.type-with-config artifact.not-image-config
    # proves: config.architecture.goarch-produce config.os.goos-produce config.os-features.windows-produce
    # proves: config.variant.produce config.stop-signal.format config.args-escaped.deprecated annotations.namespaced
    # proves: annotations.reverse-domain annotations.reserved-oci annotations.reserved-oci-image
    # proves: annotations.created.rfc3339 annotations.urls annotations.version.matches-tag annotations.version.semver
    # proves: annotations.licenses.spdx annotations.ref-name.charset annotations.ref-name.grammar
    # proves: annotations.ref-name.index-json-only annotations.base-digest.digest annotations.base-name.format
    # proves: annotations.base-name.fully-qualified annotations.base-name.with-digest annotations.scope
    # proves: media.nondist-deprecated spec.keywords.rfc2119
    def test_tells_of_every_document_what_is_expected(self):
        wrong = []
        for version in E.VERSIONS:
            for verdict in ("valid", "invalid"):
                for kind in TYPES:
                    wrong += [f"under {version}: {problem}" for problem in self.problems_of(verdict, kind, version)]
        self.assertEqual(wrong, [], f"{len(wrong)}:\n" + "\n".join(wrong))


if __name__ == "__main__":
    unittest.main(verbosity=1)
