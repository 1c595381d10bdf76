"""The report of a run: files of its folder -> view -> HTML, text or JSON. Never runs anything, never reads rows.

``build(folder)`` reads a run's folder into a :class:`RunView`; ``report.html.render``, ``report.text.render``
and ``report.json.render`` show it.
"""

from __future__ import annotations

from modelwright.report.build import build
from modelwright.report.views import RunView

__all__ = ["RunView", "build"]
