"""Ordinal losses: by coral-pytorch, out of its reach, and what is read of a row."""

import re

import pytest
import torch

import lossops
import lossops.functional as F
from tests.class_axis import INF, NAN, labels, normal

pytestmark = pytest.mark.usefixtures("on_device")

LOGITS = [
    [2.0, 1.0, -1.0, 0.5],
    [0.0, 0.0, 0.0, 0.0],
    [-3.0, 4.0, 0.25, -0.75],
    [9.0, 7.0, 5.0, 3.0],
]
TARGET = [2, 0, 4, 3]
# What coral-pytorch 1.4 makes of these in float64 (coral_loss of levels_from_labelbatch, and
# corn_loss): the mean, and its gradient times the rows, or the thresholds that are asked, 12.
CORAL_PYTORCH = {
    "coral": (
        3.0840005916727398,
        [
            [-0.119202922022, -0.26894142137, 0.26894142137, 0.622459331202],
            [0.5, 0.5, 0.5, 0.5],
            [-0.952574126822, -0.017986209962, -0.437823499114, -0.679178699175],
            [-0.000123394576, -0.000911051194, -0.006692850924, 0.952574126822],
        ],
    ),
    "corn": (
        0.7735403200692513,
        [
            [-0.119202922022, -0.26894142137, 0.26894142137, 0.0],
            [0.5, 0.0, 0.0, 0.0],
            [-0.952574126822, -0.017986209962, -0.437823499114, -0.679178699175],
            [-0.000123394576, -0.000911051194, -0.006692850924, 0.952574126822],
        ],
    ),
}


@pytest.mark.parametrize("op", CORAL_PYTORCH)
def test_equals_coral_pytorch(op: str) -> None:
    x = torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True)
    value = getattr(F, f"{op}_loss")(x, torch.tensor(TARGET))
    (slope,) = torch.autograd.grad(value, x)
    mean, slopes = CORAL_PYTORCH[op]
    torch.testing.assert_close(value, torch.tensor(mean, dtype=torch.float64), rtol=1e-15, atol=0)
    count = 4 if op == "coral" else 12
    expected = torch.tensor(slopes, dtype=torch.float64)
    torch.testing.assert_close(slope * count, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("op", ["coral", "corn"])
def test_labels_of_every_width_and_range(op: str) -> None:
    """From 0 to the number of thresholds; the first that is not is named."""
    loss = getattr(F, f"{op}_loss")
    for shape in ((4, 3), (70, 3), (5, 130), (2, 300), (3, 4, 5), (2, 3, 70)):
        x = normal(*shape, dtype=torch.float32)
        rows, last = (shape[0], *shape[2:]), shape[1]
        t = labels(last + 1, *rows)
        t.view(-1)[:2] = torch.tensor([last, 0])
        right = loss(x, t, "none")
        for dtype in (torch.int16, torch.int32, torch.uint16):
            assert torch.equal(loss(x, t.to(dtype), "none"), right)
        for wrong in (last + 1, -1, 2**40):
            bad = t.clone()
            bad.view(-1)[-1] = wrong
            text = rf"{op}: target must be in [0, {last}] (or ignore_index -100), got {wrong} at"
            with pytest.raises(IndexError, match=re.escape(text)):
                loss(x, bad)


def test_without_doubt() -> None:
    """Costs and slopes are exactly 0, where coral-pytorch has NaN; wrong beyond doubt costs inf."""
    x = torch.tensor([[INF, -INF, -INF]], requires_grad=True)
    for loss in (F.coral_loss, F.corn_loss):
        value = loss(x, torch.tensor([1]))
        (slope,) = torch.autograd.grad(value, x)
        assert value == 0 and torch.equal(slope, torch.zeros_like(x))
        assert loss(x, torch.tensor([0])) == INF


def test_what_is_not_asked() -> None:
    """What lies beyond the first threshold that is not reached may be anything, to any order."""
    x = torch.tensor([[1.0, -0.5, NAN, INF], [NAN, 0.0, 0.0, 0.0]], requires_grad=True)
    t = torch.tensor([1, -100])
    value = F.corn_loss(x, t)
    torch.testing.assert_close(value, F.corn_loss(x[:1, :2].detach(), t[:1]))
    (slope,) = torch.autograd.grad(value, x, create_graph=True)
    (second,) = torch.autograd.grad(slope.sum(), x)
    for gradient in (slope, second):
        assert gradient[:, 2:].eq(0).all() and gradient[1].eq(0).all()
        assert gradient[0, :2].isfinite().all() and gradient[0, :2].ne(0).all()


def test_probability_of_the_label() -> None:
    """corn is -ln of it, and those of all labels add up to 1."""
    x = normal(6, 4)
    each = torch.stack([F.corn_loss(x, torch.full((6,), t), "none") for t in range(5)])
    torch.testing.assert_close((-each).exp().sum(0), x.new_ones(6))


def test_coral_of_levels() -> None:
    """Those of labels are the labels; in between they are a mixture, with a slope."""
    x, t = normal(5, 4), labels(5, 5)
    levels = (t[:, None] > torch.arange(4)).double()
    assert torch.equal(F.coral_loss(x, levels), F.coral_loss(x, t))
    y = torch.full_like(x, 0.25, requires_grad=True)
    (slope,) = torch.autograd.grad(F.coral_loss(x, y, "sum"), y)
    torch.testing.assert_close(slope, -x)
    with pytest.raises(RuntimeError, match="target must hold labels"):
        F.corn_loss(x, levels)


def test_on_the_predictions_of_a_model() -> None:
    """Modules learn an order that a line has, and the documented predictions find it again."""
    torch.manual_seed(0)
    x = torch.linspace(-2, 2, 200)[:, None]
    t = ((x[:, 0] + 2) * 1.2).long().clamp(max=4)
    for loss, read in (
        (lossops.nn.CORALLoss(), lambda z: (z > 0).sum(1)),
        (lossops.nn.CORNLoss(), lambda z: (z.sigmoid().cumprod(1) > 0.5).sum(1)),
    ):
        layer = torch.nn.Linear(1, 4)
        optimizer = torch.optim.Adam(layer.parameters(), lr=0.3)
        for _ in range(150):
            optimizer.zero_grad()
            loss(layer(x), t).backward()
            optimizer.step()
        assert (read(layer(x)) == t).float().mean() > 0.9
