#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what tarlist says about archives built from recipes with what is expected.

    check_recipes.py TARLIST DIRECTORY [--update]

For each NAME.recipe in the directory there is either NAME.list, the whole listing, or NAME.expect, lines that must each be
a part of the last line of the listing, which must be an error. --update writes the listings (not the expectations) anew.
"""

import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import mktar  # noqa: E402


def listing(tarlist, archive):
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        file.write(archive)
        file.flush()
        result = subprocess.run([tarlist, file.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if result.returncode not in (0, 1) or result.stderr:
        return "exit %d\n%s" % (result.returncode, result.stderr.decode(errors="replace"))
    return result.stdout.decode()


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def check(tarlist, base, update):
    """None, or what is wrong."""
    try:
        got = listing(tarlist, mktar.build_file(base + ".recipe"))
    except mktar.RecipeError as problem:
        return "recipe: %s" % problem
    if os.path.exists(base + ".expect"):
        last = got.splitlines()[-1] if got else ""
        missing = [line for line in read(base + ".expect").splitlines() if line not in last]
        if not last.startswith("error: ") or missing:
            return "expected an error with %s, got:\n%s" % (missing, got)
        return None
    if update:
        with open(base + ".list", "w", encoding="utf-8") as file:
            file.write(got)
        return None
    if not os.path.exists(base + ".list"):
        return "neither .list nor .expect"
    want = read(base + ".list")
    return None if got == want else "expected:\n%s\ngot:\n%s" % (want, got)


def main(argv):
    if len(argv) not in (3, 4) or argv[3:] not in ([], ["--update"]):
        print(__doc__)
        return 2
    names = sorted(name[:-7] for name in os.listdir(argv[2]) if name.endswith(".recipe"))
    failures = 0
    for name in names:
        problem = check(argv[1], os.path.join(argv[2], name), len(argv) == 4)
        if problem:
            failures += 1
            print("%s: %s" % (name, problem))
    print("%d recipes, %d failures" % (len(names), failures))
    return 1 if failures or not names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
