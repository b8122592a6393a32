"""What a command finds at hand, and what it says where that is nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from data.errors import ScoreroomError, SettingError
from data.home_credit import embedded
from data.settings import Settings
from scripts._at_hand import load_at_hand, read_cutoff


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
