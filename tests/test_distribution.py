"""LossDistribution: unweighted losses of one pass, by class, and the hardest samples."""

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import lossops
from lossops.monitor import HardSample, LossDistribution, LossReport, LossSpread
from lossops.monitor._plot import new_figure
from lossops.monitor.report import BINS, bin_of
from tests.ranks import on_ranks

CLASSES = 4


def batches(seed: int = 0) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    sizes = (50, 1, 200, 49)
    return [(3 * torch.randn(n, CLASSES, generator=generator),
             torch.randint(CLASSES, (n,), generator=generator)) for n in sizes]  # fmt: skip


def passed(distribution: LossDistribution, data: list[tuple[Tensor, Tensor]]) -> LossReport:
    for x, t in data:
        distribution.update(x, t)
    return distribution.compute()


def check(spread: LossSpread, losses: Tensor) -> None:
    """Against numpy: moments exactly, quantiles to within a bin, every loss in the histogram."""
    values = losses.double().numpy()
    assert spread.count == len(values)
    moments = (spread.mean, spread.std, spread.min, spread.max)
    assert moments == pytest.approx((values.mean(), values.std(), values.min(), values.max()))
    for q in (0.0, 0.05, 0.25, 0.5, 0.9, 0.95, 1.0):
        exact = np.quantile(values, q, method="inverted_cdf")
        assert spread.quantile(q) == pytest.approx(exact, rel=0.0225, abs=2.0**-32), q
    edges, counts = spread.histogram(25)
    assert len(counts) <= 25 and len(edges) == len(counts) + 1 and edges == sorted(edges)
    inside = [((values >= a) & (values < b)).sum() for a, b in zip(edges, edges[1:], strict=False)]
    inside[-1] += (values == edges[-1]).sum()  # beyond the bins the last edge is the maximum
    assert counts == inside and sum(counts) == len(values)


def test_classes() -> None:
    """In batches, with class weights that must not show; all numbers against numpy."""
    data = batches()
    weighted = lossops.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 100.0, 0.01, 5.0]))
    report = passed(LossDistribution(weighted, CLASSES, hardest=5), data)
    x, t = (torch.cat(parts) for parts in zip(*data, strict=True))
    losses = torch.nn.functional.cross_entropy(x.double(), t, reduction="none")
    check(report.samples, losses)
    for c in range(CLASSES):
        check(report.classes[c], losses[t == c])
    value, index = losses.topk(5)
    for sample, v, i in zip(report.hardest, value.tolist(), index.tolist(), strict=True):
        assert sample == HardSample(i, pytest.approx(v, rel=1e-5), t[i].item())


@pytest.mark.parametrize("module", [
    nn.CrossEntropyLoss(torch.rand(CLASSES)), nn.NLLLoss(torch.rand(CLASSES), reduction="sum"),
    lossops.nn.SoftmaxFocalLoss(alpha=torch.rand(CLASSES), gamma=0.0, weight=torch.rand(CLASSES)),
    lossops.nn.MultiMarginLoss(weight=torch.rand(CLASSES)),
], ids=lambda m: f"{type(m).__module__.split('.')[0]}-{type(m).__name__}")  # fmt: skip
def test_weights_are_left_out(module: nn.Module) -> None:
    """Of a copy: the loss itself keeps its weight and reduction."""
    x, t = batches()[0]
    x = x.log_softmax(1)
    before = module.reduction
    report = passed(LossDistribution(module), [(x, t)])
    mean = torch.nn.functional.nll_loss(x, t)
    if "Margin" in type(module).__name__:
        mean = torch.nn.functional.multi_margin_loss(x, t)
    assert report.samples.mean == pytest.approx(mean.item(), rel=1e-5)
    assert module.reduction == before and module.weight is not None


