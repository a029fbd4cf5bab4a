"""Builds the extension lossops._C; everything static stands in pyproject.toml."""

import os
import platform
import sys
from pathlib import Path

from setuptools import setup

try:
    import torch
    from torch.utils.cpp_extension import BuildExtension, CppExtension
except ImportError:
    sys.exit(
        "lossops builds against the torch that is installed, and none is: install torch first, "
        "then run `pip install --no-build-isolation .`"
    )

ROOT = Path(__file__).parent
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


def sources(folder: str) -> list[str]:
    return sorted(str(p.relative_to(ROOT)) for p in (ROOT / "csrc").glob(f"{folder}*.cpp"))


class Build(BuildExtension):
    """Compiles csrc/cpu/isa once per instruction set; the library chooses at run time."""

    def build_extension(self, ext):
        def compile_isa(isa: str, flags: list[str]) -> list[str]:
            macros = [f"-DCPU_CAPABILITY={isa}", f"-DCPU_CAPABILITY_{isa}"]
            return self.compiler.compile(
                sources("cpu/isa/"),
                output_dir=os.path.join(self.build_temp, isa),
                include_dirs=ext.include_dirs,
                depends=ext.depends,
                extra_postargs={"cxx": [*ISA_FLAGS, *macros, *flags], "nvcc": []},
            )

        for isa, flags in ISAS.items():
            ext.extra_objects += compile_isa(isa, flags)
        super().build_extension(ext)

    def run(self):
        super().run()
        folders = [Path(self.build_lib) / "lossops"]
        if self.inplace:
            folders.append(ROOT / "lossops")
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            folder.joinpath("_build_config.py").write_text(
                '"""What this build was made with; written by setup.py."""\n\n'
                f"TORCH_VERSION = {torch.__version__!r}\n"
                "CUDA_VERSION = None\n"
                f"ISAS = {tuple(ISAS)!r}\n"
            )


extension = CppExtension(
    "lossops._C",
    [source for folder in ("", "core/", "cpu/", "python/") for source in sources(folder)],
    include_dirs=[str(ROOT / "csrc"), str(ROOT / "csrc" / "include")],
    depends=[str(p) for suffix in ("h", "def") for p in (ROOT / "csrc").rglob(f"*.{suffix}")],
    extra_compile_args={"cxx": CXX_FLAGS},
    extra_link_args=["-Wl,-s"],
)
setup(ext_modules=[extension], cmdclass={"build_ext": Build})
