"""The checklist of data preparation: what was done, what there was no need for, and what nobody did."""

from __future__ import annotations

from collections.abc import Iterable

from modelwright.core.records.data import Cleaned, Collected, Development, Labelled
from modelwright.core.records.evidence import Finding, Table
from modelwright.core.records.models import Trained
from modelwright.goal.sections import RolesSection
from modelwright.release import words

Line = tuple[str, str, str]
"""Step, status ("done", "partly", "nothing to do", "not done"), how it is known."""
_FORMS = frozenset({"repair", "spellings", "case", "variants", "boolean", "number", "date"})
_HEAD = ("step", "status", "what was done")


def checklist(
    collected: Collected,
    cleaned: Cleaned,
    labelled: Labelled,
    development: Development,
    trained: Trained,
    test_rows: int,
    roles: RolesSection,
    findings: Iterable[Finding],
) -> tuple[Line, ...]:
    """The steps of preparation in their order; every status follows from a record or a finding."""
    told = list(findings)
    codes = {finding.code for finding in told}
    return (
        _sourced(collected),
        _cleaned(collected, cleaned),
        _normalised(cleaned),
        _deduplicated(cleaned, codes),
        _outliers(development, told),
        _filled(development, trained, codes),
        _anonymised(cleaned, told),
        _labelled(labelled),
        _diverse(roles, codes),
        _split(development, test_rows),
        _encoded(trained),
        _scaled(trained),
    )


def table(lines: Iterable[Line]) -> Table:
    """As evidence, for the report."""
    return Table("preparation", "Checklist of data preparation", _HEAD, tuple(lines))


def _sourced(collected: Collected) -> Line:
    lacks = [
        name for name, said in (("licence", collected.licence), ("consent", collected.consent)) if not said
    ]
    how = (
        f"{words.count(len(collected.sources), 'source')}, {words.count(collected.rows, 'row')}, with digests"
    )
    if lacks:
        return ("sourced", "partly", f"{how}; the goal does not name {' and '.join(lacks)}")
    return ("sourced", "done", f"{how}, licence and consent")


def _cleaned(collected: Collected, cleaned: Cleaned) -> Line:
    changed = sum(
        op.changed for column in cleaned.columns for op in column.operations if op.name not in _FORMS
    )
    dropped = cleaned.dropped_duplicates
    if not (changed or dropped or collected.quarantined):
        return ("cleaned", "nothing to do", "no cell, row or line was in need of it")
    said = [f"{words.count(changed, 'cell')} changed"] if changed else []
    said += [f"{words.count(dropped, 'repeated row')} dropped"] if dropped else []
    said += [f"{words.count(collected.quarantined, 'broken row')} set apart"] if collected.quarantined else []
    return ("cleaned", "done", ", ".join(said))


def _normalised(cleaned: Cleaned) -> Line:
    by: dict[str, int] = {}
    for column in cleaned.columns:
        for op in column.operations:
            if op.name in _FORMS and op.changed:
                by[op.name] = by.get(op.name, 0) + op.changed
    if not by:
        return ("normalised", "nothing to do", "every column has one form")
    shown = ", ".join(f"{name} ({words.count(count, 'cell')})" for name, count in sorted(by.items()))
    return ("normalised", "done", f"brought to one form: {shown}")


def _deduplicated(cleaned: Cleaned, codes: set[str]) -> Line:
    near = "clean.near-duplicates" in codes
    if not (cleaned.duplicates or near):
        return (
            "deduplicated",
            "nothing to do",
            "no row equals or nearly equals another, by what was looked at",
        )
    said = [f"{words.count(cleaned.duplicates, 'equal row')}, {cleaned.dropped_duplicates:,} dropped"]
    if cleaned.dropped_duplicates < cleaned.duplicates:
        said.append("what is kept stays on one side of the split")
    if near:
        return ("deduplicated", "partly", "; ".join([*said, "nearly equal ones are told and kept"]))
    return ("deduplicated", "done", "; ".join(said))


def _outliers(development: Development, told: list[Finding]) -> Line:
    drawn = [c.name for c in development.columns if c.is_input and c.winsorise is not None]
    found = next((f for f in told if f.code == "profile.outliers"), None)
    if drawn:
        return ("outliers", "done", f"winsorised as the goal asks: {', '.join(drawn[:8])}")
    if found is None:
        return ("outliers", "nothing to do", "no number lies far from the rest of its column")
    cells = words.count(int(found.numbers.get("cells", 0)), "cell")
    columns = words.count(int(found.numbers.get("columns", 0)), "column")
    return (
        "outliers",
        "not done",
        f"{cells} of {columns} are told and were left as they are; `winsorise` draws them in",
    )


