"""Which families are candidates for these rows, each taken or declined with its reason."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from modelwright.core.book import Book
from modelwright.core.errors import Unsupported
from modelwright.core.records.data import Development, Profile
from modelwright.core.records.models import Candidate, Shortlist
from modelwright.core.stage import Work
from modelwright.goal.metrics import default_metric, metric
from modelwright.goal.sections import SearchSection, SuccessSection
from modelwright.models.families import FAMILIES, considered
from modelwright.models.family import DataFacts, Declines, Family, Machine, Tags, Task

LIMITED = ("size", "latency_p50", "latency_p99")
OPTIONAL = ("catboost", "torch", "transformers", "xgboost")
HUB = "hub:"
"""Begins the name of a pretrained model that is fetched from the hub."""
BOOSTING = {"lightgbm": "LightGBM", "xgboost": "XGBoost", "catboost": "CatBoost"}
"""Families that come with a library of their own."""


def search_metric(success: SuccessSection, problem: str) -> tuple[str, str]:
    """What the search optimises, and why: the first criterion that is smooth enough to search on (a
    probability or value metric), else the problem's default."""
    for criterion in success.criteria:
        spec = metric(criterion.metric)
        if problem in spec.problems and spec.needs in ("probability", "value") and spec.name != "ece":
            return spec.name, f"the goal asks for {criterion.text}"
    label = any(metric(c.metric).needs == "label" for c in success.criteria)
    if label and problem != "regression":
        return "log_loss", (
            "the goal's criteria count labels, which jump; log loss is smooth, and the threshold is settled "
            "for the criteria on validation rows"
        )
    return default_metric(problem).name, "the default for this kind of problem"


def facts_of(development: Development, profile: Profile, pretrained: str = "") -> DataFacts:
    """What families may know of the rows before they see them. ``pretrained`` is the goal's."""
    if pretrained and not pretrained.startswith(HUB):
        pretrained = str(Path(pretrained).absolute())  # workers may be in another folder
    inputs = [c for c in profile.columns if c.is_input]
    kinds = [c.kind for c in inputs]
    cells = sum(c.count for c in inputs) or 1
    smallest = 0
    if development.problem != "regression":
        smallest = int(development.table.get()["__target__"].value_counts()["count"].min() or 0)
    return DataFacts(
        rows=development.rows,
        numbers=kinds.count("number") + kinds.count("boolean"),
        categories=kinds.count("category"),
        dates=kinds.count("date"),
        texts=kinds.count("text"),
        images=kinds.count("image"),
        audios=kinds.count("audio"),
        series=kinds.count("series"),
        missing=sum(c.missing for c in inputs) / cells,
        largest_cardinality=max((c.distinct for c in inputs if c.kind == "category"), default=0),
        smallest_class=smallest,
        pretrained=pretrained,
        weighted=development.weighted,
        grouped=development.group is not None,
        ordered=development.time is not None,
    )


def machine_of(work: Work) -> Machine:
    installed = {name for name in OPTIONAL if find_spec(name) is not None}
    if "torch" in installed:
        installed.add("deep")
        if "transformers" in installed:
            installed.add("pretrained")
    return Machine(work.cores, work.memory, frozenset(installed))


