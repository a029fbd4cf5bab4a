"""Compiles definitions, once per build of lossops and instruction set, and keeps what comes out.

An entry of the cache is a folder named by a hash of all that goes into it. It is made under another
name and moved into place when it is complete, by one process while the others wait for it.
"""

import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

import torch

from .. import _build_config as _config
from .. import cpp_extension
from .definition import Defined

POLL = 0.1  # seconds
SIZES = "sizes.json"
LINES = 30  # of a failed compiler's last words


def cache_folder() -> Path:
    """Where compiled definitions are kept."""
    for variable, below in (("LOSSOPS_CACHE", "."), ("XDG_CACHE_HOME", "lossops")):
        if os.environ.get(variable):
            return (Path(os.environ[variable]) / below).absolute()
    try:
        return Path.home() / ".cache" / "lossops"
    except RuntimeError:
        raise RuntimeError(
            "lossops.define: there is no home folder to keep compiled losses in; set LOSSOPS_CACHE "
            "to a folder for them"
        ) from None


def compile_flags() -> list[str]:
    """Of the compiler. Logarithms of parameters leave the loop if they need not set errno."""
    return [*cpp_extension.compile_flags(), "-g0", "-fno-math-errno"]


def link_flags() -> list[str]:
    """Of the linker. As needed, since programs without Python load these libraries too."""
    return ["-Wl,-s,--as-needed", *cpp_extension.link_flags()]


def has_cuda() -> bool:
    """Whether compiled losses get kernels for GPUs: if lossops has them, and there is nvcc."""
    return _config.CUDA_VERSION is not None and bool(
        os.environ.get("CUDA_HOME") or shutil.which("nvcc", path=_path())
    )


@functools.cache
def _surroundings() -> tuple[str, ...]:
    """What a compiled definition depends on besides its source."""
    headers = hashlib.sha256()
    for folder in cpp_extension.include_paths():
        for header in sorted(Path(folder).rglob("*.h")):
            headers.update(str(header.relative_to(folder)).encode() + b"\0" + header.read_bytes())
    flags = (*compile_flags(), *link_flags(), f"cuda={has_cuda()}")
    return (headers.hexdigest(), torch.__version__, *flags)


