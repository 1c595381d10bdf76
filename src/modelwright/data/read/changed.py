"""Whether a source is still what was read of it."""

from __future__ import annotations

import glob
import hashlib
from pathlib import Path

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read import archive as archives
from modelwright.data.read import folder, idx
from modelwright.data.read.source import digest, modified

BY_BYTES = frozenset({"csv", "parquet", "json", "jsonl", "xml", "log", "excel", "sql", "folder"})
"""Formats whose digest is that of the file as it lies on disk; of others, time and size are compared."""


def content_digest(source: str, facts: SourceFacts) -> str:
    """The digest of a folder of media, or of idx files, as it is now."""
    return idx.content_digest(source) if facts.format == "idx" else folder.content_digest(Path(source), facts)


def changed(source: str, facts: SourceFacts) -> str:
    """What became of the file or the files since ``facts`` were noted, in words; empty where they are the
    same, and for databases behind an address, which are not asked again."""
    if "://" in source:
        return ""
    if "archive" in facts.details:
        archive = archives.parted(source)
        source = str(archive[0]) if archive is not None else source
        try:
            return "" if digest(Path(source)) == facts.digest else f"{facts.name} has another content now"
        except OSError:
            return f"{facts.name} cannot be read any more"
    if facts.format == "idx" or Path(source).is_dir():
        try:
            return (
                ""
                if content_digest(source, facts) == facts.digest
                else f"{facts.name} has another content now"
            )
        except (OSError, BadData):
            return f"{facts.name} cannot be read any more"
    if "#" in source and not Path(source).exists():  # a sheet of a workbook, a table of a dump
        source = source.rpartition("#")[0]
    if glob.has_magic(source) and not Path(source).exists():
        paths = [Path(p) for p in sorted(glob.glob(source, recursive=True)) if Path(p).is_file()]
        if len(paths) != int(facts.details.get("files", "1")):
            return f"{facts.name} matches {len(paths)} files now"
        several = True
    else:
        paths, several = [Path(source)], False
    try:
        if sum(p.stat().st_size for p in paths) != facts.bytes:
            return f"{facts.name} has another size now"
        if facts.format in BY_BYTES:
            found = [digest(p) for p in paths]
            one = hashlib.sha256("".join(found).encode()).hexdigest() if several else found[0]
            return "" if one == facts.digest else f"{facts.name} has another content now"
        return "" if max(map(modified, paths)) == facts.modified else f"{facts.name} was written to since"
    except OSError:
        return f"{facts.name} cannot be read any more"
