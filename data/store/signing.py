"""Signing the documents that vouch for everything else: HMAC-SHA256 over a document's canonical JSON, with one key.

A signed document is a JSON object with a member `signature`. Whoever has the key can sign, so that whoever only opens
what others built has to be trusted with it too.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import orjson

from data.errors import FileError, ScoreroomError
from data.settings import ROOT
from data.store.opening import check_readable

KEY_FILE = "SCOREROOM_SIGNING_KEY_FILE"
SIGNATURE = "signature"
_KEY_BYTES = 32
_HEX = re.compile(rf"(?:[0-9a-fA-F]{{2}}){{{_KEY_BYTES},1024}}")
_FIX = "build it again with the key in force, or fetch it again from where it was signed"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SigningKeyError(ScoreroomError):
    """A file cannot be used as the signing key."""


class SigningError(ScoreroomError):
    """A document is not signed with the key in force."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret of at least 32 bytes."""

    secret: bytes = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The key in a file of hexadecimal digits that only its owner may read.

        Raises:
            FileError: there is no such file, or it cannot be read.
            SigningKeyError: others may read or write it, or it holds no key.
        """
        check_readable(path)
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            text = path.read_bytes()[: 4 * 1024].decode("ascii", errors="replace").strip()
        except OSError as error:
            raise FileError.from_no_access(path, error.strerror or str(error)) from None
        if mode & _OTHERS:
            raise SigningKeyError(f"{path}: others than its owner may use it (mode {mode:04o}); run `chmod 600` on it.")
        if not _HEX.fullmatch(text):
            raise SigningKeyError(
                f"{path}: holds no signing key ({2 * _KEY_BYTES} or more hexadecimal digits); make one with "
                "`python -m scripts.make_signing_key`."
            )
        return cls(bytes.fromhex(text))

    def signature(self, document: Mapping[str, Any], purpose: str) -> str:
        """The signature of `document` for `purpose`, so that one kind of document cannot stand in for another."""
        # A string cannot hold the byte that ends the purpose.
        message = purpose.encode() + b"\0" + canonical(document)
        return hmac.new(self.secret, message, hashlib.sha256).hexdigest()


def canonical(document: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: compact JSON with sorted keys, without the signature."""
    content = {name: value for name, value in document.items() if name != SIGNATURE}
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def key_in_force(environment: Mapping[str, str] = os.environ) -> SigningKey | None:
    """The key that the environment names; None where it names none, and nothing is signed or asked to be.

    Raises:
        FileError, SigningKeyError: as `SigningKey.load`.
    """
    # Read here instead of handed down, so that no caller can forget it.
    name = environment.get(KEY_FILE)
    return SigningKey.load(ROOT / name) if name else None


def signed(document: Mapping[str, Any], purpose: str) -> dict[str, Any]:
    """`document` with the signature of the key in force, or unchanged without a key.

    Raises:
        FileError, SigningKeyError: the key cannot be read.
    """
    key = key_in_force()
    return dict(document) if key is None else {**document, SIGNATURE: key.signature(document, purpose)}


def check_signed(document: Mapping[str, Any], purpose: str, path: Path) -> dict[str, Any]:
    """`document`, read from `path`, without its signature; where a key is in force, only if that key signed it.

    Raises:
        FileError, SigningKeyError: the key cannot be read.
        SigningError: the document is unsigned, or signed by another key.
    """
    key, given = key_in_force(), document.get(SIGNATURE)
    if key is not None:
        if not given:
            raise SigningError(f"{path}: is not signed, which {KEY_FILE} asks for; it was not opened; {_FIX}.")
        if not isinstance(given, str) or not hmac.compare_digest(
            key.signature(document, purpose).encode(), given.encode(errors="replace")
        ):
            raise SigningError(
                f"{path}: was changed, or signed with another key than that of {KEY_FILE}; it was not opened; {_FIX}."
            )
    return {name: value for name, value in document.items() if name != SIGNATURE}


def make_key(path: Path) -> None:
    """Write a new random key to `path`, which only its owner may read.

    Raises:
        FileError: something stands at `path` already, or it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise FileError.from_occupied(path, "something") from None
    except OSError as error:
        raise FileError.from_unwritable(path, error.strerror or str(error)) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{secrets.token_hex(_KEY_BYTES)}\n")
