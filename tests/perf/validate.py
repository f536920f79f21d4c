#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What validation costs.

usage: validate.py [--runs N] [--write] BUILD [LAYOUT...]

For each layout, and some that are made here, runs `validate` and the bare reading of all layers (pipeline.c) in turn and
prints the medians of the ratios of processor and wall time, and the peak of memory. Then times indexes of growing numbers of
entries and documents of growing size. --write puts tables and a plot into docs/benchmarks.md and docs/validate-scale.svg. BUILD is
the directory of a release build.
"""
import argparse
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tools"))
import layout as L  # noqa: E402


# What a process had before it became another program counts as its peak, so that it begins in a small one.
MEASURE = """
import os, sys, time
start = time.monotonic()
pid = os.fork()
if pid == 0:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))
"""


def measure(words, ok=(0,)):
    """(wall, processor seconds, MiB) of a whole process."""
    done = subprocess.run([sys.executable, "-S", "-c", MEASURE, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    wall, cpu, peak, status = map(float, done.stdout.split())
    if status not in ok:
        raise SystemExit(f"{' '.join(words)}: exit {status:.0f}")
    return wall, cpu, peak


def pair(first, second, runs):
    """The medians of the ratios of two commands run in turn, and of the first alone."""
    ones, others = [], []
    for i in range(runs + 1):
        one, other = measure(first), measure(second)
        if i > 0:  # the first pair warms up
            ones.append(one)
            others.append(other)
    return {"wall": statistics.median(a[0] / b[0] for a, b in zip(ones, others)),
            "cpu": statistics.median(a[1] / b[1] for a, b in zip(ones, others)),
            "seconds": statistics.median(a[0] for a in ones), "peak": max(a[2] for a in ones)}


def make_layouts(directory):
    """One layer of text in few files, four layers of it, and four layers of a hundred thousand files of six bytes: the worst case."""
    words = [bytes(random.Random(n).choices(b"abcdefghijklmnop \n", k=9)) for n in range(5000)]
    choose = random.Random(1)
    text = b"".join(choose.choices(words, k=1 << 19))
    shapes = {"one-large": [[L.file(f"f{i}", text) for i in range(40)]],
              "four-large": [[L.file(f"l{n}/f{i}", text) for i in range(20)] for n in range(4)],
              "four-of-tiny-files": [[L.file(f"l{n}/d{i % 50}/f{i}", b"small\n") for i in range(25000)] for n in range(4)]}
    for name, layers in shapes.items():
        layout = L.Layout(directory / name)
        layout.image("img", [L.tar(layer, L.tarfile.USTAR_FORMAT) for layer in layers])
        layout.write()
        yield directory / name


def growing(directory, program):
    """(kind, size, seconds) of documents that grow."""
    out = []
    for count in (1000, 5000, 10000, 15000, 20000):
        layout = L.Layout(directory / f"index{count}")
        tar = L.tar([L.file("f")])
        layer = layout.layer(tar)
        for i in range(count):
            layout.image(None, [tar], layers=[layer], manifest=lambda body, i=i: dict(body, annotations={"org.example.n": str(i)}))
        layout.write()
        out.append(("manifests in an index", count, statistics.median(measure([program, "validate", str(layout.path)])[0] for _ in range(3))))
    for size in (1, 2, 3, 4):
        text = '{"schemaVersion":2,"manifests":[],"annotations":{'
        count = 0
        while len(text) < (size << 20) - 100:
            text += f'{"," if count else ""}\n"k{count}":{count}'
            count += 1
        path = directory / f"document{size}"
        path.write_text(text + "}}")
        out.append(("MiB of a document full of faults", size, statistics.median(
            measure([program, "validate", "--type", "index", str(path)], (3,))[0] for _ in range(3))))
    return out


def plot(points):
    """Two lines over their own scales, as SVG."""
    kinds = list(dict.fromkeys(p[0] for p in points))
    width, height, left, bottom = 640, 300, 60, 40
    top = max(p[2] for p in points) * 1.1
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<path d="M{left} 10V{height - bottom}H{width - 20}" stroke="black" fill="none"/>',
           f'<text x="{left - 8}" y="20" text-anchor="end">{top:.2f} s</text>',
           f'<text x="{left - 8}" y="{height - bottom}" text-anchor="end">0</text>']
    for kind, colour, row in zip(kinds, ("#1f5fa8", "#b8431f"), range(2)):
        own = [(x, y) for k, x, y in points if k == kind]
        most = max(x for x, _ in own)

        def place(x, y, most=most):
            return left + x / most * (width - left - 40), height - bottom - y / top * (height - bottom - 10)
        line = " ".join(f"{a:.0f},{b:.0f}" for a, b in (place(x, y) for x, y in [(0, 0), *own]))
        svg.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        svg += [f'<circle cx="{place(x, y)[0]:.0f}" cy="{place(x, y)[1]:.0f}" r="3" fill="{colour}"/>' for x, y in own]
        svg.append(f'<text x="{left + 15}" y="{25 + 16 * row}" fill="{colour}">{kind}, up to {most}</text>')
    return "\n".join([*svg, "</svg>", ""])


def page(rows, points):
    out = ["# Benchmarks", "", "Made by `tests/perf/validate.py --write`; do not edit. Medians of runs in turn on a machine with "
           f"{os.cpu_count()} processors ({platform.machine()}), a release build, files in memory.", "",
           "## Validation against reading", "",
           "`validate` with all checks, and a program that only reads: every layer verified, decompressed, hashed and parsed, one after "
           "the other in one thread.", "",
           "| layout | processor time | wall time | seconds | peak memory |", "|---|---|---|---|---|"]
    out += [f"| {name} | {r['cpu']:.2f} × | {r['wall']:.2f} × | {r['seconds']:.2f} | {r['peak']:.0f} MiB |" for name, r in rows]
    out += ["", "## Growing documents", "", "![seconds over size](validate-scale.svg)", "", "| what | how many | seconds |", "|---|---|---|"]
    out += [f"| {kind} | {size} | {seconds:.3f} |" for kind, size, seconds in points]
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("layouts", type=pathlib.Path, nargs="*")
    args = parser.parse_args()
    program, pipeline = str(args.build / "cmd/oci-image/oci-image"), str(args.build / "tests/perf_pipeline")
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as scratch:
        scratch = pathlib.Path(scratch)
        rows = []
        for layout in [*args.layouts, *make_layouts(scratch)]:
            rows.append((layout.name, pair([program, "validate", str(layout)], [pipeline, str(layout)], args.runs)))
            print(layout.name, {k: round(v, 2) for k, v in rows[-1][1].items()}, flush=True)
        points = growing(scratch, program)
        for point in points:
            print(*point, flush=True)
    if args.write:
        (ROOT / "docs/benchmarks.md").write_text(page(rows, points), encoding="utf-8")
        (ROOT / "docs/validate-scale.svg").write_text(plot(points), encoding="utf-8")


if __name__ == "__main__":
    main()
