"""Runs the Python snippets of a document and shows what they print and draw."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

FENCE = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
MARK = "-- end of snippet {} --"
STRICT = (  # a warning of lossops or of the snippet is an error, those of others are theirs
    "import warnings\n"
    'warnings.simplefilter("error")\n'
    'warnings.filterwarnings("ignore", module="(?!lossops|__main__)")'
)
PICTURES = (  # an expression: the names of the pictures in the folder, the oldest first
    '(p.name for p in sorted(__import__("pathlib").Path().glob("*.png"), '
    "key=lambda p: p.stat().st_mtime_ns))"
)
ROOT = Path(__file__).resolve().parents[2]


def run(snippets: list[str], folder: Path) -> list[tuple[str, list[Path]]]:
    """Runs snippets in order as one program; for each what it printed, and its new pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    parts = [STRICT]
    for k, snippet in enumerate(snippets):
        parts += [snippet, f"print({MARK.format(k)!r}, *{PICTURES}, flush=True)"]
    if "init_process_group" in "".join(snippets):  # docs/distributed.md says why
        parts.append('__import__("os")._exit(0)')
    program = folder / "program.py"  # a file, as TorchScript reads the source
    program.write_text("\n".join(parts))
    done = subprocess.run(
        [sys.executable, program.name],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "96", "OMP_NUM_THREADS": "1"},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"a snippet of {folder.name} failed:\n{done.stderr}")
    found, rest, seen = [], done.stdout, set[str]()
    for k in range(len(snippets)):
        printed, _, rest = rest.partition(MARK.format(k))
        names, _, rest = rest.partition("\n")
        new = [name for name in names.split() if name not in seen]
        seen.update(new)
        found.append((printed.strip("\n"), [folder / name for name in new]))
    return found


def with_output(text: str, folder: Path, link: str) -> str:
    """The document, with the output of each snippet after it."""
    snippets = FENCE.findall(text)
    if not snippets:
        return text
    outputs = iter(run(snippets, folder))

    def shown(match: re.Match[str]) -> str:
        printed, pictures = next(outputs)
        parts = [match.group(0)]
        if printed:
            parts.append(f"```text\n{printed}\n```")
        parts += [f"![{p.name}, drawn by the lines above]({link}/{p.name})" for p in pictures]
        return "\n\n".join(parts)

    return FENCE.sub(shown, text)
