"""From data to items: rows of a table, texts, images, sounds; each with a key that stays when data grows."""

from __future__ import annotations

import datetime as dt
import glob
import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from modelwright.core.errors import BadData, BadInput
from modelwright.goal.nearest import did_you_mean
from modelwright.labels import answers
from modelwright.labels.project import Asked, ItemKind, Project

IMAGES: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
}
SOUNDS: Final = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
}
TEXTS: Final = (".txt", ".md", ".text")
FILE: Final = "file"
"""The column of the file's name, and of its text, where the items are files."""
TEXT: Final = "text"
MOST_TEXT: Final = 4_000_000
"""Characters of one item's text."""
WORDS: Final = 5
"""A column with so many words in the middle of its rows holds texts."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to label."""

    key: str
    content: dict[str, Any]
    gold: Any = None
    """The known answer as the data spells it."""


@dataclass(frozen=True, slots=True)
class Found:
    """Data that was looked at: what kind of items it gives."""

    facts: dict[str, Any]
    """What a project takes from it where it says nothing itself: ``item``, ``content``."""
    root: Path
    """Files of items lie below it."""
    records: list[dict[str, Any]] = field(repr=False)
    columns: tuple[str, ...]
    source: str
    """How it is called."""
    notes: tuple[str, ...] = ()


def look(data: str, asked: Asked, before: Project | None = None) -> Found:
    """Read the data of a project. Raises :class:`BadInput` with what is wrong and how to mend it."""
    given = {**({"item": before.item, "content": before.content} if before else {}), **asked.given}
    path = Path(data)
    if "://" not in data and (path.is_dir() or (glob.has_magic(data) and not path.exists())):
        files = _files(data)
        kind = _kind_of(files)
        if kind is not None:
            return _of_files(data, files, kind, given)
    from modelwright.data.read.door import read

    table = read(data)
    records = [{k: plain(v) for k, v in row.items()} for row in table.frame.iter_rows(named=True)]
    columns = tuple(table.frame.columns)
    root = (path if path.is_dir() else path.parent) if "://" not in data else Path()
    for key in ("content", "id", "gold"):
        named = given.get(key)
        if named and named not in columns:
            raise BadData(
                f"the data has no column {named!r}",
                code="labels.column",
                hint=did_you_mean(named, columns) or f"it has {', '.join(columns[:20])}",
            )
    for named in given.get("show", ()):
        if named not in columns:
            raise BadData(
                f"the data has no column {named!r} to show",
                code="labels.column",
                hint=did_you_mean(named, columns) or f"it has {', '.join(columns[:20])}",
            )
    facts = _facts(records, columns, root, given)
    notes = table.notes
    if before is None:
        facts["keyed"] = tuple(c for c in columns if c != given.get("gold"))
    elif not before.id and (late := later(before, columns)):
        what = "the column {} has" if len(late) == 1 else "the columns {} have"
        what = what.format(", ".join(repr(c) for c in late))
        notes = (*notes, f"{what} come later: the items are those that they were, and show it")
    return Found(facts, root, records, columns, table.facts.name, notes)


