"""Scores that rank and are no probabilities: no page calls their place on the scale a PD."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from data.settings import Settings
from tests.made_loans import make_loans

OpenPage = Callable[..., AppTest]
LOANS = make_loans(600).with_columns((900 - 600 * pl.col("pd")).round(0).cast(pl.Int64).alias("points")).drop("pd")
PATHS = ("", "discrimination", "stability", "applications", "data-quality")


def all_words(app: AppTest) -> list[str]:
    """All that the page's messages say, tables' headers and figures among them."""
    found: list[str] = []

    def collect(message: object) -> None:
        for field, value in message.ListFields():  # type: ignore[attr-defined]
            if field.type == field.TYPE_STRING:
                found.extend([value] if isinstance(value, str) else value)
            elif field.type == field.TYPE_MESSAGE:
                many = value.values() if hasattr(value, "values") else value
                for each in [value] if hasattr(value, "ListFields") else many:
                    if hasattr(each, "ListFields"):
                        collect(each)

    for node in app._tree:
        if (proto := getattr(node, "proto", None)) is not None:
            collect(proto)
    return found


def taken_away(app: AppTest) -> list[str]:
    """Names, headers and cards of what the page hands out as files."""
    found: list[str] = []
    for name, table in app.session_state["downloads.tables"].items():
        rows = table if isinstance(table, list) else []
        headers = [] if isinstance(table, list) else table.columns
        found += [name, *headers, *(str(cell) for row in rows for cell in row.values())]
    return found


@pytest.mark.parametrize("path", PATHS)
def test_no_page_says_pd_of_points(built: Settings, open_page: OpenPage, tmp_path: Path, path: str) -> None:
    file = tmp_path / "cards.csv"
    LOANS.write_csv(file)
    roles = [f"--map={name}" for name in ("points=points", "defaulted=outcome")]
    app = open_page(path, arguments=("--predictions", str(file), *roles))
    words = [*all_words(app), *taken_away(app)]
    assert [each for each in words if re.search(r"\bPDs?\b", each)] == []
    assert any("core place" in each for each in words)
    if path == "discrimination":
        auc = roc_auc_score(LOANS["defaulted"], -LOANS["points"])
        assert {card.label: str(card.value) for card in app.metric}["ROC AUC"] == f"{auc:.3f}"
