"""lossops.define: what it returns, the cache, the compiler, and test points."""

import copy
import fcntl
import inspect
import json
import os
import pickle
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import lossops
from lossops._define import build, registry
from tests.tiers import thorough

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.* is deprecated")

PACKAGE = Path(lossops.__file__).resolve().parent.parent
CAUCHY: dict[str, Any] = {
    "name": "cauchy",
    "expression": "log1p(square((input - target) / c))",
    "c": 1.0,
    "limits": [("c", ">", 0)],
}

# Another one of that name, with kinks, a value that is infinite, a branch that is.
HARD: dict[str, Any] = {
    "name": "cauchy",
    "expression": "select(input > 0, log(input), 0) + hinge(target) + p * extra / (target + 2)",
    "tensors": ("input", "target", "extra"),
    "p": 1.5,
}


@pytest.fixture(scope="module")
def cauchy() -> Any:
    return lossops.define(**CAUCHY)


def draw() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(5, 3), torch.randn(5, 3)


def python(code: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A fresh interpreter that finds this copy of lossops."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(PACKAGE), **environment},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def said(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


# -- what it returns ----------------------------------------------------------------------------


def test_is_of_the_kind_of_ours(cauchy: Any) -> None:
    """The arguments and defaults of lossops.functional, a docstring, a module, an operator."""
    ours = inspect.signature(lossops.functional.focal_loss).parameters
    mine = inspect.signature(cauchy).parameters
    common = ["reduction", "weight", "ignore_index", "normalizer"]
    assert list(mine) == ["input", "target", "c", *common]
    for name in ["input", "target", *common]:
        assert mine[name] == ours[name]
    assert (mine["c"].default, mine["c"].annotation) == (1.0, float)
    assert cauchy.__name__ == "cauchy" and "log1p(square(" in cauchy.__doc__
    assert "c: A number, > 0; default 1." in cauchy.__doc__
    assert cauchy.expression == CAUCHY["expression"]
    assert repr(cauchy.Module(c=2)) == "CauchyLoss(c=2.0, reduction='mean', ignore_index=None)"
    assert issubclass(cauchy.Module, torch.nn.Module)
    space, name = cauchy.op._qualified_op_name.split("::")
    assert name == "cauchy" and getattr(torch.ops, space).cauchy is cauchy.op
    assert Path(cauchy.library).exists()


def test_value_and_arguments(cauchy: Any) -> None:
    x, t = draw()
    each = (((x - t) / 2) ** 2).log1p()
    torch.testing.assert_close(cauchy(x, t, 2.0, "none"), each)
    torch.testing.assert_close(cauchy(x, t, c=2, reduction="sum", normalizer=4), each.sum() / 4)
    t[0] = -100
    kept = cauchy(x, t, c=2.0, ignore_index=-100)
    torch.testing.assert_close(kept, each[1:].mean())
    module = cauchy.Module(c=2.0, ignore_index=-100)
    assert torch.equal(module(x, t), kept)
    with pytest.raises(RuntimeError, match="cauchy: c must be > 0, got -1"):
        cauchy(x, t, c=-1.0)
    with pytest.raises(ValueError, match="cauchy: reduction must be 'none', 'mean' or 'sum'"):
        cauchy(x, t, reduction="avg")


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_ignored_elements_are_left_alone(cauchy: Any, poison: float) -> None:
    x, t = draw()
    x[1], t[1] = poison, -100
    x.requires_grad_()
    cauchy(x, t, ignore_index=-100).backward()
    assert x.grad is not None and x.grad[1].eq(0).all() and x.grad.isfinite().all()
    x.grad = None
    with torch.no_grad():
        expected = cauchy(x, t, ignore_index=-100)
    batched = torch.func.vmap(lambda x, t: cauchy(x, t, reduction="sum", ignore_index=-100))(x, t)
    torch.testing.assert_close(batched.sum() / 12, expected)


def test_pickles_and_copies(cauchy: Any) -> None:
    module = cauchy.Module(c=2.0)
    x, t = draw()
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert type(other) is type(module) and torch.equal(other(x, t), module(x, t))
    assert pickle.loads(pickle.dumps(cauchy)) is cauchy


def test_two_definitions_of_one_name(cauchy: Any) -> None:
    """Another definition is another loss beside the first; the same one is the same function."""
    assert lossops.define(**CAUCHY) is cauchy
    assert lossops.define(**{**CAUCHY, "expression": " log1p(square((input-target)/c))"}) is cauchy
    other = lossops.define(**HARD)
    assert other is not cauchy and other.op is not cauchy.op
    x, t = draw()
    extra = torch.rand(3)
    expected = torch.where(x > 0, x.abs().log(), 0) + t.relu() + 1.5 * extra / (t + 2)
    torch.testing.assert_close(other(x, t, extra), expected.mean())
    torch.testing.assert_close(cauchy(x, t), (x - t).square().log1p().mean())
    for module, tensors in ((cauchy.Module(), (x, t)), (other.Module(), (x, t, extra))):
        assert torch.equal(torch.jit.script(module)(*tensors), module(*tensors))


LOADER = """
import sys, torch
library, program, data = sys.argv[1:]
torch.ops.load_library(library)
x, t, value, slope = torch.load(data)
x.requires_grad_()
loss = torch.jit.load(program)(x, t)
loss.backward()
assert torch.equal(loss.detach(), value) and torch.equal(x.grad, slope)
if "lossops" in sys.modules: print("imported")
import lossops
limits = [("c", ">", 0)]
same = lossops.define("cauchy", "log1p(square((input - target) / c))", c=1.0, limits=limits)
assert torch.equal(same(x, t, c=2.0).detach(), value)
print("fine")
"""


def test_saved_program_needs_the_library_only(cauchy: Any, tmp_path: Path) -> None:
    """A TorchScript file runs, with its gradient, where nothing but the library is loaded."""
    x, t = draw()
    module = cauchy.Module(c=2.0)
    torch.jit.script(module).save(str(tmp_path / "program.pt"))
    x.requires_grad_()
    value = module(x, t)
    value.backward()
    torch.save((x.detach(), t, value.detach(), x.grad), tmp_path / "data")
    arguments = [cauchy.library, str(tmp_path / "program.pt"), str(tmp_path / "data")]
    assert said(python(LOADER, *arguments)) == "fine\n"


def test_library_does_without_python(cauchy: Any) -> None:
    """A program in C++ can load it: it needs no libtorch_python."""
    if shutil.which("readelf") is None:
        pytest.skip("no readelf")
    command = ["readelf", "-d", cauchy.library]
    needed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "liblossops.so" in needed and "python" not in needed


def test_export_and_aot_inductor(cauchy: Any, tmp_path: Path) -> None:
    x, t = draw()
    exported = torch.export.export(cauchy.Module(c=2.0), (x, t))
    assert any(node.target is cauchy.op.default for node in exported.graph.nodes)
    package = str(tmp_path / "package.pt2")
    torch._inductor.aoti_compile_and_package(exported, package_path=package)
    runner = torch._inductor.aoti_load_package(package)
    torch.testing.assert_close(runner(x, t), cauchy(x, t, c=2.0))


def test_default_backend_compiles_a_training_step(cauchy: Any) -> None:
    x, t = draw()
    x.requires_grad_()
    compiled = torch.compile(lambda x, t: cauchy(x.tanh(), t, c=2.0), fullgraph=True)
    (actual,) = torch.autograd.grad(compiled(x, t), x)
    (expected,) = torch.autograd.grad(cauchy(x.tanh(), t, c=2.0), x)
    torch.testing.assert_close(actual, expected)


LOWER = """
import torch, lossops
torch.manual_seed(0)
assert torch.backends.cpu.get_cpu_capability().lower() == {capability!r}
loss = lossops.define("lower", "select(not input < target, maximum(input, target / c),"
                      " clamp(input, -1, 1)) + xlogy(c, softplus(input)) * sign(target)", c=2.0)
x, t = (torch.randn(67, dtype=torch.float64, requires_grad=True) for _ in range(2))
value = torch.where(~(x < t), torch.maximum(x, t / 2), x.clamp(-1, 1))
value = value + 2 * torch.nn.functional.softplus(x).log() * t.sign()
slopes = torch.autograd.grad(value.sum(), (x, t))
torch.testing.assert_close(loss(x, t, reduction="none"), value)
torch.testing.assert_close(torch.autograd.grad(loss(x, t, reduction="sum"), (x, t)), slopes)
torch.testing.assert_close(loss(x.float(), t.float(), reduction="none"), value.float())
torch.testing.assert_close(loss(x.bfloat16(), t.bfloat16()), value.mean().bfloat16())
print("fine")
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the names are those of x86-64")
@pytest.mark.parametrize("capability", ["default", *thorough("avx2")])
def test_lower_instruction_sets(capability: str) -> None:
    """What ATEN_CPU_CAPABILITY says is what is compiled for, with the same results."""
    code = LOWER.format(capability=capability)
    assert said(python(code, ATEN_CPU_CAPABILITY=capability)) == "fine\n"


# -- test points --------------------------------------------------------------------------------


def test_points_that_hold(cauchy: Any) -> None:
    assert lossops.define(**CAUCHY, test_points=[(0.5, 0.25), (-3, 4)]) is cauchy


def test_point_on_a_kink() -> None:
    define = {"name": "user_huber", "limits": [("delta", ">", 0)], "delta": 1.0}
    huber = (
        "select(abs(input - target) <= delta, 0.5 * square(input - target),"
        " delta * (abs(input - target) - 0.5 * delta))"
    )
    message = r"user_huber: at input = 1, target = 0 .*Is there a kink"
    with pytest.raises(ValueError, match=f"(?s){message}"):
        lossops.define(expression=huber, test_points=[(0.5, 0.0), (1.0, 0.0)], **define)


def test_points_without_a_derivative() -> None:
    """A kink, a value that is infinite, a branch that is."""
    with pytest.raises(ValueError, match=r"cauchy: at input = 1, target = 0, extra = 1 the "
                       r"derivatives by target disagree: -?[\d.]+ from the kernel, .* from the "
                       r"decomposition, .* from differences\. Is there a kink"):  # fmt: skip
        lossops.define(**HARD, test_points=[(1.0, 1.0, 1.0), (1.0, 0.0, 1.0)])
    with pytest.raises(ValueError, match="at input = 1, target = -2, extra = 1 the loss is inf"):
        lossops.define(**HARD, test_points=[(1, -2, 1)])
    with pytest.raises(ValueError, match="not finite where it is not selected"):
        lossops.define(**HARD, test_points=[(0.0, 1.0, 1.0)])


# -- the cache and the compiler -----------------------------------------------------------------

TIMED = """
import json, sys, time, torch, lossops
began = time.perf_counter()
loss = lossops.define(**json.loads(sys.argv[1]))
seconds = time.perf_counter() - began
x = torch.ones(3, requires_grad=True)
loss(x, torch.zeros(3)).backward()
compiler = "torch.utils.cpp_extension" in sys.modules
print(json.dumps({"seconds": seconds, "library": loss.library, "compiler": compiler}))
"""


def test_cached_definition_takes_no_time(cauchy: Any) -> None:
    """Under 0.2 s in a fresh process, without the compiler's modules: the best of three."""
    runs = [json.loads(said(python(TIMED, json.dumps(CAUCHY)))) for _ in range(3)]
    assert min(run["seconds"] for run in runs) < 0.2
    assert all(run["library"] == cauchy.library and not run["compiler"] for run in runs)


@pytest.fixture
def compiled_slowly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and a compiler that counts its calls; it returns the count's file."""
    calls = tmp_path / "calls"
    calls.touch()
    compiler = tmp_path / "c++"
    compiler.write_text(f'#!/bin/sh\necho "$@" >> {calls}\nexec {shutil.which("c++")} "$@"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("LOSSOPS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", str(compiler))
    yield calls


def test_processes_compile_once(compiled_slowly: Path, tmp_path: Path) -> None:
    """A build that is killed leaves nothing in the way; of those that follow one compiles."""
    definition = json.dumps(CAUCHY)
    first = python(TIMED, definition)
    while " -c " not in compiled_slowly.read_text():
        assert first.poll() is None
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    left = [path.name for path in (tmp_path / "cache").iterdir()]
    assert any(name.endswith(".partial") for name in left)
    compiled_slowly.write_text("")

    together = [python(TIMED, definition) for _ in range(3)]
    results = [process.communicate() for process in together]
    assert all(process.returncode == 0 for process in together), results
    runs = [json.loads(out) for out, _ in results]
    assert len({run["library"] for run in runs}) == 1
    compiling = [line for line in compiled_slowly.read_text().splitlines() if " -c " in line]
    assert len(compiling) == 1
    assert max(run["seconds"] for run in runs) < 60
    told = "".join(err for _, err in results)
    assert "lossops: compiling cauchy ... 0 s" in told
    assert "lossops: waiting for another process to compile cauchy ..." in told
    entry = Path(runs[0]["library"]).parent
    assert {path.suffix for path in entry.iterdir() if path.is_file()} == {
        ".cpp",
        ".py",
        ".so",
        ".json",
    }
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [
        entry.name, f"{entry.name}.lock",
    ]  # fmt: skip


def fails(message: str, **changes: Any) -> None:
    """A definition that nobody has made yet fails."""
    with pytest.raises(RuntimeError, match=message):
        lossops.define("fresh", "square(input - target) + 0 * d", d=1.0, **changes)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOSSOPS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_no_compiler(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "/nowhere/g++")
    fails(r"fresh: to compile a loss takes a C\+\+ compiler \('/nowhere/g\+\+' is not on the PATH: "
          r"install g\+\+ 11, or set CXX\)$")  # fmt: skip
    assert not empty_cache.exists()


def test_no_tools_at_all(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_path", lambda: "/nowhere")
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda name: None)
    monkeypatch.delenv("CXX", raising=False)
    fails(r"a C\+\+ compiler .*, and ninja \(pip install ninja\), and setuptools \(pip install")


def test_compiler_that_fails(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last words are told, nothing stays behind, and the next attempt starts afresh."""
    compiler = empty_cache.parent / "c++"
    compiler.write_text(
        "#!/bin/sh\n"
        'case "$*" in *" -c "*) echo "g++: internal error: no luck today" >&2; exit 1;; esac\n'
        f'exec {shutil.which("c++")} "$@"\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    for _ in range(2):
        fails("(?s)fresh: the compiler failed.*no luck today")
        assert [path.suffix for path in empty_cache.iterdir()] == [".lock"]


@pytest.mark.parametrize("damage", ["truncated", "missing"])
@pytest.mark.parametrize("suffix", [".so", ".py", "sizes.json"])
def test_damaged_entry_is_made_again(
    cauchy: Any, damage: str, suffix: str, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a full disk or a cleaner of old files leaves it."""
    whole = Path(cauchy.library).parent
    entry = shutil.copytree(whole, empty_cache / whole.name)
    (file,) = (path for path in entry.iterdir() if path.name.endswith(suffix))
    file.unlink()
    if damage == "truncated":
        file.touch()

    class CompilesError(Exception):
        pass

    def compile_again(*_: object) -> None:
        raise CompilesError

    monkeypatch.setattr(build, "_compile", compile_again)
    definition = next(d for d, loss in registry._defined.items() if loss is cauchy)
    with pytest.raises(CompilesError):
        build.compiled(definition)


def test_fork_does_not_wait_for_the_compiler(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does who was forked meanwhile keep others from the entry."""
    compiles, may_end = threading.Event(), threading.Event()

    class CompilesError(Exception):
        pass

    def compile_slowly(*_: object) -> None:
        compiles.set()
        assert may_end.wait(60)
        raise CompilesError

    def define() -> None:
        with pytest.raises(CompilesError):
            lossops.define("fresh", "input - target")

    monkeypatch.setattr(build, "_compile", compile_slowly)
    thread = threading.Thread(target=define)
    thread.start()
    assert compiles.wait(60)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(reader, 1)
        os._exit(0)
    try:
        assert thread.is_alive()
        may_end.set()
        thread.join()
        (lock,) = empty_cache.glob("*.lock")
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.write(writer, b".")
        os.waitpid(child, 0)


def test_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LOSSOPS_CACHE", str(tmp_path / "file"))
    fails("fresh: compiled losses are kept in .*file, which fails: .*; set LOSSOPS_CACHE to")


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSOPS_CACHE", "/a")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert build.cache_folder() == Path("/a")
    monkeypatch.delenv("LOSSOPS_CACHE")
    assert build.cache_folder() == Path("/b/lossops")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/home/someone")
    assert build.cache_folder() == Path("/home/someone/.cache/lossops")
