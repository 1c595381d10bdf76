"""Ed25519 signatures (RFC 8032) over ``model.json``, which holds the sha256 of every other file."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from modelwright.core.errors import BadInput
from modelwright.runtime.bundle import MANIFEST
from modelwright.runtime.seal import sealed


def make_keys(private: Path, public: Path | None = None) -> str:
    """Write a new private key (PEM, PKCS #8, for its owner's eyes) and, if asked, its public key (PEM).

    Returns the public key as 64 hexadecimal digits: what readers of a bundle give as ``trust``. Raises
    :class:`BadInput` rather than write over a file.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    shown = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write_new(private, content, 0o600)
    if public is not None:
        _write_new(public, shown, 0o644)
    return key.public_key().public_bytes_raw().hex()


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise BadInput(
            f"{path} exists already",
            code="sign.exists",
            hint="name another file; a key that signed a release should not be written over",
        ) from None
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written: {error.strerror}", code="sign.unwritable", hint="name another file"
        ) from error
    with os.fdopen(handle, "wb") as out:
        out.write(content)


def signature(manifest: bytes, private: Path) -> bytes:
    """The content of ``signature.json`` for the bytes of ``model.json``.

    ``private`` is an ed25519 key in PEM. Raises :class:`BadInput` for a key that cannot be read or is another
    kind.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    hint = "release.sign_with is the path of an ed25519 private key in PEM without a password"
    try:
        key = load_pem_private_key(private.read_bytes(), password=None)
    except OSError as error:
        raise BadInput(
            f"the key {private.name} of release.sign_with cannot be read: {error.strerror}",
            code="sign.key",
            hint=hint,
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadInput(
            f"{private.name} of release.sign_with holds no key that can be used", code="sign.key", hint=hint
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(
            f"{private.name} of release.sign_with holds another kind of key than ed25519",
            code="sign.key",
            hint=hint,
        )
    return sealed(
        {
            "algorithm": "ed25519",
            "over": MANIFEST,
            "public_key": key.public_key().public_bytes_raw().hex(),
            "signature": base64.b64encode(key.sign(manifest)).decode(),
        }
    )