def _filled(development: Development, trained: Trained, codes: set[str]) -> Line:
    import polars as pl

    inputs = [c.name for c in development.columns if c.is_input]
    counts = development.table.get().select(pl.col(inputs).null_count()).row(0) if inputs else ()
    cells, columns = sum(counts), sum(count > 0 for count in counts)
    if not cells:
        return ("missing values", "nothing to do", "no input has any in the rows to learn from")
    ways = {
        words_
        for member in trained.members
        for _, encoded, _, _ in member.told
        for words_ in encoded.split("; ")
        if "missing" in words_
    }
    how = "; ".join(sorted(ways)) or "left to the families"
    better = "; another way is proven better, see the findings" if "analyse.imputation" in codes else ""
    return (
        "missing values",
        "done",
        f"{words.count(cells, 'cell')} of {words.count(columns, 'input')}: {how}{better}",
    )


def _anonymised(cleaned: Cleaned, told: list[Finding]) -> Line:
    found = sorted({f.column or "" for f in told if f.code == "clean.personal-found"})
    done = sorted({f.column or "" for f in told if f.code == "clean.personal"})
    kept = [name for name in found if any(c.name == name and c.is_input for c in cleaned.columns)]
    if kept:
        return ("anonymised", "not done", f"personal data is among the inputs: {', '.join(kept)}")
    if done or found:
        how = [f"treated: {', '.join(done)}"] if done else []
        how += [f"found and no input: {', '.join(found)}"] if found else []
        return ("anonymised", "done", "; ".join(how))
    return ("anonymised", "nothing to do", "no personal data was found by its look")


def _labelled(labelled: Labelled) -> Line:
    how = f"{words.count(labelled.rows, 'row')} with a label"
    if labelled.unlabelled:
        return (
            "labelled",
            "partly",
            f"{how}; {words.count(labelled.unlabelled, 'row')} without one left out",
        )
    return ("labelled", "done", how)


def _diverse(roles: RolesSection, codes: set[str]) -> Line:
    if not roles.sensitive:
        return (
            "diverse",
            "not done",
            "no sensitive column was named, so the coverage of groups was not looked at",
        )
    if "analyse.coverage" in codes or "safeguard.small-group" in codes:
        return ("diverse", "partly", "some groups have few rows; see the findings")
    return ("diverse", "done", f"groups of {', '.join(roles.sensitive)} have rows enough")


def _split(development: Development, test_rows: int) -> Line:
    parts = f"{words.count(development.rows, 'row')} to learn from and choose on"
    if not test_rows:
        return ("split", "partly", f"{parts}, none for a test")
    return ("split", "done", f"{parts}, {words.count(test_rows, 'sealed test row')}")


def _encoded(trained: Trained) -> Line:
    steps = sorted({step for member in trained.members for step in member.recipe})
    if not steps:
        return ("encoded", "nothing to do", "the model takes typed columns as they are")
    told = {name for member in trained.members for name, *_ in member.told}
    every = [
        way for member in trained.members for _, encoded, *_ in member.told for way in encoded.split("; ")
    ]
    # How many columns a category became is in the table of columns; here it would be a line for each.
    ways = sorted({way.lstrip("0123456789 ").partition(", one for")[0] for way in every})
    if told:
        more = f" and {len(ways) - 4} more" if len(ways) > 4 else ""
        return (
            "encoded",
            "done",
            f"{words.count(len(told), 'input')}, each by its kind: {'; '.join(ways[:4])}{more}",
        )
    return ("encoded", "done", "; ".join(steps[:6]) + ("; ..." if len(steps) > 6 else ""))


def _scaled(trained: Trained) -> Line:
    scaled: dict[str, str] = {}
    for member in trained.members:
        for name, _, how, _ in member.told:
            scaled[name] = f"{scaled.get(name, '')}; {how}"
    one = [name for name, how in scaled.items() if "standard deviation 1" in how]
    if not one:
        return ("scaled", "nothing to do", "what ships is not harmed by the scale of a column")
    logged = sum("logarithm" in scaled[name] for name in one)
    by = f", {logged} of them by their logarithm" if logged else ""
    return ("scaled", "done", f"{words.count(len(one), 'input')} to mean 0 and standard deviation 1{by}")
