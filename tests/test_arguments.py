"""What functions and modules take for an argument, and what they say of anything else."""

from collections.abc import Callable
from typing import Any

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
    with pytest.raises(TypeError, match="l1_penalty: strength must be a number, got True$"):
        lossops.l1_penalty(X, True)
    with pytest.raises(TypeError, match="poisson_nll: eps must be a number, got True; size_averag"):
        F.poisson_nll_loss(X, T, True, False, True)
    with pytest.raises(TypeError, match="SmoothL1Loss: beta must be a number, got False; size_avera"
                       "ge"):  # fmt: skip
        lossops.nn.SmoothL1Loss(True, False)
    with pytest.raises(ValueError, match="mse: reduction must be .*, got False; size_average"):
        F.mse_loss(X, T, False)
    with pytest.raises(ValueError, match="kl_div: reduction must be .*, got True; size_average"):
        F.kl_div(X, T, True)


def test_bools_where_size_average_never_stood() -> None:
    for function, name in (
        (lambda: F.huber_loss(X, T, delta=True), "huber: delta"),
        (lambda: lossops.nn.HuberLoss(delta=True), "HuberLoss: delta"),
        (lambda: F.charbonnier_loss(X, T, eps=True), "charbonnier: eps"),
        (lambda: F.multi_margin_loss(LOGITS, LABELS, p=True), "multi_margin: p"),
    ):
        with pytest.raises(TypeError, match=rf"^{name} must be an? \w+, got True$"):
            function()


# Those that have gradients: see test_margins.py and test_gammas.py; of robust, test_learned.py.
LEARNED = {("arcface", "margin"), ("cosface", "margin"), ("focal", "gamma")}


def test_numbers_that_would_learn(loss: Loss) -> None:
    """They were read once and stayed as they were."""
    case = make_case(loss, dtype=torch.float32)
    schema = getattr(torch.ops.lossops, loss.op).default._schema
    kinds = ("float", "Optional[float]")
    for name in (a.name for a in schema.arguments if str(a.type) in kinds):
        if (loss.op, name) in LEARNED or loss.op == "robust":
            continue
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
    "a tensor": (
        lambda: F.huber_loss(X, T, delta=torch.tensor(0.5)), lambda: F.huber_loss(X, T, delta=0.5)),
    "an integer in a tensor": (
        lambda: F.cross_entropy(LOGITS, LABELS, ignore_index=torch.tensor(2)),
        lambda: F.cross_entropy(LOGITS, LABELS, ignore_index=2)),
    "a whole float in a tensor": (
        lambda: F.cross_entropy(LOGITS, LABELS, ignore_index=torch.tensor(2.0)),
        lambda: F.cross_entropy(LOGITS, LABELS, ignore_index=2)),
    "a flag": (
        lambda: F.poisson_nll_loss(X, T, np.bool_(True), torch.tensor(True)),
        lambda: F.poisson_nll_loss(X, T, True, True)),
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
    "poisson_nll: log_input must be True or False, got float nan":
        lambda: F.poisson_nll_loss(X, T, float("nan")),
    "poisson_nll: full must be True or False, got complex 1j":
        lambda: F.poisson_nll_loss(X, T, full=1j),
    r"poisson_nll: full must be True or False, got a tensor of shape \(\) that holds nan":
        lambda: F.poisson_nll_loss(X, T, full=torch.tensor(float("nan"))),
    "gaussian_nll: full must be True or False, got None":
        lambda: F.gaussian_nll_loss(X, T, 1.0, None),
    "cross_entropy: ignore_index must be an integer or None, got float 2.7":
        lambda: F.cross_entropy(LOGITS, LABELS, ignore_index=torch.tensor(2.7, dtype=torch.double)),
    "cross_entropy: ignore_index must be .* got float inf":
        lambda: F.cross_entropy(LOGITS, LABELS, ignore_index=torch.tensor(float("inf"))),
    r"cross_entropy: ignore_index must be .* got a tensor of shape \(\) that holds True":
        lambda: F.cross_entropy(LOGITS, LABELS, ignore_index=torch.tensor(True)),
    r"huber: delta must be a number, got a tensor of shape \(\) that holds True":
        lambda: F.huber_loss(X, T, delta=torch.tensor(True)),
    r"huber: delta must be a number, got a tensor of shape \(1,\) that holds 1j":
        lambda: F.huber_loss(X, T, delta=torch.tensor([1j])),
    r"HuberLoss: delta must be a number, got a tensor of shape \(\) that holds True":
        lambda: lossops.nn.HuberLoss(delta=torch.tensor(True)),
    "mse: normalizer must be a tensor, a number or None, got True":
        lambda: F.mse_loss(X, T, normalizer=True),
    r"mse: normalizer must be a tensor, a number or None, got ndarray array\(\['a'\]":
        lambda: F.mse_loss(X, T, normalizer=np.array(["a"])),
    r"huber: delta must be a number, got ndarray array\(\[None\]":
        lambda: F.huber_loss(X, T, delta=np.array([None])),
    "QuantileLoss: q must be a number, got None":
        lambda: lossops.nn.QuantileLoss(None),
    "QuantileLoss: q must be a number, got str 'x'":
        lambda: lossops.nn.QuantileLoss([0.5, "x"]),
    "quantile: q must be a number, got complex 1j":
        lambda: F.quantile_loss(LOGITS, T[:4], q=[0.1, 0.5, 1j]),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_wrong_types(message: str) -> None:
    """Each names the operator, the argument, what it takes and what was given; none the schema."""
    with pytest.raises(TypeError, match=f"^{message}"):
        WRONG[message]()


