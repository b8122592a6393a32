"""The section on one applicant: each result is right, and a wrong one is noticed."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import polars as pl
import pytest

from data.home_credit import embedded
from data.settings import Settings
from inference.explain.contributions import load_contributions
from inference.explain.neighbours import Neighbours, main_fields
from scripts._embedded import FEATURES
from scripts.benchmarks.applicant import (
    TABS,
    Applicants,
    ResultError,
    check_nearest,
    edit,
    lookup,
    measure_answers,
    measure_batch,
)
from scripts.benchmarks.browser import Timing, open_browser, visit
from scripts.benchmarks.server import dashboard_command, free_port, serve


def test_each_answer_about_an_applicant_is_timed_and_right(built: Settings) -> None:
    figures: Any = measure_answers(Applicants.read(built), 6)
    assert set(figures) == {"counterfactual_ms", "neighbours_ms", "explain_ms"}
    for found in figures.values():
        assert found["n"] == 6
        assert 0 < found["p50"] <= found["p95"] <= found["max"]
    assert 0 <= figures["counterfactual_ms"]["without"] <= 6
    assert figures["neighbours_ms"]["brute_force"] == 5


def test_neighbours_that_are_not_the_nearest_are_noticed(built: Settings) -> None:
    table, weights = pl.read_parquet(built.applications), main_fields(load_contributions(built.contributions), FEATURES)
    application = Applicants.read(built).application(4)
    nearest = Neighbours(table, embedded.DEFINITION, weights).nearest(application, n=20, leave_out=4)
    check_nearest(table, weights, 4, nearest)
    far = Neighbours(table, embedded.DEFINITION, weights).nearest(application, n=30, leave_out=4)
    for wrong in (
        replace(nearest, distances=nearest.distances + 0.001),
        replace(nearest, rows=nearest.rows[::-1]),
        replace(far, rows=far.rows[10:], distances=far.distances[10:]),
    ):
        with pytest.raises(ResultError, match="at position 4 are not the nearest"):
            check_nearest(table, weights, 4, wrong)


def test_a_file_is_scored_in_a_process_of_its_own(built: Settings) -> None:
    figures: Any = measure_batch(built, 500)
    assert figures["rows"] == 500
    assert 0 < figures["declined"] < 500
    assert 0 < figures["read_s"] <= figures["seconds"]
    assert 0 < figures["loaded_mb"] <= figures["peak_mb"]


def test_steps_on_the_applicant_s_page_lead_to_the_pd_worked_out_before(
    chromium: str, built: Settings, run: Any
) -> None:
    applicants, port = Applicants.read(built), free_port()

    async def take_steps() -> list[Timing]:
        timings = []
        async with open_browser() as browser, serve(dashboard_command(port), port) as server:
            series = [
                partial(edit, applicants=applicants, row=row, query=query) for row, query in enumerate(TABS.values())
            ]
            for steps in (*series, partial(lookup, applicants=applicants)):
                async with visit(browser, linger_ms=0) as reader, aclosing(steps(reader, server.address)) as taken:
                    timings += [await anext(taken), await anext(taken)]
                    assert reader.problems == []
        return timings

    assert len(run(take_steps())) == 8
