"""A visit's cohorts through a page: told apart by name, never too many, and only compared with where they are there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.links import MOST_COHORTS

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
    assert comparisons(app)[3:] == ["a"]
    app.button(key="cohorts.choose.a").click().run()
    assert app.query_params["f.CODE_GENDER"] == "M"


def test_a_link_brings_no_more_cohorts_than_a_visit_keeps(open_page: OpenPage) -> None:
    app = open_page("overview", {f"c.{i}": "f.CODE_GENDER=F" for i in range(MOST_COHORTS + 5)})
    assert comparisons(app)[3:] == [str(i) for i in range(5, MOST_COHORTS + 5)]
    assert f"only the last {MOST_COHORTS} are kept" in notice(app)


def test_going_back_keeps_no_more_cohorts_than_a_visit_keeps(open_page: OpenPage) -> None:
    app = open_page("overview", {f"c.{i}": "f.CODE_GENDER=F" for i in range(MOST_COHORTS)})
    for name in list(app.query_params):
        del app.query_params[name]
    app.query_params["c.new"] = "f.CODE_GENDER=M"
    app.query_params["went"] = "1"
    app.run()
    assert comparisons(app)[3:] == [*map(str, range(1, MOST_COHORTS)), "new"]


@pytest.mark.parametrize("name", ["the rest", "the whole portfolio", "nothing"])
def test_a_cohort_called_like_a_choice_is_told_apart(name: str, open_page: OpenPage) -> None:
    app = open_page("overview", {f"c.{name}": "f.CODE_GENDER=F", "against": name})
    offered = comparisons(app)
    assert offered[:3] == ["nothing", "the rest", "the whole portfolio"]
    assert offered[3:] == [f"{name} (cohort)"]


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
        ("segments", {"seg.x": "<b>", "seg.y": "NOPE", "nonsense": "1"},
         ["There is no column <b>.", "There is no column NOPE.", "The value of nonsense is not one"]),
        ("stability", {"stab.tab": "Columns", "stab.column": "NOPE"}, ["There is no column NOPE."]),
        ("stability", {"stab.reference": "Gone"}, ["There is no cohort Gone."]),
        ("explanation", {"expl.tab": "Dependence", "expl.feature": "NOPE"}, ["There is no feature NOPE."]),
        ("applications", {"app.sort": "NOPE"}, ["There is no column NOPE."]),
        ("applications", {"app.columns": "AMT_CREDIT,NOPE"}, ["There is no column NOPE."]),
    ],
)  # fmt: skip
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
        ("stability", {"stab.current": "~fold.0", "stab.reference": "~fold.0"}),
        ("stability", {"stab.current": "~cohort"}),
        ("applications", {"app.sort": "application_id", "app.columns": "AMT_CREDIT", "app.page": "2"}),
    ],
)
def test_what_a_link_names_and_is_there_is_taken_without_a_notice(
    path: str, query: dict[str, str], open_page: OpenPage
) -> None:
    assert [info.value for info in open_page(path, query).info if "Left out" in info.value] == []


@pytest.mark.parametrize("name", ["~rest", "~whole", "Women"])
def test_a_comparison_with_one_that_is_there_is_kept(name: str, open_page: OpenPage) -> None:
    app = open_page("overview", {"c.Women": "f.CODE_GENDER=F", "f.NAME_INCOME_TYPE": "Pensioner", "against": name})
    assert not app.info
    assert app.query_params["against"] == name


def test_a_forgotten_cohort_is_compared_with_no_longer(open_page: OpenPage) -> None:
    app = open_page("overview", {"c.Women": "f.CODE_GENDER=F", "against": "Women"})
    app.session_state["cohorts"] = True
    app.run()
    app.button(key="cohorts.drop.Women").click().run()
    assert "against" not in app.query_params
    assert comparisons(app) == ["nothing", "the rest", "the whole portfolio"]


def test_of_a_link_with_many_problems_the_first_five_are_told(open_page: OpenPage) -> None:
    app = open_page("overview", {f"nonsense{i}": "1" for i in range(9)})
    assert notice(app).count("is not one that the screen knows.") == 5
    assert notice(app).endswith("And 4 more.")
