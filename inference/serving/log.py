"""A log of events, one line each, that a person, a file or a collector can read; both servers write theirs with it.

No event holds anything of an application: of a fault it names where it happened, not what it says. Whatever a value
holds, it stays within its line: control characters are escaped.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import BinaryIO

import orjson

# What ends a line, moves a terminal's cursor or turns text around; JSON's own escapes cover only the first 32.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

_FIRST = ("timestamp", "level", "event")
_LEVELS = {logging.INFO: "info", logging.WARNING: "warning", logging.ERROR: "error"}
_PLAIN = re.compile("[A-Za-z0-9._:/+-]+")


class Log:
    """Events with the time in UTC: JSON lines, or columns for a person where the stream is a terminal."""

    def __init__(self, level: str, stream: BinaryIO | None = None) -> None:
        """Write events of at least `level` (info, warning) to `stream`, to stderr where there is none."""
        self._stream = stream = stream or sys.stderr.buffer
        self._least = logging.getLevelNamesMapping()[level.upper()]
        self._worded = _as_columns if stream.isatty() else _as_json
        self._lock = threading.Lock()

    def close(self) -> None:
        """Write no more."""
        self._stream.close()

    def event(self, name: str, **told: object) -> None:
        """Something that happened as it should."""
        self._write(logging.INFO, name, told)

    def warning(self, name: str, **told: object) -> None:
        """Something that somebody has to look at, while the server goes on."""
        self._write(logging.WARNING, name, told)

    def fault(self, error: BaseException, **told: object) -> None:
        """An exception that nobody expected: its type and where it was, but not its words, which may quote values."""
        places = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        self._write(logging.ERROR, "fault", {"exception": type(error).__name__, "places": places, **told})

    def _write(self, level: int, name: str, told: Mapping[str, object]) -> None:
        if level < self._least:
            return
        now = datetime.now(UTC).replace(tzinfo=None).isoformat() + "Z"
        line = self._worded({"timestamp": now, "level": _LEVELS[level], "event": name, **told})
        # Where nobody can read the log any more, requests are answered all the same.
        with suppress(OSError), self._lock:
            self._stream.write(line + b"\n")
            self._stream.flush()


class LibraryHandler(logging.Handler):
    """What libraries warn of, as events of a log.

    Their text comes as it stands in their code, without what it is filled in with; of an exception its type and place.
    """

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one event."""
        error = record.exc_info[1] if record.exc_info else None
        told = {"library": record.name, "text": str(record.msg)}
        if error is not None:
            self._log.fault(error, **told)
        else:
            self._log.warning("library", **told)


def route_library_logs(log: Log, *names: str) -> None:
    """Let what these libraries warn of come as events of `log`."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [LibraryHandler(log)], False
        logger.setLevel(logging.WARNING)


def _as_json(event: Mapping[str, object]) -> bytes:
    # A line is written whatever an event holds. In JSON, these characters can only stand inside of texts.
    try:
        line = orjson.dumps(event, default=repr)
    except orjson.JSONEncodeError:
        line = orjson.dumps(_strict(event), default=repr)
    # Of ASCII's own, JSON escapes all but one.
    return line if line.isascii() and b"\x7f" not in line else _escaped(line.decode()).encode()


def _as_columns(event: Mapping[str, object]) -> bytes:
    first = [str(event[name]) for name in _FIRST]
    rest = (f"{name}={_word(str(value))}" for name, value in event.items() if value is not None and name not in _FIRST)
    return "  ".join([*first, *rest]).encode(errors="backslashreplace")


def _word(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _escaped(orjson.dumps(_strict(text)).decode())


def _strict(value: object) -> object:
    """The value without halves of surrogate pairs, which no JSON can hold."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_strict(key): _strict(each) for key, each in value.items()}
    return [_strict(each) for each in value] if isinstance(value, list | tuple) else value


def _escaped(text: str) -> str:
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
