"""What an extension in C++ needs to use lossops, or to define losses of its own.

The header ``lossops/define.h`` makes an operator from one expression; see its first lines. An
extension with such a file is built with::

    from setuptools import setup
    from torch.utils.cpp_extension import BuildExtension
    from lossops.cpp_extension import CppExtension

    setup(ext_modules=[CppExtension("mine", ["mine.cpp"])], cmdclass={"build_ext": BuildExtension})

Programs built with CMake find the library by ``-DCMAKE_PREFIX_PATH`` set to
``lossops.cmake_prefix_path``.

By default kernels are compiled for the processor at hand, and the library is found where it is
now. An extension for other machines takes ``capability="DEFAULT"``, and imports lossops first.
"""

from pathlib import Path
from typing import Any

import torch

from . import _build_config as _config

__all__ = [
    "CppExtension",
    "cmake_prefix_path",
    "compile_flags",
    "include_paths",
    "library_paths",
    "link_flags",
]

_PACKAGE = Path(__file__).resolve().parent
# at::vec trips the warnings of uninitialized variables in GCC's intrinsics.
_QUIET = ["-Wno-uninitialized", "-Wno-maybe-uninitialized", "-Wno-unknown-pragmas"]

cmake_prefix_path = str(_PACKAGE / "share" / "cmake")
"""Where CMake finds the package lossops, as ``torch.utils.cmake_prefix_path`` is for torch."""


def include_paths() -> list[str]:
    """The folders of the C++ headers.

    >>> from pathlib import Path
    >>> (Path(include_paths()[0]) / "lossops" / "define.h").exists()
    True
    """
    return [str(_PACKAGE / "include")]


def library_paths() -> list[str]:
    """The folders of ``liblossops.so``."""
    return [str(_PACKAGE / "lib")]


def compile_flags(capability: str | None = None) -> list[str]:
    """The compiler's flags for a file that defines losses.

    Args:
        capability: The instruction set of the kernels: ``"DEFAULT"``, or on x86-64 also ``"AVX2"``
            or ``"AVX512"``. Default: the one that torch uses here,
            ``torch.backends.cpu.get_cpu_capability()``.

    Raises:
        ValueError: ``capability`` is not one of those.

    >>> "-mavx2" in compile_flags("DEFAULT")
    False
    """
    flags: dict[str, list[str]] = _config.ISA_FLAGS
    if capability is None:
        running = torch.backends.cpu.get_cpu_capability()
        capability = running if running in flags else "DEFAULT"
    if capability not in flags:
        raise ValueError(
            f"compile_flags: capability must be one of {', '.join(flags)}, got {capability!r}"
        )
    return ["-std=c++20", "-O3", "-fno-math-errno", *_QUIET, *flags[capability]]


def link_flags() -> list[str]:
    """The linker's flags: the library, needed even if only its operators are used."""
    (folder,) = library_paths()
    return [f"-L{folder}", f"-Wl,--push-state,--no-as-needed,-rpath,{folder}", "-llossops",
            "-Wl,--pop-state"]  # fmt: skip


def CppExtension(  # noqa: N802  As torch.utils.cpp_extension has it.
    name: str,
    sources: list[str],
    capability: str | None = None,
    **options: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401  A setuptools.Extension, which need not be installed.
    """``torch.utils.cpp_extension.CppExtension`` for sources that include headers of lossops.

    Args:
        name: The module's full name.
        sources: The files.
        capability: The instruction set of the kernels, as for :func:`compile_flags`. For wheels
            that run on other machines give ``"AVX2"`` or ``"DEFAULT"``.
        **options: What ``setuptools.Extension`` takes. ``extra_compile_args`` comes after
            :func:`compile_flags`.

    Raises:
        ValueError: ``capability`` is not one of those that :func:`compile_flags` knows.
    """
    from torch.utils import cpp_extension

    options["include_dirs"] = [*options.get("include_dirs", []), *include_paths()]
    options["extra_compile_args"] = [
        *compile_flags(capability),
        *options.get("extra_compile_args", []),
    ]
    options["extra_link_args"] = [*options.get("extra_link_args", []), *link_flags()]
    return cpp_extension.CppExtension(name, sources, **options)  # type: ignore[no-untyped-call]
