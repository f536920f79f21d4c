# SPDX-License-Identifier: Apache-2.0
"""What is promised of performance, and whether the records of bench.py keep it."""
import dataclasses
import statistics
import typing

import growth
from works import LAYOUTS

MIB = 1 << 20


# ---- values: what a record tells, by name ----

def ratios(whats, peer):
    """How many times a peer's, or the floor's; size is ours over theirs."""
    if peer not in whats:
        return None
    record = whats[peer]
    weighed = "bytes" in record["ours"] and record["theirs"].get("bytes")
    return dict(record["times"], **({"size": record["ours"]["bytes"] / record["theirs"]["bytes"]} if weighed else {}))


def milliseconds(whats, _):
    """Beside whatever it was measured with."""
    return {"ms": statistics.median(record["ours"]["wall"] for record in whats.values()) * 1000} if whats else None


def peak(whats, what):
    return {"MiB": whats[what]["ours"]["peak"]} if what in whats else None


def beyond_one(whats, count, key):
    """What count entries cost more than one."""
    if "1" not in whats or str(count) not in whats:
        return None
    return whats[str(count)]["ours"][key] - whats["1"]["ours"][key]


def growing(whats, _):
    """The processor time of each of a million entries, over that of each of ten thousand; memory of 200,000, also without their paths."""
    out = {}
    few, many, more = beyond_one(whats, 10000, "cpu"), beyond_one(whats, 1000000, "cpu"), beyond_one(whats, 200000, "peak")
    if few and many is not None:
        out["each"] = many / 100 / few
    if more is not None:
        out.update({"more": more, "bytes": more * MIB / 200000 - whats["200000"]["path"]})
    return out


def in_layers(whats, _):
    """The processor time of as many entries in 120 layers, over that of one."""
    return {"each": whats["120"]["ours"]["cpu"] / whats["1"]["ours"]["cpu"]} if {"1", "120"} <= set(whats) else None


# ---- the table ----

@dataclasses.dataclass(frozen=True)
class Target:
    """Of each of the items: what its value has to be at least, and at most. against is a peer, "umoci" being the newest one."""
    about: str
    work: str
    items: typing.Tuple[str, ...]
    against: str = ""
    value: typing.Callable = ratios
    least: dict = dataclasses.field(default_factory=dict)
    most: dict = dataclasses.field(default_factory=dict)


GZIP = tuple(item for item in LAYOUTS if not item.endswith("-zstd"))
GROWN = tuple(f"{work}, {shape}" for work in growth.WORKS for shape in ("one directory", "deep tree"))
LAYERED = tuple(f"{work}, layers" for work in growth.WORKS)
WITHOUT = tuple(item for item in GROWN if not item.startswith("unpack,"))

TARGETS = (
    Target("unpack, umoci", "unpack", ("base", "py", "manylayers"), "umoci", least={"wall": 5, "cpu": 4}),
    Target("unpack, umoci", "unpack", ("small",), "umoci", least={"wall": 20, "cpu": 20}),
    Target("unpack, umoci", "unpack", ("manyfiles",), "umoci", least={"wall": 10, "cpu": 10}),
    Target("unpack, umoci", "unpack", ("bigfile",), "umoci", least={"wall": 3, "cpu": 1.9}),
    Target("unpack, `openssl dgst` and `igzip -dc \\| tar -x`", "unpack", LAYOUTS, "igzip, tar", least={"wall": 1.3, "cpu": 1.0}),
    Target("unpack, the floor", "unpack", ("py",), "floor", most={"wall": 1.4, "cpu": 1.4}),
    Target("unpack without accelerators, umoci", "unpack-plain", ("py",), "umoci", least={"cpu": 2.5}),
    Target("validate layers, `gzip -dc \\| openssl dgst`", "validate-layers", GZIP, "gzip, openssl", least={"wall": 4, "cpu": 3}),
    Target("validate layers, crane", "validate-layers", GZIP, "crane", least={"wall": 8, "cpu": 8}),
    Target("validate blobs, oci-image-tool", "validate-blobs", GZIP, "oci-image-tool", least={"wall": 1.5, "cpu": 1.0}),
    Target("create with gzip, umoci", "create-gzip", ("base", "py"), "umoci", least={"wall": 1.5, "cpu": 1.2}, most={"size": 1}),
    Target("create with zstd:3, umoci", "create-zstd", ("base", "py"), "umoci", least={"wall": 2, "cpu": 2}),
    Target("`--version`", "version", ("small",), value=milliseconds, most={"ms": 4}),
    Target("`list`", "list", ("small",), value=milliseconds, most={"ms": 4}),
    Target("`inspect`", "inspect", ("small",), value=milliseconds, most={"ms": 4}),
    Target("memory, unpack", "memory", LAYOUTS, "unpack", peak, most={"MiB": 128}),
    Target("memory, unpack -j 1", "memory", LAYOUTS, "unpack -j 1", peak, most={"MiB": 32}),
    Target("memory, validate", "memory", LAYOUTS, "validate", peak, most={"MiB": 128}),
    Target("memory, create with gzip", "memory", GZIP, "create", peak, most={"MiB": 128}),
    # What grows linearly: as much for each, but for what caches of the machine do.
    Target("a million entries over ten thousand, each", "growth", GROWN, value=growing, most={"each": 1.25}),
    Target("entries in 120 layers over one layer, each", "growth", LAYERED, value=in_layers, most={"each": 1.25}),
    Target("200,000 entries without a snapshot, beyond one", "growth", WITHOUT, value=growing, most={"more": 4}),
    Target("200,000 entries with one, beyond one and the paths, each", "growth",
           tuple(item for item in GROWN if item not in WITHOUT), value=growing, most={"bytes": 200}),
)


def memory_limit(what):
    """The MiB that a command of the work memory may take."""
    return next(target.most["MiB"] for target in TARGETS if target.work == "memory" and target.against == what)


def is_met(target, value):
    return all(value[key] >= least for key, least in target.least.items()) and all(value[key] <= most for key, most in target.most.items())


def judged(target, works, umoci):
    """(item, value or None, whether it is met, values with older umocis) of each item."""
    peers = umoci if target.against == "umoci" else [target.against]
    for item in target.items:
        whats = works.get(target.work, {}).get(item, {})
        value, *older = [target.value(whats, peer) for peer in peers] or [None]
        if value is not None and not {*target.least, *target.most} <= set(value):
            value = None
        yield item, value, value is not None and is_met(target, value), [v for v in older if v is not None]
