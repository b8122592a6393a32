"""The dashboard's log: a line an event, with who, what and when, and nothing that a person typed or a file holds."""

from __future__ import annotations

import io
import logging
import os
import re
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from dashboard import journal
from dashboard.journal import Who
from data.errors import FileError
from inference.serving.log import Log, route_library_logs
from tests.dashboard.conftest import events


def test_an_event_says_who_what_when_and_how_long(log: Path) -> None:
    who = Who("a1", "192.0.2.7", "analyst")
    with journal.noting("export", who, what="cohort") as facts:
        facts["rows"] = 3
    (line,) = events(log)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line.pop("ms") >= 0
    assert line == {
        "level": "info",
        "event": "export",
        "visit": "a1",
        "address": "192.0.2.7",
        "user": "analyst",
        "what": "cohort",
        "rows": 3,
        "verdict": "done",
    }
    # Its owner's alone, and added to what is there.
    assert log.stat().st_mode & 0o077 == 0
    with closing(journal.open_log("warning", log)):
        journal.note("session_start")
        journal.warn("refused")
    assert [line["event"] for line in events(log)] == ["export", "refused"]


@pytest.mark.parametrize(
    ("error", "verdict"), [(FileError("income of Zulu"), "refused"), (ValueError("income of Zulu"), "failed")]
)
def test_a_fault_is_named_by_its_kind_and_not_by_its_words(log: Path, error: Exception, verdict: str) -> None:
    with pytest.raises(type(error)), journal.noting("upload", what="applications"):
        raise error
    (line,) = events(log)
    assert (line["level"], line["verdict"], line["problem"]) == ("warning", verdict, type(error).__name__)
    assert b"Zulu" not in log.read_bytes()


def test_of_a_files_name_only_a_known_kind_is_kept() -> None:
    names = ("Zulu, Ann.csv", "a.PARQUET", "a.csv.gz", "Zulu", "a.zulu", ".json", "")
    assert [journal.kind_of(name) for name in names] == ["csv", "parquet", "gz", "other", "other", "json", "other"]


def test_a_cohort_has_a_key_that_tells_nothing_of_its_conditions() -> None:
    first, second = journal.key_of("age > 30"), journal.key_of("age > 31")
    assert (first, journal.key_of("")) == (journal.key_of("age > 30"), "whole")
    assert first != second
    assert re.fullmatch("[0-9a-f]{12}", first)


NASTY = "a\nb\r\x1b[2J\x00\x7f\x9b\u2028\u202e\ud800\u2066 level=error"


@pytest.mark.parametrize("is_terminal", [False, True])
def test_whatever_a_value_holds_it_stays_within_its_line(is_terminal: bool) -> None:
    class Stream(io.BytesIO):
        def isatty(self) -> bool:
            return is_terminal

    stream = Stream()
    Log("info", stream).event("upload", user=NASTY, more=[NASTY, {"x": NASTY}])
    text = stream.getvalue().decode()
    assert text.endswith("\n")
    assert re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\u2066]", text) == []
    assert text.count("\n") == 1
    if is_terminal:
        # What looks like another column is quoted.
        assert re.search(r'  info  upload  user="a\\nb.* level=error"  more=', text)
    else:
        assert orjson.loads(text)["user"] == NASTY.replace("\ud800", "\\ud800")


def test_what_a_library_logs_comes_without_values() -> None:
    stream = io.BytesIO()
    name = "scoreroom.test.library"
    route_library_logs(Log("info", stream), name)
    logger = logging.getLogger(name)
    logger.info("nothing to look at")
    logger.warning("Session %s is gone", "Zulu")
    try:
        int("Zulu")
    except ValueError:
        logger.exception("Uncaught app execution")
    first, second = map(orjson.loads, stream.getvalue().splitlines())
    assert (first["event"], first["text"], first["level"]) == ("library", "Session %s is gone", "warning")
    assert (second["event"], second["text"], second["exception"]) == ("fault", "Uncaught app execution", "ValueError")
    assert second["places"][-1].endswith("test_what_a_library_logs_comes_without_values")
    assert b"Zulu" not in stream.getvalue()


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        journal.open_log("info", tmp_path / "none" / os.devnull[1:])


def test_a_log_that_is_a_pipe_which_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileError, match="pipe: cannot be written"):
        journal.open_log("info", pipe)
