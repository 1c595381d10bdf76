"""A wheel (PEP 427) of the modules that a server needs: equal sources give equal bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from importlib.metadata import PackageMetadata, distribution

from modelwright.release.package.parts import needed, source_of
from modelwright.release.package.parts import top as sources

_DATE = (1980, 1, 1, 0, 0, 0)
_MAIN = '''"""``python -m modelwright`` is the command line of an image."""

from __future__ import annotations

from modelwright.cli.image import main

if __name__ == "__main__":
    main()
'''


def version() -> str:
    """That of the installed modelwright, with a local label (PEP 440): this is not all of it."""
    return f"{distribution('modelwright').version}+serve"


def name() -> str:
    return f"modelwright-{version()}-py3-none-any.whl"


def build(pins: Mapping[str, str]) -> bytes:
    """The wheel. Its metadata ask for ``pins`` (name to version) and for nothing else; its one command is
    ``modelwright``, with what an image can do."""
    top = sources()
    files: dict[str, bytes] = {}
    for module in needed().modules:
        path = source_of(module)
        assert path is not None
        files[f"modelwright/{path.relative_to(top).as_posix()}"] = path.read_bytes()
        if path.name == "__init__.py":
            # What is no code, such as pages and styles, lies beside the package that reads it.
            for other in path.parent.iterdir():
                if other.is_file() and other.suffix not in (".py", ".pyc") and not other.name.startswith("."):
                    files[f"modelwright/{other.relative_to(top).as_posix()}"] = other.read_bytes()
    files["modelwright/__main__.py"] = _MAIN.encode()
    held = distribution("modelwright").metadata
    lines = [
        "Metadata-Version: 2.4",
        "Name: modelwright",
        f"Version: {version()}",
        "Summary: What a server of released models needs of modelwright, and nothing of training.",
        f"License-Expression: {_said(held, 'License-Expression', 'Apache-2.0')}",
        f"Requires-Python: {_said(held, 'Requires-Python', '>=3.11')}",
        *(f"Requires-Dist: {library}=={pin}" for library, pin in pins.items()),
    ]
    info = f"modelwright-{version()}.dist-info"
    files[f"{info}/METADATA"] = ("\n".join(lines) + "\n").encode()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: modelwright\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{info}/entry_points.txt"] = b"[console_scripts]\nmodelwright = modelwright.cli.image:main\n"
    record = [f"{at},sha256={_digest(content)},{len(content)}" for at, content in sorted(files.items())]
    files[f"{info}/RECORD"] = ("\n".join([*record, f"{info}/RECORD,,"]) + "\n").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        # The metadata come last, as the standard recommends.
        for inside in sorted(files, key=lambda inside: (inside.startswith(info), inside)):
            entry = zipfile.ZipInfo(inside, _DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[inside])
    return out.getvalue()


def _said(facts: PackageMetadata, key: str, default: str) -> str:
    return str((facts.get_all(key) or [default])[0])


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
