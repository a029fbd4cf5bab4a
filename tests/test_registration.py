"""The operators as the dispatcher sees them, and the completeness of everything about a loss."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.library import opcheck

import lossops
from tests import registry
from tests.cases import Case, make_case
from tests.losses import BY_OP, LOSSES, Loss
from tests.test_linear import DIVERGENCES, OWN
from tools.losses import BESIDE

ROOT = Path(__file__).resolve().parent.parent
COMBINATIONS = ("CombinedLoss", "DynamicWeightAverage", "GradNorm", "UncertaintyWeightedLoss")
# What is computed like a loss: see tests/test_log_probabilities.py, test_policy.py, test_gammas.py.
OPERATORS = ("focal_by_gamma", "policy_gradient", "selective_log_softmax", "softmax_entropy")
# Operators that the table is not for: see tests/test_counting.py and tests/test_penalties.py.
NO_LOSSES = {"count_labels", "ctc_align", "elastic_net_penalty", *OPERATORS}
# Losses on a product, each from the line of that on logits: see tests/test_linear.py.
LINEAR = {f"linear_{op}" for op in (*OWN, *DIVERGENCES)}
LAYERS = {
    "linear_cross_entropy": "LinearCrossEntropyLoss",
    "linear_softmax_focal_loss": "LinearSoftmaxFocalLoss",
    "linear_balanced_softmax_loss": "LinearBalancedSoftmaxLoss",
    "linear_arcface_loss": "LinearArcFaceLoss",
    "linear_cosface_loss": "LinearCosFaceLoss",
    "linear_distill_kl_loss": "LinearDistillKLLoss",
    "linear_jsd_loss": "LinearJSDLoss",
}
# Those of all pairs in a batch: see tests/test_contrastive.py.
CONTRASTIVE = BESIDE["contrastive"]
INTERNAL_TESTS = ("test_schema", "test_autograd_registration", "test_faketensor")


def registered() -> set[str]:
    names = torch._C._dispatch_get_all_op_names()
    return {n.removeprefix("lossops::").split(".")[0] for n in names if n.startswith("lossops::")}


def public_ops() -> list[str]:
    return sorted(name for name in registered() if not name.startswith("_"))


def operator(loss: Loss, internal: bool = False) -> Any:
    name = f"_{loss.op}_value_and_grad" if internal else loss.op
    return getattr(torch.ops.lossops, name).default


def internal_args(case: Case) -> tuple[Any, ...]:
    """Ask for the gradient of every differentiable operand."""
    schema = operator(case.loss, internal=True)._schema.arguments
    tensors = [a.name for a in schema if "Tensor" in str(a.type)]
    return (*case.op_args(), sum(1 << tensors.index(name) for name in wanted(case)))


def wanted(case: Case) -> list[str]:
    """The operands whose gradient the internal op gives, in the order of the bits of `wrt`."""
    return list(case.loss.family.fused(case))


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("requires_grad", [False, True], ids=["values", "gradients"])
def test_opcheck(loss: Loss, requires_grad: bool, reduction: str) -> None:
    """Schema, autograd registration, fake tensors and AOT dispatch with dynamic shapes."""
    case = make_case(
        loss, reduction=reduction, weight="row", ignore=loss.ignore, normalizer=reduction != "none"
    )
    if requires_grad:
        case = case.but(**dict(zip(case.differentiable, case.leaves(), strict=True)))
    opcheck(operator(loss), case.op_args())


@pytest.mark.slow
def test_opcheck_every_parameter_set(loss: Loss, params: dict[str, Any]) -> None:
    for weight, ignore in ((None, False), ("full", loss.ignore)):
        for reduction in loss.reductions:
            case = make_case(loss, params, weight=weight, ignore=ignore, reduction=reduction)
            case = case.but(**dict(zip(case.differentiable, case.leaves(), strict=True)))
            opcheck(operator(loss), case.op_args())


def test_opcheck_internal(loss: Loss) -> None:
    case = make_case(loss, dtype=torch.float32, ignore=loss.ignore)
    opcheck(operator(loss, internal=True), internal_args(case), test_utils=INTERNAL_TESTS)


def test_internal_op_gives_value_and_gradients(loss: Loss, params: dict[str, Any]) -> None:
    case = make_case(loss, params, weight="full")
    value, *gradients = operator(loss, internal=True)(*internal_args(case))
    torch.testing.assert_close(value, case.expected())
    assert len(gradients) >= len(wanted(case))
    pointers = [t.untyped_storage().data_ptr() for t in (*gradients, *case.tensors.values())]
    assert len(set(pointers)) == len(pointers), "an output aliases an input or another output"
    expected = case.gradients(case.expected, wanted(case))
    for actual, want in zip(gradients, expected, strict=False):
        torch.testing.assert_close(actual.sum_to_size(want.shape), want)


LAYOUTS: dict[str, Any] = {
    "contiguous": lambda t: t,
    "transposed": lambda t: t.mT.contiguous().mT,
    "channels_last": lambda t: t.to(memory_format=torch.channels_last) if t.dim() == 4 else t,
    "stepped": lambda t: torch.stack([t, t], -1).flatten(-2)[..., ::2],
    "expanded": lambda t: t[:1].expand(t.shape),
}


def like(t: Tensor) -> tuple[Any, ...]:
    return tuple(t.shape), t.stride(), t.dtype


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_meta(loss: Loss, layout: str, reduction: str) -> None:
    """Meta tensors predict shape, strides and dtype of the result and of every gradient."""
    for shape in ((4, 3), (2, 3, 2, 3), (0, 3)):
        case = make_case(loss, shape=shape, dtype=torch.float32, reduction=reduction)
        case = case.map(lambda name, t: LAYOUTS[layout](t) if t.dim() > 1 else t)
        meta = case.map(
            lambda name, t: torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device="meta")
        )
        assert like(meta.op()) == like(case.op()), shape
        real = operator(loss, internal=True)(*internal_args(case))
        fake = operator(loss, internal=True)(*internal_args(meta))
        assert [like(t) for t in fake] == [like(t) for t in real], shape


def test_tags_and_alias_info(loss: Loss) -> None:
    schema = operator(loss)._schema
    assert not schema.is_mutable
    assert all(a.alias_info is None for a in (*schema.arguments, *schema.returns))
    tail = [a.name for a in schema.arguments[-5:]]
    assert tail == ["weight", "ignore_index", "normalizer", "reduction", "dtype"]


# -- completeness ---------------------------------------------------------------------------------


def test_registry_is_the_table() -> None:
    """Every loss of the library has a row, and every row an op and its internal op."""
    assert public_ops() == sorted({*BY_OP, *NO_LOSSES, *LINEAR, *CONTRASTIVE})
    assert {f"_{op}_value_and_grad" for op in BY_OP} <= registered()
    assert sorted(line.op for line in registry.lines()) == sorted(BY_OP)


def test_functions_and_modules_are_listed(loss: Loss) -> None:
    assert loss.function in lossops.functional.__all__
    assert loss.module in lossops.nn.__all__
    assert issubclass(getattr(lossops.nn, loss.module), torch.nn.Module)
    for thing in (getattr(lossops.functional, loss.function), getattr(lossops.nn, loss.module)):
        assert thing.__doc__ and "Example" in thing.__doc__


def test_public_api_is_the_table() -> None:
    """And losses composed of the user's function, of a layer, or of several steps."""
    table = {loss.function: loss.module for loss in LOSSES} | LAYERS
    table |= {f"{op}_loss": module for op, module in CONTRASTIVE.items()}
    table |= {"policy_gradient_loss": "PolicyGradientLoss", "seesaw_loss": "SeesawLoss"}
    table |= {"triplet_margin_with_distance_loss": "TripletMarginWithDistanceLoss"}
    modules = ["AdaptiveLogSoftmaxWithLoss", *COMBINATIONS, *table.values()]
    assert sorted(lossops.functional.__all__) == sorted(table)
    assert sorted(lossops.nn.__all__) == sorted(modules)


def test_documented(loss: Loss) -> None:
    """docs/losses.md has a section per op, and README.md a link to it."""
    assert f"\n## {loss.op}\n" in (ROOT / "docs/losses.md").read_text()
    assert f"[{loss.function}](docs/losses.md#{loss.op})" in (ROOT / "README.md").read_text()


def test_torch_names_are_kept(loss: Loss) -> None:
    """Where torch has the loss, the module has its name and constructor order as well."""
    theirs = getattr(torch.nn, loss.module, None)
    if loss.baseline is None:
        assert theirs is None
        return
    from tests.test_forward import signature

    ours, theirs = signature(getattr(lossops.nn, loss.module)), signature(theirs)
    assert ours[: len(theirs)] == theirs
