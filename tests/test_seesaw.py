"""Seesaw loss: the formula row by row, what is a constant in it, and the counts of the module."""

import math

import pytest
import torch
from torch import Tensor

import lossops.functional as F
from lossops.nn import SeesawLoss

C = 5
COUNTS = torch.tensor([1000, 100, 30, 1, 0])


def drawn(shape: tuple[int, ...] = (64, C), dtype: torch.dtype = torch.float64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator, dtype=torch.float64) * 3
    rows = shape[1:] if len(shape) == 1 else (shape[0], *shape[2:])
    return [x.to(dtype), torch.randint(C, rows, generator=generator)]


def formula(x: Tensor, t: Tensor, p: float = 0.8, q: float = 2.0, eps: float = 0.01) -> Tensor:
    """Of (N, C), term by term; -ln of the label's share of the seesaw-weighted exponentials."""
    values = []
    n = [max(1, int(count)) for count in COUNTS]
    for row, label in zip(x, t.tolist(), strict=True):
        r = row.detach().softmax(0)
        total = row[label].exp()
        for c in range(C):
            if c != label:
                mitigation = min(1.0, (n[c] / n[label]) ** p)
                ratio = float(r[c]) / max(float(r[label]), eps)
                total = total + mitigation * max(1.0, ratio) ** q * row[c].exp()
        values.append(total.log() - row[label])
    return torch.stack(values)


@pytest.mark.parametrize("params", [{}, {"p": 0.3, "q": 0.5, "eps": 0.2}, {"p": 0.0, "q": 0.0}])
def test_values_and_gradients(params: dict[str, float]) -> None:
    x, t = drawn()
    x.requires_grad_()
    ours, expected = (
        F.seesaw_loss(x, t, COUNTS, **params, reduction="none"),
        formula(x, t, **params),
    )
    torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-13)
    slopes = [torch.autograd.grad(loss.sum(), x)[0] for loss in (ours, expected)]
    torch.testing.assert_close(*slopes, rtol=1e-11, atol=1e-12)
    if not any(params.get(name, 1.0) for name in ("p", "q")):
        torch.testing.assert_close(ours, F.cross_entropy(x, t, reduction="none"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(C,), (64, C), (3, C, 4, 2)], ids=str)
def test_shapes_and_dtypes(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x, t = drawn(shape, dtype)
    ours = F.seesaw_loss(x, t, COUNTS, reduction="none")
    assert ours.dtype == dtype and ours.shape == t.shape
    rows = x.double().unsqueeze(0) if x.dim() == 1 else x.double().movedim(1, -1)
    expected = formula(rows.reshape(-1, C), t.reshape(-1)).view(t.shape)
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(ours.double(), expected, rtol=max(eps, 1e-5), atol=max(eps, 1e-5))
    with torch.autocast("cpu", torch.bfloat16):
        assert F.seesaw_loss(x, t, COUNTS).dtype == torch.float32


def test_reductions() -> None:
    """Weights by class, ignored rows whatever they hold, a normalizer."""
    x, t = drawn((6, C))
    t[2], x[2] = -100, math.nan
    weight = torch.rand(C, dtype=torch.float64) + 0.5
    each = F.seesaw_loss(x, t, COUNTS, reduction="none", weight=weight)
    kept = t != -100
    torch.testing.assert_close(each[kept], formula(x[kept], t[kept]) * weight[t[kept]])
    assert each[2] == 0
    mean = F.seesaw_loss(x, t, COUNTS, weight=weight)
    torch.testing.assert_close(mean, each.sum() / weight[t[kept]].sum())
    torch.testing.assert_close(F.seesaw_loss(x, t, COUNTS, normalizer=3.0, weight=weight),
                               each.sum() / 3)  # fmt: skip
    x.requires_grad_()
    F.seesaw_loss(x, t, COUNTS).backward()
    assert x.grad is not None and x.grad.isfinite().all() and (x.grad[2] == 0).all()


def test_impossible_class() -> None:
    """A logit of -inf costs nothing, and a label that is impossible has the loss inf."""
    x = torch.tensor([[1.0, -math.inf, 0.5], [1.0, -math.inf, 0.5]])
    each = F.seesaw_loss(x, torch.tensor([0, 1]), torch.tensor([5, 5, 5]), reduction="none")
    torch.testing.assert_close(each[0], F.cross_entropy(x[:1, [0, 2]], torch.tensor([0])))
    assert each[1] == math.inf


def test_transforms() -> None:
    x, t = drawn((6, C))

    def loss(x: Tensor) -> Tensor:
        return F.seesaw_loss(x, t, COUNTS)

    expected = torch.func.grad(loss)(x)
    torch.testing.assert_close(torch.compile(loss, fullgraph=True, backend="aot_eager")(x), loss(x))
    torch.testing.assert_close(torch.func.jacrev(loss)(x), expected)
    by_row = torch.func.vmap(lambda x, t: F.seesaw_loss(x, t, COUNTS))(x, t)
    torch.testing.assert_close(by_row, formula(x, t))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"p": -1.0}, "seesaw: p must be >= 0, got -1"),
        ({"q": math.nan}, "seesaw: q must be >= 0, got nan"),
        ({"eps": 0.0}, r"seesaw: eps must be in \(0, 1\], got 0"),
        ({"counts": [1, 2]}, "seesaw: counts must be a tensor, got list"),
        ({"counts": torch.ones(4)}, r"seesaw: counts .* shape \[5\], got \[4\]"),
        ({"target": torch.full((6,), 9)}, "seesaw: target must be in"),
        ({"target": torch.rand(6, C)}, "seesaw: target must hold labels"),
        ({"reduction": "average"}, "seesaw: reduction must be"),
    ],
)
def test_errors(change: dict[str, object], words: str) -> None:
    x, t = drawn((6, C))
    with pytest.raises((ValueError, TypeError, IndexError, RuntimeError), match=words):
        F.seesaw_loss(**{"input": x, "target": t, "counts": COUNTS, **change})


def test_module_counts() -> None:
    """Labels of training alone; ignored ones are none."""
    x, t = drawn((6, C))
    t[0] = -100
    loss = SeesawLoss(C)
    first = loss(x, t)
    counts = torch.bincount(t[1:], minlength=C)
    assert torch.equal(loss.counts, counts)
    torch.testing.assert_close(first, F.seesaw_loss(x, t, counts))
    loss.eval()
    loss(x, t)
    assert torch.equal(loss.counts, counts)
    again = SeesawLoss(C)
    again.load_state_dict(loss.state_dict())
    assert torch.equal(again.counts, counts)
    assert "num_classes=5" in repr(loss)
    with pytest.raises(IndexError, match=r"seesaw: target must be in \[0, 4\]"):
        loss.train()(x, t + 50)
