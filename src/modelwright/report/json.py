"""The view as JSON, for scripts: ``show --json``."""

from __future__ import annotations

import json

from modelwright.core.codec import encode
from modelwright.report.views import RunView


def render(view: RunView) -> str:
    """All of the view as JSON text; keys are the names of its fields, and missing numbers are null."""
    return json.dumps(encode(view), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
