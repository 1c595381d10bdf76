"""Check that no Python file has grown past what a person reads at one sitting.

Usage: ``python tools/check_sizes.py``. Exit 1 and one line a file where something is too long.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src", "tools", "tests", "benchmarks")
AIM = 400
LIMIT = 450

# Files that may be longer, each with the reason. An entry that is no longer needed fails the check.
EXCEPTIONS: dict[str, str] = {}


def lines_of(root: Path) -> dict[str, int]:
    """The number of lines of every Python file below the checked folders, by its path from ``root``."""
    files = [file for folder in FOLDERS for file in sorted((root / folder).rglob("*.py"))]
    return {file.relative_to(root).as_posix(): len(file.read_bytes().splitlines()) for file in files}


def problems(lines: dict[str, int], exceptions: dict[str, str]) -> list[str]:
    """One sentence for each file over the limit, and for each exception without a use or a reason."""
    found = [
        f"{path}: {count} lines, the limit is {LIMIT} and the aim {AIM}: divide it, one idea a file"
        for path, count in lines.items()
        if count > LIMIT and path not in exceptions
    ]
    for path, reason in exceptions.items():
        if lines.get(path, 0) <= LIMIT:
            found.append(f"{path}: the exception in tools/check_sizes.py is no longer needed")
        elif not reason.strip():
            found.append(f"{path}: the exception in tools/check_sizes.py has no reason")
    return found


def main() -> int:
    lines = lines_of(ROOT)
    found = problems(lines, EXCEPTIONS)
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        print(f"sizes: {len(lines)} files, the longest has {max(lines.values())} lines")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
