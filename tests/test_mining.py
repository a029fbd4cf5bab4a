"""The hardest of unreduced losses."""

import math

import pytest
import torch

import lossops
from lossops import functional as F
from lossops import hard_mining


def losses(*shape: int) -> torch.Tensor:
    return torch.rand(shape, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize(("kept", "count"), [(0.25, 7), (1.0, 28), (0.01, 1), (5, 5), (99, 28)])
def test_takes_the_largest(kept: float, count: int) -> None:
    loss = losses(4, 7)
    value = hard_mining(loss, kept)
    torch.testing.assert_close(value, loss.flatten().sort().values[-count:].mean())
    (gradient,) = torch.autograd.grad(value, loss)
    assert gradient.count_nonzero() == count
    torch.testing.assert_close(gradient.max().item(), 1 / count)


def test_threshold_takes_more() -> None:
    """All beyond it, and never fewer than are kept."""
    loss = losses(50)
    torch.testing.assert_close(hard_mining(loss, 1, 0.4), loss[loss >= 0.4].mean())
    torch.testing.assert_close(hard_mining(loss, 3, 2.0), loss.topk(3).values.mean())
    (gradient,) = torch.autograd.grad(hard_mining(loss, 1, 0.4), loss)
    assert torch.equal(gradient != 0, loss >= 0.4)


def test_of_cross_entropy() -> None:
    """As segmentation takes pixels below a probability, ignored ones aside."""
    x = torch.randn(2, 5, 8, 8)
    t = torch.randint(5, (2, 8, 8))
    t[0, :4] = 255
    loss = F.cross_entropy(x, t, ignore_index=255, reduction="none")
    p = x.softmax(1).gather(1, t.where(t < 5, 0)[:, None])[:, 0]
    hard = (p < 0.7) & (t < 5)
    torch.testing.assert_close(hard_mining(loss, 1, -math.log(0.7)), loss[hard].mean())


def test_edges() -> None:
    assert hard_mining(torch.empty(0)).isnan()
    assert hard_mining(torch.empty(0), 0.5, 1.0).isnan()
    assert hard_mining(torch.tensor([1.0, math.nan]), 1).isnan()
    assert hard_mining(torch.tensor([1.0, math.nan]), 1, 0.5).isnan()
    assert hard_mining(torch.tensor(2.0)) == 2


def test_compiles_for_any_values() -> None:
    """Nothing looks at a value: one graph."""
    loss = losses(64)
    compiled = torch.compile(lossops.hard_mining, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(loss, 4, 0.5), hard_mining(loss, 4, 0.5))


@pytest.mark.parametrize("kept", [0, -1, 0.0, 1.5, math.nan, True, "all"])
def test_refuses_other_counts(kept: object) -> None:
    with pytest.raises(ValueError, match="kept must be a float in .* or an int >= 1, got"):
        hard_mining(torch.ones(3), kept)  # type: ignore[arg-type]


def test_refuses_what_is_no_loss() -> None:
    with pytest.raises(TypeError, match="floating dtype, got torch.int64"):
        hard_mining(torch.ones(3, dtype=torch.int64))
    with pytest.raises(TypeError, match="floating dtype, got float"):
        hard_mining(1.0)  # type: ignore[arg-type]
