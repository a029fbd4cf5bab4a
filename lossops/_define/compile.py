"""Compiles one definition, in a process of its own: see build.py."""

from torch.utils import cpp_extension

from ..cpp_extension import include_paths
from .build import compile_flags, link_flags


def main(name: str, folder: str, build: str) -> None:
    """Compile FOLDER/NAME.cpp to BUILD/NAME.so, and load it to see that nothing is missing."""
    cpp_extension.load(
        name,
        [f"{folder}/{name}.cpp"],
        extra_cflags=compile_flags(),
        extra_ldflags=link_flags(),
        extra_include_paths=include_paths(),
        build_directory=build,
        is_python_module=False,
    )
