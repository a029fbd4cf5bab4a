"""Torch's own samples of its losses: what its test suite runs over, lossops takes as torch does.

torch.testing._internal lists, for functions (op_db) and modules (module_db), operands and options
that are right, and some that are wrong. The first must give the value and gradients that torch has
in float64, the others an exception of torch's kind. What differs stands in DIFFERENCES.

`python -m tests.test_torch_suites` counts them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only

import lossops
from tests.losses import BY_OP, LOSSES, Loss
from tests.test_errors import kind, raised
from tests.tiers import thorough

pytestmark = [
    pytest.mark.where(lambda loss: loss.baseline),
    pytest.mark.filterwarnings("ignore:Using a target size", "ignore:reduction. 'mean' divides"),
]
# With rows for what is composed of others; conftest.py finds the table under this name.
TABLE = (
    *LOSSES,
    replace(
        BY_OP["cross_entropy"],
        op="linear_cross_entropy",
        function="linear_cross_entropy",
        module="LinearCrossEntropyLoss",
        operands=("input", "linear_weight", "target"),
    ),
    replace(
        BY_OP["triplet_margin"],
        op="triplet_margin_with_distance",
        function="triplet_margin_with_distance_loss",
        module="TripletMarginWithDistanceLoss",
    ),
)
UNLISTED = ("triplet_margin", "triplet_margin_with_distance")  # among torch's modules
DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)


class Arguments(NamedTuple):
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


Calls = list[Arguments]  # one of a function; of a module two, which make it and call it


# -- torch's suites --------------------------------------------------------------------------------


class Functions:
    ours, theirs = lossops.functional, torch.nn.functional

    @staticmethod
    def name(loss: Loss) -> str:
        return loss.function

    @staticmethod
    @cache
    def infos() -> list[tuple[str, Any]]:
        from torch.testing._internal.common_methods_invocations import op_db  # takes seconds

        return [(info.name.removeprefix("nn.functional."), info) for info in op_db]

    @staticmethod
    def calls(sample: Any) -> Calls:
        return [Arguments((sample.input, *sample.args), sample.kwargs)]

    @classmethod
    def samples(cls, info: Any, device: str, dtype: torch.dtype) -> Iterator[Calls]:
        """The reference inputs begin with the sample inputs."""
        return map(cls.calls, info.reference_inputs(device, dtype, requires_grad=True))

    @classmethod
    def mistakes(cls, info: Any, device: str) -> Iterator[Calls]:
        if info.error_inputs_func:
            yield from (cls.calls(error.sample_input) for error in info.error_inputs(device))


class Modules:
    ours, theirs = lossops.nn, torch.nn

    @staticmethod
    def name(loss: Loss) -> str:
        return loss.module

    @staticmethod
    @cache
    def infos() -> list[tuple[str, Any]]:
        from torch.testing._internal.common_modules import module_db  # takes seconds

        return [(info.module_cls.__name__, info) for info in module_db]

    @staticmethod
    def calls(sample: Any) -> Calls:
        inputs = (sample.constructor_input, sample.forward_input)
        return [Arguments(given.args, given.kwargs) for given in inputs if given is not None]

    @classmethod
    def samples(cls, info: Any, device: str, dtype: torch.dtype) -> Iterator[Calls]:
        found = info.module_inputs_func(info, device, dtype, requires_grad=True, training=True)
        return map(cls.calls, found)

    @classmethod
    def mistakes(cls, info: Any, device: str) -> Iterator[Calls]:
        if info.module_error_inputs_func:
            found = info.module_error_inputs_func(
                info, device, torch.float32, requires_grad=False, training=True
            )
            yield from (cls.calls(error.module_error_input) for error in found)


Suite = type[Functions] | type[Modules]
SUITES: tuple[Suite, ...] = (Functions, Modules)


def described(suite: Suite, loss: Loss) -> list[Any]:
    return [info for name, info in suite.infos() if name == suite.name(loss)]


def samples(suite: Suite, loss: Loss, device: str, dtype: torch.dtype) -> list[Calls]:
    infos = [i for i in described(suite, loss) if dtype in i.supported_dtypes(device)]
    return [calls for info in infos for calls in suite.samples(info, device, dtype)]


def mistakes(suite: Suite, loss: Loss, device: str) -> list[Calls]:
    return [calls for i in described(suite, loss) for calls in suite.mistakes(i, device)]


# -- what differs ----------------------------------------------------------------------------------


class Difference(NamedTuple):
    """Samples, by their operands and options, that lossops does not take as torch does."""

    op: str
    of: Callable[[tuple[Any, ...], dict[str, Any]], bool]
    reason: str


def option(options: dict[str, Any], name: str, attribute: str, absent: Any) -> Any:
    return getattr(options.get(name), attribute, absent)


DIFFERENCES = [
    Difference("poisson_nll",
               lambda x, o: o.get("full", False) and x[1].requires_grad and bool((x[1] == 0).any()),
               "on purpose: the gradient by a target of 0 is finite, torch's NaN"),
    Difference("nll", lambda x, o: x[0].dtype != option(o, "weight", "dtype", x[0].dtype),
               "on purpose: weight may have another dtype, see docs/losses.md"),
    Difference("margin_ranking", lambda x, o: not all(bool(t.isfinite().all()) for t in x),
               "by a target at inf, and by what stands beside a NaN, the gradient is 0, not NaN"),
    Difference("multi_margin", lambda x, o: x[1].shape == (1,) and o.get("reduction") == "none",
               "one label in a vector and an input (C) give (), unreduced, and torch (1)"),
    Difference("multi_margin", lambda x, o: option(o, "weight", "ndim", 1) != 1,
               "float labels are refused before a weight of other dimensions, a ValueError"),
]  # fmt: skip


def differs(loss: Loss, calls: Calls, differences: list[Difference] = DIFFERENCES) -> bool:
    operands = calls[-1].args
    options = {name: value for _, given in calls for name, value in given.items()}
    return any(d.op == loss.op and d.of(operands, options) for d in differences)


# -- ours and theirs -------------------------------------------------------------------------------


def run(space: Any, name: str, calls: Calls) -> Any:
    result = getattr(space, name)
    for args, kwargs in calls:
        result = result(*args, **kwargs)
        if isinstance(result, torch.nn.Module):
            settle(result)
    return result


def settle(module: torch.nn.Module) -> None:
    """Parameters, which are random, become numbers that every dtype holds."""
    for p in module.parameters():
        numbers = torch.arange(p.numel(), device=p.device) % 7 - 3
        p.data = numbers.view_as(p).to(p.dtype) / 8


def results(
    space: Any, name: str, loss: Loss, calls: Calls,
    change: Callable[[Tensor], Tensor] = Tensor.detach,
) -> list[Tensor]:  # fmt: skip
    """The value and the gradients of what requires them, for an uneven upstream gradient."""
    calls = tree_map_only(
        Tensor, lambda t: change(t.detach()).requires_grad_(t.requires_grad), calls
    )
    leaves = [t for t in tree_leaves(calls) if isinstance(t, Tensor) and t.requires_grad]
    value = run(space, name, [*calls[:-1], proper(loss, calls[-1])])
    if not leaves:
        return [value]
    upstream = (torch.arange(value.numel(), device=value.device) % 4 + 2).view(value.shape) / 4
    gradients = torch.autograd.grad(value, leaves, upstream.to(value.dtype), materialize_grads=True)
    return [value.detach(), *gradients]


def proper(loss: Loss, call: Arguments) -> Arguments:
    """With operands of which torch's gradient is right."""
    names = [*loss.operands, *[""] * len(call.args)]
    args = tuple(
        loss.family.as_torch_has_it(name, t) if isinstance(t, Tensor) else t
        for name, t in zip(names, call.args, strict=False)
    )
    return call._replace(args=args)


