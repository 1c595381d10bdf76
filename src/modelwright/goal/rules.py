"""Labelling rules as a goal writes them: when a row looks so, it is probably of that class.

A rule is ``{label: spam, when: CONDITION}``, with a ``name`` if it is to be called something. A condition
looks at one column (``{column: text, contains: [free, winner]}``) or joins others (``all``, ``any``,
``not``). Nothing is evaluated: these words are all there is.
"""

from __future__ import annotations

from typing import Any

from modelwright.goal import constraints as c
from modelwright.goal.constraints import Constraint, wrong
from modelwright.goal.nearest import did_you_mean
from modelwright.goal.sections import Condition, Rule

TESTS = ("contains", "matches", "is", "above", "below", "at_least", "at_most", "missing")
JOINS = ("all", "any", "not")
MOST_RULES = 500
DEEPEST = 8
LONGEST = 1000
"""Characters of a pattern or a word."""


def rules(given: Any) -> tuple[Rule, ...]:
    """The rules, settled. Raises what ``constraints.wrong`` makes."""
    if not isinstance(given, list | tuple) or not given or len(given) > MOST_RULES:
        raise wrong(
            f"a list of 1 to {MOST_RULES} rules", "such as - {label: spam, when: {column: text, ...}}"
        )
    made: list[Rule] = []
    for number, entry in enumerate(given, 1):
        if isinstance(entry, Rule):
            made.append(entry)
            continue
        where = f"rule {number}"
        if not isinstance(entry, dict) or not {"label", "when"} <= set(entry):
            raise wrong("rules with the keys label and when", f"{where} has not both")
        _known(entry, ("label", "when", "name"), where)
        label = c.label_of(entry["label"])
        name = c.label_of(entry.get("name", where))
        if not label or not name:
            raise wrong("a class as the label of each rule", f"{where} has {entry['label']!r}")
        made.append(Rule(name, label, _condition(entry["when"], where, 1)))
    names = [rule.name for rule in made]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise wrong("a different name for each rule", f"{twice!r} comes twice")
    return tuple(made)


def constraint() -> Constraint:
    condition = {"type": "object"}
    item = {
        "type": "object",
        "properties": {
            "label": {"type": ["string", "number", "boolean"]},
            "when": condition,
            "name": {"type": "string"},
        },
        "required": ["label", "when"],
        "additionalProperties": False,
    }
    schema = {"type": "array", "items": item, "minItems": 1}
    bad: tuple[Any, ...] = (5, "x", [], {}, [{"label": "a"}], [{"label": "a", "when": {"column": "b"}}])
    return Constraint("list of rules", rules, schema, bad)


def _known(entry: dict[Any, Any], keys: tuple[str, ...], where: str) -> None:
    for key in entry:
        if key not in keys:
            raise wrong(
                f"the keys {', '.join(keys)}",
                f"{where} has {key!r}. {did_you_mean(str(key), keys) or ''}".strip(),
            )


def _condition(given: Any, where: str, depth: int) -> Condition:
    if not isinstance(given, dict) or depth > DEEPEST:
        raise wrong(
            f"a condition: a mapping, at most {DEEPEST} deep",
            f"{where}: such as {{column: text, contains: free}}",
        )
    joins = [key for key in JOINS if key in given]
    if joins:
        if len(given) != 1:
            raise wrong(
                "one of all, any, not alone in its mapping", f"{where} has {', '.join(map(str, given))}"
            )
        parts = given[joins[0]]
        parts = [parts] if joins[0] == "not" else parts
        if not isinstance(parts, list | tuple) or not parts:
            raise wrong(f"a list of conditions after {joins[0]}", where)
        return Condition(joins[0], parts=tuple(_condition(part, where, depth + 1) for part in parts))
    _known(given, ("column", *TESTS), where)
    column = c.label_of(given.get("column"))
    tests = [key for key in TESTS if key in given]
    if not column or len(tests) != 1:
        raise wrong(f"a column and one of {', '.join(TESTS)}", where)
    return Condition(tests[0], column, _values(tests[0], given[tests[0]], where))


def _values(test: str, value: Any, where: str) -> tuple[str | float, ...]:
    if test == "missing":
        if value is not True:
            raise wrong(
                "missing: true", f"{where}: for the contrary write not: {{column: ..., missing: true}}"
            )
        return ()
    if test in ("above", "below", "at_least", "at_most"):
        if not c.is_number(value):
            raise wrong(f"a number after {test}", f"{where} has {value!r}")
        return (float(value),)
    several = value if isinstance(value, list | tuple) and test != "matches" else [value]
    words = [c.label_of(word) for word in several]
    if not words or not all(words) or any(len(word or "") > LONGEST for word in words):
        raise wrong(f"text after {test}, of at most {LONGEST} characters", f"{where} has {value!r}"[:200])
    return tuple(word for word in words if word)