def later(project: Project, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that came after the project had begun. Raises :class:`BadData` where one of the first,
    by which rows are known, is gone."""
    if project.id or not project.keyed:
        return ()
    gone = [c for c in project.keyed if c not in columns]
    if gone:
        raise BadData(
            f"the data has no column {gone[0]!r} any more, and rows are known by it",
            code="labels.column",
            hint="bring it back, or begin another store with --store OTHER.labels",
        )
    return tuple(c for c in columns if c not in project.keyed and c != project.gold)


def items(found: Found, project: Project) -> Iterator[Item]:
    """The items of the data. Equal rows get the keys ``x``, ``x#2``, ... in their order; a column that came
    after the project had begun makes no difference."""
    seen: Counter[str] = Counter()
    for number, record in enumerate(found.records, 1):
        content = {k: v for k, v in record.items() if k != project.gold}
        if project.id:
            if record[project.id] is None:
                raise BadData(
                    f"row {number} has no {project.id!r}, which is to name the rows",
                    code="labels.id",
                    hint="fill it in, or name another column with --id; without it rows go by what they say",
                )
            key = str(record[project.id])
        elif project.item != "row" and project.content == FILE and TEXT not in found.columns:
            key = str(record[FILE])
        else:
            said = {c: record[c] for c in project.keyed} or content
            key = hashlib.sha256(_canonical(said).encode()).hexdigest()[:20]
        seen[key] += 1
        if seen[key] > 1:
            if project.id:
                raise BadData(
                    f"the {project.id!r} {key!r} names two rows",
                    code="labels.id",
                    hint="an id names one row; leave --id out, and rows go by what they say",
                )
            key = f"{key}#{seen[key]}"
        gold = record.get(project.gold) if project.gold else None
        if project.item in ("image", "audio"):
            check_file(found.root, str(content.get(project.content) or ""), project.item, number)
        yield Item(key, content, known(project, gold, number) if gold not in (None, "") else None)


def known(project: Project, said: Any, row: int) -> Any:
    """A known answer in its canonical form, from how a table spells it. Raises :class:`BadData`."""
    try:
        return spelled(project, said)
    except BadInput as error:
        raise BadData(
            f"the known answer of row {row} in {project.gold!r}: {error.message}",
            code="labels.gold",
            hint="known answers are written like labels; several labels as a|b; leave the others empty",
        ) from None


def spelled(project: Project, said: Any) -> Any:
    """An answer from a cell of a table: names, several as ``a|b`` or ``a;b``, marks as JSON."""
    value = said
    if project.task == "multiple" and isinstance(said, str) and not said.lstrip().startswith("["):
        value = [part.strip() for part in said.replace(";", "|").split("|") if part.strip()]
    elif project.task in ("multiple", "spans", "boxes") and isinstance(said, str):
        try:
            value = json.loads(said)
        except (ValueError, RecursionError):
            value = said
    elif project.task == "classes":
        value = str(int(said)) if isinstance(said, float) and said.is_integer() else str(said).strip()
    return answers.checked(project, value)


def text_of(project: Project, content: dict[str, Any]) -> str:
    """The text of an item whose content is a text."""
    name = TEXT if project.content == FILE else project.content
    value = content.get(name)
    return "" if value is None else str(value)


def check_file(root: Path, name: str, kind: str, row: int) -> Path:
    """The file of an item, below ``root`` and of the right kind; raises :class:`BadData`."""
    known = IMAGES if kind == "image" else SOUNDS
    what = "image" if kind == "image" else "sound"
    path = root / name
    if not name or path.suffix.lower() not in known:
        raise BadData(
            f"row {row} names no {what}: {name!r}",
            code="labels.file",
            hint=f"known are {', '.join(known)}",
        )
    if not inside(root, path):
        raise BadData(
            f"row {row}: {name!r} leads out of the folder of the data",
            code="labels.file",
            hint="name files relative to the table, in its folder or below",
        )
    if not path.is_file():
        raise BadData(
            f"row {row}: there is no file {name!r}",
            code="labels.file",
            hint="file names are relative to the folder of the table",
        )
    return path


def inside(root: Path, path: Path) -> bool:
    """Whether a file lies in a folder, symbolic links followed."""
    return path.resolve().is_relative_to(root.resolve())


def plain(value: Any) -> Any:
    """A cell as JSON can hold it."""
    if value is None or isinstance(value, bool | int | str):
        if isinstance(value, str) and len(value) > MOST_TEXT:
            raise BadData(
                f"a cell holds {len(value):,} characters, and one item can be {MOST_TEXT:,} long",
                code="labels.too-long",
                hint="cut long texts into parts that a person can judge",
            )
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.date | dt.datetime | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        raise BadData(
            "a column holds bytes, which cannot be shown",
            code="labels.bytes",
            hint="write images and sounds to files, and label the folder",
        )
    return str(value)


def _canonical(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _files(data: str) -> list[Path]:
    path = Path(data)
    found = path.rglob("*") if path.is_dir() else (Path(p) for p in glob.glob(data, recursive=True))
    base = path if path.is_dir() else None
    return sorted(
        p
        for p in found
        if p.is_file()
        and not any(part.startswith(".") for part in (p.relative_to(base) if base else Path(p.name)).parts)
    )


def _kind_of(files: list[Path]) -> ItemKind | None:
    """The kind of most files; None where most are tables."""
    counts: Counter[ItemKind | None] = Counter(_one_kind(p) for p in files)
    return counts.most_common(1)[0][0] if counts else None


def _one_kind(path: Path) -> ItemKind | None:
    suffix = path.suffix.lower()
    return (
        "image" if suffix in IMAGES else "audio" if suffix in SOUNDS else "text" if suffix in TEXTS else None
    )


def _of_files(data: str, files: list[Path], kind: ItemKind, given: dict[str, Any]) -> Found:
    root = Path(data) if Path(data).is_dir() else _common(files)
    mine = [p for p in files if _one_kind(p) == kind]
    records: list[dict[str, Any]] = []
    for path in mine:
        name = path.relative_to(root).as_posix()
        if any("\ud800" <= c <= "\udfff" for c in name):  # how Python shows bytes that are not UTF-8
            raise BadData(
                f"the name of the file {name.encode('ascii', 'replace').decode()} is not in UTF-8",
                code="labels.file",
                hint="rename it",
            )
        record: dict[str, Any] = {FILE: name}
        if kind == "text":
            if not inside(root, path):  # images and sounds are looked at with the items
                raise BadData(
                    f"{name!r} is a link that leads out of the folder of the data",
                    code="labels.file",
                    hint="copy the file into the folder, or leave it out with a pattern",
                )
            try:
                record[TEXT] = plain(path.read_text(encoding="utf-8-sig"))
            except UnicodeDecodeError as error:
                raise BadData(
                    f"{path.name} is not text in UTF-8",
                    code="labels.file",
                    hint="write the file again in UTF-8, or leave it out with a pattern",
                ) from error
        records.append(record)
    left = len(files) - len(mine)
    notes = (f"{left} files of another kind are left out",) if left else ()
    columns = (FILE, TEXT) if kind == "text" else (FILE,)
    facts = {"item": kind, "content": FILE}
    return Found(facts, root, records, columns, Path(data).name or str(data), notes)


def _common(files: list[Path]) -> Path:
    import os

    return Path(os.path.commonpath([str(p.parent) for p in files]))


def _facts(
    records: list[dict[str, Any]], columns: tuple[str, ...], root: Path, given: dict[str, Any]
) -> dict[str, Any]:
    """The kind of the items of a table, and the column that holds them."""
    column, kind = given.get("content") or "", given.get("item")
    sample = records[:: max(1, len(records) // 200)][:200]
    if kind == "row":
        return {"item": "row", "content": ""}
    files = {c: k for c in ([column] if column else columns) if (k := _files_in(sample, c, root)) is not None}
    if kind in ("image", "audio"):
        files = {c: k for c, k in files.items() if k == kind}
        if not files and not column:
            raise BadData(
                f"no column of the data names files of the kind {kind}",
                code="labels.content",
                hint="name it with --content; file names are relative to the folder of the table",
            )
        return {"item": kind, "content": column or next(iter(files))}
    if files and kind != "text":
        name = next(iter(files))
        return {"item": files[name], "content": name}
    if column:
        return {"item": kind or "text", "content": column}
    texts = [c for c in columns if c not in (given.get("id"), given.get("gold")) and _is_text(sample, c)]
    if kind == "text":
        if not texts:
            raise BadData(
                "no column of the data looks like texts",
                code="labels.content",
                hint="name it with --content",
            )
        return {"item": "text", "content": texts[0]}
    spans = given.get("task") == "spans"
    return (
        {"item": "text", "content": texts[0]}
        if len(texts) == 1 or (spans and texts)
        else {"item": "row", "content": ""}
    )


def _files_in(sample: list[dict[str, Any]], column: str, root: Path) -> ItemKind | None:
    names = [r[column] for r in sample if r.get(column)]
    if not names or not all(isinstance(n, str) for n in names):
        return None
    kinds = {_one_kind(Path(n)) for n in names}
    (kind,) = kinds if len(kinds) == 1 else (None,)
    return kind if kind in ("image", "audio") and (root / names[0]).is_file() else None


def _is_text(sample: list[dict[str, Any]], column: str) -> bool:
    lengths = sorted(len(v.split()) for r in sample if isinstance(v := r.get(column), str))
    return bool(lengths) and lengths[len(lengths) // 2] >= WORDS
