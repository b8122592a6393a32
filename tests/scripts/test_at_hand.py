"""What a command finds at hand, and what it says where that is nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from data.errors import ScoreroomError, SettingError
from data.home_credit import embedded
from data.predictions.roles.answers import NOTHING_SAID
from data.reading.said import NOTHING
from data.settings import Settings
from scripts import _at_hand
from scripts._at_hand import load_at_hand, read_brought, read_cutoff


def test_it_is_the_portfolio_s_own_table(built: Settings) -> None:
    stored = pl.read_parquet(built.predictions)
    found = load_at_hand(built, embedded.DEFINITION)
    assert found.frame["default_probability"].equals(stored["default_probability"])


def test_without_a_build_there_is_one_sentence(built: Settings, tmp_path: Path) -> None:
    with pytest.raises(ScoreroomError, match="there are no predictions yet"):
        load_at_hand(replace(built, processed=tmp_path), embedded.DEFINITION)


@pytest.mark.parametrize("text", ["16", "-0.1", "nan", "much"])
def test_a_cutoff_is_a_pd(text: str) -> None:
    assert read_cutoff("0.16") == 0.16
    with pytest.raises(SettingError, match=f"--cutoff {text}: is not a PD"):
        read_cutoff(text)


def test_a_large_text_is_read_under_a_bar_on_stderr_and_a_small_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("y,pd\n0,0.25\n1,0.5\n", encoding="utf-8")
    read_brought(path, embedded.DEFINITION, NOTHING_SAID, NOTHING)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(_at_hand, "_LONG", 0)
    found = read_brought(path, embedded.DEFINITION, NOTHING_SAID, NOTHING)
    assert found.frame["default_probability"].to_list() == [0.25, 0.5]
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Reading theirs.csv" in shown.err
    assert "100 %" in shown.err
