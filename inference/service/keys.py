"""API keys: only their digests are kept, and a key is compared in a time that tells nothing about any of them.

A key has 256 random bits, so that a plain SHA-256 of it can neither be guessed nor looked up. A line of the file is a
name, the digest, and what limits the key: `desk 3f5a... expires=2027-01-31 scope=score,explain`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

from data.errors import FileError
from data.store.opening import open_file, open_readable
from data.store.storage import write_atomically
from inference.errors import InferenceError
from inference.service.routes import BATCH, EXPLAIN, METRICS, MODEL, MODELS, PROMOTE, SCORE

# What a key may be limited to, by address.
SCOPES: Mapping[str, str] = {
    SCORE: "score",
    BATCH: "batch",
    EXPLAIN: "explain",
    MODEL: "model",
    MODELS: "model",
    METRICS: "metrics",
    PROMOTE: "champion",
}
SCOPE_NAMES = tuple(dict.fromkeys(SCOPES.values()))
# A key without a limit has all but what changes something, which has to be given by name.
ALL_SCOPES = frozenset(SCOPE_NAMES) - {SCOPES[PROMOTE]}
_PREFIX = "sr_"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LINE = re.compile(rf"({_NAME.pattern}) ([0-9a-f]{{64}})((?: (?:expires|scope)=[^ ]+)*)")


class KeyFileError(InferenceError):
    """A file of keys that cannot be read as one, or a key that cannot be added to it or taken from it."""

    @classmethod
    def from_line(cls, path: Path, number: int) -> Self:
        return cls(
            f"{path}: line {number:,} is no name and SHA-256 digest, with `expires=YYYY-MM-DD` and "
            f"`scope={','.join(SCOPE_NAMES)}` where it is limited; write it with `scripts.make_api_key`."
        )

    @classmethod
    def from_repeated(cls, path: Path, name: str) -> Self:
        return cls(f"{path}: holds the name {name} twice; give each key a name of its own.")

    @classmethod
    def from_none(cls, path: Path) -> Self:
        return cls(f"{path}: holds no key, so that nobody could call; add one with `scripts.make_api_key`.")

    @classmethod
    def from_name(cls, name: str) -> Self:
        return cls(f"{name!r} is no name of a key; use 1 to 64 letters, digits, dots, dashes and underscores.")

    @classmethod
    def from_unknown_name(cls, path: Path, name: str) -> Self:
        return cls(f"{path}: holds no key with the name {name!r}; nothing was changed.")

    @classmethod
    def from_limit(cls, found: str, wanted: str) -> Self:
        return cls(f"{found!r} limits no key; use {wanted}.")


@dataclass(frozen=True, slots=True)
class Key:
    """A key that may call: until the end of the day `expires` in UTC, and only for `scopes`."""

    name: str
    digest: bytes
    expires: date | None = None
    scopes: frozenset[str] = field(default=ALL_SCOPES)

    def has_expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and today > self.expires

    def covers(self, route: str | None) -> bool:
        """Whether it may ask for the address `route`, None being one that there is not."""
        found = None if route is None else SCOPES.get(route)
        return found in self.scopes or (found is None and self.scopes >= ALL_SCOPES)


class Keys:
    """The keys that may call; immutable."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = tuple(keys)
        self.names = frozenset(key.name for key in self._keys)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The keys of a file with one on each line. Blank lines and lines starting with # are skipped.

        Raises:
            FileError: there is no such file, or it cannot be read.
            KeyFileError: a line is malformed, a name is repeated, or the file holds no keys.
        """
        keys, faults = _parsed(path, _text(path))
        if faults:
            raise faults[0]
        if not keys:
            raise KeyFileError.from_none(path)
        return cls(keys.values())

    def find(self, key: str) -> Key | None:
        """The entry of `key`, None if it is not known; the time it takes depends only on how many there are."""
        digest = _digest(key)
        # Compare against every key so that timing reveals nothing.
        same = [kept for kept in self._keys if hmac.compare_digest(digest, kept.digest)]
        return same[0] if same else None

    def still_in(self, path: Path) -> Keys:
        """Those of these keys that a damaged file at `path` still has a line for; all if it may not be read."""
        try:
            with open_file(path) as handle:
                text = handle.read().decode(errors="replace")
        except FileNotFoundError:
            text = ""
        except OSError:
            return self
        found, _ = _parsed(path, text)
        # A line limits its key as it says now.
        return Keys(
            found[kept.name]
            for kept in self._keys
            if kept.name in found and hmac.compare_digest(found[kept.name].digest, kept.digest)
        )


def parse_expiry(text: str) -> date:
    """The last day of a key out of `2027-01-31`; raises KeyFileError."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise KeyFileError.from_limit(text, "a date such as 2027-01-31") from None


