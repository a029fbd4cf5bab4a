"""What cannot be recorded: each is refused with its line, and with what to write instead."""

import inspect
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import lossops
from lossops._define.record import MAX_PATHS

WEIGHTS = torch.tensor([0.1, 0.9])


def helper(c):
    return math.log(c)


def if_on_elements(x, t):
    if x > t:  # here
        return x - t
    return t - x


def if_on_a_reduction(x, t):
    d = x - t
    if d.abs().max() > 1:  # here
        d = d / 2
    return d.mean()


def while_loop(x, t):
    while x < t:  # here
        x = x + 1
    return x


def python_and(x, t):
    return torch.where(x > 0 and t > 0, x, t)  # here


def chained(x, t):
    return torch.where(0 < x < 1, x, t)  # here


def python_max(x, t):
    return max(x - t, t - x)  # here


def check_of_values(x, t):
    assert (t >= 0).all()  # here
    return (x - t) ** 2


def mean_in_the_middle(x, t):
    x = x - x.mean()  # here
    return (x - t) ** 2


def normalized(x, t):
    loss = (x - t) ** 2
    return loss.sum() / t.sum()  # here


def mean_along_an_axis(x, t):
    return ((x - t) ** 2).mean(dim=1)  # here


def softmax(x, t):
    return -(t * F.log_softmax(x, dim=-1)).sum()  # here


def largest(x, t):
    return x.max() - t  # here


def in_place(x, t):
    d = x - t
    d.abs_()  # here
    return d


def changes_its_argument(x, t):
    x -= t  # here
    return x.abs()


def masked_write(x, t):
    d = (x - t) ** 2
    d[t == 0] = 0  # here
    return d


def part(x, t):
    return (x[:, 0] - t[:, 0]) ** 2  # here


def item(x, t):
    return (x - t) / t.abs().item()  # here


def as_number(x, t):
    return (x - t) * float(t)  # here


def iterated(x, t):
    return sum((a - b) ** 2 for a, b in zip(x, t))  # here  # noqa: B905


def counted(x, t):
    return ((x - t) ** 2).sum() / len(x)  # here


def numel(x, t):
    loss = (x - t) ** 2
    return loss.sum() / (x.numel() - 1)  # here


def numel_of_a_part(x, t, w):
    return (w * (x - t) ** 2).sum() / w.numel()  # here


def numel_by_element(x, t):
    return ((x - t) ** 2 / x.numel()).sum()  # here


def mean_by_numel(x, t):
    return ((x - t) ** 2).mean() / x.numel()  # here


def reshaped(x, t):
    return (x.view(-1) - t) ** 2  # here


def by_size(x, t):
    return (x - t) / x.shape[0]  # here


def by_dtype(x, t):
    if x.dtype == torch.float16:  # here
        x = x * 2
    return x - t


def numpy_function(x, t):
    return np.abs(x - t)  # here


def unknown_operator(x, t):
    return torch.erfinv(x - t)  # here


def sorted_first(x, t):
    return (x.sort().values - t) ** 2  # here


def matrix_product(x, t):
    return x @ t  # here


def random(x, t):
    return (x + torch.rand_like(x) - t) ** 2  # here


def dropout(x, t):
    return F.dropout((x - t) ** 2, 0.1)  # here


def largest_number(x, t):
    return torch.nan_to_num(x) - t  # here


def by_the_batch(x, t):
    return F.kl_div(x, t, reduction="batchmean")  # here


def floor_division(x, t):
    return x // t  # here


def keeps_its_argument(x, t):
    same = x.float()
    same -= t  # here
    return same.abs()


def int_of_elements(x, t):
    return x - t.int()  # here


def rounding(x, t):
    return x - t.long()  # here


def foreign_tensor(x, t):
    return WEIGHTS * (x - t) ** 2  # here


def number_as_int(x, t, k=2):
    for _ in range(k):  # here
        x = x * t
    return x


def number_lost(x, t, c=2.0):
    return (x - t) * helper(c)  # here


def unknown_argument(x, t):
    return torch.add(x, t, out=x)  # here


def own_error(x, t):
    return (x - t).no_such_method()  # here


class Remembers(nn.Module):
    def forward(self, x, t):
        self.last = x - t  # here
        return self.last


class Trains(nn.Module):
    def forward(self, x, t):
        return x - t if self.training else t - x  # here


LINES: list[Callable[..., Any]] = [
    if_on_elements, if_on_a_reduction, while_loop, python_and, chained, python_max,
    check_of_values, mean_in_the_middle, normalized, mean_along_an_axis, softmax, largest, in_place,
    changes_its_argument, masked_write, part, item, as_number, iterated, counted, numel, reshaped,
    numel_of_a_part, numel_by_element, mean_by_numel,
    by_size, by_dtype, numpy_function, unknown_operator, sorted_first, matrix_product, random,
    dropout, largest_number, by_the_batch, floor_division, keeps_its_argument, int_of_elements,
    rounding,
    foreign_tensor, number_as_int, number_lost,
    unknown_argument, own_error, Remembers(), Trains(),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSOPS_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "/nowhere/g++")


