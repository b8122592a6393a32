"""Calibrate this score, through Streamlit's own test harness: the figures of the rows, and a model published."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.model_jobs import ModelJob
from data.settings import Settings
from inference.inventory.store import delete, find_model, list_models, read_scores

OpenPage = Callable[..., AppTest]
TAB = {"cal.tab": "Calibrate"}


def table(app: AppTest) -> dict[str, list[str]]:
    """The figures before and after, without their intervals."""
    text = next(each.value for each in app.markdown if each.value.startswith("| Figure, 95 % interval"))
    rows = [line.strip("| ").split(" | ") for line in text.splitlines()[2:]]
    return {name: [re.sub(r" :small.*", "", cell) for cell in cells] for name, *cells in rows}


def test_before_and_after_are_shown_for_a_target_and_a_floor(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("calibration", {**TAB, "cal.method": "Target", "cal.target": "0.04", "cal.floor": "0.002"})
    shown, pds = table(app), frame["default_probability"].to_numpy()
    assert shown["Mean PD"] == [f"{100 * pds.mean():.2f} %", "4.00 %"]
    rate = f"{100 * frame['is_default'].to_numpy().mean():.2f} %"
    assert shown["Default rate"] == [rate, rate]
    captions = " ".join(each.value for each in app.caption)
    assert "share the floor of 0.2\N{NO-BREAK SPACE}%" in captions
    assert "Bayes' correction" in captions


def test_a_method_that_needs_more_says_so(open_page: OpenPage) -> None:
    app = open_page("calibration", {**TAB, "cal.method": "Target"})
    assert ["--target-rate" in each.value or "rate" in each.value for each in app.warning] == [True]


def test_a_calibrated_score_is_published_as_a_model(open_page: OpenPage, built: Settings, frame: pl.DataFrame) -> None:
    app = open_page("calibration", {**TAB, "cal.method": "Platt", "f.NAME_INCOME_TYPE": "Pensioner"})
    try:
        app.text_input(key="cal.name").set_value("platt-page").run()
        app.button(key="cal.publish").click().run()
        assert [each.value for each in app.exception] == []
        job: ModelJob = app.session_state["models.job"]
        job.wait(120)
        assert (job.problem, job.is_done) == ("", True)
        # What is said when it is done is a sentence or two, and no table.
        assert job.said.startswith("Published as platt-page, of champion.")
        assert len(job.said) < 500
        entry = find_model(built, "platt-page")
        assert (entry.parent, entry.can_score, entry.can_explain) == ("champion", True, True)
        assert "NAME_INCOME_TYPE=Pensioner" in entry.said
        scores = read_scores(built, "platt-page").to_numpy()
        is_fitted = (frame["NAME_INCOME_TYPE"] == "Pensioner").to_numpy()
        # The rest has the final line: log-odds on log-odds leaves no residual.
        before, after = (
            np.log(pds / (1 - pds))[~is_fitted] for pds in (frame["default_probability"].to_numpy(), scores)
        )
        slope, level = np.polyfit(before, after, 1)
        assert after == pytest.approx(level + slope * before, abs=1e-9)
    finally:
        delete(built, "platt-page")


def test_a_name_that_no_model_can_have_is_refused(open_page: OpenPage, built: Settings) -> None:
    app = open_page("calibration", {**TAB, "cal.method": "Target", "cal.target": "0.04"})
    app.text_input(key="cal.name").set_value("a name").run()
    app.button(key="cal.publish").click().run()
    told = " ".join(each.value for each in [*app.warning, *app.error, *app.info, *app.markdown])
    assert "cannot be a model's name" in told
    assert [entry.name for entry in list_models(built)] == ["champion"]
