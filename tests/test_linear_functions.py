"""The Python functions and modules of losses on a product, and models that use them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as TF
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

import lossops
import lossops.functional as F
from lossops import nn
from lossops.nn import LinearCrossEntropyLoss
from tests.test_linear import REDUCTIONS, C, Case, D, N, gradients, rand, unit
from tests.test_memory import peak_bytes

# -- as torch has it ------------------------------------------------------------------------------


def torch_arguments() -> list[dict[str, Any]]:
    return [
        {},
        {"weight": rand(C, seed=5)},
        {"linear_bias": rand(C, seed=6), "reduction": "none"},
        {"ignore_index": 3, "reduction": "sum"},
        {"label_smoothing": 0.2},
    ]


@pytest.mark.parametrize("arguments", torch_arguments(), ids=lambda a: "-".join(a) or "none")
def test_function_is_torchs(arguments: dict[str, Any]) -> None:
    theirs = torch.nn.functional.linear_cross_entropy
    case = Case("cross_entropy")
    for x, t in ((case.x, case.target), (case.x[0], case.target[0])):
        ours = F.linear_cross_entropy(x, case.w, t, **arguments, options=None)
        torch.testing.assert_close(ours, theirs(x, case.w, t, **arguments))
    y = rand(N, C).softmax(-1)
    if "ignore_index" in arguments:
        with pytest.raises(RuntimeError, match="ignore_index needs labels"):
            F.linear_cross_entropy(case.x, case.w, y, **arguments)
        return
    ours = F.linear_cross_entropy(case.x, case.w, y, **arguments)
    torch.testing.assert_close(ours, theirs(case.x, case.w, y, **arguments))


def test_weights_of_more_dimensions() -> None:
    x, w, b = rand(N, D), rand(C, 2, 3, D, seed=1), rand(C, 2, 3, seed=2)
    labels = torch.randint(0, C, (N, 2, 3))
    for t in (labels, rand(N, C, 2, 3, seed=3).softmax(1)):
        for reduction in REDUCTIONS:
            torch.testing.assert_close(
                F.linear_cross_entropy(x, w, t, linear_bias=b, reduction=reduction),
                TF.linear_cross_entropy(x, w, t, linear_bias=b, reduction=reduction),
            )


def test_shift_is_the_next_token() -> None:
    x, w, t = rand(2, 6, D), rand(C, D), torch.randint(0, C, (2, 6))
    for shift in (1, 2):
        ours = F.linear_cross_entropy(x, w, t, shift=shift, reduction="none")
        theirs = F.linear_cross_entropy(x[:, :-shift], w, t[:, shift:], reduction="none")
        assert ours.shape == (2, 6 - shift)
        assert torch.equal(ours, theirs)
    assert F.linear_cross_entropy(x, w, t, shift=6, reduction="none").shape == (2, 0)
    with pytest.raises(ValueError, match="shift must be >= 0"):
        F.linear_cross_entropy(x, w, t, shift=-1)


@pytest.mark.parametrize(
    "settings", [{}, {"bias": True, "out_features": (2, 3)}, {"ignore_index": 1}]
)
def test_module_is_torchs(settings: dict[str, Any]) -> None:
    for reduction in REDUCTIONS:
        theirs = torch.nn.LinearCrossEntropyLoss(D, C, reduction=reduction, **settings).double()
        ours = LinearCrossEntropyLoss(D, C, reduction=reduction, **settings).double()
        assert ours.load_state_dict(theirs.state_dict()).missing_keys == []
        x = rand(N, D).requires_grad_()
        t = torch.randint(0, C, (N, *settings.get("out_features", ())))
        mine, torchs = ours(x, t), theirs(x, t)
        torch.testing.assert_close(mine, torchs)
        mine.sum().backward()
        torchs.sum().backward()
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(p.grad, q.grad)
        torch.testing.assert_close(torch.jit.script(ours)(x, t), mine)


def test_denominator_is_that_of_the_mean() -> None:
    t = torch.tensor([[1, -100, 3], [2, 0, -100]])
    x = rand(2, 3, D).float()
    for settings in ({}, {"shift": 1}, {"weight": torch.rand(C)}):
        loss = LinearCrossEntropyLoss(D, C, **settings)
        mean = loss(x, t)
        loss.reduction = "sum"
        torch.testing.assert_close((loss(x, t) / loss.denominator(t)).float(), mean)


# -- the other functions --------------------------------------------------------------------------


def functions() -> dict[str, tuple[Callable[..., Tensor], Callable[..., Tensor]]]:
    """Each with the loss on the logits that it stands for."""
    prior, alpha = rand(C, seed=4), rand(C, seed=1)
    return {
        "softmax_focal": (
            lambda x, w, t, **k: F.linear_softmax_focal_loss(x, w, t, alpha, 1.5, **k),
            lambda x, w, t, **k: F.softmax_focal_loss(x @ w.T, t, alpha, 1.5, **k),
        ),
        "balanced_softmax": (
            lambda x, w, t, **k: F.linear_balanced_softmax_loss(x, w, t, prior, 0.5, **k),
            lambda x, w, t, **k: F.balanced_softmax_loss(x @ w.T, t, prior, 0.5, **k),
        ),
        "arcface": (
            lambda x, w, t, **k: F.linear_arcface_loss(x, w, t, 0.3, 4.0, **k),
            lambda x, w, t, **k: F.arcface_loss(unit(x) @ unit(w).T, t, 0.3, 4.0, **k),
        ),
        "cosface": (
            lambda x, w, t, **k: F.linear_cosface_loss(x, w, t, 0.3, 4.0, **k),
            lambda x, w, t, **k: F.cosface_loss(unit(x) @ unit(w).T, t, 0.3, 4.0, **k),
        ),
    }


@pytest.mark.parametrize("name", functions())
def test_functions_are_those_of_the_logits(name: str) -> None:
    ours, theirs = functions()[name]
    case = Case("cross_entropy")
    leaves = case.leaves()[:2]
    for settings in ({}, {"reduction": "none", "label_smoothing": 0.1, "weight": rand(C, seed=5)},
                     {"reduction": "sum", "ignore_index": 2, "normalizer": 3.0}):  # fmt: skip
        found = [gradients(lambda x, w: f(x, w, case.target, **settings), leaves)  # noqa: B023
                 for f in (ours, theirs)]  # fmt: skip
        torch.testing.assert_close(*found)
    assert gradgradcheck(lambda x, w: ours(x, w, case.target), leaves, atol=1e-4)


@pytest.mark.parametrize("name", ["arcface", "cosface"])
def test_directions_of_any_vector(name: str) -> None:
    """Lengths do not matter, however large; zeros, and what is ignored, get gradient 0."""
    ours = functions()[name][0]
    x, w, t = rand(4, D).float() - 0.5, rand(C, D, seed=1).float(), torch.tensor([0, 1, 2, 2])
    expected = ours(x, w, t, reduction="none")
    torch.testing.assert_close(ours(x * 1e30, w * 1e-30, t, reduction="none"), expected)
    x[0], x[2:] = 0, float("nan")
    x.requires_grad_()
    ours(x, w.requires_grad_(), t, ignore_index=2).backward()
    assert x.grad is not None and w.grad is not None and w.grad.isfinite().all()
    assert (x.grad[0] == 0).all() and (x.grad[1] != 0).all() and (x.grad[2:] == 0).all()


# -- divergences between two layers ---------------------------------------------------------------

E = 3  # features of the teacher


class Divergence:
    """Factors of a student's and a teacher's logits, and the other arguments."""

    def __init__(self, name: str, shape: tuple[int, ...] = (N,), **more: Any) -> None:
        self.ours = getattr(F, f"linear_{name}_loss")
        self.theirs = getattr(F, f"{name}_loss")
        own = {"temperature": 1.5} if name == "distill_kl" else {"temperature": 0.8, "beta": 0.3}
        self.arguments = own | more
        sizes = {"x": (*shape, D), "w": (C, D), "b": (C,), "y": (*shape, E), "v": (C, E), "c": (C,)}
        self.tensors = [3 * rand(*size, seed=k) - 1.5 for k, size in enumerate(sizes.values())]

    def leaves(self) -> list[Tensor]:
        return [t.detach().clone().requires_grad_() for t in self.tensors]

    def linear(self, x: Tensor, w: Tensor, b: Tensor, y: Tensor, v: Tensor, c: Tensor) -> Tensor:
        return self.ours(x, w, y, v, linear_bias=b, target_bias=c, **self.arguments)

    def reference(self, x: Tensor, w: Tensor, b: Tensor, y: Tensor, v: Tensor, c: Tensor) -> Tensor:
        if (labels := self.arguments.get("labels")) is not None:
            ignored = (labels == self.arguments["ignore_index"]).unsqueeze(-1)
            x, y = torch.where(ignored, 0, x), torch.where(ignored, 0, y)
        return self.theirs(TF.linear(x, w, b), TF.linear(y, v, c), **self.arguments)

    def check(self) -> None:
        found = gradients(self.linear, self.leaves())
        torch.testing.assert_close(found, gradients(self.reference, self.leaves()))
        leaves = self.leaves()
        student = gradients(lambda *s: self.linear(*s, *self.tensors[3:]), leaves[:3])
        torch.testing.assert_close(student, found[:4])
        teacher = gradients(lambda *t: self.linear(*self.tensors[:3], *t), leaves[3:])
        torch.testing.assert_close(teacher[1:], found[4:])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["distill_kl", "jsd"])
def test_divergences_are_those_of_the_logits(name: str, reduction: str) -> None:
    for shape in ((N,), (3, 4), ()):
        labels = torch.arange(12).view(shape) % 5 if shape else torch.tensor(0)
        weight = {"weight": rand(*shape, seed=9)}
        ignored = {"labels": labels, "ignore_index": 3}
        for more in ({}, weight, ignored, weight | ignored):
            Divergence(name, shape, reduction=reduction, **more).check()


@pytest.mark.parametrize("name", ["distill_kl", "jsd"])
def test_every_derivative_of_divergences(name: str) -> None:
    case = Divergence(name, labels=torch.arange(N) % 3, ignore_index=1)
    assert gradcheck(case.linear, case.leaves(), check_forward_ad=True)
    assert gradgradcheck(case.linear, case.leaves(), atol=1e-4)
    half = [t.bfloat16() for t in case.tensors]
    exact = case.reference(*[t.double() for t in half])
    torch.testing.assert_close(case.linear(*half).double(), exact, rtol=1e-2, atol=0)


def test_divergences_leave_out_what_is_ignored() -> None:
    for reduction in REDUCTIONS:
        labels = torch.arange(N) % 3
        case = Divergence("jsd", labels=labels, ignore_index=1, reduction=reduction)
        clean = gradients(case.linear, case.leaves())
        for t in (case.tensors[0], case.tensors[3]):
            t[labels == 1] = float("nan")
        torch.testing.assert_close(gradients(case.linear, case.leaves()), clean, rtol=0, atol=0)
        case.arguments["labels"] = torch.ones(N, dtype=torch.long)
        value, *grads = gradients(case.linear, case.leaves())
        assert value.isnan() if reduction == "mean" else (value == 0).all()
        assert all((g == 0).all() for g in grads)


def test_divergence_is_in_chunks() -> None:
    """Of 2 x 160 MB of logits, less than 64 MB are in memory beside inputs and gradients."""
    case = Divergence("distill_kl", (2000,))
    case.tensors[1:6:2] = [rand(20011, D), rand(2000, E, seed=1), rand(20011)]
    case.tensors[2], case.tensors[4] = rand(20011, seed=2), rand(20011, E, seed=3)
    case.check()
    for t, narrow in zip(case.tensors, [t.float() for t in case.tensors], strict=True):
        t.data = narrow

    def step() -> list[Tensor]:
        leaves = [*case.leaves()[:3], *case.tensors[3:]]
        return list(torch.autograd.grad(case.linear(*leaves), leaves[:3]))

    assert peak_bytes(step) < 64e6


def test_divergences_refuse_what_does_not_fit() -> None:
    for k, shape, match in (
        (1, (C, D + 1), r"linear_weight must have shape \(7, 5\)"),
        (3, (N + 1, E), r"target must have shape \(12, 3\)"),
        (3, (), r"target must have shape \(..., features\)"),
        (4, (C + 1, E), r"target_weight must have shape \(7, 3\)"),
        (4, (E,), r"target_weight must have shape \(classes, features\)"),
        (5, (E,), r"target_bias must have shape \(7,\)"),
    ):
        case = Divergence("jsd")
        case.tensors[k] = rand(*shape)
        with pytest.raises(RuntimeError, match=f"linear_jsd: {match}"):
            case.linear(*case.tensors)
    for more in ({"labels": torch.zeros(2, 2, dtype=torch.long)}, {"weight": rand(5)}):
        with pytest.raises(RuntimeError):
            Divergence("jsd", **more).linear(*case.tensors)


# -- modules --------------------------------------------------------------------------------------


def modules() -> list[tuple[torch.nn.Module, str, dict[str, Any], tuple[Tensor, ...]]]:
    """Each with its function, what both take, and what the module's forward does."""
    prior, labels = rand(C, seed=4), torch.randint(0, C, (N,))
    teacher = (rand(N, E, seed=1), rand(C, E, seed=2))
    weight = {"weight": rand(C, seed=5), "ignore_index": 2, "reduction": "sum"}
    return [
        (cls(D, C, **given), function, given, operands)
        for cls, function, settings, operands in (
            (nn.LinearSoftmaxFocalLoss, "softmax_focal_loss", {"gamma": 1.0, **weight}, (labels,)),
            (nn.LinearSoftmaxFocalLoss, "softmax_focal_loss", {"alpha": prior}, (labels,)),
            (nn.LinearBalancedSoftmaxLoss, "balanced_softmax_loss", {"prior": prior}, (labels,)),
            (nn.LinearArcFaceLoss, "arcface_loss", {"scale": 4.0, **weight}, (labels,)),
            (nn.LinearCosFaceLoss, "cosface_loss", {"label_smoothing": 0.1}, (labels,)),
            (nn.LinearDistillKLLoss, "distill_kl_loss", {"temperature": 2.0}, teacher),
            (nn.LinearJSDLoss, "jsd_loss", {"beta": 0.2, "reduction": "none"}, teacher),
            (nn.LinearCrossEntropyLoss, "cross_entropy", {"z_loss": 0.1, "shift": 2}, (labels,)),
        )
        for given in [settings]
    ]


