"""Check that the documentation says what the program does.

Usage: ``python tools/check_docs.py``. Exit 1 and one line a problem, where

- a page of ``docs/reference`` is not what ``tools/make_reference.py`` makes;
- a command, an option, a goal key, a metric, a family or a finding has no description;
- the parser of goals and the reference disagree on which keys there are;
- the source reports a finding by a code that is not in the catalogue, or nothing reports one that is;
- a page names a command or a code that there is not;
- a relative link in a page leads nowhere, two decisions have one number, or the index lacks one.

Each line says what to do. After a change to a command, a goal key, a metric, a family or a finding that is
mostly ``make reference``.
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
COMMAND = re.compile(r"(?:`|^\$ )modelwright ([a-z]+)(?=[ `\n])", re.MULTILINE)
CODE = re.compile(r"`([a-z]+\.[a-z]+(?:[-_][a-z]+)*)(?::\w+)?`")
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
            yield f"docs/decisions/{page.name}: {seen[match[1]]} has that number; take the next free one"
        else:
            seen[match[1]] = page.name


def decision_index(root: Path) -> Iterator[str]:
    """Every decision is in ``docs/decisions.md``."""
    index = root / "docs" / "decisions.md"
    listed = set(LINK.findall(index.read_text(encoding="utf-8"))) if index.is_file() else set()
    for page in sorted((root / "docs" / "decisions").glob("*.md")):
        if f"decisions/{page.name}" not in listed:
            yield f"docs/decisions/{page.name} is not in the index: add a line to docs/decisions.md"


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
    from modelwright.evidence.analyse.check import CHECKS
    from modelwright.evidence.catalogue import FINDINGS

    reported = reported_codes(root / "src" / "modelwright")
    for code, place in reported.items():
        if code not in FINDINGS:
            yield (
                f"{place}: the finding {code} has no card: add one to evidence/catalogue_*.py (what it "
                "means, what to do), then `make reference`"
            )
    for code in CHECKS:
        if code not in FINDINGS:
            yield f"the check {code} has no card: add one to evidence/catalogue_*.py, then `make reference`"
    sources = "\n".join(
        file.read_text(encoding="utf-8")
        for file in sorted((root / "src" / "modelwright").rglob("*.py"))
        if not file.name.startswith("catalogue")
    )
    for code in FINDINGS:
        if f'"{code}"' not in sources:
            yield f"evidence/catalogue_*.py: nothing reports the finding {code}: report it, or drop its card"


def missing_words() -> Iterator[str]:
    from modelwright.evidence.catalogue import FINDINGS
    from modelwright.goal.metrics import METRICS
    from modelwright.goal.schema import describe_keys
    from modelwright.models.families import FAMILIES

    for key in describe_keys():
        if not key.text.strip():
            yield f"the goal key {key.key} has no description: give its field one in goal/keys*.py"
    for name, spec in METRICS.items():
        if not spec.docs.strip():
            yield f"the metric {name} has no description: give it one in goal/metrics/catalogue.py"
    for name in FAMILIES:
        if not FAMILIES.get(name).title.strip():
            yield f"the family {name} has no title"
    for code, card in FINDINGS.items():
        if not (card.title.strip() and card.meaning.strip() and card.remedy.strip()):
            yield f"the finding {code}: its card in evidence/catalogue_*.py says too little"
    for words, command in make_reference.commands():
        if not (command.help or "").strip():
            yield f"the command {words} has no help: give its function a docstring"
        for written, told, _ in make_reference.parameter_rows(command):
            if not str(told).strip():
                yield f"the command {words}: {written} has no help: add help=..."


def disagreeing_keys() -> Iterator[str]:
    """The reference lists the very keys that the parser takes, by way of the JSON Schema."""
    from modelwright.goal.schema import describe_keys, json_schema

    listed = {card.key for card in describe_keys()}
    taken = {key for key, *_ in make_reference.goal_keys(json_schema())}
    for key in sorted(taken ^ listed):
        yield f"the goal key {key} is {'parsed and not listed' if key in taken else 'listed and not parsed'}"


def known_codes() -> set[str]:
    """What a page may write as ``word.word`` of a stage: findings, and keys of the goal file."""
    from modelwright.evidence.catalogue import FINDINGS
    from modelwright.goal.schema import describe_keys

    return {*FINDINGS, *(card.key for card in describe_keys())}


def unknown_names(root: Path, commands: set[str], codes: set[str]) -> Iterator[str]:
    """Commands and codes that a page names and the program does not have, decisions and changes left out:
    those speak of their day."""
    stages = {code.partition(".")[0] for code in codes}
    endings = ("yaml", "json", "md", "csv", "py", "html", "txt", "onnx")
    for page in documents(root):
        place = page.relative_to(root)
        if place.parts[0] == "CHANGELOG.md" or "decisions" in place.parts:
            continue
        text = page.read_text(encoding="utf-8")
        for name in dict.fromkeys(COMMAND.findall(text)):
            if name not in commands:
                yield f"{place}: there is no command `modelwright {name}`"
        for code in dict.fromkeys(CODE.findall(CODE_BLOCK.sub("", text))):
            stage, _, rest = code.partition(".")
            if stage in stages and rest not in endings and code not in codes:
                yield f"{place}: {code} is neither a finding nor a goal key"


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
        *decision_index(ROOT),
        *finding_codes(ROOT),
        *missing_words(),
        *disagreeing_keys(),
        *unknown_names(ROOT, {words.split()[-1] for words, _ in make_reference.commands()}, known_codes()),
        *stale_pages(ROOT),
    ]
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        print(f"documents: {len(documents(ROOT))} pages, the reference is up to date")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
