# SPDX-License-Identifier: Apache-2.0
"""System calls of the program under test, by strace: their order, and their failures."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import PROGRAM

CALLS = "openat,openat2,write,fsync,linkat,renameat,renameat2,mkdirat,unlinkat,exit_group"
# The leak checker of the sanitizers cannot work in a process that is traced.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
LINE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+|\?)(.*)$")
DESCRIPTOR = re.compile(r"(\d+|AT_FDCWD)<([^>]*)>(\(deleted\))?")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def can_trace():
    if not shutil.which("strace"):
        return False
    return subprocess.run(["strace", "-o", os.devnull, "-e", "inject=fsync:error=EIO", "true"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


needs_strace = unittest.skipUnless(can_trace(), "nothing can be traced here")


def strace(options, args, cwd):
    return subprocess.run(["strace", "-f", *options, PROGRAM, *map(str, args)], cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=120, check=False)


class Call:
    """One that was made and did not fail: its name, the paths of its descriptors and its strings, in their order."""

    def __init__(self, name, text, result):
        self.name, self.text = name, text
        self.paths = [path for _, path, _ in DESCRIPTOR.findall(text)]
        self.strings = STRING.findall(text)
        self.result = DESCRIPTOR.findall(result)

    def __repr__(self):
        return f"{self.name}({self.text})"

    def goal(self):
        """What linkat, renameat, mkdirat or unlinkat gives a name or takes it from."""
        return f"{self.paths[-1]}/{self.strings[-1]}"

    def origin(self):
        return f"{self.paths[0]}/{self.strings[0]}"


def record(args, cwd):
    """Runs the program; what it did, and the calls it made in the order in which they ended."""
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as out:
        done = strace(["-y", "-s", "4096", "-o", out.name, "-e", f"trace={CALLS}"], args, cwd)
        lines = out.read().splitlines()
    calls, begun = [], {}
    for line in lines:
        pid = line.split(" ", 1)[0]
        if line.endswith("<unfinished ...>"):
            begun[pid] = line[:-len("<unfinished ...>")]
            continue
        resumed = re.match(r"^\d+ +<\.\.\. \w+ resumed>(.*)$", line)
        if resumed and pid in begun:
            line = begun.pop(pid) + resumed.group(1)
        match = LINE.match(line)
        if match and (match.group(4) == "?" or int(match.group(4)) >= 0):
            calls.append(Call(match.group(2), match.group(3), match.group(4) + match.group(5)))
    return done, calls