def parse_scopes(text: str) -> frozenset[str]:
    """The scopes that `score,explain` names; raises KeyFileError."""
    found = frozenset(text.split(","))
    if not found <= set(SCOPE_NAMES):
        raise KeyFileError.from_limit(text, f"some of {', '.join(SCOPE_NAMES)}, separated by commas")
    return found


def add_key(path: Path, name: str, *, expires: date | None = None, scopes: frozenset[str] = ALL_SCOPES) -> str:
    """Make a key, add its digest to the file at `path`, and return the key, which is kept nowhere.

    Raises:
        FileError: the file cannot be read or written.
        KeyFileError: `name` is no name, or has a key already; or the file does not hold keys.
    """
    if not _NAME.fullmatch(name):
        raise KeyFileError.from_name(name)
    found = _text(path) if path.exists() else ""
    if name in _valid(path, found):
        raise KeyFileError.from_repeated(path, name)
    key = f"{_PREFIX}{secrets.token_urlsafe(32)}"
    begin = "" if found.endswith("\n") or not found else "\n"
    limits = f" expires={expires.isoformat()}" if expires else ""
    if scopes != ALL_SCOPES:
        limits += f" scope={','.join(scope for scope in SCOPE_NAMES if scope in scopes)}"
    _append(path, f"{begin}{name} {_digest(key).hex()}{limits}\n")
    return key


def remove_key(path: Path, name: str) -> None:
    """Take the key called `name` out of the file at `path`, which is replaced in one step.

    Raises:
        FileError: the file cannot be read or written.
        KeyFileError: no key has this name, or the file does not hold keys.
    """
    text = _text(path)
    if name not in _valid(path, text):
        raise KeyFileError.from_unknown_name(path, name)
    kept = [line for line in text.splitlines(keepends=True) if line.split()[:1] != [name]]
    before = path.stat()
    with write_atomically(path) as beside:
        beside.touch(before.st_mode & 0o777)
        beside.write_text("".join(kept), encoding="utf-8")
        # The service may still read it, whoever takes the key back.
        if os.geteuid() == 0:
            os.chown(beside, before.st_uid, before.st_gid)


def _append(path: Path, line: str) -> None:
    # Added in one piece, so that two who add a key at the same time both keep theirs; the file is its owner's alone.
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as file:
            file.write(line.encode())
    except OSError as error:
        raise FileError.from_unwritable(path, error.strerror or str(error)) from error


def _text(path: Path) -> str:
    try:
        with open_readable(path) as handle:
            return handle.read().decode()
    except UnicodeDecodeError:
        raise FileError.from_no_access(path, "it is not UTF-8") from None


def _valid(path: Path, text: str) -> dict[str, Key]:
    keys, faults = _parsed(path, text)
    if faults:
        raise faults[0]
    return keys


def _parsed(path: Path, text: str) -> tuple[dict[str, Key], list[KeyFileError]]:
    """The keys by name, and what is wrong with other lines; a name that stands twice is no key's."""
    keys: dict[str, Key] = {}
    faults: list[KeyFileError] = []
    repeated = set()
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if not line or line.startswith("#"):
            continue
        key = _key(line)
        if key is None:
            faults.append(KeyFileError.from_line(path, number))
        elif key.name in keys:
            faults.append(KeyFileError.from_repeated(path, key.name))
            repeated.add(key.name)
        else:
            keys[key.name] = key
    return {name: key for name, key in keys.items() if name not in repeated}, faults


def _key(line: str) -> Key | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    limits = [limit.split("=", 1) for limit in found[3].split()]
    told = dict(limits)
    try:
        expires = parse_expiry(told["expires"]) if "expires" in told else None
        scopes = parse_scopes(told["scope"]) if "scope" in told else ALL_SCOPES
    except KeyFileError:
        return None
    return Key(found[1], bytes.fromhex(found[2]), expires, scopes) if len(told) == len(limits) else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="backslashreplace")).digest()
