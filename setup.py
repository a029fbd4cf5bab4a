"""Builds the native part of the package; everything static stands in pyproject.toml.

lossops/lib/liblossops.so holds the operators, for Python and for programs in C++ alike; lossops._C
loads it. Beside them go the C++ headers and the CMake package.
"""

import os
import platform
import shutil
import sys
from pathlib import Path

from setuptools import Extension, setup

try:
    import torch
    from torch.utils.cpp_extension import (
        CUDA_HOME,
        BuildExtension,
        CppExtension,
        include_paths,
        library_paths,
    )
except ImportError:
    sys.exit(
        "lossops builds against the torch that is installed, and none is: install torch first, "
        "then run `pip install --no-build-isolation .`"
    )

ROOT = Path(__file__).parent
CSRC = ROOT / "csrc"
X86 = platform.machine() in ("x86_64", "AMD64")
AVX2 = ["-mavx2", "-mfma", "-mf16c"]
AVX512 = ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", *AVX2]
ISAS = {"DEFAULT": [], "AVX2": AVX2, "AVX512": AVX512} if X86 else {"DEFAULT": []}
# at::vec trips the warnings of uninitialized variables in GCC's intrinsics. at::parallel_for is
# serial without -fopenmp; linking without it leaves torch's OpenMP runtime as the only one.
CXX_FLAGS = ["-std=c++20", "-O3", "-g0", "-fopenmp", "-Wall", "-Wextra", "-Wno-unused-parameter",
             "-Wno-missing-field-initializers", "-Wno-maybe-uninitialized", "-Wno-unknown-pragmas",
             "-fvisibility-inlines-hidden"]  # fmt: skip
ISA_FLAGS = [*CXX_FLAGS, "-Wno-uninitialized"]

# Compressed, the code for several GPUs takes a third of the room.
NVCC_FLAGS = ["-std=c++20", "-O3", "--expt-relaxed-constexpr", "-Xfatbin", "-compress-all"]

LIBRARY = "lossops.lib.liblossops"


def builds_cuda() -> bool:
    """LOSSOPS_CUDA=1 or 0 says it; otherwise, whether torch has CUDA and its compiler is here."""
    wanted = os.environ.get("LOSSOPS_CUDA", "")
    if wanted not in ("", "0", "1"):
        sys.exit(f"lossops: LOSSOPS_CUDA must be 0 or 1, got {wanted!r}")
    needs = {"a torch with CUDA": torch.version.cuda, "the CUDA toolkit": CUDA_HOME}
    missing = [what for what, there in needs.items() if not there]
    if wanted == "1" and missing:
        sys.exit(f"lossops: LOSSOPS_CUDA=1 needs {' and '.join(missing)}")
    return wanted != "0" and not missing


CUDA = builds_cuda()
DEVICE = "cuda" if CUDA else "cpu"
if CUDA and not torch.cuda.is_available():  # where there is a GPU, torch asks it
    os.environ.setdefault("TORCH_CUDA_ARCH_LIST", "8.0;9.0+PTX")


def sources(folder: str, kind: str = "cpp") -> list[str]:
    return sorted(str(p.relative_to(ROOT)) for p in CSRC.glob(f"{folder}*.{kind}"))


