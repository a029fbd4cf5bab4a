"""Contrastive losses: against the explicit matrix of scores, in float64."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
import torch.nn.functional as TF
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.library import opcheck

import lossops.functional as F
from lossops import nn
from tests.test_memory import peak_bytes

REDUCTIONS = ("none", "mean", "sum")
N, D = 7, 4
INF = float("inf")


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def reduced(
    values: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: float | None = None,
    keep: Tensor | None = None,
) -> Tensor:
    keep = torch.ones_like(values, dtype=torch.bool) if keep is None else keep
    values = torch.where(keep, values, 0) * (1 if weight is None else weight)
    if reduction == "none":
        return values
    if normalizer is not None:
        return values.sum() / normalizer
    return values.sum() / (keep.sum() if reduction == "mean" else 1)


# -- the formulas ---------------------------------------------------------------------------------


def info_nce(query: Tensor, key: Tensor, negatives: Tensor | None = None,
             labels: Tensor | None = None, temperature: float = 0.1, normalize: bool = True,
             **common: Any) -> Tensor:  # fmt: skip
    keys = key if negatives is None else torch.cat([key, negatives])
    if normalize:
        query, keys = TF.normalize(query, dim=1, eps=0), TF.normalize(keys, dim=1, eps=0)
    labels = torch.arange(len(query)) if labels is None else labels
    keep = labels != -1
    each = TF.cross_entropy(
        query @ keys.T / temperature, labels.where(keep, torch.tensor(0)), reduction="none"
    )
    return reduced(each, keep=keep, **common)


def nt_xent(z1: Tensor, z2: Tensor, temperature: float = 0.5, **common: Any) -> Tensor:
    z = TF.normalize(torch.cat([z1, z2]), dim=1, eps=0)
    scores = (z @ z.T / temperature).masked_fill(torch.eye(len(z), dtype=torch.bool), -INF)
    other = torch.arange(len(z)).roll(len(z1))
    return reduced(TF.cross_entropy(scores, other, reduction="none"), **common)


def clip(image: Tensor, text: Tensor, scale: Tensor | float, bias: Tensor | float | None = None,
         **common: Any) -> Tensor:  # fmt: skip
    scores = image @ text.T * scale + (0 if bias is None else bias)
    own = torch.arange(len(image))
    each = [TF.cross_entropy(s, own, reduction="none") for s in (scores, scores.T)]
    return reduced((each[0] + each[1]) / 2, **common)


def siglip(image: Tensor, text: Tensor, scale: Tensor | float, bias: Tensor | float | None = None,
           negative_only: bool = False, **common: Any) -> Tensor:  # fmt: skip
    scores = image @ text.T * scale + (0 if bias is None else bias)
    signs = -torch.ones_like(scores)
    if not negative_only:
        signs = signs + 2 * torch.eye(len(image)).to(scores)
    return reduced(-TF.logsigmoid(signs * scores).sum(1), **common)


def supcon(features: Tensor, labels: Tensor, temperature: float = 0.07,
           base_temperature: float | None = None, **common: Any) -> Tensor:  # fmt: skip
    shape = features.shape[:-1]
    z, t = features.flatten(0, -2), labels.reshape(-1, *[1] * (len(shape) - 1)).expand(shape)
    z, t = TF.normalize(z, dim=1, eps=0), t.flatten()
    values, keep = [], []
    for i in range(len(z)):
        others = [j for j in range(len(z)) if j != i and t[j] != -1]
        positive = [j for j in others if t[j] == t[i]]
        keep.append(bool(positive) and bool(t[i] != -1))
        if keep[-1]:
            lse = (z[others] @ z[i] / temperature).logsumexp(0)
            value = torch.stack([lse - z[p] @ z[i] / temperature for p in positive]).mean()
        else:
            value = 0 * z[i].sum()
        values.append(value * (temperature / base_temperature if base_temperature else 1))
    return reduced(torch.stack(values).view(shape), keep=torch.tensor(keep).view(shape), **common)


def proxy_anchor(embeddings: Tensor, proxies: Tensor, labels: Tensor, margin: float = 0.1,
                 alpha: float = 32.0, reduction: str = "mean", weight: Tensor | None = None,
                 normalizer: float | None = None) -> Tensor:  # fmt: skip
    cosines = TF.normalize(proxies, dim=1, eps=0) @ TF.normalize(embeddings, dim=1, eps=0).T
    zero = cosines.new_zeros(1)
    pull, push, here = [], [], []
    for c, row in enumerate(cosines):
        mine, others = labels == c, (labels != c) & (labels != -1)
        here.append(bool(mine.any()))
        pull.append(torch.cat([zero, -alpha * (row[mine] - margin)]).logsumexp(0))
        push.append(torch.cat([zero, alpha * (row[others] + margin)]).logsumexp(0))
    w = 1 if weight is None else weight
    first, second = torch.stack(pull) * w, torch.stack(push) * w
    if reduction == "mean" and normalizer is None:
        return first.sum() / max(sum(here), 1) + second.mean()
    return reduced(first + second, reduction, None, normalizer)


# -- the cases ------------------------------------------------------------------------------------


@dataclass
class Case:
    """Tensors that have gradients, others, and what a call takes beside them."""

    loss: str
    theirs: Callable[..., Tensor]
    vectors: tuple[Tensor, ...]
    rest: dict[str, Any] = field(default_factory=dict)
    rows: tuple[int, ...] = (N,)

    def __str__(self) -> str:
        return f"{self.loss}-{'-'.join(self.rest)}"

    def leaves(self) -> list[Tensor]:
        return [t.detach().clone().requires_grad_() for t in self.vectors]

    def ours(self, *vectors: Tensor, **common: Any) -> Tensor:
        return getattr(F, f"{self.loss}_loss")(*vectors, **self.rest, **common)

    def expected(self, *vectors: Tensor, **common: Any) -> Tensor:
        return self.theirs(*vectors, **self.rest, **common)

    def module(self) -> torch.nn.Module:
        kind = {"info_nce": nn.InfoNCELoss, "nt_xent": nn.NTXentLoss, "clip": nn.ClipLoss,
                "siglip": nn.SigLipLoss, "supcon": nn.SupConLoss,
                "proxy_anchor": nn.ProxyAnchorLoss}[self.loss]  # fmt: skip
        return kind(**{k: v for k, v in self.rest.items() if not isinstance(v, Tensor)})

    def given(self) -> dict[str, Any]:
        return {k: v for k, v in self.rest.items() if isinstance(v, Tensor)}


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def cases() -> list[Case]:
    x, y, more = draw(N, D), draw(N, D, seed=1), draw(3, D, seed=2)
    labels = torch.tensor([4, 0, -1, 2, 9, 3, 3])
    classes = torch.tensor([1, 0, 1, 1, -1, 0, 2])
    numbers = (number(1.5), number(-0.7))
    return [
        Case("info_nce", info_nce, (x, y)),
        Case("info_nce", info_nce, (x, y, more), {"labels": labels, "temperature": 0.4}),
        Case("info_nce", info_nce, (x, draw(N + 2, D)), {"normalize": False, "temperature": 2.0}),
        Case("nt_xent", nt_xent, (x, y), rows=(2 * N,)),
        Case("clip", clip, (x, y, *numbers)),
        Case("siglip", siglip, (x, y, *numbers)),
        Case("siglip", siglip, (x, draw(N + 2, D), *numbers), {"negative_only": True}),
        Case("supcon", supcon, (x,), {"labels": classes, "base_temperature": 0.2}),
        Case("supcon", supcon, (draw(N, 2, D),), {"labels": classes, "temperature": 0.5},
             rows=(N, 2)),
        Case("proxy_anchor", proxy_anchor, (x, draw(4, D, seed=3)),
             {"labels": torch.tensor([1, 0, 1, 1, -1, 0, 3]), "alpha": 3.0}, rows=(4,)),
    ]  # fmt: skip


CASES = cases()
ONE_OF_EACH = [c for i, c in enumerate(CASES) if c.loss not in [d.loss for d in CASES[:i]]]
each = pytest.mark.parametrize("case", CASES, ids=str)
one_of_each = pytest.mark.parametrize("case", ONE_OF_EACH, ids=lambda case: case.loss)


def gradients(f: Callable[..., Tensor], leaves: list[Tensor]) -> list[Tensor]:
    value = f(*leaves)
    upstream = torch.rand(value.shape, generator=torch.Generator().manual_seed(9)).to(value)
    found = torch.autograd.grad(value, leaves, upstream, allow_unused=True)
    zeros = (torch.zeros_like(t) if g is None else g for t, g in zip(leaves, found, strict=True))
    return [value.detach(), *zeros]


@each
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_values_and_gradients(case: Case, reduction: str) -> None:
    weight = torch.rand(case.rows, generator=torch.Generator().manual_seed(5)).double()
    for common in ({}, {"weight": weight}, {"normalizer": 3.0}):
        if "normalizer" in common and reduction == "none":
            continue
        found, expected = (
            gradients(lambda *v: f(*v, reduction=reduction, **common), case.leaves())  # noqa: B023
            for f in (case.ours, case.expected)
        )
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(
            case.ours(*case.vectors, reduction=reduction, **common), expected[0]
        )


@each
def test_each_gradient_alone(case: Case) -> None:
    all_of_them = gradients(case.ours, case.leaves())[1:]
    for i, expected in enumerate(all_of_them):
        given = list(case.vectors)
        given[i] = given[i].clone().requires_grad_()
        (found,) = torch.autograd.grad(case.ours(*given), given[i], torch.rand(
            (), generator=torch.Generator().manual_seed(9)).double())  # fmt: skip
        torch.testing.assert_close(found, expected)


@each
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_weight_and_normalizer_have_gradients(case: Case, reduction: str) -> None:
    weight = torch.rand(case.rows).double().requires_grad_()
    leaves = [weight] if reduction == "none" else [weight, number(2.5).requires_grad_()]
    names = ("weight", "normalizer")

    def call(f: Callable[..., Tensor]) -> Callable[..., Tensor]:
        return lambda *t: f(*case.vectors, reduction=reduction, **dict(zip(names, t, strict=False)))

    torch.testing.assert_close(
        gradients(call(case.ours), leaves), gradients(call(case.expected), leaves)
    )


@pytest.mark.parametrize("shape", [(700, 1300), (1100, 1100), (513, 2049)])
def test_more_than_a_tile(shape: tuple[int, int]) -> None:
    """Rows and columns that no block, chunk or tile divides."""
    rows, columns = shape
    x, y = draw(rows, 3), draw(columns, 3, seed=1)
    scale, labels = number(2.0), torch.randint(0, 40, (rows,))
    some = [
        (F.info_nce_loss, info_nce, (x, y), {}),
        (F.siglip_loss, siglip, (x, y, scale), {"negative_only": True}),
        (F.proxy_anchor_loss, proxy_anchor, (x, y[:40]), {"labels": labels}),
    ]
    if rows == columns:
        some += [(F.clip_loss, clip, (x, y, scale), {}), (F.nt_xent_loss, nt_xent, (x, y), {}),
                 (F.siglip_loss, siglip, (x, y, scale), {})]  # fmt: skip
    for ours, theirs, vectors, rest in some:
        leaves = [t.clone().requires_grad_() for t in vectors]
        torch.testing.assert_close(
            gradients(lambda *v: ours(*v, **rest), leaves),  # noqa: B023
            gradients(lambda *v: theirs(*v, **rest), leaves),  # noqa: B023
        )


# -- transforms -----------------------------------------------------------------------------------


@each
def test_gradcheck(case: Case) -> None:
    for common in ({}, {"reduction": "none", "weight": torch.rand(case.rows).double()}):
        call = lambda *v: case.ours(*v, **common)  # noqa: B023, E731
        assert gradcheck(call, case.leaves(), check_forward_ad=True, fast_mode=True, atol=1e-4)
        assert gradgradcheck(call, case.leaves(), fast_mode=True)


@one_of_each
def test_transforms(case: Case) -> None:
    positions = tuple(range(len(case.vectors)))
    torch.testing.assert_close(
        torch.func.grad(case.ours, argnums=positions)(*case.vectors),
        torch.autograd.grad(case.ours(*(leaves := case.leaves())), leaves),
    )
    tangents = tuple(torch.rand_like(t) for t in case.vectors)
    torch.testing.assert_close(
        torch.func.jvp(case.ours, case.vectors, tangents),
        torch.func.jvp(case.expected, case.vectors, tangents),
    )
    batch = torch.stack([case.vectors[0], 2 - case.vectors[0]])
    mapped = torch.vmap(lambda t: case.ours(t, *case.vectors[1:]))(batch)
    single = [case.ours(t, *case.vectors[1:]) for t in batch]
    torch.testing.assert_close(mapped, torch.stack(single))


@one_of_each
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_opcheck(case: Case, reduction: str) -> None:
    """With dynamic shapes under AOT dispatch too."""
    names = [a.name for a in op_of(case)._schema.arguments if "Tensor" in str(a.type)]
    given = dict(zip((n for n in names if n not in case.rest), case.leaves(), strict=False))
    code = {"none": 0, "mean": 1}[reduction]
    opcheck(op_of(case), (), {**given, **case.rest, "reduction": code})


def op_of(case: Case) -> Any:
    return getattr(torch.ops.lossops, case.loss).default


@one_of_each
def test_compile_and_export(case: Case) -> None:
    compiled = torch.compile(case.ours, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(
        gradients(compiled, case.leaves()), gradients(case.ours, case.leaves())
    )
    module = case.module()
    exported = torch.export.export(module, case.vectors, case.given()).module()
    torch.testing.assert_close(exported(*case.vectors, **case.given()), case.ours(*case.vectors))


@one_of_each
def test_modules_and_torchscript(case: Case) -> None:
    module, expected = case.module(), case.ours(*case.vectors)
    assert torch.equal(module(*case.vectors, **case.given()), expected)
    scripted = torch.jit.script(module)
    torch.testing.assert_close(scripted(*case.vectors, **case.given()), expected)
    with pytest.raises(TypeError, match="compared with the whole batch"):
        module.denominator(case.vectors[0])  # type: ignore[operator]


# -- dtypes ---------------------------------------------------------------------------------------


@one_of_each
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_narrow_dtypes_compute_in_float(case: Case, dtype: torch.dtype) -> None:
    eps = torch.finfo(dtype).eps
    leaves = [t.detach().to(dtype).requires_grad_() for t in case.vectors]
    exact = [t.detach().double().requires_grad_() for t in leaves]
    for reduction in ("mean", "none"):
        found = gradients(lambda *v: case.ours(*v, reduction=reduction), leaves)  # noqa: B023
        expected = gradients(lambda *v: case.expected(*v, reduction=reduction), exact)  # noqa: B023
        assert all(t.dtype == dtype for t in found)
        for a, e in zip(found, expected, strict=True):
            torch.testing.assert_close(
                a.double(), e, rtol=4 * eps, atol=4 * eps * e.abs().max().item() + 1e-6
            )


def test_low_temperature_in_bfloat16() -> None:
    """Scores of 200 apart: in float16 their exponentials would be inf and 0."""
    x, y = draw(64, 16).bfloat16(), draw(64, 16, seed=1).bfloat16()
    for ours, theirs in ((F.info_nce_loss, info_nce), (F.nt_xent_loss, nt_xent)):
        leaves = [x.clone().requires_grad_(), y.clone().requires_grad_()]
        exact = [t.detach().double().requires_grad_() for t in leaves]
        found = gradients(lambda *v: ours(*v, temperature=0.005), leaves)  # noqa: B023
        expected = gradients(lambda *v: theirs(*v, temperature=0.005), exact)  # noqa: B023
        for a, e in zip(found, expected, strict=True):
            torch.testing.assert_close(a.double(), e, rtol=2e-2, atol=2e-2 * e.abs().max().item())


# -- hard inputs ----------------------------------------------------------------------------------


def test_losses_keep_their_digits() -> None:
    """Where the right one is far ahead, and where it is far behind (MONAI: 0 or inf)."""
    x, scale = torch.eye(3), 60.0
    for loss in (F.clip_loss(x, x, scale), F.info_nce_loss(x, x, temperature=1 / scale)):
        assert loss.item() == pytest.approx(2 * math.exp(-60), rel=1e-4)
    assert F.siglip_loss(x, -x, scale, 0.0).item() == pytest.approx(60 + 2 * math.log(2), rel=1e-6)
    far = torch.tensor([[1.0, 0.0], [0.6, 0.8]]).requires_grad_()
    y = torch.tensor([[-0.8, 0.6], [-1.0, 0.0]])
    value, gradient = gradients(lambda v: F.nt_xent_loss(v, y, temperature=0.005), [far])
    assert value > 200
    exact = gradients(lambda v: nt_xent(v, y.double(), 0.005, reduction="mean"), [far.double()])
    torch.testing.assert_close([value.double(), gradient.double()], exact, rtol=1e-5, atol=1e-3)


def test_one_row() -> None:
    x, y = draw(1, D), draw(1, D, seed=1)
    for loss in (F.info_nce_loss, F.nt_xent_loss, lambda a, b: F.clip_loss(a, b, 3.0)):
        value, *grads = gradients(loss, [x.requires_grad_(), y.requires_grad_()])
        assert value == 0 and all((g == 0).all() for g in grads)
    value, gradient = gradients(lambda t: F.supcon_loss(t, torch.tensor([0])), [x])
    assert value.isnan() and (gradient == 0).all()


def test_no_rows_and_no_keys() -> None:
    x = torch.zeros(0, D, requires_grad=True)
    none = torch.zeros(0, dtype=torch.long)
    for loss in (F.info_nce_loss, F.nt_xent_loss, lambda a, b, **k: F.clip_loss(a, b, 1.0, **k),
                 lambda a, b, **k: F.siglip_loss(a, b, 1.0, **k),
                 lambda a, b, **k: F.supcon_loss(a, none, **k)):  # fmt: skip
        assert loss(x, x).isnan()
        assert loss(x, x, reduction="sum") == 0
        assert loss(x, x, reduction="none").shape == (0,)
        (gradient,) = torch.autograd.grad(loss(x, x), x)
        assert gradient.shape == (0, D)
    keys = torch.zeros(3, D)
    with pytest.raises(ValueError, match="key must have at least one vector"):
        F.info_nce_loss(keys, x, labels=torch.tensor([0, 0, 0]))
    with pytest.raises(ValueError, match="text_features must have at least one"):
        F.siglip_loss(keys, x, 1.0, negative_only=True)


@pytest.mark.parametrize("labels", [[3, 3, 3, 3], [0, 1, 2, 3], [-1, -1, -1, -1], [-1, 5, 5, -1]])
def test_supcon_of_any_labels(labels: list[int]) -> None:
    x, t = draw(4, D).requires_grad_(), torch.tensor(labels)
    value, gradient = gradients(lambda v: F.supcon_loss(v, t), [x])
    expected, wanted = gradients(lambda v: supcon(v, t), [x])
    torch.testing.assert_close(value, expected, equal_nan=True)
    torch.testing.assert_close(gradient, wanted.nan_to_num(0))
    assert value.isnan() == (len(set(labels)) == 4 or max(labels) < 0)


def test_zeros_have_cosine_zero_and_no_gradient() -> None:
    x = draw(5, D)
    x[2] = 0
    t = torch.tensor([0, 0, 0, 1, 1])
    for loss in (lambda v: F.info_nce_loss(v, v.detach().roll(1, 0)), lambda v: F.supcon_loss(v, t),
                 lambda v: F.proxy_anchor_loss(v, x[:2], t)):  # fmt: skip
        value, gradient = gradients(loss, [x.clone().requires_grad_()])
        assert value.isfinite() and gradient.isfinite().all()
        assert (gradient[2] == 0).all() and (gradient[3] != 0).any()


def test_directions_of_any_length() -> None:
    x, y = draw(5, D).float(), draw(5, D, seed=1).float()
    expected = F.nt_xent_loss(x, y)
    torch.testing.assert_close(F.nt_xent_loss(x * 1e30, y * 1e-30), expected)
    halves = [(t * 3e4 / t.abs().max()).half() for t in (x, y)]
    torch.testing.assert_close(F.nt_xent_loss(*halves).float(), expected, rtol=2e-3, atol=0)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_what_is_left_out_may_hold_anything(reduction: str) -> None:
    """Labels of -1, and rows of weight 0."""
    x, y, bad = draw(5, D), draw(5, D, seed=1), torch.tensor([1.0, math.nan, INF, -INF]).double()
    t, w = torch.tensor([0, 1, -1, 1, 0]), torch.tensor([1.0, 2, 0, 1, 1]).double()
    for loss in (
        lambda v: F.info_nce_loss(v, y, labels=t, reduction=reduction),
        lambda v: F.info_nce_loss(v, y, weight=w, reduction=reduction),
        lambda v: F.siglip_loss(v, y, 2.0, -1.0, weight=w, reduction=reduction),
        lambda v: F.supcon_loss(v, t, reduction=reduction),
        lambda v: F.proxy_anchor_loss(v, y, t, reduction=reduction),
    ):
        spoilt = x.clone()
        spoilt[2] = bad
        clean = gradients(loss, [x.clone().requires_grad_()])
        found = gradients(loss, [spoilt.requires_grad_()])
        torch.testing.assert_close(found, clean, rtol=0, atol=0)
        assert (found[1][2] == 0).all()
        first = torch.autograd.grad(loss(spoilt).sum(), spoilt, create_graph=True)[0]
        assert first.isfinite().all() and (first[2] == 0).all()


def test_infinite_scores_are_no_numbers() -> None:
    x = torch.eye(3)
    x[1, 1] = INF
    for loss in (F.clip_loss, F.siglip_loss):
        assert loss(x, x, 1.0, reduction="none").isnan().any()


def test_mistakes() -> None:
    x, y, long = draw(4, D), draw(5, D), torch.tensor([0, 1, 2, 4])
    for call, error, match in (
        (lambda: F.clip_loss(x, y, 1.0), ValueError, "text_features must have as many vectors as"),
        (lambda: F.siglip_loss(x, y, 1.0), ValueError, "text_features must have as many vectors"),
        (lambda: F.nt_xent_loss(x, y), ValueError, "z2 must have as many vectors as z1, 4"),
        (lambda: F.info_nce_loss(y, x), ValueError, "key must have at least as many vectors"),
        (lambda: F.info_nce_loss(x, x, labels=long), IndexError, r"\[-1, 3\], got 4 at .*\(3,\)"),
        (lambda: F.proxy_anchor_loss(x, x, long), IndexError, r"\[-1, 3\], got 4 at position"),
        (lambda: F.supcon_loss(x, long[:3]), ValueError, r"labels must have shape \(4,\)"),
        (lambda: F.supcon_loss(x, long.double()), RuntimeError, "labels must have an integer"),
        (lambda: F.info_nce_loss(x, x[:, :2]), RuntimeError, "key must have as many features as"),
        (lambda: F.nt_xent_loss(x[0], x[0]), RuntimeError, "z1 must have two dimensions"),
        (lambda: F.nt_xent_loss(x, x, 0.0), RuntimeError, "temperature must be > 0, got 0"),
        (lambda: F.clip_loss(x, x, x[0]), RuntimeError, "logit_scale must be a number"),
        (lambda: F.clip_loss(x, x, 1.0, weight=x[0, :3]), RuntimeError, "weight must broadcast"),
        (lambda: F.clip_loss(x, x, 1.0, reduction="batchmean"), ValueError, "reduction must be"),
        (lambda: F.supcon_loss(x, long, base_temperature=0.0), RuntimeError, "base_temperature"),
    ):
        with pytest.raises(error, match=match):
            call()


# -- resources ------------------------------------------------------------------------------------


def big(rows: int, features: int) -> list[Tensor]:
    gen = torch.Generator().manual_seed(3)
    made = (TF.normalize(torch.randn(rows, features, generator=gen), dim=1) for _ in range(2))
    return [t.requires_grad_() for t in made]


@one_of_each
def test_memory_is_that_of_the_vectors(case: Case) -> None:
    """Of 256 MB of scores there is a chunk, or a tile."""
    rows = 4096 if case.loss == "nt_xent" else 8192
    x, y = big(rows, 8)
    labels = torch.arange(rows) % 100
    call = {
        "info_nce": lambda: F.info_nce_loss(x, y),
        "nt_xent": lambda: F.nt_xent_loss(x, y),
        "clip": lambda: F.clip_loss(x, y, 20.0),
        "siglip": lambda: F.siglip_loss(x, y, 20.0, -5.0),
        "supcon": lambda: F.supcon_loss(x, labels),
        "proxy_anchor": lambda: F.proxy_anchor_loss(x, y, labels),
    }[case.loss]
    vectors = 4 * (x.numel() + y.numel())

    def step() -> list[Tensor]:
        return [g for g in torch.autograd.grad(call(), [x, y], allow_unused=True) if g is not None]

    assert peak_bytes(step) < (10e6 if case.loss == "clip" else 64e6) + 8 * vectors


@one_of_each
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_same_bits_for_every_number_of_threads(case: Case, reduction: str) -> None:
    """The value and all that is summed over rows; the product over columns is torch's own."""
    x, y = big(1500, 16)
    labels = torch.arange(1500) % 40
    call = {
        "info_nce": lambda a, b: F.info_nce_loss(a, b, reduction=reduction),
        "nt_xent": lambda a, b: F.nt_xent_loss(a, b, reduction=reduction),
        "clip": lambda a, b: F.clip_loss(a, b, 20.0, reduction=reduction),
        "siglip": lambda a, b: F.siglip_loss(a, b, 20.0, -5.0, reduction=reduction),
        "supcon": lambda a, b: F.supcon_loss(a, labels, reduction=reduction),
        "proxy_anchor": lambda a, b: F.proxy_anchor_loss(a, b[:40], labels, reduction=reduction),
    }[case.loss]
    threads, found = torch.get_num_threads(), []
    try:
        for n in (1, 2, 3, 2):
            torch.set_num_threads(n)
            found.append(gradients(call, [x, y]))
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        assert torch.equal(found[0][0], other[0])
    assert all(torch.equal(a, b) for a, b in zip(found[1], found[3], strict=True))


def test_two_towers_learn_to_find_each_other() -> None:
    """Clip's loss of two linear towers falls as that of the explicit matrix does."""
    gen = torch.Generator().manual_seed(1)
    hidden = torch.randn(64, 6, generator=gen)
    views = [hidden @ torch.randn(6, 12, generator=gen) for _ in range(2)]
    curves = []
    for loss in (F.clip_loss, clip):
        torch.manual_seed(2)
        towers = [torch.nn.Linear(12, 8) for _ in range(2)]
        scale = torch.nn.Parameter(torch.tensor(math.log(10)))
        optimizer = torch.optim.Adam(
            [*towers[0].parameters(), *towers[1].parameters(), scale], 0.02
        )
        curve = []
        for _ in range(40):
            image, text = (TF.normalize(f(v), dim=1) for f, v in zip(towers, views, strict=True))
            value = loss(image, text, scale.exp())
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            curve.append(value.item())
        curves.append(curve)
    assert curves[0] == pytest.approx(curves[1], rel=1e-3)
    assert curves[0][-1] < curves[0][0] / 10
