"""Numbers as they are read, figures out of the JSON, and tables in Markdown."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.benchmarks.report_tables import largest, libraries, measured_on, megabytes, significant, table, times


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.02351, "0.024"),
        (0.9994, "0.999"),
        (0.9996, "1.00"),
        (9.994, "9.99"),
        (9.996, "10.0"),
        (99.94, "99.9"),
        (99.96, "100"),
        (1_234.5, "1,234"),
        (0.0, "0.000"),
    ],
)
def test_numbers_have_three_digits_or_all_before_the_point(value: float, shown: str) -> None:
    assert significant(value) == shown


def test_ratios_and_sizes() -> None:
    assert [times(ratio) for ratio in (0.5, 5.04, 99.94, 99.96, 1_234.4)] == ["0.5x", "5.0x", "99.9x", "100x", "1,234x"]
    assert megabytes(157_466_346) == "157.5"


def test_a_figure_is_found_at_its_place(figures: dict[str, Any]) -> None:
    assert largest(figures, "api.8.p95_ms") == 12.0
    assert largest(figures, "interactions.*.p95") == 450.0
    assert largest(figures, "interactions.tab.p95") is None
    assert largest({}, "api.8.p95_ms") is None


def test_cells_that_are_empty_leave_no_gap() -> None:
    assert table(["", "a"], [["b", ""], ["", "c"]]) == "| | a |\n| --- | --- |\n| b | |\n| | c |"


def test_a_table_says_what_it_was_measured_on_and_when(figures: dict[str, Any]) -> None:
    machine = "2 cores (Some CPU, 25.3 GB, Linux x86_64, Python 3.11.7)"
    assert measured_on(figures, "data") == f"Measured 2026-03-01 on {machine}"
    assert measured_on(figures, "start") == f"Measured on {machine}"
    assert libraries(figures) == "polars 2.1.0, onnxruntime 1.32.0"
    # Figures that were taken before they said it.
    old = {"machine": {name: figures["machine"][name] for name in ("cores", "system", "machine", "python")}}
    assert measured_on(old, "data") == "Measured on 2 cores (Linux x86_64, Python 3.11.7)"
