"""The adaptive softmax, against torch's."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.export import export
from torch.func import functional_call, grad, vmap

import lossops

pytestmark = [pytest.mark.usefixtures("on_device"),
              pytest.mark.filterwarnings("ignore:.*torch.jit.* is")]  # fmt: skip
LAYERS: tuple[dict[str, Any], ...] = (
    {"in_features": 16, "n_classes": 20, "cutoffs": [5, 10, 15], "div_value": 2.0},
    {"in_features": 16, "n_classes": 30, "cutoffs": [7], "head_bias": True},
    {"in_features": 8, "n_classes": 4, "cutoffs": (1, 2, 3), "div_value": 1.0},
)
every_layer = pytest.mark.parametrize("settings", LAYERS, ids=lambda s: str(s["cutoffs"]))


def pair(settings: dict[str, Any]) -> tuple[nn.Module, nn.Module]:
    """Ours and torch's, each as the same seed makes it."""
    made = []
    for kind in (lossops.nn.AdaptiveLogSoftmaxWithLoss, nn.AdaptiveLogSoftmaxWithLoss):
        torch.manual_seed(0)
        made.append(kind(**settings, dtype=torch.float64))
    return made[0], made[1]


def data(settings: dict[str, Any], rows: int = 40) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    x = torch.randn(rows, settings["in_features"], dtype=torch.float64)
    return 2 * x, torch.randint(settings["n_classes"], (rows,))


@every_layer
def test_as_torch(settings: dict[str, Any], device: str) -> None:
    """Parameters, names, attributes, results and gradients."""
    ours, theirs = pair(settings)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], tensor), name
    for name in ("in_features", "n_classes", "cutoffs", "div_value", "head_bias",
                 "shortlist_size", "n_clusters", "head_size"):  # fmt: skip
        assert getattr(ours, name) == getattr(theirs, name)
    x, labels = data(settings)
    found = []
    for layer in (ours, theirs):
        leaf = x.clone().requires_grad_()
        output, loss = layer(leaf, labels)
        assert layer(leaf, labels).output.shape == (40,)
        (loss + (output * torch.linspace(0, 1, 40, dtype=torch.float64)).sum()).backward()
        found.append([output, loss, leaf.grad, *(p.grad for p in layer.parameters())])
    for got, expected in zip(*found, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ours.log_prob(x), theirs.log_prob(x))
    assert torch.equal(ours.predict(x), theirs.predict(x))
    assert torch.equal(ours.predict(x[:0]), labels[:0])


@every_layer
def test_one_row(settings: dict[str, Any], device: str) -> None:
    ours, theirs = pair(settings)
    x, labels = data(settings)
    for got, expected in zip(ours(x[0], labels[0]), theirs(x[0], labels[0]), strict=True):
        assert got.shape == ()
        torch.testing.assert_close(got, expected)


def test_labels_of_every_integer_dtype(device: str) -> None:
    ours, _ = pair(LAYERS[0])
    x, labels = data(LAYERS[0])
    for dtype in (torch.uint8, torch.int8, torch.int32):
        assert torch.equal(ours(x, labels.to(dtype)).output, ours(x, labels).output)


def test_parameters_anew(device: str) -> None:
    ours, theirs = pair(LAYERS[1])
    torch.manual_seed(3)
    ours.reset_parameters()
    torch.manual_seed(3)
    theirs.reset_parameters()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


def test_from_torch(device: str) -> None:
    """Alone and inside a model, with the same tensors."""
    for settings in LAYERS:
        _, theirs = pair(settings)
        ours = lossops.from_torch(theirs.eval())
        assert type(ours) is lossops.nn.AdaptiveLogSoftmaxWithLoss and not ours.training
        for name, tensor in theirs.state_dict().items():
            assert ours.state_dict()[name].data_ptr() == tensor.data_ptr()
        args = data(settings)
        torch.testing.assert_close(tuple(ours(*args)), tuple(theirs(*args)))
        ours.load_state_dict(copy.deepcopy(theirs.state_dict()))
    model = nn.ModuleDict({"loss": theirs})
    assert type(lossops.from_torch(model)["loss"]) is lossops.nn.AdaptiveLogSoftmaxWithLoss


def test_transforms_and_programs(device: str) -> None:
    """Nothing depends on how many rows a cluster has: vmap, compilers and TorchScript take it."""
    settings = LAYERS[0]
    ours, theirs = pair(settings)
    x, labels = data(settings)
    expected = tuple(theirs(x, labels))
    compiled = torch.compile(ours, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(tuple(compiled(x, labels)), expected)
    torch.testing.assert_close(tuple(export(ours, (x, labels)).module()(x, labels)), expected)
    torch.testing.assert_close(tuple(torch.jit.script(ours)(x, labels)), expected)
    parameters = {name: p.detach() for name, p in ours.named_parameters()}

    def loss(parameters: dict[str, Tensor], x: Tensor, label: Tensor) -> Tensor:
        return functional_call(ours, parameters, (x, label)).loss

    each = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, x[:3], labels[:3])
    for i in range(3):
        theirs.zero_grad()
        theirs(x[i], labels[i]).loss.backward()
        for name, p in theirs.named_parameters():
            want = torch.zeros_like(p) if p.grad is None else p.grad
            torch.testing.assert_close(each[name][i], want)


@pytest.mark.parametrize("cutoffs", [[], [0, 3], [3, 3], [5, 2], [20], [2.5]])
def test_bad_cutoffs(cutoffs: list[float]) -> None:
    for kind in (nn.AdaptiveLogSoftmaxWithLoss, lossops.nn.AdaptiveLogSoftmaxWithLoss):
        with pytest.raises(ValueError, match="cutoffs"):
            kind(16, 20, cutoffs)


@pytest.mark.parametrize(
    ("x", "labels", "message"),
    [
        ((2, 16), [3, 20], r"target must be in \[0, 19\], got 20"),
        ((2, 16), [3, -100], r"target must be in \[0, 19\], got -100"),
        ((2, 16), [3], r"input must have shape \(N, 16\) .* got \[2, 16\] and \[1\]"),
        ((16,), [3], "input must have shape"),
        ((2, 16), [[3, 4]], "input must have shape"),
    ],
)
def test_errors(x: tuple[int, ...], labels: list[Any], message: str) -> None:
    """Where torch raises a RuntimeError."""
    for layer, words in zip(pair(LAYERS[0]), (f"^AdaptiveLog.*: {message}", ""), strict=True):
        with pytest.raises(RuntimeError, match=words):
            layer(torch.zeros(x, dtype=torch.float64), torch.tensor(labels))
