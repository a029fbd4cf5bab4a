"""What is particular to preference losses; the table's suites have the rest."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops
import lossops.functional as F
from tests.cases import WORDS
from tests.losses import BY_OP

pytestmark = [pytest.mark.usefixtures("on_device"),
              pytest.mark.filterwarnings("ignore:.*torch.jit.* is")]  # fmt: skip
NAMES = ("chosen_logps", "rejected_logps", "ref_chosen_logps", "ref_rejected_logps")


def pairs(*shape: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    with torch.device("cpu"):
        drawn = -5 * torch.rand((4, *shape), generator=generator, dtype=torch.float64)
    return dict(zip(NAMES, drawn.to(torch.get_default_device()), strict=True))


@pytest.mark.parametrize("loss_type", WORDS["loss_type"])
def test_without_a_reference(loss_type: str, device: str) -> None:
    """It counts as 0, for each of the two."""
    given = pairs(5)
    rest: dict[str, Any] = {"loss_type": loss_type, "label_smoothing": 0.1, "beta": 0.7}
    for missing in (NAMES[2:], NAMES[2:3], NAMES[3:]):
        some = {name: t for name, t in given.items() if name not in missing}
        zeros = {name: torch.zeros(5, dtype=torch.float64) for name in missing}
        leaf = given["chosen_logps"].clone().requires_grad_()
        some["chosen_logps"] = leaf
        expected = F.dpo_loss(**some, **zeros, **rest)
        loss = F.dpo_loss(**some, **rest)
        torch.testing.assert_close(loss, expected)
        torch.testing.assert_close(
            torch.autograd.grad(loss, leaf, create_graph=True),
            torch.autograd.grad(expected, leaf, create_graph=True),
        )


@pytest.mark.parametrize("kind", ["aot", "aot_unpaired"])
@pytest.mark.parametrize("missing", [(), NAMES[2:], NAMES[2:3], NAMES[3:]], ids=str)
def test_sorted_differences(kind: str, missing: tuple[str, ...], device: str) -> None:
    given = pairs(7)
    given |= {name: torch.zeros(7, dtype=torch.float64) for name in missing}
    some = {name: t for name, t in given.items() if name not in missing}
    c, r, ref_c, ref_r = given.values()
    ahead, behind = (c - r, ref_c - ref_r) if kind == "aot" else (c - ref_c, r - ref_r)
    h = 0.3 * (ahead.sort()[0] - behind.sort()[0])
    expected = 0.9 * torch.nn.functional.softplus(-h) + 0.1 * torch.nn.functional.softplus(h)
    rest: dict[str, Any] = {"loss_type": kind, "beta": 0.3, "label_smoothing": 0.1}
    torch.testing.assert_close(F.dpo_loss(**some, **rest, reduction="none"), expected)
    module = lossops.nn.DPOLoss(**rest)
    torch.testing.assert_close(module(**some), expected.mean())
    args = [some.get(name) for name in NAMES]
    torch.testing.assert_close(torch.jit.script(module)(*args), expected.mean())
    shaped = {name: t[:6].view(2, 3) for name, t in some.items()}
    flat = {name: t[:6] for name, t in some.items()}
    torch.testing.assert_close(
        F.dpo_loss(**shaped, **rest, reduction="none").flatten(),
        F.dpo_loss(**flat, **rest, reduction="none"),
    )


@pytest.mark.parametrize("kind", ["aot", "aot_unpaired", "sigmoid"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_sorted_is_checked_first(kind: str, name: str) -> None:
    """It broadcast, and what was no tensor met an error of torch."""
    given: dict[str, Any] = pairs(4)
    if name != "chosen_logps":
        with pytest.raises(RuntimeError, match=f"^dpo: chosen_logps and {name} must have the same"):
            F.dpo_loss(**{**given, name: torch.zeros(1)}, loss_type=kind)
    with pytest.raises(TypeError, match=f"^dpo: {name} must be a tensor.*, got list"):
        F.dpo_loss(**{**given, name: [0.0]}, loss_type=kind)
    if not name.startswith("ref"):
        with pytest.raises(TypeError, match=f"^dpo: {name} must be a tensor, got None"):
            F.dpo_loss(**{**given, name: None}, loss_type=kind)


def test_unknown_types() -> None:
    """By name, in TorchScript too, and as the operator's number."""
    given = pairs(3)
    words = r"dpo: loss_type must be 'sigmoid', .* or 'aot_unpaired', got 'dpo'"
    with pytest.raises(ValueError, match=words):
        F.dpo_loss(**given, loss_type="dpo")
    with pytest.raises(torch.jit.Error, match=words):
        torch.jit.script(lossops.nn.DPOLoss(loss_type="dpo"))(*given.values())
    for number in (-1, 12):
        with pytest.raises(RuntimeError, match=f"dpo: loss_type must be .*, got {number}"):
            torch.ops.lossops.dpo(**given, loss_type=number)
    exo = WORDS["loss_type"].index("exo_pair")
    with pytest.raises(RuntimeError, match="dpo: exo_pair needs label_smoothing > 0, got 0"):
        torch.ops.lossops.dpo(**given, loss_type=exo)


