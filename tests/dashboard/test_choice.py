"""A visit looks at one portfolio of the library; what it sets there stays there, and other visits notice nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from data.library.entries import Reading, begin_entry, finish_entry, neutral_definition
from data.predictions.roles.answers import parse_answers
from data.settings import Settings

OWN = "home-credit-default-risk"
OpenPage = Callable[..., AppTest]
ROWS = "target,score,region\n0,0.1,north\n1,0.3,north\n0,0.2,south\n1,0.15,south\n"


@pytest.fixture
def loans(built: Settings) -> Iterator[str]:
    """The key of a portfolio of four applications in the library."""
    part = begin_entry(built.library)
    (part / "portfolio.toml").write_text(neutral_definition("Loans"))
    (part / "loans.csv").write_text(ROWS)
    entry = finish_entry(
        built.library, part, "Loans", Reading("loans.csv", parse_answers(["score=probability"]), (), 4, "0")
    )
    yield entry.key
    shutil.rmtree(built.library)


def first_card(app: AppTest) -> str:
    return str(app.metric[0].value)


def test_a_link_names_its_portfolio_and_another_visit_s_stays(open_page: OpenPage, loans: str) -> None:
    theirs = open_page("", {"portfolio": loans, "f.region": "north"})
    assert first_card(theirs) == "2"
    assert theirs.query_params["portfolio"] == loans
    own = open_page("")
    assert first_card(own) == "10,000"
    assert own.query_params["portfolio"] == OWN
    theirs.run()
    assert first_card(theirs) == "2"


def test_what_was_set_on_a_portfolio_is_there_when_the_visit_returns(open_page: OpenPage, loans: str) -> None:
    app = open_page("", {"cutoff": "12"})
    app.session_state["library"] = True
    app.run()
    for key, rows, cutoff in ((loans, "4", None), ("", "10,000", "12")):
        app.button(key=f"bar.open.{key}").click().run()
        assert first_card(app) == rows
        assert (app.query_params["cutoff"] == "12") == (cutoff is not None)
        app.session_state["library"] = True
        app.run()
    assert app.query_params["portfolio"] == OWN


def test_a_link_to_what_is_not_there_says_so(open_page: OpenPage) -> None:
    app = open_page("", {"portfolio": "cards", "cutoff": "12"})
    assert [each.value for each in app.info if "cards" in each.value]
    assert app.query_params["portfolio"] == OWN
    assert app.query_params["cutoff"] != "12"


def test_a_portfolio_that_is_deleted_gives_way(open_page: OpenPage, built: Settings, loans: str) -> None:
    app = open_page("", {"portfolio": loans})
    (built.library / loans).rename(built.library / ".gone")
    app.run()
    assert first_card(app) == "10,000"
    assert [each.value for each in app.info if "not in the library any more" in each.value]
    (built.library / ".gone").rename(built.library / loans)


def test_the_embedded_portfolio_is_there_where_the_server_began_on_another_one(
    open_page: OpenPage, built: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text(ROWS)
    arguments = ("--predictions", str(path), "--map", "score=probability")
    app = open_page("", {"portfolio": "embedded"}, arguments)
    assert first_card(app) == "10,000"
    assert app.query_params["portfolio"] == "embedded"
    assert first_card(open_page("", {}, arguments)) == "4"
    assert first_card(open_page("", {"portfolio": "embedded"})) == "10,000"
    assert cache.chosen() == ""
