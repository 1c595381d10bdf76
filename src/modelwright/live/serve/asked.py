"""What a request's head and body say, before any model is asked."""

from __future__ import annotations

from typing import Any

from modelwright.live.serve.refusal import Refused, one_field

Scope = dict[str, Any]


def head_of(scope: Scope) -> tuple[int | None, bytes, str | None]:
    """Announced length of the body, content type, and the API key, where they are told."""
    length: int | None = None
    kind = b""
    token: str | None = None
    for name, value in scope["headers"]:
        if name == b"content-type":
            kind = value
        elif name == b"content-length":
            length = int(value) if value.isdigit() else None
        elif name == b"authorization":
            if value[:7].lower() == b"bearer ":
                token = value[7:].strip().decode("latin-1")
        elif name == b"x-api-key":
            token = value.strip().decode("latin-1")
    return length, kind, token


def check_kind(kind: bytes) -> None:
    """Refuses a body that does not say that it is JSON: a page of another site cannot send one unasked."""
    if kind == b"application/json":
        return
    name, _, more = kind.lower().partition(b";")
    name, more = name.strip(), more.replace(b" ", b"").replace(b'"', b"")
    json = name == b"application/json" or (name.startswith(b"application/") and name.endswith(b"+json"))
    if not json or (more.startswith(b"charset=") and more not in (b"charset=utf-8", b"charset=utf8")):
        raise Refused(
            415, "not-json-type", "the body must be JSON in UTF-8", "send 'Content-Type: application/json'"
        )


def rows_of(data: Any, most: int, columns: frozenset[str]) -> tuple[dict[str, Any] | None, list[Any]]:
    """The one row that a body is, or the list of rows that it holds under ``rows``."""
    if type(data) is not dict:
        raise one_field(
            "body", 'an object: one row, or {"rows": [...]}', "a list" if type(data) is list else "no object"
        )
    rows = data.get("rows")
    if rows is None or (type(rows) is not list and "rows" in columns):
        if "rows" in data and "rows" not in columns:
            raise one_field("rows", "a list of rows", "null")
        return data, []
    if type(rows) is not list:
        raise one_field("rows", "a list of rows", "no list")
    if not rows:
        raise one_field("rows", "at least one row", "none")
    if len(rows) > most:
        raise one_field("rows", f"at most {most:,} rows", f"{len(rows):,} rows")
    return None, rows


def client_of(scope: Scope, key: str) -> str:
    """Whose requests are counted together: the key's, or the address's where no key is used."""
    if key:
        return f"key {key}"
    client = scope.get("client")
    return f"address {client[0]}" if client else "address"