@pytest.mark.parametrize("case", modules(), ids=lambda case: type(case[0]).__name__)
def test_modules_are_functions_of_their_layer(case: Any) -> None:
    module, function, settings, operands = case
    module, x = module.double(), rand(N, D)
    weight = module.linear.weight
    expected = getattr(F, f"linear_{function}")(x, weight, *operands, **settings)
    torch.testing.assert_close(module(x, *operands), expected, rtol=0, atol=0)
    torch.testing.assert_close(torch.jit.script(module)(x, *operands), expected, rtol=0, atol=0)
    expected.sum().backward()
    assert weight.grad is not None and (weight.grad != 0).any()
    assert next(iter(module.state_dict())) in ("linear.weight", "weight", "prior", "alpha")


def test_modules_may_have_a_bias() -> None:
    x, t = rand(N, D).float(), torch.randint(0, C, (N,))
    module = nn.LinearSoftmaxFocalLoss(D, C, bias=True, gamma=0.0)
    expected = F.cross_entropy(module.linear(x), t)
    torch.testing.assert_close(module(x, t), expected)
    assert nn.LinearArcFaceLoss(D, C, dtype=torch.float64).linear.weight.dtype == torch.float64


def test_denominators_of_modules() -> None:
    t = torch.tensor([[1, -100, 3], [2, 0, -100]])
    x, y = rand(2, 3, D).float(), rand(2, 3, C, seed=1).float().softmax(-1)
    for loss in (nn.LinearSoftmaxFocalLoss(D, C, weight=torch.rand(C)), nn.LinearArcFaceLoss(D, C),
                 LinearCrossEntropyLoss(D, C), LinearCrossEntropyLoss(D, C, shift=1)):  # fmt: skip
        for target in (t, y) if not isinstance(loss, nn.LinearArcFaceLoss) else (t,):
            loss.reduction = "mean"
            mean = loss(x, target)
            loss.reduction = "sum"
            torch.testing.assert_close((loss(x, target) / loss.denominator(target)).float(), mean)
    teacher = rand(2, 3, E).float()
    assert nn.LinearJSDLoss(D, C).denominator(teacher) == 6
    assert nn.LinearJSDLoss(D, C).denominator(t) == 4
    over_places = LinearCrossEntropyLoss(D, C, out_features=(2,))
    assert over_places.denominator(rand(4, C, 2)) == 8


