"""The rooms of csrc include each other in one direction; the core knows no family, no device."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CSRC = ROOT / "csrc"
# What the files of a room may include from other rooms; include/ holds public types for everyone.
ALLOWED = {
    "math": set(),
    "losses": {"math", "core/exceptions.h"},
    "core": {"math"},
    "runtime": {"core", "math"},
    "families": {"core", "math", "runtime"},
    "operators": {"core", "math", "runtime"},
    "api": set(),
    # It tells the package what expressions are made of.
    "python": {"core/gil.h", "families/describe.h", "losses/all.h", "losses/registry.def"},
    "include": set(),
}
FAMILIES = [p.name for p in sorted((CSRC / "families").iterdir()) if p.is_dir()]
# One is made of another's losses.
OVER = {"linear": "families/class_axis/call.h"}
# Beside the rooms stands what puts losses, families and backends together, as do the sources that
# instantiate kernels for every loss.
INSTANTIATES = re.compile(r"/cuda_(float|double|half|bfloat16)\.cu$")


def files() -> list[Path]:
    return [p for p in sorted(CSRC.rglob("*")) if p.suffix in (".h", ".cpp", ".cu", ".def")]


def included(path: Path) -> list[str]:
    """The files of csrc that this one includes, relative to it."""
    found = []
    for name in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
        target = next(p for p in ((path.parent / name).resolve(), CSRC / name,
                                  CSRC / "include" / name) if p.exists())  # fmt: skip
        found.append(target.relative_to(CSRC).as_posix())
    return found


@pytest.mark.parametrize("room", ALLOWED)
def test_rooms_include_downwards_only(room: str) -> None:
    allowed = ALLOWED[room] | {room, "include"}
    wrong = [
        f"{path.relative_to(CSRC)} includes {target}"
        for path in files()
        if path.relative_to(CSRC).parts[0] == room and not INSTANTIATES.search(path.as_posix())
        for target in included(path)
        if target.split("/")[0] not in allowed and target not in allowed
    ]
    assert not wrong, "\n".join(wrong)


def test_every_room_is_known() -> None:
    rooms = {p.relative_to(CSRC).parts[0] for p in files() if p.parent != CSRC}
    assert rooms == set(ALLOWED)


@pytest.mark.parametrize("family", FAMILIES)
def test_families_do_not_include_each_other(family: str) -> None:
    wrong = [
        f"{path.relative_to(CSRC)} includes {target}"
        for path in (CSRC / "families" / family).iterdir()
        for target in included(path)
        if target.startswith("families/")
        and not target.startswith(f"families/{family}/")
        and target != OVER.get(family)
    ]
    assert not wrong, "\n".join(wrong)


def test_core_names_no_device_and_no_family() -> None:
    words = re.compile(rf"\b(cuda|cpu|{'|'.join(FAMILIES)})::|LOSSOPS_CUDA|is_cuda\(")
    wrong = [
        f"{path.name}: {line.strip()}"
        for path in (CSRC / "core").iterdir()
        for line in path.read_text().splitlines()
        if words.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_parameters_bind_by_their_own_name() -> None:
    """Whoever names a parameter like another field would swap the two."""
    text = "\n".join(p.read_text() for p in sorted((CSRC / "losses").glob("*.h")))
    bound = re.findall(r'param\(\s*"(\w+)",\s*&\w+::(\w+)\)', text)
    assert len(bound) == text.count("param(") > 20
    assert [pair for pair in bound if pair[0] != pair[1]] == []


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """How each begins, and how many lines it has."""
    lines = path.read_text().splitlines()
    no_function = (
        r"\s*(namespace|struct|class|enum|inline namespace|if|for|while|switch|else|do|\})\b"
    )
    for first, line in enumerate(lines):
        begins = re.match(r"( {0,4})\S.*[)\w] \{$", line)
        if not begins or re.match(no_function, line):
            continue
        ends = (n for n in range(first + 1, len(lines)) if lines[n].startswith(f"{begins[1]}}}"))
        yield line.strip(), next(ends, first) - first + 1  # or it goes on from the line before


def test_files_and_functions_are_short() -> None:
    """About 400 lines, and 60; what is generated is as long as it is."""
    written = [p for p in files() if p.relative_to(CSRC).parts[0] not in ("include", "api")]
    long = [p.name for p in written if len(p.read_text().splitlines()) > 400]
    long += [name for p in written for name, length in functions(p) if length > 60]
    assert not long, "\n".join(long)
