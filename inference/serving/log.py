"""A log of events, one line each, that a person, a file or a collector can read; both servers write theirs with it.

No event holds anything of an application: of a fault it names where it happened, not what it says. Whatever a value
holds, it stays within its line: control characters are escaped.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO

import orjson
import structlog

# What ends a line, moves a terminal's cursor or turns text around; JSON's own escapes cover only the first 32.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


class Log:
    """Events with the time in UTC: JSON lines, or columns for a person where the stream is a terminal."""

    def __init__(self, level: str, stream: BinaryIO | None = None) -> None:
        """Write events of at least `level` (info, warning) to `stream`, to stderr where there is none."""
        stream = stream or sys.stderr.buffer
        self._logger: Any = structlog.wrap_logger(
            structlog.BytesLogger(stream),
            processors=[*_STAMPS, _as_columns if stream.isatty() else _as_json],
            wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
            cache_logger_on_first_use=True,
        )

    def event(self, name: str, **told: object) -> None:
        """Something that happened as it should."""
        # Where nobody can read the log any more, requests are answered all the same.
        with suppress(OSError):
            self._logger.info(name, **told)

    def warning(self, name: str, **told: object) -> None:
        """Something that somebody has to look at, while the server goes on."""
        with suppress(OSError):
            self._logger.warning(name, **told)

    def fault(self, error: BaseException, **told: object) -> None:
        """An exception that nobody expected: its type and where it was, but not its words, which may quote values."""
        places = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        with suppress(OSError):
            self._logger.error("fault", exception=type(error).__name__, places=places, **told)


def route_library_logs(name: str = "uvicorn") -> None:
    """Let what the library `name` warns of come as lines of the same form, on stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=list(_STAMPS),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                lambda *event: _as_json(*event).decode(),
            ],
        )
    )
    logger = logging.getLogger(name)
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)


_STAMPS = (
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def _as_json(_logger: object, _method: str, event: Mapping[str, Any]) -> bytes:
    # A line is written whatever an event holds. In JSON, these characters can only stand inside of texts.
    return _escaped(orjson.dumps(_strict(event), default=repr).decode()).encode()


def _as_columns(_logger: object, _method: str, event: Mapping[str, Any]) -> bytes:
    first = [str(event[name]) for name in ("timestamp", "level", "event")]
    rest = (
        f"{name}={_escaped(str(value))}"
        for name, value in event.items()
        if value is not None and name not in ("timestamp", "level", "event")
    )
    return "  ".join([*first, *rest]).encode(errors="backslashreplace")


def _strict(value: object) -> object:
    """The value without halves of surrogate pairs, which no JSON can hold."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_strict(key): _strict(each) for key, each in value.items()}
    return [_strict(each) for each in value] if isinstance(value, list | tuple) else value


def _escaped(text: str) -> str:
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
