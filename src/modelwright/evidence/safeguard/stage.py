"""The stage that asks how the model treats people."""

from __future__ import annotations

from modelwright.core.book import Book
from modelwright.core.records.data import Development, Sealed
from modelwright.core.records.goal import Openings
from modelwright.core.records.models import Compressed
from modelwright.core.records.verdict import Safeguarded
from modelwright.core.stage import Work
from modelwright.evidence.safeguard import fairness
from modelwright.evidence.safeguard.rates import measures
from modelwright.evidence.testing.answers import Oracle, opened
from modelwright.evidence.testing.private import personal
from modelwright.goal.sections import RolesSection, SuccessSection

NOT_DONE = (
    "adversarial tests",
    "membership inference",
    "mitigation of unfairness",
    "fairness across combinations of sensitive columns",
    "names of one word in free prose that nothing introduces",
)
_WORDS = {"email": "e-mail addresses", "phone": "phone numbers", "card": "payment card numbers"}


def safeguard(
    roles: RolesSection,
    success: SuccessSection,
    development: Development,
    sealed: Sealed,
    compressed: Compressed,
    openings: Openings,
    work: Work,
    book: Book,
) -> Safeguarded:
    """Rates by each sensitive column on the sealed rows, through the released graph, with intervals; and
    personal data by pattern among the inputs, on development rows."""
    _personal(development, book)
    frame = sealed.table.get()
    columns = tuple(c for c in roles.sensitive if c in frame.columns)
    gaps: dict[str, float] = {}
    if columns and frame.height:
        work.say("fairness", columns=len(columns))
        rows = opened(frame, development, success)
        wanted = measures(Oracle(compressed.graph.get()).scored(rows), rows.classes)
        for column in columns:
            for gap in fairness.treat(rows, wanted, column, openings.level, book):
                gaps[f"{column}: {gap.measure}"] = gap.worst.difference.value
    return Safeguarded(columns, gaps, _not_done(roles, columns, frame.height))


def _not_done(roles: RolesSection, columns: tuple[str, ...], rows: int) -> tuple[str, ...]:
    gone = [c for c in roles.sensitive if c not in columns]
    missing = [f"fairness by {c}, which is not among the columns" for c in gone]
    if roles.sensitive and not rows:
        missing.append("fairness, for want of test rows")
    if not roles.sensitive:
        missing.append("fairness, as no column is declared sensitive")
    return (*missing, *NOT_DONE)


def _personal(development: Development, book: Book) -> None:
    inputs = {c.name: c for c in development.columns if c.is_input}
    for name, kinds in personal(development).items():
        if name not in inputs or any(op.name == "mask" for op in inputs[name].operations):
            continue
        shown = " and ".join(_WORDS.get(k, k) for k in kinds)
        book.finding(
            "safeguard.personal-data",
            "warning",
            f"the input {name} holds {shown} by their look",
            "leave it out of the inputs, or set `personal: mask` (or drop, hash) in the goal",
            column=name,
        )
