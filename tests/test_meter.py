"""LossMeter and LossCurve: what they average, what they wait for, what they say."""

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from lossops.monitor import LossCurve, LossMeter, LossSummary, Point
from tests.ranks import RANKS, on_ranks

NAN, INF = float("nan"), float("inf")


def expected(losses: list[float], weights: list[float], window: int, decay: float) -> LossSummary:
    """The definitions, word by word."""
    finite = [(x, w) for x, w in zip(losses, weights, strict=True) if math.isfinite(x)]
    recent = [(x, w) for x, w in list(zip(losses, weights, strict=True))[-window:]
              if math.isfinite(x)]  # fmt: skip
    fading = [decay**k for k in range(len(finite))][::-1]

    def mean(pairs: list[tuple[float, float]]) -> float:
        total = sum(w for _, w in pairs)
        return sum(x * w for x, w in pairs) / total if total else NAN

    return LossSummary(
        mean(finite), mean([(x, f) for (x, _), f in zip(finite, fading, strict=True)]),
        mean(recent), len(losses), sum(map(math.isnan, losses)), sum(map(math.isinf, losses)), 0,
    )  # fmt: skip


@pytest.mark.parametrize("window", [1, 2, 7, 100])
@pytest.mark.parametrize("asked", [1, 3, 50], ids=lambda n: f"every{n}")
def test_meter(window: int, asked: int) -> None:
    """However often it is asked, and however the window lies, it gives the definitions."""
    generator = torch.Generator().manual_seed(window)
    losses = torch.rand(30, generator=generator).double().tolist()
    losses[4], losses[11], losses[12], losses[29] = NAN, INF, -INF, NAN
    weights = (1 + torch.randint(9, (30,), generator=generator)).double().tolist()
    meter = LossMeter(window, decay=0.8)
    for n, (loss, weight) in enumerate(zip(losses, weights, strict=True), 1):
        meter.update(torch.tensor(loss, dtype=torch.float64), weight)
        if n % asked == 0 or n == 30:
            want = expected(losses[:n], weights[:n], window, 0.8)
            assert meter.compute() == pytest.approx(want, rel=1e-12, nan_ok=True)


def test_meter_of_nothing() -> None:
    summary = LossMeter().compute()
    assert summary.steps == 0 and all(map(math.isnan, summary[:3]))
    meter = LossMeter()
    meter.update(NAN)
    assert meter.compute().nan == 1 and math.isnan(meter.compute().mean)


def test_meter_takes_numbers_and_keeps_no_graph() -> None:
    meter, x = LossMeter(), torch.tensor(2.0, requires_grad=True)
    loss = x * 3
    meter.update(loss, weight=torch.tensor(2))
    meter.update(1.5)
    meter.update(torch.tensor([3.0], dtype=torch.bfloat16))
    loss.detach().mul_(100)  # the user may go on with the same memory
    assert meter.compute().mean == pytest.approx((2 * 6 + 1.5 + 3) / 4)
    assert not any(v.requires_grad for v in meter.state_dict().values() if isinstance(v, Tensor))


def test_meter_weights_out_of_range() -> None:
    """Numbers are refused; what only the device knows is left out, counted, and not waited for."""
    meter = LossMeter(window=2)
    for weight in (-1.0, NAN, INF):
        with pytest.raises(ValueError, match=f"weight must be >= 0 and finite, got {weight}"):
            meter.update(1.0, weight)
    with Syncs() as seen:
        for loss, weight in ((1.0, 1.0), (2.0, NAN), (3.0, INF), (4.0, -1.0), (5.0, 3.0)):
            meter.update(torch.tensor(loss), torch.tensor(weight))
    assert not seen.waits
    summary = meter.compute()
    assert (summary.mean, summary.window) == (4.0, 5.0)
    assert summary[3:] == (5, 0, 0, 3)
    assert summary.ema == pytest.approx((0.98 * 1 + 5) / 1.98)


def test_meter_refuses_complex_numbers() -> None:
    with pytest.raises(TypeError, match="LossMeter: loss must be real, got torch.complex64"):
        LossMeter().update(torch.tensor(1 + 2j))


class Syncs(TorchDispatchMode):
    """Names the operators that would make the host wait for a device."""

    def __init__(self) -> None:
        super().__init__()
        self.ops: list[str] = []
        self.waits: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        self.ops.append(name)
        if name in ("_local_scalar_dense", "is_nonzero", "equal", "nonzero", "item"):
            self.waits.append(name)
        return func(*args, **(kwargs or {}))


