"""What lies in the raw folder: one table, however it was renamed on its way, and everything else named."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import FileError
from data.files.raw import find_raw, unused_notice


@pytest.mark.parametrize(
    "name",
    [
        "application_train.csv",
        "application_train.CSV",
        "Application_Train.csv.gz",
        "application_train.csv.zip",
        "application_train (1).csv",
        "application_train - Copy.parquet",
        "application train.zip",
    ],
)
def test_the_table_is_found_under_any_name_that_a_computer_gives_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert find_raw(tmp_path) == tmp_path / name
    assert unused_notice(tmp_path) == ""


def test_two_dropped_files_are_one_too_many(tmp_path: Path) -> None:
    for name in ("application_train.csv", "application_train (1).csv"):
        (tmp_path / name).touch()
    with pytest.raises(FileError, match=r"holds application_train \(1\)\.csv and application_train\.csv; keep one"):
        find_raw(tmp_path)


def test_other_files_are_not_used_and_named(tmp_path: Path) -> None:
    for name in (
        "application_test.csv",
        "application_train_old.csv",
        "bureau.csv",
        "train.csv",
        "a.xlsx",
        "b",
        ".DS_Store",
    ):
        (tmp_path / name).touch()
    assert find_raw(tmp_path) is None
    assert unused_notice(tmp_path) == (
        f"{tmp_path}: not used: a.xlsx, application_test.csv, application_train_old.csv, b, bureau.csv and 1 more; the "
        "application table is a file called application_train (.csv, .csv.gz, .zip or .parquet)."
    )


def test_a_folder_that_is_empty_or_not_there_holds_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        assert find_raw(folder) is None
        assert unused_notice(folder) == ""
