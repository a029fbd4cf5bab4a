"""CombinedLoss: operands shared or each term's own, weights that change, every compiler."""

import copy
import io
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import lossops
from lossops.nn import CombinedLoss, CrossEntropyLoss, GaussianNLLLoss, HuberLoss, SoftmaxFocalLoss

script_warnings = pytest.mark.filterwarnings("ignore:.*torch.jit.*")
Own = dict[str, list[Tensor]]


class Mine(nn.Module):
    """A loss of the user's: no reduction, no normalizer."""

    def forward(self, guess: Tensor, truth: Tensor) -> Tensor:
        return (guess - truth).square().mean()


def classes(rows: int = 6) -> tuple[Tensor, Tensor]:
    return torch.randn(rows, 3, requires_grad=True), torch.randint(3, (rows,))


def shared() -> CombinedLoss:
    weight = torch.tensor([1.0, 2.0, 4.0])
    return CombinedLoss({"ce": (CrossEntropyLoss(weight), 1.0), "focal": (SoftmaxFocalLoss(), 0.5)})


def separate() -> tuple[CombinedLoss, Own]:
    """Two, three and one operands; losses of ours, of torch and of the user."""
    criterion = CombinedLoss({
        "label": CrossEntropyLoss(), "depth": (GaussianNLLLoss(), 0.25), "box": (Mine(), 2.0),
        "rank": (nn.MarginRankingLoss(0.5), 3.0), "penalty": (nn.Identity(), 0.1),
    })  # fmt: skip
    x, t = classes()
    a, b, c = torch.randn(3, 5, requires_grad=True)
    operands: Own = {"label": [x, t], "depth": [a, b, c.exp()], "box": [a, b],
                     "rank": [a, b, c.sign()], "penalty": [a.abs().sum()]}  # fmt: skip
    return criterion, operands


def by_hand(operands: Own) -> tuple[Tensor, dict[str, Tensor]]:
    F = torch.nn.functional
    values = {
        "label": F.cross_entropy(*operands["label"]),
        "depth": F.gaussian_nll_loss(*operands["depth"]),
        "box": F.mse_loss(*operands["box"]), "rank": F.margin_ranking_loss(*operands["rank"], 0.5),
        "penalty": operands["penalty"][0],
    }  # fmt: skip
    factors = (1, 0.25, 2, 3, 0.1)
    return sum(w * v for w, v in zip(factors, values.values(), strict=True)), values


def test_shared_operands() -> None:
    x, t = classes()
    total, terms = shared()(x, t)
    ce = CrossEntropyLoss(torch.tensor([1.0, 2.0, 4.0]))(x, t)
    focal = SoftmaxFocalLoss()(x, t)
    torch.testing.assert_close(total, ce + 0.5 * focal)
    assert list(terms) == ["ce", "focal"] and not any(v.requires_grad for v in terms.values())
    torch.testing.assert_close(terms["focal"], focal.detach())
    (gradient,) = torch.autograd.grad(total, x)
    torch.testing.assert_close(gradient, torch.autograd.grad(ce + 0.5 * focal, x)[0])


def test_own_operands() -> None:
    criterion, operands = separate()
    total, terms = criterion({name: tuple(given) for name, given in operands.items()})
    expected, values = by_hand(operands)
    torch.testing.assert_close(total, expected)
    for name, value in values.items():
        torch.testing.assert_close(terms[name], value.detach())


class Optional(nn.Module):
    """A loss whose target may be left out."""

    def forward(self, guess: Tensor, target: Tensor | None = None) -> Tensor:
        return (guess if target is None else guess - target).square().mean()


@script_warnings
def test_optional_target() -> None:
    """It is given where there is one."""
    x, t = torch.randn(2, 4)
    criterion = CombinedLoss({"a": Optional(), "b": nn.Identity()})
    expected = (x - t).square().mean()
    _, terms = criterion({"a": (x, t), "b": (x.mean(),)})
    torch.testing.assert_close(terms["a"], expected)
    shared = CombinedLoss({"a": Optional()})
    for call in (shared, torch.jit.script(shared)):
        torch.testing.assert_close(call(x, t)[0], expected)
    torch.testing.assert_close(shared(x)[0], x.square().mean())


