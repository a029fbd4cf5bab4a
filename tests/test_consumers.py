"""C++ programs that use the library as strangers would, from a prefix or from the wheel."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import lossops
from tests.cpp_library import PACKAGE, ROOT, TORCH, cmake, installed, run, tool
from tests.wheel import Environment

FIND = f"find_package(lossops {'.'.join(lossops.__version__.split('.')[:2])} REQUIRED)"
STRANGER = {
    "CMakeLists.txt": f"""\
cmake_minimum_required(VERSION 3.18)
project(stranger CXX)
{FIND}
add_executable(stranger stranger.cpp)
target_link_libraries(stranger PRIVATE lossops::lossops)
""",
    "stranger.cpp": """\
#include <lossops/lossops.h>
#include <ATen/ATen.h>
#include <cstdio>
int main() {
  auto x = at::randn({1000}).requires_grad_();
  const auto target = at::rand({1000}).gt(0.9);
  double first = 0, last = 0;
  for (int step = 0; step < 100; ++step) {
    const auto loss = lossops::focal(x, target, 0.25, 2.0);
    loss.backward();
    x = (x - 1000 * x.grad()).detach().requires_grad_();
    last = loss.item<double>();
    if (step == 0) first = last;
  }
  std::printf("%g to %g\\n", first, last);
  return last < first / 4 ? 0 : 1;
}
""",
}

# The same source linked in every way in which linkers lose a library whose symbols nobody uses.
SILENT = {
    "CMakeLists.txt": """\
cmake_minimum_required(VERSION 3.18)
project(silent CXX)
set(CMAKE_EXE_LINKER_FLAGS "-Wl,--as-needed")
find_package(lossops REQUIRED)
find_package(Torch REQUIRED)
add_library(object OBJECT silent.cpp)
target_link_libraries(object PRIVATE torch)
set_target_properties(object PROPERTIES CXX_STANDARD 20)
function(program name)
  add_executable(${name} $<TARGET_OBJECTS:object>)
  target_link_libraries(${name} PRIVATE ${ARGN})
endfunction()
program(direct lossops::lossops)
program(after_torch ${TORCH_LIBRARIES} lossops::lossops)
file(WRITE ${CMAKE_BINARY_DIR}/empty.cpp "int empty() { return 0; }")
foreach(kind STATIC SHARED)
  add_library(private_${kind} ${kind} ${CMAKE_BINARY_DIR}/empty.cpp)
  target_link_libraries(private_${kind} PRIVATE lossops::lossops)
  add_library(public_${kind} ${kind} ${CMAKE_BINARY_DIR}/empty.cpp)
  target_link_libraries(public_${kind} PUBLIC lossops::lossops)
  program(through_public_${kind} ${TORCH_LIBRARIES} public_${kind})
endforeach()
program(through_private_STATIC ${TORCH_LIBRARIES} private_STATIC)
""",
    "silent.cpp": """\
#include <ATen/core/dispatch/Dispatcher.h>
int main() { return c10::Dispatcher::singleton().findSchema({"lossops::focal", ""}) ? 0 : 1; }
""",
}
SILENT_PROGRAMS = (
    "direct",
    "after_torch",
    "through_public_STATIC",
    "through_private_STATIC",
    "through_public_SHARED",
)

SUBDIRECTORY = {
    "CMakeLists.txt": STRANGER["CMakeLists.txt"].replace(
        FIND, "add_subdirectory(${LOSSOPS} lossops)"
    ),
    "stranger.cpp": STRANGER["stranger.cpp"],
}


@pytest.fixture(scope="module", params=["pip", pytest.param("cmake", marks=pytest.mark.slow)])
def prefix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the library of one of the two builds, in a place where it was not installed."""
    source = PACKAGE if request.param == "pip" else installed()
    copy = tmp_path_factory.mktemp("moved") / "prefix"
    for folder in ("include", "lib", "share"):
        shutil.copytree(source / folder, copy / folder)
    return copy


@pytest.fixture(scope="module")
def wheel(environment: Environment) -> str:
    """Where CMake is to look: in the wheel the package finds torch by itself, beside it."""
    return f"-DCMAKE_PREFIX_PATH={environment.print('lossops.cmake_prefix_path')}"


