"""What must not be shown: user, password and secret parameters of an address."""

from __future__ import annotations

import re

_LOGIN = re.compile(r"(?<=://)[^\s\"'<>]*@")
_PARAMETER = re.compile(r"([?&]\w*pass\w*=)[^\s&\"'<>]*", re.IGNORECASE)


def masked(text: str) -> str:
    """The text, with ``***`` for what addresses in it keep secret.

    >>> masked("cannot read postgresql://ann:secret@host/shop?sslpassword=word")
    'cannot read postgresql://***@host/shop?sslpassword=***'
    """
    return _PARAMETER.sub(r"\1***", _LOGIN.sub("***@", text))


def public(address: str) -> str:
    """One address without user, password and parameters; a path stays as it is.

    >>> public("postgresql://ann:secret@host:5432/shop?connect_timeout=3")
    'postgresql://host:5432/shop'
    """
    return _LOGIN.sub("", address).partition("?")[0] if "://" in address else address
