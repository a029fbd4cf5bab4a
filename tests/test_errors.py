"""Bad input: a clear error from Python, torch.ops and TorchScript alike, of torch's own type."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops
from tests.cases import Case, make_case, peer_call
from tests.losses import LOSSES, SHAPE, Bad, Loss

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
    peer = peer_call(case)
    theirs = raised(peer) if peer is not None and as_torch else None
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


def replace_first(case: Case, change: Callable[[Tensor], Tensor]) -> Case:
    name = case.loss.operands[0]
    return case.but(**{name: change(case.tensors[name])})


def replace_label(case: Case, row: int, label: int) -> Case:
    def change(t: Tensor) -> Tensor:
        t = t.clone()
        t[row] = label
        return t

    return replace_second(case, change)


def replace_second(case: Case, change: Callable[[Tensor], Tensor]) -> Case:
    name = case.loss.operands[1]
    return case.but(**{name: change(case.tensors[name])})


def shown(*shapes: tuple[int, ...]) -> str:
    """A pattern for these shapes, in this order or the other."""
    a, b = (re.escape(str(shape)) for shape in shapes)
    return f"{a}.*{b}|{b}.*{a}"


def weight_shape(case: Case) -> tuple[int, ...]:
    """What a weight of the case may have at most."""
    shape = tuple(case.tensors[case.loss.operands[0]].shape)
    return {"elements": shape, "classes": shape[1:], "rows": shape[:1]}[case.loss.weights]


def elementwise(loss: Loss) -> bool:
    return loss.axis is None


def over_classes(loss: Loss) -> bool:
    return loss.axis is not None


def labelled(loss: Loss) -> bool:
    """One label per row."""
    return loss.weights == "classes"


@dataclass(frozen=True)
class Mistake:
    """A change of operands (4, 3), what the message must say, and where it is a mistake."""

    change: Callable[[Case], Case]
    pattern: str
    where: Callable[[Loss], bool] = lambda loss: True
    without_data: bool = True  # it can be seen on meta tensors
    as_torch: bool = True  # torch raises for the same reason


MISTAKES: dict[str, Mistake] = {name: Mistake(*rest) for name, rest in {
    "other shape": (
        lambda case: replace_second(case, lambda t: t.mT), shown((4, 3), (3, 4)), elementwise),
    "lost dimension": (
        lambda case: replace_second(replace_first(case, lambda t: t[:, :1]), lambda t: t[:, 0]),
        shown((4, 1), (4,)), lambda loss: loss.axis is None and loss.op != "gaussian_nll", False),
    "other batch": (
        lambda case: replace_second(case, lambda t: t[:-1]),
        f"target .*({shown((4,), (3,))}|{shown((4, 3), (3, 3))})", over_classes),
    "label with a dimension too many": (
        lambda case: replace_second(case, lambda t: t[:, None]), r"target .*\(4, 1\)", labelled),
    "other classes": (
        lambda case: replace_second(case, lambda t: t[:, :-1]), shown((4, 3), (4, 2)),
        lambda loss: loss.axis is not None and not labelled(loss)),
    "no class axis": (
        lambda case: replace_first(replace_second(case, lambda t: t.sum()), lambda t: t.sum()),
        r"input must .*dimension.*got.*\(\)", over_classes, True, False),
    "fractional labels": (
        lambda case: case.but(**{case.loss.label: case.tensors[case.loss.label].double()}),
        "must .*got", lambda loss: loss.label in loss.labels and loss.label in loss.operands),
    "label too large": (
        lambda case: replace_label(case, 2, 3),
        r"target must be in \[0, 2\] \(or ignore_index -100\), got 3 at position \(2,?\)",
        labelled, False),
    "label below 0": (
        lambda case: replace_label(case, 1, -1),
        r"target must be in \[0, 2\] \(or ignore_index -100\), got -1 at position \(1,?\)",
        labelled, False),
    "weight does not broadcast": (
        lambda case: case.but(weight=torch.ones(5)), r"weight .*WEIGHT.*\(5,\)"),
    "weight larger than the input": (
        lambda case: case.but(weight=torch.ones(2, 4, 3)), r"weight .*WEIGHT.*\(2, 4, 3\)"),
    "integer input": (
        lambda case: replace_first(case, lambda t: t.round().long()), "must .*floating.*got"),
    "complex input": (
        lambda case: replace_first(case, lambda t: t.to(torch.complex64)), "must be real.*got"),
    "complex target": (
        lambda case: replace_second(case, lambda t: t.to(torch.complex64)), "must be real.*got"),
    "sparse input": (
        lambda case: replace_first(case, Tensor.to_sparse), "must be .*dense.*got",
        lambda loss: True, False),
    "sparse target": (
        lambda case: replace_second(case, Tensor.to_sparse), "must be .*dense.*got",
        lambda loss: True, False),
    "csr weight": (
        lambda case: case.but(weight=torch.ones(4, 3).to_sparse_csr()),
        "weight must be .*dense.*got", lambda loss: True, False),
    "target elsewhere": (
        lambda case: replace_second(case, lambda t: t.to("meta")),
        "must be on the device.*got meta", lambda loss: True, False),
    "weight elsewhere": (
        lambda case: case.but(weight=torch.ones(weight_shape(case), device="meta")),
        "weight must be on the device.*got meta", lambda loss: True, False),
    "normalizer not a number": (
        lambda case: case.but(normalizer=torch.ones(2)), r"normalizer must be .*0-d.*\(2,\)"),
    "complex weight": (
        lambda case: case.but(weight=torch.ones(4, 3, dtype=torch.complex64)),
        "weight must be real"),
    "normalizer without reduction": (
        lambda case: case.but(normalizer=torch.ones(()), reduction="none"),
        "normalizer needs .*reduction|normalizer.*reduction"),
}.items()}  # fmt: skip


def mistaken(loss: Loss, name: str) -> tuple[Case, str]:
    """The case with the mistake, and what the message must say."""
    case = make_case(loss, dtype=torch.float32)
    pattern = MISTAKES[name].pattern.replace("WEIGHT", re.escape(str(weight_shape(case))))
    if loss.ignore and loss.axis is not None:
        case = case.but(ignore_index=-100)
    return MISTAKES[name].change(case), pattern


ALL_MISTAKES = [(loss, name) for loss in LOSSES for name in MISTAKES if MISTAKES[name].where(loss)]


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("row", "mistake"), ALL_MISTAKES, ids=str)
def test_mistakes(row: Loss, mistake: str, caller: str) -> None:
    """Each names the op, the argument, what was given and what is allowed."""
    case, pattern = mistaken(row, mistake)
    as_torch = MISTAKES[mistake].as_torch
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
    for name, mistake in MISTAKES.items():
        if not (mistake.where(loss) and mistake.without_data):
            continue
        case, pattern = mistaken(loss, name)
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
    bad, _ = mistaken(loss, "other shape" if loss.axis is None else "other batch")
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
