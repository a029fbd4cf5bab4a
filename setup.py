"""Builds the native part of the package; everything static stands in pyproject.toml.

lossops/lib/liblossops.so holds the operators, for Python and for programs in C++ alike; lossops._C
loads it. Beside them go the C++ headers and the CMake package.

The environment: CXX, CPPFLAGS, CXXFLAGS, LDFLAGS; LOSSOPS_ISAS, the instruction sets to compile for
("native", or a list such as "DEFAULT,AVX2"; all of them by default); LOSSOPS_CUDA, CUDA_HOME,
TORCH_CUDA_ARCH_LIST, PYTORCH_NVCC, and CC for the host's side of CUDA; MAX_JOBS.
"""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup

try:
    import ninja
    from ninja.ninja_syntax import Writer
except ImportError:
    sys.exit("lossops builds with the Python package of ninja: run `pip install ninja` first")
try:
    import torch
    from torch.utils.cpp_extension import (
        COMMON_NVCC_FLAGS,
        CUDA_HOME,
        BuildExtension,
        CppExtension,
        _check_cuda_version,
        _get_cuda_arch_flags,
        get_cxx_compiler,
        include_paths,
        library_paths,
    )
except ImportError:
    sys.exit(
        "lossops builds against the torch that is installed, and none is: install torch first, "
        "then run `pip install --no-build-isolation .`"
    )

ROOT = Path(__file__).parent.resolve()
CSRC = ROOT / "csrc"
X86 = platform.machine() in ("x86_64", "AMD64")
AVX2 = ["-mavx2", "-mfma", "-mf16c"]
AVX512 = ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", *AVX2]
ISA_FLAGS = {"DEFAULT": [], "AVX2": AVX2, "AVX512": AVX512} if X86 else {"DEFAULT": []}
# at::vec trips the warnings of uninitialized variables in GCC's intrinsics. at::parallel_for is
# serial without -fopenmp; linking without it leaves torch's OpenMP runtime as the only one.
CXX_FLAGS = ["-std=c++20", "-O3", "-g0", "-fopenmp", "-Wall", "-Wextra", "-Wno-unused-parameter",
             "-Wno-missing-field-initializers", "-Wno-maybe-uninitialized", "-Wno-unknown-pragmas",
             "-fvisibility-inlines-hidden",
             "-fno-math-errno",  # or functions of a parameter alone are called for each vector
             # In large kernels GCC would look over thousands of stores for what a load may read.
             "--param=sccvn-max-alias-queries-per-access=50",
             "--param=ipa-max-aa-steps=100"]  # fmt: skip
# Compressed, the code for several GPUs takes a third of the room.
NVCC_FLAGS = ["-std=c++20", "-O3", "--expt-relaxed-constexpr", "-Xfatbin", "-compress-all"]

LIBRARY = "lossops.lib.liblossops"
KERNELS = CSRC / "kernels_isa.cpp"  # compiled for each file of losses
MODULE = CSRC / "python" / "module.cpp"


def chosen_isas() -> list[str]:
    """The instruction sets of this build."""
    wanted = os.environ.get("LOSSOPS_ISAS", "")
    native = torch.backends.cpu.get_cpu_capability()
    names = [name for name in re.split(r"[,; ]+", wanted.upper()) if name]
    names = [(native if native in ISA_FLAGS else "DEFAULT") if n == "NATIVE" else n for n in names]
    if unknown := set(names) - set(ISA_FLAGS):
        sys.exit(
            f"lossops: LOSSOPS_ISAS must be native or some of {', '.join(ISA_FLAGS)}, "
            f"got {', '.join(sorted(unknown))}"
        )
    return [isa for isa in ISA_FLAGS if isa in names] or list(ISA_FLAGS)


def builds_cuda() -> bool:
    """LOSSOPS_CUDA=1 or 0 says it; otherwise, whether torch has CUDA and its compiler is here."""
    wanted = os.environ.get("LOSSOPS_CUDA", "")
    if wanted not in ("", "0", "1"):
        sys.exit(f"lossops: LOSSOPS_CUDA must be 0 or 1, got {wanted!r}")
    toolkit = CUDA_HOME and shutil.which(NVCC)
    needs = {"a torch with CUDA": torch.version.cuda, "the CUDA toolkit": toolkit}
    missing = [what for what, there in needs.items() if not there]
    if wanted == "1" and missing:
        sys.exit(f"lossops: LOSSOPS_CUDA=1 needs {' and '.join(missing)}")
    return wanted != "0" and not missing


