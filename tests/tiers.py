"""What `make test-all` has beyond `make test`."""

from typing import Any

import pytest


def thorough(*values: Any, id: str | None = None) -> list[Any]:
    """Values of a parameter that mostly repeat what others show."""
    return [pytest.param(value, marks=pytest.mark.slow, id=id) for value in values]