def test_updates_do_not_wait() -> None:
    """Over many windows no update reads a number back; compute reads once."""
    meter, loss = LossMeter(window=8), torch.tensor(0.5)
    with Syncs() as seen:
        for _ in range(100):
            meter.update(loss, 3.0)
    assert not seen.waits and len(seen.ops) < 14 * 100
    with Syncs() as seen:
        meter.compute()
    assert len(seen.waits) <= 9  # tolist of nine numbers on the host, after one copy


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_updates_do_not_wait_for_cuda() -> None:
    meter, loss = LossMeter(window=4), torch.tensor(0.5, device="cuda")
    meter.update(loss)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(20):
            meter.update(loss, 2.0)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert meter.compute().mean == 0.5


def test_meter_across_inference_mode() -> None:
    """First used within, then without, and the other way round."""
    meter = LossMeter(window=2)
    for _ in range(3):
        with torch.inference_mode():
            meter.update(torch.tensor(1.0))
        meter.update(torch.tensor(2.0))
        meter.compute()
        with torch.inference_mode():
            meter.compute()
    assert meter.compute().mean == 1.5


def test_meter_from_inference_mode() -> None:
    """Copies and loaded states that were made within go on outside."""
    meter, loaded = LossMeter(window=2), LossMeter(window=2)
    for loss in (1.0, 2.0, 3.0):
        meter.update(loss)
    with torch.inference_mode():
        loaded.load_state_dict(meter.state_dict())
        copied = copy.deepcopy(meter)
    for twin in (meter, loaded, copied):
        twin.update(6.0)
        assert twin.compute().mean == 3.0


def test_meter_state(tmp_path: Path) -> None:
    """A state dict goes through torch.save, and the meter goes on as if nothing had happened."""
    one, two = LossMeter(5), LossMeter(5)
    for k in range(7):
        one.update(float(k))
    torch.save(one.state_dict(), tmp_path / "state.pt")
    two.load_state_dict(torch.load(tmp_path / "state.pt"))
    three = pickle.loads(pickle.dumps(one))
    for meter in (one, two, three):
        for k in range(4):
            meter.update(10.0 * k)
    assert one.compute() == two.compute() == three.compute()
    with pytest.raises(ValueError, match="window of the state is 5, of the meter 6"):
        LossMeter(6).load_state_dict(one.state_dict())
    one.reset()
    assert one.compute().steps == 0 and two.compute().steps == 11


def test_meter_errors() -> None:
    for arguments, pattern in (((0, 0.5), "window must be >= 1, got 0"),
                               ((1, 1.0), r"decay must be in \[0, 1\), got 1.0")):  # fmt: skip
        with pytest.raises(ValueError, match=pattern):
            LossMeter(*arguments)
    for arguments, pattern in (((2.5, 0.5), "window must be an integer, got 2.5"),
                               (("2", 0.5), "window must be an integer, got '2'"),
                               ((2, "0.5"), "decay must be a real number, got '0.5'")):  # fmt: skip
        with pytest.raises(TypeError, match=f"LossMeter: {pattern}"):
            LossMeter(*arguments)
    meter = LossMeter(1)
    for wrong in ("3", [3.0], None):
        with pytest.raises(TypeError, match="LossMeter: loss must be a real number, got"):
            meter.update(wrong)
    meter.update(1.0)
    with pytest.raises(ValueError, match=r"loss must hold one number, got shape \(3,\)"):
        meter.update(torch.zeros(3))
    with pytest.raises(ValueError, match=r"weight must hold one number, got shape \(2,\)"):
        meter.update(5.0, torch.zeros(2))
    assert meter.compute().window == 1.0


def meter_on(rank: int) -> LossSummary:
    """Rank 0 sees two losses; rank 1 three, one of them NaN; a second meter nothing on rank 0."""
    meter, sparse = LossMeter(window=2, decay=0.5), LossMeter()
    for loss in ((1.0, 3.0), (2.0, NAN, 8.0))[rank]:
        meter.update(torch.tensor(loss), weight=rank + 1)
    if rank == 1:
        sparse.update(4.0)
    assert sparse.compute().mean == 4.0 and sparse.compute().steps == 1
    uneven = LossMeter(window=300)  # rank 0 saw one loss, rank 1 many
    for _ in range((1, 200)[rank]):
        uneven.update((10.0, 0.0)[rank])
    assert uneven.compute().ema == pytest.approx(10 / (1 + sum(0.98**k for k in range(200))))
    return meter.compute()


def test_meter_on_ranks(tmp_path: Path) -> None:
    summaries = on_ranks(tmp_path, meter_on)
    assert len(summaries) == RANKS and summaries[0] == summaries[1]
    summary = summaries[0]
    assert summary.mean == pytest.approx((1 + 3 + 2 * 2 + 2 * 8) / (1 + 1 + 2 + 2))
    assert summary.window == pytest.approx((1 + 3 + 2 * 8) / (1 + 1 + 2))
    assert summary.ema == pytest.approx((0.5 * 1 + 3 + 0.5 * 2 + 8) / 3)
    assert summary[3:] == (5, 1, 0, 0)


