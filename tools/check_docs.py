"""Check that the documentation says what the program does.

Usage: ``python tools/check_docs.py``. Exit 1 and one line a problem, where

- a page of ``docs/reference`` is not what ``tools/make_reference.py`` makes;
- a command, an option, a goal key, a metric or a finding has no description;
- the source reports a finding by a code that is not in the catalogue, or nothing reports one that is;
- a relative link in a page leads nowhere, or two decisions have one number.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import make_reference

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
CODE_BLOCK = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def documents(root: Path) -> list[Path]:
    """Every page that people read: those at the top, in ``docs`` and in ``examples``."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "examples").rglob("*.md")])


def broken_links(root: Path) -> Iterator[str]:
    for page in documents(root):
        text = CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
        for target in LINK.findall(text):
            path = target.partition("#")[0]
            if (
                path
                and "://" not in path
                and not path.startswith("mailto:")
                and not (page.parent / path).exists()
            ):
                yield f"{page.relative_to(root)}: the link to {target} leads nowhere"


def decision_numbers(root: Path) -> Iterator[str]:
    """Decisions are ``NNNN-words.md``, each number once."""
    seen: dict[str, str] = {}
    for page in sorted((root / "docs" / "decisions").glob("*.md")):
        match = re.fullmatch(r"(\d{4})-[a-z0-9-]+\.md", page.name)
        if match is None:
            yield f"docs/decisions/{page.name}: decisions are named NNNN-words.md"
        elif match[1] in seen:
            yield f"docs/decisions/{page.name}: the number is taken by {seen[match[1]]}"
        else:
            seen[match[1]] = page.name


def reported_codes(source: Path) -> dict[str, str]:
    """Codes of findings as the source writes them, each with the first place: ``Finding("code", ...)``.

    ``finding(...)`` counts too, as a function or a method. Only literal codes can be read: write them so.
    """
    codes: dict[str, str] = {}
    for file in sorted(source.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called.lower() != "finding":
                continue
            given = [k.value for k in node.keywords if k.arg == "code"] + node.args[:1]
            if given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
                codes.setdefault(given[0].value, f"{file.relative_to(source.parents[1])}:{node.lineno}")
    return codes


def finding_codes(root: Path) -> Iterator[str]:
    from modelwright.evidence.catalogue import FINDINGS

    reported = reported_codes(root / "src" / "modelwright")
    for code, place in reported.items():
        if code not in FINDINGS:
            yield f"{place}: the finding {code} is not in evidence/catalogue.py"
    sources = "\n".join(
        file.read_text(encoding="utf-8")
        for file in sorted((root / "src" / "modelwright").rglob("*.py"))
        if file.name != "catalogue.py"
    )
    for code in FINDINGS:
        if f'"{code}"' not in sources:
            yield f"evidence/catalogue.py: nothing reports the finding {code}"


def missing_words() -> Iterator[str]:
    from modelwright.goal.schema import json_schema

    for key, _, _, text in make_reference.goal_keys(json_schema()):
        if not text.strip():
            yield f"the goal key {key} has no description"
    for words, command in make_reference.commands():
        if not (command.help or "").strip():
            yield f"the command {words} has no help"
        for written, told, _ in make_reference.parameter_rows(command):
            if not str(told).strip():
                yield f"the command {words}: {written} has no help"


def stale_pages(root: Path) -> Iterator[str]:
    made = make_reference.pages()
    for path, text in made.items():
        file = root / path
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            yield f"{path} is not what the program says: run `make reference`"
    for file in sorted((root / make_reference.FOLDER).glob("*.md")):
        if file.relative_to(root).as_posix() not in made:
            yield f"{file.relative_to(root)}: reference pages are made, and nothing makes this one"


def main() -> int:
    found = [
        *broken_links(ROOT),
        *decision_numbers(ROOT),
        *finding_codes(ROOT),
        *missing_words(),
        *stale_pages(ROOT),
    ]
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        print(f"documents: {len(documents(ROOT))} pages, the reference is up to date")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
