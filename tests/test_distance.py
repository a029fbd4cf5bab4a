"""triplet_margin_with_distance: composed of the user's distance as torch does, or fused."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import lossops
from lossops.functional import triplet_margin_loss, triplet_margin_with_distance_loss

Distance = Callable[[Tensor, Tensor], Tensor]


class Scaled(nn.Module):
    """A distance that learns."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((5,), 1.5, dtype=torch.float64))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return (self.scale * (x - y)).square().sum(-1)


DISTANCES: dict[str, Distance | None] = {
    "none": None,
    "pairwise": nn.PairwiseDistance(p=1, eps=1e-3),
    "keeps its dimension": nn.PairwiseDistance(keepdim=True),
    "cosine": lambda x, y: 1 - torch.cosine_similarity(x, y),
    "a module": Scaled(),
}


def triplet(requires_grad: bool = True) -> tuple[Tensor, ...]:
    g = torch.Generator().manual_seed(3)
    return tuple(
        torch.randn(7, 5, dtype=torch.float64, generator=g).requires_grad_(requires_grad)
        for _ in range(3)
    )


def with_gradients(call: Callable[..., Tensor], distance: Distance | None) -> list[Tensor]:
    operands = triplet()
    leaves = [*operands, *(distance.parameters() if isinstance(distance, nn.Module) else ())]
    value = call(*operands)
    upstream = torch.linspace(1, 2, value.numel(), dtype=value.dtype).view(value.shape)
    return [value.detach(), *torch.autograd.grad(value, leaves, upstream)]


@pytest.mark.parametrize("distance", DISTANCES.values(), ids=DISTANCES)
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_as_torch(distance: Distance | None, swap: bool, reduction: str) -> None:
    given: dict[str, Any] = {"distance_function": distance, "margin": 2.0, "swap": swap,
                             "reduction": reduction}  # fmt: skip
    theirs = nn.TripletMarginWithDistanceLoss(**given)
    expected = with_gradients(theirs, distance)
    moved = lossops.from_torch(theirs)
    assert type(moved) is lossops.nn.TripletMarginWithDistanceLoss
    assert moved.state_dict().keys() == theirs.state_dict().keys()
    for ours in (
        lambda *x: triplet_margin_with_distance_loss(*x, **given),
        lossops.nn.TripletMarginWithDistanceLoss(**given),
        moved,
    ):
        torch.testing.assert_close(with_gradients(ours, distance), expected)


def test_pairwise_distances_are_fused() -> None:
    x = triplet()
    value = triplet_margin_with_distance_loss(*x, distance_function=nn.PairwiseDistance(3.0))
    assert value.grad_fn is not None and "triplet_margin" in value.grad_fn.name()
    assert torch.equal(value, triplet_margin_loss(*x, p=3.0))


def test_weight_and_normalizer() -> None:
    x, w = triplet(), torch.arange(7, dtype=torch.float64)
    distance = DISTANCES["cosine"]
    each = triplet_margin_with_distance_loss(*x, distance_function=distance, reduction="none")
    value = triplet_margin_with_distance_loss(
        *x, distance_function=distance, weight=w, normalizer=3
    )
    torch.testing.assert_close(value, (w * each).sum() / 3)


def test_compiles() -> None:
    def call(*x: Tensor) -> Tensor:
        return triplet_margin_with_distance_loss(*x, distance_function=DISTANCES["cosine"])

    compiled = torch.compile(call, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(with_gradients(compiled, None), with_gradients(call, None))


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"margin": 0.0}, ValueError, "margin must be > 0, got 0"),
        ({"reduction": "all"}, ValueError, "reduction must be 'none', 'mean' or 'sum', got 'all'"),
    ],
)
@pytest.mark.parametrize("distance", DISTANCES.values(), ids=DISTANCES)
def test_mistakes(
    distance: Distance | None, given: dict[str, Any], error: type[Exception], match: str
) -> None:
    for function in (
        triplet_margin_with_distance_loss,
        nn.functional.triplet_margin_with_distance_loss,
    ):
        with pytest.raises(error, match=match if function.__module__.startswith("loss") else None):
            function(*triplet(), distance_function=distance, **given)


def test_other_dimensions() -> None:
    a, p, n = triplet()
    with pytest.raises(RuntimeError, match="as many dimensions, got 2, 2 and 1"):
        triplet_margin_with_distance_loss(a, p, n[0])
