"""A visit with marked words in every place that takes any: the log tells of the visit, and of none of the words."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
import polars as pl
import pytest
from playwright.sync_api import Page

from data.home_credit import embedded
from data.settings import Settings

if TYPE_CHECKING:
    from tests.browser.conftest import Server

ZULU = "Zulu"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that a server which is started now writes its events to."""
    monkeypatch.setenv("SCOREROOM_LOG_FILE", str(tmp_path / "log.jsonl"))
    return tmp_path / "log.jsonl"


@pytest.fixture
def address(log: Path, request: pytest.FixtureRequest) -> str:
    """A dashboard that writes the log."""
    server: Server = request.getfixturevalue("server")
    return server.address


def events(log: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in log.read_bytes().splitlines()]


def wait_for(log: Path, event: str, n: int = 1) -> list[dict[str, Any]]:
    until = time.monotonic() + 30
    while len(found := [line for line in events(log) if line["event"] == event]) < n:
        assert time.monotonic() < until, events(log)
        time.sleep(0.05)
    return found


def save(page: Page, button: str) -> bytes:
    with page.expect_download() as found:
        page.get_by_role("button", name=button).click()
    return Path(found.value.path()).read_bytes()


def drop(page: Page, path: Path) -> None:
    page.get_by_test_id("stFileUploader").locator("input[type=file]").first.set_input_files(path)


def test_the_log_tells_of_a_visit_and_of_no_applicant(
    page: Page, address: str, log: Path, built: Settings, frame: pl.DataFrame, tmp_path: Path
) -> None:
    page.set_extra_http_headers({"X-Scoreroom-Visit": ZULU, "User-Agent": ZULU})
    # Filters, a search, a cohort's name.
    pensioners = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner")
    query = {"f.NAME_INCOME_TYPE": "Pensioner", "f.ZULU": ZULU, "app.search": "Pensioner"}
    page.goto(f"{address}/applications?{urlencode(query | {f'c.{ZULU}': 'f.CODE_GENDER=F'})}")
    written = save(page, "Cohort as CSV")
    assert written.count(b"\n") == pensioners.height + 1
    page.get_by_role("button", name="Cohorts", exact=True).click()
    assert ZULU in json.loads(save(page, "Export as JSON"))["cohorts"][0]["name"]
    # A file's name, cells and columns, in one that is taken and in one that is not.
    table = pl.read_parquet(built.applications, n_rows=20).drop(embedded.TARGET)
    good, bad = tmp_path / f"{ZULU} Ann.csv", tmp_path / "b.csv"
    table.with_columns(pl.lit(ZULU).alias(ZULU)).write_csv(good)
    table.select(embedded.ID, pl.lit(ZULU).alias(ZULU)).write_csv(bad)
    page.goto(f"{address}/score-file")
    drop(page, good)
    assert ZULU.encode() in save(page, "Scores as CSV")
    drop(page, bad)
    wait_for(log, "upload", 2)
    # An applicant's number and note.
    number = int(frame["application_id"][7])
    page.goto(f"{address}/applicant?applicant={number}&edits=AMT_CREDIT:987654&appl.tab=Record")
    page.get_by_label("Note of the analyst").fill(ZULU)
    assert json.loads(save(page, "Record as JSON"))["note"] == ZULU
    with pytest.raises(urllib.error.HTTPError, match="421"):
        urllib.request.urlopen(urllib.request.Request(f"{address}/{ZULU}", headers={"Host": ZULU}), timeout=30)
    page.close()
    ends = wait_for(log, "session_end", 3)
    lines = events(log)
    assert [(line["what"], line["kind"], line.get("rows")) for line in lines if line["event"] == "export"] == [
        ("cohort", "csv", pensioners.height),
        ("cohorts", "json", None),
        ("scores", "csv", 20),
        ("decision_record", "json", None),
    ]
    assert [(line["verdict"], line["kind"], line.get("rows")) for line in lines if line["event"] == "upload"] == [
        ("done", "csv", 20),
        ("refused", "csv", None),
    ]
    exported = next(line for line in lines if line["event"] == "export")
    assert exported["bytes"] == len(written)
    assert exported["cohort"] not in ("whole", "Pensioner")
    # Each event belongs to a visit that began, came from somewhere, and ended.
    begun = {line["visit"] for line in lines if line["event"] == "session_start"}
    assert begun == {line["visit"] for line in ends}
    of_visits = [line for line in lines if line["event"] in ("export", "upload")]
    assert {line["visit"] for line in of_visits} <= begun
    assert {line["address"] for line in of_visits} <= {"127.0.0.1", "::1"}
    assert [line["status"] for line in lines if line["event"] == "refused" and line["status"] != 404] == [421]
    assert {"build", "start", "predictions_opened", "model_opened"} <= {line["event"] for line in lines}
    text = log.read_text()
    marked = (ZULU, ZULU.upper(), ZULU.lower(), "Pensioner", str(number), "987654", "INCOME", bad.name, str(tmp_path))
    assert [word for word in marked if word in text] == []
