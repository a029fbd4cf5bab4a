"""Weights that training finds: uncertainty, GradNorm and dynamic weight averages, as published."""

import copy
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from lossops.nn import (
    CrossEntropyLoss,
    DynamicWeightAverage,
    GradNorm,
    HuberLoss,
    L1Loss,
    MSELoss,
    UncertaintyWeightedLoss,
)
from tests.ranks import on_ranks

script_warnings = pytest.mark.filterwarnings("ignore:.*torch.jit.*")


# -- uncertainty ----------------------------------------------------------------------------------


def uncertain() -> tuple[UncertaintyWeightedLoss, dict[str, list[Tensor]]]:
    criterion = UncertaintyWeightedLoss({
        "label": (CrossEntropyLoss(), "classification"), "depth": (MSELoss(), "regression"),
    })  # fmt: skip
    with torch.no_grad():
        criterion.terms["label"].log_variance.fill_(0.7)
        criterion.terms["depth"].log_variance.fill_(-1.2)
    x, t = torch.randn(5, 3, requires_grad=True), torch.randint(3, (5,))
    return criterion, {
        "label": [x, t],
        "depth": [torch.randn(4, requires_grad=True), torch.randn(4)],
    }


def test_uncertainty_formula() -> None:
    """Against the paper's sigma: l / (2 sigma^2) + ln sigma, and l / sigma^2 + ln sigma."""
    criterion, operands = uncertain()
    total, terms = criterion(operands)
    sigma = {name: math.exp(s / 2) for name, s in (("label", 0.7), ("depth", -1.2))}
    ce = torch.nn.functional.cross_entropy(*operands["label"])
    mse = torch.nn.functional.mse_loss(*operands["depth"])
    expected = ce / sigma["label"] ** 2 + mse / (2 * sigma["depth"] ** 2)
    expected = expected + math.log(sigma["label"]) + math.log(sigma["depth"])
    torch.testing.assert_close(total, expected)
    torch.testing.assert_close(terms, {"label": ce.detach(), "depth": mse.detach()})
    total.backward()
    slope = -mse.detach() / (2 * sigma["depth"] ** 2) + 0.5
    torch.testing.assert_close(criterion.terms["depth"].log_variance.grad, slope)


def test_uncertainty_is_learned() -> None:
    """The variance of a regression task becomes its mean squared error."""
    criterion = UncertaintyWeightedLoss({"a": (MSELoss(), "regression")})
    optimizer = torch.optim.SGD(criterion.parameters(), lr=0.5)
    noise, zero = 3 * torch.randn(1000), torch.zeros(1000)
    for _ in range(100):
        optimizer.zero_grad()
        criterion(noise, zero)[0].backward()
        optimizer.step()
    variance = criterion.terms["a"].log_variance.exp()
    torch.testing.assert_close(variance.detach(), noise.square().mean(), rtol=1e-4, atol=0)


def test_uncertainty_of_an_absent_task() -> None:
    """A loss of 0 gives its log-variance no gradient."""
    criterion, operands = uncertain()
    x, t = operands["label"]
    total, _ = criterion({**operands, "label": [x, torch.full_like(t, -100)]}, None,
                         {"label": torch.tensor(1.0)})  # fmt: skip
    total.backward()
    assert criterion.terms["label"].log_variance.grad == 0
    assert criterion.terms["depth"].log_variance.grad != 0 and x.grad.eq(0).all()


@script_warnings
def test_uncertainty_compiles() -> None:
    """Under TorchScript and torch.compile: the value, and the gradient of what is learned."""
    torch._dynamo.reset()
    criterion, operands = uncertain()
    s = criterion.terms["depth"].log_variance
    expected, _ = criterion(operands)
    (slope,) = torch.autograd.grad(expected, s)
    compiled = torch.compile(criterion, fullgraph=True, backend="aot_eager")
    scripted = torch.jit.script(criterion)
    for call, leaf in ((compiled, s), (scripted, scripted.terms.depth.log_variance)):
        total, _ = call(operands)
        torch.testing.assert_close(total, expected)
        torch.testing.assert_close(torch.autograd.grad(total, leaf)[0], slope)


