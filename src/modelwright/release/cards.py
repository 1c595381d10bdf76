"""The model card, written from the records; the data card is in ``data_card``.

Sections after Mitchell et al., "Model Cards for Model Reporting" (2019). What nobody said is said to be
unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modelwright.core.records.evidence import Metric
from modelwright.release import words
from modelwright.release.facts import Facts
from modelwright.runtime.describe import InputColumn, ModelSignature

UNKNOWN = "The goal does not say."
OUT_OF_SCOPE = (
    "Rows of another origin than the training data, columns whose meaning has changed, and decisions for "
    "which the test below is not proof enough."
)
MOST = 40
"""Rows of a table in a card; the report has all of them."""


def cell(value: object) -> str:
    """A value that cannot break out of a Markdown table, nor of its line."""
    text = str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
    return " ".join(text.split()) or " "


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {cell(item)}" for item in items)


def sentence(text: str) -> str:
    """With a capital at the beginning and one full stop at the end."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def page(title: str, sections: Iterable[tuple[str, str]]) -> str:
    parts = [f"# {title}", *(f"## {name}\n\n{text.strip()}" for name, text in sections)]
    return "\n\n".join(parts) + "\n"


def _answer(facts: Facts, start: str) -> str:
    """The goal's answer to one of the four questions, by the beginning of the question."""
    return next((a for q, a in facts.defined.questions if q.lower().startswith(start)), "")


def model_card(facts: Facts, signature: ModelSignature) -> str:
    """Markdown of ``MODEL_CARD.md``."""
    return page(
        f"Model card: {cell(facts.problem.name)}",
        (
            ("Model details", _details(facts)),
            ("Intended use", _use(facts)),
            ("Factors", _factors(facts)),
            ("Metrics", _metrics(facts)),
            ("Evaluation data", _evaluation(facts)),
            ("Training data", _training(facts)),
            ("Quantitative analyses", _analyses(facts)),
            ("Ethical considerations", _ethics(facts)),
            ("Caveats and recommendations", _caveats(facts)),
            ("Inputs", _inputs(signature.inputs)),
            ("Outputs", table(("name", "type", "shape", "meaning"), [
                (o.name, o.dtype, o.shape, o.meaning) for o in signature.outputs])),
        ),
    )  # fmt: skip


def _details(facts: Facts) -> str:
    development, compressed = facts.development, facts.compressed
    members = [
        (m.name, m.family, f"{m.weight:.3g}", "; ".join(m.recipe) or "no preparation of its own")
        for m in facts.trained.members
    ]
    lines = [
        f"Predicts `{cell(development.target)}` ({development.problem}"
        + (f", classes {', '.join(cell(c) for c in development.classes)}" if development.classes else "")
        + "). One ONNX graph holds the features, every member, the calibration and the decision.",
        table(("member", "family", "weight", "features"), members),
        f"Calibration: {cell(compressed.calibration)}.",
    ]
    if compressed.threshold is not None:
        second = cell(development.classes[1])
        lines.append(f"{second} is predicted from a probability of {compressed.threshold:.4g} on.")
    if compressed.sentences:
        lines.append(bullets(compressed.sentences))
    return "\n\n".join(lines)


def _use(facts: Facts) -> str:
    purpose = facts.problem.description or _answer(facts, "what is to be solved")
    users = facts.problem.users or _answer(facts, "who")
    return "\n\n".join(
        (
            f"**Purpose.** {cell(purpose) if purpose else UNKNOWN}",
            f"**Users.** {cell(users) if users else UNKNOWN}",
            f"**Out of scope.** {OUT_OF_SCOPE}",
        )
    )


def _factors(facts: Facts) -> str:
    sensitive = facts.safeguarded.sensitive
    sliced = sorted(
        {m.about.partition(":")[2].partition("=")[0] for m in facts.tested.metrics if _is_slice(m)}
    )
    first = (
        f"Sensitive columns that were looked at: {', '.join(cell(c) for c in sensitive)}."
        if sensitive
        else "No sensitive column was declared, so fairness between groups of people was not measured."
    )
    second = f"Performance was measured by slices of {', '.join(cell(s) for s in sliced)}." if sliced else ""
    return "\n\n".join(part for part in (first, second) if part)


