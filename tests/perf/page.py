# SPDX-License-Identifier: Apache-2.0
"""A page of benchmarks and its plots, of nothing but the records of bench.py. stem is the path of the page without .md."""
import html
import math

import targets
from works import LAYOUTS

TITLES = {"unpack": ("Unpack", "Into a bundle with bundle.mtree. `umoci raw` writes none; `igzip, tar` is `openssl dgst -sha256` and "
                               "`igzip -dc | tar -xp` for each layer, `bsdtar` is `bsdtar -xp` for each: they check less and know no "
                               "whiteouts."),
          "unpack-plain": ("Unpack without accelerators", "By a program that has neither ISA-L nor libdeflate."),
          "validate-layers": ("Validate, down to the layers", "`gzip, openssl` is `gzip -dc | openssl dgst -sha256` for each layer, so that "
                                                              "nothing is looked at; `crane` validates a docker archive of the same "
                                                              "layers; `reading alone` verifies, decompresses, hashes and parses each "
                                                              "layer with our library, in one thread."),
          "validate-blobs": ("Validate, without what is in the layers", "`openssl` is `openssl dgst -sha256` of all layers; `skopeo copy` "
                                                                        "writes them too."),
          "create-gzip": ("Create with gzip", "From one tar. umoci is `umoci raw add-layer`; `gzip` is `gzip -6`, and `openssl dgst` of both sides."),
          "create-zstd": ("Create with zstd:3", "The same; umoci knows gzip alone. `zstd` is `zstd -3 -T0`."),
          "version": ("`--version`", ""), "list": ("`list` of a small layout", "umoci is `umoci list`."),
          "inspect": ("`inspect` of a small layout", "umoci is `umoci stat`, skopeo `skopeo inspect`.")}
COLOURS = ("#1f5fa8", "#b8431f", "#3a7d34", "#7a4a9c", "#94731a", "#4a4a4a")


def grouped(records):
    """work -> item -> what -> record, in the order of TITLES, then as they were measured."""
    out = {work: {} for work in (*TITLES, "memory", "growth")}
    for name, record in records.items():
        work, item, what = name.split("/", 2)
        out[work].setdefault(item, {})[what] = record
    return {work: items for work, items in out.items() if items}


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows), ""]


def times(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def milli(seconds):
    return f"{seconds * 1000:.1f}"


def span(seconds):
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds:.2f} s"


# ---- targets ----

# How a value is written, and what follows it.
FORMS = {"wall": (times, ""), "cpu": (times, ""), "each": (times, ""), "size": ("{:.3f}".format, " of the size"), "ms": ("{:.1f}".format, " ms"),
         "MiB": ("{:.0f}".format, " MiB"), "more": ("{:.1f}".format, " MiB"), "bytes": ("{:.0f}".format, " bytes")}


def values(keys, value):
    return " / ".join(form(value[key]) + unit for key, (form, unit) in ((key, FORMS[key]) for key in keys))


def promised(target):
    return ", ".join(f"{sign} " + " / ".join(f"{value:g}{FORMS[key][1]}" for key, value in some.items())
                     for sign, some in (("≥", target.least), ("≤", target.most)) if some)


def contract(works, umoci):
    """Each target, with the items that meet it, that miss it and that were not measured."""
    rows, counts = [], {"met": 0, "missed": 0, "not measured": 0}
    for target in targets.TARGETS:
        keys, cells, older = [*target.least, *target.most], {name: [] for name in counts}, []
        for item, value, met, others in targets.judged(target, works, umoci):
            state = "not measured" if value is None else "met" if met else "missed"
            counts[state] += 1
            cells[state].append(item if value is None else f"{item} {values(keys, value)}")
            older += [f"{item} {values(keys, other)}" for other in others]
        rows.append([target.about, promised(target), *("; ".join(cells[name]) for name in counts), "; ".join(older)])
    return ["## Targets", "", f"Of {sum(counts.values())} values {counts['met']} are met, {counts['missed']} missed and {counts['not measured']} not "
            "measured. Times a peer or the floor, wall / processor time; the newest umoci counts. Growth is linear when "
            "an entry of a million costs no more than an entry of ten thousand and a quarter, each beyond what one alone costs.", "",
            *table(["", "promised", *counts, "with an older umoci"], rows)]


# ---- tables ----

