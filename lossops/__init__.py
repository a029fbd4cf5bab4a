"""Loss functions for PyTorch, each a native operator generated from one expression.

``lossops.functional`` holds the functions, under the names of ``torch.nn.functional`` where that
has the loss; ``lossops.nn`` holds the modules; ``torch.ops.lossops`` holds the operators
themselves. ``lossops.native`` makes a loss of one's own from a function or module of torch
operators, ``lossops.define`` from an expression. ``lossops.weights`` counts labels and weighs
classes; ``lossops.monitor`` watches losses in training.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from ._build import check_processor as _check_processor
from ._build import check_torch as _check_torch
from ._build import recorded_build as _recorded_build

build_info = _recorded_build()
_check_torch(build_info)
_check_processor(build_info)

from . import _C as _C  # noqa: E402, I001  Loads the library, which registers torch.ops.lossops.
from . import _transforms as _transforms  # noqa: E402
from . import cpp_extension, functional, nn  # noqa: E402
from ._define import DefinedLoss, define, define_class, define_sums, native  # noqa: E402
from .accumulation import global_normalizer  # noqa: E402
from .cpp_extension import cmake_prefix_path  # noqa: E402
from .decoding import ctc_align, ctc_decode  # noqa: E402
from .log_probabilities import selective_log_softmax, softmax_entropy  # noqa: E402
from .migration import from_torch  # noqa: E402
from .mining import hard_mining  # noqa: E402
from .penalties import elastic_net_penalty, l1_penalty, l2_penalty, select_parameters  # noqa: E402

if TYPE_CHECKING:
    from . import distributed, monitor, weights

__version__ = "0.2.0"
__all__ = [
    "DefinedLoss",
    "__version__",
    "build_info",
    "cmake_prefix_path",
    "cpp_extension",
    "ctc_align",
    "ctc_decode",
    "define",
    "define_class",
    "define_sums",
    "distributed",
    "elastic_net_penalty",
    "from_torch",
    "functional",
    "global_normalizer",
    "hard_mining",
    "l1_penalty",
    "l2_penalty",
    "monitor",
    "native",
    "nn",
    "select_parameters",
    "selective_log_softmax",
    "softmax_entropy",
    "weights",
]


def __getattr__(name: str) -> object:
    """Import ``distributed``, ``monitor`` or ``weights`` when it is first used."""
    if name in ("distributed", "monitor", "weights"):
        return _import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
