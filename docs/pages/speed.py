"""Tables of the benchmark's results: where lossops is faster, by how much, and where it is not."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from benchmarks.figures import KIND, PEERS, elements, size_name

from .losses import benchmark

MARK = "<!-- The site has the figures of the benchmark here. -->\n"
CLASSES = (  # of sizes, by elements
    ("up to 8K elements", 0),
    ("64K to 1M", 1 << 16),
    ("more than 1M", (1 << 20) + 1),
)


def ratios(kind: str) -> Iterator[tuple[dict[str, Any], str, dict[str, float]]]:
    """What each peer takes over what lossops takes, in float32."""
    for cell in benchmark()["cells"]:
        if cell["dtype"] != "float32" or kind not in cell["kinds"]:
            continue
        for peer in PEERS:
            if peer in cell["kinds"][kind]["ratios"]:
                yield cell, peer, cell["kinds"][kind]["ratios"][peer]


def size_of(cell: dict[str, Any]) -> tuple[int, ...] | int:
    """The size of a cell, as figures have it."""
    return tuple(cell["size"]) if isinstance(cell["size"], list) else cell["size"]


def by_size() -> Iterator[str]:
    """Geometric means, the least and the largest, by family and size."""
    found: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for cell, peer, ratio in ratios(KIND):
        count = elements(size_of(cell))
        name = next(name for name, least in reversed(CLASSES) if count >= least)
        found[cell["family"], name][peer].append(ratio["median"])
    yield "| losses | size | " + " | ".join(PEERS.values()) + " |"
    yield "|---|---|" + "---|" * len(PEERS)
    for (family, name), peers in found.items():
        cells = (
            f"{math.exp(math.fsum(map(math.log, values)) / len(values)):.1f} "
            f"({min(values):.1f} to {max(values):.1f})"
            for values in (peers[peer] for peer in PEERS)
        )
        yield f"| {family} | {name} | {' | '.join(cells)} |"


def slower() -> Iterator[str]:
    """The calls that a peer does faster."""
    yield "| call | shape | peer | its time over ours, median and quartiles |"
    yield "|---|---|---|---|"
    for kind in ("forward", KIND):
        for cell, peer, ratio in ratios(kind):
            if ratio["median"] < 1:
                spread = "{median:.2f} ({low:.2f} to {high:.2f})".format(**ratio)
                size = size_name(size_of(cell))
                yield f"| {cell['loss']}, {kind} | {size} | {PEERS[peer]} | {spread} |"


def figures() -> str:
    """Both tables, with what they were measured on."""
    meta = benchmark()["meta"]
    return "\n".join(
        [
            f"{meta['cpu']}, {meta['instructions']}, {meta['threads']} threads, torch "
            f"{meta['torch']}, float32, commit `{meta['commit']}`. How many times as long the peer "
            "takes for forward and backward with the mean: geometric mean, and the range over the "
            "losses.",
            "",
            *by_size(),
            "",
            "Calls of the same run that a peer does faster:",
            "",
            *slower(),
            "",
        ]
    )
