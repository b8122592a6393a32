"""Figures on the terminal: each under the name that it has in the JSON, in digits that a person reads."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from scripts.benchmarks.shown import flatten, show, worded


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (307_511, "307,511"),
        (0, "0"),
        (0.0, "0.00"),
        (0.02349, "0.0235"),
        (9.994, "9.99"),
        (9.996, "10.0"),
        (99.96, "100"),
        (1_234.5, "1,234"),
        (-0.5, "-0.500"),
        (4.3e-7, "0.000000430"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (True, "yes"),
        (False, "no"),
        (None, "none"),
        ("wrk 4.1", "wrk 4.1"),
        ([412, 420.04], "412, 420"),
        ([], ""),
    ],
)
def test_values_are_worded(value: object, text: str) -> None:
    assert worded(value) == text


def test_names_are_those_of_the_json_in_its_order() -> None:
    figures = {"api": {"8": {"p95_ms": 11.87, "errors": 0}, "tool": "wrk"}, "rows": 1_000}
    assert list(flatten(figures)) == [
        ("api.8.p95_ms", "11.9"),
        ("api.8.errors", "0"),
        ("api.tool", "wrk"),
        ("rows", "1,000"),
    ]


def printed(figures: dict[str, Any], width: int = 80) -> str:
    out = io.StringIO()
    show("a section", figures, Console(file=out, width=width))
    return out.getvalue()


def test_the_table_holds_every_figure_and_its_title() -> None:
    lines = printed({"applications": {"ratio": 5.24, "rows": 307_511}}).splitlines()
    assert lines[0].strip() == "a section"
    cells = [[cell.strip() for cell in line.strip("│┃").replace("┃", "│").split("│")] for line in lines if "│" in line]
    assert cells == [["applications.ratio", "5.24"], ["applications.rows", "307,511"]]


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    assert "[bold]said[/]" in printed({"said": "[bold]said[/]"})


def test_on_a_narrow_terminal_nothing_is_cut_off() -> None:
    narrow = printed({"a.very.long.name.of.a.figure": 123_456_789}, width=20)
    assert "…" not in narrow
    for column, text in enumerate(("a.very.long.name.of.a.figure", "123,456,789")):
        parts = [line.strip("│").split("│")[column].strip() for line in narrow.splitlines() if line.startswith("│")]
        assert "".join(parts) == text
