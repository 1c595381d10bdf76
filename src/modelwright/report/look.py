"""The page of ``modelwright data profile``: findings, tables and pictures of a data set, in one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from modelwright.core.records.evidence import Evidence, Figure, Finding, Table
from modelwright.report.evidence import FigureView, TableView
from modelwright.report.html import asset, digest_of, environment
from modelwright.report.places import look
from modelwright.store import atomic

STAGE = "profile"


def write(name: str, evidence: Sequence[Evidence], path: Path) -> None:
    """Write the page, whole or not at all."""
    atomic.write_text(path, render(name, evidence))


def render(name: str, evidence: Sequence[Evidence]) -> str:
    """The page as text to be written in UTF-8; nothing in it is loaded from elsewhere."""
    style, script = asset("style.css"), asset("sort.js")
    return (
        environment()
        .get_template("look.html.j2")
        .render(
            name=name,
            findings=[item for item in evidence if isinstance(item, Finding)],
            sheets=[TableView(STAGE, item) for item in evidence if isinstance(item, Table)],
            figures=[
                FigureView(STAGE, item, look(STAGE, item.code))
                for item in evidence
                if isinstance(item, Figure)
            ],
            style=Markup(style),
            script=Markup(script),
            policy=(
                "default-src 'none'; base-uri 'none'; form-action 'none'; "
                f"style-src 'sha256-{digest_of(style)}'; script-src 'sha256-{digest_of(script)}'"
            ),
        )
    )
