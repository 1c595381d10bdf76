"""The data card, written from the records: ``DATA_CARD.md``.

Sections after Pushkarna, Zaldivar and Kjartansson, "Data Cards" (2022). What nobody said is said to be
unknown, and stands among the known gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelwright.core.records.data import Column
from modelwright.release import coverage, words
from modelwright.release.cards import MOST, UNKNOWN, bullets, cell, page, sentence, table
from modelwright.release.facts import Facts
from modelwright.release.lineage import plain_source

if TYPE_CHECKING:
    import polars as pl

_TREATED = {
    "mask": "each is replaced by a mark",
    "hash": "each is replaced by a digest",
    "generalise": "each is made coarser",
}
_ABOUT = ("data.", "clean.", "label.", "profile.", "collect.", "split.", "leak.", "analyse.", "privacy.")
_GROUPS = ("safeguard.small-group",)


def data_card(facts: Facts) -> str:
    """Markdown of ``DATA_CARD.md``."""
    return page(
        f"Data card: {cell(facts.problem.name)}",
        (
            ("Summary", _summary(facts)),
            ("Provenance and collection", _provenance(facts)),
            ("Licence and consent", _licence(facts)),
            ("Columns", _columns(facts)),
            ("Coverage", coverage.section(facts)),
            ("Sensitive and personal data", _sensitive(facts)),
            ("Preparation", table(("step", "status", "what was done"), facts.prepared)),
            ("Cleaning, with counts", _transformations(facts)),
            ("Labels", _labels(facts)),
            ("Sampling and parts", _parts(facts)),
            ("Known problems", _problems(facts)),
            ("Known gaps", bullets(_gaps(facts)) or "None that the records show."),
        ),
    )


def _summary(facts: Facts) -> str:
    inputs = [c for c in facts.labelled.columns if c.is_input]
    kinds = sorted({c.kind for c in inputs})
    said = ", ".join(f"{sum(c.kind == kind for c in inputs)} {kind}" for kind in kinds)
    about = f"{cell(facts.problem.description)}\n\n" if facts.problem.description else ""
    return (
        f"{about}{words.count(facts.collected.rows, 'row')} collected, "
        f"{words.count(facts.labelled.rows, 'row')} with a usable target; "
        f"{words.count(len(inputs), 'input column')} ({said})."
    )


def _provenance(facts: Facts) -> str:
    sources = facts.collected.sources
    rows = [
        (
            plain_source(s.name),
            s.format,
            s.rows,
            s.columns,
            s.bytes,
            ", ".join(f"{k} {v}" for k, v in s.details.items() if len(v) <= 60),
            s.digest[:16],
        )
        for s in sources[:MOST]
    ]
    made = table(("source", "format", "rows", "columns", "bytes", "read as", "sha256 begins"), rows)
    if len(sources) > MOST:
        made += f"\n\n{len(sources) - MOST} more sources are in the report of the run."
    when = cell(facts.collected.collected) if facts.collected.collected else UNKNOWN
    return f"{made}\n\nHow and when it was collected: {when}"


def _licence(facts: Facts) -> str:
    licence, consent = facts.collected.licence, facts.collected.consent
    said = (("Licence", licence), ("Consent", consent))
    return "\n\n".join(f"{name}: {cell(text) if text else UNKNOWN}" for name, text in said)


def _columns(facts: Facts) -> str:
    frame: pl.DataFrame = facts.labelled.table.get()
    rows = []
    for c in facts.labelled.columns[: 5 * MOST]:
        missing = (
            f"{frame[c.name].null_count() / max(1, frame.height):.1%}" if c.name in frame.columns else ""
        )
        rows.append((c.name, c.kind, c.role, "yes" if c.is_input else "no", missing, c.unit, c.why))
    more = len(facts.labelled.columns) - len(rows)
    left = f"\n\n{words.count(more, 'more column')} in the report of the run." if more else ""
    return table(("column", "kind", "role", "input", "missing", "unit", "why"), rows) + left


def _sensitive(facts: Facts) -> str:
    by_name = {c.name: c for c in facts.labelled.columns}
    lines = [f"{name}: {', '.join(_about(by_name.get(name), facts, name))}" for name in sorted(facts.private)]
    told = [f for f in facts.findings.all if f.code in ("privacy.k-anonymity", "privacy.l-diversity")]
    lines += [sentence(f.message) for f in told]
    if not lines:
        return "None was declared, and none was found by its look (names, addresses, numbers)."
    if not told:
        lines.append("Which rows share a combination of columns (k-anonymity) was not asked for.")
    return bullets(lines)


def _about(column: Column | None, facts: Facts, name: str) -> list[str]:
    said = ["sensitive" if name in facts.sensitive else "personal by its look"]
    said.append("an input" if column is not None and column.is_input else "not an input")
    for op in column.operations if column is not None else ():
        if op.name == "mask":
            kinds = [
                *([str(op.options["whole"])] if op.options.get("whole") else []),
                *op.options["patterns"],
            ]
            how = _TREATED.get(str(op.options["how"]), str(op.options["how"]))
            secret = " with a secret" if op.options.get("secret") else ""
            said.append(f"holds {' and '.join(dict.fromkeys(map(str, kinds)))}: {how}{secret}")
    return said


def _transformations(facts: Facts) -> str:
    cleaned, collected = facts.cleaned, facts.collected
    done: dict[str, list[tuple[str, int]]] = {}
    for column in cleaned.columns:
        for op in column.operations:
            if op.sentence and op.changed:
                done.setdefault(op.sentence.rpartition(" (")[0] or op.sentence, []).append(
                    (column.name, op.changed)
                )
    lines = []
    for what, where in done.items():
        names = ", ".join(f"{name} ({n:,})" for name, n in where[:MOST])
        more = f" and {len(where) - MOST} more" if len(where) > MOST else ""
        lines.append(f"{what}, by cells: {names}{more}")
    cells = sum(op.changed for c in cleaned.columns for op in c.operations)
    columns = sum(any(op.changed for op in c.operations) for c in cleaned.columns)
    head = f"{words.count(cells, 'cell')} of {words.count(columns, 'column')} changed"
    head += f", {words.count(cleaned.duplicates, 'row')} equal to an earlier one"
    head += f" ({cleaned.dropped_duplicates:,} dropped)" if cleaned.duplicates else ""
    head += f", {words.count(collected.quarantined, 'broken row')} put aside."
    over = len(lines) - MOST
    left = f"\n\n{words.count(over, 'more operation')} in the report of the run." if over > 0 else ""
    return f"{head}\n\n{bullets(lines[:MOST])}{left}" if lines else head


def _labels(facts: Facts) -> str:
    labelled = facts.labelled
    left = (
        f" {words.count(labelled.unlabelled, 'row')} without a target left out."
        if labelled.unlabelled
        else ""
    )
    by_rules = (
        f" {words.count(labelled.weak, 'label')} made by rules, which no person has checked."
        if labelled.weak
        else ""
    )
    return (
        f"`{cell(labelled.target)}`, {labelled.problem}. {cell(labelled.why)}"
        f"{_process(facts)}{left}{by_rules}"
        f"\n\n{coverage.target(facts)}"
    )


def _process(facts: Facts) -> str:
    process = f" {cell(facts.labelled.process)}." if facts.labelled.process else ""
    for source in facts.collected.sources:  # a store of labels (modelwright label) that several people filled
        if agreed := source.details.get("agreement"):
            by = source.details.get("consensus", "majority")
            process += f" Labelled by several people, settled by {cell(by)}: {cell(agreed)}."
    return process


def _parts(facts: Facts) -> str:
    development = facts.development
    by = [f"grouped by {cell(development.group)}"] if development.group else []
    by += [f"ordered by {cell(development.time)}"] if development.time else []
    how = f", {' and '.join(by)}" if by else ""
    if development.scheme == "holdout":
        held = int((development.table.get()["__fold__"] == 1).sum())
        inner = f"{development.rows - held:,} to learn from and {held:,} to choose on"
    else:
        inner = f"compared in {development.folds} folds, {words.count(development.repeats, 'time')}"
    neither = facts.labelled.rows - development.rows - facts.tested.rows
    left = (
        f" {words.count(neither, 'labelled row')} in neither part (copies of test rows, or rows that the "
        "goal leaves out)."
        if neither > 0
        else ""
    )
    opened = facts.openings.count
    times = "once" if opened == 1 else f"{opened} times"
    often = f" The test rows were opened {times}." if facts.tested.rows else ""
    return (
        f"{words.count(development.rows, 'row')} for development ({inner}), "
        f"{words.count(facts.tested.rows, 'row')} sealed for the test{how}.{left}{often}"
    )


def _problems(facts: Facts) -> str:
    found = [
        f
        for f in facts.findings.all
        if (f.code.startswith(_ABOUT) and f.severity != "note") or f.code in _GROUPS
    ]
    said = [
        f"{f.code}{f' ({f.column})' if f.column else ''}: {f.message}"
        + (f" Accepted: {f.accepted}" if f.accepted else "")
        for f in found[:MOST]
    ]
    if len(found) > MOST:
        said.append(f"{len(found) - MOST} more are in the report of the run.")
    return bullets(said) if said else "None was found."


def _gaps(facts: Facts) -> Sequence[str]:
    collected, labelled = facts.collected, facts.labelled
    silent = (
        ("under which licence the data may be used", collected.licence),
        ("on what ground (consent, contract, law) it may be used", collected.consent),
        ("how and when it was collected, and from whom", collected.collected),
    )
    gaps = [f"The goal does not say {what}." for what, said in silent if not said]
    if not _process(facts):
        gaps.append(
            "How the labels were made, by whom and how far they would agree is not known: the source "
            "holds one label a row."
        )
    if labelled.weak:
        gaps.append(f"{words.count(labelled.weak, 'label')} made by rules: nobody has checked them.")
    if labelled.unlabelled:
        gaps.append(
            f"{words.count(labelled.unlabelled, 'row')} without a label: whether they differ from the others "
            "is not known."
        )
    if not facts.sensitive:
        gaps.append("No column was declared sensitive, so which groups of people are covered is not known.")
    gaps.append(
        "Who or what is missing from the sources altogether cannot be seen in them: compare with those on "
        "whom the model is to be used."
    )
    return gaps
