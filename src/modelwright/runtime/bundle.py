"""Reading a bundle: the folder that a release writes, every file of it checked before it is used.

What is checked is what is used: each file is read once, and its bytes are kept. Hashes detect damage (a
broken copy, an edited file). Only a signature, with a public key that came another way, detects tampering.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelwright.core.errors import BadBundle
from modelwright.runtime.seal import LARGEST, unbroken

SCHEMA_VERSION = 1
MANIFEST = "model.json"
SIGNATURE = "signature.json"
READING = "reading.json"
"""How the training rows were read, in bundles of nested sources and logs."""
NEEDED = ("model.onnx", "preprocess.json", "reference.json")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}", re.ASCII)
_LEFT_BY_SYSTEMS = frozenset({"thumbs.db", "desktop.ini"})
_AGAIN = "take the bundle from its release again; the file was damaged or changed since"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files are whole."""

    name: str
    """Of the folder."""
    manifest: dict[str, Any]
    """``model.json``."""
    files: dict[str, bytes] = field(repr=False)
    """Content by name of every file that the manifest lists."""
    signed: str
    """What is known of the signature, in a sentence."""
    public_key: str | None = None
    """Of a signature that was checked and fits: 64 hexadecimal digits."""

    def json(self, name: str) -> dict[str, Any]:
        """A JSON file of the bundle. Raises :class:`BadBundle` where it does not hold an object."""
        return _object(self.files[name], name)


def read(path: str | Path, *, trust: str | None = None) -> Bundle:
    """Read and check a bundle.

    ``trust`` is the ed25519 public key (64 hexadecimal digits) that must have signed it. Raises
    :class:`BadBundle`, which names the file: nothing there, made by a newer version, a file damaged,
    missing, too many, or outside the folder, a signature that is absent or does not fit.
    """
    folder = Path(path)
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise BadBundle(
            f"there is no bundle at {folder}: it {what}",
            code="bundle.absent",
            hint="give the folder that holds model.json",
        )
    raw = _content(folder, MANIFEST)
    manifest = _object(raw, MANIFEST)
    _check_version(manifest)
    if not unbroken(raw):
        raise _damaged(MANIFEST, "its content does not fit the sha256 that it carries")
    listed = _listed(manifest)
    _check_presence(folder, listed)
    files = {}
    for name, (size, digest) in listed.items():
        content = _content(folder, name, size)
        if hashlib.sha256(content).hexdigest() != digest:
            raise _damaged(name, "its sha256 is not the one in model.json")
        files[name] = content
    signed, key = _check_signature(folder, raw, trust)
    return Bundle(folder.resolve().name, manifest, files, signed, key)


def _damaged(name: str, why: str) -> BadBundle:
    return BadBundle(f"{name} of the bundle is damaged: {why}", code="bundle.damaged", hint=_AGAIN)


def _content(folder: Path, name: str, size: int | None = None) -> bytes:
    """The bytes of a file that lies in the folder; of ``size`` bytes where that is known."""
    path = folder / name
    try:
        real = path.resolve(strict=True)
        facts = real.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise _damaged(name, "it is not a plain file")
        if not real.is_relative_to(folder.resolve()):
            raise BadBundle(
                f"{name} of the bundle is a link to a place outside the bundle",
                code="bundle.outside",
                hint="a bundle holds its files itself; copy it with its links followed",
            )
        if size is not None and facts.st_size != size:
            raise _damaged(name, f"it has {facts.st_size} bytes where model.json says {size}")
        if size is None and facts.st_size > LARGEST:
            raise _damaged(name, f"it has {facts.st_size} bytes, more than any that was ever written")
        return real.read_bytes()
    except FileNotFoundError:
        raise BadBundle(
            f"the bundle has no {name}",
            code="bundle.missing-file",
            hint="give the folder that holds model.json" if name == MANIFEST else _AGAIN,
        ) from None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "a circle of links"
        raise BadBundle(
            f"{name} of the bundle cannot be read: {reason}",
            code="bundle.unreadable",
            hint="check the permissions of the folder",
        ) from None


def _object(content: bytes, name: str) -> dict[str, Any]:
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise _damaged(name, "it is not JSON") from None
    if not isinstance(data, dict):
        raise _damaged(name, "it does not hold an object")
    return data


