"""The modules: what torch.nn.Module promises of them, and torch.nn's own where it has the loss."""

import copy
import inspect
import pickle
from typing import Any

import pytest
import torch

import lossops
from tests.cases import make_case
from tests.losses import BY_OP, LOSSES, Loss


def test_copies_and_pickles(loss: Loss, params: dict[str, Any]) -> None:
    case = make_case(loss, params, weight="row", ignore=loss.ignore)
    module = case.module()
    args, rest = case.module_args(module)
    expected = module(*args, **rest)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(twin(*args, **rest), expected)


def test_has_no_parameters_and_loads_its_state(loss: Loss, params: dict[str, Any]) -> None:
    """Tensors given to the constructor are buffers: they move, they are saved, none is trained."""
    case = make_case(loss, params, weight="row")
    module = case.module()
    assert not list(module.parameters())
    given = {
        name for name, t in case.tensors.items()
        if name in inspect.signature(type(module)).parameters and name not in loss.operands
    }  # fmt: skip
    assert given == {name for name, _ in module.named_buffers()}
    module.to(torch.float32)
    assert all(buffer.dtype == torch.float32 for buffer in module.buffers())
    if given & set(module.state_dict()):
        other = case.but(**{name: case.tensors[name] * 0.5 for name in given}).module()
        other.load_state_dict(module.state_dict())
        for name in given:
            assert torch.equal(getattr(other, name).float(), getattr(module, name))


@pytest.mark.parametrize("shared", [loss for loss in LOSSES if loss.baseline], ids=str)
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
def test_is_a_drop_in_module(shared: Loss) -> None:
    """torch.nn's module and ours, built and called alike, give the same; so do their states."""
    theirs = getattr(torch.nn, shared.module)
    accepted = inspect.signature(theirs).parameters
    for params in shared.params:
        case = make_case(shared, params, weight="row" if "weight" in accepted else None)
        keywords = {k: v for k, v in case.keywords().items() if k in accepted}
        if set(case.params) - set(accepted):
            continue
        ours, twin = getattr(lossops.nn, shared.module)(**keywords), theirs(**keywords)
        args = [case.tensors[name] for name in shared.operands]
        torch.testing.assert_close(ours(*args), twin(*args), rtol=1e-12, atol=1e-14)
        assert ours.state_dict().keys() == twin.state_dict().keys()
        ours.load_state_dict(twin.state_dict())


def test_repr_tells_the_parameters(loss: Loss) -> None:
    """print(model) shows the name of the loss and what it was given."""
    for params in loss.params[1:]:
        case = make_case(loss, params)
        text = repr(case.module())
        assert text.startswith(f"{loss.module}(")
        for name, value in case.params.items():
            assert f"{name}={value!r}" in text, text


def test_keywords_of_forward(loss: Loss) -> None:
    """Whatever the constructor does not take, forward does: weight and normalizer."""
    case = make_case(loss, weight="row", normalizer=True)
    module = case.module()
    args, rest = case.module_args(module)
    assert "normalizer" in rest
    assert torch.equal(module(*args, **rest), case.ours())
    assert {"weight"} <= {*inspect.signature(type(module)).parameters, *rest}


def test_constructor_defaults_are_the_functions(loss: Loss) -> None:
    """Module() and the function without arguments are the same loss."""
    function = inspect.signature(getattr(lossops.functional, loss.function)).parameters
    module = inspect.signature(getattr(lossops.nn, loss.module)).parameters
    for name, parameter in module.items():
        assert parameter.default == function[name].default, name


def test_hooks_and_training_mode() -> None:
    """Forward hooks run, train and eval change nothing, apply visits."""
    case = make_case(BY_OP["focal"])
    module = case.module()
    args, _ = case.module_args(module)
    seen = []
    module.register_forward_hook(lambda m, a, out: seen.append(out))
    assert torch.equal(module.train()(*args), module.eval()(*args))
    assert len(seen) == 2
