"""All losses in one module, so that a slow compiler runs once for the whole table."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tests.cases import Case, make_case
from tests.losses import BY_OP, LOSSES, Loss

Operands = dict[str, list[Tensor]]

# Every kind of signature, for compilers so slow that the whole table is for the thorough tests.
FEW = tuple(BY_OP[op] for op in (
    "huber", "quantile", "gaussian_nll", "bce_with_logits", "cross_entropy", "rww_cross_entropy",
    "distill_kl", "ctc", "dice", "cosine_embedding"))  # fmt: skip


def bundle_cases(
    rows: int = 4, dtype: torch.dtype = torch.float32, losses: Sequence[Loss] = LOSSES
) -> list[Case]:
    """One case per loss, masked where the loss knows a mask. Shapes agree within the bundle."""
    return [
        make_case(
            loss,
            shape=(rows, 3),
            dtype=dtype,
            seed=rows,
            ignore=loss.ignore and loss.label in loss.operands,
        )
        for loss in losses
    ]


def operands_of(
    cases: Sequence[Case], requires_grad: bool = False, fused: bool = False
) -> Operands:
    """The operands of each loss, by op; as leaves that require a gradient if asked for.

    With ``fused`` only those require one whose gradient the fused op gives.
    """
    out = {}
    for case in cases:
        names = case.loss.family.fused(case) if fused else case.loss.differentiable
        out[case.loss.op] = [
            case.tensors[name].clone().requires_grad_(requires_grad and name in names)
            for name in case.loss.operands
        ]
    return out


def leaves_of(operands: Operands) -> list[Tensor]:
    return [t for tensors in operands.values() for t in tensors if t.requires_grad]


class Bundle(nn.Module):
    """Every loss of the library applied to operands of its own."""

    def __init__(self, cases: Sequence[Case]) -> None:
        super().__init__()
        self.losses = nn.ModuleDict({case.loss.op: case.module() for case in cases})

    def forward(self, operands: Operands) -> dict[str, Tensor]:
        return {op: loss(*operands[op]) for op, loss in self.losses.items()}


def total(losses: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(losses.values())).sum()


def gradients(module: nn.Module, operands: Operands) -> list[Tensor]:
    return list(torch.autograd.grad(total(module(operands)), leaves_of(operands)))