def written(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def prefixes(prefix: Path) -> str:
    return f"-DCMAKE_PREFIX_PATH={TORCH};{prefix}"


@pytest.mark.slow
def test_examples(prefix: Path, tmp_path: Path) -> None:
    """Training, TorchScript, AOTInductor, losses of one's own: see examples/cpp."""
    source = shutil.copytree(ROOT / "examples" / "cpp", tmp_path / "source")
    build = tmp_path / "build"
    cmake(source, build, prefixes(prefix), f"-DPYTHON={sys.executable}")
    path = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    done = subprocess.run(
        [tool("ctest"), "--test-dir", str(build), "--output-on-failure", "--no-tests=error"],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "100% tests passed" in done.stdout


def build_strangers(folder: Path, search: str) -> None:
    """The two projects, and their programs run."""
    assert len(STRANGER["stranger.cpp"].splitlines()) <= 20
    cmake(written(folder / "stranger", STRANGER), folder / "built", search)
    run(folder / "built" / "stranger")
    cmake(written(folder / "silent", SILENT), folder / "silent-built", search)
    for program in SILENT_PROGRAMS:
        run(folder / "silent-built" / program)


def test_strangers(prefix: Path, tmp_path: Path) -> None:
    """With a call of ours, and without one, whose linker must not lose the library."""
    build_strangers(tmp_path, prefixes(prefix))


@pytest.mark.slow
def test_strangers_of_the_wheel(wheel: str, tmp_path: Path) -> None:
    build_strangers(tmp_path, wheel)


def test_library_knows_neither_python_nor_this_machine(prefix: Path) -> None:
    library = prefix / "lib" / "liblossops.so"
    assert "python" not in run("readelf", "-d", library).lower()
    for path in (prefix / "share").rglob("*.cmake"):
        text = path.read_text()
        assert str(ROOT) not in text and str(TORCH.parents[1]) not in text, path


@pytest.mark.slow
def test_same_files_from_cmake_and_from_pip() -> None:
    def files(root: Path) -> dict[str, str]:
        found = [path for path in root.rglob("*") if path.is_file()]
        return {str(path.relative_to(root)): path.read_text() for path in found}

    for folder in ("include", "share"):
        assert files(installed() / folder) == files(PACKAGE / folder)


def test_other_torch_is_refused(prefix: Path, tmp_path: Path) -> None:
    other = shutil.copytree(prefix, tmp_path / "prefix")
    config = other / "share/cmake/lossops/lossopsConfig.cmake"
    text = config.read_text()
    series = re.search(r"built for torch (\d+\.\d+)", text)
    assert series
    config.write_text(text.replace(series[1], "1.99"))
    source = written(tmp_path / "source", STRANGER)
    with pytest.raises(AssertionError, match=r"built for torch 1\.99, but"):
        cmake(source, tmp_path / "build", prefixes(other))


@pytest.mark.slow
@pytest.mark.skipif(torch.version.cuda is not None, reason="this torch has CUDA")
def test_torch_without_cuda_is_told(tmp_path: Path) -> None:
    """It once ended in a header that is not there."""
    with pytest.raises(AssertionError, match="LOSSOPS_CUDA=ON needs a torch with CUDA"):
        cmake(ROOT, tmp_path, f"-DCMAKE_PREFIX_PATH={TORCH}", "-DLOSSOPS_CUDA=ON")


@pytest.mark.slow
def test_add_subdirectory(tmp_path: Path) -> None:
    """As part of another project: compiles the whole library."""
    source = written(tmp_path / "source", SUBDIRECTORY)
    cmake(source, tmp_path / "build", f"-DCMAKE_PREFIX_PATH={TORCH}", f"-DLOSSOPS={ROOT}")
    run(tmp_path / "build" / "stranger")


# Stands in for what nvcc would make of the losses.
KERNELS = """\
#define LOSSOPS_CUDA
#include <lossops/define.h>
namespace lossops::cuda {
template <class E, class T> const ElementKernels& ElementKernelsOf<E, T>::get() {
  static const ElementKernels none{};
  return none;
}
template <ClassAxisExpression E, class S> int64_t RowKernelsOf<E, S>::run(const RowArgs<S>&) {
  return 0;
}
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("kernels", ["", KERNELS], ids=["", "with CUDA"])
def test_extension_module(kernels: str, tmp_path: Path) -> None:
    """An extension of Python that defines losses, built as lossops.cpp_extension says.

    If it has kernels for GPUs and the library has not, they are left alone.
    """
    source = (ROOT / "examples" / "cpp" / "own_losses.cpp").read_text()
    module = "#include <pybind11/pybind11.h>\nPYBIND11_MODULE(own, m) {}\n"
    (tmp_path / "own.cpp").write_text(kernels + source + module)
    shutil.copy(ROOT / "examples" / "cpp" / "own_losses.h", tmp_path)
    (tmp_path / "setup.py").write_text("""\
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension
from lossops.cpp_extension import CppExtension

setup(name="own", ext_modules=[CppExtension("own", ["own.cpp"])],
      cmdclass={"build_ext": BuildExtension})
""")
    (tmp_path / "use.py").write_text("""\
import torch, lossops, own
x, y = torch.randn(9, requires_grad=True), torch.randn(9)
loss = torch.ops.own.cauchy(x, y, 2.0)
torch.testing.assert_close(loss, ((x - y) / 2).square().log1p().mean())
loss.backward()
if lossops.build_info.cuda_version is None:
    for op in ("cauchy", "_cauchy_value_and_grad"):
        assert not torch._C._dispatch_has_kernel_for_dispatch_key(f"own::{op}", "CUDA")
""")
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    for command in (["setup.py", "build_ext", "--inplace"], ["use.py"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=path,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def test_flags_are_those_of_the_extension() -> None:
    """setup.py and CMakeLists.txt compile the same sources in the same way."""
    lists = {}
    for node in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            lists[node.targets[0].id] = {
                e.value for e in node.value.elts if isinstance(e, ast.Constant)
            }
    files = ("CMakeLists.txt", "cmake/lossopsKernels.cmake")
    text = "\n".join((ROOT / file).read_text() for file in files)
    settings = {
        name: set(value.split())
        for name, value in re.findall(r"^ *set\((\w+)\s+([^)]*)\)", text, re.M)
    }
    # The standard is a feature of the target; -g0 only takes back what Python's own flags say.
    assert settings["flags"] == lists["CXX_FLAGS"] - {"-std=c++20", "-g0"}
    assert settings["cuda_flags"] == lists["NVCC_FLAGS"] - {"-std=c++20"}
    assert settings["flags_AVX2"] == lists["AVX2"]
    assert settings["flags_AVX512"] - {"${flags_AVX2}"} == lists["AVX512"]
