# SPDX-License-Identifier: Apache-2.0
"""Runs commands and tells what they cost, in pairs and alone with the machine."""
import contextlib
import dataclasses
import fcntl
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile


class Failed(Exception):
    """A command that did not do what was to be measured."""


@dataclasses.dataclass
class Command:
    """What is measured: words, after others that are not; result is what is weighed afterwards."""
    words: list
    before: list = dataclasses.field(default_factory=list)
    result: pathlib.Path = None
    ok: tuple = (0,)


class Bench:
    """Where and how commands are run. lock is a file that is held alone while the clock runs."""

    def __init__(self, build, scratch, lock=None):
        self.measure = str(build / "tests/perf_measure")
        self.floor = str(build / "tests/perf_floor")
        self.scratch = scratch
        self.lock = lock

    @contextlib.contextmanager
    def quiet(self):
        if self.lock is None:
            yield
            return
        with open(self.lock, "a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def target(self):
        """A fresh directory; it goes when the clock has stopped."""
        path = pathlib.Path(tempfile.mkdtemp(prefix="target-", dir=self.scratch))
        try:
            yield path
        finally:
            subprocess.run(["chmod", "-R", "u+rwX", str(path)], stderr=subprocess.DEVNULL, check=False)
            shutil.rmtree(path)

    def run(self, words, ok=(0,)):
        """wall and processor seconds and MiB of one command."""
        done = subprocess.run([self.measure, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise Failed(done.stderr.decode(errors="replace"))
        wall, cpu, peak, status = map(float, done.stdout.split())
        if status not in ok:
            raise Failed(f"{' '.join(map(str, words))[:200]}: exit {status:.0f}: {done.stderr.decode(errors='replace')[-400:].strip()}")
        return {"wall": wall, "cpu": cpu, "peak": peak / 1024}

    @contextlib.contextmanager
    def prepared(self, make):
        """A function that runs what make(target) gives, once, in a target of its own."""
        with self.target() as target:
            command = make(target)
            for words in command.before:
                subprocess.run(list(map(str, words)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

            def cost():
                out = self.run(command.words, command.ok)
                if command.result is not None:
                    out["bytes"] = sum(p.stat().st_size for p in command.result.rglob("*") if p.is_file())
                return out
            yield cost

    @contextlib.contextmanager
    def limits(self, layers, entries):
        """A function that tells what the floor program measures, of layers as KIND:PATH and entries as its lines."""
        with self.target() as target:
            yield lambda: json.loads(subprocess.run([self.floor, str(target), *layers], input=entries, stdout=subprocess.PIPE,
                                                    check=True).stdout)

    def once(self, make):
        with self.prepared(make) as cost, self.quiet():
            return cost()

    def pairs(self, ours, theirs, runs, warm=True):
        """Both in turn, each given as a context manager of one cost. A pair has the machine alone and gives it back before the
        next one, and before anything is removed. The first pair warms up and does not count."""
        out = []
        for n in range(runs + warm):
            with ours() as first, theirs() as second, self.quiet():
                pair = first(), second()
            if n >= warm:
                out.append(pair)
        return out


def middle(costs):
    """The medians of each fact; of memory the most."""
    return {key: (max if key == "peak" else statistics.median)(c[key] for c in costs) for key in costs[0]}


def compared(pairs):
    """A record of pairs: medians of both sides, and medians of the ratios within the pairs."""
    record = {"runs": len(pairs), "ours": middle([a for a, _ in pairs]), "theirs": middle([b for _, b in pairs]), "times": {}, "spread": {}}
    for key in ("wall", "cpu"):
        ratios = [b[key] / max(a[key], 1e-6) for a, b in pairs]
        record["times"][key] = statistics.median(ratios)
        record["spread"][key] = [min(ratios), max(ratios)]
    return record