def conditions(data):
    facts, records = data["conditions"], data["records"].values()
    commits = sorted({record["commit"] for record in records})
    runs = sorted({record["runs"] for record in records})
    peers = ", ".join(f"{name if name.split()[0] != 'umoci' else 'umoci'} {version}" for name, version in facts["peers"].items())
    return ["| | |", "|---|---|", f"| processor | {facts['processor']}, {facts['cores']} cores, SHA instructions: "
            f"{'yes' if facts['sha instructions'] else 'no'} |", f"| memory | {facts['GiB of memory']} GiB |", f"| kernel | {facts['kernel']} |",
            f"| targets and inputs on | {facts['file system']} |", f"| oci-image | {'; '.join(facts['ours'])}; commit {', '.join(commits)} |",
            f"| peers | {peers} |", f"| pairs of a comparison | {', '.join(map(str, runs))} |", *([f"| note | {facts['note']} |"] if facts["note"] else []), ""]


def against_peers(items):
    """Wall and processor time of each peer over ours."""
    peers = list(dict.fromkeys(what for whats in items.values() for what in whats if what != "floor"))
    rows = []
    for item, whats in items.items():
        cells = (f"{times(whats[p]['times']['wall'])} / {times(whats[p]['times']['cpu'])}" if p in whats else "" for p in peers)
        rows.append([item, *cells])
    return table(["", *peers], rows)


def against_floor(items):
    rows, names = [], []
    for item, whats in items.items():
        if "floor" in whats:
            record = whats["floor"]
            parts = record["floor"]["parts"]
            names = list(parts)
            rows.append([item, *(milli(parts[n]) for n in names), milli(record["floor"]["cpu"]), milli(record["ours"]["cpu"]),
                         times(record["times"]["cpu"]), milli(record["floor"]["wall"]), milli(record["ours"]["wall"]),
                         times(record["times"]["wall"])])
    return table(["", *names, "floor, processor", "ours", "times", "floor, wall", "ours", "times"], rows) if rows else []


def machine(work):
    floors = [whats["floor"] for whats in work.values() if "floor" in whats]
    if not floors:
        return []
    rows = [[item, f"{r['image']['entries']}", *(f"{r['image'][k] / 1e6:.1f}" for k in ("stored", "tar", "files")),
             f"{r['machine']['decode'] / 1e6:.0f}", f"{r['machine']['hash'] / 1e6:.0f}", f"{r['machine']['write'] / 1e6:.0f}",
             f"{r['machine']['entry'] * 1e6:.1f}"] for item, r in ((i, w["floor"]) for i, w in work.items() if "floor" in w)]
    return ["## The images, and what the machine can", "",
            f"Bytes in MB; rates in MB of one processor's second: decoding these layers (gzip by {floors[0]['machine']['gunzip']}), SHA-256, "
            "writing a file. An entry is an empty file with its owner, mode and times, in microseconds.", "",
            *table(["", "entries", "layers, stored", "as tar", "files", "decode", "hash", "write", "entry"], rows)]


def details(items):
    rows = []
    for item, whats in items.items():
        for what, r in whats.items():
            if what == "floor":
                continue
            row = [item, what, *(value for side in ("ours", "theirs") for value in (
                span(r[side]["wall"]), span(r[side]["cpu"]), f"{r[side]['peak']:.0f} MiB"))]
            row += [f"{times(r['times'][key])} ({times(r['spread'][key][0])} to {times(r['spread'][key][1])})" for key in ("wall", "cpu")]
            row += [f"{r['ours']['bytes'] / r['theirs']['bytes']:.3f}"] if "bytes" in r["ours"] and r["theirs"].get("bytes") else [""]
            rows.append(row)
    head = ["", "against", "ours, wall", "processor", "memory", "theirs, wall", "processor", "memory", "times, wall", "times, processor", "size"]
    if not any(row[-1] for row in rows):
        head, rows = head[:-1], [row[:-1] for row in rows]
    return table(head, rows)


# ---- plots ----

def text(x, y, words, anchor="start", colour="black"):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">{html.escape(words)}</text>'


def svg(width, height, parts):
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
                      f'<rect width="{width}" height="{height}" fill="white"/>', *parts, "</svg>", ""])


def bars(rows, title):
    """label, wall and processor ratio: two bars each, on a logarithmic scale that begins at a quarter."""
    left, width, step, top = 190, 720, 34, 40
    most = max(2, *(value for _, *values in rows for value in values)) * 1.2
    height = top + step * len(rows) + 30

    def across(value):
        return left + math.log(max(value, 0.25) / 0.25) / math.log(most / 0.25) * (width - left - 60)
    parts = [text(10, 20, title), text(width - 150, 20, "wall", colour=COLOURS[0]), text(width - 100, 20, "processor", colour=COLOURS[1])]
    for mark in (m for m in (0.5, 1, 2, 5, 10, 20, 50, 100, 200) if m < most):
        parts += [f'<path d="M{across(mark):.0f} {top - 8}V{height - 24}" stroke="{"black" if mark == 1 else "#ccc"}"/>',
                  text(across(mark), height - 8, f"{mark} ×", "middle")]
    for n, (label, *values) in enumerate(rows):
        parts.append(text(left - 8, top + n * step + 18, label, "end"))
        for k, value in enumerate(values):
            y = top + n * step + k * 13
            parts += [f'<rect x="{left}" y="{y}" width="{across(value) - left:.1f}" height="11" fill="{COLOURS[k]}"/>',
                      text(across(value) + 4, y + 10, times(value))]
    return svg(width, height, parts)


