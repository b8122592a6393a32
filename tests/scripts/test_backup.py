from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.settings import Settings
from scripts import backup


@pytest.mark.usefixtures("in_force")
def test_says_where_the_archive_is_and_what_it_holds(call: Callable[..., Any], tmp_path: Path) -> None:
    done = call(backup, tmp_path / "portfolio.tar")
    size = (tmp_path / "portfolio.tar").stat().st_size
    assert re.fullmatch(
        rf"{re.escape(str(tmp_path))}/portfolio\.tar: model [0-9a-f]{{12}}, \d+ files, {size:,} bytes, read back\.\n",
        done.out,
    )
    assert (done.code, done.err) == (0, "")


def test_a_damaged_portfolio_is_not_backed_up(call: Callable[..., Any], tmp_path: Path, in_force: Settings) -> None:
    in_force.predictions.write_bytes(in_force.predictions.read_bytes()[:-1])
    done = call(backup, tmp_path / "portfolio.tar")
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("holds no whole portfolio; run `make build` first; nothing was written.\n")
    assert not (tmp_path / "portfolio.tar").exists()
