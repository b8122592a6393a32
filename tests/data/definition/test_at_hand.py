from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data.definition.at_hand import load_definition
from data.errors import FileError
from data.settings import load_settings

TEXT = 'name = "First"\n[table]\nfile = "loans.csv"\n[columns.amount]\nminimum = 0\n'


def test_a_definition_is_read_once_a_version_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.toml"
    settings = replace(load_settings({}), definition=path)
    path.write_text(TEXT)
    first = load_definition(settings)
    assert load_definition(settings) is first
    path.write_text(TEXT.replace("First", "The second"))
    assert load_definition(settings).name == "The second"


def test_only_a_portfolio_of_ones_own_is_completed_from_its_table(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.toml"
    path.write_text(TEXT)
    (tmp_path / "loans.csv").write_text("amount,rooms\n" + "".join(f"{7 * i}.5,{i % 40}\n" for i in range(200)))
    assert list(load_definition(replace(load_settings({}), definition=path)).by_name) == ["row_number", "amount"]
    path.write_text(TEXT + "# another version\n")
    own = load_definition(replace(load_settings({}), definition=path, portfolio=tmp_path))
    assert list(own.by_name) == ["row_number", "amount", "rooms"]


def test_a_missing_definition_names_the_command_that_writes_one(tmp_path: Path) -> None:
    settings = replace(load_settings({}), definition=tmp_path / "portfolio.toml")
    with pytest.raises(FileError, match=f"run `python -m scripts.describe FILE --out {tmp_path}`"):
        load_definition(settings)
