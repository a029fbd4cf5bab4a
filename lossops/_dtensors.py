"""Calls of operators with DTensors, which the library leaves to Python; see ``distributed``."""

import sys
from importlib import import_module
from typing import Any, cast

from torch import Tensor

from . import _C


def _answer(op: str, *args: Any) -> Any:  # noqa: ANN401
    """The operator's result, if there are DTensors among its arguments."""
    module = sys.modules.get("torch.distributed.tensor")
    if module is None:
        return NotImplemented
    tensors = [t for arg in args for t in (arg if isinstance(arg, list) else [arg])]
    if not any(isinstance(t, module.DTensor) for t in tensors):
        return NotImplemented
    return import_module("lossops.distributed._tensors").call(op, args)


def serve_dtensors() -> None:
    """Make DTensors known where somebody uses them: calls under inference mode come from torch."""
    if "torch.distributed.tensor" in sys.modules:
        import_module("lossops.distributed._tensors")


def replicated(t: Tensor, beside: Tensor) -> Tensor:
    """A tensor that is the same on all ranks, as one, where the other is a DTensor."""
    if not hasattr(beside, "device_mesh") or hasattr(t, "device_mesh"):
        return t
    module = import_module("torch.distributed.tensor")
    mesh = beside.device_mesh
    return cast(
        Tensor,
        module.DTensor.from_local(t, mesh, [module.Replicate()] * mesh.ndim, run_check=False),
    )


_C.answer_subclasses(_answer)
