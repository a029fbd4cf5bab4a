"""What README.md says of every loss in one sentence, tried on every loss."""

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from tests.cases import make_case
from tests.losses import Loss

ROOT = Path(__file__).resolve().parent.parent


def leaf_of(loss: Loss) -> tuple[Callable[[Tensor], Tensor], Tensor, Tensor]:
    """The loss as a function of its first differentiable operand, a leaf, the right gradient."""
    case = make_case(loss)
    name = loss.differentiable[0]
    (expected,) = case.gradients(case.expected, (name,))
    return case.over((name,)), case.leaves((name,))[0], expected


def close(actual: Tensor, expected: Tensor) -> bool:
    return torch.allclose(actual, expected, rtol=1e-6, atol=1e-9)


def backward(loss: Loss) -> bool:
    function, leaf, expected = leaf_of(loss)
    return close(torch.autograd.grad(function(leaf), leaf)[0], expected)


def double_backward(loss: Loss) -> bool:
    function, leaf, _ = leaf_of(loss)
    return torch.autograd.gradgradcheck(function, leaf, fast_mode=True)


def jvp(loss: Loss) -> bool:
    function, leaf, expected = leaf_of(loss)
    v = torch.ones_like(leaf)
    return close(torch.func.jvp(function, (leaf.detach(),), (v,))[1], expected.sum())


def vmap(loss: Loss) -> bool:
    function, leaf, expected = leaf_of(loss)
    batch = torch.stack([leaf.detach()] * 2)
    return close(torch.func.vmap(torch.func.grad(function))(batch)[1], expected)


def compiled(loss: Loss) -> bool:
    function, leaf, expected = leaf_of(loss)
    function = torch.compile(function, fullgraph=True, backend="aot_eager")
    return close(torch.autograd.grad(function(leaf), leaf)[0], expected)


def exported(loss: Loss) -> bool:
    case = make_case(loss)
    module = case.module()
    args, _ = case.module_args(module)
    return close(torch.export.export(module, args).module()(*args), case.expected())


def torchscript(loss: Loss) -> bool:
    case = make_case(loss)
    return close(case.scripted(), case.expected())


def cpp(loss: Loss) -> bool:
    """A public header declares the function; tests/test_cpp_api.py calls every one."""
    headers = (ROOT / "csrc/include/lossops").glob("**/*.h")
    text = "\n".join(path.read_text() for path in headers)
    return f"LOSSOPS_API at::Tensor {loss.op}(" in text


def autocast(loss: Loss) -> bool:
    case = make_case(loss, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = case.ours()
    return value.dtype == torch.float32 and close(value, case.to(torch.float32).ours())


CLAIMS: dict[str, Callable[[Loss], bool]] = {
    "backward": backward,
    "double backward": double_backward,
    "jvp": jvp,
    "vmap": vmap,
    "compile": compiled,
    "export": exported,
    "TorchScript": torchscript,
    "C++": cpp,
    "autocast": autocast,
}


def test_works(loss: Loss) -> None:
    torch._dynamo.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [claim for claim, works in CLAIMS.items() if not works(loss)] == []


def test_readme_claims_what_is_tried() -> None:
    sentence = re.search(
        r"Tests hold every loss right under (.*?)\.\n", (ROOT / "README.md").read_text(), re.S
    )
    assert sentence is not None
    assert re.split(r", | and ", " ".join(sentence[1].split())) == list(CLAIMS)
