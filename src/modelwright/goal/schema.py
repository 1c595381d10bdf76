"""The goal file described: a JSON Schema for editors, and every key for the reference."""

from __future__ import annotations

from typing import Any, NamedTuple

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class KeyCard(NamedTuple):
    """One key of the goal file, for the reference."""

    key: str
    """Dotted; ``<name>`` stands for a name that the goal chooses."""
    type: str
    default: str
    """In words; empty where nothing holds, ``required`` where the key must be given."""
    text: str


def describe_keys() -> list[KeyCard]:
    """Every key of a goal, in the order of the file: (dotted key, type, default, text)."""
    from modelwright.goal.shape import ANY_NAME, PLACES, constraint_of

    cards = []
    for place, info in PLACES.items():
        constraint = constraint_of(info)
        kind = constraint.label if constraint else "section"
        if constraint is None and (*place, ANY_NAME) in {other[: len(place) + 1] for other in PLACES}:
            kind = "mapping of sections"
        extra = info.json_schema_extra
        default = str(extra.get("x-default", "")) if isinstance(extra, dict) else ""
        cards.append(
            KeyCard(
                ".".join(place), kind, "required" if info.is_required() else default, info.description or ""
            )
        )
    return cards


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a goal file, with a description of every key, for editors."""
    from modelwright.goal.keys import GoalKeys

    schema = _tidied(GoalKeys.model_json_schema())
    return {
        "$schema": DIALECT,
        **schema,
        "title": "A modelwright goal",
        "description": "What to predict, from which data, how good it must be, within which limits.",
    }


def _tidied(node: Any) -> Any:
    """Without the titles and nulls that the models bring along; defaults are those that then hold."""
    if isinstance(node, list):
        return [_tidied(each) for each in node]
    if not isinstance(node, dict):
        return node
    tidy: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            tidy[key] = {name: _tidied(each) for name, each in value.items()}
        elif not (key == "title" and isinstance(value, str)) and not (key == "default" and value is None):
            tidy[key] = _tidied(value)
    branches = tidy.get("anyOf")
    if isinstance(branches, list) and {"type": "null"} in branches:
        branches = [each for each in branches if each != {"type": "null"}]
        del tidy["anyOf"]
        if len(branches) == 1:
            tidy = branches[0] | tidy
        else:
            tidy["anyOf"] = branches
    words = tidy.pop("x-default", None)
    if isinstance(words, str) and (literal := _literal(words, tidy)) is not None:
        tidy["default"] = literal
    return tidy


def _literal(words: str, node: dict[str, Any]) -> Any:
    """The value that ``words`` spell, where they are one and no explanation."""
    if words in node.get("enum", ()):
        return words
    if words in ("true", "false"):
        return words == "true"
    try:
        return int(words) if words.isdigit() else float(words)
    except ValueError:
        return words if words in ("30d",) else None
