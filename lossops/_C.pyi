"""The native library. Importing it registers torch.ops.lossops."""

from collections.abc import Callable
from typing import Any

def caller(op: str) -> Callable[..., Any]: ...
