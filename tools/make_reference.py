"""Write ``docs/reference/*.md`` from the catalogues that the program itself uses, so that they cannot drift.

Usage: ``python tools/make_reference.py``. ``tools/check_docs.py`` fails where a page on disk
is not what this makes.

==============  ==================================================================================
goal.md         keys of the goal file, from ``modelwright.goal.schema:json_schema()``
metrics.md      what a criterion can name, from ``modelwright.goal.metrics:METRICS``
findings.md     codes of findings, from ``modelwright.evidence.catalogue:FINDINGS``
commands.md     commands and their options, from the typer application ``modelwright.cli.main:app``
==============  ==================================================================================
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

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


def catalogue(name: str, entries: Mapping[str, object]) -> str:
    """A table of frozen records, one row an entry: its name, then each field that a table can show."""
    plain = (str, int, float, bool, tuple, frozenset, type(None))
    records = {key: shown(value) for key, value in entries.items()}
    fields = [
        field
        for field in dict.fromkeys(field for record in records.values() for field in record)
        if field not in ("name", "code") and all(isinstance(r.get(field), plain) for r in records.values())
    ]
    rows = [(f"`{key}`", *(record[field] for field in fields)) for key, record in records.items()]
    return table((name, *(field.replace("_", " ") for field in fields)), rows)


def shown(record: object) -> dict[str, object]:
    """The fields of a dataclass, by name."""
    if not dataclasses.is_dataclass(record):
        raise TypeError(f"an entry of a catalogue is a dataclass, not {record!r}")
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


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
    from modelwright.goal.schema import json_schema

    rows: list[tuple[object, ...]] = [
        (f"`{key}`", kind, "" if default is None else f"`{default}`", text)
        for key, kind, default, text in goal_keys(json_schema())
    ]
    return "# Keys of the goal file\n\n" + table(("key", "value", "default", "what it says"), rows)


# --- metrics and findings ---------------------------------------------------------------------------------


def metrics_page() -> str:
    from modelwright.goal.metrics import METRICS

    return "# Metrics\n\nWhat a criterion of `success` can name.\n\n" + catalogue("metric", METRICS)


def findings_page() -> str:
    from modelwright.evidence.catalogue import FINDINGS

    head = "# Findings\n\nWhat a run can report, by its stable code; the goal accepts one with `accept`.\n\n"
    return head + catalogue("code", FINDINGS)


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
        told = default is not None and default is not False and isinstance(default, (str, int, float))
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
