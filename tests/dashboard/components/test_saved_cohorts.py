"""The menu of saved cohorts for a browser without a token: what it saves stays in the visit and its address."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

OpenPage = Callable[..., AppTest]


def names(app: AppTest) -> list[str]:
    return [cohort.name for cohort in app.session_state["visit"].cohorts]


def in_address(app: AppTest) -> set[str]:
    return {name for name in app.query_params if name.startswith("c.")}


def opened(open_page: OpenPage, **query: str) -> AppTest:
    app = open_page("", {"f.CODE_GENDER": "F", **query})
    app.session_state["cohorts"] = True
    app.run()
    assert [error.value for error in app.exception] == []
    return app


def test_a_cohort_is_saved_edited_duplicated_and_deleted(open_page: OpenPage) -> None:
    app = opened(open_page)
    app.text_input(key="cohorts.name").set_value("  Women  ")
    app.button(key="cohorts.save").click().run()
    assert (names(app), in_address(app)) == (["Women"], {"c.Women"})
    assert app.text_input(key="cohorts.name").value == ""
    app.button(key="cohorts.more.Women").click().run()
    app.text_input(key="cohorts.rename.Women").set_value("Half").run()
    assert (names(app), in_address(app)) == (["Half"], {"c.Half"})
    app.text_area(key="cohorts.note.Half").set_value("for the committee").run()
    app.button(key="cohorts.copy.Half").click().run()
    assert [(each.name, each.note) for each in app.session_state["visit"].cohorts] == [
        ("Half", "for the committee"),
        ("Half (2)", "for the committee"),
    ]
    app.button(key="cohorts.drop.Half").click().run()
    assert names(app) == ["Half (2)"]


def test_a_name_that_is_taken_is_refused_and_the_comparison_follows_a_new_one(open_page: OpenPage) -> None:
    app = opened(open_page, **{"c.A": "f.CODE_GENDER=M", "c.B": "f.CODE_GENDER=F", "against": "A"})
    app.button(key="cohorts.more.A").click().run()
    app.text_input(key="cohorts.rename.A").set_value("B").run()
    assert sorted(names(app)) == ["A", "B"]
    assert [error.value for error in app.error] == ["A cohort is called B already; choose another name."]
    app.text_input(key="cohorts.rename.A").set_value("Men").run()
    assert sorted(names(app)) == ["B", "Men"]
    assert app.query_params["against"] in ("Men", ["Men"])


def test_without_a_name_nothing_is_saved(open_page: OpenPage) -> None:
    app = opened(open_page)
    app.button(key="cohorts.save").click().run()
    assert names(app) == []
    assert "Give the cohort a name to save it." in [info.value for info in app.info]
