"""Micro-batches on several ranks give the gradients of one large batch."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import lossops
from lossops import global_normalizer
from tests.cases import make_case
from tests.families import of_family
from tests.families.regions import Regions
from tests.losses import BY_OP, LOSSES, Loss
from tests.ranks import RANKS, on_ranks

CLASSES = 5
SIZES = (3, 7, 2, 4)  # of the micro-batches; the first two are those of rank 0


def denominator(case: Any) -> Tensor:
    """From the module, out of the tensor that it is documented to look at."""
    label = case.tensors[case.loss.label if case.loss.label in case.tensors else "target"]
    return case.module().denominator(label, case.tensors.get("weight"))


@pytest.mark.where(lambda loss: loss.op not in ("ctc", "corn") and not of_family(Regions)(loss))
@pytest.mark.parametrize("ignore", [False, True], ids=["all", "masked"])
@pytest.mark.parametrize("weight", [None, "row", "full"])
def test_denominator(loss: Loss, params: dict[str, Any], weight: str | None, ignore: bool) -> None:
    """For every loss: the sum over its denominator is the mean."""
    for shape in ((4, 3), (2, 5, 3)):
        case = make_case(loss, params, shape=shape, weight=weight, ignore=ignore and loss.ignore)
        mean = case.but(reduction="sum").ours(normalizer=denominator(case))
        torch.testing.assert_close(mean, case.ours(), rtol=1e-12, atol=0)


@pytest.mark.where(of_family(Regions))
def test_no_denominator_of_regions(loss: Loss) -> None:
    case = make_case(loss)
    with pytest.raises(TypeError, match=rf"{loss.module}.denominator: .*normalizer=the number"):
        case.module().denominator(case.tensors["target"])


def test_no_denominator_of_a_mean_by_length() -> None:
    """But what the message says gives that mean, and that of all labels."""
    case = make_case(BY_OP["ctc"])
    with pytest.raises(TypeError, match=r"CTCLoss.denominator: .*normalizer=the number of all"):
        global_normalizer(case.module(), case.tensors["targets"])
    lengths = case.tensors["target_lengths"]
    mean = case.ours(weight=1 / lengths.clamp(min=1), normalizer=len(lengths))
    torch.testing.assert_close(mean, case.ours())
    each = case.but(reduction="none").ours()
    labels = lengths.sum()
    torch.testing.assert_close(case.ours(normalizer=labels), each.sum() / labels)


def test_no_denominator_of_conditional_thresholds() -> None:
    """But what the message says gives that mean, and that over rows."""
    case = make_case(BY_OP["corn"], shape=(9, 3))
    target = case.tensors["target"]
    with pytest.raises(
        TypeError, match=r"CORNLoss.denominator: .*\(target \+ 1\).clamp\(max=K - 1\)"
    ):
        case.module().denominator(target)
    torch.testing.assert_close(case.ours(normalizer=(target + 1).clamp(max=3).sum()), case.ours())
    each = case.but(reduction="none").ours()
    torch.testing.assert_close(case.ours(normalizer=len(target)), each.mean())


def test_denominator_of_one_row() -> None:
    """Without a batch dimension the class axis is the first."""
    logits, weight = torch.randn(3).double(), torch.tensor([1.0, 2.0, 4.0]).double()
    loss = lossops.nn.CrossEntropyLoss(weight)
    for target in (torch.tensor(2), torch.tensor([0.5, 0.25, 0.25]).double()):
        torch.testing.assert_close(
            loss(logits, target, normalizer=loss.denominator(target)), loss(logits, target)
        )


def test_denominator_of_levels_needs_them() -> None:
    loss = lossops.nn.QuantileLoss([0.1, 0.5, 0.9])
    assert loss.denominator(torch.zeros(4, 3)) == 12
    with pytest.raises(ValueError, match=r"shape of the input, \(\*, 3\), got \(4,\)"):
        loss.denominator(torch.zeros(4))


def test_denominator_of_labels_that_lack_the_ignored_one() -> None:
    """-100 is not 156 among labels of dtype uint8."""
    labels = torch.tensor([156, 1, 156], dtype=torch.uint8)
    assert lossops.nn.CrossEntropyLoss().denominator(labels) == 3
    weight = torch.ones(200)
    weight[156] = 4.0
    for ignore_index, expected in ((-100, 9), (156, 1)):
        loss = lossops.nn.CrossEntropyLoss(weight, ignore_index=ignore_index)
        scores = torch.randn(3, 200).double()
        assert loss.denominator(labels) == loss.denominator(labels.to(torch.uint16)) == expected
        total = loss.double()(scores, labels, torch.tensor(1.0).double())
        mean = loss(scores, labels)
        torch.testing.assert_close(total / expected, mean)


def test_denominator_of_odd_shapes() -> None:
    """Probabilities of no class still have rows; one without a class axis is an error."""
    loss = lossops.nn.CrossEntropyLoss()
    for shape, rows in (((3, 0), 3), ((0, 3), 0), ((2, 3, 5), 10), ((3,), 1)):
        assert loss.denominator(torch.zeros(shape)) == rows
    with pytest.raises(ValueError, match=r"CrossEntropyLoss.denominator: target must be .* \(\)"):
        loss.denominator(torch.tensor(0.5))


def data() -> tuple[Tensor, Tensor]:
    """Features and labels; labels are missing here and there, and in one micro-batch altogether."""
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(sum(SIZES), 8, generator=generator)
    labels = torch.randint(CLASSES, (sum(SIZES),), generator=generator)
    labels[1] = labels[5] = -100
    labels[10:12] = -100  # the third micro-batch
    return features, labels


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, CLASSES))


def criterion() -> lossops.nn.CrossEntropyLoss:
    weight = torch.tensor([1.0, 3.0, 0.25, 8.0, 1.0])
    return lossops.nn.CrossEntropyLoss(weight, label_smoothing=0.1, z_loss=1e-3)


def large_batch(dtype: torch.dtype) -> tuple[Tensor, list[Tensor]]:
    features, labels = data()
    net = model().to(dtype)
    loss = criterion().to(dtype)(net(features.to(dtype)), labels)
    loss.backward()
    return loss.detach(), [p.grad for p in net.parameters()]


def test_micro_batches() -> None:
    """On one rank, and the mean of the means is something else."""
    features, labels = data()
    expected, gradients = large_batch(torch.float32)
    net, loss = model(), criterion()
    normalizer = global_normalizer(loss, labels.split(SIZES))
    total = torch.zeros(())
    naive = []
    for x, t in zip(features.split(SIZES), labels.split(SIZES), strict=True):
        scores = net(x)
        part = loss(scores, t, normalizer)
        part.backward()
        total += part.detach()
        naive.append(loss(scores.detach(), t))
    torch.testing.assert_close(total, expected, rtol=1e-6, atol=0)
    for p, gradient in zip(net.parameters(), gradients, strict=True):
        torch.testing.assert_close(p.grad, gradient, rtol=1e-6, atol=1e-6)
    assert not torch.allclose(torch.stack(naive).nanmean(), expected, rtol=1e-2)


def test_micro_batches_with_uncertainty() -> None:
    """Normalizers and totals by the number of micro-batches, as docs/training.md has it."""
    features, labels = data()
    sizes = (3, 7, 6)  # each with a label
    grads = []
    for parts in ((sum(sizes),), sizes):
        net, k = model().double(), len(parts)
        weighing = lossops.nn.UncertaintyWeightedLoss(
            {"a": (criterion().double(), "classification")}
        )
        normalizer = global_normalizer(weighing.terms["a"].loss, labels.split(parts))
        for x, t in zip(features.double().split(parts), labels.split(parts), strict=True):
            total, _ = weighing(net(x), t, {"a": normalizer / k})
            (total / k).backward()
        grads.append([p.grad for p in (*net.parameters(), *weighing.parameters())])
    large, small = grads
    torch.testing.assert_close(small[:-1], large[:-1], rtol=1e-6, atol=1e-12)
    torch.testing.assert_close(small[-1], large[-1], rtol=1e-6, atol=1e-12)


def train_on(rank: int, dtype: torch.dtype, averaged: bool) -> tuple[float, list[Tensor]]:
    """One step of two micro-batches on this rank, as docs/training.md shows it."""
    features, labels = (t.split(SIZES)[2 * rank : 2 * rank + 2] for t in data())
    net: nn.Module = model().to(dtype)
    wrapped: Any = DistributedDataParallel(net) if averaged else net
    loss = criterion().to(dtype)
    normalizer = global_normalizer(loss, labels, averaged=averaged)
    total = torch.zeros((), dtype=dtype)
    for step, (x, t) in enumerate(zip(features, labels, strict=True)):
        with wrapped.no_sync() if averaged and step == 0 else nullcontext():
            part = loss(wrapped(x.to(dtype)), t, normalizer)
            part.backward()
            total += part.detach()
    if not averaged:
        for p in net.parameters():
            torch.distributed.all_reduce(p.grad)
    return total.item(), [p.grad for p in net.parameters()]


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-14)], ids=str
)
@pytest.mark.parametrize("averaged", [True, False], ids=["ddp", "summed"])
def test_ranks(tmp_path: Path, dtype: torch.dtype, tolerance: float, averaged: bool) -> None:
    """Two micro-batches on each of two ranks: class weights, labels missing, uneven sizes."""
    expected, gradients = large_batch(dtype)
    losses = []
    for loss, found in on_ranks(tmp_path, train_on, dtype, averaged):
        losses.append(loss)
        for actual, gradient in zip(found, gradients, strict=True):
            torch.testing.assert_close(actual, gradient, rtol=tolerance, atol=tolerance)
    value = sum(losses) / (RANKS if averaged else 1)
    assert value == pytest.approx(expected.item(), rel=tolerance)


def test_weights() -> None:
    """Losses whose mean divides by weights given to forward."""
    x, t, w = torch.randn(7).double(), torch.randn(7).double(), torch.rand(7).double()
    loss, sizes = lossops.nn.MSELoss(), (2, 5)
    normalizer = global_normalizer(loss, t.split(sizes), w.split(sizes))
    parts = [
        loss(a, b, c, normalizer)
        for a, b, c in zip(x.split(sizes), t.split(sizes), w.split(sizes), strict=True)
    ]
    torch.testing.assert_close(sum(parts), loss(x, t, w))


def test_nothing_counts() -> None:
    loss, x = lossops.nn.CrossEntropyLoss(), torch.randn(2, 3, requires_grad=True)
    t = torch.full((2,), -100)
    value = loss(x, t, global_normalizer(loss, t))
    value.backward()
    assert value.isnan() and x.grad.eq(0).all()


def test_errors() -> None:
    t = torch.zeros(2)
    with pytest.raises(TypeError, match=r"must have a method denominator.*MSELoss.*from_torch"):
        global_normalizer(nn.MSELoss(), t)
    combined = lossops.nn.CombinedLoss({"a": lossops.nn.MSELoss()})
    with pytest.raises(TypeError, match="a CombinedLoss has a normalizer per term.*loss.terms"):
        global_normalizer(combined, t)
    with pytest.raises(ValueError, match="reduction of loss must be 'mean' or 'sum', got 'none'"):
        global_normalizer(lossops.nn.MSELoss("none"), t)
    with pytest.raises(ValueError, match="must hold a tensor per micro-batch, got none"):
        global_normalizer(lossops.nn.MSELoss(), [])
    for wrong in (None, [t, None], [(t, t)]):
        with pytest.raises(TypeError, match="targets must be tensors, got (NoneType|tuple)"):
            global_normalizer(lossops.nn.MSELoss(), wrong)
    with pytest.raises(TypeError, match="weights must be tensors, got float"):
        global_normalizer(lossops.nn.MSELoss(), t, 2.0)
    with pytest.raises(ValueError, match="got 1 for 2 targets"):
        global_normalizer(lossops.nn.MSELoss(), [t, t], [t])


@pytest.mark.parametrize("label", [-1, CLASSES])
def test_labels_of_no_class(label: int) -> None:
    """-1 took the weight of the last class."""
    loss = lossops.nn.CrossEntropyLoss(torch.rand(CLASSES))
    message = rf"CrossEntropyLoss.denominator: target must be in .*got {label} at position \(1"
    with pytest.raises(IndexError, match=message):
        global_normalizer(loss, torch.tensor([0, label]))


def test_every_module_counts() -> None:
    assert all(hasattr(getattr(lossops.nn, loss.module), "denominator") for loss in LOSSES)
