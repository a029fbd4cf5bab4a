"""Fixtures that all suites share: the rows of the table, the devices, one thread, one seed."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

# Two workers of several threads each share few cores: threads that wait must not spin.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Losses that tests define are compiled once for all workers, and for the next run.
os.environ["LOSSOPS_CACHE"] = str(Path(__file__).resolve().parent.parent / "build" / "define")

import pytest  # noqa: E402
import torch  # noqa: E402

from tests.losses import LOSSES, Loss  # noqa: E402
from tests.wheel import Environment, build_wheel  # noqa: E402

COMPILING = ("test_cuda", "test_native", "test_define_language", "test_define", "test_compile",
             "test_define_parts", "test_cpp_api", "test_consumers", "test_docs",
             "test_define_suites", "test_wheel")  # fmt: skip
DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "where(condition): the rows of the table that a test is for")
    config.addinivalue_line("markers", "host: of a test by device, one that only the CPU can pass")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts compilers comes first, or one worker would end with it while the others idle."""
    items[:] = [item for item in items if not lacks_reduction(item)]
    places = {name: place for place, name in enumerate(COMPILING)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def lacks_reduction(item: pytest.Item) -> bool:
    """Whether the item is one of a loss with a reduction that this does not have."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    loss = params.get("loss", params.get("maskable"))
    return isinstance(loss, Loss) and params.get("reduction", "sum") not in loss.reductions


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `loss` runs over every row; with `params`, over every parameter set.

    A module with a `TABLE` of its own has the rows of that.
    """
    names = metafunc.fixturenames
    where = metafunc.definition.get_closest_marker("where")
    table = getattr(metafunc.module, "TABLE", LOSSES)
    losses = [loss for loss in table if where is None or where.args[0](loss)]
    if "loss" in names and "params" in names:
        rows = [(loss, params) for loss in losses for params in loss.params]
        ids = ["-".join([loss.op, *(f"{k}={v}" for k, v in params.items())])
               for loss, params in rows]  # fmt: skip
        metafunc.parametrize(("loss", "params"), rows, ids=ids)
    elif "loss" in names:
        metafunc.parametrize("loss", losses, ids=lambda loss: loss.op)
    if "device" in names:
        host = metafunc.definition.get_closest_marker("host")
        metafunc.parametrize("device", ["cpu"] if host else DEVICES)


@pytest.fixture(autouse=True)
def _steady() -> None:
    """Every test starts from the same seed, on one thread: xdist brings the parallelism."""
    torch.manual_seed(0)
    torch.set_num_threads(1)


@pytest.fixture
def on_device(device: str) -> Iterator[None]:
    """What a test makes without saying where lies on its device."""
    with nullcontext() if device == "cpu" else torch.device(device):
        yield


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A virtual environment with the wheel of this tree; the workers of pytest-xdist share one."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with (shared / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment = Environment(shared / "wheel")
        if not environment.is_complete:
            environment.install(build_wheel(shared / "dist"))
    return environment
