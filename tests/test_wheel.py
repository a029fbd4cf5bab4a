"""What `make wheel` makes, in an environment of its own."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch

from tests.wheel import ROOT, SMOKE, Environment, build_wheel, foreign_libraries

pytestmark = pytest.mark.slow  # an environment with a torch of its own


def test_smoke(environment: Environment) -> None:
    said = environment.run(SMOKE)
    assert str(environment.folder) in said


def test_one_library(environment: Environment) -> None:
    """Two copies of the operators in one process would abort it."""
    libraries = [
        path.relative_to(environment.package) for path in environment.package.rglob("*.so")
    ]
    assert len(libraries) == 2
    assert Path("lib/liblossops.so") in libraries


def test_files(environment: Environment) -> None:
    for name in ("py.typed", "include/lossops/define.h", "share/cmake/lossops/lossopsConfig.cmake"):
        assert (environment.package / name).exists()
    assert not list(environment.package.rglob("*.cpp"))


def test_built_for_another_torch(environment: Environment) -> None:
    """One sentence at import, before anything native loads."""
    said = environment.run("""
import sys, importlib.util
import torch
torch.__version__ = "2.99.0"
try:
    import lossops
except ImportError as error:
    assert not any(name.startswith("lossops._C") for name in sys.modules)
    assert "liblossops" not in open("/proc/self/maps").read()
    print(error)
""")
    assert "built for torch 2." in said and "2.99.0 is running" in said
    assert len(said.splitlines()) == 1


def test_source_distribution(tmp_path: Path) -> None:
    """It holds all that a build needs."""
    command = [sys.executable, "setup.py", "--quiet", "sdist", "--dist-dir", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    (source,) = (path for path in tmp_path.iterdir() if path.is_dir())
    wheel = build_wheel(tmp_path / "dist", source)
    assert "lossops/lib/liblossops.so" in zipfile.ZipFile(wheel).namelist()
    of_torch = {path.name for path in (Path(torch.__file__).parent / "lib").iterdir()}
    assert foreign_libraries(wheel) <= of_torch
