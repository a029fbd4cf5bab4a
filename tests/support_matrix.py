"""The README table of what works with each loss, made by trying it.

`python -m tests.support_matrix` prints the table; with `--write` it replaces the one in README.md.
"""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

import lossops
from tests.cases import make_case
from tests.losses import LOSSES, Loss

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- support-matrix:begin -->", "<!-- support-matrix:end -->"


def _leaf(loss: Loss) -> tuple[Callable[[Tensor], Tensor], Tensor, Tensor]:
    """The loss as a function of its first differentiable operand, a leaf, the right gradient."""
    case = make_case(loss)
    name = loss.differentiable[0]
    (expected,) = case.gradients(case.expected, (name,))
    return case.over((name,)), case.leaves((name,))[0], expected


def _close(actual: Tensor, expected: Tensor) -> bool:
    return torch.allclose(actual, expected, rtol=1e-6, atol=1e-9)


def backward(loss: Loss) -> bool:
    function, leaf, expected = _leaf(loss)
    return _close(torch.autograd.grad(function(leaf), leaf)[0], expected)


def double_backward(loss: Loss) -> bool:
    function, leaf, _ = _leaf(loss)
    return torch.autograd.gradgradcheck(function, leaf, fast_mode=True)


def jvp(loss: Loss) -> bool:
    function, leaf, expected = _leaf(loss)
    v = torch.ones_like(leaf)
    return _close(torch.func.jvp(function, (leaf.detach(),), (v,))[1], expected.sum())


def vmap(loss: Loss) -> bool:
    function, leaf, expected = _leaf(loss)
    batch = torch.stack([leaf.detach()] * 2)
    return _close(torch.func.vmap(torch.func.grad(function))(batch)[1], expected)


def compile(loss: Loss) -> bool:
    function, leaf, expected = _leaf(loss)
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    return _close(torch.autograd.grad(compiled(leaf), leaf)[0], expected)


def export(loss: Loss) -> bool:
    case = make_case(loss)
    module = case.module()
    args, _ = case.module_args(module)
    return _close(torch.export.export(module, args).module()(*args), case.expected())


def torchscript(loss: Loss) -> bool:
    case = make_case(loss)
    return _close(case.scripted(), case.expected())


def cpp(loss: Loss) -> bool:
    """A public header declares the function; tests/test_cpp_api.py calls every one."""
    headers = (ROOT / "csrc/include/lossops").glob("**/*.h")
    text = "\n".join(path.read_text() for path in headers)
    return f"LOSSOPS_API at::Tensor {loss.op}(" in text


def autocast(loss: Loss) -> bool:
    case = make_case(loss, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = case.ours()
    return value.dtype == torch.float32 and _close(value, case.to(torch.float32).ours())


COLUMNS: dict[str, Callable[[Loss], bool]] = {
    "backward": backward,
    "double backward": double_backward,
    "jvp": jvp,
    "vmap": vmap,
    "compile": compile,
    "export": export,
    "TorchScript": torchscript,
    "C++": cpp,
    "autocast": autocast,
}


def works(probe: Callable[[Loss], bool], loss: Loss) -> bool:
    try:
        return bool(probe(loss))
    except Exception as error:
        print(f"{loss.op}: {probe.__name__}: {error}", file=sys.stderr)
        return False


def table() -> str:
    """The table in Markdown."""
    lines = [
        "| loss | " + " | ".join(COLUMNS) + " |",
        "|---|" + ":-:|" * len(COLUMNS),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for loss in LOSSES:
            torch._dynamo.reset()
            marks = ["✓" if works(probe, loss) else "–" for probe in COLUMNS.values()]
            lines.append(f"| `{loss.function}` | " + " | ".join(marks) + " |")
    return "\n".join(lines)


def written() -> str:
    """The table as README.md has it."""
    text = README.read_text()
    return text.split(BEGIN)[1].split(END)[0].strip()


def write(new: str) -> None:
    text = README.read_text()
    head, rest = text.split(BEGIN)
    README.write_text(f"{head}{BEGIN}\n{new}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    assert lossops.functional
    fresh = table()
    write(fresh) if "--write" in sys.argv else print(fresh)