def named(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)


@pytest.mark.parametrize("function", LINES, ids=named)
def test_the_line_is_quoted(function: Callable[..., Any]) -> None:
    """The file, the number and the text of the line, with carets under the place, and advice."""
    body = type(function).forward if isinstance(function, nn.Module) else function
    source, first = inspect.getsourcelines(body)
    offset = next(i for i, line in enumerate(source) if "# here" in line)
    with pytest.raises(ValueError, match="cannot record") as caught:
        lossops.native(function)
    told = str(caught.value)
    where = re.search(r"line (\d+) of (\S+), in (\w+):\n    (.*)\n( *\^+)\n  (\w.*)", told)
    assert where is not None, told
    if function is number_lost:  # the multiplication shows it, not the helper
        assert "no longer follows" in told
    assert int(where[1]) == first + offset, told
    assert where[2] == Path(__file__).name
    assert where[4] == source[offset].strip()
    assert "# here" in where[4] and where[5].index("^") >= 4
    assert len(where[6]) > 20


WHOLE: dict[str, tuple[Callable[..., Any], str]] = {
    "nothing": (lambda x, t: None, "returns NoneType, not a tensor"),
    "a pair": (lambda x, t: (x, t), "returns tuple, not a tensor"),
    "a number": (lambda x, t: 3.0, "returns float, not a tensor"),
    "one tensor unused": (lambda x, t: x * 2, "tensor 't' has no influence on the loss"),
    "a condition's gradient": (lambda x, t: (x > t).float(), "its gradient is always 0"),
    "a number alone": (lambda x, t, c=1.0: torch.zeros_like(x) + c, "must depend on the tensors"),
    "any number of arguments": (lambda *x: x[0], r"\*x stands for any number of arguments"),
    "no arguments": (lambda: torch.ones(()), "a function without tensors"),
    "too many ways": (
        lambda x, t, c=1.0: sum((x - t) * (2 if c > i else 3) for i in range(9)),
        f"more than {MAX_PATHS} ways",
    ),
    "a reduction by a number": (
        lambda x, t, c=1.0: (x - t).mean() if c > 0 else (x - t).sum(),
        "the reduction depends on a parameter",
    ),
}


@pytest.mark.parametrize("what", WHOLE)
def test_the_whole_is_refused(what: str) -> None:
    function, message = WHOLE[what]
    with pytest.raises(ValueError, match=f"own: cannot record (the function: )?.*{message}"):
        lossops.native(function, name="own")


def test_reduction_that_is_none_of_ours() -> None:
    def own(x: Tensor, t: Tensor, reduction: str = "mean") -> Tensor:
        loss = (x - t) ** 2
        return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else -loss

    with pytest.raises(ValueError, match="depends on the reduction"):
        lossops.native(own)

    def other(x: Tensor, t: Tensor, reduction: str = "mean") -> Tensor:
        return ((x - t) ** 2).mean()

    with pytest.raises(ValueError, match="reduction='sum', which ends with mean"):
        lossops.native(other)


def test_checks_that_are_no_limits() -> None:
    def own(x: Tensor, t: Tensor, c: float = 1.0) -> Tensor:
        if c == 0:
            raise ValueError("c must not be 0")
        return (x - t) / c

    with pytest.raises(ValueError, match="a check of parameters that is no limit on one of them"):
        lossops.native(own)


def test_arguments_of_native() -> None:
    with pytest.raises(TypeError, match="native: a function or an nn.Module is made native, got"):
        lossops.native(3)  # type: ignore[type-var]
    with pytest.raises(ValueError, match="native: the function has no name; give name="):
        lossops.native(lambda x, t: x - t)
    with pytest.raises(ValueError, match="tensors names z, which the function does not take"):
        lossops.native(lambda x, t: x - t, name="own", tensors=("x", "z"))
    with pytest.raises(ValueError, match="the function takes no number d"):
        lossops.define("own", lambda x, t, c=1.0: (x - t) * c, d=2.0)
    with pytest.raises(ValueError, match="c has no default, and is neither"):
        lossops.native(no_default)

    class NeedsANumber(nn.Module):
        def __init__(self, c: float) -> None:
            super().__init__()

    with pytest.raises(ValueError, match="cannot record what is TorchScript already; give the Pyt"):
        lossops.native(torch.jit.script(own_script), name="own")  # type: ignore[no-untyped-call]
    with pytest.raises(TypeError, match="NeedsANumber has no module without arguments"):
        lossops.native(NeedsANumber)


def own_script(x: Tensor, t: Tensor) -> Tensor:
    return (x - t).abs().mean()


def no_default(x: Tensor, t: Tensor, c: str) -> Tensor:
    return x - t
