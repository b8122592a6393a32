from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.home_credit import embedded
from scripts import study_model


def test_columns_left_out_are_inputs_that_are_neither_features_nor_protected() -> None:
    left_out = study_model._left_out(embedded.DEFINITION)
    assert not {*left_out} & {*embedded.DEFINITION.features.columns, *embedded.DEFINITION.protected}
    assert {*left_out} < {column.name for column in embedded.DEFINITION.inputs}
    assert embedded.TARGET not in left_out


def test_a_missing_table_is_said_and_no_figures_are_written(call: Callable[..., Any], tmp_path: Path) -> None:
    done = call(study_model, "settings", "--in", tmp_path / "none.parquet", "--json", tmp_path / "out.json")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"{tmp_path}/none.parquet: no such file; check the path.\n"
    assert list(tmp_path.iterdir()) == []
