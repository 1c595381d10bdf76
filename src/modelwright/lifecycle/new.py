"""A proposed goal file for data that somebody brings."""

from __future__ import annotations

import os
import re
from pathlib import Path

from modelwright.core.errors import BadInput

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def propose_goal(
    name: str, data: str, target: str | None = None, query: str | None = None, *, force: bool = False
) -> Path:
    """Look at ``data`` and write ``NAME.yaml``, every guess with its reason; returns its path.

    ``name`` may lead into a folder (``goals/income``) and may end in ``.yaml``; ``data`` is a file, a pattern
    of files or a database's address, from the current folder. Raises
    :class:`~modelwright.core.errors.BadInput` where the file exists (unless ``force``) or the data cannot be
    read.
    """
    path = _path(name, force)
    from modelwright.core.book import Book
    from modelwright.data.collect import collect
    from modelwright.evidence.propose import propose
    from modelwright.goal.propose import render_goal
    from modelwright.goal.sections import SourceSection
    from modelwright.store import atomic

    collected = collect(SourceSection(data, query=query, target=target), Book())
    shown = _from_folder(data, path.parent)
    proposal = propose(path.stem, shown, collected, target, query=query)
    atomic.write_text(path, render_goal(proposal))
    return path


def _path(name: str, force: bool) -> Path:
    """Where the goal goes. Raises :class:`BadInput` for a name that is no name, or is taken."""
    path = Path(name)
    stem = path.name.removesuffix(".yaml").removesuffix(".yml")
    if not NAME.fullmatch(stem):
        raise BadInput(
            f"{stem!r} cannot be the name of a goal",
            code="new.name",
            hint="use letters, digits, dots, hyphens and underscores, such as `modelwright new churn`",
        )
    path = path.with_name(f"{stem}.yaml")
    if not path.parent.is_dir():
        raise BadInput(
            f"there is no folder {path.parent}", code="new.folder", hint="make it first, or name another"
        )
    if path.exists() and not force:
        raise BadInput(
            f"{path} exists already",
            code="new.exists",
            hint="choose another name, or overwrite it with --force",
        )
    return path


def _from_folder(data: str, folder: Path) -> str:
    """``data`` as the goal file has to say it: relative to itself."""
    if "://" in data or Path(data).is_absolute() or folder == Path():
        return data
    return Path(os.path.relpath(data, folder)).as_posix()
