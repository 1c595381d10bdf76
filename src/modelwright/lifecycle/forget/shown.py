"""Cells that a run shows: in its records, findings, tables, figures, logs. Those of a person are replaced."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final

from modelwright.lifecycle.folder import json_lines
from modelwright.store import atomic

GONE: Final = "(deleted)"
_CUT: Final = ("…", "...")
_PART: Final = 6
"""Characters from which a cell is looked for within a longer text; shorter ones have to be all of it."""
_TEXTS: Final = (".txt", ".log", ".csv", ".yaml")
_ROW: Final = "row"
_FORM: Final = frozenset(
    "kind role code severity status family part problem scheme stage method digest key op verdict target "
    "column metric scope how diagnosis caching from".split()
)
"""Keys whose texts say of what kind a thing is: a cell may hold the same word by chance."""


class Cells:
    """Texts that are to be seen no more, and how they are taken out of what is shown."""

    def __init__(self, cells: Collection[str], rows: Collection[int]) -> None:
        self._whole = frozenset(cells)
        self._rows = frozenset(rows)
        long = sorted((c for c in cells if len(c) >= _PART), key=lambda c: (-len(c), c))
        self._long = tuple(long)
        # Many alternatives make one pattern slow: a text is looked through for words of theirs first.
        self._pattern = (
            re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, long)) + r")(?!\w)") if long else None
        )

    def text(self, text: str) -> str:
        """The text without them. One that was cut short and begins as one of them goes as a whole."""
        if text.strip() in self._whole:
            return GONE
        for end in _CUT:
            stem = text.removesuffix(end).rstrip()
            if text.endswith(end) and len(stem) >= _PART and any(c.startswith(stem) for c in self._long):
                return GONE
        return self._pattern.sub(GONE, text) if self._pattern is not None else text

    def data(self, data: Any) -> Any:
        """JSON data without them: texts, names of keys, and rows of tables that have a column ``row``."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, list):
            return [self.data(item) for item in data if not self._of_row(item)]
        if not isinstance(data, dict):
            return data
        if data.get("$blob"):
            return data
        made = {
            self.text(key): value if key in _FORM and isinstance(value, str) else self.data(value)
            for key, value in data.items()
        }
        columns, rows = data.get("columns"), data.get("rows")
        if isinstance(columns, list) and isinstance(rows, list) and _ROW in columns:
            place = columns.index(_ROW)
            kept = [
                r for r in rows if not (isinstance(r, list) and len(r) > place and r[place] in self._rows)
            ]
            made["rows"] = self.data(kept)
        return made

    def _of_row(self, item: Any) -> bool:
        return isinstance(item, dict) and item.get(_ROW) in self._rows and "before" in item

    def lines(self, text: str) -> str:
        """Evidence, a JSON record a line. Galleries show rows as pictures, sounds and coloured words, in
        which nothing can be looked for: they go as a whole."""
        made = []
        for line in json_lines(text):
            item = json.loads(line)
            if item.get("kind") == "gallery":
                continue
            made.append(json.dumps(self.data(item), ensure_ascii=False) + "\n")
        return "".join(made)

    def csv(self, text: str) -> str:
        """A CSV file: lines of their rows go, where a column ``row`` tells them."""
        lines = _records(text)
        if not lines or lines[0].rstrip("\r\n").split(",")[0] != _ROW:
            return self.text(text)
        kept = [lines[0]]
        for line in lines[1:]:
            number = line.split(",", 1)[0]
            if not (number.isdigit() and int(number) in self._rows):
                kept.append(line)
        return self.text("".join(kept))


def _records(text: str) -> list[str]:
    """The records of a CSV file as they are written: one goes on over line breaks within quotes."""
    made: list[str] = []
    held: list[str] = []
    within = False
    for line in io.StringIO(text, newline=""):
        held.append(line)
        within ^= line.count('"') % 2 == 1
        if not within:
            made.append("".join(held))
            held = []
    return [*made, "".join(held)] if held else made


def clean(folder: Path, cells: Cells) -> None:
    """Take the cells out of every file of a run but its bundle, its goal and its report."""
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder).parts
        if not path.is_file() or within[0] == "bundle" or within[0] in ("goal.yaml", "state.json"):
            continue
        made = _cleaned(path, cells)
        if made is not None and made != path.read_text(encoding="utf-8", errors="replace"):
            private = path.stat().st_mode & 0o077 == 0
            atomic.write_text(path, made, private=private)


def _cleaned(path: Path, cells: Cells) -> str | None:
    """What the file is to hold; None where it is of no kind that is known, or cannot be read."""
    how: Callable[[str], str]
    if path.name == "evidence.jsonl":
        how = cells.lines
    elif path.suffix == ".csv":
        how = cells.csv
    elif path.suffix == ".json":

        def how(text: str) -> str:
            data = json.loads(text)
            made = cells.data(data)
            return (
                text
                if made == data
                else json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
            )
    elif path.suffix in _TEXTS:
        how = cells.text
    else:
        return None
    try:
        return how(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        return None
