"""Runs suites over the CUDA kernels without a GPU: `python -m tests.emulated [pytest arguments]`.

The kernels and their launchers are compiled for the host, with threads that take turns (see
cpp/emulated/launch.h), into a copy of the package whose operators use them for CPU tensors.
"""

import fcntl
import os
import shutil
import sys
from pathlib import Path

from tests.cpp_library import ROOT, TORCH, cmake

BUILD = ROOT / "build" / "emulated"


def renew(source: str | Path, target: str | Path) -> None:
    """Copies what has changed, in place of the old file: another process may be running that."""
    old, new = Path(target), Path(source)
    if old.exists() and old.stat().st_mtime == new.stat().st_mtime:
        return
    fresh = old.with_name(old.name + ".new")
    shutil.copy2(new, fresh)
    fresh.replace(old)


def package() -> Path:
    """The folder with the copy of lossops, brought up to date first."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        source = ROOT / "tests" / "cpp" / "emulated"
        cmake(source, BUILD / "objects", f"-DCMAKE_PREFIX_PATH={TORCH}")
        target = BUILD / "package" / "lossops"
        shutil.copytree(
            ROOT / "lossops",
            target,
            ignore=shutil.ignore_patterns("__pycache__", "include", "lib", "share"),
            copy_function=renew,
            dirs_exist_ok=True,
        )
        (target / "lib").mkdir(exist_ok=True)
        renew(BUILD / "objects" / "liblossops.so", target / "lib" / "liblossops.so")
    return target.parent


def main() -> None:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a GPU's tensors are not for these kernels
    os.environ["PYTHONPATH"] = f"{package()}{os.pathsep}{ROOT}"
    # Ahead of the repository, which pytest would find the package in.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "pytest", "-p", "lossops", *sys.argv[1:]])


if __name__ == "__main__":
    main()
