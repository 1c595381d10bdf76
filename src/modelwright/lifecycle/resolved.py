"""``resolved.yaml``: the goal with everything that was inferred, and why."""

from __future__ import annotations

from typing import Any

from modelwright.core.records.data import Development, Labelled, Split
from modelwright.core.records.models import Compressed, Shortlist
from modelwright.core.secrets import masked
from modelwright.goal.goal import Goal
from modelwright.goal.yaml import write


def resolved(goal: Goal, records: dict[type, Any]) -> str:
    """YAML text. Each inferred value stands beside its reason."""
    sections = goal.sections
    found: dict[str, Any] = {"given": goal.given, "goal": goal.name, "seed": sections.seed}
    labelled: Labelled | None = records.get(Labelled)
    if labelled is not None:
        found["problem"] = {"is": labelled.problem, "why": labelled.why}
        found["target"] = {"column": labelled.target, "classes": list(labelled.classes)}
        if labelled.positive is not None:
            found["target"]["positive"] = labelled.positive
        found["columns"] = {
            c.name: {"kind": c.kind, "role": c.role, "input": c.is_input, "why": c.why}
            for c in labelled.columns
        }
    split: Split | None = records.get(Split)
    if split is not None:
        development: Development = split.development
        found["split"] = {
            "kind": split.kind,
            "rows": dict(split.counts),
            "why": split.why,
            "validation": "held-out part"
            if development.scheme == "holdout"
            else f"{development.folds} folds, {development.repeats} times",
        }
    shortlist: Shortlist | None = records.get(Shortlist)
    if shortlist is not None:
        found["search"] = {"metric": shortlist.metric, "why": shortlist.why}
        found["families"] = {
            c.family: ("taken: " if c.taken else "declined: ") + c.why for c in shortlist.candidates
        }
    compressed: Compressed | None = records.get(Compressed)
    if compressed is not None:
        found["decision"] = {"calibration": compressed.calibration}
        if compressed.threshold is not None:
            found["decision"] |= {
                "threshold": compressed.threshold,
                "why": str(compressed.notes.get("threshold_why", "")),
            }
    return masked(write(found))
