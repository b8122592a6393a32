"""What was not reached, read off tables."""

from __future__ import annotations

from typing import Any

from scripts.benchmarks.report import render
from scripts.benchmarks.report_missed import NOTHING, render_missed

TABLES = """Measured somewhere.

| | measured | reached | script run |
| --- | --- | --- | --- |
| first | 1 | **no** | 5 (yes) |
| second | 1 | yes | 7 (**no**) |

| 3 rows | at most 1.5 |
| --- | --- |
| first | **no** |
"""


def test_rows_that_fall_short_are_named_with_the_column_where_it_is_another_one() -> None:
    assert render_missed({"some": TABLES}) == "- some: first; second (script run); first (at most 1.5)."


def test_where_all_was_reached_it_says_so() -> None:
    assert render_missed({"some": TABLES.replace("**no**", "yes"), "other": "no table"}) == NOTHING


def test_the_sections_are_named_in_order(figures: dict[str, Any]) -> None:
    missed = render(figures)["missed"].splitlines()
    assert missed == [
        "- claims: loading, predictions as the dashboard does; gain of Parquet over CSV, applications; dashboard "
        "ready; gain over the pickle, one row again and again.",
        "- inference: Gain of ONNX over the pickle, one row again and again, model of the report's shape.",
        "- api: 64 connections.",
        "- start: Dashboard: process start until `/_stcore/health` answers.",
        "- dashboard: cutoff; page (script run p50 / p95, ms, at most 60); Process start to the first page painted, "
        "first start; 5 readers at once, painted p50 / p95.",
        "- applicant: lookup; The 200 most similar, p50 / p95 / largest of 60; 100,000 applications as CSV, read and "
        "scored with reasons.",
    ]
