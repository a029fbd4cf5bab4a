"""Compiles the CUDA kernels where there is no GPU: `python -m tests.cuda_objects`, make check-cuda.

The objects stay in build/cuda, each with what the compiler said of it, and are compiled again when
a header or a source has changed. Tests that must not take long compile a sample: the float kernels
of a registry that has but a few of the losses.
"""

import argparse
import fcntl
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torch.utils.cpp_extension import include_paths

from tests import registry

ROOT = Path(__file__).resolve().parent.parent
CSRC = ROOT / "csrc"
BUILD = ROOT / "build" / "cuda"
SOURCES = sorted(CSRC.rglob("*.cu"))
ARCHITECTURES = ("sm_90", "sm_80")
ROW_DTYPES = ("float", "double", "c10::Half", "c10::BFloat16")
# Families whose kernels are of one loss each and compute in double.
IN_DOUBLE = {"vectors": "vector_kernel", "regions": "finish_regions_kernel"}
NVCC = shutil.which("nvcc")

# As setup.py, torch's own, and what a torch without CUDA needs: it lacks a generated header.
FLAGS = ["-std=c++20", "-O3", "--expt-relaxed-constexpr", "-DLOSSOPS_CUDA",
         "-D__CUDA_NO_HALF_OPERATORS__", "-D__CUDA_NO_HALF_CONVERSIONS__",
         "-D__CUDA_NO_BFLOAT16_CONVERSIONS__", "-D__CUDA_NO_HALF2_OPERATORS__",
         "-DC10_USING_CUSTOM_GENERATED_MACROS", "-Werror=all-warnings", "-Xcompiler",
         "-fPIC,-Wall,-Wextra,-Wno-unused-parameter,-Werror", "-Xptxas", "-v"]  # fmt: skip


# Of losses over the class axis, the kernels that a call may ask for: see work_of in row.h.
# One that is not named must have some.
LABEL, ADJUSTED_LABEL, DENSE = (f"(lossops::Work){work}" for work in range(3))
ROW_KERNELS = {
    "CrossEntropy": (LABEL, ADJUSTED_LABEL, DENSE),
    "NLL": (LABEL,),
    **dict.fromkeys(("SoftmaxFocal", "Poly1", "GeneralizedCrossEntropy"), (LABEL, DENSE)),
    **dict.fromkeys(("BalancedSoftmax", "ArcFace", "CosFace"), (ADJUSTED_LABEL, DENSE)),
    **dict.fromkeys(("RWWCrossEntropy", "MultiMargin", "DistillKL", "JSD"), (DENSE,)),
    "MultiLabelMargin": (),  # a kernel of its own
}


# Every kernel template, and every kind of work that one of them does.
SAMPLE = ("huber", "cross_entropy", "multilabel_margin", "ctc", "cosine_embedding", "dice_ce")
OTHER_DTYPES = ("double", "half", "bfloat16")


@dataclass(frozen=True)
class Object:
    """A source compiled for an architecture: with all losses, or those of the sample."""

    source: Path
    architecture: str
    sample: bool = False

    @property
    def name(self) -> str:
        return f"{self.source.parent.name}-{self.source.stem}"

    @property
    def path(self) -> Path:
        folder = BUILD / ("sample" if self.sample else "all")
        return folder / self.architecture / f"{self.name}.o"

    @property
    def log(self) -> Path:
        return self.path.with_suffix(".log")

    def is_current(self) -> bool:
        if not self.path.exists():
            return False
        named = self.path.with_suffix(".d").read_text().split(":", 1)[1].replace("\\\n", " ")
        inputs = [Path(name) for name in named.split()]
        built = self.path.stat().st_mtime
        return all(p.exists() and p.stat().st_mtime < built for p in [*inputs, Path(__file__)])

    def compile(self) -> None:
        """Raises CalledProcessError with the compiler's words."""
        if self.is_current():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        sample = [f"-I{sampled_registry()}"] if self.sample else []
        includes = [
            *sample,
            f"-I{CSRC}",
            f"-I{CSRC}/include",
            "-isystem",
            ",".join(include_paths()),
        ]
        depends = ["-MD", "-MF", str(self.path.with_suffix(".d"))]
        command = [str(NVCC), "-c", *FLAGS, f"-arch={self.architecture}", *includes, *depends,
                   str(self.source), "-o", str(fresh)]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{self.source.name}, {self.architecture}:\n{done.stderr[-6000:]}")
        self.log.write_text(done.stderr)
        fresh.replace(self.path)

    @cached_property
    def kernels(self) -> dict[str, str]:
        """What ptxas said of each kernel, by its demangled name."""
        parts = re.split(r"Compiling entry function '(\w+)' for '\w+'", self.log.read_text())[1:]
        names = subprocess.run(
            ["c++filt"], input="\n".join(parts[::2]), capture_output=True, text=True, check=True
        ).stdout.splitlines()
        return dict(zip(names, parts[1::2], strict=True))

    def spilling(self) -> list[str]:
        """The kernels with more variables than registers."""
        return [
            name for name, said in self.kernels.items() if re.search(r"[1-9]\d* bytes spill", said)
        ]

    def oversharing(self) -> list[str]:
        """The kernels with more shared memory of their own than launch.h leaves them."""
        text = (CSRC / "runtime/cuda/launch.h").read_text()
        (kib,) = re.findall(r"kOwnSharedBytes = (\d+) << 10;", text)
        own = {name: re.search(r"(\d+) bytes smem", said) for name, said in self.kernels.items()}
        return [name for name, found in own.items() if found and int(found[1]) > int(kib) << 10]