def cuda_runtime() -> str:
    """The file of libcudart, looked for before anything is compiled.

    Where nvcc on the PATH only calls the real one, torch takes the wrong folder for CUDA_HOME.
    """
    command = [NVCC, "--dryrun", "-x", "cu", os.devnull]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    tops = re.findall(r"^#\$ TOP=(.*)$", said, re.M)
    folders = [Path(top) / lib for top in [CUDA_HOME, *tops] for lib in ("lib64", "lib")]
    folders += map(Path, re.findall(r'-L([^\s"]+)', said))
    folders += sorted((Path(torch.__file__).parents[1] / "nvidia").glob("*/lib"))
    major = torch.version.cuda.split(".")[0]
    for folder in folders:
        for name in ("libcudart.so", f"libcudart.so.{major}"):
            if (folder / name).exists():
                return str(folder / name)
    sys.exit(
        f"lossops: libcudart.so is in none of {', '.join(map(str, folders))}; set CUDA_HOME to the "
        "folder of the CUDA toolkit, or LOSSOPS_CUDA=0 to build without CUDA"
    )


ISAS = chosen_isas()
NVCC = os.path.join(CUDA_HOME or "", "bin", "nvcc")
CUDA = builds_cuda()
if CUDA and not torch.cuda.is_available():  # where there is a GPU, torch asks it
    os.environ.setdefault("TORCH_CUDA_ARCH_LIST", "8.0;9.0+PTX")


def sources(pattern: str) -> list[Path]:
    return sorted(CSRC.rglob(pattern))


def is_cuda(path: Path) -> bool:
    return path.stem.startswith("cuda") or path.parent.name == "cuda"


HOST_SOURCES = [
    path for path in sources("*.cpp") if not path.stem.endswith("_isa") and path != MODULE
]
# Torch's headers take longer to compile than what includes them, so these rooms are one unit.
UNITS = {"core": ("core", "operators"), "families": ("families", "runtime", "api")}


def quoted(arguments: list) -> str:
    """As they stand in a command of ninja's file."""
    return shlex.join(map(str, arguments)).replace("$", "$$")


