"""What devices other than the CPU run, on the CPU: only in the library of tests/emulated.py."""

from typing import Any

import pytest
import torch

from lossops.weights import count_labels

emulated: Any = torch.ops.lossops_emulated
pytestmark = pytest.mark.skipif(
    not hasattr(emulated, "count_labels"), reason="not the emulated library"
)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("l1", "l2"), [(0.3, 0.0), (0.0, 0.7), (0.3, 0.7), (0.0, 0.0)])
def test_penalty(l1: float, l2: float, dtype: torch.dtype) -> None:
    params = [torch.randn(shape).to(dtype) for shape in [(), (0,), (5,), (300, 101)]]
    params.append(torch.full((3,), 300.0, dtype=dtype))
    found = emulated.elastic_net_penalty(params, l1, l2)
    torch.testing.assert_close(found, torch.ops.lossops.elastic_net_penalty(params, l1, l2))


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.int8, torch.uint16, torch.int32, torch.int64, torch.uint64]
)
@pytest.mark.parametrize("num_classes", [None, 7, 10])
@pytest.mark.parametrize("ignore_index", [None, 3, -100])
def test_count(dtype: torch.dtype, num_classes: int | None, ignore_index: int | None) -> None:
    labels = torch.randint(7, (5, 40)).to(dtype)[:, ::2]
    found = emulated.count_labels(labels, num_classes, ignore_index)
    assert torch.equal(found, count_labels(labels, num_classes, ignore_index))


def test_count_of_strangers() -> None:
    """The CPU's kernel then finds the words."""
    for labels, classes in ([-1, 2], None), ([0, 5], 5), ([2**40], None), ([-100], None):
        assert emulated.count_labels(torch.tensor(labels), classes) is None
    assert emulated.count_labels(torch.tensor([1, -100]), None, -100).tolist() == [0, 1]
    assert emulated.count_labels(torch.tensor([-100]), 2, -100).tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(1,), (17,), (3, 1001)])
def test_scale(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    grad = torch.randn(shape).to(dtype)
    expected = (grad.float() * 3 / 7).to(dtype)
    emulated.scale(grad, torch.tensor(3.0), torch.tensor(7.0).double())
    torch.testing.assert_close(grad, expected)
