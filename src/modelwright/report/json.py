"""The view as JSON, for scripts: ``show --json``."""

from __future__ import annotations

import json

from modelwright.core.codec import encode
from modelwright.report.views import RunView


def render(view: RunView) -> str:
    """All of the view as JSON text; keys are the names of its fields, and missing numbers are null.

    Of pictures and sounds it has words and sizes; the bytes themselves stand in evidence.jsonl."""
    told = encode(view)
    for staged in told["galleries"]:
        for picture in staged["item"]["pictures"]:
            for name in ("data", "sound"):
                picture[f"{name}_bytes"] = len(picture.pop(name))
    return json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
