"""Write ``docs/reference/*.md`` from the catalogues that the program itself uses, so that they cannot drift.

Usage: ``python tools/make_reference.py``. ``tools/check_docs.py`` fails where a page on disk
is not what this makes.

==============  ==================================================================================
goal.md         keys of the goal file, from ``modelwright.goal.schema:describe_keys()``
metrics.md      what a criterion can name, from ``modelwright.goal.metrics:METRICS``
families.md     what ``search.families`` can name, from ``modelwright.models.families:FAMILIES``
findings.md     codes of findings, from ``modelwright.evidence.catalogue:FINDINGS``
commands.md     commands and their options, from the typer application ``modelwright.cli.main:app``
==============  ==================================================================================
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwright.goal.metrics import MetricSpec

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "docs/reference"
NOTE = "<!-- Made by tools/make_reference.py (make reference). Change the program, not this page. -->"


def cell(value: object) -> str:
    """A value as the text of one cell of a table: one line, no bars."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return ", ".join(cell(item) for item in items)
    return " ".join(str(value).split()).replace("|", "\\|")


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def paragraph(*lines: str) -> str:
    return " ".join(lines)


# --- the goal file ----------------------------------------------------------------------------------------


def resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A node of a JSON Schema with its reference followed; what stands beside the reference wins."""
    while "$ref" in node:
        place = schema["$defs"][node["$ref"].rpartition("/")[2]]
        node = {**place, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def kind_of(node: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a value may be, in words."""
    node = resolved(node, schema)
    if "enum" in node:
        return " or ".join(f"`{value}`" for value in node["enum"])
    if "const" in node:
        return f"`{node['const']}`"
    for many in ("anyOf", "oneOf"):
        if many in node:
            kinds = [kind_of(each, schema) for each in node[many]]
            return " or ".join(dict.fromkeys(kind for kind in kinds if kind != "null"))
    if node.get("type") == "array":
        return f"list of {kind_of(node['items'], schema)}" if "items" in node else "list"
    if node.get("type") == "object":
        inner = node.get("additionalProperties")
        return f"map to {kind_of(inner, schema)}" if isinstance(inner, Mapping) else "map"
    kind = node.get("type", "anything")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def goal_keys(schema: Mapping[str, Any]) -> list[tuple[str, str, object, str]]:
    """Every key that a goal file can hold: (dotted key, kind, default, description)."""
    return list(_keys(schema, schema, ""))


def _keys(
    node: Mapping[str, Any], schema: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, str, object, str]]:
    for name, each in node.get("properties", {}).items():
        child = resolved(each, schema)
        yield prefix + name, kind_of(child, schema), child.get("default"), str(child.get("description", ""))
        branches = [child, *child.get("anyOf", ()), *child.get("oneOf", ())]
        for branch in branches:
            yield from _keys(resolved(branch, schema), schema, f"{prefix}{name}.")
            inner = resolved(branch, schema).get("additionalProperties")
            if isinstance(inner, Mapping):
                for option in (inner, *inner.get("anyOf", ()), *inner.get("oneOf", ())):
                    yield from _keys(resolved(option, schema), schema, f"{prefix}{name}.<name>.")


def goal_page() -> str:
    """One table for the keys at the top, then one for each section."""
    from modelwright.goal.schema import KeyCard, describe_keys

    head = ("key", "value", "default", "what it says")
    parts: dict[str, list[KeyCard]] = {"": []}
    for card in describe_keys():
        top, _, rest = card.key.partition(".")
        parts.setdefault(top if rest else "", []).append(card)
    text = [
        "# Keys of the goal file",
        paragraph(
            "Every key is optional but `data.source`, and `data.target` where something is predicted.",
            "`<name>` stands for a name of your own. [The goal file](../goal-file.md) shows them at work.",
        ),
    ]
    for section, cards in parts.items():
        if section:
            text.append(f"## {section}")
        rows: list[tuple[object, ...]] = [
            (f"`{card.key}`", card.type, card.default, card.text) for card in cards
        ]
        text.append(table(head, rows))
    return "\n\n".join(text)


# --- metrics, families and findings -----------------------------------------------------------------------


def between(low: float | None, high: float | None) -> str:
    """The values that a metric can take, in words."""
    if low is None:
        return "any" if high is None else f"{high:g} or less"
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"


