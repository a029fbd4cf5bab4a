"""The callback in a real Trainer of Lightning, and what TensorBoard reads back."""

import copy
import math
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import lossops
from lossops.monitor import LightningMonitor, LossDistribution, LossMeter, TensorBoardWriter

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(params=["lightning.pytorch", "pytorch_lightning"])
def lightning(request: pytest.FixtureRequest) -> Any:
    return pytest.importorskip(request.param)


def learner(
    pl: Any, as_dict: bool = False, poison: int | None = None, predicts: bool = False
) -> Any:
    class Learner(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.net, self.loss = nn.Linear(4, 3), lossops.nn.CrossEntropyLoss()
            self.seen: dict[str, list[list[float]]] = {"train": [], "validation": []}

        def on_train_epoch_start(self) -> None:
            self.seen["train"].append([])

        def on_validation_epoch_start(self) -> None:
            self.seen["validation"].append([])

        def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Any:
            loss = self.loss(self.net(batch[0]), batch[1])
            if index == poison:
                loss = loss * math.nan
            self.seen["train"][-1].append(loss.item())
            return {"loss": loss, "other": 1} if as_dict else loss

        def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> Any:
            loss = self.loss(self.net(batch[0]), batch[1])
            self.seen["validation"][-1].append(loss.item())
            if predicts:
                return self.net(batch[0])
            return {"loss": loss} if as_dict else loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    return Learner()


def batches(rows: int = 24) -> DataLoader:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, 4, generator=generator)
    return DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=8)


def trainer(pl: Any, folder: Path, *callbacks: Any, **settings: Any) -> Any:
    return pl.Trainer(
        default_root_dir=folder, callbacks=list(callbacks), accelerator="cpu", logger=False,
        enable_progress_bar=False, enable_model_summary=False,
        **{"max_epochs": 3, "enable_checkpointing": False, **settings},
    )  # fmt: skip


def means(losses: list[list[float]]) -> list[float]:
    return [sum(epoch) / len(epoch) for epoch in losses if epoch]