def test_binary() -> None:
    """pos_weight and alpha go, labels of each element are the classes, samples are means."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(40, 3, generator=generator).double()
    t = (torch.rand(40, 3, generator=generator) < 0.2).long()
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    expected = bce(x, t.double(), reduction="none")
    for loss in (lossops.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(9.0)),
                 lossops.nn.FocalLoss(alpha=0.9, gamma=0.0)):  # fmt: skip
        report = passed(LossDistribution(loss, 2), [(x, t)])
        check(report.samples, expected.mean(1))
        check(report.classes[0], expected[t == 0])
        check(report.classes[1], expected[t == 1])
    columns = LossDistribution(nn.BCEWithLogitsLoss(), 3)
    columns.update(x, t.double(), labels=torch.arange(3).expand(40, 3))
    check(columns.compute().classes[2], expected[:, 2])


def test_pixels_and_ignored() -> None:
    """Ignored pixels count nowhere; a sample without any other is no sample."""
    x = torch.randn(3, CLASSES, 5, 6)
    t = torch.randint(CLASSES, (3, 5, 6))
    t[0, :, :3], t[1] = -100, -100
    report = passed(LossDistribution(lossops.nn.CrossEntropyLoss(), CLASSES), [(x, t)])
    losses = torch.nn.functional.cross_entropy(x.double(), t, reduction="none")
    check(report.samples, torch.stack([losses[0][t[0] >= 0].mean(), losses[2].mean()]))
    assert sum(spread.count for spread in report.classes) == (t >= 0).sum()
    assert [sample.index for sample in report.hardest] in ([0, 2], [2, 0])
    assert report.hardest[0].label is None


IGNORING: dict[str, tuple[nn.Module, list[Any], list[list[bool]]]] = {
    "in the third operand": (
        lossops.nn.MarginRankingLoss(ignore_index=0),
        [[1.0, 2.0, 3.0], [0.0, 5.0, 5.0], [1, 0, -1]], [[True], [False], [True]]),
    "in a target that broadcasts": (
        lossops.nn.SoftMarginLoss(ignore_index=0),
        [[[1.0, 2.0], [3.0, 4.0]], [[0.0], [1.0]]], [[False, False], [True, True]]),
    "in a target with the larger shape": (
        lossops.nn.HingeEmbeddingLoss(ignore_index=0),
        [[[1.0], [3.0]], [[0.0, -1.0], [1.0, 1.0]]], [[False, True], [True, True]]),
    "in a whole row of targets": (
        lossops.nn.MultiLabelSoftMarginLoss(ignore_index=-1),
        [[[1.0, 2.0], [3.0, 4.0]], [[-1.0, -1.0], [1.0, -1.0]]], [[False], [True]]),
    "in labels beside a teacher": (
        lossops.nn.DistillKLLoss(ignore_index=0),
        [[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]], [0, 1]], [[False], [True]]),
    "not in a teacher": (
        lossops.nn.JSDLoss(ignore_index=0, dim=1),
        [[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]], [[True], [True]]),
    "not where a loss is 0": (
        lossops.nn.HingeLoss(ignore_index=0),
        [[9.0, 9.0, 9.0], [1.0, 0.0, -1.0]], [[True], [False], [True]]),
    "not in probabilities": (
        lossops.nn.CrossEntropyLoss(),
        [[[[1.0, 2.0], [3.0, 4.0]]], [[[0.0, 0.0], [1.0, 1.0]]]], [[True, True]]),
    "by torch": (
        nn.NLLLoss(ignore_index=1), [[[-1.0, -2.0], [-3.0, -4.0]], [1, 0]], [[False], [True]]),
}  # fmt: skip


@pytest.mark.parametrize("where", IGNORING)
def test_ignored_wherever_a_loss_looks(where: str) -> None:
    """Found by no shape or position: whatever the loss leaves out is absent, and nothing else."""
    loss, given, kept = IGNORING[where]
    operands, counted = [torch.tensor(x) for x in given], torch.tensor(kept)
    distribution = LossDistribution(loss, num_classes=1)
    distribution.update(*operands, labels=[0 if any(row) else -100 for row in kept])
    losses = distribution.loss(*operands).double().view(counted.shape)
    report = distribution.compute()
    rows = zip(losses, counted, strict=True)
    check(report.samples, torch.stack([row[k].mean() for row, k in rows if k.any()]))
    check(report.classes[0], losses[counted])


def test_ignored_label_that_the_dtype_lacks() -> None:
    """-100 is not 156 among labels of dtype uint8."""
    distribution = LossDistribution(lossops.nn.CrossEntropyLoss(), num_classes=200)
    distribution.update(torch.zeros(2, 200), torch.tensor([156, 1], dtype=torch.uint8))
    report = distribution.compute()
    assert report.samples.count == 2 and report.classes[156].count == 1


def test_groups_of_a_regression() -> None:
    """Labels per sample; losses below 0; a function for a loss; names of samples."""
    x, t, group = torch.randn(30, 2), torch.randn(30, 2), torch.arange(30) % 3
    negative = LossDistribution(lambda a, b: (a - b).abs() - 1, 3, hardest=2)
    names = torch.arange(30) + 2**60  # as numbers of a float they would be one
    negative.update(x, t, labels=group, index=names)
    report, losses = negative.compute(), ((x - t).abs() - 1).double()
    check(report.samples, losses.mean(1))
    check(report.classes[1], losses[1::3].flatten())
    assert report.hardest[0].index == names[losses.mean(1).argmax()]


def test_broken_losses() -> None:
    """NaN and inf are counted, left out of the moments, and the hardest samples of all."""
    t = torch.tensor([1.0, math.nan, math.inf, 4.0, 0.0])
    report = passed(LossDistribution(lossops.nn.L1Loss(), hardest=3), [(torch.zeros(5), t)])
    assert (report.samples.nan, report.samples.inf, report.samples.count) == (1, 1, 3)
    assert report.samples.mean == pytest.approx(5 / 3) and report.samples.quantile(0.1) == 0
    assert [sample.index for sample in report.hardest] == [1, 2, 3]
    nothing = passed(LossDistribution(lossops.nn.L1Loss()), [(torch.zeros(1), t[1:2])])
    assert nothing.samples.count == 0 and math.isnan(nothing.samples.quantile(0.5))
    assert nothing.samples.histogram() == ([], []) and "nan" in str(nothing)
    with pytest.raises(ValueError, match="no loss is finite"):
        nothing.plot("nothing.png")


def test_losses_beyond_the_bins() -> None:
    """The outermost bins go as far as the losses do."""
    losses = torch.tensor([-1e14, -1e10, 1.0, 1e10, 1e12, 1e14], dtype=torch.float64)
    spread = passed(LossDistribution(lambda x, t: x), [(losses, losses)]).samples
    assert (spread.quantile(0.0), spread.quantile(1.0)) == (-1e14, 1e14)
    assert 1e10 < spread.quantile(0.8) < 1e14 and -1e14 < spread.quantile(0.2) < -1e9
    edges, counts = spread.histogram(5)
    assert (edges[0], edges[-1], sum(counts)) == (-1e14, 1e14, 6)
    positive = passed(LossDistribution(lambda x, t: x), [(losses[2:], losses[2:])]).samples
    assert positive.quantile(1.0) == 1e14 and positive.quantile(0.25) == pytest.approx(1, rel=0.022)


@pytest.mark.parametrize("center, scale", [(1e8, 1e-3), (1e4, 1e-4), (0.0, 1.0)])
def test_spread_of_losses_close_together(center: float, scale: float) -> None:
    """The deviation does not cancel, whatever the batches."""
    generator = torch.Generator().manual_seed(0)
    losses = center + scale * torch.randn(1000, generator=generator, dtype=torch.float64)
    distribution = LossDistribution(lambda x, t: x, 3)
    group = torch.arange(1000) % 3
    for part in torch.arange(1000).split(170):
        distribution.update(losses[part], losses[part], labels=group[part])
    report = distribution.compute()
    assert report.samples.std == pytest.approx(losses.std(correction=0).item(), rel=1e-5)
    for c in range(3):
        expected = losses[group == c].std(correction=0).item()
        assert report.classes[c].std == pytest.approx(expected, rel=1e-5)


def test_spread_of_huge_losses() -> None:
    x = torch.full((2,), 1e300, dtype=torch.float64)
    same = passed(LossDistribution(lambda x, t: x), [(x, x), (x, x)]).samples
    assert (same.mean, same.std) == (1e300, 0.0)
    far = passed(LossDistribution(lambda x, t: x), [(x, x), (-x, x)]).samples
    assert (far.mean, far.std) == (0.0, math.inf)


def test_a_report_stays() -> None:
    """What comes later is in the next report only."""
    distribution, ones = LossDistribution(lambda x, t: x), torch.ones(3)
    distribution.update(ones, ones)
    first = distribution.compute().samples
    distribution.update(9 * ones, ones)
    assert first.quantile(1.0) == 1.0 and sum(first.histogram()[1]) == 3


def test_no_samples() -> None:
    """An empty batch changes nothing, and no hardest samples may be asked for."""
    distribution = LossDistribution(lossops.nn.CrossEntropyLoss(), CLASSES, hardest=0)
    distribution.update(torch.zeros(0, CLASSES), torch.zeros(0, dtype=torch.long))
    report = passed(distribution, batches())
    assert report.samples.count == 300 and report.hardest == ()
    distribution.reset()
    with pytest.raises(RuntimeError, match="there was no update yet"):
        distribution.compute()


def test_across_inference_mode() -> None:
    """Nan is the hardest sample, on top of those of earlier batches, whatever mode they came in."""
    distribution = LossDistribution(lossops.nn.L1Loss(), hardest=1)
    with torch.inference_mode():
        distribution.update(torch.zeros(2), torch.ones(2))
    distribution.update(torch.zeros(2), torch.tensor([2.0, math.nan]))
    with torch.inference_mode():
        distribution.update(torch.zeros(2), torch.full((2,), 9.0))
    report = distribution.compute()
    assert report.samples.count == 5 and report.hardest[0].index == 3


def test_copied_in_inference_mode() -> None:
    distribution = LossDistribution(lossops.nn.L1Loss())
    distribution.update(torch.zeros(2), torch.ones(2))
    with torch.inference_mode():
        twin = copy.deepcopy(distribution)
    for each in (distribution, twin):
        each.update(torch.zeros(1), torch.ones(1))
        assert each.compute().samples.count == 3


def test_state(tmp_path: Path) -> None:
    """A state dict goes through torch.save, and counting goes on as if nothing had happened."""
    whole, first, second = (
        LossDistribution(lossops.nn.CrossEntropyLoss(), CLASSES, hardest=5) for _ in range(3)
    )
    data = batches()
    passed(first, data[:2])
    torch.save(first.state_dict(), tmp_path / "state.pt")
    first.update(*data[0])
    second.load_state_dict(torch.load(tmp_path / "state.pt"))
    ours, expected = passed(second, data[2:]), passed(whole, data)
    assert str(ours) == str(expected) and ours.hardest == expected.hardest
    assert ours.samples.std == expected.samples.std
    second.load_state_dict(LossDistribution(second.loss, CLASSES, hardest=5).state_dict())
    with pytest.raises(RuntimeError, match="there was no update yet"):
        second.compute()
    with pytest.raises(ValueError, match="hardest of the state is 5, of the distribution 6"):
        LossDistribution(second.loss, CLASSES, hardest=6).load_state_dict(first.state_dict())


def test_state_of_another_device() -> None:
    """What was loaded goes where the losses are."""
    loaded, batch = LossDistribution(lossops.nn.L1Loss(), 2), torch.zeros(3)
    loaded.update(batch, batch, labels=torch.zeros(3, dtype=torch.long))
    state = loaded.state_dict()
    loaded.load_state_dict(state)
    groups = loaded._groups[0]
    groups.move_to(torch.device("meta"))
    everything = (groups.counts, groups.zero, *groups.moments, groups.low, groups.high)
    assert all(t.device.type == "meta" for t in everything)


def test_a_refused_batch_leaves_no_trace() -> None:
    distribution = LossDistribution(lossops.nn.L1Loss())
    distribution.update(torch.zeros(2), torch.ones(2))
    with pytest.raises(ValueError, match="index must hold"):
        distribution.update(torch.zeros(2), torch.ones(2), index=[1])
    assert distribution.compute().samples.count == 2


def test_bins() -> None:
    """Ordered like the losses, mirrored for those below 0, with an end on each side."""
    x = torch.cat([torch.logspace(-12, 12, 1000), torch.tensor([0.0, 1e-30, 1e30])]).double()
    x = torch.cat([x, -x]).sort().values
    bins = bin_of(x)
    assert (bins.diff() >= 0).all() and bins[0] == 0 and bins[-1] == BINS - 1
    assert bin_of(torch.tensor([0.0, 1e-30, -1e-30])).tolist() == [BINS // 2] * 3
    assert torch.equal(bin_of(-x) + bin_of(x), torch.full_like(bins, BINS - 1))


def uneven_on(rank: int) -> tuple[LossReport, LossReport]:
    """First rank 0 sees losses of minus infinity and rank 1 nothing; then each ends of a scale."""
    distribution = LossDistribution(lambda x, t: x, 2, hardest=2)
    with pytest.raises(RuntimeError, match="there was no update yet"):
        distribution.compute()  # on all ranks, none waits for another
    x = torch.full((2,), -math.inf, dtype=torch.float64)
    if rank == 0:
        distribution.update(x, x, labels=torch.tensor([0, 1]))
    infinite = distribution.compute()
    x = 1e8 + torch.tensor([-1e-3, 1e-3], dtype=torch.float64) * (1, 3)[rank]
    distribution.reset()
    distribution.update(x, x, labels=torch.zeros(2, dtype=torch.long), index=[5, 6 + rank])
    return infinite, distribution.compute()


def part_on(rank: int) -> LossReport:
    distribution = LossDistribution(lossops.nn.CrossEntropyLoss(), CLASSES, hardest=7)
    for start, (x, t) in zip((0, 50, 51, 251), batches(), strict=True):
        if (start >= 51) == (rank == 1):
            distribution.update(x, t, index=range(start, start + len(t)))
    return distribution.compute()


def reports_on(rank: int) -> tuple[LossReport, LossReport, LossReport]:
    return part_on(rank), *uneven_on(rank)


def test_ranks(tmp_path: Path) -> None:
    """Two ranks with half the data each report what one rank with all of it does.

    A rank without data adds nothing, its padding displaces nobody, deviations do not cancel.
    """
    single = passed(LossDistribution(lossops.nn.CrossEntropyLoss(), CLASSES, hardest=7), batches())
    for report, infinite, close in on_ranks(tmp_path, reports_on):
        assert report.hardest == single.hardest
        assert str(report) == str(single)
        assert report.samples.mean == pytest.approx(single.samples.mean, rel=1e-12)
        assert report.classes[2].histogram() == single.classes[2].histogram()
        assert [sample.index for sample in infinite.hardest] == [0, 1]
        assert infinite.hardest[0].loss == -math.inf and infinite.samples.inf == 2
        assert [spread.inf for spread in infinite.classes] == [1, 1]
        assert close.samples.std == pytest.approx(math.sqrt(5) * 1e-3, rel=1e-4)
        assert close.samples.mean == pytest.approx(1e8, rel=1e-15)
        assert close.classes[1].count == 0
        assert [sample.index for sample in close.hardest] == [7, 6]


def test_table() -> None:
    """A line for all and one per class."""
    report = passed(LossDistribution(lossops.nn.CrossEntropyLoss(), CLASSES), batches())
    lines = str(report).splitlines()
    assert len(lines) == 2 + CLASSES and lines[1].split()[:2] == ["all", "300"]
    assert float(lines[3].split()[2]) == pytest.approx(report.classes[1].mean, rel=0.01)
    tiny = passed(LossDistribution(lambda x, t: 7.15e-6 * x.exp().sum(1)), batches())
    assert len(str(tiny).splitlines()[1].split()) == 6


def test_hardest_class_on_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows from the bottom up by mean loss, each with its own histogram, median and 95 %."""
    pytest.importorskip("matplotlib")
    figures = []

    def kept(*args: Any) -> Any:
        figures.append(new_figure(*args))
        return figures[-1]

    monkeypatch.setattr("lossops.monitor.report.new_figure", kept)
    t = torch.arange(4).repeat_interleave(50)
    mean = torch.tensor([4.0, 0.02, 30.0, 0.5])
    losses = mean[t] * torch.linspace(0.8, 1.2, 50).repeat(4)
    distribution = LossDistribution(lambda x, t: x, 4)
    distribution.update(losses, t)
    report = distribution.compute()
    report.plot(tmp_path / "losses.png", names=["a", "b", "c", "d"])
    samples, classes = figures[0].axes
    assert [label.get_text() for label in classes.get_yticklabels()] == ["b", "d", "a", "c"]
    assert list(classes.get_yticks()) == [0, 1, 2, 3] and not classes.yaxis_inverted()
    lines = iter(classes.lines)
    for y, c in enumerate((1, 3, 0, 2)):
        counts, edges, baseline = classes.patches[y].get_data()
        (filled,) = (counts > y).nonzero()
        assert baseline == y and counts.max() == pytest.approx(y + 0.8)
        assert edges[filled[0]] <= 0.8 * mean[c] and edges[filled[-1] + 1] >= 1.2 * mean[c]
        for q in (0.5, 0.95):
            assert next(lines).get_xdata()[0] == report.classes[c].quantile(q)
    assert samples.patches[0].get_data().values.sum() == 200
    assert samples.get_xscale() == classes.get_xscale() == "log"