def widened(t: Tensor) -> Tensor:
    return t.double() if t.is_floating_point() else t


def in_double(options: dict[str, Any]) -> dict[str, Any]:
    """Without those by which torch takes another way, with other dtypes."""
    changed = {"dtype": torch.float64, "options": None}
    return {name: changed.get(name, value) for name, value in options.items()}


def tolerances(expected: Tensor) -> tuple[float | None, float | None]:
    """assert_close's own; in half precision, where gradients are rounded more than once, wider."""
    if expected.dtype.itemsize > 2:
        return None, None
    eps = torch.finfo(expected.dtype).eps
    return 4 * eps, max(1e-5, eps * float(expected.nan_to_num(0, 0, 0).abs().max()))


def assert_as_torch(
    suite: Suite, loss: Loss, calls: Calls, change: Callable[[Tensor], Tensor] = Tensor.detach
) -> None:
    name = suite.name(loss)
    text = tree_map_only(Tensor, lambda t: f"{t.dtype}{tuple(t.shape)}", calls)
    note = " -> ".join([name, *(f"{args} {kwargs}" for args, kwargs in text)])
    theirs = raised(lambda: run(suite.theirs, name, calls))
    if theirs is not None:
        ours = raised(lambda: run(suite.ours, name, calls))
        assert ours is not None, f"{note}\naccepted, torch: {theirs!r}"
        assert kind(ours) is kind(theirs), f"{note}\n{ours!r}\ntorch: {theirs!r}"
        return
    plain = results(suite.theirs, name, loss, calls)
    wide = [Arguments(args, in_double(kwargs)) for args, kwargs in calls]
    exact = results(suite.theirs, name, loss, wide, widened)
    for actual, typed, precise in zip(
        results(suite.ours, name, loss, calls, change), plain, exact, strict=True
    ):
        expected = precise.to(typed.dtype)
        rtol, atol = tolerances(expected)
        torch.testing.assert_close(
            actual, expected, rtol=rtol, atol=atol, equal_nan=True,
            msg=lambda text: f"{note}\n{text}",
        )  # fmt: skip


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "as drawn": Tensor.detach,
    "strided": lambda t: torch.stack([t, t], -1)[..., 0],
}
named = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.__name__)


