"""The build for a torch with CUDA: compiled, linked and imported, which takes no GPU."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import cuda_objects
from tests.cpp_library import ROOT, run

TORCH = "torch==2.14.1"
BUILD = ROOT / "build" / "cuda-torch"
IMPORTED = """
import torch
import lossops

ops = [op for op in torch._C._dispatch_get_all_op_names() if op.startswith("lossops::")]
losses = [op for op in ops if op.endswith("_value_and_grad")]
missing = [op for op in losses if not torch._C._dispatch_has_kernel_for_dispatch_key(op, "CUDA")]
assert len(losses) >= 35 and not missing, missing
x = torch.randn(4, 3, requires_grad=True)
lossops.functional.cross_entropy(x, torch.tensor([0, 1, 2, 0])).backward()
assert x.grad.isfinite().all()
print(lossops._build_config.CUDA_VERSION)
"""


@pytest.fixture(scope="module")
def tree() -> Path:
    """A copy of the sources with an environment of its own beside it."""
    tree = BUILD / "tree"
    files = run("git", "-C", ROOT, "ls-files").splitlines()
    for name in files:
        target = tree / name
        if (ROOT / name).exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    if not (BUILD / "venv" / "ready").exists():
        run(sys.executable, "-m", "venv", BUILD / "venv")
        run(BUILD / "venv/bin/python", "-m", "pip", "install", "--quiet", TORCH, "numpy",
            "setuptools>=77", "wheel", "pybind11", "ninja")  # fmt: skip
        (BUILD / "venv" / "ready").touch()
    return tree


@pytest.mark.slow
@pytest.mark.skipif(cuda_objects.NVCC is None, reason="needs nvcc")
def test_builds_and_imports_with_a_torch_that_has_cuda(tree: Path) -> None:
    settings = {"LOSSOPS_CUDA": "1", "LOSSOPS_ISAS": "native", "TORCH_CUDA_ARCH_LIST": "9.0"}
    python = str(BUILD / "venv/bin/python")
    for command in (["setup.py", "-q", "build_ext", "--inplace"], ["-c", IMPORTED]):
        done = subprocess.run(
            [python, *command], cwd=tree, env={**os.environ, **settings}, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert done.stdout.strip().startswith("13."), "built for another CUDA than torch's"
