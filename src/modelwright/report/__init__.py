"""The report of a run: the files of its folder -> a view -> HTML, text or JSON. It runs nothing.

``build(folder)`` reads a run's folder into a :class:`RunView`; ``report.html.render``, ``report.text.render``
and ``report.json.render`` show it.
"""

from __future__ import annotations

from modelwright.report.build import build
from modelwright.report.door import as_json, as_text, write
from modelwright.report.views import RunView

__all__ = ["RunView", "as_json", "as_text", "build", "write"]
