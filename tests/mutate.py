"""Mistakes put into csrc/, one at a time, which the tests must find: `python -m tests.mutate`.

A scratch copy of the tree is built once; then each batch of mutants, of which no loss has more than
one, changes it and compiles what depends on that, and for each of them the suites run, with its
losses alone, until the first failure. The table at the end says which test found which mutant. A
text that stands nowhere in csrc/ ends the program; one that stands there for CPU and GPU is changed
for both.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ELEMENTS = ("regressions", "hard_inputs", "errors", "forward", "gradients", "layouts")
ROWS = ("regressions", "hard_inputs", "class_torch", "class_values", "errors", "forward",
        "class_relations", "gradients", "class_paths")  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """What is wrong, the text that is right, what stands there instead; whom it may concern."""

    what: str
    old: str
    new: str
    losses: str  # as pytest's -k has it
    suites: tuple[str, ...] = ELEMENTS

    def places(self, root: Path) -> list[Path]:
        """The files that hold the text."""
        sources = [p for p in (root / "csrc").rglob("*") if p.suffix in (".h", ".cpp", ".def")]
        found = [p for p in sources if self.old in p.read_text()]
        if not found:
            sys.exit(f"{self.what}: {self.old!r} stands nowhere in csrc/")
        return found


BATCHES = (
    (  # in the losses
        Mutant("sign in an expression", "relu(margin - t * (x1 - x2))",
               "relu(margin + t * (x1 - x2))", "margin_ranking"),
        Mutant("operands swapped", "e = t - x;\n    return select(value_of(e) < 0, q - 1.0, q)",
               "e = x - t;\n    return select(value_of(e) < 0, q - 1.0, q)", "quantile"),
        Mutant("parameters swapped", "nll(fn_weight * t, fp_weight * (1.0 - t))",
               "nll(fp_weight * t, fn_weight * (1.0 - t))", "rww_bce"),
        Mutant("another parameter", "scaled(q_power(s, gamma_pos), s.nlog_p())",
               "scaled(q_power(s, gamma_neg), s.nlog_p())", "asymmetric"),
        Mutant("a stated derivative", "custom_derivative(m * (d - 0.5 * m), m, difference)",
               "custom_derivative(m * (d - 0.5 * m), d, difference)", "huber"),
        Mutant("a limit", "&SmoothL1::beta).at_least(0)", "&SmoothL1::beta)", "smooth_l1"),
        Mutant("a clamp dropped", "const S v = at_least(var, eps);", "const S v = var;",
               "gaussian_nll"),
        Mutant("a domain", "outside_unit(p) | outside_unit(t)", "outside_unit(p)",
               "bce and not rww and not logits or bad_values"),
        Mutant("sign of a stated derivative, rows",
               "custom_derivative(custom_derivative(value, -t, student.log_p())",
               "custom_derivative(custom_derivative(value, t, student.log_p())",
               "distill_kl", ROWS),
        Mutant("the two sides of a row swapped",
               "(of_p + of_q, of_q, student.log_p()), of_p, teacher",
               "(of_p + of_q, of_p, student.log_p()), of_q, teacher", "jsd", ROWS),
        Mutant("a margin's sign", "return (x - margin) * scale;", "return (x + margin) * scale;",
               "cosface", ROWS),
        Mutant("a row's function of two sums", "sums = {sums.others * factor, sums.top * factor};",
               "sums = {sums.others, sums.top};", "normalized_cross_entropy", ROWS),
        Mutant("the parts of a point", "select(above == V(0), 1.0 - part,",
               "select(above == V(0), part,", "distribution_focal", ROWS),
    ),
    (  # in the loops of both families
        Mutant("ignored elements", "return ignores ? select(ignored, V(0), r) : r;", "return r;",
               "focal and not softmax"),
        Mutant("ignored rows", "ignored_[l] = b.ignores & (label[l] == b.ignore_index);",
               "ignored_[l] = 0;", "cross_entropy", ROWS),
    ),
    (
        Mutant("weight dropped", "unless_ignored(weighted ? r * w : r);", "unless_ignored(r);",
               "huber or l1"),
        Mutant("type of an error", 'return mistake == "batch" ? ExceptionType::kValueError',
               'return mistake == "none" ? ExceptionType::kValueError',
               "nll and not gaussian and not poisson", ROWS),
        Mutant("gradient of a row", "V of_label = slope * p.q() + row_slope * p.p();",
               "V of_label = slope * p.q() - row_slope * p.p();", "cross_entropy", ROWS),
    ),
    (
        Mutant("factor of the reduction", "V::store(finish(d * V(b.scale[k]))",
               "V::store(finish(d)", "huber or l1"),
        Mutant("derivative of 1 - p", "return {v_.q(), -v_.p()};", "return {v_.q(), v_.p()};",
               "softmax_focal or poly1", ROWS),
    ),
    (
        Mutant("end of a block", "count_(end - begin)", "count_(end - begin - 1)", "huber or l1"),
        Mutant("log-sum-exp", "{largest, rest, log1p(rest), C(1) / (rest + 1.0), C(0)}",
               "{largest, rest, log1p(rest), C(1) / rest, C(0)}", "cross_entropy", ROWS),
    ),
    (
        Mutant("product of duals", "a.d * b.v + a.v * b.d", "a.d * b.v - a.v * b.d",
               "mse or poisson"),
    ),
    (
        Mutant("quotient of duals", "(a.d - q * b.d) / b.v", "(a.d + q * b.d) / b.v",
               "charbonnier"),
    ),
)  # fmt: skip


def copy_of_the_tree(folder: Path) -> Path:
    """With what is compiled already, as far as that can be used elsewhere."""
    copy = folder / "lossops"
    ignored = shutil.ignore_patterns(".git", "__pycache__", "demo_output", "cuda", "emulated")
    shutil.copytree(ROOT, copy, symlinks=True, ignore=ignored)
    return copy


def build(copy: Path) -> bool:
    """Whether it compiles, for this processor."""
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    settings = {**os.environ, "LOSSOPS_ISAS": "native"}
    done = subprocess.run(command, cwd=copy, env=settings, capture_output=True, check=False)
    return done.returncode == 0


def first_failure(copy: Path, mutant: Mutant) -> str | None:
    """The test that fails first, or what kept tests from running; None if all pass."""
    files = [f"tests/test_{suite}.py" for suite in mutant.suites]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not slow", "-k", mutant.losses]
    command += files
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.M)
    return failed[1] if failed else f"pytest ends with {done.returncode}: {done.stdout[-300:]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only look for the texts")
    parser.add_argument("--only", default="", help="mutants whose description holds this")
    options = parser.parse_args()
    batches = [[m for m in batch if options.only in m.what] for batch in BATCHES]
    for mutant in sum(batches, []):
        mutant.places(ROOT)
    if options.check:
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_of_the_tree(Path(folder))
        if not build(copy):
            sys.exit("the tree does not compile")
        survived = sum(survivors(copy, batch) for batch in batches if batch)
    sys.exit(min(survived, 1))


def survivors(copy: Path, batch: list[Mutant]) -> int:
    """How many of them no test finds."""
    places = {mutant.what: mutant.places(copy) for mutant in batch}
    right = {place: place.read_text() for found in places.values() for place in found}
    for mutant in batch:
        for place in places[mutant.what]:
            place.write_text(place.read_text().replace(mutant.old, mutant.new))
    if not build(copy):
        sys.exit(f"{', '.join(mutant.what for mutant in batch)}: does not compile")
    survived = 0
    for mutant in batch:
        began = time.time()
        found = first_failure(copy, mutant)
        survived += found is None
        names = ", ".join(str(place.relative_to(copy / "csrc")) for place in places[mutant.what])
        seconds = f"{time.time() - began:.0f} s"
        print(f"| {mutant.what} | {names} | {found or 'NOBODY'} | {seconds} |", flush=True)
    for place, text in right.items():
        place.write_text(text)
    return survived


if __name__ == "__main__":
    main()
