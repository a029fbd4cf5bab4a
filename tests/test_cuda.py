"""The CUDA kernels where there is no GPU: compiled for two generations, and run by emulation."""

import subprocess
import sys

import pytest

from tests import cuda_objects, registry
from tests.cpp_library import LACKS_TOOLKIT, NEEDS_TOOLKIT, ROOT

emulates = pytest.mark.skipif(LACKS_TOOLKIT, reason=NEEDS_TOOLKIT)
nvcc = pytest.mark.skipif(cuda_objects.NVCC is None, reason="no CUDA compiler here")

# Their errors, with text and type, are the CPU's: a GPU's kernels assert. Threads have nothing to
# change, and long tensors nothing to tell.
HOST_ONLY = ("not (errors_have_torchs_type or out_of_range or label_is_told or is_ignored_without"
             " or peak_memory)")  # fmt: skip
SUITES = ("forward", "gradients", "layouts", "dtypes", "hard_inputs", "class_torch", "class_paths",
          "class_values", "class_relations", "regressions", "exactness",
          "emulated_ops", "ctc", "rnnt", "regions", "vectors", "linear", "linear_functions",
          "contrastive")  # fmt: skip
# What reaches every branch of the loops, launchers and reductions, by suites that share a process.
BRANCHES = {
    "elements": (("forward", "layouts", "gradients", "exactness"), """
        test_float64_gradients or test_error_budget and none and float16
        or test_layout[ and (offset or permuted or all) or test_every_tail and (17 or 257)
        or test_upstream_gradient or test_accumulates
        or test_loss_scaling and not (ctc or rnnt or dice or jaccard or tversky or mcc or snr
        or si_sdr or cosine_embedding or contrastive or triplet)
        or beyond_whole_numbers"""),
    "rows": (("dtypes", "hard_inputs", "class_torch", "class_paths", "class_values", "regressions",
              "exactness", "emulated_ops"), """
        test_every_float or test_integer_labels and (int32 or uint8) or test_mixtures and weight
        or test_catalogue and many or test_all_ignored or test_ignored_elements and none
        or test_labels_of or test_cross_entropy_of and (transposed or last) or test_multi
        or test_gradients_per_class or test_probabilities_on or test_nan_stays
        or test_nothing_counts or test_no_rows or test_no_classes or test_tiny
        or test_half_precision or largest_class or regressions or emulated_ops"""),
    "lattices": (("ctc", "rnnt"), """
        test_ctc_is_torchs and none or test_ctc_of_every_width and (17 or 33)
        or test_layouts and (classes or slice) or test_integers and int32 or test_infeasible
        or test_empty or test_unused or test_nan or test_masked or test_weights
        or test_rnnt_of_torchaudios or test_fastemit or test_rnnt_of_every"""),
    "sums": (("regions", "vectors"), """
        test_formula and (dtype1-1-labels-2 or dtype3-0-soft-1 or dtype0-0-hard-2
        or dtype2-2-soft-0) or test_compounds and float32 and labels or test_what_is_ignored
        or test_layouts and float16 or test_narrow and bfloat16 or test_nothing
        or test_all_ignored or test_absent or test_smooth or vectors and not (derivatives
        or transforms or tracing or meta or mistakes)"""),
    "products": (("linear", "contrastive"), """
        test_ignored_rows or test_all_rows_ignored or test_no_rows or test_half_gradients
        or test_narrow and mean or test_values_and_gradients and mean
        or test_what_is_left_out"""),
}  # fmt: skip


def run_emulated(suites: tuple[str, ...], chosen: str) -> None:
    """Suites over kernels, with the CUDA ones in place of the CPU's; not what only that passes."""
    files = [f"tests/test_{suite}.py" for suite in suites]
    command = [sys.executable, "-m", "tests.emulated", "-q", "-m", "not slow and not host",
               "-k", chosen, *files]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


@emulates
@pytest.mark.parametrize("branches", BRANCHES)
def test_emulated_branches(branches: str) -> None:
    suites, chosen = BRANCHES[branches]
    run_emulated(suites, f"({' '.join(chosen.split())}) and {HOST_ONLY}")


@emulates
@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_emulated(suite: str) -> None:
    run_emulated((suite,), HOST_ONLY)


@nvcc
def test_sample_compiles_without_warnings_and_spills() -> None:
    assert not cuda_objects.missing(cuda_objects.wanted_of_sample(), cuda_objects.SAMPLE_OBJECTS)
    for obj in cuda_objects.SAMPLE_OBJECTS:
        assert not obj.spilling() and not obj.oversharing()


@nvcc
@pytest.mark.slow
@pytest.mark.parametrize("obj", cuda_objects.OBJECTS, ids=lambda o: f"{o.architecture}-{o.name}")
def test_compiles_without_warnings_and_spills(obj: cuda_objects.Object) -> None:
    assert cuda_objects.compiled(obj).kernels
    assert not obj.spilling() and not obj.oversharing()


def test_kernels_are_named_of_what_there_is() -> None:
    lines = registry.lines()
    rows = {line.expression for line in lines if line.family == "class_axis"}
    assert set(cuda_objects.ROW_KERNELS) <= rows


@nvcc
@pytest.mark.slow
@pytest.mark.parametrize("architecture", cuda_objects.ARCHITECTURES)
def test_every_loss_has_its_kernels(architecture: str) -> None:
    objects = cuda_objects.of_architecture(architecture)
    assert not cuda_objects.missing(cuda_objects.wanted(), objects)
