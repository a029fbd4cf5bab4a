"""What ranks tell each other of a call before they make it, so that a mistake is one of them all.

A collective whose tensors disagree hangs, or ends the process; so does one that a rank does not
come to because its own arguments are refused.
"""

import inspect
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from .._ranks import device_for
from ._collectives import Ranks

WIDTH = 16  # numbers of eight bytes from each rank, whatever the call
_REFUSED = -1

Numbers = dict[str, int]


def agree(ranks: Ranks, owner: str, describe: Callable[[], tuple[str, Numbers]]) -> list[Numbers]:
    """The numbers of every rank, which all call this.

    Args:
        ranks: The ranks.
        owner: Who asks, for messages.
        describe: What has to be the same on all ranks in words, and numbers. All of these but the
            ones named ``own_...`` have to be the same too. It may refuse the call.

    Raises:
        ValueError: Something is not the same; on all of the ranks.
        RuntimeError: Another rank refuses the call, with an error of its own.
    """
    try:
        call, numbers = describe()
    except Exception:
        _tell(ranks, [_REFUSED])
        raise
    names = list(numbers)
    key = zlib.crc32(f"{owner} {call} {names}".encode())
    table = _tell(ranks, [key, *numbers.values()])
    keys = [row[0] for row in table]
    if refusing := [rank for rank, k in enumerate(keys) if k == _REFUSED]:
        raise RuntimeError(f"{owner}: refused on ranks {refusing}, whose errors say why")
    if others := [rank for rank, k in enumerate(keys) if k != keys[0]]:
        raise ValueError(
            f"{owner}: the call must be the same on all ranks but for sizes, and is another on "
            f"ranks {others} than on rank 0; on rank {ranks.rank} it is {call}"
        )
    rows = [dict(zip(names, row[1:], strict=False)) for row in table]
    for name in names:
        found = [row[name] for row in rows]
        if not name.startswith("own_") and len(set(found)) > 1:
            raise ValueError(f"{owner}: {name} must be the same on all ranks, got {found}")
    return rows


def _tell(ranks: Ranks, row: list[int]) -> list[list[int]]:
    assert len(row) <= WIDTH
    own = torch.tensor(row + [0] * (WIDTH - len(row)), device=device_for(None, ranks.group))
    table: list[list[int]] = ranks.gather(own).view(ranks.size, WIDTH).tolist()
    return table


def arguments_of(
    function: Callable[..., Tensor], args: tuple[Any, ...], keywords: dict[str, Any]
) -> dict[str, Any]:
    """Those of a call, by name, with defaults.

    Raises:
        TypeError: They do not fit the function, or there is a DTensor among them.
    """
    bound = inspect.signature(function).bind(*args, **keywords)
    bound.apply_defaults()
    for name, value in bound.arguments.items():
        if isinstance(value, Tensor) and hasattr(value, "device_mesh"):
            raise TypeError(
                f"{function.__name__}: {name} must be this rank's part as a plain tensor, got a "
                "DTensor, of which the function itself is that of all ranks"
            )
    return dict(bound.arguments)


def in_words(arguments: Mapping[str, Any]) -> str:
    """What of arguments does not depend on how much of the data a rank has."""
    return ", ".join(f"{name}={_shown(value)}" for name, value in arguments.items())


def _shown(value: object) -> str:
    if not isinstance(value, Tensor):
        return repr(value)
    return f"{value.dim()}-d {str(value.dtype).removeprefix('torch.')}"


def on_meta(value: Any) -> Any:  # noqa: ANN401
    """A tensor without data, to see whether a call takes it; all else as it is."""
    if not isinstance(value, Tensor):
        return value
    return torch.empty(value.shape, dtype=value.dtype, device="meta")


def checksum(t: Tensor) -> int:
    """A number that differs for other integers, more or fewer of them, or another order."""
    numbers = t.detach().reshape(-1).long()
    places = torch.arange(1, len(numbers) + 1, device=t.device)
    return int(((numbers + 1) * places).sum().item())
