"""The release: the verdict of the run, and the bundle where the verdict allows it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from modelwright.core.book import Book
from modelwright.core.codec import encode
from modelwright.core.errors import BadInput, ModelwrightError
from modelwright.core.records.data import Cleaned, Collected, Development, Labelled
from modelwright.core.records.evidence import Finding
from modelwright.core.records.goal import Defined, Force, Openings
from modelwright.core.records.models import Compressed, Trained
from modelwright.core.records.verdict import Findings, Released, Safeguarded, Tested
from modelwright.core.stage import Work
from modelwright.data.clean.apply import preprocess_of
from modelwright.goal.sections import (
    CleanSection,
    MonitorSection,
    OutputSection,
    ProblemSection,
    ReleaseSection,
    RolesSection,
    SuccessSection,
)
from modelwright.models.rows import signature_of
from modelwright.release import bundle, cards, columns_told
from modelwright.release.columns import describe, personal_columns, sensitive_columns
from modelwright.release.data_card import data_card
from modelwright.release.decide import decide
from modelwright.release.facts import Facts
from modelwright.release.lineage import lineage, versions
from modelwright.release.prepared import checklist, table
from modelwright.release.reference import build as build_reference
from modelwright.runtime.describe import ModelSignature, OutputColumn
from modelwright.store import atomic

BUNDLE = "bundle"
PACKAGES = "packages"
_TO_MEASURE = 45.0
"""Seconds that must be left to start the server and measure it, which manifests for a cluster need."""


def release(
    section: ReleaseSection,
    success: SuccessSection,
    problem: ProblemSection,
    roles: RolesSection,
    output: OutputSection,
    clean: CleanSection,
    monitor: MonitorSection,
    defined: Defined,
    collected: Collected,
    cleaned: Cleaned,
    labelled: Labelled,
    development: Development,
    trained: Trained,
    compressed: Compressed,
    tested: Tested,
    safeguarded: Safeguarded,
    findings: Findings,
    openings: Openings,
    force: Force,
    work: Work,
    book: Book,
) -> Released:
    """Settle the verdict, write ``verdict.json`` into the run's folder and ``bundle/`` when it is released.

    Raises :class:`BadInput` when the goal names a key that cannot sign; nothing is written then.
    """
    run = work.folder.parent
    prepared = checklist(collected, cleaned, labelled, development, trained, tested.rows, roles, findings.all)
    book.table(table(prepared))
    told = columns_told.table(cleaned, trained)
    if told is not None:
        book.table(told)
    made = decide(success, tested.criteria, findings.blockers, compressed.check, forced=force.asked)
    if made.forced:
        book.finding(
            "release.forced",
            "warning",
            f"the model was released by force; its verdict is {made.verdict}",
            "use it only where that verdict is enough, and run again with what the verdict asks for",
        )
    if made.released:
        facts = Facts(
            problem, defined, collected, cleaned, labelled, development, trained, compressed, tested,
            safeguarded, findings, openings, output, made,
            personal_columns(development.columns, development.table.get(), findings.all),
            sensitive_columns(labelled.columns, (*roles.sensitive, *roles.keys)),
            prepared,
        )  # fmt: skip
        key = _key(section)
        watched = live(facts, clean, monitor, roles)
        bundle.write(run / BUNDLE, contents(facts, success, watched, work), sign_with=key)
        if key is None:
            book.finding(
                "release.unsigned",
                "note",
                "the bundle is not signed: its hashes detect damage, not tampering",
                "make a key, and name it as release.sign_with",
            )
        _package(section, run, work, book)
    else:
        bundle.clear(run / BUNDLE)
        shutil.rmtree(run / PACKAGES, ignore_errors=True)
    released = Released(
        verdict=made.verdict,
        released=made.released,
        reason=made.reason,
        test_openings=openings.count,
        criteria=tested.criteria,
        blockers=tuple(_name(found) for found in findings.blockers),
        bundle=BUNDLE if made.released else None,
        forced=made.forced,
    )
    atomic.write_json(run / "verdict.json", verdict_json(released, success, openings))
    return released


def _package(section: ReleaseSection, run: Path, work: Work, book: Book) -> None:
    """The packages that the goal asks for, in ``packages/<target>/``. What cannot be made stops nothing."""
    shutil.rmtree(run / PACKAGES, ignore_errors=True)
    made: list[str] = []
    # The one that starts a server to measure it comes last, and does so once.
    for target in sorted(section.targets, key=lambda target: target == "kubernetes"):
        why = f"there were {work.left():.0f} s left of the budget, too few to measure the server"
        if target != "kubernetes" or work.left() > _TO_MEASURE:
            from modelwright.release.package import make

            try:
                make(run / BUNDLE, [*made, target], run / PACKAGES)
                made.append(target)
                continue
            except ModelwrightError as error:
                why = error.message
        book.finding(
            "release.not-packaged",
            "warning",
            f"the package for {target} was not made: {why}",
            f"`modelwright package {run.name} --for {target}` makes it",
        )


def verdict_json(released: Released, success: SuccessSection, openings: Openings) -> dict[str, Any]:
    """``verdict.json`` of the contract: the same run gives the same bytes, so no name or time is in it."""
    data = dict(encode(released))
    data["policy"] = success.policy
    data["level"] = openings.level
    return data


def _name(found: Finding) -> str:
    return f"{found.code}:{found.column}" if found.column else found.code


def _key(section: ReleaseSection) -> Path | None:
    if not section.sign_with:
        return None
    path = Path(section.sign_with)
    if not path.is_file():
        raise BadInput(
            f"release.sign_with names {path.name!r}, which is not there",
            code="sign.key",
            hint="give the path of an ed25519 private key in PEM, relative to the goal file",
        )
    return path


def outputs(problem: str, asked: float | None) -> tuple[OutputColumn, ...]:
    """What the graph answers, by name."""
    share = "" if asked is None else f"{asked:.0%}"
    if problem == "regression":
        made = [OutputColumn("value", "float32", "[n]", "the predicted value")]
        if asked is not None:
            made.append(
                OutputColumn("low", "float32", "[n]", f"lower end of the {share} prediction interval")
            )
            made.append(
                OutputColumn("high", "float32", "[n]", f"upper end of the {share} prediction interval")
            )
        return tuple(made)
    made = [
        OutputColumn("probabilities", "float32", "[n, classes]", "calibrated probability of each class"),
        OutputColumn("label", "int64", "[n]", "place of the predicted class in `classes`"),
    ]
    if asked is not None:
        made.append(OutputColumn("set", "bool", "[n, classes]", f"classes of the {share} prediction set"))
    return tuple(made)


def live(facts: Facts, clean: CleanSection, monitor: MonitorSection, roles: RolesSection) -> dict[str, Any]:
    """What serving and watching the model need to know of its goal.

    Where the goal says nothing of personal data, the log masks it: what is kept of strangers is asked for.
    """
    inputs = {c.name for c in facts.development.columns if c.is_input}
    said = [*roles.keys, roles.group, roles.time, roles.weight, *roles.sensitive]
    return {
        "personal": clean.personal or "mask",
        "personal_columns": sorted(facts.personal),
        "also": [name for name in dict.fromkeys(said) if name and name not in inputs],
        "monitor": {
            "alarm_rate": monitor.alarm_rate,
            "alarm_horizon": monitor.alarm_horizon,
            "retrain": monitor.retrain,
            "every": monitor.every,
        },
        "retention": monitor.retention,
    }


def contents(facts: Facts, success: SuccessSection, watched: dict[str, Any], work: Work) -> bundle.Contents:
    """Everything that goes into the bundle, from the records alone; ``watched``: see :func:`live`."""
    development, compressed, tested = facts.development, facts.compressed, facts.tested
    inputs = [c for c in development.columns if c.is_input]
    frame = development.table.get()
    # A sensitive column is here only where the goal makes it an input: a client must know what to send.
    described = tuple(describe(c, frame[c.name], c.name in facts.personal) for c in inputs)
    signature = ModelSignature(described, outputs(development.problem, compressed.intervals))
    tensors = signature_of(development)
    graph: bytes = compressed.graph.get()
    run = work.folder.parent
    manifest: dict[str, Any] = {
        "name": facts.problem.name,
        "description": facts.problem.description,
        "problem": development.problem,
        "target": development.target,
        "classes": list(development.classes),
        "positive": development.positive,
        "threshold": compressed.threshold,
        "abstain_below": facts.output.abstain_below,
        "intervals": compressed.intervals,
        "inputs": [column.to_json() for column in described],
        "outputs": [column.to_json() for column in signature.outputs],
        "tensors": tensors.to_json(),
        "verdict": facts.decision.verdict,
        "forced": facts.decision.forced,
        "reason": facts.decision.reason,
        "policy": success.policy,
        "test": {
            "rows": tested.rows,
            "openings": facts.openings.count,
            "level": facts.openings.level,
            "criteria": encode(tested.criteria),
            "metrics": [encode(m) for m in tested.metrics if m.about == "model"],
        },
        "live": watched,
        "export_check": encode(compressed.check),
        "lineage": lineage(run, facts.collected, development, facts.trained, compressed, tested, work.seed),
        "versions": versions(facts.trained),
    }
    return bundle.Contents(
        manifest=manifest,
        graph=graph,
        preprocess=preprocess_of(inputs).to_json(),
        reference=build_reference(development, tensors, graph, facts.personal),
        model_card=cards.model_card(facts, signature),
        data_card=data_card(facts),
        reading=None if facts.collected.reading is None else facts.collected.reading.get(),
    )
