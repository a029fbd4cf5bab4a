"""The C++ library as programs find it, and the tools to build them."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.cpp_extension import CUDA_HOME

ROOT = Path(__file__).resolve().parent.parent
PREFIX = ROOT / "build" / "prefix"
TORCH = Path(torch.utils.cmake_prefix_path)
PACKAGE = ROOT / "lossops"  # a prefix as well, as setup.py fills it
LACKS_TOOLKIT = torch.version.cuda is not None and not (
    CUDA_HOME and Path(CUDA_HOME, "include/cuda_runtime_api.h").exists()
)
NEEDS_TOOLKIT = "CMake finds a torch with CUDA only beside the CUDA toolkit"


def tool(name: str) -> str:
    """The program of this environment, else of the system."""
    own = Path(sys.executable).parent / name
    return str(own) if own.exists() else shutil.which(name) or name


def cmake(source: Path, build: Path, *settings: str, target: str = "all") -> str:
    """Configure a project and build a target; what cmake said of the configuration."""
    if LACKS_TOOLKIT:
        pytest.skip(NEEDS_TOOLKIT)
    configure = [tool("cmake"), "-S", str(source), "-B", str(build), "-G", "Ninja", *settings,
                 f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}", "-DCMAKE_BUILD_TYPE=Release"]  # fmt: skip
    said = run(*configure)
    run(tool("cmake"), "--build", str(build), "--target", target)
    return said


def run(*command: str | Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (
        f"{' '.join(map(str, command))}\n{done.stdout[-8000:]}\n{done.stderr[-8000:]}"
    )
    return done.stdout + done.stderr


def installed() -> Path:
    """A prefix where CMake has installed the library, which it compiles a second time."""
    build = ROOT / "build" / "cpp"
    build.mkdir(parents=True, exist_ok=True)
    with (build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # pytest-xdist runs several of us
        cmake(ROOT, build, f"-DCMAKE_PREFIX_PATH={TORCH}")
        shutil.rmtree(PREFIX, ignore_errors=True)  # it may hold files that are no more
        run(tool("cmake"), "--install", build, "--prefix", PREFIX)
    return PREFIX