@pytest.mark.parametrize(
    "settings", [{}, {"bias": True, "weight": rand(C)}, {"out_features": (2,)}]
)
def test_from_torch_shares_the_layer(settings: dict[str, Any]) -> None:
    theirs = torch.nn.LinearCrossEntropyLoss(D, C, dtype=torch.float64, ignore_index=1, **settings)
    model = torch.nn.ModuleList([theirs])
    ours = lossops.from_torch(model)[0]
    assert isinstance(ours, LinearCrossEntropyLoss) and ours.linear is theirs.linear
    x, t = rand(N, D), torch.randint(0, C, (N, *settings.get("out_features", ())))
    torch.testing.assert_close(ours(x, t), theirs(x, t))
    assert ours.state_dict().keys() == theirs.state_dict().keys()


# -- transforms and compilers ---------------------------------------------------------------------

FUNCTIONS = {
    "cross_entropy": partial(F.linear_cross_entropy, z_loss=0.1, ignore_index=2),
    "arcface": partial(F.linear_arcface_loss, scale=4.0, reduction="sum"),
}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_casts_the_factors(dtype: torch.dtype) -> None:
    """The result is float32, as of a layer and cross-entropy, and gradients are the parameters'."""
    case = Case("cross_entropy")
    x, w, b = (t.float().requires_grad_() for t in (case.x, case.w, case.b))
    rounded = [t.to(dtype).double().detach().requires_grad_() for t in (x, w, b)]
    call = partial(F.linear_cross_entropy, target=case.target)
    exact = gradients(lambda x, w, b: call(x, w, linear_bias=b), rounded)
    with torch.autocast("cpu", dtype):
        value = call(x, w, linear_bias=b)
        assert TF.cross_entropy(TF.linear(x, w, b), case.target).dtype == value.dtype
        plain = call(x.detach(), w.detach(), linear_bias=b.detach())
        (slope,) = torch.func.grad(lambda x: call(x, w.detach(), linear_bias=b.detach()))(
            x.detach()
        ).unsqueeze(0)
        cosines = F.linear_arcface_loss(x, w, case.target)
    assert value.dtype == plain.dtype == torch.float32
    torch.testing.assert_close(value.double(), exact[0], rtol=1e-6, atol=0)
    torch.testing.assert_close(plain, value.detach())
    found = torch.autograd.grad(value, (x, w, b))
    eps = torch.finfo(dtype).eps
    upstream = rand(seed=9)
    for g, e in zip(found, exact[1:], strict=True):
        assert g.dtype == torch.float32
        torch.testing.assert_close(g.double(), e / upstream, rtol=2 * eps, atol=eps / 10)
    torch.testing.assert_close(slope, found[0], rtol=2 * eps, atol=eps / 10)
    torch.testing.assert_close(cosines, F.linear_arcface_loss(x, w, case.target))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_compile_and_export(name: str) -> None:
    case, function = Case("cross_entropy"), FUNCTIONS[name]
    x, w = (t.float().requires_grad_() for t in (case.x, case.w))
    eager = gradients(lambda x, w: function(x, w, case.target), [x, w])
    compiled = torch.compile(function, backend="aot_eager", fullgraph=True)
    found = gradients(lambda x, w: compiled(x, w, case.target), [x, w])
    torch.testing.assert_close(found, eager)

    class Model(torch.nn.Module):
        def forward(self, x: Tensor, w: Tensor, t: Tensor) -> Tensor:
            return function(x, w, t)

    rows = torch.export.Dim("rows", min=2)
    exported = torch.export.export(
        Model(), (x, w, case.target), dynamic_shapes=({0: rows}, None, {0: rows})
    )
    for n in (N, 5):
        torch.testing.assert_close(
            exported.module()(x[:n], w, case.target[:n]), function(x[:n], w, case.target[:n])
        )


