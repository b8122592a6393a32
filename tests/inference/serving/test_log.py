"""Events as lines: what they hold, what they leave out, and that a line stays one line."""

from __future__ import annotations

import io
import logging
import os
from datetime import datetime, timedelta

import orjson
import pytest

from inference.serving.log import Log, route_library_logs


def test_a_fault_is_logged_by_its_place_and_not_by_its_words() -> None:
    stream = io.BytesIO()
    try:
        int("income Zulu")
    except ValueError as error:
        Log("warning", stream).fault(error, request_id="a")
    line = orjson.loads(stream.getvalue())
    assert (line["event"], line["exception"], line["request_id"]) == ("fault", "ValueError", "a")
    assert line["places"][-1].endswith("test_a_fault_is_logged_by_its_place_and_not_by_its_words")
    assert b"Zulu" not in stream.getvalue()


def test_json_lines_begin_with_when_how_grave_and_what() -> None:
    stream = io.BytesIO()
    Log("info", stream).event("started", port=8000, host=None)
    line = orjson.loads(stream.getvalue())
    assert list(line) == ["timestamp", "level", "event", "port", "host"]
    assert (line["level"], line["event"], line["port"], line["host"]) == ("info", "started", 8000, None)
    assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)


# An end of line, a terminal's escape, text turned around, half a surrogate pair.
UGLY = "a\nb\x1b[2J\u202ec\ud800"


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.BytesIO(), Terminal()], ids=["JSON", "columns"])
def test_a_line_stays_one_line_whatever_it_holds(stream: io.BytesIO) -> None:
    Log("info", stream).warning("odd", text=UGLY, nested={"list": [UGLY]})
    written = stream.getvalue().decode()
    assert written.count("\n") == 1
    assert written.endswith("\n")
    assert written[:-1].isprintable()
    assert written.count("\\u202e") == 2


def test_columns_show_plain_words_as_they_are_and_quote_the_others() -> None:
    stream = Terminal()
    Log("info", stream).event("request", route="/v1/score", reason="two words", caller=None)
    (line,) = stream.getvalue().decode().splitlines()
    assert line.split("  ")[1:] == ["info", "request", "route=/v1/score", 'reason="two words"']


def test_a_log_that_nobody_can_read_stops_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as stream:
        log = Log("info", stream)
        log.event("a")
        log.warning("b")
        log.fault(ValueError("c"))


def test_libraries_are_quoted_without_the_values_in_their_sentences() -> None:
    stream, logger = io.BytesIO(), logging.getLogger("a library of this test")
    route_library_logs(Log("info", stream), logger.name)
    logger.info("nothing to see")
    logger.warning("cannot read %s", "income Zulu")
    try:
        int("income Zulu")
    except ValueError:
        logger.exception("failed for %s", "income Zulu")
    warned, fault = map(orjson.loads, stream.getvalue().splitlines())
    assert (warned["event"], warned["library"], warned["text"]) == ("library", logger.name, "cannot read %s")
    assert (fault["event"], fault["exception"], fault["text"]) == ("fault", "ValueError", "failed for %s")
    assert b"Zulu" not in stream.getvalue()
