"""Findings on the page Today, where nothing may be found and where a filter makes the outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from streamlit.testing.v1 import AppTest

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
