"""The library under sanitizers: `python -m tests.sanitize` builds it, draws cases, runs them.

The cases are calls of every row of the table, written to files that tests/cpp/replay.cpp reads.
"""

import itertools
import math
import os
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.cases import Case, make_case
from tests.cpp_library import ROOT, TORCH, cmake
from tests.hard import HARD
from tests.losses import BY_OP, LOSSES, Loss
from tests.mistakes import mistaken, mistakes_of
from tests.test_layouts import LAYOUTS, filler

SANITIZERS = "address,undefined,float-cast-overflow"
BUILD = ROOT / "build" / "sanitize"
ISAS = ("default", "avx2", "avx512") if platform.machine() == "x86_64" else ("default",)
ISAS = ISAS[: 1 + ISAS.index(torch.backends.cpu.get_cpu_capability().lower())]  # what runs here

RETURNS, RAISES, EITHER = range(3)  # what must come of a call, as in replay.cpp
OUTCOMES = {True: RETURNS, False: RAISES, None: EITHER}
SCALAR_TYPES = (
    5,
    6,
    7,
    15,
)  # the codes of float16, float32, float64 and bfloat16 at the op boundary

FLOATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
INTEGERS = (torch.int8, torch.uint8, torch.int16, torch.uint16, torch.int32, torch.uint32,
            torch.int64, torch.uint64)  # fmt: skip
LARGE = 1000  # elements from which on a shape gets fewer variations
TWICE = 5  # one case in so many is differentiated twice, which mostly runs torch's operators


def at_the_end(t: Tensor) -> Tensor:
    """Rows of a wider matrix, with nothing behind the last."""
    big = filler(t, (*t.shape[:-1], t.size(-1) + 3))
    big[..., 3:] = t
    return big[..., 3:]


def stepped_to_the_end(t: Tensor) -> Tensor:
    big = filler(t, (*t.shape[:-1], 2 * t.size(-1)))
    big[..., 1::2] = t
    return big[..., 1::2]


ALL_LAYOUTS = {**LAYOUTS, "at the end": at_the_end, "stepped to the end": stepped_to_the_end}


@dataclass(frozen=True)
class Drawn:
    """A case and what must come of it; `settings` are arguments that Case does not know."""

    what: str
    case: Case
    outcome: int = RETURNS
    settings: tuple[tuple[str, Any], ...] = ()

    def record(self, twice: bool) -> tuple[Any, ...]:
        """What replay.cpp reads; `twice` asks for second derivatives."""
        case = self.case
        schema = getattr(torch.ops.lossops, case.loss.op).default._schema
        names = [a.name for a in schema.arguments]
        values = dict(zip(names, case.op_args(), strict=True)) | dict(self.settings)
        tensors = {n: v for n, v in values.items() if isinstance(v, Tensor)}
        wanted = [names.index(name) for name in case.differentiable
                  if name in tensors and tensors[name].is_floating_point()]  # fmt: skip
        shapes = {n: described(t) for n, t in tensors.items()}
        others = {n: v for n, v in values.items() if n not in tensors}
        input = next(iter(tensors.values()))
        label = f"{case.loss.op}, {self.what}: {shapes} {others}"
        arguments = tuple(portable(v) for v in values.values())
        twice = twice and input.numel() <= LARGE
        return label, case.loss.op, arguments, wanted, self.outcome, twice


def described(t: Tensor) -> str:
    strides = f"strides {t.stride()}" if t.layout == torch.strided else t.layout
    return f"{t.device.type} {str(t.dtype)[6:]} {tuple(t.shape)} {strides}"


def portable(value: Any) -> Any:
    """A tensor that the file format lacks, as its kind and one to make it from."""
    if not isinstance(value, Tensor):
        return value
    signed = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}
    if value.dtype in signed:
        return str(value.dtype)[6:], value.view(signed[value.dtype])
    if value.layout == torch.strided and not value.is_meta:
        return value
    kind = "meta" if value.is_meta else "csr" if value.layout == torch.sparse_csr else "sparse"
    return kind, torch.ones(value.shape, dtype=value.dtype)


def shapes_of(loss: Loss, params: dict[str, Any]) -> list[tuple[int, ...]]:
    """The shapes that the row takes with these parameters."""
    shapes = loss.family.shapes(loss, params)
    shapes = [s for s in shapes if len(s) > 1 or "dim" not in params or params["dim"] == 0]
    folded = dict.fromkeys(loss.family.fit(shape) for shape in shapes)
    return [s for s in folded if loss.under(params).family.takes(s)]