def test_optional_operands() -> None:
    """In eager mode what forward takes beyond the operands may follow them."""
    x, t, w = torch.randn(3, 4)
    total, _ = CombinedLoss({"a": HuberLoss()})({"a": (x, t, w)})
    assert torch.equal(total, HuberLoss()(x, t, w))


def test_weights_change() -> None:
    criterion, (x, t) = shared(), classes()
    _, terms = criterion(x, t)
    criterion.set_weight("focal", 3.0)
    criterion.set_weight("ce", -1.0)
    total, _ = criterion(x, t)
    torch.testing.assert_close(total.detach(), 3 * terms["focal"] - terms["ce"])


def test_weights_of_numpy() -> None:
    criterion = CombinedLoss({"a": (HuberLoss(), np.float32(0.5)), "b": (HuberLoss(), np.int64(2))})
    assert [term.weight for term in criterion.terms.values()] == [0.5, 2.0]
    criterion.set_weight("a", np.float64(0.25))
    assert criterion.terms["a"].weight == 0.25


@script_warnings
def test_weights_change_before_backward() -> None:
    """What was computed keeps the weight that it was computed with."""
    criterion, (x, t) = shared(), classes()
    scripted = torch.jit.script(copy.deepcopy(criterion))
    (expected,) = torch.autograd.grad(criterion(x, t)[0], x)
    for module in (criterion, scripted):
        total, _ = module(x, t)
        module.set_weight("ce", 5.0)
        torch.testing.assert_close(torch.autograd.grad(total, x)[0], expected)


def test_weights_stay_wide() -> None:
    """In a model that is cast to half precision; the losses follow the model."""
    criterion = shared()
    criterion.set_weight("ce", 1e5)
    for module in (criterion.half(), criterion.to(torch.bfloat16)):
        assert module.terms["ce"].weight.dtype == torch.float32
        assert module.terms["ce"].weight == 1e5
    assert criterion.terms["ce"].loss.weight.dtype == torch.bfloat16
    assert criterion.double().terms["ce"].weight.dtype == torch.float64
    assert criterion.float().terms["ce"].weight == 1e5


def test_loss_is_replaced() -> None:
    """A term asks the loss that it has now what it takes."""
    x, t = classes()
    criterion = CombinedLoss({"a": nn.CrossEntropyLoss()})
    lossops.from_torch(criterion)
    total, _ = criterion(x, t, {"a": torch.tensor(2.0)})
    torch.testing.assert_close(total, CrossEntropyLoss(reduction="sum")(x, t) / 2)
    criterion.terms["a"].loss = nn.CrossEntropyLoss()
    with pytest.raises(ValueError, match="normalizer of 'a' is given, but its loss takes none"):
        criterion(x, t, {"a": torch.tensor(2.0)})


def test_normalizers() -> None:
    """By name; the other terms keep their mean."""
    criterion, (x, t) = shared(), classes()
    _, means = criterion(x, t)
    total = means["ce"] * criterion.terms["ce"].loss.denominator(t)
    _, terms = criterion(x, t, {"ce": torch.tensor(4.0)})
    torch.testing.assert_close(terms["ce"], (total / 4).float())
    assert torch.equal(terms["focal"], means["focal"])


def test_unreduced() -> None:
    """Losses per sample combine per sample; different shapes are an error, not a broadcast."""
    x, t = classes()
    criterion = CombinedLoss({"a": CrossEntropyLoss(reduction="none"),
                              "b": SoftmaxFocalLoss(reduction="none")})  # fmt: skip
    assert criterion(x, t)[0].shape == (6,)
    mixed = CombinedLoss({"a": CrossEntropyLoss(reduction="none"), "b": SoftmaxFocalLoss()})
    with pytest.raises(ValueError, match=r"all terms must have one shape.*\[6\].*\[\]"):
        mixed(x, t)


