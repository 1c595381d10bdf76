"""From checked keys to the frozen sections that stages take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modelwright.core.secrets import public
from modelwright.goal import sections as s
from modelwright.goal.keys import (
    FRAME,
    BudgetKeys,
    GoalKeys,
    LabelKeys,
    MonitorKeys,
    ReadingKeys,
    ReleaseKeys,
    SearchKeys,
    SplitKeys,
    safe_name,
    scheme,
)


def sections(keys: GoalKeys, criteria: Sequence[s.Criterion], base: Path, name: str | None) -> s.Sections:
    """The sections of a goal; relative paths are joined to ``base``, ``name`` is for a goal that has none."""
    data = keys.data
    search = keys.search or SearchKeys()
    budget = keys.budget or BudgetKeys()
    release = keys.release or ReleaseKeys()
    labels = keys.label or LabelKeys()
    source = joined(data.source, base)
    return s.Sections(
        problem=s.ProblemSection(
            name=keys.name or (safe_name(name) if name else None) or _named_by(data.source) or "goal",
            problem=keys.problem,  # type: ignore[arg-type]  # one of the kinds, by its constraint
            target=data.target,
            positive=data.positive,
            description=keys.description or "",
            users=keys.users or "",
        ),
        source=s.SourceSection(
            source=source,
            query=data.query,
            test=joined(data.test, base) if data.test else None,
            licence=data.licence,
            consent=data.consent,
            collected=data.collected,
            target=data.target,
            corrections=joined(labels.corrections, base) if labels.corrections else None,
            answers=joined(labels.answers, base) if labels.answers else None,
            labelled_later=bool(labels.answers or labels.rules),
            keys=(data.keys or ()) if labels.corrections or labels.answers else (),
            reading=_reading(data.reading),
            increment=data.increment or False,
        ),
        label=s.LabelSection(
            rules=labels.rules or (),
            consensus=labels.consensus or "dawid-skene",  # type: ignore[arg-type]  # by its constraint
        ),
        clean=_clean(keys),
        roles=s.RolesSection(
            weight=data.weight,
            keys=data.keys or (),
            later=data.later or (),
            group=data.group,
            time=data.time,
            sensitive=data.sensitive or (),
            use_sensitive=bool(data.use_sensitive),
        ),
        split=_split(keys.split, data.test is not None),
        success=s.SuccessSection(
            criteria=tuple(criteria),
            policy=keys.success_policy or "proven",  # type: ignore[arg-type]
            costs=tuple((actual, tuple(row.items())) for actual, row in (keys.costs or {}).items()),
            accept=tuple((keys.accept or {}).items()),
        ),
        search=s.SearchSection(
            method=search.method or "bayesian",  # type: ignore[arg-type]
            trials=search.trials,
            families=search.families,
            interpretable=bool(search.interpretable),
            distil=bool(search.distil),
            pretrained=_pretrained(search.pretrained, base),
        ),
        budget=s.BudgetSection(seconds=budget.time, memory=budget.memory, cores=budget.cores),
        output=s.OutputSection(
            intervals=keys.intervals,
            abstain_below=release.abstain_below,
            int8=bool(release.int8),
            prune=bool(release.prune),
        ),
        release=s.ReleaseSection(
            targets=release.targets or (),
            sign_with=joined(release.sign_with, base) if release.sign_with else None,
        ),
        monitor=_monitor(keys.monitor or MonitorKeys()),
        seed=keys.seed or 0,
        engine=keys.engine or "local",
    )


def _pretrained(named: str | None, base: Path) -> str:
    if not named or named.startswith("hub:"):
        return named or ""
    return joined(named, base)


def _reading(keys: ReadingKeys | None) -> s.ReadingSection:
    if keys is None:
        return s.ReadingSection()
    return s.ReadingSection(
        records=keys.records,
        nested=tuple((keys.nested or {}).items()),
        format=keys.format,
        window=keys.window,
        name=keys.name,
        wait=keys.wait,
        sheets=keys.sheets,
    )


def joined(place: str, base: Path) -> str:
    """``place`` from the current folder: a relative path (also inside ``sqlite:///``) joined to ``base``."""
    if place == FRAME:
        return place
    if scheme(place) == "sqlite":
        head, mark, path = place.partition(":///")
        if not mark or not path or path == ":memory:" or path.startswith(("/", "file:")):
            return place
        return f"{head}:///{base / path}"
    if scheme(place) is not None:
        return place
    return str(base / Path(place).expanduser())


def _named_by(source: str) -> str | None:
    """A name out of a source: the file's stem, or the folder's of a glob, or the database's."""
    path = Path(public(source).partition("://")[2] if scheme(source) else source)
    for part in (path.stem, *(parent.name for parent in path.parents)):
        if source != FRAME and not set(part) & set("*?[]") and (name := safe_name(part)):
            return name
    return None


def _clean(keys: GoalKeys) -> s.CleanSection:
    columns = tuple(
        (
            name,
            s.ColumnWish(
                kind=wish.kind,  # type: ignore[arg-type]
                spellings=tuple((wish.spellings or {}).items()),
                variants=wish.variants,  # type: ignore[arg-type]
                units=tuple((wish.units or {}).items()),
                least=wish.least,
                most=wish.most,
                winsorise=wish.winsorise,  # type: ignore[arg-type]
            ),
        )
        for name, wish in (keys.data.columns or {}).items()
    )
    clean = keys.clean
    return s.CleanSection(
        columns=columns,
        duplicates=clean.duplicates if clean else None,  # type: ignore[arg-type]
        off=(clean.off if clean else None) or (),
        personal=keys.data.personal,  # type: ignore[arg-type]
        privacy=s.PrivacySection(
            quasi=keys.data.quasi_identifiers or (),
            k=keys.data.k_anonymity,
            diversity=keys.data.l_diversity,
            require=keys.data.require or (),
            secret=keys.data.personal_secret,
        ),
        variants=(clean.variants if clean else None) or "sure",  # type: ignore[arg-type]
        winsorise=(clean.winsorise if clean else None) or "none",  # type: ignore[arg-type]
    )


def _split(keys: SplitKeys | None, test_elsewhere: bool) -> s.SplitSection:
    usual = s.SplitSection()
    if keys is None:
        keys = SplitKeys()
    duplicates: s.Alike = keys.duplicates or usual.duplicates  # type: ignore[assignment]
    if keys.column is not None or keys.outer_folds is not None or keys.leave_out is not None:
        return s.SplitSection(
            given=True,
            column=keys.column,
            outer_folds=keys.outer_folds,
            leave_out=keys.leave_out,
            duplicates=duplicates,
        )
    named = {"train": keys.train, "validation": keys.validation, "test": keys.test}
    given = any(value is not None for value in named.values())
    if test_elsewhere and named["test"] is None:
        named["test"] = 0.0
    known = {part: value for part, value in named.items() if value is not None}
    open_parts = {part: getattr(usual, part) for part in named if part not in known}
    # What the goal leaves open is shared out in the usual proportions.
    rest = 1.0 - sum(known.values())
    shares = {part: round(rest * share / sum(open_parts.values()), 12) for part, share in open_parts.items()}
    parts = known | {part: max(share, 0.0) for part, share in shares.items()}
    return s.SplitSection(
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
        given=given,
        duplicates=duplicates,
    )


def _monitor(keys: MonitorKeys) -> s.MonitorSection:
    usual = s.MonitorSection()
    return s.MonitorSection(
        alarm_rate=usual.alarm_rate if keys.alarm_rate is None else keys.alarm_rate,
        alarm_horizon=usual.alarm_horizon if keys.alarm_horizon is None else keys.alarm_horizon,
        retrain=keys.retrain,
        every=usual.every if keys.every is None else keys.every,
        retention=usual.retention if keys.retention is None else keys.retention,
    )