def marks(least, most):
    """1, 2, 5, 10 ... around both; only powers of ten when there are many."""
    low, high = math.floor(math.log10(least)), math.ceil(math.log10(most))
    steps = (1, 2, 5) if high - low < 3 else (1,)
    every = [step * 10.0 ** n for n in range(low, high + 1) for step in steps]
    below, above = [m for m in every if m <= least], [m for m in every if m >= most]
    return [m for m in every if below[-1] <= m <= max(above[0], below[-1] * 10)]


def lines(series, what, unit, linear=False):
    """label -> [(x, y)]: a line each, on logarithmic axes. What grows linearly has a slope of one, as has the grey line if there is one."""
    width, height, left, top, bottom = 640, 380 + 16 * len(series), 70, 24 + 16 * len(series), 45
    points = [point for own in series.values() for point in own]
    across, up = marks(min(x for x, _ in points), max(x for x, _ in points)), marks(min(y for _, y in points), max(y for _, y in points))
    x0, x1, y0, y1 = (math.log10(m) for m in (across[0], across[-1], up[0], up[-1]))

    def place(x, y):
        return left + (x - x0) / (x1 - x0) * (width - left - 40), height - bottom - (y - y0) / (y1 - y0) * (height - bottom - top)
    parts = [text(width // 2, height - 8, what, "middle")]
    for mark in across:
        x = place(math.log10(mark), y0)[0]
        parts += [f'<path d="M{x:.0f} {top}V{height - bottom}" stroke="#ddd"/>', text(x, height - bottom + 16, f"{mark:,.0f}", "middle")]
    for mark in up:
        y = place(x0, math.log10(mark))[1]
        parts += [f'<path d="M{left} {y:.0f}H{width - 40}" stroke="#ddd"/>', text(left - 6, y + 4, f"{mark:g} {unit}", "end")]
    if linear:
        reach = min(x1 - x0, y1 - y0)
        (ax, ay), (bx, by) = place(x1 - reach, y0), place(x1, y0 + reach)
        parts.append(f'<path d="M{ax:.0f} {ay:.0f}L{bx:.0f} {by:.0f}" stroke="#aaa" stroke-dasharray="4 4"/>')
    for n, (label, own) in enumerate(series.items()):
        colour = COLOURS[n % len(COLOURS)]
        at = [place(math.log10(x), math.log10(y)) for x, y in own]
        parts.append(f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in at)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in at]
        parts.append(text(left, 20 + 16 * n, label, colour=colour))
    return svg(width, height, parts)


# ---- the page ----

def memory(items):
    """The peaks of our own commands, of each item of the corpus."""
    whats = ("unpack", "unpack -j 1", "validate", "create")
    rows = []
    for item in (item for item in LAYOUTS if item in items):
        peaks = {what: items[item][what]["ours"]["peak"] for what in whats if what in items[item]}
        rows.append([item, *(f"{peaks[what]:.0f}{' **missed**' if peaks[what] > targets.memory_limit(what) else ''}" if what in peaks else ""
                             for what in whats)])
    heads = {"unpack": "unpack, all cores", "create": "create with gzip"}
    return ["## Peak memory", "", "MiB of resident memory, the most of all runs; in parentheses what is allowed. An image is created from one tar "
            "of its whole tree, or from the tree itself.", "",
            *table(["", *(f"{heads.get(what, what)} ({targets.memory_limit(what)})" for what in whats)], rows)]


def picture(stem, name, about, drawing):
    path = stem.with_name(f"{stem.name}-{name}.svg")
    path.write_text(drawing, encoding="utf-8")
    return [f"![{about}]({path.name})", ""]


def plot(stem, name, about, *what):
    return picture(stem, name, about, lines(*what))


def grown(stem, items):
    """A row for each number of entries or layers, and plots of both kinds."""
    rows, each, peaks, layers = [], {}, {}, {}
    for name, records in items.items():
        work, shape = name.rsplit(", ", 1)
        alone = items.get(f"{work}, one directory", {}).get("1") if shape == "layers" else records.get("1")
        for count, record in sorted(records.items(), key=lambda pair: int(pair[0])):
            cost, entries = record["ours"], record["entries"]
            micro = cost["cpu"] / entries * 1e6
            more = (cost["peak"] - alone["ours"]["peak"]) * targets.MIB / entries if alone and entries > 1 else None
            rows.append([work, f"{count} {shape if count != '1' else 'layer'}" if shape == "layers" else shape, f"{entries:,}", span(cost["wall"]),
                         span(cost["cpu"]), f"{micro:.1f} µs", f"{cost['peak']:.1f} MiB", "" if more is None else f"{more:.0f}", f"{record['path']:.0f}"])
            if shape == "layers":
                layers.setdefault(work, []).append((int(count), micro))
                continue
            peaks.setdefault(name, []).append((entries, cost["peak"]))
            if entries >= 1000:  # of fewer the start is most
                each.setdefault(name, []).append((entries, micro))
    return [*(plot(stem, "entries", "processor time of an entry over the number of entries", each, "entries", "µs") if each else []),
            *(plot(stem, "memory", "peak memory over the number of entries", peaks, "entries", "MiB") if peaks else []),
            *(plot(stem, "layers", "processor time of an entry over the number of layers", layers, "layers", "µs") if layers else []),
            *table(["", "shape", "entries", "wall", "processor", "processor, an entry", "peak memory", "bytes beyond one entry, each",
                    "bytes of a path"], rows)]


def grown_documents(stem, items):
    rows, series = [], {}
    for name, records in items.items():
        own = sorted((int(count), record["ours"]) for count, record in records.items())
        series[name] = [(count, cost["cpu"]) for count, cost in own]
        rows += [[name, f"{count:,}", span(cost["wall"]), span(cost["cpu"]), f"{cost['cpu'] / count * 1e3:.3f} ms", f"{cost['peak']:.0f} MiB"]
                 for count, cost in own]
    return [*plot(stem, "documents", "processor time over the number of documents", series, "how many", "s", True),
            *table(["", "how many", "wall", "processor", "processor, each", "peak memory"], rows)]


def growth(stem, items):
    """Tables and plots of what grows: entries and layers, and documents."""
    images = {name: records for name, records in items.items() if ", " in name}
    papers = {name: records for name, records in items.items() if ", " not in name}
    return ["## Growth", "", "Empty files in one directory; in chains of 100 directories in each other, with 9 files each; a hundred thousand of them in "
            "1, 10 and 120 layers. Indexes of many manifests, and documents full of faults. What grows linearly is level where an entry is shown, and "
            "parallel to the grey line elsewhere.", "",
            *(grown(stem, images) if images else []), *(grown_documents(stem, papers) if papers else [])]


def best(items):
    """Of each item the newest umoci there is: peers are named in that order."""
    for item, whats in items.items():
        umoci = [what for what in whats if what.startswith("umoci ") and not what.startswith("umoci raw")]
        if umoci:
            yield item, umoci[0]


def write(stem, data):
    works = grouped(data["records"])
    out = ["# Benchmarks", "", "Made by `tests/perf/bench.py --write`; do not edit. Our program and each peer run in turn, each time with a fresh "
           "target; numbers are medians of the ratios within the pairs, wall / processor time: 2 says that the peer takes twice as long as "
           "ours. Processor time and memory are those of the whole command with its children; of memory, the largest process counts.", "",
           *contract(works, [peer for peer in data["conditions"].get("peers", {}) if peer.startswith("umoci ")]), *conditions(data)]
    rows = [[f"{work}, {item}", works[work][item][peer]["times"]["wall"], works[work][item][peer]["times"]["cpu"]]
            for work in ("unpack", "create-gzip", "create-zstd") for item, peer in best(works.get(work, {}))]
    if rows:
        out += picture(stem, "peers", "times umoci", bars(rows, "times umoci"))
    out += machine(works.get("unpack", {}))
    for work, (title, about) in TITLES.items():
        if work in works:
            out += [f"## {title}", "", *([about, ""] if about else []), "Times a peer:", "", *against_peers(works[work])]
            floor = against_floor(works[work])
            out += ["Times the floor, in milliseconds: what the parts cost alone, one after the other; in wall time spread over all cores, but "
                    "no less than the largest layer takes to decode.", "", *floor] if floor else []
    if "memory" in works:
        out += memory(works["memory"])
    if "growth" in works:
        out += growth(stem, works["growth"])
    out += ["## All values", "", "Peak memory is the most of all runs; in parentheses the least and the most of the ratios; size is ours over theirs.", ""]
    for work, (title, _) in TITLES.items():
        if work in works:
            out += [f"### {title}", "", *details(works[work])]
    stem.with_suffix(".md").write_text("\n".join(out).rstrip() + "\n", encoding="utf-8")
