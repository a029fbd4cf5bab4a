"""Memory: what is allocated, what is saved, what is shared with the user."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks
from torch.profiler import ProfilerActivity, profile
from torch.utils.checkpoint import checkpoint

from tests.cases import Case, make_case
from tests.losses import LOSSES, Loss

COUNT = 1 << 18  # of the numbers that Family.large holds
ROWS = COUNT // 4


def peak_bytes(call: Callable[[], object]) -> int:
    """The most CPU memory that `call` held at once, from torch's own allocator events."""
    call()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        kept = call()
    held = peak = 0
    for event in recorded.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    del kept
    return peak


def large(loss: Loss, dtype: torch.dtype = torch.float32, **options: object) -> Case:
    return make_case(loss, shape=loss.family.large, dtype=dtype, **options)


def first_leaf(case: Case) -> tuple[str, Tensor]:
    name = case.loss.differentiable[0]
    return name, case.leaves((name,))[0]


def test_profiler_sees_allocations() -> None:
    """The instrument itself: one tensor is seen as one tensor."""
    x = torch.rand(COUNT)
    assert 4 * COUNT <= peak_bytes(lambda: x + 1) < 5 * COUNT
    assert peak_bytes(lambda: (x + 1) * 2 + 3) >= 8 * COUNT


def test_mean_makes_no_elementwise_temporary(loss: Loss) -> None:
    """Without gradients a reduced loss allocates next to nothing, however large the operands."""
    case = large(loss, weight="row", ignore=loss.ignore)
    if loss.op == "quantile":
        case = large(loss)
    assert peak_bytes(case.ours) < 0.25 * COUNT


def test_training_step_holds_one_gradient(loss: Loss) -> None:
    """Forward and backward together hold one tensor: the gradient that the user gets."""
    case = large(loss)
    name, leaf = first_leaf(case)

    def step() -> Tensor:
        return torch.autograd.grad(case.ours(**{name: leaf}), leaf)[0]

    assert peak_bytes(step) < 1.25 * 4 * COUNT


def test_bfloat16_step_never_holds_float32(loss: Loss) -> None:
    """Low precision in, under autocast or not: no float32 copy of an operand exists."""
    case = large(loss, torch.bfloat16)
    name, leaf = first_leaf(case)

    def step() -> Tensor:
        return torch.autograd.grad(case.ours(**{name: leaf}), leaf)[0]

    def autocast_step() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return step()

    assert peak_bytes(step) < 1.25 * 2 * COUNT
    assert peak_bytes(autocast_step) < 1.25 * 2 * COUNT


def test_saved_tensors(loss: Loss) -> None:
    """What is kept for backward: operands themselves and the kept gradients, in their dtype."""
    case = large(loss, torch.bfloat16)
    name, leaf = first_leaf(case)
    saved: list[Tensor] = []
    with saved_tensors_hooks(lambda t: saved.append(t) or t, lambda t: t):
        value = case.ours(**{name: leaf})
    values = [t for t in saved if t.is_floating_point()]
    assert all(t.dtype == torch.bfloat16 for t in values if t.numel() >= ROWS)
    pointers = {leaf.data_ptr()} | {t.data_ptr() for t in case.tensors.values()}
    fresh = [t for t in saved if t.numel() >= ROWS and t.data_ptr() not in pointers]
    assert sum(t.numel() for t in fresh) <= COUNT
    value.backward()


def test_backward_releases_the_node(loss: Loss) -> None:
    """After backward nothing of the graph's memory is held by the loss value."""
    case = large(loss)
    name, leaf = first_leaf(case)
    values = []

    def step() -> None:
        value = case.ours(**{name: leaf})
        value.backward()
        leaf.grad = None
        values.append(value)

    step()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        step()
    events = recorded.profiler.kineto_results.events()
    assert sum(e.nbytes() for e in events if e.name() == "[memory]") < COUNT


def test_checkpoint(loss: Loss) -> None:
    case = make_case(loss)
    names = loss.differentiable
    for reentrant in (False, True):
        leaves = case.leaves(names)
        value = checkpoint(case.over(names), *leaves, use_reentrant=reentrant)
        gradients = torch.autograd.grad(value, leaves) if not reentrant else None
        if gradients is None:
            value.backward()
            gradients = tuple(leaf.grad for leaf in leaves)
        for actual, expected in zip(gradients, case.gradients(names=names), strict=True):
            assert torch.equal(actual, expected)


def test_save_on_cpu(loss: Loss, device: str) -> None:
    """Saved tensors may be moved away and back, first and second order alike."""
    case = make_case(loss, device=device)
    names = loss.differentiable
    leaves = case.leaves(names)
    with save_on_cpu():
        first = torch.autograd.grad(case.over(names)(*leaves), leaves, create_graph=True)
    for actual, expected in zip(first, case.gradients(case.expected, names), strict=True):
        torch.testing.assert_close(actual.detach(), expected)


def test_saved_tensor_hooks_may_change_what_is_saved(loss: Loss) -> None:
    """What the hook returns is what backward uses, and is the hook's own: it stays as it was."""
    case = make_case(loss)
    names = loss.differentiable
    leaves = case.leaves(names)
    kept: list[Tensor] = []

    def pack(t: Tensor) -> Tensor:
        kept.append(t.detach().clone())
        return kept[-1]

    with saved_tensors_hooks(pack, lambda t: t):
        value = case.over(names)(*leaves)
    copies = [t.clone() for t in kept]
    gradients = torch.autograd.grad(value * 3, leaves)
    assert kept and all(torch.equal(a, b) for a, b in zip(kept, copies, strict=True))
    for actual, expected in zip(gradients, case.gradients(names=names), strict=True):
        torch.testing.assert_close(actual, 3 * expected)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_gradients_share_no_memory(loss: Loss, reduction: str) -> None:
    """A returned gradient is the user's own: no operand, no other gradient, no kept one."""
    case = make_case(loss, reduction=reduction, weight="full")
    names = case.differentiable
    leaves = case.leaves(names)
    value = case.over(names)(*leaves)
    upstream = torch.ones_like(value)
    first = torch.autograd.grad(value, leaves, upstream, retain_graph=True)
    kept = [g.clone() for g in first]
    pointers = [t.untyped_storage().data_ptr() for t in (*first, *leaves, upstream)]
    assert len(set(pointers)) == len(pointers)
    for g in first:
        g.fill_(-1e9)
    second = torch.autograd.grad(value, leaves, upstream)
    for a, b in zip(kept, second, strict=True):
        assert torch.equal(a, b)


def test_threads_share_a_graph() -> None:
    """Two Python threads run backward through one retained graph and agree."""
    import threading

    case = make_case(LOSSES[0], shape=(1000, 3))
    names = case.loss.differentiable
    leaves = case.leaves(names)
    value = case.over(names)(*leaves)
    expected = torch.autograd.grad(value, leaves, retain_graph=True)
    wrong: list[int] = []

    def work() -> None:
        for i in range(50):
            got = torch.autograd.grad(value, leaves, retain_graph=True)
            if not all(torch.equal(a, b) for a, b in zip(got, expected, strict=True)):
                wrong.append(i)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
