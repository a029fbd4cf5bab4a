"""Bad input: a clear error from Python, torch.ops and TorchScript alike, of torch's own type."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops
from tests.cases import Case, baseline_call, make_case
from tests.losses import LOSSES, SHAPE, Bad, Loss
from tests.mistakes import mistaken, mistakes_of
from tests.tiers import thorough

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*torch.jit.* is deprecated",
    "ignore:.*torch.jit.* is not supported",
    "ignore:Using a target size",
    "ignore:reduction. 'mean' divides",
)
CALLERS: dict[str, Callable[..., Tensor]] = {
    "function": Case.ours,
    "op": Case.op,
    "script": Case.scripted,
}
KINDS = (ValueError, TypeError, IndexError, RuntimeError)  # what a caller tells apart


def raised(call: Callable[[], Any]) -> Exception | None:
    try:
        call()
    except Exception as error:
        return error
    return None


def kind(error: Exception) -> type[Exception]:
    return next(kind for kind in KINDS if isinstance(error, kind))


def assert_refused(case: Case, caller: str, pattern: str, as_torch: bool = True) -> None:
    """The call fails with a message that matches and an exception of the kind that torch has."""
    error = raised(lambda: CALLERS[caller](case))
    assert error is not None, f"{case} was accepted"
    assert isinstance(error, KINDS)
    assert re.search(pattern, str(error)), f"{pattern!r} not in: {error}"
    baseline = baseline_call(case)
    theirs = raised(baseline) if baseline is not None and as_torch else None
    if theirs is not None and caller == "function":
        assert kind(error) is kind(theirs), f"torch raises {type(theirs).__name__}: {theirs}"


ROWS = [(loss, bad) for loss in LOSSES for bad in loss.bad]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("row", "bad"), ROWS, ids=lambda x: repr(x) if isinstance(x, Loss) else "")
def test_bad_parameters(row: Loss, bad: Bad, caller: str) -> None:
    """On the CPU, which reads tensors before it answers; for a GPU's asserts see test_gpu."""
    case = make_case(row, dtype=torch.float32)
    tensors = {
        name: torch.tensor(value) for name, value in bad.params.items() if name in row.tensor_params
    } | bad.operands
    scalars = {k: v for k, v in bad.params.items() if k not in row.tensor_params}
    case = case.but(params={**case.params, **scalars}, **tensors)
    assert_refused(case, caller, bad.pattern)


ALL_MISTAKES = [(loss, name) for loss in LOSSES for name in mistakes_of(loss)]


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
@pytest.mark.parametrize("caller", ["function", "op", *thorough("script")])
@pytest.mark.parametrize(("row", "mistake"), ALL_MISTAKES, ids=str)
def test_mistakes(row: Loss, mistake: str, caller: str) -> None:
    """Each names the op, the argument, what was given and what is allowed."""
    case, pattern = mistaken(make_case(row, dtype=torch.float32), mistake)
    as_torch = mistakes_of(row)[mistake].as_torch
    assert_refused(case, caller, rf"{row.op}: [\s\S]*({pattern})", as_torch)


@pytest.mark.parametrize("reduction", ["avg", "", "MEAN", "batchmean"])
def test_unknown_reduction(loss: Loss, reduction: str) -> None:
    if reduction in loss.reductions:
        pytest.skip("known here")
    case = make_case(loss, dtype=torch.float32)
    pattern = f"{loss.op}: reduction must be .*'mean'.*got '{reduction}'"
    for function in (
        lambda: case.ours(reduction=reduction),
        lambda: case.but(reduction=reduction).module()(
            *(case.tensors[name] for name in loss.operands)
        ),
        lambda: case.but(reduction=reduction).scripted(),
    ):
        error = raised(function)
        assert error is not None and re.search(pattern, str(error)), error
    assert isinstance(raised(lambda: case.ours(reduction=reduction)), ValueError)
    operator = getattr(torch.ops.lossops, loss.op)
    for code in (-1, 4, 7):
        with pytest.raises(ValueError, match=f"{loss.op}: reduction .*got {code}"):
            operator(**case.keywords(reduction=code))


def test_not_a_tensor(loss: Loss) -> None:
    """None, a number, a list: refused by the schema, without a crash, whichever the operand."""
    case = make_case(loss, dtype=torch.float32)
    schema = getattr(torch.ops.lossops, loss.op).default._schema
    optional = [a.name for a in schema.arguments if str(a.type) == "Optional[Tensor]"]
    for name in loss.operands:
        for value in (None, "text", [1.0, 2.0], object()):
            taken = value is None and name in optional
            if taken or name == "var":
                continue
            for call in (case.ours, case.op):
                assert isinstance(raised(lambda: call(**{name: value})), KINDS)  # noqa: B023


def test_bad_ignore_index(loss: Loss) -> None:
    case = make_case(loss, dtype=torch.float32)
    for value in ("255", 1.5, torch.ones(2)):
        assert isinstance(raised(lambda: case.op(ignore_index=value)), KINDS)  # noqa: B023


def test_errors_come_before_any_work(loss: Loss) -> None:
    """On meta tensors, where no data exists, the same mistakes give the same messages."""
    for name, mistake in mistakes_of(loss).items():
        if not mistake.without_data:
            continue
        case, pattern = mistaken(make_case(loss, dtype=torch.float32), name)
        error = raised(case.to("meta").op)
        assert error is not None and re.search(pattern, str(error)), (name, error)


def test_bad_values_are_found_in_any_layout() -> None:
    """The domain check of bce and gaussian_nll looks at every element, but not at ignored ones."""
    f = lossops.functional
    for position in (0, 31, 64, 4098):
        x, t = torch.full((4099,), 0.5), torch.full((4099,), 0.5)
        bad = t.clone()
        bad[position] = 2.0
        for grad in (False, True):
            x.requires_grad_(grad)
            with pytest.raises(RuntimeError, match=r"bce: input and target must be in \[0, 1\]"):
                f.binary_cross_entropy(x, bad)
        assert f.binary_cross_entropy(x, bad, ignore_index=2).isfinite()
        x = x.detach()
        with pytest.raises(ValueError, match="gaussian_nll: var must be >= 0"):
            f.gaussian_nll_loss(x, t, t - bad)
    stepped = torch.full((20,), 7.0)
    stepped[::2] = 0.5
    assert f.binary_cross_entropy(stepped[::2], torch.ones(10)).isfinite()


def test_errors_under_gradients_and_transforms(loss: Loss) -> None:
    """The checks hold on the other dispatch paths too: autograd, vmap, jvp, autocast."""
    bad, _ = mistaken(make_case(loss, dtype=torch.float32), loss.family.mismatch)
    name = loss.differentiable[0]
    x = bad.tensors[name]

    def autocast() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return bad.ours()

    for call in (
        lambda: bad.ours(**{name: x.clone().requires_grad_()}),
        lambda: torch.func.grad(bad.over((name,)))(x),
        lambda: torch.func.jvp(bad.over((name,)), (x,), (x,)),
        lambda: torch.func.vmap(bad.over((name,)))(torch.stack([x, x])),
        autocast,
    ):
        error = raised(call)
        assert error is not None and f"{loss.op}: " in str(error), error


def test_shapes_in_the_message() -> None:
    """The message of design.md, word by word."""
    case = make_case(LOSSES[3], dtype=torch.float32)
    message = "huber: input and target must have the same shape, got (3, 1) and (3,)"
    with pytest.raises(RuntimeError, match=re.escape(message)):
        case.ours(input=torch.ones(3, 1), target=torch.ones(3))
    assert SHAPE == (4, 3)
