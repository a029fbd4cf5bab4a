"""Which calls from Python are answered past torch.ops, and that these are the same calls."""

import gc
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import lossops
from lossops import _C

huber = _C.caller("lossops::huber")
x, t = torch.tensor([0.5, -3.0]), torch.tensor([0.0, 1.0])


class Subclass(Tensor):
    """A tensor that answers for itself."""


def answered(*args: Any) -> bool:
    return huber(*args) is not NotImplemented


@pytest.mark.parametrize(
    "args",
    [
        (x, t),
        (x, t, 2),
        (x, t, 2.0, None, -100, None, 1),
        (x, torch.nn.Parameter(t)),
    ],
    ids=["tensors", "integer for a number", "all", "Parameter"],
)
def test_plain_calls_are_answered(args: tuple[Any, ...]) -> None:
    assert answered(*args)
    torch.testing.assert_close(huber(*args), torch.ops.lossops.huber(*args), rtol=0, atol=0)


@pytest.mark.parametrize(
    "args",
    [
        (x,),
        (x, None),
        (x, 1.0),
        (x, x.numpy()),
        (x, t.as_subclass(Subclass)),
        (x, t, True),
        (x, t, "1"),
        (x, t, x[0]),
        (x, t, 2**70),
        (x, t, 1.0, None, 1.5),
        (x, t, 1.0, None, 1, None, 1, None, 1),
    ],
    ids=["too few", "None", "number", "array", "subclass", "bool", "text", "0-d", "too large",
         "fraction", "too many"],
)  # fmt: skip
def test_all_else_is_left_to_torch(args: tuple[Any, ...]) -> None:
    assert not answered(*args)


class Passing(TorchFunctionMode):
    """A mode that sees calls and lets them pass."""

    seen = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.seen += 1
        return func(*args, **(kwargs or {}))


def test_modes_see_the_call() -> None:
    with Passing() as mode:
        assert not answered(x, t)
        lossops.functional.huber_loss(x, t)
    assert mode.seen

    class Recording(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            ops.append(func)
            return func(*args, **(kwargs or {}))

    ops: list[Any] = []
    with Recording():  # type: ignore[no-untyped-call]
        lossops.functional.huber_loss(x, t)
    assert torch.ops.lossops.huber.default in ops


def test_errors_are_those_of_the_operator() -> None:
    with pytest.raises(RuntimeError, match="huber: delta must be > 0, got -1"):
        huber(x, t, -1.0)


@pytest.fixture
def steps() -> Iterator[int]:
    gc.collect()
    gc.disable()
    yield 1000
    gc.enable()


def test_no_reference_is_kept(steps: int) -> None:
    given = [torch.rand(4), torch.rand(4), 0.75]
    before = [sys.getrefcount(value) for value in given]
    blocks = sys.getallocatedblocks()
    for _ in range(steps):
        huber(*given)
        assert huber(given[0], "no tensor") is NotImplemented
    assert [sys.getrefcount(value) for value in given] == before
    assert sys.getallocatedblocks() - blocks < steps / 10
