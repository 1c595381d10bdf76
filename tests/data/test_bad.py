"""Bad sources, each with the message that a person gets: reading them is reading the manual.

A case is a folder in tests/data/bad: ``case.json`` (what the goal says), the files, and ``message.txt``.
After a wanted change of words run ``MODELWRIGHT_WRITE_MESSAGES=1 pytest tests/data/test_bad.py``, and read
the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.book import Book
from modelwright.core.errors import BadInput
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.goal.sections import (
    CleanSection,
    ProblemSection,
    ReadingSection,
    RolesSection,
    SourceSection,
)

BAD = Path(__file__).parent / "bad"
CASES = sorted(path.parent.name for path in BAD.glob("*/case.json"))


def run(folder: Path, case: dict[str, Any]) -> None:
    def place(name: str | None) -> str | None:
        return name if name is None or "://" in name else str(folder / name)

    source = SourceSection(
        source=place(case["source"]) or "",
        query=case.get("query"),
        test=place(case.get("test")),
        reading=reading(case.get("reading", {})),
    )
    roles = {key: tuple(v) if isinstance(v, list) else v for key, v in case.get("roles", {}).items()}
    problem = ProblemSection("bad", case.get("problem"), case.get("target"))
    book = Book()
    clean(CleanSection(), RolesSection(**roles), problem, collect(source, book), book)


def reading(given: dict[str, Any]) -> ReadingSection:
    return ReadingSection(
        **{key: tuple(value.items()) if isinstance(value, dict) else value for key, value in given.items()}
    )


@pytest.mark.parametrize("name", CASES)
def test_message(name: str) -> None:
    folder = BAD / name
    case = json.loads((folder / "case.json").read_text())
    with pytest.raises(BadInput) as caught:
        run(folder, case)
    error = caught.value
    said = f"{error.code}\n\n{error}\n"
    assert str(folder) not in said
    assert "s3cret" not in said
    assert error.exit_code == 2
    assert error.hint
    expected = folder / "message.txt"
    if os.environ.get("MODELWRIGHT_WRITE_MESSAGES"):
        expected.write_text(said)
    assert said == expected.read_text()


def test_there_are_cases() -> None:
    assert len(CASES) >= 30
