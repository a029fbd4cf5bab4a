"""Mistakes put into csrc/, one at a time, which the tests must find: `python -m tests.mutate`.

A scratch copy of the tree is built once; then each mutant changes one place of it, compiles what
depends on that, and runs the suites until the first failure. The table at the end says which test
found which mutant. A text that stands nowhere in csrc/ ends the program; one that stands there for
CPU and GPU is changed for both.
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
    """What is wrong, the text that is right, what stands there instead, and who may find it."""

    what: str
    old: str
    new: str
    suites: tuple[str, ...] = ELEMENTS

    def places(self, root: Path) -> list[Path]:
        """The files that hold the text."""
        sources = [p for p in (root / "csrc").rglob("*") if p.suffix in (".h", ".cpp", ".def")]
        found = [p for p in sources if self.old in p.read_text()]
        if not found:
            sys.exit(f"{self.what}: {self.old!r} stands nowhere in csrc/")
        return found


MUTANTS = (
    Mutant("sign in an expression", "relu(margin - t * (x1 - x2))", "relu(margin + t * (x1 - x2))"),
    Mutant("operands swapped", "e = t - x;\n    return select(value_of(e) < 0, q - 1.0, q)",
           "e = x - t;\n    return select(value_of(e) < 0, q - 1.0, q)"),
    Mutant("parameters swapped", "nll(fn_weight * t, fp_weight * (1.0 - t))",
           "nll(fp_weight * t, fn_weight * (1.0 - t))"),
    Mutant("another parameter", "scaled(q_power(s, gamma_pos), s.nlog_p())",
           "scaled(q_power(s, gamma_neg), s.nlog_p())"),
    Mutant("a stated derivative", "custom_derivative(m * (d - 0.5 * m), m, difference)",
           "custom_derivative(m * (d - 0.5 * m), d, difference)"),
    Mutant("a clamp dropped", "const S v = at_least(var, eps);", "const S v = var;"),
    Mutant("a domain", "(p < 0) | (p > 1) | (t < 0) | (t > 1)", "(p < 0) | (p > 1) | (t < 0)"),
    Mutant("a limit", "&Huber::delta).positive()", "&Huber::delta).at_least(0)"),
    Mutant("product of duals", "a.d * b.v + a.v * b.d", "a.d * b.v - a.v * b.d"),
    Mutant("quotient of duals", "(a.d - q * b.d) / b.v", "(a.d + q * b.d) / b.v"),
    Mutant("ignored elements", "return ignores ? select(ignored, V(0), r) : r;", "return r;"),
    Mutant("weight dropped", "unless_ignored(weighted ? r * w : r);", "unless_ignored(r);"),
    Mutant("end of a block", "count_(end - begin)", "count_(end - begin - 1)"),
    Mutant("factor of the reduction", "V::store(finish(d * V(b.scale[k]))", "V::store(finish(d)"),
    Mutant("sign of a stated derivative, rows",
           "custom_derivative(custom_derivative(value, -t, student.log_p())",
           "custom_derivative(custom_derivative(value, t, student.log_p())", ROWS),
    Mutant("the two sides of a row swapped", "(of_p + of_q, of_q, student.log_p()), of_p, teacher",
           "(of_p + of_q, of_p, student.log_p()), of_q, teacher", ROWS),
    Mutant("a margin's sign", "return (x - margin) * scale;", "return (x + margin) * scale;", ROWS),
    Mutant("log-sum-exp", "{largest, rest, log1p(rest), C(1) / (rest + 1.0), C(0)}",
           "{largest, rest, log1p(rest), C(1) / rest, C(0)}", ROWS),
    Mutant("derivative of 1 - p", "return {v_.q(), -v_.p()};", "return {v_.q(), v_.p()};", ROWS),
    Mutant("gradient of a row", "V of_label = slope * p.q() + row_slope * p.p();",
           "V of_label = slope * p.q() - row_slope * p.p();", ROWS),
    Mutant("ignored rows", "ignored_[l] = b.ignores & (label[l] == b.ignore_index);",
           "ignored_[l] = 0;", ROWS),
    Mutant("type of an error", 'return mistake == "batch" ? ExceptionType::kValueError',
           'return mistake == "none" ? ExceptionType::kValueError', ROWS),
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


def first_failure(copy: Path, suites: tuple[str, ...]) -> str | None:
    """The test that fails first, or what kept tests from running; None if all pass."""
    files = [f"tests/test_{suite}.py" for suite in suites]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not slow", "-n", "2", *files]
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
    chosen = [mutant for mutant in MUTANTS if options.only in mutant.what]
    for mutant in chosen:
        mutant.places(ROOT)
    if options.check:
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_of_the_tree(Path(folder))
        if not build(copy):
            sys.exit("the tree does not compile")
        survived = 0
        for mutant in chosen:
            began = time.time()
            right = {place: place.read_text() for place in mutant.places(copy)}
            for place, text in right.items():
                place.write_text(text.replace(mutant.old, mutant.new))
            found = first_failure(copy, mutant.suites) if build(copy) else "the compiler"
            for place, text in right.items():
                place.write_text(text)
            survived += found is None
            names = ", ".join(str(place.relative_to(copy / "csrc")) for place in right)
            seconds = f"{time.time() - began:.0f} s"
            print(f"| {mutant.what} | {names} | {found or 'NOBODY'} | {seconds} |", flush=True)
    sys.exit(min(survived, 1))


if __name__ == "__main__":
    main()
