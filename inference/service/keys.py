"""API keys: only their digests are kept, and a key is compared in a time that tells nothing about any of them.

A key has 256 random bits, so that a plain SHA-256 of it can neither be guessed nor looked up.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from data.errors import DataError, FileError
from data.opening import open_readable

_PREFIX = "sr_"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LINE = re.compile(rf"({_NAME.pattern}) ([0-9a-f]{{64}})")


class KeyFileError(DataError):
    """A file of keys that cannot be read as one, or a key that cannot be added to it."""

    @classmethod
    def from_line(cls, path: Path, number: int) -> Self:
        return cls(f"{path}: line {number:,} is no name and SHA-256 digest; write it with `scripts.make_api_key`.")

    @classmethod
    def from_repeated(cls, path: Path, name: str) -> Self:
        return cls(f"{path}: holds the name {name} twice; give each key a name of its own.")

    @classmethod
    def from_none(cls, path: Path) -> Self:
        return cls(f"{path}: holds no key, so that nobody could call; add one with `scripts.make_api_key`.")

    @classmethod
    def from_name(cls, name: str) -> Self:
        return cls(f"{name!r} is no name of a key; use 1 to 64 letters, digits, dots, dashes and underscores.")


class Keys:
    """The keys that may call, by name; immutable."""

    def __init__(self, digests: Mapping[str, str]) -> None:
        """Keys with the hexadecimal SHA-256 `digests`, by name."""
        self._digests = {name: bytes.fromhex(digest) for name, digest in digests.items()}

    @classmethod
    def load(cls, path: Path) -> Self:
        """The keys of a file with a name and a digest on each line; empty lines and those that begin with # are none.

        Raises:
            FileError: there is no such file, or it cannot be read.
            KeyFileError: a line is none of a key, a name stands twice, or there is no key.
        """
        digests = _read(path)
        if not digests:
            raise KeyFileError.from_none(path)
        return cls(digests)

    def name_of(self, key: str) -> str | None:
        """The name of `key`, None where it is not known; the time it takes depends only on how many there are."""
        digest = _digest(key)
        # All are compared, whichever it is.
        same = [name for name, kept in self._digests.items() if hmac.compare_digest(digest, kept)]
        return same[0] if same else None


def add_key(path: Path, name: str) -> str:
    """Make a key, add its digest to the file at `path`, and return the key, which is kept nowhere.

    Raises:
        FileError: the file cannot be read or written.
        KeyFileError: `name` is none, or has a key already; or the file is none of keys.
    """
    if not _NAME.fullmatch(name):
        raise KeyFileError.from_name(name)
    found = _text(path) if path.exists() else ""
    if name in _parsed(path, found):
        raise KeyFileError.from_repeated(path, name)
    key = f"{_PREFIX}{secrets.token_urlsafe(32)}"
    begin = "" if found.endswith("\n") or not found else "\n"
    _append(path, f"{begin}{name} {_digest(key).hex()}\n")
    return key


def _append(path: Path, line: str) -> None:
    # Added in one piece, so that two who add a key at the same time both keep theirs; the file is its owner's alone.
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as file:
            file.write(line.encode())
    except OSError as error:
        raise FileError.from_unwritable(path, error.strerror or str(error)) from error


def _read(path: Path) -> dict[str, str]:
    return _parsed(path, _text(path))


def _text(path: Path) -> str:
    try:
        with open_readable(path) as handle:
            return handle.read().decode()
    except UnicodeDecodeError:
        raise FileError.from_no_access(path, "it is not UTF-8") from None


def _parsed(path: Path, text: str) -> dict[str, str]:
    digests: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise KeyFileError.from_line(path, number)
        if found[1] in digests:
            raise KeyFileError.from_repeated(path, found[1])
        digests[found[1]] = found[2]
    return digests


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="backslashreplace")).digest()
