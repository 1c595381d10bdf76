"""Carry out a page of the documentation: its code blocks, in their order, in the current folder.

Usage: ``python page.py PAGE``. What a block is, its language and its first line say:

- ``python``, ``yaml``, ``toml``, ``csv`` or ``text`` whose first line is ``# some/file.ext`` is written to
  that file. A ``pyproject.toml`` is installed as pip would: its entry points are found from then on. A
  ``test_*.py`` is run with pytest at once;
- other ``python`` runs, with the names of the page's earlier blocks;
- ``console`` holds command lines after ``$``, run one by one. They exit with 0, or with N where
  ``# exits with N`` stands behind. Lines of output below must be among those printed, in their order,
  numbers and spacing aside; ``...`` stands for any lines;
- anything else is for reading.

The exit code is 0 where all went well; otherwise what went wrong is on standard error, with its line.
"""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w./-]+\.(?:py|yaml|toml|csv|txt))$")
EXITS = re.compile(r"\s*# exits with (\d+)$")
NUMBER = re.compile(r"[-+]?\d[\d,.T]*(?:e[-+]?\d+)?(?:-[0-9a-f]{8})?")


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int


class Wrong(Exception):
    """A block that does not do what the page says."""


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page."""
    return [Block(m[1], m[2], page[: m.start()].count("\n") + 1) for m in FENCE.finditer(page)]


def carry_out(page: Path) -> int:
    """Runs every block; returns how many did something. Raises :class:`Wrong`."""
    names: dict[str, Any] = {}
    count = 0
    for block in blocks(page.read_text(encoding="utf-8")):
        try:
            count += _block(block, names)
        except Wrong as wrong:
            raise Wrong(f"{page.name}, line {block.line}: {wrong}") from None
    return count


def _block(block: Block, names: dict[str, Any]) -> bool:
    first, _, rest = block.text.partition("\n")
    named = FILE.match(first)
    if named and block.language in ("python", "yaml", "toml", "csv", "text"):
        _write(Path(named[1]), rest if block.language in ("csv", "text") else block.text)
        return True
    if block.language == "python":
        file = Path(f".block-{block.line}.py")
        file.write_text(block.text, encoding="utf-8")
        names |= runpy.run_path(str(file), init_globals=names)
        return True
    if block.language == "console":
        for line, shown in commands(block.text):
            _command(line, shown)
        return True
    return False


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if path.name == "pyproject.toml":
        _install(tomllib.loads(text)["project"])
    if path.name.startswith("test_") and path.suffix == ".py":
        done = _run([sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(path)])
        if done.returncode != 0 or " passed" not in done.stdout:
            raise Wrong(f"{path.name} does not pass\n{done.stdout[-3000:]}{done.stderr[-1000:]}")


def _install(project: dict[str, Any]) -> None:
    """What pip leaves behind of a package: its name, and its entry points."""
    folder = Path(f"{project['name'].replace('-', '_')}-{project['version']}.dist-info")
    folder.mkdir(exist_ok=True)
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (folder / "METADATA").write_text(head, encoding="utf-8")
    lines = []
    for group, points in project.get("entry-points", {}).items():
        lines += [f"[{group}]", *(f"{name} = {place}" for name, place in points.items())]
    (folder / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def commands(text: str) -> list[tuple[str, list[str]]]:
    """(command line, lines of output shown below it), of a console block."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
        elif line.strip():
            raise Wrong(f"output before any command: {line}")
    return found


def _command(line: str, shown: list[str]) -> None:
    exits = EXITS.search(line)
    wanted = int(exits[1]) if exits else 0
    words = shlex.split(EXITS.sub("", line))
    if words[0] not in ("modelwright", "cat", "ls", "head"):
        raise Wrong(f"{words[0]} is not a command that the tests run; give the block another language")
    if words[0] == "modelwright":
        words[0] = str(Path(sys.executable).with_name("modelwright"))
    done = _run(words)
    told = f"$ {line}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    if done.returncode != wanted:
        raise Wrong(f"exit code {done.returncode} where the page says {wanted}\n{told}")
    missing = absent(shown, f"{done.stdout}\n{done.stderr}")
    if missing is not None:
        raise Wrong(f"the page shows a line that was not printed (in that place): {missing}\n{told}")


def absent(shown: list[str], printed: str) -> str | None:
    """The first line shown that is not printed after those before it; numbers count as alike."""
    said = [_plain(line) for line in printed.splitlines()]
    at = 0
    for line in shown:
        if line.strip() in ("", "..."):
            continue
        try:
            at = said.index(_plain(line), at) + 1
        except ValueError:
            return line
    return None


def _plain(line: str) -> str:
    return " ".join(NUMBER.sub("0", line).split())


def _run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    try:
        carry_out(Path(sys.argv[1]))
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        sys.exit(1)
