"""The ways in: a run's folder to its page, its text, its JSON."""

from __future__ import annotations

from pathlib import Path

from modelwright.report.build import build


def write(folder: Path) -> Path:
    """Make ``report.html`` of a run's folder; whole or not at all."""
    from modelwright.report.html import render
    from modelwright.store import atomic

    path = folder / "report.html"
    atomic.write_text(path, render(build(folder)))
    return path


def as_text(folder: Path) -> str:
    """The verdict and what matters, for a terminal."""
    from modelwright.report.text import render

    return render(build(folder))


def as_json(folder: Path) -> str:
    """The whole view as JSON."""
    from modelwright.report.json import render

    return render(build(folder))