def metrics_page() -> str:
    from modelwright.goal.criteria import GRAMMAR
    from modelwright.goal.metrics import METRICS

    titles = {"label": "## Of classes", "probability": "## Of classes", "value": "## Of numbers"}
    grouped: dict[str, list[MetricSpec]] = {}
    for spec in METRICS.values():
        grouped.setdefault(titles.get(spec.needs, "## Of resources"), []).append(spec)
    text = [
        "# Metrics",
        paragraph(
            f"What a criterion of `success` can name: `{GRAMMAR}`.",
            "Of two classes the positive one is meant; several are averaged `macro` unless the criterion",
            "says otherwise. [The goal file](../goal-file.md#criteria) shows criteria at work.",
        ),
    ]
    for title, specs in grouped.items():
        rows: list[tuple[object, ...]] = [
            (
                f"`{spec.name}`",
                spec.docs,
                spec.direction,
                between(*spec.bounds),
                "" if spec.unit in ("plain", "share") else spec.unit,
                spec.averages,
                spec.takes_class,
            )
            for spec in specs
        ]
        head = ("metric", "what it is", "better", "values", "unit", "averages", "`for` a class")
        text += [title, table(head, rows)]
    return "\n\n".join(text)


def families_page() -> str:
    from modelwright.models.families import FAMILIES, considered

    rows: list[tuple[object, ...]] = []
    for name in considered():
        family = FAMILIES.get(name)
        tags = family.tags
        rows.append((f"`{name}`", family.title, tags.problems, tags.interpretable, tags.baseline, tags.extra))
    head = ("family", "what it is", "problems", "interpretable", "baseline", "extra")
    return "\n\n".join(
        [
            "# Families",
            paragraph(
                "The kinds of algorithm that `search.families` can name. Without that key all of them are",
                "considered, and the leaderboard of a run says of each why it was taken or declined.",
                "Baselines are always fitted. An extra is installed with",
                "`pip install 'modelwright[extra]'`; without it the family is declined.",
                "[How to add one](../how-to/add-a-family.md).",
            ),
            table(head, rows),
        ]
    )


def findings_page() -> str:
    from modelwright.evidence.catalogue import FINDINGS

    text = [
        "# Findings",
        paragraph(
            "What a run can tell a person, by its stable code. A `blocker` stops the release unless the goal",
            "accepts it, with a reason that the report prints:",
            '`accept: {leak.golden-feature: "known when the loan is asked for"}`, or for one column',
            "`leak.golden-feature:grade`. The severity is the usual one; a run may grade by degree.",
            "[How to add a check](../how-to/add-a-check.md).",
        ),
    ]
    for stage in dict.fromkeys(code.partition(".")[0] for code in FINDINGS):
        cards = [card for code, card in FINDINGS.items() if code.partition(".")[0] == stage]
        rows: list[tuple[object, ...]] = [
            (f"`{card.code}`", card.severity, f"{card.title}. {card.meaning}", card.remedy) for card in cards
        ]
        text += [f"## {stage}", table(("code", "severity", "what it means", "what to do"), rows)]
    return "\n\n".join(text)


# --- commands ---------------------------------------------------------------------------------------------


def commands() -> list[tuple[str, Any]]:
    """Every command as (its words, its click command), groups first, in the order of ``--help``."""
    from typer.main import get_command

    from modelwright.cli.main import app

    return list(_commands("modelwright", get_command(app)))


def _commands(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield words, command
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from _commands(f"{words} {name}", child)


def parameter_rows(command: Any) -> list[tuple[object, ...]]:
    """(how it is written, what it does, default) for each argument and option of a command."""
    rows: list[tuple[object, ...]] = []
    for parameter in command.params:
        if getattr(parameter, "hidden", False):
            continue
        if parameter.param_type_name == "argument":
            written = f"`{parameter.metavar or parameter.name.upper()}`"
        else:
            written = ", ".join(f"`{opt}`" for opt in [*parameter.opts, *parameter.secondary_opts])
        default = parameter.default
        told = default is not None and default is not False and isinstance(default, (str, int, float, Path))
        rows.append((written, getattr(parameter, "help", None) or "", f"`{default}`" if told else ""))
    return rows


def commands_page() -> str:
    parts = ["# Commands"]
    for words, command in commands():
        parts.append(f"{'#' * (1 + len(words.split()))} {words}")
        parts.append(inspect.cleandoc(command.help or "").replace("\f", "").strip())
        rows = parameter_rows(command)
        if rows:
            parts.append(table(("argument or option", "what it does", "default"), rows))
    return "\n\n".join(parts)


# --- all pages --------------------------------------------------------------------------------------------

PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "families.md": families_page,
    "findings.md": findings_page,
    "goal.md": goal_page,
    "metrics.md": metrics_page,
}


def pages() -> dict[str, str]:
    """The text of every page, by its path from the top of the repository."""
    return {f"{FOLDER}/{name}": f"{NOTE}\n\n{make().rstrip()}\n" for name, make in PAGES.items()}


def main() -> int:
    for path, text in pages().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
