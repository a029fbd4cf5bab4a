"""Losses of one's own have kernels for GPUs: what is written compiles for one."""

import subprocess
from pathlib import Path

import pytest

from lossops._define import build, classes, definition, sums
from tests.cuda_objects import CSRC, FLAGS, NVCC, include_paths


@pytest.mark.skipif(NVCC is None, reason="no nvcc")
def test_kernels_of_all_families(tmp_path: Path) -> None:
    every = (
        definition.checked(
            "own_cauchy",
            "log(1 + ((input - target) / c) ** 2) + erf(input) * sin(target) * cos(target)"
            " + (abs(input) ** target + abs(target) ** c) * abs(target) ** (c + 1)",
            ("input", "target"), (), {"c": 1.0},
        ),
        classes.checked("own_brier", {"true_class": "q ** 2", "other_class": "p ** 2"}, (), {}),
        sums.checked("own_share", {"a": "input * target", "b": "input ** 2"}, "a / b",
                     ("input", "target"), (), {}),
    )  # fmt: skip
    source = tmp_path / "own.cu"
    source.write_text("\n".join(one.sources()[".cpp"] for one in every))
    folders = [f"-I{CSRC / 'include'}", "-isystem", ",".join(include_paths())]
    command = [str(NVCC), *FLAGS, "-arch=sm_90", *folders, "-c", str(source),
               "-o", str(tmp_path / "own.o")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    kernels = done.stderr + done.stdout
    for kind in ("own_cauchy", "own_brier", "own_share"):
        space = next(one.namespace for one in every if one.name == kind)
        assert space in kernels, kind


def test_only_where_the_library_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build._config, "CUDA_VERSION", None)
    monkeypatch.setenv("CUDA_HOME", "/usr/local/cuda")
    assert not build.has_cuda()
    monkeypatch.setattr(build._config, "CUDA_VERSION", "13.0")
    assert build.has_cuda()
    monkeypatch.delenv("CUDA_HOME")
    monkeypatch.setattr(build.shutil, "which", lambda *_, **__: None)
    assert not build.has_cuda()