@pytest.mark.parametrize("classes", [None, CLASSES])
@pytest.mark.parametrize("sign", [1, -1], ids=["positive", "mixed"])
def test_plot(tmp_path: Path, classes: int | None, sign: int) -> None:
    image = pytest.importorskip("matplotlib.image")
    report = passed(LossDistribution(lambda x, t: sign * x.logsumexp(1) + (sign < 0), classes),
                    batches())  # fmt: skip
    report.plot(tmp_path / "losses.png", "Digits", names=["a", "b", "c", "d"])
    pixels = torch.tensor(image.imread(tmp_path / "losses.png"))[..., :3]
    assert pixels.shape[1] == (720 if classes is None else 1320)
    blue = torch.tensor([0x1F / 255, 0x5F / 255, 0xA8 / 255])
    assert ((pixels - blue).abs().amax(-1) < 0.02).sum() > 1000


def test_plot_of_huge_losses(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    losses = torch.tensor([-1.7e308, 1.0, 1.7e308], dtype=torch.float64)
    for x in (losses, losses[1:]):
        distribution = LossDistribution(lambda x: x, 1)
        distribution.update(x, labels=[0] * len(x))
        distribution.compute().plot(tmp_path / "losses.png")


def test_errors(tmp_path: Path) -> None:
    ce = lossops.nn.CrossEntropyLoss()
    with pytest.raises(TypeError, match="loss must have a reduction, got Linear"):
        LossDistribution(nn.Linear(2, 2))
    with pytest.raises(TypeError, match="before torch.jit.script, got a scripted CrossEntropyLoss"):
        LossDistribution(torch.jit.script(ce))
    with pytest.raises(ValueError, match="num_classes must be >= 1, got 0"):
        LossDistribution(ce, 0)
    with pytest.raises(ValueError, match="hardest must be >= 0, got -1"):
        LossDistribution(ce, hardest=-1)
    with pytest.raises(TypeError, match="num_classes must be an integer or None, got float 2.5"):
        LossDistribution(ce, 2.5)
    with pytest.raises(TypeError, match="hardest must be an integer, got float 1.5"):
        LossDistribution(ce, hardest=1.5)
    x, t = batches()[0]
    with pytest.raises(TypeError, match="labels must be integers, got torch.float32"):
        LossDistribution(ce, CLASSES).update(x, t, labels=t + 0.5)
    with pytest.raises(TypeError, match="index must be integers, got torch.float32"):
        LossDistribution(ce).update(x, t, index=[0.5] * len(t))
    with pytest.raises(TypeError, match="index must be numbers .*, got .'a'"):
        LossDistribution(ce).update(x, t, index=["a"] * len(t))
    with pytest.raises(IndexError, match=r"labels must be in \[0, 2\), got [23]"):
        LossDistribution(ce, 2).update(x, t)
    with pytest.raises(ValueError, match="num_classes needs an integer per loss"):
        LossDistribution(lossops.nn.MSELoss(), 2).update(x, x)
    with pytest.raises(ValueError, match=r"labels must have the shape .*\(50,\).* got \(3,\)"):
        LossDistribution(ce, CLASSES).update(x, t, labels=t[:3])
    with pytest.raises(ValueError, match=r"index must hold a number per sample, 50, got .*\(2,\)"):
        LossDistribution(ce).update(x, t, index=[1, 2])
    with pytest.raises(ValueError, match="must return a loss per sample, got a number"):
        LossDistribution(lambda a, b: a.sum()).update(x, t)
    report = passed(LossDistribution(ce, CLASSES), [(x, t)])
    with pytest.raises(ValueError, match="names must name 4 classes, got 1"):
        report.plot(tmp_path / "losses.png", names=["a"])
    with pytest.raises(ValueError, match=r"q must be in \[0, 1\], got 1.5"):
        report.samples.quantile(1.5)
    with pytest.raises(ValueError, match="bins must be >= 1, got 0"):
        report.samples.histogram(0)
