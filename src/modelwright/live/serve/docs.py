"""``/docs``: one page without anything from elsewhere, that shows what can be asked and asks it.

FastAPI's own page takes its script from another machine, which a server without the internet cannot reach,
and which would see who asks. The page is empty until it has read /openapi.json, for which it may need a key.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources


@cache
def page() -> bytes:
    """HTML, the same for every server."""
    html = _part("docs.html")
    return html.replace("/*STYLE*/", _part("docs.css")).replace("/*SCRIPT*/", _part("docs.js")).encode()


@cache
def headers() -> dict[str, str]:
    """Only this page's own script and style run, and it talks to its own server alone."""
    return {
        "content-security-policy": (
            f"default-src 'none'; connect-src 'self'; script-src '{_digest('docs.js')}'; "
            f"style-src '{_digest('docs.css')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }


def _digest(name: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(_part(name).encode()).digest()).decode()


@cache
def _part(name: str) -> str:
    return resources.files("modelwright.live.serve").joinpath(name).read_text(encoding="utf-8")