def _check_version(manifest: dict[str, Any]) -> None:
    version = manifest.get("schema_version")
    if type(version) is int and version > SCHEMA_VERSION:
        made_by = manifest.get("versions")
        newer = made_by.get("modelwright") if isinstance(made_by, dict) else None
        raise BadBundle(
            f"model.json of the bundle has schema version {version}; this version of modelwright reads up to "
            f"{SCHEMA_VERSION}",
            code="bundle.future",
            hint=f"install modelwright {newer} or newer" if newer else "install a newer modelwright",
        )
    if type(version) is not int or version < 1:
        raise _damaged(MANIFEST, "it has no schema version")


def _listed(manifest: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """Size and digest by name. Names are plain: nothing that leads out of the folder."""
    entries = manifest.get("files")
    if not isinstance(entries, dict):
        raise _damaged(MANIFEST, "it does not list the files of the bundle")
    found: dict[str, tuple[int, str]] = {}
    for name, entry in entries.items():
        if not _NAME.fullmatch(name) or name in (MANIFEST, SIGNATURE):
            raise BadBundle(
                f"model.json of the bundle lists {name!r}, which is not the name of a file in the bundle",
                code="bundle.outside",
                hint="do not use this bundle: no release writes such a name",
            )
        size = entry.get("bytes") if isinstance(entry, dict) else None
        digest = entry.get("sha256") if isinstance(entry, dict) else None
        if type(size) is not int or not isinstance(digest, str):
            raise _damaged(MANIFEST, f"the entry of {name} has no size or no sha256")
        found[name] = (size, digest)
    for name in NEEDED:
        if name not in found:
            raise _damaged(MANIFEST, f"it does not list {name}")
    return found


def _check_presence(folder: Path, listed: dict[str, tuple[int, str]]) -> None:
    """Nothing may be there that the manifest does not know, but for what operating systems drop."""
    allowed = {MANIFEST, SIGNATURE, *listed}
    extra = sorted(
        p.name
        for p in folder.iterdir()
        if p.name not in allowed and p.name[0] != "." and p.name.lower() not in _LEFT_BY_SYSTEMS
    )
    if extra:
        raise BadBundle(
            f"the bundle holds {', '.join(extra)}, which model.json does not list",
            code="bundle.extra-file",
            hint="move what is not part of the bundle out of its folder",
        )


def _check_signature(folder: Path, manifest: bytes, trust: str | None) -> tuple[str, str | None]:
    """What is known of the signature, and the public key where it was checked."""
    if not (folder / SIGNATURE).is_symlink() and not (folder / SIGNATURE).exists():
        if trust is not None:
            raise BadBundle(
                "the bundle is not signed, and a signature was asked for",
                code="bundle.unsigned",
                hint="sign with `release: {sign_with: KEY}` in the goal, or load it without `trust`",
            )
        return "not signed", None
    raw = _content(folder, SIGNATURE)
    if not unbroken(raw):
        raise _damaged(SIGNATURE, "its content does not fit the sha256 that it carries")
    data = _object(raw, SIGNATURE)
    if data.get("algorithm") != "ed25519" or data.get("over") != MANIFEST:
        raise _damaged(SIGNATURE, "it is not an ed25519 signature over model.json")
    try:
        key = bytes.fromhex(str(data["public_key"]))
        signature = base64.b64decode(str(data["signature"]), validate=True)
    except (KeyError, ValueError):
        raise _damaged(SIGNATURE, "it has no key or no signature that can be read") from None
    if trust is not None and key.hex() != trust.strip().lower():
        raise BadBundle(
            "signature.json of the bundle is by another key than the one that is trusted",
            code="bundle.other-key",
            hint=f"the bundle names the public key {key.hex()}; ask whoever released it",
        )
    if not _verify(key, signature, manifest, needed=trust is not None):
        return "signed, but not checked: the package cryptography is not installed", None
    who = "the trusted key" if trust is not None else "the key that it names, which nobody vouched for"
    return f"signed by {who}", key.hex()


def _verify(key: bytes, signature: bytes, message: bytes, *, needed: bool) -> bool:
    """True where the signature fits, False where it cannot be checked here; raises where it does not fit."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        if needed:
            raise BadBundle(
                "the signature of the bundle cannot be checked: the package cryptography is not installed",
                code="bundle.cannot-verify",
                hint="pip install cryptography",
            ) from None
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise BadBundle(
            "signature.json of the bundle does not fit its model.json",
            code="bundle.bad-signature",
            hint="do not use this bundle: it is not what was signed",
        ) from None
    return True
