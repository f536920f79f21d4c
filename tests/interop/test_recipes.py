#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The recipes of docs/ci.md and the commands of docs/report.md do what is said of them."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[1] / "tools"
sys.path.insert(0, str(TOOLS))
import layout as L  # noqa: E402
from harness import PROGRAM, Case  # noqa: E402

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(77)

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGES = ("ci.md", "report.md")
# Whatever a block is, a test below tries it, or it is shown only.
KINDS = {"sh", "yaml", "groovy", "console", ""}
COMMAND = "oci-image validate"


def blocks(kind, *pages):
    """(page and number of line, text) of each block of the kind."""
    for page in pages or PAGES:
        text = (TOP / "docs" / page).read_text(encoding="utf-8")
        for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if match[1] not in KINDS:
                raise AssertionError(f"{page}: a block of the kind '{match[1]}' is tried by no test")
            if match[1] == kind:
                yield f"{page}:{text.count(chr(10), 0, match.start()) + 1}", match[2]


def documents():
    return [(where, yaml.safe_load(text)) for where, text in blocks("yaml")]


def document_with(key):
    """The recipe that has the member, which has to be there."""
    return next(document for _, document in documents() if key(document))


class Recipes(Case):
    def setUp(self):
        super().setUp()
        (self.dir / "bin").mkdir()
        (self.dir / "bin" / "oci-image").symlink_to(shutil.which(PROGRAM))
        self.environment = {**os.environ, "PATH": f"{self.dir / 'bin'}:{os.environ['PATH']}", "HOME": str(self.dir),
                            "XDG_CACHE_HOME": str(self.dir / "cache"), "GIT_CONFIG_GLOBAL": "/dev/null",
                            "GIT_CONFIG_NOSYSTEM": "1"}
        (self.dir / "rootfs.tar").write_bytes(L.tar([L.directory("bin"), L.file("bin/sh", b"#!\n")]))

    def make_image(self, where="."):
        made = self.shell(f"oci-image create {where}/image:app rootfs.tar --cmd /bin/sh")
        self.assertEqual(made.returncode, 0, made.stderr)

    def damage_image(self, where="."):
        path = self.dir / where / "image" / "index.json"
        index = json.loads(path.read_text())
        index["manifests"][0]["size"] = -1
        path.write_text(json.dumps(index))

    def shell(self, text, cwd=None):
        return subprocess.run(["bash", "-e", "-c", text], cwd=self.dir / (cwd or "."), env=self.environment, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def check_report(self, name):
        done = subprocess.run([sys.executable, "-B", TOOLS / "check_report.py", self.dir / name],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertIn(done.returncode, (0, 77), done.stdout.decode())

    def try_job(self, text, report=None):
        """The command passes with a good image, fails with a bad one, and leaves its report in both cases."""
        self.make_image()
        for damaged in (False, True):
            if damaged:
                self.damage_image()
            done = self.shell(text)
            self.assertEqual(done.returncode, 3 if damaged else 0, f"{text}\n{done.stdout}\n{done.stderr}")
            if report:
                self.check_report(report)
                self.assertEqual("descriptor.size." in self.read_findings(report), damaged)
        shutil.rmtree(self.dir / "image")
        return done.stdout

    def read_findings(self, report):
        """The report without the rules that a SARIF log describes."""
        text = (self.dir / report).read_text(encoding="utf-8")
        return json.dumps(json.loads(text)["runs"][0]["results"]) if report.endswith(".sarif") else text

    def test_shell(self):
        tried = 0
        for where, text in blocks("sh"):
            with self.subTest(where):
                self.assertIn(COMMAND, text)
                self.make_image()
                (self.dir / "layout").symlink_to("image")
                done = self.shell(text)
                self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout}\n{done.stderr}")
                (self.dir / "layout").unlink()
                shutil.rmtree(self.dir / "image")
                tried += 1
        self.assertGreaterEqual(tried, 4)

    def test_the_last_shell_recipe_fails_with_its_job(self):
        text = [text for _, text in blocks("sh", "ci.md")][-1]
        out = self.try_job(text, "image.json").decode()
        self.assertRegex(out, r"^error descriptor\.size\.\S+ index\.json ")

    def test_github(self):
        steps = document_with(lambda document: "jobs" in document)["jobs"]["validate"]["steps"]
        runs = [step["run"] for step in steps if COMMAND in step.get("run", "")]
        self.assertEqual(len(runs), 2)
        out = self.try_job(runs[0]).decode()
        self.assertRegex(out, r"^::error file=image/index\.json,line=1,col=\d+,title=descriptor\.size\.")
        upload = next(step for step in steps if "upload-sarif" in step.get("uses", ""))
        self.try_job(runs[1], upload["with"]["sarif_file"])
        # The first step has failed by then.
        for step in steps:
            if step.get("run") == runs[1] or step is upload:
                self.assertEqual(step["if"], "success() || failure()")

    def test_gitlab(self):
        job = document_with(lambda document: "validate" in document)["validate"]
        self.assertEqual(job["artifacts"]["when"], "always")
        self.try_job("\n".join(job["script"]), job["artifacts"]["reports"]["junit"])

    def test_jenkins(self):
        ((_, text),) = blocks("groovy")
        self.assertEqual(text.count("{"), text.count("}"))
        command, report = re.search(r"^ *sh '(.*)'$", text, re.MULTILINE)[1], re.search(r"^ *junit '(.*)'$", text, re.MULTILINE)[1]
        self.try_job(command, report)

    @unittest.skipUnless(shutil.which("pre-commit") and shutil.which("git"), "pre-commit is not there")
    def test_pre_commit(self):
        config = document_with(lambda document: "repos" in document)
        hooks = yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
        self.assertEqual([hook["id"] for hook in config["repos"][0]["hooks"]], [hook["id"] for hook in hooks])
        # A repository that has the hooks, in the place of ours.
        (self.dir / "hooks").mkdir()
        shutil.copy(TOP / ".pre-commit-hooks.yaml", self.dir / "hooks")
        commit = "git add -A && git -c user.name=n -c user.email=e commit -qm m"
        made = self.shell(f"git init -q . && {commit} && git rev-parse HEAD", "hooks")
        self.assertEqual(made.returncode, 0, made.stderr)
        config["repos"][0].update(repo=str(self.dir / "hooks"), rev=made.stdout.decode().strip())
        (self.dir / "work").mkdir()
        self.make_image("work")
        (self.dir / "work" / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
        done = self.shell("git init -q . && git add -A && pre-commit run", "work")
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
        self.assertIn(b"Passed", done.stdout)
        self.damage_image("work")
        done = self.shell("git add -A && pre-commit run", "work")
        self.assertEqual(done.returncode, 1, f"{done.stdout}\n{done.stderr}")
        self.assertIn(b"[descriptor.size.", done.stdout)


if __name__ == "__main__":
    unittest.main()
