"""What is logged of a row: personal data is masked, hashed or left out before it reaches the journal.

``hash`` keeps equal values equal, so that a person's rows can be counted, joined and deleted, by HMAC-SHA256
(RFC 2104) with a random secret in the model's place. A plain digest would hide nothing: there are few enough
names, telephone numbers and addresses to try them all. Without the secret's file the digests name nobody; who
has it can still try values.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import re
import secrets
from collections.abc import Callable
from typing import Any, Final

from modelwright.core.errors import BadInput
from modelwright.live.place import Place
from modelwright.runtime.model import Model
from modelwright.runtime.parse import measures
from modelwright.runtime.parse.mask import PATTERNS, holds

MASKED: Final = "<personal>"
POLICIES: Final = ("drop", "mask", "hash", "keep")
SECRET: Final = "log.secret"
Treatment = Callable[[dict[str, Any]], dict[str, Any]]
# Whether one of the patterns can match at all: one pass for the many texts that none does.
_SUSPECT = re.compile(
    r"@|\+\d|\(\d{3}\)|\d{3}[.\-]\d{3}|\d{6}|\d{2,4}[ .\-/]\d{2,4}[ .\-/]\d{2}|[A-Z]{2}\d\d ?[A-Z0-9]{4}"
    r"|\d\.\d+\.\d|[0-9a-fA-F]:[0-9a-fA-F:]+:"
)
# Names and addresses are told from other words by their setting, which a field of a form does not have.
_KINDS: Final = tuple(kind for kind in PATTERNS if kind not in ("name", "address"))


def policy_of(model: Model) -> str:
    """What the goal asked for: the policy that the bundle names, else "mask"."""
    said = _live(model).get("personal")
    return said if said in POLICIES else "mask"


def personal_columns(model: Model) -> tuple[str, ...]:
    """The columns with personal data: those that the bundle names, else its private inputs."""
    live = _live(model)
    if "personal_columns" in live:
        return tuple(str(name) for name in live["personal_columns"])
    return tuple(column.name for column in model.signature.inputs if column.private)


def logged_columns(model: Model) -> tuple[str, ...]:
    """The columns that are logged when they are sent: the inputs, what the bundle names besides, and what is
    measured of media, whose content is not logged."""
    also = [str(name) for name in _live(model).get("also", ())]
    personal = personal_columns(model)
    told = [
        name
        for tensor in model.tensors.tensors
        if tensor.name not in personal
        for name in measures.columns(tensor)
    ]
    return tuple(dict.fromkeys([*model.signature.names, *also, *told]))


def treatment(model: Model, policy: str | None = None, *, place: Place | None = None) -> Treatment:
    """From a row as sent to a row as logged: columns that the model knows, personal data treated.

    ``policy``: ``keep`` as sent; ``mask`` a marker in place of any value of a personal column; ``hash`` a
    digest of it (needs ``place``, where the secret lies); ``drop`` without the column. None asks the bundle.
    But for ``keep``, e-mail addresses, telephone and card numbers within the other columns' texts are
    replaced too. A null stays null. Raises :class:`BadInput` for another policy.
    """
    how = policy_of(model) if policy is None else policy
    if how not in POLICIES:
        raise BadInput(
            f"{how!r} is no treatment of personal data",
            code="live.personal",
            hint=f"choose one of {', '.join(POLICIES)}",
        )
    names = logged_columns(model)
    known = frozenset(names)
    if how == "keep":
        return lambda row: row if row.keys() <= known else {k: v for k, v in row.items() if k in known}
    key = b""
    if how == "hash":
        if place is None:
            raise ValueError("hashing needs the place of the model")
        key = secret(place)
    personal = frozenset(personal_columns(model))
    # Values that the bundle itself publishes are no one's secret, and need no search.
    public = {c.name: frozenset(c.categories) for c in model.signature.inputs if c.name not in personal}
    nothing: frozenset[str] = frozenset()
    told = {kind: f"<{kind}>" for kind in _KINDS}

    def treat(row: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in row.items():
            if name not in known:
                continue
            if name in personal:
                if how != "drop":
                    made[name] = None if value is None else MASKED if how == "mask" else digest(key, value)
            elif type(value) is not str or value in public.get(name, nothing) or not _SUSPECT.search(value):
                made[name] = value if value is None or isinstance(value, (str, int, float)) else str(value)
            else:
                made[name] = _searched(value, told, key)
        return made

    return treat


def _searched(text: str, told: dict[str, str], key: bytes) -> str:
    for kind in _KINDS:

        def replace(found: re.Match[str], kind: str = kind) -> str:
            if not holds(kind, found):
                return found.group()
            return f"<{kind}:{digest(key, found.group())}>" if key else told[kind]

        text = PATTERNS[kind].sub(replace, text)
    return text


def digest(key: bytes, value: Any) -> str:
    """The keyed digest of a value, 32 hexadecimal digits."""
    return hmac.digest(key, canonical(value).encode("utf-8", "surrogatepass"), "sha256").hex()[:32]


def canonical(value: Any) -> str:
    """One text for a value however it was sent: 7, 7.0 and "7" are the same."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def forms(place: Place, value: str | float) -> list[str | float]:
    """How a value may stand in the log: itself, and its digest where there is a secret."""
    found: list[str | float] = [value]
    with contextlib.suppress(FileNotFoundError):
        found.append(digest(_read(place), value))
    return found


def secret(place: Place) -> bytes:
    """The model's secret, made when first asked for; its owner alone can read it."""
    path = place.folder / SECRET
    if not path.exists():
        place.folder.mkdir(parents=True, exist_ok=True)
        made = place.folder / f".{SECRET}.{secrets.token_hex(4)}"
        fd = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(fd, secrets.token_hex(32).encode())
            os.fsync(fd)
        finally:
            os.close(fd)
        # Never in place of another's: of two workers that begin at once, one makes it.
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return _read(place)


def _read(place: Place) -> bytes:
    made = bytes.fromhex((place.folder / SECRET).read_text(encoding="ascii").strip())
    if len(made) < 32:
        raise BadInput(
            f"{SECRET} of {place.name!r} is damaged",
            code="live.secret",
            hint="put it back from a backup; removing it makes a new one, and old digests name nobody then",
        )
    return made


def _live(model: Model) -> dict[str, Any]:
    said = model.metadata.get("live")
    return said if isinstance(said, dict) else {}
