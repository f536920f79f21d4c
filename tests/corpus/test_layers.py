#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layers of testdata/layers: that they are complete, and that `validate --type layer` tells what is expected of them."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import expectations as E  # noqa: E402
import layout as L  # noqa: E402
import mktar  # noqa: E402
from harness import Case  # noqa: E402

LAYERS = E.TESTDATA / "layers"
RECIPES = sorted(LAYERS.glob("*.recipe"))


def expected_of(recipe):
    return E.read_expected(recipe.with_suffix(".expect"))


class Layers(unittest.TestCase):
    def test_there_are_many(self):
        wrong = [r for r in RECIPES if any(e.severity == "error" for e in expected_of(r))]
        self.assertGreaterEqual(len(wrong), 60)
        self.assertGreaterEqual(len(RECIPES) - len(wrong), 60)

    def test_every_expectation_has_its_recipe(self):
        for path in LAYERS.glob("*.expect"):
            self.assertTrue(path.with_suffix(".recipe").exists(), path)

    def test_every_recipe_makes_an_archive(self):
        for recipe in RECIPES:
            self.assertGreaterEqual(len(mktar.build_file(str(recipe))), 512, recipe)

    def test_every_row_is_broken_and_met(self):
        def expected_of_name(name):
            recipe = LAYERS / f"{name}.recipe"
            return expected_of(recipe) if recipe.exists() else None
        self.assertEqual(E.problems_of_rows(LAYERS / "rows.tsv", {"layer", "whiteout"}, expected_of_name), [])


class Unpacking(Case):
    # The last of two entries counts, and a link to another layer has none to lead to.
    TAKEN = {"layer.tar.no-duplicates"}
    REFUSED = {"layer.hardlink.outside-may-fail"}

    def is_refused(self, recipe):
        layout = L.Layout(self.dir / recipe.stem)
        layout.image("img", [mktar.build_file(str(recipe))])
        layout.write()
        done = self.run_tool("unpack", "--rootless", f"{recipe.stem}:img", f"{recipe.stem}.bundle")
        self.assertIn(done.returncode, (0, 3), f"{recipe.stem}: {done.stderr}")
        return done.returncode == 3

    def test_unpack_and_these_expectations_agree(self):
        wrong = []
        for recipe in RECIPES:
            refused = any(e.severity == "error" and not self.TAKEN & set(e.rules) or self.REFUSED & set(e.rules)
                          for e in expected_of(recipe))
            if self.is_refused(recipe) != refused:
                wrong.append(f"{recipe.stem}: {'taken' if refused else 'refused'}")
        self.assertEqual(wrong, [])


class Validator(Case):
    def problems_under(self, version):
        """What the validator says of all layers under one version that is not as expected."""
        expected = {f"{r.stem}.tar": [e for e in expected_of(r) if version in e.versions] for r in RECIPES}
        done = self.run_tool("validate", "--type", "layer", "--format", "json", "--spec", version, *expected)
        return E.problems_of_run(done, expected, "entry")

    # proves: layer.tar.format layer.tar.no-duplicates layer.hardlink.not-directories layer.sparse.avoid
    # proves: layer.create.base-relative whiteout.empty-file whiteout.name whiteout.bare-prefix whiteout.regular-file
    # proves: whiteout.before-siblings whiteout.opaque.prefer-explicit whiteout.reserved-names
    def test_tells_of_every_layer_what_is_expected(self):
        for recipe in RECIPES:
            (self.dir / f"{recipe.stem}.tar").write_bytes(mktar.build_file(str(recipe)))
        wrong = [f"under {version}: {problem}" for version in E.VERSIONS for problem in self.problems_under(version)]
        self.assertEqual(wrong, [], f"{len(wrong)}:\n" + "\n".join(wrong))


if __name__ == "__main__":
    unittest.main(verbosity=1)
