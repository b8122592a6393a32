"""Scoring and the service under load as tables, worked out by hand."""

from __future__ import annotations

from typing import Any

from scripts.benchmarks.report_scoring import render_api, render_inference


def test_one_row_by_each_contender_beside_onnx_runtime_that_is_given_the_same(figures: dict[str, Any]) -> None:
    table = render_inference(figures).split("\n\n")[1].splitlines()
    assert "968 trees, 64 leaves, 189 features as in the report: one row again and again, µs" in table[0]
    assert "300 different rows, µs" in table[0]
    assert "this project's model, 343 trees: 500 different rows, µs" in table[0]
    assert table[2:] == [
        "| pickled scikit-learn wrapper, NumPy row | 600 | 30.0x | 600 | 6.0x | 500 | 25.0x |",
        "| the same, one thread | 450 | 22.5x | 450 | 4.5x | | |",
        "| the same, data frame of one row | 1,200 | 60.0x | 1,200 | 12.0x | 700 | 35.0x |",
        "| LightGBM itself, one thread, NumPy row | 75.0 | 3.8x | 75.0 | 0.8x | 43.4 | 2.2x |",
        "| ONNX Runtime, NumPy row | 20.0 | 1.0x | 100 | 1.0x | 20.0 | 1.0x |",
        # Against ONNX Runtime from values by name: 3,000 over 30 and over 110.
        "| pickled scikit-learn wrapper, from values by name | 3,000 | 100x | 3,000 | 27.3x | | |",
        "| ONNX Runtime, from values by name | 30.0 | 1.0x | 110 | 1.0x | | |",
    ]


def test_goals_of_scoring(figures: dict[str, Any]) -> None:
    table = render_inference(figures).split("\n\n")[2].splitlines()
    assert table[2:] == [
        "| Gain of ONNX over the pickle, one row again and again, model of the report's shape | 30.0x | 80x | **no** |",
        "| The same from values by name, as a request brings them | 100x | | |",
        "| The same over different rows | 6.0x | | |",
        "| The same from values by name, over different rows | 27.3x | | |",
        "| This project's model, over different rows | 25.0x | | |",
        "| Raw values to PD, p50 / p95 | 150 / 160 µs | p50 150 µs | yes |",
        "| Raw values to features, of that | 14.4 µs | | |",
    ]


def test_the_gain_is_explained_in_figures_of_both(figures: dict[str, Any]) -> None:
    explained = render_inference(figures).split("\n\n")[3]
    # 3.73 over 0.6 ms, 0.06 over 0.02 ms, and an eightieth of 600 us.
    assert "takes 0.600 ms, which is 6.2x as fast as there, and ONNX Runtime takes 0.020 ms, 3.0x as fast" in explained
    assert "LightGBM itself needs 75.0 µs of the pickle's time" in explained
    assert explained.endswith("would leave ONNX Runtime 7.50 µs for a row.")


def test_rows_a_second_by_threads(figures: dict[str, Any]) -> None:
    table = render_inference(figures).split("\n\n")[4].splitlines()
    assert table[0].startswith("| threads, 307,511 applications |")
    assert table[2:] == ["| 1 | 120,000 | 60,000 | 2.0x | 76,334 |", "| 2 | 210,000 | 140,000 | 1.5x | 137,194 |"]


def test_the_service_under_load_beside_its_goals(figures: dict[str, Any]) -> None:
    where, table = render_api(figures).split("\n\n")
    assert where.startswith("Measured 2026-03-02 on 2 cores")
    assert where.endswith(
        "one process of the service, wrk 4.1.0 in another, 500 different applications of 3,210 bytes on average."
    )
    same = "2.50 | 12.0 | 120 | 15,000"
    assert table.splitlines()[2:] == [
        f"| 1 | 1,500 | {same} | 0 | 410 | no error | yes |",
        f"| 8 | 1,500 | {same} | 0 | | 1,500 requests/s, p95 12 ms, no error | yes |",
        f"| 64 | 1,500 | {same} | 1 | | no error | **no** |",
        # Nothing is asked of more connections.
        f"| 128 | 1,500 | {same} | 7 | | | |",
    ]


def test_several_processes_are_set_beside_one(figures: dict[str, Any]) -> None:
    api = figures["api"]
    loads = {name: load | {"requests_per_s": 2_400.0} for name, load in api.items() if name.isdecimal()}
    changed = figures | {"api": api | {"several": {"processes": 2, **loads}}}
    _, _, said, table = render_api(changed).split("\n\n")
    assert said == "2 processes, otherwise the same:"
    assert table.splitlines()[2] == "| 1 | 2,400 | 2.50 | 12.0 | 120 | 15,000 | 0 | 410 | 1.6x |"
    assert len(table.splitlines()) == 6


def test_each_goal_of_the_load_counts(figures: dict[str, Any]) -> None:
    for name, missed in (("requests_per_s", 1_499.9), ("p95_ms", 12.1), ("errors", 1)):
        changed = figures | {"api": figures["api"] | {"8": figures["api"]["8"] | {name: missed}}}
        (row,) = [line for line in render_api(changed).splitlines() if line.startswith("| 8 |")]
        assert row.endswith("**no** |")