def test_every_function_scripts() -> None:
    x, w, t, y = rand(N, D), rand(C, D), torch.randint(0, C, (N,)), rand(N, E)
    operands = {
        "linear_balanced_softmax_loss": (x, w, t, rand(C)),
        "linear_distill_kl_loss": (x, w, y, rand(C, E)),
        "linear_jsd_loss": (x, w, y, rand(C, E)),
    }
    for name in (name for name in F.__all__ if name.startswith("linear_")):
        function, args = getattr(F, name), operands.get(name, (x, w, t))
        torch.testing.assert_close(torch.jit.script(function)(*args), function(*args))


def test_vmap_and_jacobians() -> None:
    x, w, t = rand(3, N, D), rand(C, D), torch.randint(0, C, (3, N))
    for function in FUNCTIONS.values():
        mapped = torch.vmap(function, in_dims=(0, None, 0))(x, w, t)
        torch.testing.assert_close(mapped, torch.stack([function(a, w, b) for a, b in zip(x, t)]))  # noqa: B905
        jacobian = torch.func.jacrev(function, argnums=1)(x[0], w, t[0])
        leaf = w.clone().requires_grad_()
        torch.testing.assert_close(
            jacobian, torch.autograd.grad(function(x[0], leaf, t[0]), leaf)[0]
        )


# -- a language model -----------------------------------------------------------------------------


def test_in_a_transformer() -> None:
    """A model of Hugging Face, its head left to the loss: the same loss and gradients."""
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(
        vocab_size=97, n_positions=16, n_embd=24, n_layer=2, n_head=2,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    model = transformers.GPT2LMHeadModel(config)  # which takes its logits to float32
    tokens = torch.randint(0, 97, (3, 16))
    labels = tokens.clone()
    labels[0, 10:] = -100
    theirs = model(input_ids=tokens, labels=labels).loss
    expected = torch.autograd.grad(theirs, list(model.parameters()))
    features = model.transformer(input_ids=tokens).last_hidden_state
    ours = F.linear_cross_entropy(features, model.lm_head.weight, labels, shift=1)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(torch.autograd.grad(ours, list(model.parameters())), expected)
