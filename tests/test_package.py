"""The package as installed: import, size, the version check, typing, documentation that runs."""

import doctest
import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib
import torch

import lossops
from lossops._build import check_processor

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(lossops.__file__).resolve().parent


def python(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that finds this copy of lossops and nothing of the tests.

    It may keep what it compiles of Python, as an interpreter of users does.
    """
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": ""},
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_import_time(tmp_path: Path) -> None:
    """Importing lossops takes under a fifteenth of the time of torch's: the best of ten."""
    code = """
import time
start = time.process_time()
import torch
middle = time.process_time()
import lossops
print((time.process_time() - middle) / (middle - start))
"""
    shares = []
    for _ in range(10):
        done = python(code, tmp_path)
        assert done.returncode == 0, done.stderr
        shares.append(float(done.stdout))
    assert min(shares) < 1 / 15


def test_import_touches_little(tmp_path: Path) -> None:
    """Import pulls in neither the compiler nor a device, and leaves the threads alone."""
    code = """
import sys, torch
before, threads = set(sys.modules), torch.get_num_threads()
import lossops
new = {name.split(".")[0] for name in set(sys.modules) - before}
assert not new & {"numpy", "sympy", "scipy", "triton", "tests"}, new
assert "torch._dynamo" not in sys.modules
assert torch.get_num_threads() == threads
assert not torch.cuda.is_initialized()
"""
    done = python(code, tmp_path)
    assert done.returncode == 0, done.stderr


def test_stripped_size(tmp_path: Path) -> None:
    """The libraries come to under 14 MB once stripped; with CUDA kernels for two GPUs, 40 MB.

    A loss costs about 0.1 MB, most of it for its gradients by every operand, in three dtypes.
    """
    libraries = list(PACKAGE.rglob("*.so"))
    assert libraries
    if shutil.which("strip") is None:
        pytest.skip("no strip")
    total = 0
    for i, library in enumerate(libraries):
        copy = tmp_path / f"{i}.so"
        subprocess.run(["strip", "-o", copy, library], check=True)
        total += copy.stat().st_size
    assert total < (14e6 if lossops.build_info.cuda_version is None else 40e6)


def test_other_torch_is_refused(tmp_path: Path) -> None:
    """Another major.minor fails before the library loads, naming both versions and the cure."""
    code = """
import sys, torch
torch.__version__ = "2.4.1+cpu"
try:
    import lossops
except ImportError as error:
    assert "lossops._C" not in sys.modules
    print(error)
"""
    done = python(code, tmp_path)
    assert "2.4.1" in done.stdout and lossops.build_info.torch_version in done.stdout, done.stderr
    assert "pip install --no-build-isolation" in done.stdout


def test_one_version() -> None:
    stated = {
        tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
        *re.findall(r'"(.+)"', (ROOT / "csrc/include/lossops/version.h").read_text()),
        *re.findall(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.M),
        lossops.__version__,
    }
    assert len(stated) == 1


def test_every_module_is_packaged(tmp_path: Path) -> None:
    """What an install copies is all of the package's Python, folder by folder."""
    fresh = ["egg_info", "--egg-base", tmp_path]  # an old list of files adds what stood there
    copy = ["build_py", "--build-lib", tmp_path]
    subprocess.run([sys.executable, "setup.py", "-q", *fresh, *copy], cwd=ROOT, check=True)
    copied, written = (
        {path.relative_to(folder) for path in (folder / "lossops").rglob("*.py")}
        for folder in (tmp_path, ROOT)
    )
    assert copied == written


def test_same_series_is_accepted(tmp_path: Path) -> None:
    """A patch release or another local version of the same torch is no mismatch."""
    series = ".".join(torch.__version__.split("+")[0].split(".")[:2])
    code = f"import torch; torch.__version__ = '{series}.99+other'; import lossops; print('fine')"
    assert python(code, tmp_path).stdout.strip() == "fine"


def test_build_info() -> None:
    info = lossops.build_info
    assert info.torch_version.split("+")[0].split(".")[:2] == torch.__version__.split(".")[:2]
    assert info.isas and {"DEFAULT", "AVX2", "AVX512"} >= set(info.isas)
    assert info.cuda_version in (None, torch.version.cuda)


def test_build_for_other_processors_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything native loads, which would end in an illegal instruction."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_supported", lambda: False)
    info = lossops.build_info._replace(isas=("AVX512",))
    with pytest.raises(ImportError, match="built for processors with AVX512, which this one lacks"):
        check_processor(info)
    check_processor(info._replace(isas=("DEFAULT", "AVX512")))


def test_unknown_instruction_set_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "setup.py", "--version"], cwd=ROOT, capture_output=True, text=True,
        check=False, env={**os.environ, "LOSSOPS_ISAS": "native, avx3"},
    )  # fmt: skip
    assert done.returncode != 0
    assert "LOSSOPS_ISAS must be native or some of DEFAULT" in done.stderr
    assert "got AVX3" in done.stderr


@pytest.mark.parametrize("capability", ["default", "avx2"])
def test_lower_instruction_sets(capability: str, tmp_path: Path) -> None:
    """ATEN_CPU_CAPABILITY selects another compilation of the kernels, with the same results."""
    if capability.upper() not in lossops.build_info.isas:
        pytest.skip("this build is for one processor; that of make test-all is for all")
    code = f"""
import os
os.environ["ATEN_CPU_CAPABILITY"] = "{capability}"
import torch, lossops
assert torch.backends.cpu.get_cpu_capability().lower() == "{capability}"
import sys; sys.path.insert(0, {str(ROOT)!r})
from tests.bundle import Bundle, bundle_cases, gradients, operands_of
for rows in (1, 7, 64, 1001):
    cases = bundle_cases(rows)
    values = Bundle(cases)(operands_of(cases))
    exact = [case.to(torch.float64) for case in cases]
    for case, value in zip(exact, values.values(), strict=True):
        torch.testing.assert_close(value.double(), case.expected(), rtol=1e-5, atol=1e-6)
    operands = operands_of(cases, requires_grad=True)
    slopes = iter(gradients(Bundle(cases), operands))
    for case in exact:
        names = case.loss.differentiable
        for expected in case.gradients(case.expected, names):
            torch.testing.assert_close(next(slopes).double(), expected, rtol=1e-4, atol=1e-6)
"""
    done = python(code, tmp_path)
    assert done.returncode == 0, done.stderr


def test_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


def submodules() -> list[str]:
    walk = pkgutil.walk_packages(lossops.__path__, "lossops.")
    return ["lossops", *(info.name for info in walk if not info.name.endswith("._C"))]


@pytest.mark.parametrize("name", submodules())
def test_doctests(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert outcome.failed == 0


def test_doctests_exist() -> None:
    """Every function and module shows an example."""
    finder = doctest.DocTestFinder()
    shown = set()
    for name in submodules():
        for test in finder.find(importlib.import_module(name)):
            if test.examples:
                shown.add(test.name.rsplit(".", 1)[-1])
    missing = {*lossops.functional.__all__, *lossops.nn.__all__} - shown
    assert not missing