def nested() -> Tensor:
    return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)


NOT_DENSE: dict[str, Callable[[], Tensor]] = {
    "mse: input must be a dense tensor, got a nested one": lambda: F.mse_loss(nested(), nested()),
    "mse: target must be a dense tensor, got a nested one": lambda: F.mse_loss(X, nested()),
    "quantile: input must be a dense tensor, got a quantized one":
        lambda: F.quantile_loss(torch.quantize_per_tensor(X, 0.1, 0, torch.qint8), T, [0.5] * 6),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation")
@pytest.mark.parametrize("message", NOT_DENSE)
def test_tensors_that_are_not_dense(message: str) -> None:
    """Whose dispatch keys have no kernels, or whose dtype makes no tensor of a number."""
    with pytest.raises(RuntimeError, match=f"^{message}$"):
        NOT_DENSE[message]()


def test_operators_called_as_torch_calls_them() -> None:
    """With defaults and keywords, or with what is no call: torch answers."""
    op = F.regression._huber
    assert op(X, T) == F.huber_loss(X, T)
    assert op(X, T, delta=0.5) == F.huber_loss(X, T, delta=0.5)
    for call in (lambda: op(), lambda: op(X), lambda: op(input=X)):
        with pytest.raises(RuntimeError, match=r"lossops::huber\(\) is missing value for argument"):
            call()
    with pytest.raises(RuntimeError, match=r"huber\(\).* unexpected keyword|Unknown keyword"):
        op(X, T, gamma=1.0)


TOO_LARGE: dict[str, Callable[[], Tensor]] = {
    "cross_entropy: ignore_index must be an integer or None, in the range of int64, got int 118059":
        lambda: F.cross_entropy(LOGITS, LABELS, ignore_index=2**70),
    "nll: ignore_index must be an integer or None, in the range of int64, got int -9223372036854775"
    "809":
        lambda: F.nll_loss(LOGITS, LABELS, ignore_index=-(2**63) - 1),
    "hinge: power must be an integer, in the range of int64, got int 10000000000000000198846248":
        lambda: F.hinge_loss(X, T.sign(), power=torch.tensor(1e30, dtype=torch.double)),
    "hinge_embedding: margin must be a number, in the range of float64, got an int of 1329 bits":
        lambda: F.hinge_embedding_loss(X, T.sign(), margin=10**400),
    "MarginRankingLoss: margin must be a number, in the range of float64, got an int of 16610 bits":
        lambda: lossops.nn.MarginRankingLoss(margin=10**5000),
    "mse: normalizer must be a tensor, a number or None, in the range of float64, got an int of":
        lambda: F.mse_loss(X, T, normalizer=10**400),
    "gaussian_nll: var must be a tensor or a number, in the range of float64, got an int of":
        lambda: F.gaussian_nll_loss(X, T, 10**400),
    "QuantileLoss: q must be a number, in the range of float64, got an int of":
        lambda: lossops.nn.QuantileLoss(10**400),
    "quantile: q must be a number, in the range of float64, got an int of":
        lambda: F.quantile_loss(LOGITS, T[:4], q=[0.1, 0.5, 10**400]),
}  # fmt: skip


@pytest.mark.parametrize("message", TOO_LARGE)
def test_numbers_out_of_range(message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        TOO_LARGE[message]()


def compiled(loss: Callable[..., Tensor], *values: object, fullgraph: bool) -> None:
    """Each value gives what it gives in eager mode, with the program that the first one made."""
    program = torch.compile(loss, backend="aot_eager", fullgraph=fullgraph)
    for value in values:
        torch.testing.assert_close(program(value), loss(value))


NUMBERS: dict[str, Callable[[Any], Tensor]] = {
    "delta": lambda delta: F.huber_loss(X, T, delta=delta),
    "HuberLoss": lambda delta: lossops.nn.HuberLoss(delta=delta)(X, T),
    "ignore_index": lambda x: F.hinge_loss(X, T.sign(), ignore_index=x),
}


@pytest.mark.parametrize("kind", [np.float32, np.array, torch.tensor], ids=lambda x: x.__name__)
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_whose_value_a_graph_does_not_know(name: str, kind: Callable[..., Any]) -> None:
    """Each call reads its own; where the graph must not break, the message says what helps."""
    values = [kind(0.0 if name == "ignore_index" else x) for x in (0.5, 0.25)]
    compiled(NUMBERS[name], *values, fullgraph=False)
    if name == "HuberLoss":  # it asks the value itself, which Dynamo may know
        return
    torch._dynamo.reset()
    with pytest.raises(RuntimeError, match="must be .* value is not known, .* numbers of Python"):
        compiled(NUMBERS[name], *values, fullgraph=True)


TENSORS: dict[str, Callable[[Any], Tensor]] = {
    "normalizer": lambda x: F.mse_loss(X, T, normalizer=x),
    "var": lambda x: F.gaussian_nll_loss(X.view(2, 3), T.view(2, 3), x),
    "q": lambda x: F.quantile_loss(X, T, x),
    "levels": lambda x: F.quantile_loss(LOGITS, T[:4], [0.1, x, 0.9]),
    "alpha": lambda x: F.softmax_focal_loss(LOGITS, LABELS, alpha=x),
}


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("name", TENSORS)
def test_numbers_of_numpy_that_become_tensors(name: str, kind: type) -> None:
    compiled(TENSORS[name], kind(0.5), kind(0.25), fullgraph=True)


def test_numbers_that_are_sizes() -> None:
    class SumPerRow(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            loss = F.mse_loss(x, 2 * x, "sum", normalizer=x.size(0))
            return loss + F.gaussian_nll_loss(x, x, x.size(0))

    rows = {0: torch.export.Dim("rows")}
    x = torch.rand(7, 3)
    for strict in (True, False):
        program = torch.export.export(
            SumPerRow(), (X.view(3, 2),), dynamic_shapes={"x": rows}, strict=strict
        )
        torch.testing.assert_close(program.module()(x[:, :2]), SumPerRow()(x[:, :2]))
