"""Names in a goal that only the layers above the goal can know: families, cleaning operations, findings.

They are checked before anything is read, for ``run`` as for ``check``, so that a misspelt name is not found
after minutes of training, or never.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from modelwright.core.errors import BadGoal, Mistake
from modelwright.goal.nearest import did_you_mean

if TYPE_CHECKING:
    from modelwright.goal.goal import Goal
    from modelwright.goal.yaml import Document
    from modelwright.goal.yaml import Path as Place

CLEANING = (
    "boolean",
    "case",
    "constant",
    "currency",
    "date",
    "identifier",
    "mask",
    "missing",
    "near",
    "negatives",
    "number",
    "percent",
    "ranges",
    "repair",
    "spellings",
    "strip",
    "text",
    "thousands",
    "units",
    "variants",
)
"""What ``clean.off`` may switch off: operations of ``data/clean``, and parts of reading numbers."""


def agree(goal: Goal) -> None:
    """Raise :class:`BadGoal` for every name that nothing answers to, with the nearest right one, and
    :class:`BadInput` for a signing key that could not sign."""
    document = None if goal.path is None else _document(goal)
    mistakes = [
        Mistake(where, expected, repr(name), _line(document, place), did_you_mean(near, known))
        for place, where, expected, name, near, known in _strangers(goal)
    ]
    if mistakes:
        raise BadGoal(mistakes, source=goal.path.name if goal.path is not None else "the goal")
    key = goal.sections.release.sign_with
    if key is not None:  # a key that fails is better known now than after the test rows are opened
        from pathlib import Path as File

        from modelwright.release.sign import signature

        signature(b"{}", File(key))


def _strangers(goal: Goal) -> Iterator[tuple[Place, str, str, str, str, Iterable[str]]]:
    """(place in the file, dotted key, what was expected, the name, what to compare, known names)."""
    from modelwright.evidence.catalogue import FINDINGS
    from modelwright.models.families import FAMILIES, HIDDEN

    sections = goal.sections
    families = FAMILIES.names()
    shown = [name for name in families if name not in HIDDEN]
    for at, name in enumerate(sections.search.families or ()):
        if name not in families:
            expected = f"a family ({', '.join(sorted(shown))})"
            yield ("search", "families", at), f"search.families[{at}]", expected, name, name, shown
    for at, name in enumerate(sections.clean.off):
        operation = name.partition(":")[0]
        if operation not in CLEANING:
            expected = f"a cleaning operation ({', '.join(CLEANING)}), alone or with :column"
            yield ("clean", "off", at), f"clean.off[{at}]", expected, name, operation, CLEANING
    for name, _ in sections.success.accept:
        code = name.partition(":")[0]
        if code not in FINDINGS:
            expected = "the code of a finding (the reference lists them), alone or with :column"
            yield ("accept", name), f"accept.{name}", expected, name, code, FINDINGS


def _document(goal: Goal) -> Document:
    from modelwright.goal.yaml import read

    return read(goal.to_yaml())


def _line(document: Document | None, place: Place) -> int | None:
    return None if document is None else document.line(place)
