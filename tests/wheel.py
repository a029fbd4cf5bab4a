"""The wheel in an environment of its own; `python -m tests.wheel <file>` tries one."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent

SMOKE = """
import torch, lossops, lossops.distributed
import lossops.functional as F

x = torch.randn(8, 3, dtype=torch.double, requires_grad=True)
y = torch.randn(8, 3, dtype=torch.double)
torch.testing.assert_close(F.huber_loss(x, y), torch.nn.functional.huber_loss(x, y))
assert torch.autograd.gradcheck(F.log_cosh_loss, (x, y), check_forward_ad=True)
assert torch.autograd.gradgradcheck(F.log_cosh_loss, (x, y))
labels = torch.tensor([0, 2, -100, 1, 1, 0, 2, 1])
F.cross_entropy(x, labels, label_smoothing=0.1).backward()
assert x.grad[2].eq(0).all() and x.grad[0].ne(0).all()
scripted = torch.jit.script(lossops.nn.FocalLoss())
torch.testing.assert_close(scripted(x, y.gt(0)), F.focal_loss(x, y.gt(0)))
compiled = torch.compile(F.charbonnier_loss, backend="aot_eager", fullgraph=True)
torch.testing.assert_close(compiled(x, y), F.charbonnier_loss(x, y))
torch.testing.assert_close(
    torch.func.vmap(F.robust_loss)(x, y).mean(), F.robust_loss(x, y)
)
cauchy = lossops.define("cauchy", "log1p(square((input - target) / c))", c=1.0)
torch.testing.assert_close(cauchy(x, y, c=2.0), ((x - y) / 2).square().log1p().mean())
print("smoke tests passed with", lossops.__file__)
"""


def build_wheel(folder: Path, source: Path = ROOT) -> Path:
    """The wheel of a source tree, for the instruction sets that are compiled there already."""
    from lossops import _build_config

    for stale in (source / "build").glob("lib.*"):  # it may hold modules that are no more
        shutil.rmtree(stale)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps"]
    built = {**os.environ, "LOSSOPS_ISAS": ",".join(_build_config.ISAS)}
    subprocess.run([*command, "--wheel-dir", folder, source], env=built, check=True)
    (wheel,) = folder.glob("lossops-*.whl")
    return wheel


def foreign_libraries(wheel: Path) -> set[str]:
    """What the libraries of a wheel need that neither it nor every Linux has, by auditwheel."""
    command = [sys.executable, "-m", "auditwheel", "show", "--json", wheel]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout)["external_libs"])


class Environment:
    """A virtual environment with this torch, a wheel, and nothing else of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"

    def install(self, wheel: Path) -> None:
        """Make the environment."""
        venv.create(self.folder, with_pip=True, clear=True)
        version = torch.__version__.split("+")[0]
        for packages in ([f"torch=={version}", "ninja", "setuptools"], ["--no-deps", str(wheel)]):
            self._call("-m", "pip", "install", "--quiet", *packages)
        (self.folder / "complete").touch()

    @property
    def is_complete(self) -> bool:
        """Whether it was made, and to the end."""
        return (self.folder / "complete").exists()

    @property
    def package(self) -> Path:
        return Path(self.print("lossops.__file__")).parent

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        own["LOSSOPS_CACHE"] = str(self.folder / "defined")
        done = subprocess.run(
            [self.python, *arguments], cwd=self.folder, env=own,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def run(self, code: str) -> str:
        """What code prints."""
        return self._call("-W", "ignore", "-c", code).stdout.strip()

    def print(self, expression: str) -> str:
        return self.run(f"import lossops; print({expression})")


if __name__ == "__main__":
    own = {path.name for path in (Path(torch.__file__).parent / "lib").iterdir()}
    foreign = foreign_libraries(Path(sys.argv[1]))
    print("needs of others:", *sorted(foreign))
    assert foreign <= own, f"not torch's: {foreign - own}"
    with tempfile.TemporaryDirectory() as folder:
        environment = Environment(Path(folder))
        environment.install(Path(sys.argv[1]).resolve())
        print(environment.run(SMOKE))