def small_shape(loss: Loss) -> tuple[int, ...]:
    return loss.family.fit((3, 5, 7, 3))


def every_shape(loss: Loss) -> Iterator[Drawn]:
    """Shapes by dtypes; reductions, weights, masks and normalizers take turns."""
    options = list(itertools.product(
        (None, "full", "row"), (False, True) if loss.ignore else (False,), (False, True),
        (False, True)
    ))  # fmt: skip
    for params in loss.params:
        turn = itertools.count()
        for shape, dtype in itertools.product(shapes_of(loss, params), FLOATS):
            reductions = loss.reductions
            if math.prod(shape) > LARGE:
                reductions = (reductions[next(turn) % len(reductions)],)
            for reduction in reductions:
                weight, ignore, normalizer, kinks = options[next(turn) * 5 % len(options)]
                normalizer = normalizer and reduction in ("mean", "sum")
                if weight and not shape:
                    weight = "full"
                yield Drawn("shapes", make_case(
                    loss, params, shape, dtype=dtype, reduction=reduction, weight=weight,
                    ignore=ignore, normalizer=normalizer, on_kinks=kinks
                ))  # fmt: skip


def every_layout(loss: Loss) -> Iterator[Drawn]:
    """All tensors in one layout, then each in one of its own."""
    kinds = list(ALL_LAYOUTS.values())
    for params in loss.params:
        for dtype, ignore in itertools.product(FLOATS, {False, loss.ignore}):
            case = make_case(loss, params, small_shape(loss), dtype=dtype, weight="full",
                             ignore=ignore, reduction=loss.mean_and_none[-ignore])  # fmt: skip
            names = list(case.tensors)
            for k, (name, layout) in enumerate(ALL_LAYOUTS.items()):
                yield Drawn(name, case.map(lambda n, t: apply(layout, t)))  # noqa: B023
                yield Drawn("mixed layouts", case.map(
                    lambda n, t: apply(kinds[(names.index(n) + k) % len(kinds)], t)  # noqa: B023
                ))  # fmt: skip


def apply(layout: Callable[[Tensor], Tensor], t: Tensor) -> Tensor:
    return layout(t) if t.dim() > 1 else t


def every_dtype(loss: Loss) -> Iterator[Drawn]:
    """Each tensor in another dtype than the first: integers of every width, bool, other floats."""
    turn = itertools.count()
    for params in loss.params:
        cases = [make_case(loss, params, (size, 3), dtype=dtype, weight="full")
                 for size, dtype in itertools.product((5, 65), FLOATS)]  # fmt: skip
        for name in list(cases[0].tensors)[1:]:
            for dtype in (*INTEGERS, torch.bool, *FLOATS):
                case = cases[next(turn) % len(cases)]
                change = case.tensors[name].to(dtype)
                accepted = case.loss.family.accepts(case.loss, name, dtype)
                outcome = OUTCOMES[accepted]
                yield Drawn(f"{name} as {dtype}", case.but(**{name: change}), outcome)
        for case, code in zip(cases, itertools.cycle(SCALAR_TYPES), strict=False):
            yield Drawn(f"result as {code}", case, settings=(("dtype", code),))
        for code in (-1, 2, 3, 11, 1000, 2**62):
            yield Drawn(f"result as {code}", cases[0], RAISES, (("dtype", code),))


def hard_values(loss: Loss) -> Iterator[Drawn]:
    """Values that no formula expects, and the hard inputs of the catalogue."""
    values = (math.nan, math.inf, -math.inf, 6e4, -6e4, 1e-40, 3.4e38, -1e300, 0.0, -0.0)
    limited = {"bce": ("input", "target"), "gaussian_nll": ("var",), "quantile": ("q",),
               "balanced_softmax": ("prior",), "beta_nll": ("var",), "gamma_nll": ("shape",),
               "negative_binomial_nll": ("dispersion",), "log_normal_nll": ("scale",),
               "laplace_nll": ("scale",), "student_t_nll": ("scale", "df"),
               "von_mises_nll": ("kappa",), "crps_gaussian": ("scale",),
               "evidential_regression": ("nu", "alpha", "beta")}  # fmt: skip
    dtypes = itertools.cycle(FLOATS)
    for params in loss.params:
        for value, ignore in itertools.product(values, {False, loss.ignore}):
            case = make_case(loss, params, (33, 3), dtype=next(dtypes), weight="full",
                             ignore=ignore, normalizer=not ignore)  # fmt: skip
            for name, t in case.tensors.items():
                if t.is_floating_point():
                    some = t.clone()
                    some.view(-1)[::2] = torch.tensor(value, dtype=torch.float64).to(t.dtype)
                    outcome = EITHER if name in limited.get(loss.op, ()) else RETURNS
                    yield Drawn(f"{name} with {value}", case.but(**{name: some}), outcome)
    for hard in HARD:
        if hard.op == loss.op:
            row = loss.under(hard.params)
            tensors = {
                name: torch.cat(
                    [torch.tensor(v, dtype=torch.long if name in row.labels else hard.dtype)] * 19,
                    row.family.batch_dim(name),
                )
                for name, v in hard.operands.items()
            }
            rest = {n: v for n, v in hard.params.items() if n != "probabilities"}
            tensors |= {n: v for n, v in rest.items() if isinstance(v, Tensor)}
            scalars = {n: v for n, v in rest.items() if n not in tensors}
            yield Drawn(hard.name, Case(row, tensors, scalars, "sum"))


