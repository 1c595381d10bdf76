"""YAML as people write it: block style, keys in the order given, long texts unbroken."""

from __future__ import annotations

import io
from typing import Any


def document(data: Any, head: str = "") -> str:
    """One document; ``head`` is a comment that stands above it."""
    from ruamel.yaml import YAML

    writer = YAML()
    writer.default_flow_style = False
    writer.width = 10_000
    writer.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    writer.dump(data, out)
    return head + out.getvalue()