@pytest.mark.parametrize("layout", ["as drawn", *thorough("strided")])
@pytest.mark.parametrize("dtype", [DTYPES[0], *thorough(*DTYPES[1:])], ids=str)
@named
def test_samples(loss: Loss, suite: Suite, dtype: torch.dtype, layout: str, device: str) -> None:
    found = samples(suite, loss, device, dtype)
    unlisted = suite is Modules and loss.op in UNLISTED
    assert found or dtype.itemsize == 2 or unlisted, "torch has no samples"
    for calls in found:
        if not differs(loss, calls):
            assert_as_torch(suite, loss, calls, LAYOUTS[layout])


@named
@pytest.mark.host
def test_mistakes(loss: Loss, suite: Suite, device: str) -> None:
    for calls in mistakes(suite, loss, device):
        if not differs(loss, calls):
            assert_as_torch(suite, loss, calls)


@pytest.mark.slow
@pytest.mark.parametrize(
    "difference",
    [pytest.param(d, marks=pytest.mark.xfail(strict=True, reason=d.reason), id=d.op)
     for d in DIFFERENCES],
)  # fmt: skip
def test_differences(difference: Difference) -> None:
    """Passes, which is forbidden, once one of the samples agrees or none is left."""
    loss = BY_OP[difference.op]
    found = [
        (suite, calls)
        for suite in SUITES
        for calls in every(suite, loss)
        if differs(loss, calls, [difference])
    ]
    assert not found or any(
        raised(lambda: assert_as_torch(suite, loss, calls)) is None  # noqa: B023
        for suite, calls in found
    )


def every(suite: Suite, loss: Loss) -> list[Calls]:
    drawn = [calls for dtype in DTYPES for calls in samples(suite, loss, "cpu", dtype)]
    return drawn + mistakes(suite, loss, "cpu")


def main() -> None:
    for suite in SUITES:
        found: dict[str, list[bool]] = {}
        for loss in (loss for loss in TABLE if loss.baseline):
            drawn = {str(dtype): samples(suite, loss, "cpu", dtype) for dtype in DTYPES}
            for what, calls in {**drawn, "mistakes": mistakes(suite, loss, "cpu")}.items():
                found.setdefault(what, []).extend(differs(loss, c) for c in calls)
        for what, differ in found.items():
            print(f"{suite.__name__}, {what}: {len(differ)}, of which {sum(differ)} differ")


if __name__ == "__main__":
    main()
