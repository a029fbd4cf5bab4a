"""Moving a model from the losses of torch.nn to those of lossops."""

import copy
import inspect
from typing import TypeVar, overload

import torch
from torch.nn.modules.loss import _Loss as TorchLoss

from . import nn
from .nn._base import Loss

Module = TypeVar("Module", bound=torch.nn.Module)

_OURS: dict[type[torch.nn.Module], type[torch.nn.Module]] = {
    getattr(torch.nn, name): getattr(nn, name) for name in nn.__all__ if hasattr(torch.nn, name)
}
_LAYERS = ("linear", "head", "tail")  # that some hold
_DERIVED = ("shortlist_size", "n_clusters", "head_size")  # from the settings of one


@overload
def from_torch(module: TorchLoss) -> Loss: ...
@overload
def from_torch(module: Module) -> Module: ...
def from_torch(module: torch.nn.Module) -> torch.nn.Module:
    """Turn the losses of torch.nn into those of lossops, alone or inside a model.

    The new module has the settings, tensors, hooks and mode of the old one, and shares its
    tensors: a state dict saved before still loads. A handle returned for a hook removes that of the
    old module only. A loss that stands in two places of a model still is one module.

    Inside a model, subclasses and all other modules stay as they are. So do losses to which
    something was added: an attribute, a forward of their own, a buffer, parameter or module, a hook
    before a state dict is loaded, ``torch.compile`` of the loss by itself. Losses that a model
    calls as functions, or keeps in a plain list or dictionary, are out of reach.

    Args:
        module: A loss, or a module with losses somewhere inside.

    Returns:
        For a loss a new module, and the loss is left alone; for a model the model itself, in which
        losses were replaced. A loss of lossops is returned as it is.

    Raises:
        TypeError: ``module`` is no module, a loss of torch.nn that lossops does not have, a
            subclass of one, or a loss under ``torch.compile``: compile what this returns.
        ValueError: ``module`` is a loss to which something was added.

    Example:
        >>> import torch, lossops
        >>> lossops.from_torch(torch.nn.HuberLoss(delta=0.5))
        HuberLoss(reduction='mean', delta=0.5)
        >>> model = torch.nn.ModuleDict({"net": torch.nn.Linear(3, 2), "loss": torch.nn.NLLLoss()})
        >>> type(lossops.from_torch(model)["loss"]).__module__
        'lossops.nn.classification'
    """
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"from_torch: module must be an nn.Module, got {type(module).__name__}")
    if type(module) in _OURS:
        added = _added(module)
        if added:
            raise ValueError(
                f"from_torch: module must be a {type(module).__name__} as torch makes it, got one "
                f"with {', '.join(added)}"
            )
        return _converted(module)
    if isinstance(getattr(module, "_orig_mod", None), TorchLoss):
        raise TypeError(
            "from_torch: module must not be compiled yet, got a loss under torch.compile: compile "
            "what this returns"
        )
    if isinstance(module, (TorchLoss, torch.nn.AdaptiveLogSoftmaxWithLoss)):
        known = ", ".join(sorted(kind.__name__ for kind in _OURS))
        raise TypeError(
            f"from_torch: lossops has no {type(module).__name__}; of torch.nn it has {known}"
        )
    converted: dict[torch.nn.Module, torch.nn.Module] = {}
    for parent in list(module.modules()):
        for name, child in list(parent._modules.items()):
            if child is not None and type(child) in _OURS and not _added(child):
                if child not in converted:
                    converted[child] = _converted(child)
                setattr(parent, name, converted[child])  # which a term of a combined loss notices
    return module


def _added(theirs: torch.nn.Module) -> list[str]:
    """What a loss has that torch did not give it."""
    settings = {*inspect.signature(type(theirs)).parameters, *_LAYERS, *_DERIVED}
    usual = {*vars(torch.nn.Module()), *settings}
    return [
        *(f"the attribute {name}" for name in vars(theirs) if name not in usual),
        *(f"the buffer {name}" for name in theirs._buffers if name not in settings),
        *(f"the parameter {name}" for name in theirs._parameters),
        *(f"the module {name}" for name in theirs._modules if name not in settings),
        *(f"the non-persistent {name}" for name in theirs._non_persistent_buffers_set),
        *(["a hook before a state dict is loaded"] if theirs._load_state_dict_pre_hooks else []),
    ]


def _converted(theirs: torch.nn.Module) -> torch.nn.Module:
    kind = _OURS[type(theirs)]
    settings = [name for name in inspect.signature(kind).parameters if hasattr(theirs, name)]
    given = {name: getattr(theirs, name) for name in settings}
    layers = dict(theirs.named_children())
    if "linear" in layers:
        given["in_features"] = layers["linear"].in_features
    if "cutoffs" in given:  # of which the last is the number of classes
        given["cutoffs"] = given["cutoffs"][:-1]
    if layers and "device" in inspect.signature(kind).parameters:
        given["device"] = "meta"  # whose place the layers take
    ours = kind(**given)
    for name, layer in layers.items():
        setattr(ours, name, layer)
    for name, value in vars(theirs).items():
        if "hook" in name:
            setattr(ours, name, copy.copy(value))
    return ours.train(theirs.training)
