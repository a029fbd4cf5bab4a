"""Writes what follows from the losses: `python -m tools.generate --write`.

From a loss's function in lossops/functional and its operator's schema come its module, both
`__init__.py`, the C++ functions and modules, its section of docs/losses.md and its place in the
README; the function's docstring is completed. Without `--write` the files that are out of date are
listed, and the exit status is 1 if there are any.
"""

import argparse
import sys

from . import cpp, documents, losses, modules


def generated() -> dict[str, str]:
    """The text of every generated file, by its path in the repository."""
    families, layers = losses.read(), losses.read(losses.LAYERS)
    beside = losses.read(tuple(losses.BESIDE))
    every = families + layers + beside
    functional = {f"lossops/functional/{f.name}.py": losses.completed(f.name) for f in every}
    return (
        functional
        | modules.generated(every)
        | cpp.generated(every)
        | documents.generated(families + beside)
    )


def outdated() -> dict[str, str]:
    """Those of them whose file is missing or differs."""
    return {
        path: text
        for path, text in generated().items()
        if not (losses.ROOT / path).exists() or (losses.ROOT / path).read_text() != text
    }


def main() -> int:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="replace the files")
    write = parser.parse_args().write
    stale = outdated()
    for path, text in stale.items():
        print(path)
        if write:
            (losses.ROOT / path).write_text(text)
    return int(bool(stale) and not write)


if __name__ == "__main__":
    sys.exit(main())
