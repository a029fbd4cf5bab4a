"""Times what surrounds a loss in training: `python -m benchmarks.training`.

Penalties over the parameters of a ResNet-50 beside the Python sum over them, and counting labels
beside torch.bincount. It measures as the other benchmarks do; see measure.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

import lossops
from lossops.weights import count_labels

from .measure import Comparison, compare, forward_block, training_block
from .run import metadata

RESULTS = Path(__file__).resolve().parent / "results" / "training.json"
LABELS = 10_000_000
STRENGTH = 1e-4

Function = Callable[..., Tensor]


def resnet50_shapes() -> list[tuple[int, ...]]:
    """The parameters of a ResNet-50 (He et al. 2015): 161 tensors, 25.6M elements."""
    shapes: list[tuple[int, ...]] = []

    def convolution(outputs: int, inputs: int, kernel: int) -> None:
        shapes.extend([(outputs, inputs, kernel, kernel), (outputs,), (outputs,)])  # and its norm

    convolution(64, 3, 7)
    inputs = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            convolution(width, inputs, 1)
            convolution(width, width, 3)
            convolution(4 * width, width, 1)
            if block == 0:
                convolution(4 * width, inputs, 1)
            inputs = 4 * width
    return [*shapes, (1000, 2048), (1000,)]


def python_l1(*parameters: Tensor) -> Tensor:
    """As users write it."""
    return STRENGTH * sum(p.abs().sum() for p in parameters)


def python_l2(*parameters: Tensor) -> Tensor:
    """Likewise."""
    return STRENGTH * sum(p.square().sum() for p in parameters)


def python_elastic_net(*parameters: Tensor) -> Tensor:
    """Likewise."""
    return python_l1(*parameters) + python_l2(*parameters)


PENALTIES: dict[str, tuple[Function, Function]] = {
    "l1_penalty": (lambda *p: lossops.l1_penalty(p, STRENGTH), python_l1),
    "l1_penalty, scaled": (lambda *p: STRENGTH * lossops.l1_penalty(p, 1.0), python_l1),
    "l2_penalty": (lambda *p: lossops.l2_penalty(p, STRENGTH), python_l2),
    "elastic_net_penalty": (
        lambda *p: lossops.elastic_net_penalty(p, STRENGTH, STRENGTH),
        python_elastic_net,
    ),
}


def measure_penalty(ours: Function, theirs: Function, rounds: int) -> dict[str, Comparison]:
    """Forward alone; backward into fresh gradients, alone and with forward."""
    rng = torch.Generator().manual_seed(0)
    parameters = [
        torch.randn(shape, generator=rng).mul_(0.02).requires_grad_() for shape in resnet50_shapes()
    ]
    torch.testing.assert_close(ours(*parameters), theirs(*parameters), rtol=1e-4, atol=0)
    sides = {"lossops": ours, "python sum": theirs}
    found = compare({name: forward_block(f, parameters) for name, f in sides.items()}, rounds)
    return found | compare(
        {name: training_block(f, parameters) for name, f in sides.items()}, rounds
    )


def measure_count(classes: int, dtype: torch.dtype, rounds: int) -> dict[str, Comparison]:
    """Counting labels, the number of classes known."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(classes, (LABELS,), generator=rng).to(dtype)

    def theirs(t: Tensor) -> Tensor:
        return torch.bincount(t, minlength=classes)

    def ours(t: Tensor) -> Tensor:
        return count_labels(t, classes)

    assert torch.equal(ours(labels), theirs(labels))
    sides = {"lossops": forward_block(ours, [labels]), "bincount": forward_block(theirs, [labels])}
    return compare(sides, rounds)


def show(name: str, found: dict[str, Comparison]) -> None:
    """A line per kind: milliseconds of both sides, the ratio and its quartiles."""
    for kind, comparison in found.items():
        (ours, theirs), (ratio,) = comparison.times.values(), comparison.ratios.values()
        print(
            f"{name:<32} {kind:<17} {ours.median * 1e3:8.2f} {theirs.median * 1e3:8.2f} ms"
            f"  ratio {ratio.median:5.2f} ({ratio.low:.2f} to {ratio.high:.2f})",
            flush=True,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs, prints, keeps."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--rounds", type=int, default=24, help="of each comparison (default: 24)")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch (default: 2)")
    parser.add_argument("--out", type=Path, default=RESULTS, help=f"default: {RESULTS}")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    results = {}
    for name, (ours, theirs) in PENALTIES.items():
        results[name] = measure_penalty(ours, theirs, options.rounds)
        show(name, results[name])
    for classes in (10, 1000):
        for dtype in (torch.int64, torch.int32):
            name = f"count_labels {classes} {str(dtype).removeprefix('torch.')}"
            results[name] = measure_count(classes, dtype, options.rounds)
            show(name, results[name])
    kept = {name: {kind: asdict(c) for kind, c in found.items()} for name, found in results.items()}
    meta = metadata(options.threads, f"{options.rounds} rounds")
    options.out.write_text(json.dumps({"meta": meta, "results": kept}, indent=1) + "\n")
    print(f"figures: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