def load(definition: Defined, folder: Path) -> tuple[ModuleType, Path]:
    """The module of what is compiled, its operator registered, and the library that holds it."""
    space = definition.namespace
    library = folder / f"{space}.so"
    if not hasattr(getattr(torch.ops, space), definition.name):  # a saved program may need it first
        torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
    spec = importlib.util.spec_from_file_location(space, folder / f"{space}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[space] = module  # for pickle
    return module, library


def compiled(definition: Defined) -> Path:
    """The folder of the definition, compiled if need be."""
    sources = definition.sources()
    text = json.dumps([sources, _surroundings()])
    cache = cache_folder()
    entry = cache / f"{definition.namespace}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    try:
        if not _is_whole(entry):
            _check_tools(definition.name)
            cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _lock(entry.with_suffix(".lock"), definition.name):
                if not _is_whole(entry):
                    _make(entry, definition, sources)
    except OSError as error:
        raise RuntimeError(
            f"{definition.name}: compiled losses are kept in {cache}, which fails: {error}; set "
            "LOSSOPS_CACHE to a folder that can be written"
        ) from error
    return entry


def _is_whole(entry: Path) -> bool:
    """Whether all files are there with the sizes that they were made with."""
    try:
        sizes = json.loads((entry / SIZES).read_text())
        return all((entry / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _make(entry: Path, definition: Defined, sources: dict[str, str]) -> None:
    """Make an entry; what is left of it, or of builds that were killed, goes away."""
    for leftover in entry.parent.glob(f"{entry.name}.*.partial"):
        shutil.rmtree(leftover, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{entry.name}.", suffix=".partial", dir=entry.parent))
    try:
        for suffix, source in sources.items():
            (partial / f"{definition.namespace}{suffix}").write_text(source)
        _compile(definition, partial)
        sizes = {path.name: path.stat().st_size for path in partial.iterdir()}
        (partial / SIZES).write_text(json.dumps(sizes))
        shutil.rmtree(entry, ignore_errors=True)
        partial.rename(entry)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


class Progress:
    """A line on stderr about what takes long: in place on a terminal, else at both ends."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.began = time.monotonic()
        self.shown = -1

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self.shown >= 0:
            self._show(int(time.monotonic() - self.began), last=True)

    def tick(self) -> None:
        """Say how long it has taken, if a second is over; the first call starts the line."""
        seconds = int(time.monotonic() - self.began)
        in_place = sys.stderr is not None and sys.stderr.isatty()
        if self.shown < 0 or (in_place and seconds != self.shown):
            self._show(seconds)

    def _show(self, seconds: int, last: bool = False) -> None:
        self.shown = seconds
        if sys.stderr is None:
            return
        start, end = ("\r", "\n" if last else "") if sys.stderr.isatty() else ("", "\n")
        print(f"{start}lossops: {self.what} ... {seconds} s", end=end, file=sys.stderr, flush=True)


@contextmanager
def _lock(path: Path, name: str) -> Iterator[None]:
    """Held by one process at a time, and let go of if that one dies."""
    with path.open("w") as file:
        with Progress(f"waiting for another process to compile {name}") as progress:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    progress.tick()
                    time.sleep(POLL)
        try:
            yield
        finally:  # not by closing it: whoever was forked meanwhile has it open too
            fcntl.flock(file, fcntl.LOCK_UN)


def _path() -> str:
    """Where programs are looked for: pip puts ninja beside Python, which PATH need not name."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])


def _check_tools(name: str) -> None:
    """That there is all it takes to compile; what is missing is named with its cure."""
    compiler = shlex.split(os.environ.get("CXX", "")) or ["c++"]
    missing = []
    if shutil.which(compiler[0], path=_path()) is None:
        missing.append(
            f"a C++ compiler ({compiler[0]!r} is not on the PATH: install g++ 11, or set CXX)"
        )
    if shutil.which("ninja", path=_path()) is None:
        missing.append("ninja (pip install ninja)")
    if importlib.util.find_spec("setuptools") is None:
        missing.append("setuptools (pip install setuptools)")
    if missing:
        raise RuntimeError(f"{name}: to compile a loss takes {', and '.join(missing)}")


def _compile(definition: Defined, folder: Path) -> None:
    """Compile the C++ source in `folder` to the library beside it, in a process of its own."""
    space = definition.namespace
    build = folder / "build"
    build.mkdir()
    log = build / "log"
    # Isolated, with the modules of this process: neither the working folder nor the environment of
    # the tools decides what is imported.
    run = (
        "import sys; sys.path[:] = sys.argv[1].split(chr(10)); from lossops._define import compile"
    )
    modules = "\n".join(str(Path(entry).absolute()) for entry in sys.path)
    command = [
        sys.executable, "-I", "-c", f"{run}; compile.main(*sys.argv[2:])", modules,
        space, str(folder), str(build),
    ]  # fmt: skip
    with log.open("w") as output, Progress(f"compiling {definition.name}") as progress:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": _path()}, start_new_session=True,
        )  # fmt: skip
        try:
            while process.poll() is None:
                progress.tick()
                time.sleep(POLL)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the compiler with it
            process.wait()
    if process.returncode != 0:
        said = "\n".join(log.read_text(errors="replace").splitlines()[-LINES:])
        raise RuntimeError(
            f"{definition.name}: the compiler failed. It must be GCC 11 or newer, or as good at "
            f"C++20; if it is, please report these last lines:\n{said}"
        )
    (build / f"{space}.so").rename(folder / f"{space}.so")
    shutil.rmtree(build)
