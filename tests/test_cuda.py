"""The CUDA kernels where there is no GPU: compiled for two generations, and run by emulation."""

import subprocess
import sys

import pytest

from tests import cuda_objects, registry
from tests.cpp_library import ROOT

nvcc = pytest.mark.skipif(cuda_objects.NVCC is None, reason="no CUDA compiler here")

# Their errors, with text and type, are the CPU's: a GPU's kernels assert. Threads have nothing to
# change, and long tensors nothing to tell.
SUITES = ["forward", "gradients", "layouts", "dtypes", "hard_inputs", "class_torch", "class_paths", "class_values", "class_relations",
          "regressions",
          "emulated_ops"]  # fmt: skip
HOST_ONLY = ["errors_have_torchs_type", "out_of_range", "label_is_told", "is_ignored_without",
             "peak_memory"]  # fmt: skip
# Many or long rows, where each thread of the grid takes its turn; many calls of a kernel, or none.
LONG = ["both_tails", "bitwise_over_threads", "masked_vocabulary", "pixels", "class_counts",
        "ignored_rows", "many_blocks", "row_counts", "gradcheck", "third_order"]  # fmt: skip


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize(
    "left_out", [HOST_ONLY + LONG, pytest.param(HOST_ONLY, marks=pytest.mark.slow)], ids=["", "all"]
)
def test_emulated(suite: str, left_out: list[str]) -> None:
    """A suite over kernels, with the CUDA ones in the place of the CPU's."""
    chosen = ["-m", "not slow", "-k", f"not ({' or '.join(left_out)})"]
    command = [sys.executable, "-m", "tests.emulated", "-q", *chosen, f"tests/test_{suite}.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def tier(architecture: str) -> list[pytest.MarkDecorator]:
    """One architecture in the fast tests: what the others find, they mostly find as well."""
    return [] if architecture == cuda_objects.ARCHITECTURES[0] else [pytest.mark.slow]


@nvcc
@pytest.mark.parametrize(
    "obj",
    [pytest.param(o, id=f"{o.architecture}-{o.name}", marks=tier(o.architecture))
     for o in cuda_objects.OBJECTS],
)  # fmt: skip
def test_compiles_without_warnings_and_spills(obj: cuda_objects.Object) -> None:
    assert cuda_objects.compiled(obj).kernels
    assert not obj.spilling() and not obj.oversharing()


def test_kernels_are_named_of_what_there_is() -> None:
    assert set(cuda_objects.ROW_KERNELS) <= {
        line.expression for line in registry.lines("CLASS_LOSS")
    }


@nvcc
@pytest.mark.parametrize(
    "architecture", [pytest.param(a, marks=tier(a)) for a in cuda_objects.ARCHITECTURES]
)
def test_every_loss_has_its_kernels(architecture: str) -> None:
    assert not cuda_objects.missing(architecture)
