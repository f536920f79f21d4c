#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What unpack refuses for the image's sake, validate tells, and the other way round: over all bad layouts,
escapes and layouts that others made."""
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "corpus"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import test_bad_layouts  # noqa: E402
import test_escapes  # noqa: E402
import test_real_images  # noqa: E402
from harness import NO_LEAK_CHECK, Case  # noqa: E402

# What unpack refuses and validate does not mind, by a part of unpack's message, and why.
UNPACK_IS_STRICTER = {
    "this is no image to run but an artifact": "an artifact is valid, it is only nothing to run",
    "is no media type of a layer": "an unknown media type must not be an error (manifest.layers.unknown-no-error)",
    "cannot be verified": "a digest of an unknown algorithm is valid (digest.unrecognized.accept)",
    "followed too far": "what links lead through costs less in memory, so that there may be more of it",
    "config.User": "who is in /etc/passwd is known when all layers are applied",
}
# What validate tells as an error and unpack takes, by rule, and why.
VALIDATE_IS_STRICTER = {
    "report.more": "has the severity of what is not shown",
    "layer.tar.no-duplicates": "the last entry counts when a layer is unpacked",
    "manifest.layers.min-one-schema": "an image without layers is an empty root file system",
    "layout.oci-layout.file-present": "with index.json it is a layout nevertheless",
    "layout.oci-layout.version-value": "every 1.x.y is laid out alike (layout.oci-layout.version-value)",
    "layout.blobs.missing": "what is left out of an index is nobody's who unpacks something else",
    "layout.blobs-dir.present": "a layout whose blobs are all embedded can be read",
    "layout.blobs.encoded-grammar": "names that are no blobs are passed over",
    "layout.blobs.alg-grammar": "names that are no blobs are passed over",
    "layout.blobs.path-scheme": "names that are no blobs are passed over",
    "layout.blobs.registered-encoded": "names that are no blobs are passed over",
}


class Agreement:
    """Runs validate after each unpack of a test, over the same image."""

    def run_tool(self, *args, **options):
        # The tests that this runs once more have looked for leaks of unpack, but not of validate.
        result = super().run_tool(*args, **{"env": NO_LEAK_CHECK, **options})
        if args and args[0] == "unpack":
            self.compare(args, result, options)
        return result

    def compare(self, args, unpacked, options):
        limits = ["--max-size", "--max-entries", "--max-ratio", "--max-document", "--max-depth"]
        kept = [a for i, a in enumerate(args) if a in limits or (i > 0 and args[i - 1] in limits)]
        image = next(a for a in args[1:] if str(a).startswith("layout"))
        result = super().run_tool("validate", "--format", "json", *kept, image, **options)
        message = unpacked.stderr.decode(errors="replace")
        self.assertIn(result.returncode, (0, 3), result.stderr)
        found = {f["rule"] for f in json.loads(result.stdout)["findings"] if f["severity"] == "error"}
        self.assertEqual(result.returncode, 3 if found else 0)
        if unpacked.returncode == 3 and not found:
            self.assertTrue(any(part in message for part in UNPACK_IS_STRICTER), f"validate finds no fault: {message}")
        if unpacked.returncode == 0:
            self.assertEqual(found - set(VALIDATE_IS_STRICTER), set(), "unpack takes it")


class BadLayouts(Agreement, test_bad_layouts.BadLayout):
    pass


@unittest.skipUnless((test_real_images.CORPUS / "INDEX.tsv").exists(), "the corpus is not there")
class RealLayouts(Agreement, Case):
    """Layouts that others made, image by image."""

    def test_every_image(self):
        count = 0
        for path, _ in test_real_images.layouts():
            os.symlink(test_real_images.CORPUS / path, self.dir / f"layout{count}")
            has_index = (test_real_images.CORPUS / path / "index.json").exists()
            digests = sorted(set(test_real_images.images(test_real_images.CORPUS / path))) if has_index else []
            for i, digest in enumerate(digests or [None]):
                with self.subTest(f"{path}@{digest}"):
                    self.run_tool("unpack", "--quiet", f"layout{count}" + (f"@{digest}" if digest else ""), f"bundle{count}-{i}")
            count += 1
        self.assertGreater(count, 25)


cases = [c for c in vars(test_escapes).values()
         if isinstance(c, type) and issubclass(c, unittest.TestCase) and c.__module__ == test_escapes.__name__]
for case in cases:
    globals()["Agreement" + case.__name__] = type("Agreement" + case.__name__, (Agreement, case), {})
del test_bad_layouts.BadLayout, case, cases

if __name__ == "__main__":
    unittest.main(verbosity=1)
