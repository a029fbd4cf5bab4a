"""A loss made by lossops.define has all that ours have: the suites of the table run over it."""

import inspect
import math
from collections.abc import Iterator

import pytest
import torch

import lossops
from tests import (
    test_compile,
    test_determinism,
    test_dtypes,
    test_errors,
    test_forward,
    test_gradients,
    test_hard_inputs,
    test_layouts,
    test_memory,
    test_modules,
    test_registration,
    test_regressions,
    test_torchscript,
    test_transforms,
)
from tests.losses import Bad, Loss
from tests.losses.regression import difference, huber

HUBER = Loss(
    "user_huber", "user_huber", "UserHuberLoss", difference, huber, ignore=True,
    params=({}, {"delta": 0.5}, {"delta": 2.0}),
    kinks=lambda p: (0.0, -p.get("delta", 1.0), p.get("delta", 1.0)),
    bad=(Bad("user_huber: delta must be > 0, got nan", {"delta": math.nan}),),
)  # fmt: skip
TABLE = [HUBER]  # for conftest.py

SUITES = (
    test_compile, test_determinism, test_dtypes, test_errors, test_forward, test_gradients,
    test_hard_inputs, test_layouts, test_memory, test_modules, test_registration,
    test_regressions, test_torchscript, test_transforms,
)  # fmt: skip
OF_OUR_NAMES = {  # they look the loss up in the documentation, or in the namespace lossops
    "test_documented",
    "test_functions_and_modules_are_listed",
    "test_trace",
}

for _suite in SUITES:
    for _name, _test in vars(_suite).items():
        if _name.startswith("test_") and inspect.isfunction(_test) and _name not in OF_OUR_NAMES:
            if "loss" in inspect.signature(_test).parameters:
                assert _name not in globals(), _name
                globals()[_name] = _test


@pytest.fixture(scope="module", autouse=True)
def _defined() -> Iterator[None]:
    """The loss stands where the suites look for it."""
    huber = lossops.define(
        "user_huber",
        "select(abs(input - target) <= delta, 0.5 * square(input - target),"
        " delta * (abs(input - target) - 0.5 * delta))",
        delta=1.0, limits=[("delta", ">", 0)], test_points=[(0.25, 0.0), (0.25, 3.0)],
    )  # fmt: skip
    fused = getattr(
        torch.ops, huber.op._qualified_op_name.split("::")[0]
    )._user_huber_value_and_grad
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lossops.functional, "user_huber", huber, raising=False)
        patch.setattr(lossops.nn, "UserHuberLoss", huber.Module, raising=False)
        patch.setattr(torch.ops.lossops, "user_huber", huber.op, raising=False)
        patch.setattr(torch.ops.lossops, "_user_huber_value_and_grad", fused, raising=False)
        yield