def test_uncertainty_errors() -> None:
    with pytest.raises(ValueError, match="kind of 'a' must be 'regression' or .* got 'huber'"):
        UncertaintyWeightedLoss({"a": (HuberLoss(), "huber")})
    with pytest.raises(ValueError, match=r"kind of 'a' must be .* got \['x'\]"):
        UncertaintyWeightedLoss({"a": (HuberLoss(), ["x"])})
    with pytest.raises(ValueError, match="UncertaintyWeightedLoss: losses must name"):
        UncertaintyWeightedLoss({})
    with pytest.raises(TypeError, match=r"'a' must be \(loss, kind\), got HuberLoss"):
        UncertaintyWeightedLoss({"a": HuberLoss()})


# -- GradNorm -------------------------------------------------------------------------------------


class Tasks(nn.Module):
    """A trunk and two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.a, self.b = nn.Linear(4, 8), nn.Linear(8, 1), nn.Linear(8, 1)

    def forward(self, x: Tensor, a: Tensor, b: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        z = torch.tanh(self.trunk(x))
        return {"a": (self.a(z), a), "b": (self.b(z), b)}


def batch(seed: int = 0, scale: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(32, 4, generator=generator)
    return x, x[:, :1].sin(), scale * x[:, 1:2].cos()


def test_gradnorm_slope() -> None:
    """The gradient of the weights is that of the paper's L_grad, by a second backward pass."""
    torch.manual_seed(0)
    net, criterion = Tasks(), GradNorm({"a": MSELoss(), "b": MSELoss()}, alpha=0.7)
    W = net.trunk.weight
    criterion(net(*batch(1)), shared=W)  # the first losses
    first = [term.initial.clone() for term in criterion.terms.values()]
    with torch.no_grad():
        criterion.terms["a"].weight.fill_(1.6)
        criterion.terms["b"].weight.fill_(0.4)
    outputs = net(*batch(2))
    total, terms = criterion(outputs, shared=W)
    total.backward()

    losses = [torch.nn.functional.mse_loss(*outputs[name]) for name in "ab"]
    w = torch.tensor([1.6, 0.4], requires_grad=True)
    outputs = net(*batch(2))
    losses = [torch.nn.functional.mse_loss(*outputs[name]) for name in "ab"]
    pulls = [torch.autograd.grad(w[i] * losses[i], W, create_graph=True)[0].norm() for i in (0, 1)]
    pull = torch.stack(pulls)
    rate = torch.stack(losses).detach() / torch.stack(first)
    aim = (pull.mean() * (rate / rate.mean()) ** 0.7).detach()
    (expected,) = torch.autograd.grad((pull - aim).abs().sum(), w)
    actual = torch.stack([term.weight.grad for term in criterion.terms.values()])
    torch.testing.assert_close(actual, expected)
    torch.testing.assert_close(total.detach(), 1.6 * terms["a"] + 0.4 * terms["b"])
    value = (1.6 * losses[0] + 0.4 * losses[1]).detach()
    torch.testing.assert_close(total.detach(), value)


def test_gradnorm_leaves_the_model_its_gradient() -> None:
    net, criterion = Tasks(), GradNorm({"a": MSELoss(), "b": MSELoss()})
    criterion(net(*batch()), shared=net.trunk.weight)[0].backward()
    outputs = net(*batch())
    plain = sum(torch.nn.functional.mse_loss(*given) for given in outputs.values())
    for p, gradient in zip(net.parameters(), torch.autograd.grad(plain, list(net.parameters())),
                           strict=True):  # fmt: skip
        torch.testing.assert_close(p.grad, gradient)