@pytest.mark.parametrize("as_dict", [False, True], ids=["tensor", "dict"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_callback(lightning: Any, tmp_path: Path, as_dict: bool, accumulate: int) -> None:
    """Means of each epoch as the model saw them; the sanity check of validation does not count."""
    monitor, model = LightningMonitor(tmp_path / "curve.png"), learner(lightning, as_dict)
    assert isinstance(monitor, lightning.Callback) and isinstance(monitor, LightningMonitor)
    fit = trainer(lightning, tmp_path, monitor, accumulate_grad_batches=accumulate)
    fit.fit(model, batches(), batches(16))
    for name, losses in model.seen.items():
        found = monitor.curve.series[name]
        assert [point.step for point in found] == [0, 1, 2]
        expected = means(losses)[-3:]
        assert [point.loss for point in found] == pytest.approx(expected, rel=1e-6)
    assert len(model.seen["validation"]) == 4
    assert (tmp_path / "curve.png").stat().st_size > 5000


def test_a_callback_alone(lightning: Any, tmp_path: Path) -> None:
    """Not in a list, and without validation."""
    monitor = LightningMonitor()
    pl = lightning
    fit = pl.Trainer(callbacks=monitor, max_epochs=1, accelerator="cpu", logger=False,
                     enable_progress_bar=False, enable_model_summary=False,
                     enable_checkpointing=False, default_root_dir=tmp_path)  # fmt: skip
    fit.fit(learner(pl), batches())
    assert set(monitor.curve.series) == {"train"} and not monitor.curve.should_stop


def test_stops(lightning: Any, tmp_path: Path) -> None:
    """Training ends by the hint: here nothing counts as an improvement."""
    monitor = LightningMonitor(patience=2, min_delta=1e9, stop=True)
    fit = trainer(lightning, tmp_path, monitor, max_epochs=20)
    fit.fit(learner(lightning), batches(), batches())
    assert len(monitor.curve.series["validation"]) == 3
    hinted = LightningMonitor(patience=2, min_delta=1e9)
    trainer(lightning, tmp_path, hinted, max_epochs=5).fit(learner(lightning), batches(), batches())
    assert len(hinted.curve.series["validation"]) == 5 and hinted.curve.should_stop


def test_warns_of_nan(lightning: Any, tmp_path: Path) -> None:
    monitor = LightningMonitor()
    fit = trainer(lightning, tmp_path, monitor, max_epochs=1)
    with pytest.warns(UserWarning, match="of 3 losses of train in epoch 0, 1 were NaN and 0 inf"):
        fit.fit(learner(lightning, poison=2), batches())
    assert math.isfinite(monitor.curve.series["train"][0].loss)


def test_resumes_from_a_checkpoint(lightning: Any, tmp_path: Path) -> None:
    """The curve is in the checkpoint and goes on from there."""
    first, second = LightningMonitor(), LightningMonitor()
    fit = trainer(lightning, tmp_path, first, max_epochs=2, enable_checkpointing=True)
    fit.fit(learner(lightning), batches(), batches())
    fit.save_checkpoint(tmp_path / "model.ckpt")
    again = trainer(lightning, tmp_path, second, max_epochs=4)
    again.fit(learner(lightning), batches(), batches(), ckpt_path=tmp_path / "model.ckpt")
    assert [point.step for point in second.curve.series["train"]] == [0, 1, 2, 3]
    assert second.curve.series["train"][:2] == first.curve.series["train"]


def test_fits_again(lightning: Any, tmp_path: Path) -> None:
    """A fit from the start has a curve of its own, one that goes on adds to it."""
    monitor, model = LightningMonitor(), learner(lightning)
    trainer(lightning, tmp_path, monitor, max_epochs=3).fit(model, batches(), batches())
    fit = trainer(lightning, tmp_path, monitor, max_epochs=2)
    fit.fit(model, batches())
    assert [point.step for point in monitor.curve.series["train"]] == [0, 1]
    assert "validation" not in monitor.curve.series
    first = list(monitor.curve.series["train"])
    fit.fit_loop.max_epochs = 3
    fit.fit(model, batches())
    assert monitor.curve.series["train"][:2] == first
    assert [point.step for point in monitor.curve.series["train"]] == [0, 1, 2]


def test_an_earlier_validation_does_not_count(lightning: Any, tmp_path: Path) -> None:
    monitor, model = LightningMonitor(), learner(lightning)
    settings = {"max_epochs": 2, "check_val_every_n_epoch": 2, "num_sanity_val_steps": 0}
    fit = trainer(lightning, tmp_path, monitor, **settings)
    fit.validate(model, batches(), verbose=False)
    fit.fit(model, batches(), batches())
    assert [point.step for point in monitor.curve.series["validation"]] == [1]


def test_resumes_from_the_middle_of_an_epoch(lightning: Any, tmp_path: Path) -> None:
    """From whichever checkpoint, losses of before and after it make the means of the epochs."""
    pl = lightning
    first, model = LightningMonitor(), learner(pl)
    save = pl.callbacks.ModelCheckpoint(tmp_path, "{step}", every_n_train_steps=1, save_top_k=-1)
    fit = trainer(pl, tmp_path, first, save, max_epochs=2, enable_checkpointing=True)
    fit.fit(model, batches())
    for step in (2, 4):  # Lightning ends no epoch that it resumes after its last batch
        second, resumed = LightningMonitor(), learner(pl)
        resumed.seen["train"].append([])  # no epoch starts
        again = trainer(pl, tmp_path, second, max_epochs=2)
        again.fit(resumed, batches(), ckpt_path=tmp_path / f"step={step}.ckpt")
        seen = [sum(model.seen["train"], [])[:step], *resumed.seen["train"]]
        losses = torch.tensor(sum(seen, [])).view(2, 3).mean(1)
        found = second.curve.series["train"]
        assert [point.step for point in found] == [0, 1]
        assert [point.loss for point in found] == pytest.approx(losses.tolist(), rel=1e-6)


def test_two_monitors(lightning: Any, tmp_path: Path) -> None:
    """Each finds its own state in the checkpoint; folders that are missing are made."""
    paths = [tmp_path / "new" / "deep" / "a.png", tmp_path / "other" / "b.png"]
    pair = [LightningMonitor(path) for path in paths]
    fit = trainer(lightning, tmp_path, *pair, max_epochs=1)
    fit.fit(learner(lightning), batches())
    assert all(path.exists() for path in paths)
    fit.save_checkpoint(tmp_path / "model.ckpt")
    moved = LightningMonitor(tmp_path / "elsewhere" / "b.png")
    again = trainer(lightning, tmp_path, moved, max_epochs=2)
    again.fit(learner(lightning), batches(), ckpt_path=tmp_path / "model.ckpt")
    assert moved.curve.series["train"][:1] == pair[1].curve.series["train"]


def test_predictions_are_no_losses(lightning: Any, tmp_path: Path) -> None:
    """A validation step may return them; for a batch of one too."""
    monitor = LightningMonitor()
    fit = trainer(lightning, tmp_path, monitor, max_epochs=1)
    fit.fit(learner(lightning, predicts=True), batches(), batches(9))
    assert set(monitor.curve.series) == {"train"}
    for outputs in (torch.ones(1), torch.tensor(3), {"loss": torch.ones(2)}, {"y": 1.0}, None):
        monitor.on_validation_batch_end(fit, None, outputs)
    assert monitor.validation.compute().steps == 0
    for outputs in (torch.tensor(1.0), 2.0, {"loss": torch.ones(1)}, {"loss": 4.0}):
        monitor.on_validation_batch_end(fit, None, outputs)
    assert monitor.validation.compute().mean == 2.0


def test_copies(lightning: Any) -> None:
    class Mine(LightningMonitor):
        """A subclass of the user's, with arguments of its own."""

        def __init__(self, name: str) -> None:
            super().__init__(patience=3)
            self.name = name

    monitor = LightningMonitor(patience=4)
    monitor.curve.add(0, train=1.0)
    for twin in (copy.deepcopy(monitor), pickle.loads(pickle.dumps(monitor))):
        assert twin.curve.patience == 4 and twin.curve.series == monitor.curve.series
        assert isinstance(twin, lightning.Callback)
    assert copy.deepcopy(Mine("a")).name == "a" and isinstance(Mine("a"), lightning.Callback)


def test_without_lightning(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="LightningMonitor needs PyTorch Lightning: pip install"):
        LightningMonitor()
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="LightningMonitor needs matplotlib"):
        LightningMonitor("curve.png")


# -- TensorBoard ----------------------------------------------------------------------------------


def read(folder: Path) -> Any:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = reader.EventAccumulator(str(folder), size_guidance={"histograms": 0})
    return events.Reload()


def test_tensorboard(tmp_path: Path) -> None:
    """Summaries, terms and reports, read back from the file."""
    pytest.importorskip("tensorboard")
    meter = LossMeter()
    for loss in (1.0, 2.0, math.nan):
        meter.update(loss)
    distribution = LossDistribution(lossops.nn.CrossEntropyLoss(), 3)
    scores = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(20) % 2  # no sample of the third class
    distribution.update(scores, labels)
    report = distribution.compute()
    criterion = lossops.nn.CombinedLoss({"ce": lossops.nn.CrossEntropyLoss()})
    _, terms = criterion(scores, labels)
    with TensorBoardWriter(tmp_path) as board:
        board.add_summary("train", meter, step=7)
        board.add_summary("validation", meter.compute(), step=7)
        board.add_terms("terms", terms, step=8)
        board.add_report("loss", report, step=9)
    events = read(tmp_path)
    (mean,) = events.Scalars("train/mean")
    assert (mean.step, mean.value) == (7, 1.5) and events.Scalars("validation/nan")[0].value == 1
    assert events.Scalars("terms/ce")[0].value == pytest.approx(terms["ce"].item())
    assert events.Scalars("loss mean/class 1")[0].value == pytest.approx(report.classes[1].mean)
    assert events.Scalars("loss 95 %/all")[0].value == pytest.approx(report.samples.quantile(0.95))
    (histogram,) = events.Histograms("loss/all")
    assert histogram.step == 9 and histogram.histogram_value.num == 20
    assert sum(histogram.histogram_value.bucket) == 20
    assert set(events.Tags()["histograms"]) == {"loss/all", "loss/class 0", "loss/class 1"}


@pytest.mark.filterwarnings("error:Converting a tensor")
def test_tensorboard_of_extremes(tmp_path: Path) -> None:
    """Losses whose squares are no floats, and terms with a graph."""
    pytest.importorskip("tensorboard")
    distribution = LossDistribution(lambda x, t: x)
    x = torch.full((2,), 1e300, dtype=torch.float64)
    distribution.update(x, x)
    with TensorBoardWriter(tmp_path) as board:
        board.add_report("loss", distribution.compute(), step=0)
        board.add_terms("terms", {"ce": 2 * torch.tensor(1.5, requires_grad=True)}, step=0)
    events = read(tmp_path)
    assert events.Histograms("loss/all")[0].histogram_value.max == 1e300
    assert events.Scalars("terms/ce")[0].value == 3.0


def test_tensorboard_writer_of_the_user(tmp_path: Path) -> None:
    """It stays open: the user goes on with it."""
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    given = SummaryWriter(tmp_path)
    with TensorBoardWriter(writer=given) as board:
        board.add_terms("a", {"x": 1.0}, step=0)
    given.add_scalar("b", 2.0, 0)
    given.close()
    assert read(tmp_path).Tags()["scalars"] == ["a/x", "b"]
    with pytest.raises(ValueError, match="log_dir and writer exclude each other"):
        TensorBoardWriter(tmp_path, given)


def test_without_tensorboard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match="TensorBoardWriter needs tensorboard: pip install"):
        TensorBoardWriter(tmp_path)
