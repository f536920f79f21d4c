# SPDX-License-Identifier: Apache-2.0
"""System calls of the program under test, by strace: their order, and their failures."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import NO_LEAK_CHECK, PROGRAM

CALLS = "openat,openat2,write,fsync,linkat,renameat,renameat2,mkdirat,unlinkat,exit_group"
LINE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+|\?)(.*)$")
DESCRIPTOR = re.compile(r"(\d+|AT_FDCWD)<([^>]*)>(\(deleted\))?")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def can_trace():
    if not shutil.which("strace"):
        return False
    return subprocess.run(["strace", "-f", "--seccomp-bpf", "-o", os.devnull, "-e", "inject=fsync:error=EIO", "true"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


needs_strace = unittest.skipUnless(can_trace(), "nothing can be traced here")


def strace(options, args, cwd, **environment):
    # With a filter in the kernel only the calls that are traced are slow.
    return subprocess.run(["strace", "-f", "--seccomp-bpf", *options, PROGRAM, *map(str, args)], cwd=cwd,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(NO_LEAK_CHECK, **environment),
                          timeout=120, check=False)


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
