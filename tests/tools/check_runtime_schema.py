#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# proves: runtime.schema-valid runtime.values.valid
"""Checks what the bundle module writes against the JSON schema of runtime-spec.

usage: check_runtime_schema.py UNIT_BUNDLE

OCI_RUNTIME_SPEC names a checkout of runtime-spec; without it the one of Debian's package is taken. Runs the unit tests of the module, which leave every config.json they
make in the directory OCI_TEST_CONFIGS, and checks each. Exits 77 (skipped) without a checkout or without jsonschema.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

SKIPPED = 77
PACKAGED = "/usr/share/gocode/src/github.com/opencontainers/runtime-spec"


def validator_for(schema_dir):
    import jsonschema

    # The schema refers to its parts by file name, and RefResolver is what both old and new versions of jsonschema have.
    warnings.simplefilter("ignore", DeprecationWarning)
    path = schema_dir / "config-schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    resolver = jsonschema.RefResolver(path.as_uri(), schema)
    return jsonschema.Draft4Validator(schema, resolver=resolver)


def check(path, validator):
    """Prints what is wrong with one file; returns how much that is."""
    count = 0
    for error in validator.iter_errors(json.loads(path.read_text(encoding="utf-8"))):
        where = "/".join(str(part) for part in error.absolute_path)
        print(f"{path.name}: /{where}: {error.message}")
        count += 1
    return count


def main():
    checkout = os.environ.get("OCI_RUNTIME_SPEC", PACKAGED)
    if not pathlib.Path(checkout).is_dir():
        print("skipped: no runtime-spec here, and OCI_RUNTIME_SPEC is not set")
        return SKIPPED
    try:
        validator = validator_for(pathlib.Path(checkout).resolve() / "schema")
    except ImportError:
        print("skipped: python3-jsonschema is not installed")
        return SKIPPED
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([sys.argv[1]], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={**os.environ, "OCI_TEST_CONFIGS": directory})
        files = sorted(pathlib.Path(directory).iterdir())
        wrong = sum(check(path, validator) for path in files)
    print(f"{len(files)} files, {wrong} errors")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