class Graph:
    """Everything that is compiled into the library, and how, as one file for ninja."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)
        self.file = (folder / "build.ninja").open("w")
        self.out = Writer(self.file)
        given = {name: os.environ.get(name, "") for name in ("CPPFLAGS", "CXXFLAGS", "LDFLAGS")}
        includes = ["-I", CSRC, "-I", CSRC / "include"]
        for path in include_paths():
            includes += ["-isystem", path]
        rest = f"-MMD -MF $out.d -DNDEBUG {quoted(includes)} $flags -c $in -o $out"
        cxx = f"{get_cxx_compiler()} -fPIC {given['CXXFLAGS']}"
        commands = {"cxx": f"{cxx} {given['CPPFLAGS']}"}
        if CUDA:
            nvcc = os.environ.get("PYTORCH_NVCC", shlex.quote(NVCC))
            flags = [*COMMON_NVCC_FLAGS, *_get_cuda_arch_flags(), *NVCC_FLAGS, "-Xcompiler=-fPIC"]
            flags += [f"-ccbin={os.environ['CC']}"] if "CC" in os.environ else []
            commands["nvcc"] = f"{nvcc} {quoted(flags)}"
        for rule, command in commands.items():
            self.out.rule(rule, f"{command} {rest}", depfile="$out.d", deps="gcc",
                          description="$out")  # fmt: skip
        self.out.rule("link", f"{cxx} -shared {given['LDFLAGS']} $in -o $out $flags")

    def compile(
        self,
        paths: list[Path],
        flags: list[str],
        below: str = "",
        rule: str = "cxx",
        in_library: bool = True,
    ) -> None:
        for path in paths:
            obj = Path(below, path.relative_to(CSRC)).with_suffix(path.suffix + ".o")
            self.out.build(str(obj), rule, str(path), variables={"flags": quoted(flags)})
            if in_library:
                self.objects.append(str(obj))

    def compile_together(self, name: str, paths: list[Path], flags: list[str]) -> None:
        """As one unit that includes them all."""
        unit = self.folder / f"{name}.cpp"
        text = "".join(f'#include "{path.relative_to(CSRC)}"\n' for path in paths)
        if not unit.exists() or unit.read_text() != text:
            unit.write_text(text)
        self.out.build(f"{name}.o", "cxx", str(unit), variables={"flags": quoted(flags)})
        self.objects.append(f"{name}.o")

    def link(self, flags: list[str]) -> Path:
        """Build all of it."""
        name = "liblossops.so"
        self.out.build(name, "link", self.objects, variables={"flags": quoted(flags)})
        self.file.close()
        jobs = os.environ.get("MAX_JOBS", "")
        jobs = [f"-j{jobs}"] if jobs.isdigit() else []
        command = [os.path.join(ninja.BIN_DIR, "ninja"), "-C", str(self.folder), *jobs]
        subprocess.run(command, check=True)
        return self.folder / name


class Build(BuildExtension):
    """Builds the library and puts its headers and its CMake package beside it."""

    def finalize_options(self):
        super().finalize_options()
        # One place for every kind of build, so that each compiles only what another has not.
        self.build_temp = str(ROOT / "build" / f"temp-torch-{torch.__version__}")
        self.force = True  # else what another torch built, and is newer, would stay

    def get_ext_filename(self, name):
        if name.endswith("liblossops"):  # no module of Python: no tag of one
            return name.replace(".", "/") + ".so"
        return super().get_ext_filename(name)

    def build_extension(self, ext):
        if ext.name == LIBRARY:
            target = Path(self.get_ext_fullpath(ext.name))
            target.parent.mkdir(parents=True, exist_ok=True)
            if CUDA:
                _check_cuda_version(*self._check_abi())
            shutil.copy(build_library(Path(self.build_temp)), target)
        else:
            ext.library_dirs.append(os.path.join(self.build_lib, "lossops", "lib"))
            ext.extra_objects.append(f"{self.build_temp}/python/module.cpp.o")
            super().build_extension(ext)

    def run(self):
        if self.inplace:
            (ROOT / "lossops" / "lib").mkdir(exist_ok=True)
        super().run()
        version = self.distribution.get_version()
        add_files(Path(self.build_lib) / "lossops", version)
        if self.inplace:
            add_files(ROOT / "lossops", version)


def build_library(folder: Path) -> Path:
    """Compile and link liblossops.so, and compile the module; what takes longest comes first."""
    graph = Graph(folder)
    without = [f"-DLOSSOPS_WITHOUT_{isa}" for isa in ISA_FLAGS if isa not in ISAS]
    with_cuda = ["-DLOSSOPS_CUDA"] if CUDA else []
    host = [*CXX_FLAGS, "-O1", *without, *with_cuda]
    for unit, rooms in UNITS.items():
        paths = [p for p in HOST_SOURCES if p.relative_to(CSRC).parts[0] in rooms]
        graph.compile_together(unit, [p for p in paths if not is_cuda(p)], host)
    if CUDA:
        graph.compile_together("cuda", [p for p in HOST_SOURCES if is_cuda(p)], host)
    graph.compile([CSRC / "library.cpp"], [*host, "-Os"])
    losses = [file for file in sources("losses/*.def") if file.stem != "registry"]
    losses.sort(key=lambda file: file.stat().st_size, reverse=True)
    for isa in reversed(ISAS):
        macros = [f"-DCPU_CAPABILITY={isa}", f"-DCPU_CAPABILITY_{isa}"]
        # Without vectors -O3 makes code a third larger, and what takes it is older than 2013.
        plain = ["-O2"] if X86 and isa == "DEFAULT" else []
        flags = [*CXX_FLAGS, *plain, "-Wno-uninitialized", *macros, *ISA_FLAGS[isa]]
        for file in losses:
            graph.compile([KERNELS], [*flags, f"-DLOSSOPS_FILE={file.stem}"], f"{isa}/{file.stem}")
        graph.compile([p for p in sources("*_isa.cpp") if p != KERNELS], flags, isa)
    graph.compile([MODULE], [*host, f"-I{sysconfig.get_path('include')}"], in_library=False)
    libraries = ["-lc10", "-ltorch_cpu", "-ltorch"]
    if CUDA:
        graph.compile(sources("*.cu"), with_cuda, rule="nvcc")
        libraries += ["-lc10_cuda", cuda_runtime()]
    # Programs that only dlopen it find torch where pip installs it: beside this package.
    rpath = "-Wl,-s,-soname,liblossops.so,-rpath,$ORIGIN/../../torch/lib"
    return graph.link([f"-L{path}" for path in library_paths()] + [*libraries, rpath])


def add_files(package: Path, version: str) -> None:
    """Put beside the library what it was built with, its headers and its CMake package."""
    package.joinpath("_build_config.py").write_text(
        '"""What this build was made with; written by setup.py."""\n\n'
        f"TORCH_VERSION = {torch.__version__!r}\n"
        f"CUDA_VERSION = {torch.version.cuda if CUDA else None!r}\n"
        f"ISAS = {tuple(ISAS)!r}\n"
        f"ISA_FLAGS = {ISA_FLAGS!r}\n"
    )
    headers = package / "include" / "lossops"
    shutil.rmtree(headers, ignore_errors=True)
    shutil.copytree(CSRC / "include" / "lossops", headers)
    for room in ("core", "families", "math", "runtime"):
        shutil.copytree(
            CSRC / room,
            headers / "detail" / room,
            ignore=shutil.ignore_patterns("*.cpp", "*.cu"),
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


module = CppExtension(
    "lossops._C",
    [],  # the library's graph compiles it
    extra_link_args=["-Wl,-s,-rpath,$ORIGIN/lib,--no-as-needed,-llossops"],
)
setup(
    ext_modules=[Extension(LIBRARY, [str(KERNELS.relative_to(ROOT))]), module],
    cmdclass={"build_ext": Build.with_options(use_ninja=False)},
)
