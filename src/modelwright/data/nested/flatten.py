"""A plan carried out: one nested record to cells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelwright.data.nested.plan import SUMMARIES, Rule, dotted
from modelwright.data.nested.shape import is_number

Cells = dict[str, Any]
_MOST_JOINED = 20
"""Different texts of a list of records that are kept."""


def flatten(rule: Rule, value: Any, name: str, out: Cells) -> None:
    """Put the cells of ``value`` into ``out``; what is missing is left out. Never raises for odd values: a
    list where one value is expected gives its first, a record where a text is expected its JSON."""
    kind = rule["as"]
    if value is None or kind == "ignore":
        return
    if kind == "value":
        put(out, name or "value", _one(value))
    elif kind == "text":
        put(out, name or "value", _json(value))
    elif kind == "count":
        out[f"{name}.count"] = len(value) if isinstance(value, (list, Mapping)) else 1
    elif kind == "join":
        texts = [t for item in _listed(value) if (t := _word(item)) is not None]
        put(out, name or "value", ",".join(texts))
    elif kind == "parts":
        _parts(rule, value, name, out)
    elif kind == "numbers":
        numbers = [n for item in _listed(value) if (n := _number(item)) is not None]
        out[f"{name}.count"] = len(numbers)
        _figures(numbers, name, out)
    elif kind == "first":
        items = _listed(value)
        if items:
            flatten(rule["of"], items[0], name, out)
    elif kind == "record":
        _record(rule, value, name, out)
    elif kind == "map":
        by_key = value if isinstance(value, Mapping) else {}
        put(out, name, ",".join(str(key) for key in by_key if key))
        inner = [each if isinstance(each, Mapping) else {"value": each} for each in by_key.values()]
        _summary(rule, inner, name, out)
    else:  # summary
        items = _listed(value)
        out[f"{name}.count"] = len(items)
        _summary(rule, items, name, out)


def _record(rule: Rule, value: Any, name: str, out: Cells) -> None:
    if isinstance(value, list):
        value = value[0] if value else None
    rules = rule["keys"]
    if isinstance(value, Mapping):
        for key, inner in rules.items():
            if (held := value.get(key)) is not None:
                flatten(inner, held, dotted(name, key), out)
    elif value is not None and "" in rules:
        flatten(rules[""], value, name, out)


def _summary(rule: Rule, items: list[Any], name: str, out: Cells) -> None:
    held: dict[str, list[Any]] = {}
    for item in items:
        cells: Cells = {}
        flatten(rule["of"], item, name, cells)
        for column, cell in cells.items():
            held.setdefault(column, []).append(cell)
    numeric = rule["numbers"]
    for column, cells_of in held.items():
        if column in numeric:
            _figures([n for cell in cells_of if (n := _number(cell)) is not None], column, out)
        else:
            texts = list(dict.fromkeys(t for cell in cells_of if (t := _word(cell)) is not None))
            put(out, column, ",".join(texts[:_MOST_JOINED]))


def _figures(numbers: list[float], name: str, out: Cells) -> None:
    if not numbers:
        return
    made = (sum(numbers) / len(numbers), min(numbers), max(numbers), sum(numbers))
    for what, figure in zip(SUMMARIES, made, strict=True):
        out[f"{name}.{what}"] = figure


def _parts(rule: Rule, value: Any, name: str, out: Cells) -> None:
    mark = rule["separator"]
    if isinstance(value, list) and len(value) == 1 and mark:
        value = value[0]
    if isinstance(value, str):
        value = value.split(mark) if mark.strip() else value.split()
    items = _listed(value)
    if len(items) != rule["count"] and mark:
        return
    for k, item in enumerate(items[: rule["count"]], 1):
        number = _number(item)
        if number is not None:
            out[f"{name}.{k}"] = number


def put(out: Cells, name: str, value: Any) -> None:
    """A cell that says something."""
    if value is not None and value != "":
        out[name] = value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _one(value: Any) -> Any:
    if isinstance(value, list):
        return _one(value[0]) if len(value) == 1 else (_json(value) if value else None)
    if isinstance(value, Mapping):
        return _one(value[""]) if "" in value else _json(value)
    return value


def _word(value: Any) -> str | None:
    made = _one(value)
    if made is None:
        return None
    if isinstance(made, bool):
        return "true" if made else "false"
    return str(made).strip() or None


def _number(value: Any) -> float | None:
    made = _one(value) if isinstance(value, (list, Mapping)) else value
    if isinstance(made, bool):
        return float(made)
    if isinstance(made, (int, float)):
        return made
    if isinstance(made, str) and is_number(made.strip()):
        return float(made)
    return None


def _json(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