def test_odds_where_a_probability_is_one(device: str) -> None:
    """Where the odds are beyond any number the loss is 0, with the limit of its gradient."""
    chosen = torch.tensor([0.0, -1e-8, -1e-30, 1e-7, 0.0], requires_grad=True)
    rejected = torch.tensor([-1.0, -1.0, -1.0, -1.0, 0.0], requires_grad=True)
    loss = F.orpo_loss(chosen, rejected, beta=1.0, reduction="none")
    rest = 1 - math.exp(-1)
    ratio = [0.0, 1e-8 * math.exp(-1) / rest, 1e-30 * math.exp(-1) / rest, 0.0]
    torch.testing.assert_close(
        loss.detach(), torch.tensor([*ratio, math.log(2)]), rtol=2e-6, atol=0
    )
    by_c, by_r = torch.autograd.grad(loss.sum(), (chosen, rejected))
    limit = -math.exp(-1) / rest
    torch.testing.assert_close(by_c, torch.tensor([limit] * 4 + [0.0]), rtol=2e-6, atol=0)
    torch.testing.assert_close(
        by_r, torch.tensor([*(x / rest for x in ratio), 0.0]), rtol=2e-6, atol=0
    )


def test_odds_where_a_probability_is_zero(device: str) -> None:
    chosen = torch.tensor([-math.inf, -1.0, -300.0], requires_grad=True)
    rejected = torch.tensor([-1.0, -math.inf, -200.0], requires_grad=True)
    loss = F.orpo_loss(chosen, rejected, beta=1.0, reduction="none")
    torch.testing.assert_close(loss.detach(), torch.tensor([math.inf, 0.0, 100.0]))
    by_c, by_r = torch.autograd.grad(loss.sum(), (chosen, rejected))
    torch.testing.assert_close(by_c, torch.tensor([-1.0, 0.0, -1.0]))
    torch.testing.assert_close(by_r, torch.tensor([1 / (1 - math.exp(-1)), 0.0, 1.0]))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_log_ratios_of_any_size(sign: float, device: str) -> None:
    """float32 against float64 where exponentials overflow and probabilities round to 0 or 1."""
    h = sign * torch.tensor([0.0, 0.5, 1.0, 5.0, 15.0, 100.0, 1e4])
    formula = BY_OP["dpo"].formula
    behind, none = -0.5 * h, torch.zeros_like(h).double()
    for loss_type in WORDS["loss_type"]:
        rest: dict[str, Any] = {"beta": 1.0, "loss_type": loss_type, "label_smoothing": 0.1}
        leaf = h.clone().requires_grad_()
        loss = F.dpo_loss(leaf, behind, **rest, reduction="none")
        (slope,) = torch.autograd.grad(loss.sum(), leaf)
        wide = h.double().requires_grad_()
        exact = formula(wide, behind.double(), none, none, **rest)
        (truth,) = torch.autograd.grad(exact.sum(), wide)
        for got, expected in ((loss.detach(), exact.detach()), (slope, truth)):
            known = expected.isfinite()  # which the formula is not everywhere
            torch.testing.assert_close(got.double()[known], expected[known], rtol=1e-5, atol=1e-30)
            assert got.isfinite().all()


def test_reference_point_is_a_constant(device: str) -> None:
    """A number or a tensor, for all answers or each; below 0 it is 0."""
    logps, ref = pairs(4)["chosen_logps"].requires_grad_(), pairs(4)["rejected_logps"]
    target = torch.tensor([True, False, True, False])
    for kl in (0.3, torch.tensor(0.3), torch.full((4,), 0.3, dtype=torch.float64)):
        loss = F.kto_loss(logps, ref, target, kl)
        torch.testing.assert_close(loss, F.kto_loss(logps - 0.3, ref, target))
    assert F.kto_loss(logps, ref, target, -1.0) == F.kto_loss(logps, ref, target, 0)
    estimate = (logps - ref).mean()
    (slope,) = torch.autograd.grad(F.kto_loss(logps, ref, target, estimate), logps)
    (expected,) = torch.autograd.grad(F.kto_loss(logps, ref, target, estimate.detach()), logps)
    assert torch.equal(slope, expected)