def _is_slice(metric: Metric) -> bool:
    return metric.about.startswith("slice:")


def _metrics(facts: Facts) -> str:
    criteria = [
        (r.criterion, words.figure(r.value), _interval(r.low, r.high), r.n, r.verdict)
        for r in facts.tested.criteria
    ]
    verdict = f"The verdict is **{facts.decision.verdict}**. {cell(facts.decision.reason)}"
    asked = (
        table(("criterion", "value", "interval", "rows or calls", "verdict"), criteria) if criteria else ""
    )
    often = "once." if facts.openings.count == 1 else f"{facts.openings.count} times, so intervals are wider."
    level = f"Intervals are at the level {facts.openings.level:.4g}; the test rows were opened {often}"
    return "\n\n".join(part for part in (verdict, asked, level) if part)


def _interval(low: float, high: float) -> str:
    return "none" if low != low or high != high else f"{words.figure(low)} to {words.figure(high)}"


def _evaluation(facts: Facts) -> str:
    n = facts.tested.rows
    if n == 0:
        return "No rows were kept for a test, so nothing is proven."
    return (
        f"{words.count(n, 'row')} that no part of training, choosing or calibrating had seen, opened once "
        "this model was final and scored through the very graph in this bundle."
    )


def _training(facts: Facts) -> str:
    development = facts.development
    how = (
        "a part of them held for validation"
        if development.scheme == "holdout"
        else f"{development.folds} folds, {words.count(development.repeats, 'time')}"
    )
    return f"{words.count(development.rows, 'row')}, {how}. See DATA_CARD.md for where they come from."


def _analyses(facts: Facts) -> str:
    shown = [
        m for m in facts.tested.metrics if m.about == "model" or m.about.startswith(("baseline:", "slice:"))
    ]
    if not shown:
        return "No metric was measured."
    rows = [
        (
            m.name,
            m.about,
            words.figure(m.estimate.value),
            _interval(m.estimate.low, m.estimate.high),
            m.estimate.n,
        )
        for m in shown[:MOST]
    ]
    more = f"\n\n{len(shown) - MOST} more are in the report of the run." if len(shown) > MOST else ""
    return table(("metric", "of", "value", "interval", "rows or calls"), rows) + more


def _ethics(facts: Facts) -> str:
    parts = []
    if facts.safeguarded.gaps:
        parts.append(
            table(
                ("gap between groups", "size"),
                [(k, words.figure(v)) for k, v in sorted(facts.safeguarded.gaps.items())],
            )
        )
    if facts.personal:
        names = ", ".join(cell(c) for c in sorted(facts.personal))
        parts.append(f"Columns with personal data: {names}.")
    if facts.safeguarded.not_done:
        parts.append(
            "Not checked by this version: " + ", ".join(cell(n) for n in facts.safeguarded.not_done) + "."
        )
    parts.append(f"Consent: {cell(facts.collected.consent) if facts.collected.consent else UNKNOWN}")
    return "\n\n".join(parts)


def _caveats(facts: Facts) -> str:
    open_ones = [f for f in facts.findings.all if f.severity != "note"]
    said = [
        f"{f.code}{f' ({f.column})' if f.column else ''}: {f.message.rstrip('.')}. "
        + (f"Accepted: {f.accepted.rstrip('.')}." if f.accepted else sentence(f.remedy))
        for f in open_ones[:MOST]
    ]
    if len(open_ones) > MOST:
        said.append(f"{len(open_ones) - MOST} more findings are in the report of the run.")
    return bullets(said) if said else "No finding of weight."


def _inputs(columns: Sequence[InputColumn]) -> str:
    rows = []
    for column in columns:
        if column.private:
            values = "not told"
        elif column.low is not None:
            values = f"{column.coverage:.0%} between {column.low} and {column.high}"
        elif column.categories:
            shown = ", ".join(column.categories[:10])
            values = shown + (", ..." if column.more_categories or len(column.categories) > 10 else "")
        else:
            values = ""
        rows.append((column.name, column.kind, column.unit, f"{column.missing:.1%}", values))
    return table(("column", "kind", "unit", "missing", "values seen"), rows)
