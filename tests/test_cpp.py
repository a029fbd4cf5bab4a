"""The C++ tests of csrc/math: built with the plain compiler and run."""

import platform
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
import torch
from torch.utils.cpp_extension import include_paths, library_paths

ROOT = Path(__file__).parents[1]
OWN = [f"-I{ROOT}/csrc", f"-I{ROOT}/csrc/include"]
HEADERS = [f"-isystem{path}" for path in include_paths()]
AVX2 = ["-mavx2", "-mfma", "-mf16c"]
FLAGS = {
    "AVX2": AVX2,
    "AVX512": [*AVX2, "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq"],
}


def build(tmp_path: Path, source: str, *flags: str, compiler: str = "g++") -> str:
    program = str(tmp_path / "program")
    command = [compiler, "-std=c++20", "-O3", *OWN, f"{ROOT}/tests/cpp/{source}"]
    subprocess.run([*command, "-o", program, *flags], check=True)
    return program


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_expression_functions_without_torch(tmp_path):
    run(build(tmp_path, "math_test.cpp", "-Wall", "-Wextra", "-Werror"))


def test_descriptions_that_nothing_could_compute_are_refused(tmp_path):
    library = ROOT / "lossops" / "lib"
    flags = ["-O0", f"-I{ROOT}/csrc/include", *HEADERS]
    for folder in (str(library), *library_paths()):
        flags += [f"-L{folder}", f"-Wl,-rpath,{folder}"]
    libraries = ["-Wl,--no-as-needed", "-llossops", "-ltorch", "-ltorch_cpu", "-lc10"]
    run(build(tmp_path, "describe_test.cpp", *flags, *libraries))


def test_cuda_index_arithmetic(tmp_path):
    flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"]
    run(build(tmp_path, "cuda_host_test.cpp", *flags, *HEADERS))


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="no CUDA compiler here")
def test_expressions_compile_for_cuda(tmp_path):
    flags = ["-std=c++20", "-arch=sm_90", "--expt-relaxed-constexpr", "-Werror=all-warnings"]
    source = str(ROOT / "tests" / "cpp" / "device_test.cu")
    command = ["nvcc", "-c", *flags, *OWN, source, "-o", str(tmp_path / "device.o")]
    run(*command)


def supported(isa: str) -> bool:
    order = ["DEFAULT", "AVX2", "AVX512"]
    return order.index(isa) <= order.index(torch.backends.cpu.get_cpu_capability())


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the flags are those of x86-64")
@pytest.mark.parametrize("isa", FLAGS)
@pytest.mark.parametrize("step", [1021, pytest.param(1, marks=pytest.mark.slow)])
def test_float_functions(tmp_path, isa, step):
    if not supported(isa):
        pytest.skip(f"this processor has no {isa}")
    libraries = library_paths()[0]
    program = build(
        tmp_path,
        "simd_test.cpp",
        *FLAGS[isa],
        f"-DCPU_CAPABILITY={isa}",
        f"-DCPU_CAPABILITY_{isa}",
        *HEADERS,
        f"-L{libraries}",
        f"-Wl,-rpath,{libraries}",
        "-ltorch_cpu",
        "-lc10",
        "-Wno-unknown-pragmas",
    )
    run(program, str(step))


SCALAR = ["-DCPU_CAPABILITY=DEFAULT", "-DCPU_CAPABILITY_DEFAULT", "-Wno-unknown-pragmas"]


def build_for_arm(tmp_path: Path, source: str) -> list[str]:
    """For NEON, which is the least that 64-bit Arm has; the command that runs it, emulated."""
    compiler = "aarch64-linux-gnu-g++"
    if not (shutil.which(compiler) and shutil.which("qemu-aarch64")):
        pytest.skip("needs Debian's g++-aarch64-linux-gnu and qemu-user")
    program = build(tmp_path, source, *SCALAR, "-Wno-psabi", *HEADERS, compiler=compiler)
    return ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", program]


@pytest.mark.slow
def test_float_functions_of_arm(tmp_path):
    run(*build_for_arm(tmp_path, "simd_test.cpp"), "9973", "997")


@pytest.mark.slow
def test_kernels_of_arm(tmp_path):
    """Of every loss, in every layout, against scalars on this processor."""

    def tensors(*command: str) -> dict[str, torch.Tensor]:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        numbers = defaultdict(list)
        for line in lines.splitlines():
            name, _, number = line.rsplit(" ", 2)
            numbers[name].append(float(number))
        return {name: torch.tensor(of) for name, of in numbers.items()}

    arm = build_for_arm(tmp_path, "kernel_test.cpp")
    (tmp_path / "here").mkdir()
    expected = tensors(build(tmp_path / "here", "kernel_test.cpp", *SCALAR, *HEADERS))
    found = tensors(*arm)
    assert sum(of.numel() for of in expected.values()) > 400_000
    assert found.keys() == expected.keys()
    for name, of in expected.items():
        # Where terms cancel, what is left is as exact as the largest number beside it.
        largest = of[of.isfinite()].abs().max().item()
        torch.testing.assert_close(
            found[name], of, rtol=5e-6, atol=1e-7 * largest, equal_nan=True, msg=name
        )