class Build(BuildExtension):
    """Builds the library, with csrc/cpu/isa once per instruction set, and what goes with it."""

    def finalize_options(self):
        super().finalize_options()
        # One place for every kind of build, so that each compiles only what another has not.
        self.build_temp = str(ROOT / "build" / f"temp-torch-{torch.__version__}")

    def get_ext_filename(self, name):
        if name.endswith("liblossops"):  # no module of Python: no tag of one
            return name.replace(".", "/") + ".so"
        return super().get_ext_filename(name)

    def build_extension(self, ext):
        if ext.name == LIBRARY:
            for isa, flags in ISAS.items():
                ext.extra_objects += self.compile_kernels(ext, isa, flags)
        else:
            ext.library_dirs.append(os.path.join(self.build_lib, "lossops", "lib"))
        super().build_extension(ext)

    def compile_kernels(self, ext, isa: str, flags: list[str]) -> list[str]:
        macros = [f"-DCPU_CAPABILITY={isa}", f"-DCPU_CAPABILITY_{isa}"]
        return self.compiler.compile(
            sources("cpu/isa/"),
            output_dir=os.path.join(self.build_temp, isa),
            include_dirs=ext.include_dirs,
            depends=ext.depends,
            extra_postargs={"cxx": [*ISA_FLAGS, *macros, *flags], "nvcc": []},
        )

    def run(self):
        if self.inplace:
            (ROOT / "lossops" / "lib").mkdir(exist_ok=True)
        super().run()
        version = self.distribution.get_version()
        add_files(Path(self.build_lib) / "lossops", version)
        if self.inplace:
            add_files(ROOT / "lossops", version)


def add_files(package: Path, version: str) -> None:
    """Put beside the library what it was built with, its headers and its CMake package."""
    package.joinpath("_build_config.py").write_text(
        '"""What this build was made with; written by setup.py."""\n\n'
        f"TORCH_VERSION = {torch.__version__!r}\n"
        f"CUDA_VERSION = {torch.version.cuda if CUDA else None!r}\n"
        f"ISA_FLAGS = {ISAS!r}\n"
    )
    headers = package / "include" / "lossops"
    shutil.rmtree(headers, ignore_errors=True)
    shutil.copytree(CSRC / "include" / "lossops", headers)
    for room in ("core", "cpu", "cuda", "math"):
        shutil.copytree(
            CSRC / room,
            headers / "detail" / room,
            ignore=shutil.ignore_patterns("*.cpp", "*.cu", "isa"),
        )
    settings = {
        "LOSSOPS_VERSION": version,
        "LOSSOPS_TORCH_SERIES": ".".join(torch.__version__.split(".")[:2]),
        "LOSSOPS_PREFIX": "../../..",
        "LOSSOPS_LIBDIR": "lib",
        "LOSSOPS_INCLUDEDIR": "include",
    }
    cmake = package / "share" / "cmake" / "lossops"
    shutil.rmtree(cmake, ignore_errors=True)
    cmake.mkdir(parents=True)
    for template in (ROOT / "cmake").glob("*.in"):
        text = template.read_text()
        for name, value in settings.items():
            text = text.replace(f"@{name}@", value)
        (cmake / template.stem).write_text(text)
    shutil.copy(ROOT / "cmake" / "lossopsKernels.cmake", cmake)


depends = [str(p) for suffix in ("h", "def") for p in CSRC.rglob(f"*.{suffix}")]
library = Extension(
    LIBRARY,
    [
        *(source for folder in ("", "api/", "core/", "cpu/") for source in sources(folder)),
        *(source for kind in ("cpp", "cu") if CUDA for source in sources("cuda/", kind)),
    ],
    include_dirs=[str(CSRC), str(CSRC / "include"), *include_paths(DEVICE)],
    library_dirs=library_paths(DEVICE),
    libraries=["c10", "torch_cpu", "torch", *(["c10_cuda", "cudart"] if CUDA else [])],
    define_macros=[("LOSSOPS_CUDA", None)] if CUDA else [],
    depends=depends,
    extra_compile_args={"cxx": CXX_FLAGS, "nvcc": NVCC_FLAGS},
    # Programs that only dlopen it find torch where pip installs it: beside this package.
    extra_link_args=["-Wl,-s,-soname,liblossops.so,-rpath,$ORIGIN/../../torch/lib"],
    language="c++",
)
module = CppExtension(
    "lossops._C",
    sources("python/"),
    depends=depends,
    extra_compile_args={"cxx": CXX_FLAGS},
    extra_link_args=["-Wl,-s,-rpath,$ORIGIN/lib,--no-as-needed,-llossops"],
)
setup(ext_modules=[library, module], cmdclass={"build_ext": Build})
