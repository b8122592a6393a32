"""A visit's cohorts through a page: told apart by name, never too many, and only compared with where they are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.app_pages import applicant
from dashboard.visit.links import MOST_NAMED
from scripts._embedded import FEATURES

OpenPage = Callable[..., AppTest]


def notice(app: AppTest) -> str:
    return app.info[0].value.replace("\\", "")


def comparisons(app: AppTest) -> list[str]:
    return list(next(box for box in app.selectbox if box.label == "Compare with").options)


def test_two_cohorts_of_one_name_in_a_link_are_one(open_page: OpenPage) -> None:
    app = open_page("overview", {"c.a": "f.CODE_GENDER=F", "c. a": "f.CODE_GENDER=M"})
    app.session_state["cohorts"] = True
    app.run()
    assert not app.exception
    assert comparisons(app)[3:-5] == ["vs a"]
    app.button(key="cohorts.choose.a").click().run()
    assert app.query_params["f.CODE_GENDER"] == "M"


def test_a_link_brings_no_more_cohorts_than_a_visit_keeps(open_page: OpenPage) -> None:
    app = open_page("overview", {f"c.{i}": "f.CODE_GENDER=F" for i in range(MOST_NAMED + 5)})
    assert comparisons(app)[3:-5] == [f"vs {i}" for i in range(5, MOST_NAMED + 5)]
    assert f"only the last {MOST_NAMED} are kept" in notice(app)


@pytest.mark.parametrize("name", ["the rest", "the portfolio"])
def test_a_cohort_called_like_a_choice_is_told_apart(name: str, open_page: OpenPage) -> None:
    app = open_page("overview", {f"c.{name}": "f.CODE_GENDER=F", "against": name})
    offered = comparisons(app)
    assert offered[:3] == ["No comparison", "vs the rest", "vs the portfolio"]
    assert offered[3] == f"vs {name} (cohort)"


def test_a_comparison_with_a_cohort_that_is_not_there_is_left_out_with_a_notice(open_page: OpenPage) -> None:
    app = open_page("overview", {"against": "Gone"})
    assert "No cohort to compare with is called Gone." in notice(app)
    assert "against" not in app.query_params
    app.run()
    assert "No cohort to compare with is called Gone." in notice(app)


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        ("segments", {"seg.column": "NOPE"}, ["There is no column NOPE."]),
        (
            "segments",
            {"seg.x": "<b>", "seg.y": "NOPE", "nonsense": "1"},
            ["There is no column <b>.", "There is no column NOPE.", "nonsense (not a known setting)"],
        ),
        ("stability", {"stab.tab": "Columns", "stab.column": "NOPE"}, ["There is no column NOPE."]),
        ("stability", {"against": "~fold.99"}, ["No cohort to compare with is called fold.99."]),
        ("explanation", {"expl.tab": "Dependence", "expl.feature": "NOPE"}, ["There is no feature NOPE."]),
        ("applications", {"app.sort": "NOPE"}, ["There is no column NOPE."]),
        ("applications", {"app.columns": "AMT_CREDIT,NOPE"}, ["There is no column NOPE."]),
    ],
)
def test_what_a_link_names_and_is_nowhere_is_left_out_with_a_notice(
    path: str, query: dict[str, str], said: list[str], open_page: OpenPage
) -> None:
    app = open_page(path, query)
    assert [sentence for sentence in said if sentence not in notice(app)] == []
    assert "NOPE" not in str(dict(app.query_params))


@pytest.mark.parametrize(
    ("path", "query"),
    [
        # The usual column, and one that the other side has already: what the screen offers, not what a link made up.
        ("segments", {"seg.column": "NAME_INCOME_TYPE", "seg.tab": "Heat map of two columns", "seg.y": "DAYS_BIRTH"}),
        ("stability", {"against": "~fold.0"}),
        ("applications", {"app.sort": "application_id", "app.columns": "AMT_CREDIT", "app.page": "2"}),
    ],
)
def test_what_a_link_names_and_is_there_is_taken_without_a_notice(
    path: str, query: dict[str, str], open_page: OpenPage
) -> None:
    assert [info.value for info in open_page(path, query).info if "Left out" in info.value] == []


@pytest.mark.parametrize("name", ["~rest", "~whole", "~fold.1", "Women"])
def test_a_comparison_with_one_that_is_there_is_kept(name: str, open_page: OpenPage) -> None:
    app = open_page("overview", {"c.Women": "f.CODE_GENDER=F", "f.NAME_INCOME_TYPE": "Pensioner", "against": name})
    assert not app.info
    assert app.query_params["against"] == name


def test_a_forgotten_cohort_is_compared_with_no_longer(open_page: OpenPage) -> None:
    app = open_page("overview", {"c.Women": "f.CODE_GENDER=F", "against": "Women"})
    app.session_state["cohorts"] = True
    app.run()
    app.button(key="cohorts.more.Women").click().run()
    app.button(key="cohorts.drop.Women").click().run()
    assert "against" not in app.query_params
    assert comparisons(app)[:4] == ["No comparison", "vs the rest", "vs the portfolio", "vs Fold 0"]


def test_of_a_link_with_many_problems_the_first_five_are_told(open_page: OpenPage) -> None:
    app = open_page("overview", {f"nonsense{i}": "1" for i in range(9)})
    assert notice(app).count("(not a known setting).") == 5
    assert notice(app).endswith("And 4 more.")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (
            "overview",
            {
                "lgd": "0.3",
                "cutoff": "12.5",
                "against": "~whole",
                "f.NAME_INCOME_TYPE": "Pensioner",
                "f.AMT_CREDIT": "100000..900000",
                "f.~decision": "false approval",
                "applicant": "100002",
            },
        ),
        ("discrimination", {"disc.tab": "KS"}),
        ("calibration", {"cal.groups": "33", "cal.axes": "Log-odds"}),
        ("cutoff", {"beta": "3", "cutoff.tab": "Decisions"}),
        ("cutoff", {"cost.fn": "7", "cost.fp": "2", "cutoff.tab": "Costs"}),
        ("cutoff", {"lgd": "0.3", "margin": "0.2", "ead": "1000", "cutoff.tab": "Profit"}),
        ("segments", {"seg.column": "DAYS_BIRTH", "seg.bins": "4", "seg.measure": "Bad rate"}),
        ("segments", {"seg.tab": "Heat map of two columns", "seg.x": "AMT_CREDIT", "seg.cells": "4"}),
        ("stability", {"stab.tab": "Columns", "stab.column": "AMT_CREDIT", "against": "~fold.1"}),
        ("explanation", {"expl.tab": "Dependence", "expl.feature": "AMT_CREDIT"}),
        ("applications", {"app.sort": "AMT_CREDIT", "app.order": "rising", "app.search": "10", "app.size": "50"}),
    ],
)
def test_every_widget_says_its_value_in_its_call_too(path: str, query: dict[str, str], open_page: OpenPage) -> None:
    # What the browser falls back on where it never drew the run that set the value, and then reports as the reader's.
    app = open_page(path, query)
    for group in ("Work and income", "Credit", "Outcome", "Prediction"):
        app.session_state[f"filters.{group}"] = True
    app.session_state["applications.chooser"] = True
    app.run()
    assert not app.exception
    assert number_in_agreement(app) >= 4


@pytest.mark.parametrize("tab", applicant.TAB.options)
@pytest.mark.parametrize(
    ("who", "query"),
    [
        ("first", {}),
        ("first", {"edits": "AMT_CREDIT=25000.5&EXT_SOURCE_3=~missing&OCCUPATION_TYPE=~missing&FLAG_PHONE=~missing"}),
        ("first", {"edits": "DAYS_EMPLOYED=365243&DAYS_BIRTH=-14611&NAME_INCOME_TYPE=Astronaut"}),
        ("first", {"appl.of": "Features of the model", "appl.field": "AMT_CREDIT", "appl.second": "DAYS_BIRTH"}),
        ("first", {"s.Mine": "applicant=new&AMT_CREDIT=25000.5", "cutoff": "12.5"}),
        ("not employed", {}),
        ("new", {}),
        ("new", {"edits": "DAYS_EMPLOYED=365243&FLAG_PHONE=1"}),
    ],
)
def test_every_widget_of_an_applicant_says_its_value_in_its_call_too(
    tab: str, who: str, query: dict[str, str], frame: pl.DataFrame, open_page: OpenPage
) -> None:
    chosen = {
        "first": frame["application_id"][0],
        "new": "new",
        "not employed": frame.filter(pl.col("DAYS_EMPLOYED") == 365_243)["application_id"][0],
    }
    app = open_page("applicant", {"applicant": str(chosen[who]), "appl.tab": tab, **query})
    app.session_state["form-others"] = True
    app.run()
    assert not app.exception
    assert number_in_agreement(app) > len(FEATURES.sources)


def test_a_note_says_its_text_in_its_call_too(open_page: OpenPage) -> None:
    app = open_page("applicant", {"applicant": "new", "appl.tab": "Record"})
    app.text_area(key="record.note").input("Asked for a payslip.").run()
    assert app.text_area(key="record.note").proto.default == "Asked for a payslip."


def number_in_agreement(app: AppTest) -> int:
    """How many widgets the page shows; what each says in its call is what the server knows."""
    shown = [
        *app.slider,
        *app.select_slider,
        *app.number_input,
        *app.text_input,
        *app.selectbox,
        *app.multiselect,
        *app.button_group,
        *app.checkbox,
        *app.text_area,
    ]
    both = [(widget.label, fallback(widget), in_force(widget)) for widget in shown]
    assert [said for said in both if said[1] != said[2]] == []
    return len(shown)


def fallback(widget: Any) -> tuple[object, ...]:
    """What the browser takes for the value of a widget that it has not drawn before, options in their words."""
    default = widget.proto.default
    if widget.type in ("number_input", "selectbox") and not widget.proto.HasField("default"):
        return (None,)
    found = (default,) if isinstance(default, str | int | float) else tuple(default)
    return tuple(widget.options[int(place)] for place in found) if getattr(widget, "options", None) else found


def in_force(widget: Any) -> tuple[object, ...]:
    """The value of a widget as the server knows it, options in their words."""
    if widget.value is None:
        return () if widget.type == "button_group" else (None,)
    found = tuple(widget.value) if isinstance(widget.value, list | tuple) else (widget.value,)
    return tuple(map(widget.format_func, found)) if getattr(widget, "options", None) else found


def test_a_link_of_another_portfolio_is_not_applied_and_says_so(open_page: OpenPage) -> None:
    own = open_page("overview", {"f.CODE_GENDER": "M"})
    assert own.query_params["portfolio"]
    app = open_page("overview", {"portfolio": "loans", "f.CODE_GENDER": "M", "cutoff": "20"})
    assert [str(text.value) for text in app.main.info if "made on the portfolio “loans”" in str(text.value)] != []
    assert "f.CODE_GENDER" not in app.query_params
    assert (app.query_params["cutoff"], app.query_params["portfolio"]) == ("9.09", own.query_params["portfolio"])
