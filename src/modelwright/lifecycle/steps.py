"""The thirty steps of the lifecycle, each with an honest status, from what the run's records show.

A step is ``done`` only where a file of the run shows it; ``not applicable`` says why, ``not done`` says what
would do it. Nothing here looks at what was meant to happen.
"""

from __future__ import annotations

from typing import Any

from modelwright.lifecycle.folder import RunFolder
from modelwright.lifecycle.plan import PLAN, STEPS
from modelwright.lifecycle.seen import Answer, Seen, not_done
from modelwright.lifecycle.shown_fits import FITS
from modelwright.lifecycle.shown_rows import ROWS

LIVE = "live"


ANSWERS = ROWS | FITS


def account(folder: RunFolder, records: dict[type, Any]) -> list[dict[str, Any]]:
    """``steps.json`` of a run: thirty entries, in order.

    ``records`` are those that the run made, by type. A step whose stage was not reached is ``not done``; so
    is one whose file is not in the folder, whatever the record says.
    """
    seen = Seen(records)
    stages: dict[int, str] = {30: LIVE}
    for stage in PLAN:
        for step in stage.steps:
            stages[step] = stage.name
    entries = []
    for number, name in enumerate(STEPS, 1):
        answer = ANSWERS[number](seen)
        if answer is None:
            answer = not_done("the run did not get that far; `modelwright resume` goes on")
        elif answer.shown_by and not (folder.path / answer.shown_by).exists():
            lost = f"{answer.shown_by} is not in the run's folder"
            answer = not_done(lost) if answer.status == "done" else Answer(answer.status, answer.why)
        entries.append(
            {
                "step": number,
                "name": name,
                "stage": stages[number],
                "status": answer.status,
                "why": answer.why,
                "shown_by": answer.shown_by,
            }
        )
    return entries
