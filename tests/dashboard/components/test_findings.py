"""Findings on the page Today, where nothing may be found and where a filter makes the outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from streamlit.testing.v1 import AppTest

from data.settings import Settings

OpenPage = Callable[..., AppTest]


def headings(app: AppTest) -> list[str]:
    return [block.value for block in app.main.markdown if block.value.startswith("####")]


def test_a_portfolio_with_nothing_to_find_says_so(tmp_path: Path, open_page: OpenPage) -> None:
    pds, sizes = np.array([0.02, 0.06, 0.2]), np.array([3_000, 2_000, 1_000])
    rows = [(pd, i < n * pd) for pd, n in zip(pds, sizes, strict=True) for i in range(n)]
    path = tmp_path / "right.csv"
    pl.DataFrame({"target": [int(bad) for _, bad in rows], "score": [pd for pd, _ in rows]}).write_csv(path)
    app = open_page("overview", {"cutoff": "10"}, ("--predictions", str(path)))
    assert [text.replace("\xa0", " ").replace("\\", "") for text in headings(app)] == [
        "#### Nothing to act on: 7 checks found no fault beyond chance."
    ]
    assert not [button for button in app.main.button if (button.key or "").startswith("finding.")]


def test_a_cohort_that_is_cut_by_its_outcome_has_no_findings(open_page: OpenPage) -> None:
    assert headings(open_page("overview", {"f.observed": "Defaulted"})) == []


def test_a_file_that_lost_rows_is_a_finding_that_leads_to_what_was_wrong(built: Settings, open_page: OpenPage) -> None:
    rows = pl.read_parquet(built.applications).head(40).cast({"AMT_CREDIT": pl.String})
    wrong = rows.with_columns(
        pl.when(pl.int_range(pl.len()) < 4).then(pl.lit("much")).otherwise("AMT_CREDIT").alias("AMT_CREDIT")
    )
    app = open_page("score-file")
    (box,) = app.main.file_uploader
    box.set_value(("may.csv", wrong.write_csv().encode(), "text/csv")).run()
    today = next(key for key, page in app._registered_pages.items() if not page.get("url_pathname"))
    app._page_hash = today
    app.run()
    (line,) = [button for button in app.main.button if "may.csv" in button.label.replace("\\", "")]
    assert "10.00 % of its rows were left out" in line.label.replace("\\", "").replace("\xa0", " ")
    line.click().run()
    assert [title.value for title in app.title] == ["Score a file"]
    assert app.query_params["batch.tab"] == "What was wrong"