def test_gradnorm_balances() -> None:
    """With alpha 0 the pulls become equal, although one loss is much steeper than the other."""
    torch.manual_seed(0)
    net, criterion = Tasks(), GradNorm({"a": MSELoss(), "b": MSELoss()}, alpha=0.0)
    optimizer = torch.optim.Adam(criterion.parameters(), lr=0.02)
    for _ in range(300):
        optimizer.zero_grad()
        criterion(net(*batch(scale=20.0)), shared=net.trunk.weight)[0].backward()
        optimizer.step()
    outputs = net(*batch(scale=20.0))
    norms = torch.stack([
        torch.autograd.grad(torch.nn.functional.mse_loss(*outputs[name]), net.trunk.weight,
                            retain_graph=True)[0].norm() for name in "ab"
    ])  # fmt: skip
    criterion(net(*batch(scale=20.0)), shared=net.trunk.weight)
    weights = torch.stack([term.weight.detach() for term in criterion.terms.values()])
    assert norms[1] / norms[0] > 4
    torch.testing.assert_close(weights.sum(), torch.tensor(2.0))
    pull = weights * norms
    torch.testing.assert_close(pull[0], pull[1], rtol=0.2, atol=0)


def test_gradnorm_in_eval_mode() -> None:
    net, criterion = Tasks(), GradNorm({"a": MSELoss(), "b": MSELoss()})
    before = copy.deepcopy(criterion.state_dict())
    for module in (criterion.eval(), criterion.train()):
        with torch.no_grad():
            total, terms = module(net(*batch()), shared=net.trunk.weight)
        torch.testing.assert_close(total, terms["a"] + terms["b"])
    for name, tensor in criterion.state_dict().items():
        torch.testing.assert_close(tensor, before[name], equal_nan=True)


def test_gradnorm_survives_nan() -> None:
    """A batch without numbers moves no weight and is not taken for the first loss."""
    net, criterion = Tasks(), GradNorm({"a": MSELoss(), "b": MSELoss()})
    x, a, b = batch()
    criterion(net(x, a, b * float("nan")), shared=net.trunk.weight)[0].backward()
    assert all(term.weight.grad == 0 for term in criterion.terms.values())
    criterion(net(x, a, b), shared=net.trunk.weight)
    assert all(term.initial.isfinite() for term in criterion.terms.values())


@pytest.mark.parametrize("kind", ["parameters", "activations", "both"])
def test_gradnorm_of_several_tensors(kind: str) -> None:
    """The norm is that of all their gradients together; in the first step all rates are 1."""
    net, (x, a, b) = Tasks(), batch(scale=3.0)
    z = net.trunk(x)
    outputs = {"a": (net.a(z.tanh()), a), "b": (net.b(z.tanh()), b)}
    shared = [*net.trunk.parameters()] if kind != "activations" else []
    if kind != "parameters":
        shared.append(z)
    norms = []
    for guess, truth in outputs.values():
        loss = torch.nn.functional.mse_loss(guess, truth)
        found = torch.autograd.grad(loss, shared, retain_graph=True)
        norms.append(torch.cat([g.flatten() for g in found]).norm())
    norm = torch.stack(norms)
    criterion = GradNorm({"a": MSELoss(), "b": MSELoss()})
    criterion(outputs, shared=shared)[0].backward()
    actual = torch.stack([term.weight.grad for term in criterion.terms.values()])
    torch.testing.assert_close(actual, torch.sign(norm - norm.mean()) * norm)


