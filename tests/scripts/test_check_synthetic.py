from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from scripts import check_synthetic


def test_a_file_that_is_no_application_table(call: Callable[..., Any], tmp_path: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    done = call(check_synthetic, "--real", tmp_path / "a.parquet", "--json", tmp_path / "out.json")
    assert (done.code, done.out) == (2, "")
    assert "columns are missing" in done.err
    assert not (tmp_path / "out.json").exists()
