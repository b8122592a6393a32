"""Portfolios in the library's folder: found, added whole, renamed and deleted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from data.library.entries import (
    EMBEDDED,
    Kind,
    LibraryError,
    Reading,
    begin_entry,
    check_room,
    delete_entry,
    find_entry,
    finish_entry,
    has_entries,
    list_entries,
    rename_entry,
    used_bytes,
)
from data.predictions.roles.answers import parse_answers

DEFINITION = 'name = "Loans"\n[columns.amount]\nlabel = "Amount"\n'
ANSWERS = parse_answers(["pd=probability", "target=outcome"], ["1"], ["0"], champion="pd")
READING = Reading("loans.csv", ANSWERS, (("decimal", ","),), 3, "ab" * 32)


def add(library: Path, name: str, reading: Reading | None = READING, taken: str = "") -> str:
    part = begin_entry(library)
    (part / "portfolio.toml").write_text(DEFINITION)
    (part / "loans.csv").write_text("target,pd\n0,0.1\n")
    return finish_entry(library, part, name, reading, taken=taken).key


def test_an_imported_table_is_kept_with_how_it_was_read(tmp_path: Path) -> None:
    assert list_entries(tmp_path / "none") == ()
    assert not has_entries(tmp_path)
    before = dt.datetime.now(dt.UTC)
    key = add(tmp_path, "  Consumer\u202e loans\n2024 ")
    (entry,) = list_entries(tmp_path)
    assert (key, entry.key, entry.name) == ("consumer-loans-2024",) * 2 + ("Consumer loans 2024",)
    assert (entry.kind, entry.reading, entry.n_rows, entry.digest) == (Kind.PREDICTIONS, READING, 3, "ab" * 32)
    assert has_entries(tmp_path)
    assert not has_entries(tmp_path, besides=tmp_path / key)
    assert entry.table == tmp_path / key / "loans.csv"
    assert before <= entry.made <= dt.datetime.now(dt.UTC)
    assert [each.name for each in tmp_path.iterdir()] == [key]
    assert (tmp_path / key).stat().st_mode & 0o777 == 0o700


def test_no_name_takes_another_one_s_place(tmp_path: Path) -> None:
    keys = [add(tmp_path, name, taken="loans") for name in ("Loans", "loans", "Embedded", "–", "Kredite Ä")]
    assert keys == ["loans-2", "loans-3", f"{EMBEDDED}-2", "portfolio", "kredite-ä"]
    assert [entry.key for entry in list_entries(tmp_path)] == keys[::-1]


def test_a_portfolio_made_by_a_command_is_listed_under_its_folder_s_name(tmp_path: Path) -> None:
    folder = tmp_path / "My_loans"
    folder.mkdir()
    (folder / "portfolio.toml").write_text(DEFINITION)
    entry = find_entry(tmp_path, "My_loans")
    assert entry is not None
    assert (entry.kind, entry.name, entry.is_built, entry.n_rows) == (Kind.PORTFOLIO, "My_loans", False, None)
    assert entry.settings({}).processed == folder


def test_what_is_no_entry_is_passed_over(tmp_path: Path) -> None:
    key = add(tmp_path, "Loans")
    (tmp_path / "empty").mkdir()
    (tmp_path / key / "entry.json").write_text('{"format": 1, "name": 7}')
    assert list_entries(tmp_path) == ()
    for name in ("..", ".", "", "../x", f"{key}/../{key}", EMBEDDED, "~x"):
        assert find_entry(tmp_path, name) is None


def test_a_rename_changes_the_name_and_no_link(tmp_path: Path) -> None:
    key = add(tmp_path, "Loans")
    entry = find_entry(tmp_path, key)
    assert entry is not None
    rename_entry(entry, "Cards")
    renamed = find_entry(tmp_path, key)
    assert renamed is not None
    assert (renamed.name, renamed.made, renamed.reading) == ("Cards", entry.made, READING)
    with pytest.raises(LibraryError, match="needs a name"):
        rename_entry(entry, " \n")
    delete_entry(entry)
    with pytest.raises(LibraryError, match="no portfolio 'loans'"):
        rename_entry(entry, "Cards")
    assert not (tmp_path / key).exists()


def test_nothing_is_left_of_what_is_deleted(tmp_path: Path) -> None:
    entry = find_entry(tmp_path, add(tmp_path, "Loans"))
    assert entry is not None
    delete_entry(entry)
    delete_entry(entry)
    assert [*tmp_path.iterdir()] == []


def test_the_library_has_a_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(1_000_000))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_bytes(bytes(500_000))
    assert used_bytes(tmp_path) == 1_500_000
    check_room(tmp_path, 500_000, 2_000_000)
    with pytest.raises(LibraryError, match="holds 2 MB of the 2 MB"):
        check_room(tmp_path, 500_001, 2_000_000)
