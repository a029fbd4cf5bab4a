"""Compiles one definition, in a process of its own: see build.py."""

import shutil

from torch.utils import cpp_extension

from ..cpp_extension import include_paths
from .build import compile_flags, has_cuda, link_flags

CUDA_FLAGS = ["-std=c++20", "-O3", "--expt-relaxed-constexpr"]


def main(name: str, folder: str, build: str) -> None:
    """Compile FOLDER/NAME.cpp to BUILD/NAME.so, and load it to see that nothing is missing.

    Where lossops itself has kernels for GPUs the same text is compiled once more, for those.
    """
    sources, flags = [f"{folder}/{name}.cpp"], compile_flags()
    if has_cuda():
        sources.append(shutil.copy(sources[0], f"{build}/{name}_cuda.cu"))
        flags.append("-DLOSSOPS_CUDA")
    cpp_extension.load(
        name,
        sources,
        extra_cflags=flags,
        extra_cuda_cflags=CUDA_FLAGS,
        extra_ldflags=link_flags(),
        extra_include_paths=include_paths(),
        build_directory=build,
        is_python_module=False,
    )
