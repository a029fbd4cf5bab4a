"""What this copy of lossops was built for, and the check that the running torch is that one.

Nothing here loads the compiled library: a library built for another torch fails with an undefined
symbol or worse, so the check has to come first.
"""

from typing import NamedTuple

import torch

REBUILD = "pip install --no-build-isolation --force-reinstall --no-deps ."


class BuildInfo(NamedTuple):
    """Facts recorded by the build.

    Attributes:
        torch_version: The torch that lossops was compiled against, for example ``"2.13.0+cpu"``.
        cuda_version: The CUDA version of the kernels, or None for a build without them.
        isas: The instruction sets that the CPU kernels were compiled for, for example ``("DEFAULT",
            "AVX2", "AVX512")``; fewer of a build with ``LOSSOPS_ISAS``.
    """

    torch_version: str
    cuda_version: str | None
    isas: tuple[str, ...]


def _rebuild(problem: str) -> ImportError:
    return ImportError(
        f"lossops: {problem}. Rebuild it, in the folder of its source, with: {REBUILD}"
    )


def recorded_build() -> BuildInfo:
    """Read the facts that setup.py wrote into the package.

    Raises:
        ImportError: The package holds no build.
    """
    try:
        from . import _build_config as config
    except ImportError:
        raise _rebuild(
            "this folder holds the Python source only, the native library has not been built"
        ) from None
    return BuildInfo(config.TORCH_VERSION, config.CUDA_VERSION, config.ISAS)


def check_processor(build: BuildInfo) -> None:
    """Refuse a processor that none of the kernels is for.

    Args:
        build: What the library was compiled for.

    Raises:
        ImportError: A build with ``LOSSOPS_ISAS`` came to another machine.
    """
    have = {
        "DEFAULT": lambda: True,
        "AVX2": torch.cpu._is_avx2_supported,
        "AVX512": torch.cpu._is_avx512_supported,
    }
    if not any(have[isa]() for isa in build.isas):
        raise _rebuild(f"built for processors with {' or '.join(build.isas)}, which this one lacks")


def _series(version: str) -> str:
    """The major.minor part of a version: within it torch keeps its C++ symbols."""
    return ".".join(version.split("+")[0].split(".")[:2])


def check_torch(build: BuildInfo) -> None:
    """Refuse a torch that the compiled library cannot work with.

    Args:
        build: What the library was compiled against.

    Raises:
        ImportError: The running torch has another major.minor version, or lacks the CUDA that the
            library needs.
    """
    if _series(build.torch_version) != _series(torch.__version__):
        raise _rebuild(
            f"built for torch {build.torch_version}, but torch {torch.__version__} is running"
        )
    if build.cuda_version is None:
        return
    running = torch.version.cuda
    if running is None or running.split(".")[0] != build.cuda_version.split(".")[0]:
        have = "has no CUDA" if running is None else f"has CUDA {running}"
        raise _rebuild(f"built for CUDA {build.cuda_version}, but torch {torch.__version__} {have}")
