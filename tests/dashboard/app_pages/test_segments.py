"""The segments page: numbers worked out from the frame, choices in the link, and designed states for what is odd."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from dashboard.words.labels import level, plain
from data.home_credit import embedded
from data.settings import Settings
from tests.dashboard import sent_figures

PATH = "segments"
OpenPage = Callable[..., AppTest]


def share(outcomes: pl.Series) -> float:
    return float(outcomes.to_numpy().mean())


def figure(app: AppTest, place: int = 0) -> dict[str, Any]:
    return sent_figures.shown(app)[place]


def table(app: AppTest) -> pl.DataFrame:
    return pl.DataFrame(app.dataframe[0].value.to_dict(orient="list"), strict=False)


def row(app: AppTest, name: str) -> dict[str, Any]:
    return table(app).filter(pl.col("Segment") == name).row(0, named=True)


def expected(rows: pl.DataFrame, whole: pl.DataFrame, cutoff: float) -> dict[str, float]:
    """A segment's figures, worked out without the project's metrics."""
    outcome, pd = rows["is_default"].to_numpy(), rows["default_probability"].to_numpy().astype(np.float64)
    approved = pd < cutoff
    rest = (whole["is_default"].sum() - outcome.sum()) / (whole.height - rows.height)
    return {
        "Applications": rows.height,
        "Share of applications": 100 * rows.height / whole.height,
        "Default rate": 100 * outcome.mean(),
        "Difference from other segments": 100 * (outcome.mean() - rest),
        "Bad rate": 100 * outcome[approved].mean(),
        "Approval rate": 100 * approved.mean(),
        "Mean PD": 100 * pd.mean(),
        "Calibration gap": 100 * (pd.mean() - outcome.mean()),
    }


def test_every_segment_shows_its_own_figures(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page(PATH, {"cutoff": "7"})
    assert app.title[0].value == "Segments"
    for name in ("Working", "Pensioner"):
        rows = frame.filter(pl.col("NAME_INCOME_TYPE") == name)
        shown = row(app, name)
        wanted = expected(rows, frame, 0.07)
        signed = {key: wanted.pop(key) for key in ("Difference from other segments", "Calibration gap")}
        assert {key: shown[key] for key in wanted} == pytest.approx(wanted, abs=1e-9)
        # In words, since the browser would write their sign as a hyphen.
        assert {key: shown[key] for key in signed} == {
            key: f"{value:+.2f}".replace("-", "−") for key, value in signed.items()
        }
        # From PD bins: a rank statistic of a few hundred rows feels their width.
        auc = roc_auc_score(rows["is_default"], rows["default_probability"])
        assert shown["ROC AUC"] == pytest.approx(auc, abs=2e-3)


def test_a_number_is_cut_into_as_many_groups_as_asked(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page(PATH, {"seg.column": "DAYS_BIRTH", "seg.bins": "4", "seg.order": "As in the column"})
    shown = table(app)
    assert shown.height == 4
    assert shown["Applications"].sum() == frame.height
    assert min(shown["Applications"].to_list()) > frame.height * 0.22
    youngest = row(app, shown["Segment"][0])
    age = float(shown["Segment"][0].removeprefix("below "))
    rows = frame.filter(-pl.col("DAYS_BIRTH") / 365.25 < age)
    assert youngest["Default rate"] == pytest.approx(100 * share(rows["is_default"]), abs=0.15)


def test_measure_order_and_break_even_are_taken_from_the_link(open_page: OpenPage) -> None:
    link = {
        "seg.column": "OCCUPATION_TYPE",
        "seg.measure": "Mean PD",
        "seg.order": "Largest first",
        "cost.fn": "99",
    }
    app = open_page(PATH, link)
    sizes = table(app)["Applications"].to_list()
    assert sizes == sorted(sizes, reverse=True)
    assert figure(app)["layout"]["xaxis"]["title"]["text"] == "Mean PD (%)"
    assert any(plain("the break-even of 1.00 %") in text.value for text in app.markdown)


def test_break_even_follows_margin_and_lgd(open_page: OpenPage) -> None:
    app = open_page(PATH, {"seg.breakeven": "Margin and LGD", "margin": "0.1", "lgd": "0.4"})
    assert any(plain("the break-even of 20.0 %") in text.value for text in app.markdown)


def test_only_a_number_is_asked_for_its_groups(open_page: OpenPage) -> None:
    assert [slider.label for slider in open_page(PATH, {"seg.column": "DAYS_BIRTH"}).main.slider].count("Groups") == 1
    app = open_page(PATH, {"seg.column": "OCCUPATION_TYPE"})
    assert "Groups" not in [slider.label for slider in app.main.slider]
    assert "One group per level" in [caption.value for caption in app.main.caption]


def test_an_unknown_column_falls_back_to_the_first(open_page: OpenPage) -> None:
    app = open_page(PATH, {"seg.column": "<script>"})
    assert "Working" in table(app)["Segment"].to_list()


def test_the_other_cohort_stands_beside(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page(PATH, {"against": "~rest", "f.CODE_GENDER": "F", "seg.column": "NAME_EDUCATION_TYPE"})
    names = [trace["name"] for trace in figure(app)["data"]]
    assert names[-1] == "Rest"
    rest = frame.filter(pl.col("CODE_GENDER") != "F")
    for shown in table(app).iter_rows(named=True):
        rows = rest.filter(pl.col("NAME_EDUCATION_TYPE").cast(pl.String) == _stored(frame, shown["Segment"]))
        if rows.height:
            assert shown["Rest: Default rate"] == pytest.approx(100 * share(rows["is_default"]), abs=1e-9)


def _stored(frame: pl.DataFrame, label: str) -> str:
    levels: list[str] = frame["NAME_EDUCATION_TYPE"].cast(pl.String).drop_nulls().unique().to_list()
    return next(name for name in levels if level(embedded.column("NAME_EDUCATION_TYPE"), name) == label)


def test_a_row_sets_its_segment_beside_the_others(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page(PATH)
    names = table(app)["Segment"].to_list()
    place = names.index("Pensioner")
    app.session_state[_table_key(app)] = {"selection": {"rows": [place], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert table(app)["Segment"].to_list() == names
    assert "f.NAME_INCOME_TYPE" not in app.query_params
    (card,) = [metric for metric in app.main.metric if metric.label == "Default rate"]
    is_in = pl.col("NAME_INCOME_TYPE") == "Pensioner"
    own, others = (share(frame.filter(rows)["is_default"]) for rows in (is_in, ~is_in))
    assert card.value == f"{100 * own:.2f} %"
    said = card.proto.delta_description.replace("\u00a0", " ").replace("**", "")
    found = row(app, "Pensioner")
    low, high = str(found["Difference from other segments 95 %"]).split(" to ")
    assert said.startswith(f"Other segments: {100 * others:.2f} %; −{abs(100 * (own - others)):.2f} points ({low} to ")
    # The same interval as the table's, which holds for all segments.
    assert said.endswith(f"{high})" if high.startswith("−") else f"+{high})")
    lending = next(caption.value for caption in app.main.caption if "At the break-even" in caption.value)
    assert f"what is approved: {found['Approved applications']}; were all approved: " in lending
    figure_of_it = figure(app)
    assert "<b>Pensioner</b>" in figure_of_it["layout"]["yaxis"]["ticktext"]
    app.run()
    assert [metric.label for metric in app.main.metric].count("Default rate") == 1


def test_a_segment_can_be_filtered_to_and_compared_with(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page(PATH, {"seg.segment": "1", "f.CODE_GENDER": "F"})
    name = next(text.value for text in app.markdown if "beside the other segments" in text.value).split("”")[0][3:]
    app.button(key="segment.compare").click().run()
    assert app.query_params["against"] == f"Income type: {name}"
    assert app.button(key="segment.compare").disabled
    assert app.query_params["seg.segment"] == "1"
    app.button(key="segment.filter").click().run()
    assert table(app)["Segment"].to_list() == [name]
    women = frame.filter((pl.col("CODE_GENDER") == "F") & (pl.col("NAME_INCOME_TYPE") == name))
    assert row(app, name)["Applications"] == women.height
    assert "seg.segment" not in app.query_params
    # Compared with itself it would be compared with nothing.
    assert app.query_params["against"] == "~rest"


def test_a_segment_of_one_column_is_none_of_another(open_page: OpenPage) -> None:
    app = open_page(PATH, {"seg.segment": "1"})
    next(box for box in app.main.selectbox if box.label == "Column").set_value("CODE_GENDER").run()
    assert "seg.segment" not in app.query_params


def test_a_click_on_a_point_sets_its_segment_beside_the_others_and_a_second_one_takes_it_back(
    open_page: OpenPage, frame: pl.DataFrame
) -> None:
    app = open_page(PATH)
    n = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner").height
    points = [
        point for trace in figure(app)["data"] if "customdata" in trace for point in _unpacked(trace["customdata"])
    ]
    clicked = next(point for point in points if point[1] == n)
    # A browser says an array of numbers by place.
    told = {"curve": 0, "customdata": {str(place): float(value) for place, value in enumerate(clicked)}}
    sent_figures.tell(app, "selected", told)
    assert app.query_params["seg.segment"] == f"{clicked[0]:.0f}"
    sent_figures.tell(app, "selected", told)
    assert "seg.segment" not in app.query_params


def _unpacked(array: dict[str, str]) -> np.ndarray[Any, np.dtype[Any]]:
    shape = tuple(map(int, array["shape"].split(",")))
    return np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"]).reshape(shape)


def _table_key(app: AppTest) -> str:
    return next(str(key) for key in app.session_state if str(key).startswith("seg.table."))


def test_heat_map_holds_the_rates_of_its_cells(open_page: OpenPage, frame: pl.DataFrame) -> None:
    link = {"seg.tab": "Heat map of two columns", "seg.x": "NAME_INCOME_TYPE", "seg.y": "CODE_GENDER"}
    app = open_page(PATH, link)
    assert not app.dataframe
    drawn = figure(app)
    layout = drawn["layout"]
    down, across = (layout[axis]["ticktext"] for axis in ("yaxis", "xaxis"))
    texts = drawn["data"][0]["text"]
    place = down.index("Working"), across.index("Female")
    rows = frame.filter(pl.col("NAME_INCOME_TYPE") == "Working", pl.col("CODE_GENDER") == "F")
    assert texts[place[0]][place[1]] == f"{100 * share(rows['is_default']):.1f}"


def test_one_outcome_says_why_there_is_no_auc(open_page: OpenPage) -> None:
    app = open_page(PATH, {"f.observed": "Repaid", "seg.measure": "ROC AUC"})
    assert table(app)["ROC AUC"].null_count() == table(app).height
    assert "Too few to conclude how ROC AUC differs between segments" in sent_figures.titles(app)[0]


def test_names_out_of_a_file_are_shown_letter_by_letter(built: Settings, open_page: OpenPage, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    pd = random.beta(1, 11, 4_000)
    path = tmp_path / "theirs.csv"
    frame = pl.DataFrame(
        {
            "y": (random.random(4_000) < pd).astype(int),
            "p": pd,
            "age": random.integers(20, 70, 4_000),
            "branch": random.choice(["<b>north</b>", "south"], 4_000),
        }
    )
    frame.write_csv(path)
    # What is named as a segment is looked at first, whatever stands before it in the file.
    told = ("--predictions", str(path), "--map", "y=outcome", "--map", "p=probability", "--map", "branch=segment")
    app = open_page(PATH, arguments=told)
    assert set(table(app)["Segment"]) == {"<b>north</b>", "south"}
    assert set(figure(app)["layout"]["yaxis"]["ticktext"]) == {"&lt;b&gt;north&lt;/b&gt;", "south"}
    rows = frame.filter(pl.col("branch") == "south")
    assert row(app, "south")["Default rate"] == pytest.approx(100 * share(rows["y"]), abs=1e-9)
