"""How each kind of blob becomes bytes and is read back; the same value gives the same bytes."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from modelwright.core.records.blob import Kind

SUFFIX: dict[Kind, str] = {
    "table": ".arrow",
    "arrays": ".npz",
    "json": ".json",
    "bytes": ".bin",
    "text": ".txt",
}


def to_bytes(kind: Kind, value: Any) -> bytes:
    """The stored form. Raises ``TypeError`` for a value that is not of that kind."""
    match kind:
        case "table":
            out = io.BytesIO()
            value.write_ipc(out, compression="uncompressed")
            return out.getvalue()
        case "arrays":
            return _arrays(value)
        case "json":
            return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()
        case "text":
            return str(value).encode()
        case "bytes":
            if not isinstance(value, bytes):
                raise TypeError(f"a bytes blob cannot hold a {type(value).__name__}")
            return value


def _arrays(value: dict[str, Any]) -> bytes:
    """An .npz whose members carry no time stamp (numpy's own writer would put today's date there)."""
    import numpy as np

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(value):
            inner = io.BytesIO()
            np.lib.format.write_array(inner, np.ascontiguousarray(value[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), inner.getvalue())
    return out.getvalue()


def from_file(kind: Kind, path: Path) -> Any:
    """Read a stored value. Treat every value as read-only."""
    match kind:
        case "table":
            import polars as pl

            return pl.read_ipc(path)
        case "arrays":
            import numpy as np

            with np.load(path, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        case "json":
            return json.loads(path.read_text(encoding="utf-8"))
        case "text":
            return path.read_text(encoding="utf-8")
        case "bytes":
            return path.read_bytes()
