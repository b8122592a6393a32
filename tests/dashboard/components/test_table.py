"""Tables on the screen: one place writes them, and where there is no value it shows a dash."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from data.settings import ROOT

OpenPage = Callable[..., AppTest]
# Of a file of rows that were left out, and of scored rows, every cell is worded before.
WORDED = {"score_file.py"}


def test_one_place_writes_tables() -> None:
    sources = (ROOT / "dashboard").rglob("*.py")
    writing = {path.name for path in sources if "st.dataframe(" in path.read_text(encoding="utf-8")}
    assert writing - WORDED == {"table.py"}


@pytest.mark.parametrize(
    ("page", "query"),
    [
        # One segment has nothing to differ from; an empty band has no rate.
        ("segments", {"seg.column": "NAME_INCOME_TYPE", "f.NAME_INCOME_TYPE": "Pensioner"}),
        ("calibration", {"cal.tab": "Risk bands", "f.default_probability": "..0.03"}),
    ],
)
def test_no_value_is_a_dash(page: str, query: dict[str, str], open_page: OpenPage) -> None:
    (table,) = open_page(page, query).main.dataframe
    assert table.value.isna().any(axis=None)
    assert table.proto.placeholder == "–"


def test_numbers_below_0_have_a_true_minus(open_page: OpenPage) -> None:
    (table,) = open_page("segments", {"seg.column": "NAME_INCOME_TYPE"}).main.dataframe
    signed = table.value["Difference from other segments"].tolist()
    assert {text[0] for text in signed} == {"+", "−"}
    assert not [text for column in table.value for text in map(str, table.value[column]) if text.startswith("-")]
    told = json.loads(table.proto.columns)["Difference from other segments"]
    assert (told["type_config"]["type"], told["alignment"]) == ("text", "right")
    # Columns without a sign stay numbers, which sort as such.
    assert table.value["Default rate"].dtype.kind == "f"
