"""The table: one row per loss. Every suite runs over every row.

To add a loss, add its row and its reference to the file named like the one that holds its
expression in csrc/losses.
"""

from importlib import import_module

from tests.families import SHAPE, Draw
from tests.families.class_axis import MATRIX, VECTOR
from tests.losses.table import TABLE, Bad, Loss

__all__ = ["BY_OP", "LOSSES", "MATRIX", "SHAPE", "VECTOR", "Bad", "Draw", "Loss"]

for _file in (
    "regression",
    "relative",
    "likelihood",
    "count",
    "density",
    "binary",
    "margin",
    "softmax",
    "noise",
    "ordinal",
    "distillation",
    "sequence",
    "region",
    "box",
    "embedding",
    "signal",
    "preference",
):
    import_module(f"tests.losses.{_file}")

LOSSES = tuple(TABLE)
BY_OP = {loss.op: loss for loss in LOSSES}
