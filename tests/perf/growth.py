# SPDX-License-Identifier: Apache-2.0
"""What our program costs when images grow: in entries, in layers, in documents."""
import images
from cost import Command, middle

ENTRIES = (1, 1000, 10000, 100000, 200000, 1000000)
SHAPES = {"one directory": ENTRIES, "deep tree": ENTRIES, "layers": (1, 10, 120)}
WORKS = {"unpack": lambda ours, layout, t: Command([ours, "unpack", "-q", layout, t / "b"]),
         "unpack --rootfs-only": lambda ours, layout, t: Command([ours, "unpack", "-q", "--rootfs-only", layout, t / "b"]),
         "validate": lambda ours, layout, t: Command([ours, "validate", "-q", "--depth", "layers", layout])}
DOCUMENTS = {"manifests in an index": (1000, 5000, 10000, 15000, 20000), "MiB of a document full of faults": (1, 2, 3, 4)}


def entries(bench, programs, results, runs, most):
    """Records growth/WORK, SHAPE/COUNT; with the bytes of a path, which a snapshot has to hold."""
    for shape, counts in SHAPES.items():
        for count in (c for c in counts if c <= most):
            wanted = {name: make for work, make in WORKS.items() if results.wanted(name := f"growth/{work}, {shape}/{count}")}
            if not wanted:
                continue
            with bench.target() as scratch:
                layout, path = images.grown(scratch / "l", shape, count)
                entries = images.IN_LAYERS if shape == "layers" else count
                for name, make in wanted.items():
                    costs = [bench.once(lambda t, make=make: make(programs.ours, layout, t)) for _ in range(runs)]
                    results.add(name, {"runs": runs, "ours": middle(costs), "entries": entries, "path": path})


def documents(bench, programs, results, runs):
    for kind, counts in DOCUMENTS.items():
        for count in counts:
            name = f"growth/{kind}/{count}"
            if not results.wanted(name):
                continue
            with bench.target() as scratch:
                if kind == "manifests in an index":
                    command = Command([programs.ours, "validate", "-q", images.many_manifests(scratch / "l", count)])
                else:
                    command = Command([programs.ours, "validate", "-q", "--type", "index", images.faulty_document(scratch / "d", count)], ok=(3,))
                results.add(name, {"runs": runs, "ours": middle([bench.once(lambda t, c=command: c) for _ in range(runs)])})