def test_state() -> None:
    """Weights and tensors go by name into the state dict, whatever the order of the terms."""
    criterion = shared()
    criterion.set_weight("focal", 0.125)
    weight = torch.ones(3)
    other = CombinedLoss({"focal": SoftmaxFocalLoss(), "ce": CrossEntropyLoss(weight)})
    assert "terms.ce.loss.weight" in criterion.state_dict()
    other.load_state_dict(criterion.state_dict())
    x, t = classes()
    torch.testing.assert_close(other(x, t)[0], criterion(x, t)[0])
    assert torch.equal(copy.deepcopy(criterion)(x, t)[0], criterion(x, t)[0])
    assert all(buffer.is_meta for buffer in shared().to("meta").buffers())
    assert "weight=" in repr(criterion.to("meta")) and not list(criterion.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_dtypes(dtype: torch.dtype) -> None:
    """The total is at least as wide as the weights, and gradients have the dtype of the input."""
    x, t = classes()
    x = x.detach().to(dtype).requires_grad_()
    total, _ = shared()(x, t)
    assert total.dtype == torch.promote_types(dtype, torch.float32)
    total.backward()
    assert x.grad.dtype == dtype and x.grad.isfinite().all()


@script_warnings
def test_script() -> None:
    """Scripted, saved and loaded: values, gradients, and weights that change."""
    criterion, operands = separate()
    expected, values = by_hand(operands)
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(criterion), buffer)
    buffer.seek(0)
    scripted = torch.jit.load(buffer)
    for _ in range(3):
        total, terms = scripted(operands)
        torch.testing.assert_close(total, expected)
    torch.testing.assert_close(terms, {name: v.detach() for name, v in values.items()})
    x = operands["label"][0]
    (gradient,) = torch.autograd.grad(total, x, retain_graph=True)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, x, retain_graph=True)[0])
    scripted.set_weight("box", 0.0)
    torch.testing.assert_close(scripted(operands)[0], expected - 2 * values["box"])
    total, terms = scripted(operands, None, {"label": torch.tensor(3.0)})
    torch.testing.assert_close(terms["label"], 2 * values["label"].detach())
    with pytest.raises(torch.jit.Error, match="operands of 'box' must be 2, got 3"):
        scripted({**operands, "box": [x, x, x]})


@script_warnings
def test_script_shared() -> None:
    criterion, (x, t) = shared(), classes()
    scripted = torch.jit.script(criterion)
    assert torch.equal(scripted(x, t)[0], criterion(x, t)[0])
    given = {"focal": torch.tensor(3.0)}
    assert torch.equal(scripted(x, t, given)[0], criterion(x, t, given)[0])


def test_compile() -> None:
    """One graph, also backward; another weight does not compile anew."""
    torch._dynamo.reset()
    criterion, operands = separate()
    compiled = torch.compile(criterion, fullgraph=True, backend="aot_eager")
    for weight in (2.0, 0.5, 0.0):
        criterion.set_weight("box", weight)
        with torch.compiler.set_stance("default" if weight == 2.0 else "fail_on_recompile"):
            total, terms = compiled(operands)
        eager, expected = criterion(operands)
        torch.testing.assert_close(total, eager)
        torch.testing.assert_close(terms, expected)
        x = operands["label"][0]
        (gradient,) = torch.autograd.grad(total, x)
        torch.testing.assert_close(gradient, torch.autograd.grad(eager, x, retain_graph=True)[0])


def test_compiled_or_scripted_losses_inside() -> None:
    x, t = classes()
    compiled = torch.compile(CrossEntropyLoss(), backend="eager")
    assert torch.equal(CombinedLoss({"a": compiled})(x, t)[0], CrossEntropyLoss()(x, t))


@script_warnings
def test_scripted_loss_inside() -> None:
    x, t = classes()
    criterion = CombinedLoss({"a": torch.jit.script(CrossEntropyLoss()), "b": Mine()})
    operands = {"a": [x, t], "b": [x, x + 1]}
    torch.testing.assert_close(criterion(operands)[0], CrossEntropyLoss()(x, t) + 1)
    torch.testing.assert_close(torch.jit.script(criterion)(operands)[0], criterion(operands)[0])


def test_checkpoint_of_training() -> None:
    """The criterion inside a model: one optimizer step moves the model and no weight."""
    criterion, net = shared(), nn.Linear(4, 3)
    model = nn.ModuleDict({"net": net, "criterion": criterion})
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = net.weight.detach().clone()
    total, _ = criterion(net(torch.randn(6, 4)), torch.randint(3, (6,)))
    total.backward()
    optimizer.step()
    assert not torch.equal(net.weight, before) and criterion.terms["focal"].weight == 0.5


