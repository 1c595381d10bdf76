"""Content-addressed storage of blobs and of finished stages, shared by all runs of a folder.

``.store/blobs/ab/<sha256>.<kind>`` and ``.store/stages/<key>.json``. Blobs are written before the record
that names them, so a record that can be read is complete.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, TypeVar

from modelwright.core.codec import blobs, decode, encode
from modelwright.core.records.blob import Blob
from modelwright.store import atomic, kinds

T = TypeVar("T")


class Store:
    """The ``.store`` of a folder of runs. Safe for several processes: equal content has one name.

    ``private``: what is put there is for its owner's eyes alone, since rows of a log are among it.
    """

    def __init__(self, folder: Path, *, private: bool = False) -> None:
        self.folder = folder
        self.private = private

    def _path(self, blob: Blob) -> Path:
        return self.folder / "blobs" / blob.digest[:2] / f"{blob.digest}{kinds.SUFFIX[blob.kind]}"

    def put(self, blob: Blob) -> Blob:
        """Store a blob's value if it is not there yet; the blob then knows its digest and file."""
        if blob.digest:
            if blob.path is None:
                self.attach(blob)
            if blob.path is not None and blob.path.is_relative_to(self.folder):
                return blob
        content = kinds.to_bytes(blob.kind, blob.get())
        blob.digest = hashlib.sha256(content).hexdigest()
        blob.size = len(content)
        path = self._path(blob)
        if not path.exists():
            atomic.write_bytes(path, content, private=self.private)
        self.attach(blob)
        return blob

    def attach(self, blob: Blob) -> Blob:
        """Tell a blob where its value is, if the store has it."""
        path = self._path(blob)
        if path.exists():
            kind = blob.kind
            blob.attach(path, lambda: kinds.from_file(kind, path))
        return blob

    def keep(self, record: Any) -> Any:
        """Store every blob of a record; returns the record's JSON data."""
        for blob in blobs(record):
            self.put(blob)
        return encode(record)

    def revive(self, kind: type[T], data: Any) -> T | None:
        """The record of JSON data, its blobs attached; None when a blob is gone."""
        record = decode(kind, data)
        for blob in blobs(record):
            if self.attach(blob).path is None:
                return None
        return record

    def stage(self, key: str) -> Path:
        """Where the result of the stage with that key is kept."""
        return self.folder / "stages" / f"{key}.json"

    def sizes(self) -> dict[str, int]:
        """Bytes by digest, of every stored blob."""
        return {path.stem: path.stat().st_size for path in sorted((self.folder / "blobs").glob("*/*"))}

    def collect_garbage(self, wanted: set[str], stages: set[str]) -> tuple[int, int]:
        """Remove blobs and stage results that no run needs; returns how many files and bytes went."""
        files = size = 0
        places = ("blobs/*/*", "stages/*", "openings/.*.tmp")  # with halves that a kill left
        for path in [p for place in places for p in sorted(self.folder.glob(place))]:
            if path.stem not in wanted and path.stem not in stages:
                files, size = files + 1, size + path.stat().st_size
                path.unlink()
        return files, size
