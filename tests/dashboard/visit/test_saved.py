"""The file of saved cohorts: whose they are, what is refused, and what happens to a file that cannot be used."""

from __future__ import annotations

import hashlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboard.visit.links import MOST_NAMED
from dashboard.visit.saved import (
    FILE,
    LONGEST_RECIPE,
    MOST_RECENT,
    MOST_REPORTS,
    NotSavedError,
    Saved,
    SavedCohorts,
    SavedReports,
)
from dashboard.visit.store import SavedError

YOUNG, OLD = Saved("Young", "f.age=..30", "for the committee"), Saved("Old", "f.age=60..")


def test_a_reader_finds_what_they_saved_and_nobody_elses(tmp_path: Path) -> None:
    store = SavedCohorts(tmp_path)
    assert store.of("browser a") == ()
    assert not (tmp_path / FILE).exists()
    store.save("browser a", [YOUNG, OLD])
    store.save("browser b", [Saved("Young", "f.age=..20")])
    assert SavedCohorts(tmp_path).of("browser a") == (OLD, YOUNG)
    store.save("browser a", [Saved("Old", "f.age=70..")])
    store.rename("browser a", "Young", "Under 30")
    assert store.of("browser a") == (
        Saved("Old", "f.age=70.."),
        Saved("Under 30", YOUNG.content, YOUNG.note),
    )
    store.delete("browser a", "Old")
    assert [each.name for each in store.of("browser a")] == ["Under 30"]
    assert store.of("browser b") == (Saved("Young", "f.age=..20"),)


def test_the_file_gives_no_token_away(tmp_path: Path) -> None:
    SavedCohorts(tmp_path).save("browser 0123456789abcdef0123456789abcdef", [YOUNG])
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Young" in written
    assert b"0123456789abcdef" not in written


def test_neither_a_fifty_first_cohort_nor_a_taken_name_changes_anything(tmp_path: Path) -> None:
    store = SavedCohorts(tmp_path)
    full = [Saved(f"Cohort {i:02}", "f.age=..30") for i in range(MOST_NAMED)]
    store.save("browser a", full)
    with pytest.raises(NotSavedError, match="51 saved cohorts, and 50 are kept"):
        store.save("browser a", [Saved("Cohort 00", "f.age=..99"), YOUNG])
    with pytest.raises(NotSavedError, match="called Cohort 01 already"):
        store.rename("browser a", "Cohort 00", "Cohort 01")
    assert store.of("browser a") == tuple(full)


def test_the_last_eight_cohorts_are_recent_the_latest_first(tmp_path: Path) -> None:
    store = SavedCohorts(tmp_path)
    for i in [*range(MOST_RECENT + 2), 4]:
        store.note_shown("browser a", f"f.age={i}..")
    store.note_shown("browser a", "")
    assert store.recent("browser a") == tuple(f"f.age={i}.." for i in (4, 9, 8, 7, 6, 5, 3, 2))
    assert store.recent("browser b") == ()


def test_of_too_many_rows_those_of_readers_who_stayed_away_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SavedCohorts, "_most_rows", 3)
    store = SavedCohorts(tmp_path)
    for reader in ("a", "b", "c"):
        store.save(reader, [YOUNG])
    # Reader a comes back, so that b is the one who was away for longest.
    store.note_shown("a", "f.age=1..")
    store.save("d", [YOUNG])
    assert [len(store.of(reader)) for reader in "abcd"] == [1, 0, 1, 1]


def test_many_readers_at_once_lose_nothing(tmp_path: Path) -> None:
    def save(i: int) -> None:
        SavedCohorts(tmp_path).save(f"browser {i % 4}", [Saved(f"Cohort {i}", "f.age=..30")])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(save, range(40)))
    assert [len(SavedCohorts(tmp_path).of(f"browser {i}")) for i in range(4)] == [10] * 4


def test_a_damaged_file_and_one_of_a_newer_version_are_refused_untouched(tmp_path: Path) -> None:
    store = SavedCohorts(tmp_path)
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to be looked at as one" * 20)
    with pytest.raises(SavedError, match=r"not a database; cohorts and reports are kept for this visit only\."):
        store.of("browser a")
    (tmp_path / FILE).unlink()
    store.save("browser a", [YOUNG])
    with sqlite3.connect(tmp_path / FILE) as file:
        file.execute("PRAGMA user_version = 7")
    file.close()
    with pytest.raises(SavedError, match=r"a newer Scoreroom \(version 7\)"):
        store.save("browser a", [OLD])


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SavedError, match="unable to open database file"):
        SavedCohorts(tmp_path / "none").save("browser a", [YOUNG])


def test_reports_stand_beside_cohorts_within_their_own_bounds(tmp_path: Path) -> None:
    cohorts, reports = SavedCohorts(tmp_path), SavedReports(tmp_path)
    cohorts.save("browser a", [YOUNG])
    monthly = Saved("Monthly", '{"title": "Monthly"}')
    reports.save("browser a", [monthly])
    assert (cohorts.of("browser a"), reports.of("browser a"), reports.of("browser b")) == ((YOUNG,), (monthly,), ())
    with pytest.raises(NotSavedError, match="Long is too long to be saved"):
        reports.save("browser a", [Saved("Long", "x" * (LONGEST_RECIPE + 1))])
    with pytest.raises(NotSavedError, match="21 saved reports, and 20 are kept"):
        reports.save("browser a", [Saved(f"Report {i}", "{}") for i in range(MOST_REPORTS)])
    assert reports.of("browser a") == (monthly,)


def test_a_file_of_the_first_version_takes_reports_and_keeps_its_cohorts(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as file:
        file.executescript(
            "CREATE TABLE saved (reader TEXT NOT NULL, name TEXT NOT NULL, conditions TEXT NOT NULL,"
            " note TEXT NOT NULL, shown_at REAL NOT NULL, PRIMARY KEY (reader, name)) WITHOUT ROWID;"
            "CREATE TABLE recent (reader TEXT NOT NULL, conditions TEXT NOT NULL, shown_at REAL NOT NULL,"
            " PRIMARY KEY (reader, conditions)) WITHOUT ROWID;"
            "PRAGMA user_version = 1;"
        )
        who = hashlib.sha256(b"browser a").hexdigest()
        file.execute("INSERT INTO saved VALUES (?, 'Young', 'f.age=..30', 'for the committee', 1.0)", (who,))
    file.close()
    assert SavedCohorts(tmp_path).of("browser a") == (YOUNG,)
    SavedReports(tmp_path).save("browser a", [Saved("Monthly", "{}")])
    assert [each.name for each in SavedReports(tmp_path).of("browser a")] == ["Monthly"]


def test_the_name_of_an_analyst_is_remembered_for_its_reader(tmp_path: Path) -> None:
    store = SavedCohorts(tmp_path)
    assert store.analyst("browser a") == ""
    store.save("browser a", [YOUNG])
    store.name_analyst("browser a", "A. Analyst")
    store.name_analyst("browser b", "B. Analyst")
    store.name_analyst("browser a", "Ann Analyst")
    assert [SavedCohorts(tmp_path).analyst(reader) for reader in ("browser a", "browser b", "browser c")] == [
        "Ann Analyst",
        "B. Analyst",
        "",
    ]
    assert store.of("browser a") == (YOUNG,)
