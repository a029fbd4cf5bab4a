"""Losses of regions as people call them: beside MONAI and scikit-learn, and in little memory."""

from typing import Any

import pytest
import torch
from torch import Tensor

import lossops
import lossops.functional as F
from tests.families import of_family
from tests.families.regions import Regions
from tests.losses import BY_OP, Loss
from tests.test_memory import peak_bytes


def images(classes: int = 4) -> tuple[Tensor, Tensor]:
    """Logits, and labels with an axis of 1 as MONAI wants them; the last class is nowhere."""
    g = torch.Generator().manual_seed(5)
    shape = (2, classes, 12, 9)
    labels = torch.randint(max(classes - 1, 2), (2, 1, 12, 9), generator=g)
    return torch.randn(shape, generator=g), labels


def compare(ours: Any, theirs: Any, x: Tensor, t: Tensor) -> None:
    leaves = [x.clone().requires_grad_() for _ in range(2)]
    values = [ours(leaves[0], t), theirs(leaves[1], t)]
    torch.testing.assert_close(values[0], values[1].view(values[0].shape), rtol=1e-6, atol=1e-6)
    upstream = torch.linspace(1, 2, values[0].numel()).view(values[0].shape)
    slopes = [torch.autograd.grad(v, leaf, upstream.view(v.shape))[0]
              for v, leaf in zip(values, leaves, strict=True)]  # fmt: skip
    torch.testing.assert_close(*slopes, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("include_background", [True, False])
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_monai(reduction: str, include_background: bool, batch: bool, activation: str) -> None:
    """Its DiceLoss, TverskyLoss and GeneralizedDiceLoss, with their defaults."""
    losses = pytest.importorskip("monai.losses")
    x, t = images()
    for name in ("DiceLoss", "TverskyLoss", "GeneralizedDiceLoss"):
        if batch and name == "GeneralizedDiceLoss":
            continue  # which adds up classes before it weighs them
        shared: dict[str, Any] = {"include_background": include_background, "batch": batch,
                                  "reduction": reduction}  # fmt: skip
        theirs = getattr(losses, name)(to_onehot_y=True, **{activation: True}, **shared)
        ours = getattr(lossops.nn, name)(activation=activation, **shared)
        compare(ours, theirs, x, t)


def test_monai_of_a_mask() -> None:
    losses = pytest.importorskip("monai.losses")
    x, t = images(classes=1)
    compare(lossops.nn.DiceLoss("sigmoid"), losses.DiceLoss(sigmoid=True), x, t)


def test_matthews_correlation_of_sklearn() -> None:
    """Of hard predictions, class by class."""
    metrics = pytest.importorskip("sklearn.metrics")
    x, t = images()
    found = torch.nn.functional.one_hot(x.argmax(1), 4).movedim(-1, 1).double()
    value = F.mcc_loss(found, t, activation=None, batch=True, reduction="none")
    for c in range(4):
        expected = metrics.matthews_corrcoef((t == c).flatten(), found[:, c].flatten())
        assert value[c].item() == pytest.approx(1 - expected, rel=1e-12)


@pytest.mark.parametrize("loss_of", [F.dice_loss, F.dice_ce_loss, F.dice_focal_loss])
def test_memory(loss_of: Any) -> None:
    """Of a training step: one gradient, the labels as int64 already, and numbers of groups."""
    x = torch.randn(2, 21, 512, 512, requires_grad=True)
    t = torch.randint(21, (2, 512, 512))
    peak = peak_bytes(lambda: torch.autograd.grad(loss_of(x, t), x)[0])
    assert peak < 4 * x.numel() + (1 << 16)


@pytest.mark.where(of_family(Regions))
def test_words(loss: Loss) -> None:
    x, t = torch.randn(2, 3, 4), torch.randint(3, (2, 4))
    function = getattr(F, loss.function)
    with pytest.raises(ValueError, match=f"{loss.op}: activation must be 'sigmoid', 'softmax' or "
                       "None, got 'relu'"):  # fmt: skip
        function(x, t, activation="relu")
    with pytest.raises(ValueError, match="absent must be 'smooth' or 'skip', got True"):
        function(x, t, absent=True)


def test_word_of_generalized_dice() -> None:
    x, t = torch.randn(2, 3, 4), torch.randint(3, (2, 4))
    match = "class_weighting must be 'square', 'simple' or 'uniform', got 'linear'"
    with pytest.raises(ValueError, match=match):
        F.generalized_dice_loss(x, t, "linear")


@pytest.mark.parametrize("op", ["dice_ce", "dice_focal"])
def test_two_shapes_have_no_common_one(op: str) -> None:
    x, t = torch.randn(2, 3, 4), torch.randint(3, (2, 4))
    loss = getattr(lossops.nn, BY_OP[op].module)(reduction="none")
    with pytest.raises(ValueError, match=f"{op}: reduction must be mean or sum, got none"):
        loss(x, t)


def test_nan_reaches_its_sample() -> None:
    """All classes of that, through the softmax; the class alone through a sigmoid."""
    x, t = torch.randn(3, 4, 5), torch.randint(4, (3, 5))
    x[1, 2, 3] = torch.nan
    for activation, poisoned in (("softmax", torch.ones(4).bool()),
                                 ("sigmoid", torch.arange(4) == 2)):  # fmt: skip
        value = F.dice_loss(x, t, activation, reduction="none")
        assert torch.equal(value[1].isnan(), poisoned) and not value[[0, 2]].isnan().any()


@pytest.mark.parametrize("name", ["dice_loss", "mcc_loss", "dice_ce_loss", "dice_focal_loss"])
def test_masks_of_0_and_255_are_refused(name: str) -> None:
    """With a class axis as without."""
    loss, mask = getattr(F, name), torch.full((1, 1, 4, 4), 255, dtype=torch.uint8)
    for target in (mask, mask[:, 0]):
        with pytest.raises(IndexError, match=r"target must be in \[0, 1\], got 255 at position"):
            loss(torch.zeros(1, 1, 4, 4), target, activation="sigmoid")
    one = mask // 255
    both = [loss(torch.zeros(1, 1, 4, 4), t, activation="sigmoid") for t in (one, one[:, 0])]
    assert torch.equal(*both)


@pytest.mark.parametrize("requires_grad", [False, True])
def test_what_is_no_probability_is_refused(requires_grad: bool) -> None:
    p = torch.rand(2, 3, 5, 4).requires_grad_(requires_grad)
    for target in (torch.full((2, 3, 5, 4), 255), p.detach() + 1):
        with pytest.raises(RuntimeError, match=r"dice: target must be in \[0, 1\], got"):
            F.dice_loss(p, target)
        with pytest.raises(RuntimeError, match=r"dice: target must be in \[0, 1\], got"):
            torch.func.grad(F.dice_loss)(p, target)
    labels = torch.zeros(2, 5, 4, dtype=torch.long)
    with pytest.raises(RuntimeError, match=r"input must be in \[0, 1\] without an activation, got"):
        F.dice_loss(p - 1, labels, None)
    ignored = torch.full((2, 3, 5, 4), 255).index_fill(3, torch.tensor([0]), 1)
    assert F.dice_loss(p, ignored, ignore_index=255).isfinite()
    assert F.dice_loss(p.masked_fill(ignored == 255, 7), ignored, None, ignore_index=255).isfinite()


def test_labels_are_held_against_ignore_index_as_integers() -> None:
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    labels[0, 1, 2] = 2**24
    x = torch.randn(1, 3, 4, 4)
    assert F.dice_loss(x, labels, ignore_index=2**24).isfinite()
    with pytest.raises(IndexError, match=r"got 16777216 at position \(0, 1, 2\)"):
        F.dice_loss(x, labels, ignore_index=2**24 + 1)


@pytest.mark.parametrize("of", ["weight", "include_background"])
@pytest.mark.parametrize("name", ["dice_loss", "generalized_dice_loss", "mcc_loss"])
def test_a_class_that_does_not_count_may_be_nan(name: str, of: str) -> None:
    x, t = images()
    x[:, 0] = torch.nan
    x.requires_grad_()
    given = {"weight": torch.tensor([0.0, 1, 2, 1]), "include_background": False}[of]
    hot = torch.nn.functional.one_hot(t.squeeze(1), 4).movedim(-1, 1)
    loss = getattr(F, name)(x, hot, activation="sigmoid", **{of: given})
    loss.backward()
    assert loss.isfinite() and x.grad is not None
    assert (x.grad[:, 0] == 0).all() and x.grad[:, 1:].isfinite().all()