def choose(
    search: SearchSection,
    success: SuccessSection,
    development: Development,
    profile: Profile,
    work: Work,
    book: Book,
) -> Shortlist:
    """Ask every registered family whether it suits; say of each why it was taken or declined.

    Raises :class:`~modelwright.core.errors.Unsupported` where nothing but the baselines could be fitted
    because a package is not installed: a run would spend its budget, and open the test rows, on nothing.
    """
    name, why = search_metric(success, development.problem)
    task = Task(development.problem, len(development.classes), name, search.interpretable)
    facts = facts_of(development, profile, search.pretrained)
    facts = replace(facts, named=search.families is not None)
    machine = machine_of(work)
    wanted = search.families
    found: list[Candidate] = []
    for family_name in considered(wanted or ()):
        found.append(_ask(family_name, task, facts, machine))
    if wanted is not None:
        named = {c.family for c in found}
        for other in considered():
            if other in named:
                continue
            family = FAMILIES.get(other)
            if family.tags.baseline:
                found.append(_ask(other, task, facts, machine))
            else:
                found.append(Candidate(other, False, "the goal names other families (search.families)"))
    if not any(c.taken and not c.baseline for c in found):
        _missing(task, facts, machine, [c.family for c in found])
        book.finding(
            "choose.nothing-suits",
            "warning",
            "no family but the baselines suits these rows",
            "see the reasons in the leaderboard; name other families or lift `interpretable`",
        )
    framework = (
        f"{frameworks(tuple(found))} fit the families that were taken; every fitted model becomes ONNX, so "
        "the release needs onnxruntime alone"
    )
    limits = tuple(
        (c.metric, c.text, c.threshold)
        for c in success.criteria
        if c.metric in LIMITED and c.op in ("<=", "<")
    )
    return Shortlist(tuple(found), name, framework, why, limits)


def _missing(task: Task, facts: DataFacts, machine: Machine, asked: list[str]) -> None:
    """Raise where a package that is not installed is all that keeps a family from these rows."""
    extras = {extra for name in asked if (extra := FAMILIES.get(name).tags.extra)}
    for extra in sorted(extras - machine.installed):
        able = replace(machine, installed=machine.installed | {extra})
        could = [name for name in asked if _ask(name, task, facts, able).taken and not _baseline(name)]
        if could:
            raise Unsupported(
                f"these rows can be learned by {' or '.join(could)} only, which need a package",
                code="choose.extra-absent",
                hint=f"pip install 'modelwright[{extra}]'",
            )


def _baseline(name: str) -> bool:
    return FAMILIES.get(name).tags.baseline


def frameworks(candidates: tuple[Candidate, ...]) -> str:
    """The libraries that fit the families that were taken, in words."""
    taken = {c.family for c in candidates if c.taken}
    boosting = [title for family, title in BOOSTING.items() if family in taken]
    deep = ["PyTorch"] if any(FAMILIES.get(family).tags.extra == "deep" for family in taken) else []
    names = ["scikit-learn", "SciPy", "NumPy", *boosting, *deep]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def sees_nothing(tags: Tags, facts: DataFacts) -> str | None:
    """Why a family has nothing to learn from in columns of these kinds, or None."""
    counts = {"text": facts.texts, "image": facts.images, "audio": facts.audios, "series": facts.series}
    if tags.media and not any(counts[kind] for kind in tags.media):
        return f"there is no column of the kind {' or '.join(tags.media)}"
    if not tags.typed and not tags.baseline and not facts.plain:
        return "there are no numbers, categories, dates or texts, and it learns from nothing else"
    return None


def _ask(name: str, task: Task, facts: DataFacts, machine: Machine) -> Candidate:
    family: Family = FAMILIES.get(name)
    if task.problem not in family.tags.problems:
        return Candidate(name, False, f"it does not do {task.problem} problems", family.tags.baseline)
    if (why_not := sees_nothing(family.tags, facts)) is not None:
        return Candidate(name, False, why_not, family.tags.baseline)
    extra = family.tags.extra
    if extra and extra not in machine.installed:
        line = f"pip install 'modelwright[{extra}]'"
        return Candidate(name, False, f"the extra is not installed: {line}", family.tags.baseline)
    answer = family.suits(task, facts, machine)
    if isinstance(answer, Declines):
        why = f"{answer.why} ({answer.remedy})" if answer.remedy else answer.why
        return Candidate(name, False, why, family.tags.baseline)
    starts = tuple(dict(s) for s in family.space(task, facts).starts)
    return Candidate(name, True, answer.why, family.tags.baseline, starts)
