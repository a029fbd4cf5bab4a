"""What functions and modules take for an argument, and what they say of anything else."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import lossops
import lossops.functional as F
from tests.cases import make_case
from tests.losses import Loss

pytestmark = pytest.mark.host
X, T = torch.linspace(-2, 2, 6), torch.linspace(0, 1, 6)
LOGITS, LABELS = torch.linspace(-2, 2, 12).reshape(4, 3), torch.tensor([0, 2, 1, 0])


def test_size_average_by_position() -> None:
    """It stood where ignore_index is now, and False would leave class 0 out."""
    for flag in (True, False, np.bool_(True)):
        with pytest.raises(TypeError, match="cross_entropy: ignore_index must be an integer or Non"
                           "e, got (True|False); size_average .* use reduction="):  # fmt: skip
            F.cross_entropy(LOGITS, LABELS, None, flag)
    with pytest.raises(TypeError, match="elastic_net_penalty: l1 must be a number, got True$"):
        lossops.l1_penalty(X, True)
    with pytest.raises(TypeError, match="poisson_nll: eps must be a number, got True"):
        F.poisson_nll_loss(X, T, True, False, True)
    with pytest.raises(ValueError, match="mse: reduction must be .*, got False; size_average"):
        F.mse_loss(X, T, False)
    with pytest.raises(ValueError, match="kl_div: reduction must be .*, got True; size_average"):
        F.kl_div(X, T, True)


def test_numbers_that_would_learn(loss: Loss) -> None:
    """They were read once and stayed as they were."""
    case = make_case(loss, dtype=torch.float32)
    schema = getattr(torch.ops.lossops, loss.op).default._schema
    kinds = ("float", "Optional[float]")
    for name in (a.name for a in schema.arguments if str(a.type) in kinds):
        with pytest.raises(TypeError, match=f"{loss.op}: {name} must be a number.* requires grad"):
            case.ours(**{name: nn.Parameter(torch.tensor(0.5))})


def test_settings_that_would_learn() -> None:
    """Modules made floats of them, and of strings."""
    for wrong in (nn.Parameter(torch.tensor(0.5)), "0.5", True, [0.5]):
        for make, name in (
            (lambda x: lossops.nn.HuberLoss(delta=x), "HuberLoss: delta"),
            (lambda x: lossops.nn.CrossEntropyLoss(softcap=x), "CrossEntropyLoss: softcap"),
            (lambda x: lossops.nn.GradNorm({"a": lossops.nn.MSELoss()}, x), "GradNorm: alpha"),
        ):
            with pytest.raises(TypeError, match=f"^{name} must be a number"):
                make(wrong)
    assert lossops.nn.HuberLoss(delta=np.float32(0.5)).delta == 0.5
    assert lossops.nn.HuberLoss(delta=torch.tensor(0.5)).delta == 0.5
    alpha = np.array([1.0, 2.0, 3.0])
    assert torch.equal(lossops.nn.SoftmaxFocalLoss(alpha).alpha, torch.from_numpy(alpha))
    assert lossops.nn.SoftmaxFocalLoss(np.float32(0.5)).alpha == 0.5


def test_numbers_in_tensors() -> None:
    module = lossops.nn.HuberLoss()
    module.delta = nn.Parameter(torch.tensor(0.5))
    with pytest.raises(TypeError, match=r"huber: delta .* delta.detach\(\) or .item\(\)"):
        module(X, T)
    assert F.huber_loss(X, T, delta=torch.tensor(0.5)) == F.huber_loss(X, T, delta=0.5)


SAME: dict[str, tuple[Callable[[], Tensor], Callable[[], Tensor]]] = {
    "a float": (
        lambda: F.robust_loss(X, T, alpha=np.float32(0.5)), lambda: F.robust_loss(X, T, alpha=0.5)),
    "a 0-d array": (
        lambda: F.huber_loss(X, T, delta=np.array(0.5)), lambda: F.huber_loss(X, T, delta=0.5)),
    "an integer": (
        lambda: F.cross_entropy(LOGITS, LABELS, ignore_index=np.int64(2)),
        lambda: F.cross_entropy(LOGITS, LABELS, ignore_index=2)),
    "a whole float": (
        lambda: F.hinge_loss(X, T.sign(), power=2.0), lambda: F.hinge_loss(X, T.sign(), power=2)),
    "p of torch": (
        lambda: lossops.from_torch(nn.MultiMarginLoss(p=1.0))(LOGITS, LABELS),
        lambda: F.multi_margin_loss(LOGITS, LABELS)),
    "normalizer": (
        lambda: F.mse_loss(X, T, normalizer=np.int64(3)), lambda: F.mse_loss(X, T, normalizer=3)),
    "alpha": (
        lambda: F.softmax_focal_loss(LOGITS, LABELS, alpha=np.array([1.0, 2.0, 3.0])),
        lambda: F.softmax_focal_loss(LOGITS, LABELS, alpha=torch.tensor([1.0, 2.0, 3.0]))),
    "var": (
        lambda: F.gaussian_nll_loss(X, T, np.float32(0.5)),
        lambda: F.gaussian_nll_loss(X, T, 0.5)),
    "variances": (
        lambda: F.gaussian_nll_loss(X, T, np.full(6, 0.5, np.float32)),
        lambda: F.gaussian_nll_loss(X, T, torch.full((6,), 0.5))),
    "q": (
        lambda: F.quantile_loss(X, T, np.float32(0.25)), lambda: F.quantile_loss(X, T, 0.25)),
    "levels": (
        lambda: F.quantile_loss(LOGITS, T[:4], np.array([0.1, 0.5, 0.9], np.float32)),
        lambda: F.quantile_loss(LOGITS, T[:4], [0.1, 0.5, 0.9])),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_numbers_of_other_types(name: str) -> None:
    given, plain = SAME[name]
    assert torch.equal(given(), plain())


WRONG: dict[str, Callable[[], Tensor]] = {
    r"mse: weight must be a tensor or None, got list \[1.0, 2.0\]":
        lambda: F.mse_loss(X, T, weight=[1.0, 2.0]),
    "mse: normalizer must be a tensor, a number or None, got str 'all'":
        lambda: F.mse_loss(X, T, normalizer="all"),
    "mse: input must be a tensor, got list":
        lambda: F.mse_loss([1.0, 2.0], T, normalizer=2.0),
    "mse: target must be a tensor, got None":
        lambda: F.mse_loss(X, None),
    "quantile: input must be a tensor, got list":
        lambda: F.quantile_loss([1.0, 2.0], T),
    "gaussian_nll: input must be a tensor, got list":
        lambda: F.gaussian_nll_loss([1.0, 2.0], T, 1.0),
    "gaussian_nll: var must be a tensor or a number, got str 'a'":
        lambda: F.gaussian_nll_loss(X, T, "a"),
    "huber: delta must be a number, got str '1'":
        lambda: F.huber_loss(X, T, delta="1"),
    "huber: delta must be a number, got None":
        lambda: F.huber_loss(X, T, delta=None),
    r"huber: delta must be a number, got a tensor of shape \(6,\)":
        lambda: F.huber_loss(X, T, delta=X),
    r"huber: delta must be a number, got a tensor of shape \(\), whose value is not known":
        lambda: F.huber_loss(X, T, delta=torch.tensor(1.0, device="meta")),
    "focal: alpha must be a number or None, got str 'a'":
        lambda: F.focal_loss(X, T, alpha="a"),
    "hinge: power must be an integer, got float 1.5":
        lambda: F.hinge_loss(X, T.sign(), power=1.5),
    "cross_entropy: ignore_index must be an integer or None, got str '255'":
        lambda: F.cross_entropy(LOGITS, LABELS, ignore_index="255"),
    "poisson_nll: log_input must be True or False, got str 'yes'":
        lambda: F.poisson_nll_loss(X, T, "yes"),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_wrong_types(message: str) -> None:
    """Each names the operator, the argument, what it takes and what was given; none the schema."""
    with pytest.raises(TypeError, match=f"^{message}"):
        WRONG[message]()
