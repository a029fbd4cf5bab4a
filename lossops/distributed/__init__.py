"""Losses whose classes, batch or model are spread over many machines, on torch.distributed.

Functions of local tensors are here. Losses and penalties of DTensors need none of them: they are
the functions of :mod:`lossops.functional`, which find out by themselves.
"""

from .contrast import contrast_across_ranks
from .regions import regions_across_ranks
from .sharded import class_sharded

__all__ = ["class_sharded", "contrast_across_ranks", "regions_across_ranks"]