def bad_input(loss: Loss) -> Iterator[Drawn]:
    """What is documented to raise, and numbers far out of range, which must at least not crash."""
    for bad in loss.bad:
        case = make_case(loss, dtype=torch.float32)
        tensors = {n: torch.tensor(v) for n, v in bad.params.items() if n in loss.tensor_params}
        scalars = {n: v for n, v in bad.params.items() if n not in tensors}
        case = case.but(params={**case.params, **scalars}, **tensors, **bad.operands)
        yield Drawn(bad.pattern, case, RAISES)
    for name in mistakes_of(loss):
        wrong, _ = mistaken(make_case(loss, dtype=torch.float32), name)
        yield Drawn(name, wrong, RAISES)
    for shape in loss.family.empty:
        yield Drawn("empty", make_case(loss, shape=loss.family.fit(shape)), EITHER)
    ends = (-(2**63), -(2**31), -1, 0, 1, 255, 2**31 - 1, 2**63 - 1)
    numbers = (math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, 0.0, -1.0, 2.0**63)
    for params, dtype in itertools.product(loss.params, (torch.float64, torch.float32)):
        case = make_case(loss, params, (17, 3), dtype=dtype)
        schema = getattr(torch.ops.lossops, loss.op).default._schema
        for argument in schema.arguments:
            values = {"int": ends, "Optional[int]": ends, "float": numbers,
                      "Optional[float]": numbers}.get(str(argument.type), ())  # fmt: skip
            for value in values:
                if argument.name not in ("dtype", "reduction") or dtype == torch.float64:
                    yield Drawn(f"{argument.name} {value}", case, EITHER, ((argument.name, value),))
        for name in loss.labels:
            for value in ends if name in case.tensors else ():
                labels = case.tensors[name].clone()
                labels.view(-1)[1::5] = value
                for ignore in (None, -100, value):
                    wrong = case.but(ignore_index=ignore, **{name: labels})
                    yield Drawn(f"label {value}", wrong, EITHER)


DRAWS = (every_shape, every_layout, every_dtype, hard_values, bad_input)


def write(folder: Path) -> list[Path]:
    """A file of cases for each loss."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for loss in BY_OP.values():
        drawn = [d for draw in DRAWS for d in draw(loss)]
        records = tuple(d.record(i % TWICE == 0) for i, d in enumerate(drawn))
        torch.save(records, folder / f"{loss.op}.pt")
        files.append(folder / f"{loss.op}.pt")
    return files


def start(isa: str, files: list[Path]) -> subprocess.Popen[bytes]:
    settings = {
        "ATEN_CPU_CAPABILITY": isa,
        "OMP_WAIT_POLICY": "PASSIVE",  # threads share few cores
        "TORCH_CPP_LOG_LEVEL": "ERROR",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    return subprocess.Popen([BUILD / "lossops_replay", *files], env={**os.environ, **settings})


def main() -> int:
    print(f"Building with -fsanitize={SANITIZERS}: some minutes", flush=True)
    cmake(ROOT, BUILD, f"-DCMAKE_PREFIX_PATH={TORCH}", f"-DLOSSOPS_SANITIZE={SANITIZERS}",
          target="lossops_replay")  # fmt: skip
    print(f"Writing cases of {len(LOSSES)} losses", flush=True)
    warnings.filterwarnings("ignore", "Sparse CSR tensor support")
    files = write(BUILD / "cases")
    print(f"Running them for {', '.join(ISAS)}", flush=True)
    return max(process.wait() != 0 for process in [start(isa, files) for isa in ISAS])


if __name__ == "__main__":
    sys.exit(main())