OBJECTS = [Object(source, arch) for arch in ARCHITECTURES for source in SOURCES]
SAMPLE_OBJECTS = [
    Object(source, ARCHITECTURES[0], sample=True)
    for source in SOURCES
    if source.parent.name in IN_DOUBLE or not any(dtype in source.stem for dtype in OTHER_DTYPES)
]


def sampled_registry() -> Path:
    """A folder of headers that goes before the real one."""
    folder = BUILD / "sample" / "include"
    text = "".join(p.read_text() for p in sorted((CSRC / "losses").glob("*.def")))
    lines = re.findall(rf"^LOSS\((?:{'|'.join(SAMPLE)}),.*\n", text, re.M)
    assert len(lines) == len(SAMPLE)
    text = "".join(lines) + "#undef LOSS\n"
    target = folder / "losses" / "registry.def"
    if not target.exists() or target.read_text() != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder


def compiled(obj: Object) -> Object:
    """The object, brought up to date; one process at a time compiles it."""
    BUILD.mkdir(parents=True, exist_ok=True)
    kind = "sample" if obj.sample else "all"
    with (BUILD / f"{kind}-{obj.architecture}-{obj.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        obj.compile()
    return obj


def kernels_of(expression: str) -> list[str]:
    """How the template arguments of its kernels end."""
    if expression not in ROW_KERNELS:
        return [""]
    return [f"{work}>(" for work in ROW_KERNELS[expression]]


def wanted() -> list[str]:
    """The kernels that the registry asks for, by their demangled names up to the arguments."""
    namespace = "lossops::losses::"
    elements = [
        f"element_kernel<{namespace}{line.expression}, {dtype}, (lossops::cuda::Wrt){mode}>"
        for line in registry.lines()
        if line.family == "elementwise"
        for dtype in ("float", "double")
        for mode in range(3)
    ]
    rows = [
        f"row_kernel<{namespace}{line.expression}, {dtype}, {work}"
        for line in registry.lines()
        if line.family == "class_axis"
        for dtype in ROW_DTYPES
        for work in kernels_of(line.expression)
    ]
    lattices = [
        f"{name}_kernel<{namespace}{line.expression}{dtype}>"
        for line in registry.lines()
        if line.family == "lattice"
        for name, dtypes in (("read", ROW_DTYPES[:2]), ("walk", ("",)), ("write", ROW_DTYPES[:2]))
        for dtype in (f", {dtype}" if dtype else "" for dtype in dtypes)
    ]
    sums = [
        f"{IN_DOUBLE[line.family]}<{namespace}{line.expression}>"
        for line in registry.lines()
        if line.family in IN_DOUBLE
    ]
    pixels = [
        f"{sweep}_regions_kernel<{dtype}, (lossops::Activation){activation}>"
        for sweep in ("add", "differentiate")
        for dtype in ROW_DTYPES
        for activation in range(3)
    ]
    lists = [f"label_list_kernel<{namespace}MultiLabelMargin, {dtype}>" for dtype in ROW_DTYPES]
    shared = ["finish_kernel", "weigh_kernel<float>", "weigh_kernel<double>", "scale_kernel",
              "weigh_labels_kernel<float>", "weigh_labels_kernel<double>",
              "gather_regions_kernel"]  # fmt: skip
    return [
        *rows,
        *(f"{name}(" for name in [*elements, *lattices, *sums, *pixels, *lists, *shared]),
    ]


def wanted_of_sample() -> list[str]:
    """Those of the sample, with logits or elements in float."""
    expressions = {line.expression for line in registry.lines() if line.op in SAMPLE}
    return [
        name
        for name in wanted()
        if "losses::" not in name
        or (re.search(r"losses::\w+(?:, (\S+?))?[,>]", name)[1] in ("float", None)
            and re.search(r"losses::(\w+)", name)[1] in expressions)
    ]  # fmt: skip


def missing(names: list[str], objects: list[Object]) -> list[str]:
    """Those that no object has; another process may compile objects from the other end."""
    have = " ".join(name for obj in reversed(objects) for name in compiled(obj).kernels)
    return [name for name in names if f"::{name}" not in have]


def of_architecture(architecture: str) -> list[Object]:
    return [obj for obj in OBJECTS if obj.architecture == architecture]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    jobs = parser.parse_args().jobs
    if NVCC is None:
        sys.exit("check-cuda: nvcc is not on the PATH")
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(compiled, OBJECTS))
    problems = [f"{obj.architecture}: spills: {k}" for obj in OBJECTS for k in obj.spilling()]
    problems += [f"{o.architecture}: shared memory: {k}" for o in OBJECTS for k in o.oversharing()]
    problems += [
        f"{arch}: no {name}"
        for arch in ARCHITECTURES
        for name in missing(wanted(), of_architecture(arch))
    ]
    print(*problems, sep="\n")
    count = sum(len(obj.kernels) for obj in OBJECTS)
    print(f"{count} kernels in {len(OBJECTS)} objects, {len(problems)} problems")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
