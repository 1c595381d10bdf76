"""One decision: champion against challenger, with the evidence that it rests on."""

from __future__ import annotations

import math
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from modelwright.report.svg.small import ends
from modelwright.web.reading import live
from modelwright.web.reading.files import number
from modelwright.web.reading.traffic import DAY
from modelwright.web.reading.watched import criterion
from modelwright.web.render import page
from modelwright.web.site import Site
from modelwright.web.views import Accuracy

SLICES = 60
"""Slices that are shown."""
SHOWN = (
    "number", "at", "kind", "action", "because", "why", "done", "champion", "challenger",
    "comparison", "checks", "criteria", "rows", "ids",
)  # fmt: skip
"""Parts of a record that have a place of their own on the page; ids of rows have none."""


def decision(request: Request) -> Response:
    """``/live/<name>/decisions/<record>``."""
    site: Site = request.app.state.site
    place = live.find(site, request.path_params["name"])
    d = live.decision(place, request.path_params["decision"])
    compared = d.data.get("comparison")
    compared = compared if isinstance(compared, dict) else {}
    slices = [_difference(s) for s in compared.get("slices") or () if isinstance(s, dict)]
    overall = compared.get("overall")
    differences = ([_difference(overall)] if isinstance(overall, dict) else []) + slices[:SLICES]
    checks = d.data.get("checks")
    m = live.read(place, DAY)
    rows = d.data.get("rows")
    return page(
        request,
        "decision.html.j2",
        m=m,
        d=d,
        versions={v.name for v in live.versions(place, m, frozenset())},
        compared=compared,
        differences=differences,
        more=max(0, len(slices) - SLICES),
        axis=ends([0.0, *(x[end] for x in differences if x["drawn"] for end in ("low", "high"))]),
        checks=[c for c in checks if isinstance(c, dict)] if isinstance(checks, list) else [],
        criteria=_criteria(d.data.get("criteria")),
        rows_of=rows if isinstance(rows, dict) else {},
        rest={key: value for key, value in d.data.items() if key not in SHOWN},
    )


def _difference(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": str(data.get("name", ""))}
    for key in ("n", "champion", "challenger", "gap", "low", "high"):
        found[key] = number(data.get(key))
    adjusted = number(data.get("adjusted"))
    found["p"] = number(data.get("p")) if adjusted is None else adjusted
    found["drawn"] = all(
        found[key] is not None and math.isfinite(found[key]) for key in ("gap", "low", "high")
    )
    return found


def _criteria(data: Any) -> list[tuple[Accuracy, Accuracy]]:
    """Each criterion as the champion and as the challenger does on it."""
    if not isinstance(data, dict):
        return []
    both = [[c for c in data.get(who) or () if isinstance(c, dict)] for who in ("champion", "challenger")]
    return [(criterion(old), criterion(new)) for old, new in zip(both[0], both[1], strict=False)]
