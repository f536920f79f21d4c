#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the works of oci-image cost, against peers and against what the machine can.

usage: bench.py [OPTION]... BUILD

BUILD is the directory of a release build. Our program and each peer run in turn (A B A B), with fresh targets in memory; what
counts are the medians of the ratios within the pairs. The results are added to a JSON file, from which --write makes a page
and its plots beside it.
"""
import argparse
import fnmatch
import functools
import json
import os
import pathlib
import platform
import statistics
import subprocess
import tempfile

import growth
import images
import page
import works
from cost import Bench, Command, Failed, compared, middle


def commit():
    """Which one the sources are of; + when they have changed since."""
    def git(*words):
        return subprocess.run(["git", "-C", str(images.ROOT), *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    name = git("rev-parse", "--short", "HEAD").stdout.decode().strip() or "unknown"
    return name + ("+" if git("diff", "--quiet", "HEAD", "--", "src", "include", "cmd", "CMakePresets.json").returncode == 1 else "")


class Results:
    """Records by name, WORK/ITEM/WHAT, kept in a file so that a part can be measured anew."""

    def __init__(self, path, only):
        self.path, self.only = path, only
        self.data = json.loads(path.read_bytes()) if path.exists() else {"conditions": {}, "records": {}}
        self.commit = commit()

    def wanted(self, name):
        return not self.only or any(fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(name, pattern + "/*") for pattern in self.only)

    def add(self, name, record):
        self.data["records"][name] = dict(record, commit=self.commit)
        self.path.write_text(json.dumps(self.data, indent=1) + "\n", encoding="utf-8")
        times = record.get("times")
        print(name, f"wall {times['wall']:.2f} x, cpu {times['cpu']:.2f} x" if times else
              f"wall {record['ours']['wall']:.3f} s, cpu {record['ours']['cpu']:.3f} s, {record['ours']['peak']:.0f} MiB", flush=True)


def conditions(programs, scratch, note):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        facts = dict(map(str.strip, text.partition(":")[::2]) for text in file if ":" in text)
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(file.readline().split()[1])
    kind = subprocess.run(["stat", "-f", "-c", "%T", str(scratch)], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    about = programs.can["--version"].split("\n")[:-1]
    return {"kernel": platform.release(), "processor": facts.get("model name", platform.machine()), "cores": os.cpu_count(),
            "sha instructions": "sha_ni" in facts.get("flags", "").split(), "GiB of memory": round(memory / (1 << 20)),
            "file system": kind, "ours": about, "peers": programs.versions, "note": note}


def against_peers(bench, programs, results, work, item, path, runs, warm):
    sides = dict({**works.WORKS, **works.STARTS}[work](programs, path))
    ours = sides.pop("ours")
    for name, theirs in sides.items():
        record = f"{work}/{item}/{name}"
        if not results.wanted(record):
            continue
        try:
            pairs = bench.pairs(functools.partial(bench.prepared, ours), functools.partial(bench.prepared, theirs), runs, warm)
        except Failed as failure:
            print(record, "cannot:", failure, flush=True)
            results.data["records"].pop(record, None)
            continue
        results.add(record, compared(pairs))


def against_floor(bench, programs, results, work, item, path, runs, warm):
    record = f"{work}/{item}/floor"
    if not results.wanted(record):
        return
    ours = dict(works.WORKS[work](programs, path))["ours"]
    facts = images.facts(str(path))
    layers, lines = facts.layers if work != "validate-blobs" else [], facts.lines if work == "unpack" else b""
    pairs = bench.pairs(functools.partial(bench.prepared, ours), functools.partial(bench.limits, layers, lines), runs, warm)
    models = [(cost, works.needs(work, facts, limits, os.cpu_count())) for cost, limits in pairs]
    floor = {key: statistics.median(model[key] for _, model in models) for key in ("wall", "cpu")}
    floor["parts"] = middle([model["parts"] for _, model in models])
    results.add(record, {
        "runs": runs, "ours": middle([cost for cost, _ in models]), "floor": floor,
        "times": {key: statistics.median(cost[key] / model[key] for cost, model in models) for key in ("wall", "cpu")},
        "image": {"entries": facts.entries, "tar": facts.tar_bytes, "stored": facts.stored_bytes, "files": facts.file_bytes},
        "machine": {"gunzip": pairs[0][1]["decode"]["gunzip"], **middle([{
            "decode": limits["decode"]["bytes"] / max(limits["decode"]["seconds"], 1e-9), "hash": limits["hash"], "write": limits["write"],
            "entry": limits["entry"]} for _, limits in pairs])}})


def memory(bench, programs, results, work, item, path, runs):
    """What our own commands need alone: their largest peak counts."""
    for what, make in works.MEMORY[work](programs, path):
        name = f"memory/{item}/{what}"
        if results.wanted(name):
            results.add(name, {"runs": runs, "ours": middle([bench.once(make) for _ in range(runs)])})


def measure(args, bench, programs, results, scratch):
    warm = not args.quick  # memory that nobody has used before is slow, and the second of a pair would get it
    few = max(1, args.runs // 2)
    for work, item, path in works.items(args.corpus):
        if args.quick and item not in ("small", "base"):
            continue
        if work in works.MEMORY:
            memory(bench, programs, results, work, item, path, few)
            continue
        if work in works.FLOOR:
            against_floor(bench, programs, results, work, item, path, args.runs, warm)
        against_peers(bench, programs, results, work, item, path, args.runs, warm)
    for item in () if args.quick else images.MADE:
        peers = dict(works.validate_layers(programs, scratch / item))
        if any(results.wanted(f"validate-layers/{item}/{peer}") for peer in peers):
            against_peers(bench, programs, results, "validate-layers", item, images.made(scratch / item), args.runs, warm)
    for work in works.STARTS:
        if args.corpus and (args.corpus / "small").exists():
            against_peers(bench, programs, results, work, "small", args.corpus / "small", args.runs * 10, True)
    growth.entries(bench, programs, results, few, 20000 if args.quick else 1 << 30)
    growth.documents(bench, programs, results, few)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("-n", "--runs", type=int, default=7,
                        help="pairs of each comparison (7), after one that warms up; ten times as many for start-up, half for growth and memory")
    parser.add_argument("--quick", action="store_true", help="one pair, the small items: whether all of it works")
    parser.add_argument("--only", action="append", metavar="WORK[/ITEM[/PEER]]", help="what to measure, * for any characters; repeatable")
    parser.add_argument("--corpus", type=pathlib.Path, help="the directory of the layouts and tars; growth needs none")
    parser.add_argument("--plain", type=pathlib.Path, metavar="BUILD",
                        help="a release build with -DOCI_ACCEL=OFF; without it OCI_IMAGE_ACCEL=none stands for one")
    parser.add_argument("--peers", type=pathlib.Path, help="a directory of peers newer than those in the path")
    parser.add_argument("--scratch", type=pathlib.Path, help="where targets are made, in memory")
    parser.add_argument("--lock", help="a file that is locked alone while the clock runs")
    parser.add_argument("--note", default="", help="what the page says about the conditions")
    parser.add_argument("--json", type=pathlib.Path, default=images.ROOT / "docs/benchmarks.json", help="the results, added to what is there")
    parser.add_argument("--write", action="store_true", help="make the page of the same name (docs/benchmarks.md) of them")
    parser.add_argument("build", type=pathlib.Path, nargs="?", help="a release build; without it nothing is measured")
    args = parser.parse_args()
    if args.quick:
        args.runs = 1
    results = Results(args.json, args.only)
    if args.build:
        if not args.corpus and not args.only:
            parser.error("--corpus is needed to measure all there is")
        programs = works.Programs(args.build.resolve(), args.plain and args.plain.resolve(), args.peers)
        args.corpus = args.corpus and args.corpus.resolve()
        args.scratch = args.scratch or (pathlib.Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None)
        with tempfile.TemporaryDirectory(prefix="oci-image-bench-", dir=args.scratch) as scratch:
            if not args.only:
                results.data["records"] = {}  # also those of programs that are no longer there
            results.data["conditions"] = conditions(programs, scratch, args.note)
            measure(args, Bench(args.build.resolve(), scratch, args.lock), programs, results, pathlib.Path(scratch))
    if args.write:
        page.write(args.json.with_suffix(""), results.data)


if __name__ == "__main__":
    main()
