"""The Python source of a defined loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .definition import Defined, Definition


def module_name(definition: Defined) -> str:
    """The class of the module: CauchyLoss for cauchy and for cauchy_loss."""
    words = definition.name.removesuffix("_loss").split("_")
    return "".join(word[:1].upper() + word[1:] for word in words) + "Loss"


def python_source(definition: Definition) -> str:
    """A module with the function and the class, as lossops.functional and lossops.nn have them."""
    name, namespace, class_name = definition.name, definition.namespace, module_name(definition)
    first, *others = definition.tensors
    defaults = dict(definition.parameters)
    tensors = "".join(f"\n    {t}: Tensor," for t in definition.tensors)
    parameters = "".join(f"\n    {p}: float = {d!r}," for p, d in defaults.items())
    limits = {
        p: "".join(f", {r} {b:g}" for on, r, b in definition.limits if on == p) for p in defaults
    }
    passed = "".join(f"{argument}, " for argument in (*definition.tensors, *defaults))
    settings = "".join(f"{t}, " for t in definition.tensors)
    settings += "".join(f"self.{p}, " for p in defaults)
    constants = [*defaults, "reduction", "ignore_index"]

    def described(indent: str) -> str:
        return "".join(
            f"{indent}{p}: A number{limits[p]}; default {d:g}.\n" for p, d in defaults.items()
        )

    shape = {
        t: f"Of the shape of ``{first}``."
        if t == definition.target
        else f"Broadcasts to ``{first}``."
        for t in others
    }
    formula = definition.expression.replace("\n", "\n        ")
    formula = formula if "\n" in formula else f"l = {formula}"
    return f'''\
"""The loss {name}, made by lossops.define."""

import torch
from torch import Tensor

from lossops._op import number as _number
from lossops.functional._common import Op, TensorOrNumber, reduction_code, scalar_tensor
from lossops.nn._base import Loss

_op = Op(torch.ops.{namespace}.{name})


def {name}({tensors}{parameters}
    reduction: str = "{definition.reduction}",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """The loss {name}, made by lossops.define.

    Formula::

        {formula}

    Args:
        {first}: The prediction, of any shape; a floating dtype.
{"".join(f"        {t}: {text}" + chr(10) for t, text in shape.items())}{described("        ")}\
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``{first}``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``{first}`` for ``"none"``; the promoted dtype.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.
    """
    return _op(
        {passed}weight, ignore_index, scalar_tensor(normalizer, {first}),
        reduction_code("{name}", reduction),
    )


class {class_name}(Loss):
    """The loss {name}, made by lossops.define: see the function of that name in this module.

    Args:
{described("        ")}\
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.
    """

    __constants__ = {constants!r}
{"".join(f"    {p}: float" + chr(10) for p in defaults)}\
    ignore_index: int | None

    def __init__(
        self,{parameters.replace(chr(10) + "    ", chr(10) + "        ")}
        reduction: str = "{definition.reduction}",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
{"".join(f"        self.{p} = _number({class_name!r}, {p!r}, {p})" + chr(10) for p in defaults)}\
        self.ignore_index = ignore_index

    def forward(
        self,{tensors.replace(chr(10) + "    ", chr(10) + "        ")}
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return {name}(
            {settings}self.reduction, weight, self.ignore_index, normalizer
        )
'''
