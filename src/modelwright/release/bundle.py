"""Writing a bundle: all of it, or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.release.sign import signature
from modelwright.runtime.bundle import MANIFEST, READING, SCHEMA_VERSION, SIGNATURE
from modelwright.runtime.seal import sealed
from modelwright.store import atomic


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a bundle. ``manifest`` is ``model.json`` without schema version, files and sha256."""

    manifest: dict[str, Any]
    graph: bytes
    preprocess: dict[str, Any]
    reference: dict[str, Any]
    model_card: str
    data_card: str
    reading: dict[str, Any] | None = None
    """How nested sources and logs become rows; a source that needs none of this has none."""


def write(folder: Path, contents: Contents, *, sign_with: Path | None = None) -> None:
    """Write the bundle under ``folder``, in place of one that is there.

    It is written beside its place and then renamed, so a reader sees a whole bundle or none. Raises
    :class:`BadInput` for a key that cannot sign and :class:`Stopped` for a full disk.
    """
    files = {
        "model.onnx": contents.graph,
        "preprocess.json": _json(contents.preprocess),
        "reference.json": _json(contents.reference),
        "MODEL_CARD.md": contents.model_card.encode(),
        "DATA_CARD.md": contents.data_card.encode(),
    }
    if contents.reading is not None:
        files[READING] = _json(contents.reading)
    manifest = sealed(
        {
            **contents.manifest,
            "schema_version": SCHEMA_VERSION,
            "files": {
                name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                for name, content in files.items()
            },
        }
    )
    if sign_with is not None:
        files[SIGNATURE] = signature(manifest, sign_with)
    clear(folder, bundle=False)
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        for name, content in files.items():
            atomic.write_bytes(temporary / name, content)
        atomic.write_bytes(temporary / MANIFEST, manifest)
        old = folder.with_name(f"{temporary.name}.old")
        if folder.exists():
            os.replace(folder, old)
        os.replace(temporary, folder)
        atomic.sync_folder(folder.parent)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def clear(folder: Path, *, bundle: bool = True) -> None:
    """Remove what a killed release left beside its place and, with ``bundle``, the bundle itself."""
    for path in sorted(folder.parent.glob(f".{folder.name}.*.tmp*")):
        shutil.rmtree(path, ignore_errors=True)
    if bundle and folder.exists():
        shutil.rmtree(folder)


def _json(data: dict[str, Any]) -> bytes:
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()
