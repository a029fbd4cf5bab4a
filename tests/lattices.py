"""What tests of losses over a lattice share: operators by keywords, sequences of all lengths."""

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

NONE, MEAN, SUM = 0, 1, 2
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def ctc(
    log_probs: Tensor, targets: Tensor, lengths: Any, counts: Any, *, blank: int = 0,
    zero_infinity: bool = False, from_logits: bool = False, weight: Tensor | None = None,
    normalizer: Tensor | None = None, reduction: int = MEAN,
) -> Tensor:  # fmt: skip
    return torch.ops.lossops.ctc(
        log_probs, targets, torch.as_tensor(lengths), torch.as_tensor(counts), blank,
        zero_infinity, from_logits, weight, None, normalizer, reduction,
    )  # fmt: skip


def rnnt(
    logits: Tensor, targets: Tensor, lengths: Any, counts: Any, *, blank: int = -1,
    clamp: float = -1, fused: bool = True, fastemit: float = 0.0, monotonic: bool = False,
    weight: Tensor | None = None, reduction: int = MEAN,
) -> Tensor:  # fmt: skip
    return torch.ops.lossops.rnnt(
        logits, targets, torch.as_tensor(lengths), torch.as_tensor(counts), blank, clamp, fused,
        fastemit, monotonic, weight, None, None, reduction,
    )  # fmt: skip


def value_and_grad(f: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    value = f(x)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    return value.detach(), gradient


def batch(T: int = 20, N: int = 4, C: int = 7, S: int = 6, blank: int = 0, seed: int = 0) -> Any:
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(T, N, C, dtype=torch.float64, generator=g)
    targets = torch.randint(0, C - 1, (N, S), generator=g)
    counts = torch.randint(0, S + 1, (N,), generator=g)
    lengths = torch.randint(min(2 * S + 1, T), T + 1, (N,), generator=g)
    return x, targets + (targets >= blank), lengths, counts


def cells(B: int = 3, T: int = 5, U: int = 3, D: int = 6, blank: int = 5, seed: int = 0) -> Any:
    g = torch.Generator().manual_seed(seed)
    z = torch.randn(B, T, U + 1, D, dtype=torch.float64, generator=g)
    targets = torch.randint(0, D - 1, (B, U), generator=g)
    lengths = torch.randint(max(1, T // 2), T + 1, (B,), generator=g)
    counts = torch.randint(0, U + 1, (B,), generator=g)
    return z, targets + (targets >= blank), lengths, counts


def paths(labels: list[int], T: int, C: int, blank: int) -> Iterator[tuple[int, ...]]:
    """All sequences of T classes that are read as these labels."""
    for path in itertools.product(range(C), repeat=T):
        if [c for c, _ in itertools.groupby(path) if c != blank] == labels:
            yield path