# -- the curve ------------------------------------------------------------------------------------


def curve(*validation: float, **settings: Any) -> LossCurve:
    out = LossCurve(**{"patience": 2, **settings})
    for step, loss in enumerate(validation):
        out.add(step, train=torch.tensor(1 / (step + 1)), validation=loss)
    return out


def test_best_and_hint() -> None:
    falling = curve(0.9, 0.5, 0.6)
    assert falling.best == Point(1, 0.5) and not falling.should_stop
    assert falling.hint() == "go on: validation is 0.6, best 0.5 at step 1"
    rising = curve(0.9, 0.5, 0.6, 0.7)
    assert rising.should_stop and rising.hint().startswith(
        "stop: validation has not improved for 2"
    )
    assert "while train fell" in rising.hint()
    rising.series["train"][-1] = Point(3, 9.0)
    assert "while train fell" not in rising.hint()


def test_min_delta() -> None:
    """Small improvements count once they add up to more than min_delta."""
    assert curve(1.0, 0.95, 0.92, min_delta=0.1).should_stop
    assert curve(1.0, 0.95, 0.85, min_delta=0.1).best == Point(2, 0.85)


def test_broken_losses() -> None:
    broken = curve(0.5, NAN)
    assert broken.should_stop and broken.hint() == (
        "stop: validation is nan at step 1, best 0.5 at step 0"
    )
    assert curve(NAN, 0.5).best == Point(1, 0.5) and not curve(NAN, 0.5).should_stop
    assert curve().hint() == "go on: no loss of validation yet" and curve().best is None


def test_other_series() -> None:
    """Series come as they are named, at steps of their own."""
    out = LossCurve(patience=1, monitor="train")
    out.add(0, train=1.0)
    out.add(5, train=2.0, penalty=0.1)
    assert out.should_stop and "while" not in out.hint()
    assert out.series["penalty"] == [Point(5, 0.1)]


def test_curve_errors() -> None:
    out = curve(0.5)
    with pytest.raises(ValueError, match="step of validation must be > 0, got 0"):
        out.add(0, validation=0.4, other=1.0)
    assert set(out.series) == {"train", "validation"}
    with pytest.raises(ValueError, match="patience must be >= 1, got 0"):
        LossCurve(patience=0)
    with pytest.raises(ValueError, match="min_delta must be >= 0 and finite, got -1"):
        LossCurve(min_delta=-1)
    with pytest.raises(ValueError, match="there are no losses yet"):
        LossCurve().plot("nothing.png")


def test_curve_takes_all_or_nothing() -> None:
    """One loss that is no number keeps the others out too."""
    out = LossCurve()
    with pytest.raises(ValueError, match=r"validation must hold one number, got shape \(2,\)"):
        out.add(0, train=0.5, validation=torch.zeros(2))
    assert not out.series
    for step in (0.2, "1"):
        with pytest.raises(TypeError, match=f"LossCurve: step must be an integer, got '?{step}"):
            out.add(step, train=0.5)
    out.add(torch.tensor(3), train=0.5)
    assert out.best is None and out.series == {"train": [Point(3, 0.5)]}


@pytest.mark.filterwarnings("error")
def test_curve_takes_live_losses() -> None:
    out = LossCurve()
    out.add(0, train=torch.tensor(2.0, requires_grad=True) * 3)
    assert out.series["train"][0].loss == 6.0


def test_curve_state() -> None:
    first, second = curve(0.9, 0.5, 0.6, 0.7), LossCurve(patience=2)
    second.load_state_dict(first.state_dict())
    assert second.hint() == first.hint() and second.series == first.series


@pytest.mark.parametrize("log", [False, True])
def test_curve_plot(tmp_path: Path, log: bool) -> None:
    """The picture holds both lines and leaves pyplot alone."""
    image = pytest.importorskip("matplotlib.image")
    curve(0.9, 0.5, NAN, 0.7).plot(tmp_path / "curve.png", title="Digits", log=log)
    pixels = torch.tensor(image.imread(tmp_path / "curve.png"))[..., :3]
    assert pixels.shape == (480, 840, 3)
    for color in ("1f5fa8", "d4691e"):
        wanted = torch.tensor([int(color[k : k + 2], 16) / 255 for k in (0, 2, 4)])
        assert ((pixels - wanted).abs().amax(-1) < 0.02).sum() > 100, color
    from matplotlib import _pylab_helpers

    assert not _pylab_helpers.Gcf.figs


def test_plot_without_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="LossCurve.plot needs matplotlib: pip install"):
        curve(0.5).plot(tmp_path / "curve.png")