BAD: list[tuple[Any, type[Exception], str]] = [
    ({}, ValueError, "CombinedLoss: losses must name at least one loss"),
    ([HuberLoss()], TypeError, "CombinedLoss: losses must be a dictionary by name, got list"),
    (
        {"a": lossops.functional.mse_loss},
        TypeError,
        "'a': a loss must be .*got function",
    ),
    (
        {"a": (HuberLoss(), float("nan"))},
        ValueError,
        "'a': the weight .* must be finite in float32, got nan",
    ),
    ({"a": (HuberLoss(), "1")}, TypeError, "'a': the weight .* must be a number, got str"),
    ({"a": (HuberLoss(), True)}, TypeError, "'a': the weight .* must be a number, got True"),
    ({"a": (HuberLoss(), 10**400)}, ValueError, "'a': the weight .* got an int of 1329 bits"),
    ({"a": (HuberLoss(), 1.0, 2)}, TypeError, r"'a' must be \(loss, weight\), got .*1.0, 2\)"),
    ({"a": CombinedLoss({"b": HuberLoss()})}, TypeError, "'a': a loss must return a tensor"),
    ({"a.b": HuberLoss()}, ValueError, "'a.b' cannot be the name of a loss"),
    ({"items": HuberLoss()}, ValueError, "'items' cannot be the name of a loss"),
    ({"training": HuberLoss()}, ValueError, "'training' cannot be the name of a loss"),
    ({"_buffers": HuberLoss()}, ValueError, "'_buffers' cannot be the name of a loss"),
    ({1: HuberLoss()}, ValueError, "1 cannot be the name of a loss"),
    ({"a": (HuberLoss(), 1e39)}, ValueError, "'a': the weight .* finite in float32, got 1e.39"),
    ({"class": HuberLoss()}, ValueError, "'class' cannot be the name .* no Python keyword"),
]


@pytest.mark.parametrize(("losses", "error", "pattern"), BAD)
def test_bad_constructor(losses: Any, error: type[Exception], pattern: str) -> None:
    with pytest.raises(error, match=pattern):
        CombinedLoss(losses)


def test_bad_calls() -> None:
    criterion, x = CombinedLoss({"a": HuberLoss(), "b": Mine()}), torch.zeros(2)
    with pytest.raises(ValueError, match="CombinedLoss: operands of 'b' are missing"):
        criterion({"a": (x, x)})
    with pytest.raises(ValueError, match="operands names 'c', which is no term"):
        criterion({"a": (x, x), "b": (x, x), "c": (x, x)})
    with pytest.raises(ValueError, match="normalizer names 'c', which is no term"):
        criterion(x, x, {"c": torch.tensor(1.0)})
    with pytest.raises(ValueError, match="normalizer of 'b' is given, but its loss takes none"):
        criterion(x, x, {"b": torch.tensor(2.0)})
    with pytest.raises(TypeError, match="operands of 'a' must be a sequence of tensors"):
        criterion({"a": torch.zeros(2, 3), "b": (x, x)})
    with pytest.raises(KeyError, match="no term 'c'"):
        criterion.set_weight("c", 1.0)
    with pytest.raises(ValueError, match="weight of 'a' must be finite in float32, got inf"):
        criterion.set_weight("a", float("inf"))
    with pytest.raises(ValueError, match="weight of 'a' must be finite in float32, got 1e.39"):
        criterion.set_weight("a", 1e39)
    with pytest.raises(TypeError, match="weight of 'a' must be a number, got str 'x'"):
        criterion.set_weight("a", "x")
    for operands in ((x, x), None):
        with pytest.raises(
            TypeError, match="CombinedLoss: operands must be .*got (tuple|NoneType)"
        ):
            criterion(operands)
    with pytest.raises(TypeError, match="normalizer must be a dictionary by name, got Tensor"):
        criterion(x, x, torch.tensor(1.0))


@script_warnings
def test_target_beside_operands_by_name() -> None:
    criterion, x = CombinedLoss({"a": HuberLoss()}), torch.zeros(2)
    for call in (criterion, torch.jit.script(criterion)):
        with pytest.raises((ValueError, torch.jit.Error), match="target is given beside operands"):
            call({"a": [x, x]}, x)
