"""Real bundles in well under a second: the stages of a run, with one fit in place of the search.

What stands in for the test stage is said by the caller: a bundle made here proves nothing about its model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Development
from modelwright.core.records.evidence import Finding
from modelwright.core.records.goal import Defined, Force, Openings
from modelwright.core.records.models import Compressed, Member, Trained
from modelwright.core.records.verdict import CriterionResult, Findings, Released, Safeguarded, Tested
from modelwright.core.stage import Work
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.data.label import label
from modelwright.data.split.stage import split
from modelwright.goal.define import define
from modelwright.goal.sections import (
    BudgetSection,
    CleanSection,
    MonitorSection,
    OutputSection,
    ProblemSection,
    ReleaseSection,
    RolesSection,
    SearchSection,
    SourceSection,
    SplitSection,
    SuccessSection,
)
from modelwright.models.fit import Bench, Job, fit
from modelwright.models.rows import place_of
from modelwright.release.compress import compress
from modelwright.release.stage import release
from modelwright.store.store import Store

MET = CriterionResult("accuracy >= 0.5", 0.9, 0.8, 0.95, 40, "met", "given by the caller")


@dataclass(frozen=True)
class Made:
    """What :func:`make_run` made."""

    run: Path
    released: Released
    raw: pl.DataFrame
    development: Development
    trained: Trained
    compressed: Compressed
    findings: tuple[Finding, ...]

    @property
    def bundle(self) -> Path:
        return self.run / "bundle"


def make_run(
    run: Path,
    raw: pl.DataFrame,
    target: str,
    *,
    families: Sequence[str] = ("logistic",),
    configs: Sequence[dict[str, Any]] = (),
    criteria: tuple[CriterionResult, ...] = (MET,),
    findings: tuple[Finding, ...] = (),
    roles: RolesSection | None = None,
    section: CleanSection | None = None,
    success: SuccessSection | None = None,
    output: OutputSection | None = None,
    sign_with: Path | None = None,
    force: bool = False,
    check_passed: bool = True,
) -> Made:
    """Go from raw rows to a release in the folder ``run``, with one fit for each of ``families``.

    ``criteria`` and ``findings`` are what the judging stages would have said; ``check_passed=False`` acts as
    if the exported graph had differed.
    """
    roles, success, output = roles or RolesSection(), success or SuccessSection(), output or OutputSection()
    book = Book()
    problem = ProblemSection("toy", target=target)
    source = SourceSection("rows.csv", target=target, licence="CC0-1.0", consent="made up")
    defined: Defined = define(problem, source, success, BudgetSection(), SearchSection(), output, book)
    collected = collect(source, book, raw)
    collected = replace(collected, licence="CC0-1.0", consent="made up")
    cleaned = clean(section or CleanSection(), roles, problem, collected, book)
    labelled = label(problem, roles, success, cleaned, book)
    parts = split(SplitSection(), roles, problem, success, labelled, 0, book)
    development = parts.development
    store = Store(run.parent / ".store")
    store.put(development.table)
    metric = "log_loss" if labelled.classes else "rmse"
    place = place_of(development, metric, False)
    bench, members, held = Bench(), [], []
    for number, family in enumerate(families):
        config = configs[number] if number < len(configs) else {}
        product = fit(bench, place, Job(family, config, 0, 0))
        if product.result.error:
            raise ValueError(f"{family}: {product.result.error}")
        weight = 1.0 / len(families)
        members.append(
            Member(family, family, Blob.of(product.graph, "bytes"), weight, config, product.result.recipe)
        )
        held.append(product.scores * weight)
    rows = development.table.get()[ROW].to_numpy()[bench.learning(place).part(0).valid]
    trained = Trained(
        leaderboard=(), members=tuple(members), baseline=members[0], baselines=(),
        validation=Blob.of({"row": rows, "scores": sum(held)}, "arrays"), metric=metric, score=0.0,
        trials=len(members), seconds=0.0, ended="trials",
    )  # fmt: skip
    work = Work(run / "release")
    compressed = compress(success, output, development, trained, work, book)
    if not check_passed:
        compressed = replace(compressed, check=replace(compressed.check, passed=False, labels_differing=1))
    tested = Tested(criteria, (), 1, 0.95, parts.sealed.rows)
    found = Findings((*(item for item in book.items if isinstance(item, Finding)), *findings))
    released = release(
        ReleaseSection(sign_with=str(sign_with) if sign_with else None), success, problem, roles, output,
        section or CleanSection(), MonitorSection(), defined, collected, cleaned, labelled, development,
        trained, compressed, tested, Safeguarded(roles.sensitive, {}, ("membership inference",)), found,
        Openings(1, 0.95), Force(force), work, book,
    )  # fmt: skip
    said = tuple(item for item in book.items if isinstance(item, Finding))
    return Made(run, released, raw, development, trained, compressed, said)
