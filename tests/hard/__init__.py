"""The hard inputs of the catalogue: what each must give, worked out by hand from the formulas."""

from tests.hard.case import Hard
from tests.hard.classes import CLASSES
from tests.hard.elements import (
    BINARY,
    DENSE,
    FOCAL,
    MARGINS,
    REGRESSION,
    RELATIVE,
    ROBUST,
    TARGETS,
)
from tests.hard.likelihoods import COUNTS, LIKELIHOODS
from tests.hard.sequences import SEQUENCES
from tests.hard.sums import BOXES, REGIONS, VECTORS

HARD: list[Hard] = [
    *FOCAL, *DENSE, *BINARY, *TARGETS, *REGRESSION, *ROBUST, *RELATIVE, *COUNTS, *LIKELIHOODS,
    *MARGINS, *CLASSES, *SEQUENCES, *VECTORS, *REGIONS, *BOXES,
]  # fmt: skip
