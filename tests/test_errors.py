"""Bad input: a clear error from Python, torch.ops and TorchScript alike, of torch's own type."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops
from tests.cases import Case, make_case, peer_call
from tests.losses import LOSSES, SHAPE, TENSOR_PARAMS, Bad, Loss

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


def assert_refused(case: Case, caller: str, pattern: str) -> None:
    """The call fails with a message that matches and an exception of the kind that torch has."""
    error = raised(lambda: CALLERS[caller](case))
    assert error is not None, f"{case} was accepted"
    assert isinstance(error, KINDS)
    assert re.search(pattern, str(error)), f"{pattern!r} not in: {error}"
    peer = peer_call(case)
    theirs = None if peer is None else raised(peer)
    if theirs is not None and caller == "function":
        assert kind(error) is kind(theirs), f"torch raises {type(theirs).__name__}: {theirs}"


ROWS = [(loss, bad) for loss in LOSSES for bad in loss.bad]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("row", "bad"), ROWS, ids=lambda x: repr(x) if isinstance(x, Loss) else "")
def test_bad_parameters(row: Loss, bad: Bad, caller: str, device: str) -> None:
    case = make_case(row, dtype=torch.float32, device=device)
    tensors = {
        name: torch.tensor(value, device=device)
        for name, value in bad.params.items() if name in TENSOR_PARAMS
    } | {name: value.to(device) for name, value in bad.operands.items()}  # fmt: skip
    scalars = {k: v for k, v in bad.params.items() if k not in TENSOR_PARAMS}
    case = case.but(params={**case.params, **scalars}, **tensors)
    assert_refused(case, caller, bad.pattern)


def replace_first(case: Case, change: Callable[[Tensor], Tensor]) -> Case:
    name = case.loss.operands[0]
    return case.but(**{name: change(case.tensors[name])})


def replace_second(case: Case, change: Callable[[Tensor], Tensor]) -> Case:
    name = case.loss.operands[1]
    return case.but(**{name: change(case.tensors[name])})


MISTAKES: dict[str, tuple[Callable[[Case], Case], str]] = {
    "other shape": (
        lambda case: replace_second(case, lambda t: t.mT),
        r"\(4, 3\).*\(3, 4\)|\(3, 4\).*\(4, 3\)"),
    "lost dimension": (
        lambda case: replace_second(replace_first(case, lambda t: t[:, :1]), lambda t: t[:, 0]),
        r"\(4, 1\).*\(4,\)|\(4,\).*\(4, 1\)"),
    "weight does not broadcast": (
        lambda case: case.but(weight=torch.ones(5)), r"weight .*\(4, 3\).*\(5,\)"),
    "weight larger than the input": (
        lambda case: case.but(weight=torch.ones(2, 4, 3)), r"weight .*\(4, 3\).*\(2, 4, 3\)"),
    "integer input": (
        lambda case: replace_first(case, lambda t: t.round().long()), "must .*floating.*got"),
    "complex input": (
        lambda case: replace_first(case, lambda t: t.to(torch.complex64)), "must be real.*got"),
    "complex target": (
        lambda case: replace_second(case, lambda t: t.to(torch.complex64)), "must be real.*got"),
    "sparse input": (
        lambda case: replace_first(case, Tensor.to_sparse), "must be .*dense.*got"),
    "sparse target": (
        lambda case: replace_second(case, Tensor.to_sparse), "must be .*dense.*got"),
    "csr weight": (
        lambda case: case.but(weight=torch.ones(4, 3).to_sparse_csr()),
        "weight must be .*dense.*got"),
    "target elsewhere": (
        lambda case: replace_second(case, lambda t: t.to("meta")),
        "must be on the device.*got meta"),
    "weight elsewhere": (
        lambda case: case.but(weight=torch.ones(4, 3, device="meta")),
        "weight must be on the device.*got meta"),
    "normalizer not a number": (
        lambda case: case.but(normalizer=torch.ones(2)), r"normalizer must be .*0-d.*\(2,\)"),
    "complex weight": (
        lambda case: case.but(weight=torch.ones(4, 3, dtype=torch.complex64)),
        "weight must be real"),
    "normalizer without reduction": (
        lambda case: case.but(normalizer=torch.ones(()), reduction="none"),
        "normalizer needs .*reduction|normalizer.*reduction"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(loss: Loss, mistake: str, caller: str) -> None:
    """Each names the op, the argument, what was given and what is allowed."""
    change, pattern = MISTAKES[mistake]
    case = change(make_case(loss, dtype=torch.float32))
    if mistake == "lost dimension" and loss.op == "gaussian_nll":
        pytest.skip("its operands broadcast to rows")
    assert_refused(case, caller, rf"{loss.op}: [\s\S]*({pattern})")


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
    for name in loss.operands:
        for value in (None, "text", [1.0, 2.0], object()):
            if loss.op == "gaussian_nll" and name == "var":
                continue
            for call in (case.ours, case.op):
                assert isinstance(raised(lambda: call(**{name: value})), KINDS)  # noqa: B023


def test_bad_ignore_index(loss: Loss) -> None:
    case = make_case(loss, dtype=torch.float32)
    for value in ("255", 1.5, torch.ones(2)):
        assert isinstance(raised(lambda: case.op(ignore_index=value)), KINDS)  # noqa: B023


def test_errors_come_before_any_work(loss: Loss) -> None:
    """On meta tensors, where no data exists, the same mistakes give the same messages."""
    for mistake, (change, pattern) in MISTAKES.items():
        if mistake in ("target elsewhere", "weight elsewhere", "sparse input", "sparse target",
                       "csr weight", "lost dimension"):  # fmt: skip
            continue
        case = change(make_case(loss, dtype=torch.float32)).to("meta")
        error = raised(case.op)
        assert error is not None and re.search(pattern, str(error)), (mistake, error)


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
    bad = replace_second(make_case(loss, dtype=torch.float32), lambda t: t.mT)
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
