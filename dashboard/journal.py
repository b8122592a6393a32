"""The log for operators: who opened, exported or uploaded what and when, and never an applicant's data.

A line holds kinds, counts, sizes and digests, but nothing that a person typed or a file holds (ids, values, conditions,
names of files and cohorts, texts of exceptions). There is one log per process; without one nothing is written.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from data.errors import FileError, ScoreroomError
from inference.serving.log import Log

# The server gives each connection's visit an id of its own in this header, and takes away one that a client sent.
VISIT_HEADER = "x-scoreroom-visit"
_KINDS = frozenset({"csv", "gz", "html", "json", "parquet", "zip"})
# Likely conditions are few, so a plain digest could be guessed; this key lasts only as long as the process.
_SECRET = secrets.token_bytes(32)
_log: Log | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """A visitor: the client address, and the user whom a trusted proxy names."""

    visit: str | None
    address: str | None = None
    user: str | None = None


# The visits whose connection is open, by id.
visits: dict[str, Who] = {}


def open_log(level: str, path: Path | None) -> Log:
    """Write the process's events of at least `level` to the end of the file at `path`, or to stderr without one.

    Raises:
        FileError: the file cannot be written.
    """
    global _log  # noqa: PLW0603 - there is one log a process, as there is one stderr
    if path is None:
        _log = Log(level)
        return _log
    try:
        # Do not wait for a pipe that is not read, or not fast enough.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise FileError.from_unwritable(path, error.strerror or str(error)) from error
    # Open for as long as the process runs.
    _log = Log(level, os.fdopen(descriptor, "ab", buffering=0))
    return _log


def note(event: str, who: Who | None = None, **facts: object) -> None:
    """Write a normal event."""
    if _log is not None:
        _log.event(event, **_told(who), **facts)


def warn(event: str, who: Who | None = None, **facts: object) -> None:
    """Write an event that may need attention."""
    if _log is not None:
        _log.warning(event, **_told(who), **facts)


@contextmanager
def noting(event: str, who: Who | None = None, **facts: object) -> Iterator[dict[str, object]]:
    """Write `event` with its duration and the facts that the block adds, or with the type of its exception."""
    began = time.perf_counter()
    try:
        yield facts
    except Exception as error:
        verdict = "refused" if isinstance(error, ScoreroomError) else "failed"
        warn(event, who, **facts, verdict=verdict, problem=type(error).__name__, ms=_ms_since(began))
        raise
    note(event, who, **facts, verdict="done", ms=_ms_since(began))


def kind_of(file_name: str) -> str:
    """The kind of a file by the end of its name, so that nothing else of the name is logged."""
    suffix = file_name.rpartition(".")[2].lower()
    return suffix if suffix in _KINDS else "other"


def key_of(conditions: str) -> str:
    """A cohort's key in the log, the same for equal conditions until the process ends."""
    return hmac.new(_SECRET, conditions.encode(), hashlib.sha256).hexdigest()[:12] if conditions else "whole"


def _told(who: Who | None) -> dict[str, object]:
    return {} if who is None else asdict(who)


def _ms_since(began: float) -> float:
    return round(1e3 * (time.perf_counter() - began), 1)
