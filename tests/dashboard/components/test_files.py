"""The doors through which files leave and enter: each is in the log, without what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest

from dashboard.components.files import taking_in
from data.errors import FileError
from data.settings import ROOT
from tests.dashboard.conftest import events


def test_files_leave_and_enter_through_the_doors_that_are_logged() -> None:
    written = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in (ROOT / "dashboard").rglob("*.py")
    }
    assert [path for path, text in written.items() if "st.download_button" in text] == ["dashboard/components/files.py"]
    uploading = [text for text in written.values() if "st.file_uploader" in text]
    assert len(uploading) == 6
    assert all("with taking_in(" in text for text in uploading)


def page(made: list[bytes]) -> None:
    import streamlit as st

    from dashboard.components.files import offer_file

    def make() -> bytes:
        made.append(b"a,b\n1,2\n")
        return made[-1]

    st.title("One file")
    offer_file("Get", make, "Zulu.csv", "text/csv", what="cohort", facts={"rows": 1})


def test_a_file_is_made_and_logged_when_it_is_asked_for(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before: list[object] = []
    offer = MediaFileManager.add_deferred

    def add_deferred(self: Any, make: Any, *arguments: Any, **options: Any) -> str:
        before.append((list(made), events(log)))
        assert make() == b"a,b\n1,2\n"
        return offer(self, make, *arguments, **options)

    monkeypatch.setattr(MediaFileManager, "add_deferred", add_deferred)
    made: list[bytes] = []
    app = AppTest.from_function(page, args=(made,)).run()
    assert [error.value for error in app.exception] == []
    # Until then nothing is made, and nothing said.
    assert before == [([], [])]
    assert len(made) == 1
    (line,) = events(log)
    told = {name: line[name] for name in ("event", "what", "kind", "rows", "bytes", "verdict")}
    assert told == {"event": "export", "what": "cohort", "kind": "csv", "rows": 1, "bytes": 8, "verdict": "done"}
    assert b"Zulu" not in log.read_bytes()


def test_a_dropped_file_is_logged_by_its_kind_and_what_came_of_it(log: Path) -> None:
    @dataclass
    class Dropped:
        name: str
        size: int

    with taking_in("applications", Dropped("Zulu, Ann.csv", 12)) as facts:
        facts["rows"] = 3
    with pytest.raises(FileError), taking_in("applications", Dropped("Zulu.exe", 7)):
        raise FileError("income of Zulu")
    first, second = events(log)
    assert {name: first[name] for name in ("event", "kind", "bytes", "rows")} == {
        "event": "upload",
        "kind": "csv",
        "bytes": 12,
        "rows": 3,
    }
    assert (second["kind"], second["verdict"], second["bytes"]) == ("other", "refused", 7)
    assert b"Zulu" not in log.read_bytes()