def test_gradnorm_waits_for_every_task() -> None:
    """A task that the first batch lacks, of loss 0 or without a graph, starts from a later one."""
    net, (x, a, b) = Tasks(), batch()
    criterion = GradNorm({"a": MSELoss(), "b": nn.Identity()})
    for lacking in (torch.zeros(()), (0.0 * net(x, a, b)["b"][0]).sum()):
        criterion({"a": net(x, a, b)["a"], "b": (lacking,)}, shared=net.trunk.weight)[0].backward()
        assert all(term.weight.grad == 0 for term in criterion.terms.values())
        assert criterion.terms["a"].initial > 0 and criterion.terms["b"].initial.isnan()
    loss = torch.nn.functional.mse_loss(*net(x, a, b)["b"])
    criterion({"a": net(x, a, b)["a"], "b": (loss,)}, shared=net.trunk.weight)[0].backward()
    assert torch.equal(criterion.terms["b"].initial, loss.detach())
    assert all(term.weight.grad != 0 for term in criterion.terms.values())


def test_gradnorm_evaluates_with_the_weights_of_training() -> None:
    """Above 0 and with the sum T, also just after a step of the optimizer."""
    net, criterion = Tasks(), GradNorm({"a": MSELoss(), "b": MSELoss()})
    with torch.no_grad():
        criterion.terms["a"].weight.fill_(-1.0)
        criterion.terms["b"].weight.fill_(6.0)
    outputs = net(*batch())
    total, _ = criterion.eval()(outputs, shared=net.trunk.weight)
    assert criterion.terms["a"].weight == -1
    expected, _ = criterion.train()(outputs, shared=net.trunk.weight)
    torch.testing.assert_close(total, expected)
    assert criterion.terms["a"].weight > 0


def test_gradnorm_errors() -> None:
    net, criterion = Tasks(), GradNorm({"a": MSELoss(), "b": MSELoss("none")})
    with pytest.raises(ValueError, match=r"loss of 'b' must be a number, got shape \(32, 1\)"):
        criterion(net(*batch()), shared=net.trunk.weight)
    criterion = GradNorm({"a": MSELoss(), "b": MSELoss()})
    with pytest.raises(ValueError, match="no loss depends on shared"):
        criterion(net(*batch()), shared=torch.zeros(2, requires_grad=True))
    for shared in ([], torch.zeros(2), [net.trunk.weight, torch.zeros(2)]):
        with pytest.raises(ValueError, match="^GradNorm: shared must hold tensors that require gr"):
            criterion(net(*batch()), shared=shared)
    for wrong in (None, [net.trunk.weight, None]):
        with pytest.raises(TypeError, match="^GradNorm: shared must be tensors, got NoneType"):
            criterion(net(*batch()), shared=wrong)
    with pytest.raises(ValueError, match="alpha must be >= 0 and finite, got -1"):
        GradNorm({"a": MSELoss()}, alpha=-1)


# -- dynamic weight average -----------------------------------------------------------------------


def average() -> DynamicWeightAverage:
    return DynamicWeightAverage({"a": L1Loss(), "b": MSELoss()}, temperature=1.5)


def epoch(criterion: DynamicWeightAverage, sizes: tuple[float, ...]) -> Tensor:
    """Losses a = size and b = size^2, for each size; the weights after the epoch."""
    for size in sizes:
        criterion(torch.full((3,), size), torch.zeros(3))
    criterion.step()
    return torch.stack([term.weight for term in criterion.terms.values()])


def test_average_formula() -> None:
    criterion = average()
    assert epoch(criterion, (4.0, 2.0)).tolist() == [1, 1]
    a, b = 1.5 / 3.0, 2.5 / 10.0
    expected = 2 * torch.softmax(torch.tensor([a, b]) / 1.5, 0)
    torch.testing.assert_close(epoch(criterion, (1.0, 2.0)), expected)
    total, terms = criterion(torch.ones(3), torch.zeros(3))
    torch.testing.assert_close(total, expected.sum())
    assert terms["a"] == 1


