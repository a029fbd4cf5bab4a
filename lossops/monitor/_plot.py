"""Pictures, with matplotlib where it is installed and without any state of it."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Path = str | os.PathLike[str]
BLUE, ORANGE, GRAY = "#1f5fa8", "#d4691e", "#8a8a8a"


def new_figure(caller: str, width: float, height: float) -> "Figure":
    """A figure of its own: no window, no backend, nothing that pyplot knows of."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(f"{caller} needs matplotlib: pip install matplotlib") from None
    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def plain(axes: "Axes") -> "Axes":
    """The axes with a light grid and no frame above and to the right."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    return axes
