"""TorchScript: script, trace, freeze, optimise, save, and load where only lossops is known."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import lossops
from tests.cases import make_case
from tests.losses import LOSSES, Loss

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit.* is deprecated"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.* is not supported in Python 3.14"),
]


@pytest.mark.parametrize("ignore", [False, True], ids=["all", "masked"])
def test_script_module(loss: Loss, params: dict[str, Any], ignore: bool) -> None:
    """The scripted module: same value, same gradients, for every parameter set."""
    case = make_case(loss, params, weight="row", ignore=ignore and loss.ignore)
    module = case.module()
    scripted = torch.jit.script(module)
    args, rest = case.module_args(module)
    assert torch.equal(scripted(*args, **rest), case.ours())
    for _ in range(3):  # the profiling executor specialises on the second and third run
        leaves = [
            a.clone().requires_grad_(name in loss.differentiable)
            for name, a in zip(loss.operands, args, strict=True)
        ]
        scripted(*leaves, **rest).backward()
        for name, leaf in zip(loss.operands, leaves, strict=True):
            if leaf.requires_grad:
                (expected,) = case.gradients(names=(name,))
                torch.testing.assert_close(leaf.grad, expected)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_script_function(loss: Loss, reduction: str) -> None:
    """The functions themselves compile under TorchScript, all arguments by name."""
    case = make_case(loss, reduction=reduction, ignore=loss.ignore,
                     normalizer=reduction != "none", weight="full")  # fmt: skip
    scripted = torch.jit.script(getattr(lossops.functional, loss.function))
    assert torch.equal(scripted(**case.keywords()), case.ours())


@pytest.mark.where(lambda loss: not loss.detaches)
def test_script_gradcheck(loss: Loss) -> None:
    case = make_case(loss, shape=(2, 3))
    names = case.smooth
    scripted = torch.jit.script(case.module())

    def function(*leaves: torch.Tensor) -> torch.Tensor:
        given = dict(zip(names, leaves, strict=True))
        return scripted(*(given.get(name, case.tensors[name]) for name in loss.operands))

    assert torch.autograd.gradcheck(function, case.leaves(names), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(function, case.leaves(names))


def test_trace(loss: Loss, params: dict[str, Any]) -> None:
    """A traced module is right for other values and another batch size."""
    case = make_case(loss, params, dtype=torch.float32)
    module = case.module()
    args, _ = case.module_args(module)
    traced = torch.jit.trace(module, args)
    other = make_case(loss, params, (7, 3), dtype=torch.float32, seed=5)
    args, _ = other.module_args(module)
    assert torch.equal(traced(*args), module(*args))
    assert f"lossops::{loss.op}" in str(traced.inlined_graph)


def test_freeze_and_optimize(loss: Loss) -> None:
    case = make_case(loss, dtype=torch.float32)
    module = case.module().eval()
    args, _ = case.module_args(module)
    frozen = torch.jit.freeze(torch.jit.script(module))
    optimized = torch.jit.optimize_for_inference(torch.jit.script(module))
    for candidate in (frozen, optimized):
        for _ in range(3):
            assert torch.equal(candidate(*args), module(*args))


CHILD = """
import json, sys, pathlib
import torch, lossops
here = pathlib.Path(sys.argv[1])
done = []
for entry in json.loads((here / "index.json").read_text()):
    module = torch.jit.load(here / f"{entry}.pt")
    args, expected, gradients = torch.load(here / f"{entry}.data")
    assert torch.equal(module(*args), expected), entry
    leaves = [a.requires_grad_(g is not None) for a, g in zip(args, gradients)]
    module(*leaves).sum().backward()
    for leaf, gradient in zip(leaves, gradients):
        if gradient is not None:
            torch.testing.assert_close(leaf.grad, gradient)
    done.append(entry)
assert not any(name == "tests" or name.startswith("tests.") for name in sys.modules)
print(json.dumps(done))
"""


def test_saved_modules_load_in_a_fresh_process(tmp_path: Path) -> None:
    """Scripted and traced modules of every loss, in a process that imports only lossops."""
    entries = []
    for loss in LOSSES:
        for i, params in enumerate(loss.params):
            case = make_case(loss, params, dtype=torch.float32)
            module = case.module()
            args, _ = case.module_args(module)
            gradients = [
                case.gradients(names=(name,))[0] if name in loss.differentiable else None
                for name in loss.operands
            ]
            kinds = {"script": torch.jit.script(module)}
            if i == 0:
                kinds["trace"] = torch.jit.trace(module, args)
            for kind, compiled in kinds.items():
                entry = f"{loss.op}-{i}-{kind}"
                compiled.save(str(tmp_path / f"{entry}.pt"))
                torch.save((list(args), module(*args), gradients), tmp_path / f"{entry}.data")
                entries.append(entry)
    (tmp_path / "index.json").write_text(json.dumps(entries))
    package = Path(lossops.__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(package)},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == entries