def test_average_resumes() -> None:
    criterion, other = average(), average()
    epoch(criterion, (4.0, 2.0))
    criterion(torch.ones(3), torch.zeros(3))  # in the middle of an epoch
    other.load_state_dict(criterion.state_dict())
    assert torch.equal(epoch(other, (2.0,)), epoch(criterion, (2.0,)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_average_of_many_calls_in_half_precision(dtype: torch.dtype) -> None:
    """The sums go on growing where a half-precision number would stand still."""
    criterion = average().to(dtype)
    loss = torch.full((1,), 100.0, dtype=dtype)
    for _ in range(700):
        criterion(loss, torch.zeros_like(loss))
    term = criterion.terms["a"]
    assert term.count == 700 and term.total == 70_000


def test_average_steps_before_backward() -> None:
    criterion, x = average(), torch.ones(3, requires_grad=True)
    total, _ = criterion(x, torch.zeros(3))
    criterion.step()
    total.backward()
    torch.testing.assert_close(x.grad, torch.ones(3))


def test_learned_weights_stay_wide() -> None:
    """The parameters of the combinations too: small steps would be lost in half precision."""
    for criterion in (uncertain()[0], GradNorm({"a": MSELoss()}), average()):
        state = criterion.to(torch.bfloat16).state_dict().values()
        assert all(tensor.dtype == torch.float32 for tensor in state)


def test_average_counts_training_only() -> None:
    criterion = average().eval()
    with pytest.raises(RuntimeError, match="no finite loss of a, b since the last step"):
        epoch(criterion, (1.0,))


def test_average_survives_nan() -> None:
    criterion, other = average(), average()
    for sizes in ((4.0, 2.0), (1.0, 2.0)):
        expected = epoch(other, sizes)
        assert torch.equal(epoch(criterion, (*sizes, float("nan"), float("inf"))), expected)


@script_warnings
def test_average_compiles() -> None:
    torch._dynamo.reset()
    eager, compiled, scripted = average(), average(), torch.jit.script(average())
    calls = [eager, torch.compile(compiled, fullgraph=True, backend="aot_eager"), scripted]
    x = torch.randn(3)
    for call in calls:
        call(x, torch.zeros(3))
        total, _ = call(2 * x, torch.zeros(3))
        torch.testing.assert_close(total, 2 * x.abs().mean() + 4 * x.square().mean())
    expected = eager.terms["b"].total
    torch.testing.assert_close(compiled.terms["b"].total, expected)
    torch.testing.assert_close(scripted.terms.b.total, expected)


def test_average_errors() -> None:
    with pytest.raises(ValueError, match="temperature must be > 0 and finite, got 0"):
        DynamicWeightAverage({"a": MSELoss()}, temperature=0)
    with pytest.raises(ValueError, match="loss of 'a' must be a number"):
        DynamicWeightAverage({"a": MSELoss("none")})(torch.zeros(3), torch.zeros(3))


# -- across ranks ---------------------------------------------------------------------------------


def balance_on(rank: int) -> tuple[Tensor, Tensor]:
    """Weights after steps on data that differ between the ranks."""
    torch.manual_seed(0)
    net, criterion = Tasks(), GradNorm({"a": MSELoss(), "b": MSELoss()})
    optimizer = torch.optim.Adam(criterion.parameters(), lr=0.1)
    for seed in range(3):
        optimizer.zero_grad()
        criterion(net(*batch(10 * seed + rank)), shared=net.trunk.weight)[0].backward()
        optimizer.step()
    dwa = average()
    epoch(dwa, (4.0,) if rank else (2.0, 2.0, 3.0))
    averaged = epoch(dwa, (1.0,) if rank else (2.0, 3.0))
    return torch.stack([term.weight.detach() for term in criterion.terms.values()]), averaged


def test_ranks_agree(tmp_path: Path) -> None:
    """Every rank ends with the same weights: those of all losses together."""
    (first, averaged), (second, also) = on_ranks(tmp_path, balance_on)
    assert torch.equal(first, second) and not torch.equal(first, torch.ones(2))
    single = average()
    epoch(single, (4.0, 2.0, 2.0, 3.0))
    expected = epoch(single, (1.0, 2.0, 3.0))
    torch.testing.assert_close(averaged, expected)
    assert torch.equal(averaged, also)
