"""What every module shares."""

from torch import nn


class Loss(nn.Module):
    """A loss with a reduction; ``__constants__`` names the settings, for TorchScript and repr."""

    __constants__ = ["reduction"]
    reduction: str

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def extra_repr(self) -> str:
        """The settings, as the constructor names them."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__constants__)
