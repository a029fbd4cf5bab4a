"""What the benchmark leans on, without a clock and without a GPU."""

import argparse
import math
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import Tensor

from benchmarks import gpu
from benchmarks.class_peers import CLASS_CASES, CLASS_NAMES
from benchmarks.measure import disagreement, make_operands


def square(x: Tensor) -> Tensor:
    return (x * x).sum()


def without_value(x: Tensor) -> Tensor:
    return square(x) * math.nan


def without_gradient(x: Tensor) -> Tensor:
    """At 0 the root has no derivative: 0 times infinity."""
    return square(x) + 0 * x.sqrt().sum()


def test_a_difference_that_is_nan_does_not_pass() -> None:
    """Of the value, or of a gradient alone; the largest of the others was kept."""
    x = torch.tensor([1.0, 0.0], requires_grad=True)
    assert disagreement(square, square, [x]) == 0
    for other in (without_value, without_gradient):
        assert math.isnan(disagreement(square, other, [x]))
        assert math.isnan(disagreement(other, square, [x]))


def options(**changes: Any) -> argparse.Namespace:
    given = {"dtype": "bfloat16", "losses": CLASS_NAMES, "family": "class", "quick": True,
             "no_compile": False, "shapes": [(32, 10)], "sizes": None}  # fmt: skip
    return argparse.Namespace(**given | changes)


def test_every_cell_of_a_gpu_has_a_peer() -> None:
    """Logits of bfloat16 with weights of float32, as users have them: torch takes float32 ones."""
    chosen = gpu.cells(options())
    assert {case.name for case, _, _ in chosen} == set(CLASS_NAMES)
    for case, size, dtype in chosen:
        operands = make_operands(case, size, dtype)
        for peer in (case.eager, case.source):
            assert peer(*operands).isfinite(), case.name


def test_compiled_where_that_is_of_use() -> None:
    by_name = {case.name: case for case in CLASS_CASES}
    assert by_name["multilabel_margin"].is_compiled((4096, 10))
    assert not by_name["multilabel_margin"].is_compiled((8192, 1000))
    assert by_name["cross_entropy"].is_compiled((8192, 128256))


def test_forward_steps_need_no_gradient() -> None:
    """A peer that sees a leaf may take its gradient on the way, under no_grad too."""
    seen = []
    step = gpu.forward_step(
        lambda x: seen.append(x.requires_grad) or x, [[torch.ones(2, requires_grad=True)]]
    )
    step(0)
    assert seen == [False]


def test_a_cell_that_fails_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(case: Any, *_: Any) -> dict[str, Any]:
        if case.name == "nll":
            raise RuntimeError("out of memory")
        return {"loss": case.name}

    monkeypatch.setattr(gpu, "measure", measure)
    found, failed = gpu.measure_all(
        options(losses=("cross_entropy", "nll", "jsd")), 1e12, Console(quiet=True)
    )
    assert [cell["loss"] for cell in found] == ["cross_entropy", "jsd"]
    assert len(failed) == 1 and "nll" in failed[0] and "out of memory" in failed[0]
