"""The first stage: what is wanted, settled as far as it can be without data."""

from __future__ import annotations

from modelwright.core.book import Book
from modelwright.core.records.goal import Defined
from modelwright.core.secrets import public
from modelwright.goal.sections import (
    BudgetSection,
    OutputSection,
    ProblemSection,
    SearchSection,
    SourceSection,
    SuccessSection,
)


def define(
    problem: ProblemSection,
    source: SourceSection,
    success: SuccessSection,
    budget: BudgetSection,
    search: SearchSection,
    output: OutputSection,
    book: Book,
) -> Defined:
    """State the problem, its objectives and its requirements, and say what the goal leaves open."""
    criteria = tuple(c.text for c in success.criteria)
    limits: list[str] = []
    if budget.seconds is not None:
        limits.append(f"time: {budget.seconds:g} s of wall clock")
    if search.trials is not None:
        limits.append(f"work: {search.trials} trials")
    if budget.memory is not None:
        limits.append(f"memory: {budget.memory / 1e9:g} GB")
    if budget.cores is not None:
        limits.append(f"cores: {budget.cores}")
    if search.interpretable:
        limits.append("only families that a person can read")
    if output.intervals is not None:
        limits.append(f"intervals or sets that cover {output.intervals:.0%}")
    if not criteria:
        book.finding(
            "goal.no-criteria",
            "warning",
            "the goal names no criterion of success, so the model only has to beat the best baseline",
            "say how good it must be, such as `success: [roc_auc >= 0.9]` for classes, or `[mae <= 10]` for "
            "numbers",
        )
    questions = (
        (
            "What is to be solved?",
            problem.description or (f"predict {problem.target}" if problem.target else ""),
        ),
        ("Who will use it?", problem.users),
        ("Which data exists?", _shown(source.source)),
        ("How accurate must it be?", "; ".join(criteria)),
    )
    return Defined(problem.name, problem.problem, questions, criteria, tuple(limits))


def _shown(source: str) -> str:
    """A file's name, or a database's address without what it keeps secret."""
    return public(source) if "://" in source else source.rsplit("/", 1)[-1]
