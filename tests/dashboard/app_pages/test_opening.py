"""The page Open: from a file to its figures, and the library."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from dashboard.app_pages.opening import _histogram
from dashboard.components.opened import Opening
from data.library.entries import list_entries
from data.library.opening import Brought, prepare_training, understand
from data.settings import Settings
from tests.made_loans import make_loans

OpenPage = Callable[..., AppTest]
LOANS = make_loans(600)
AUC = f"{roc_auc_score(LOANS['defaulted'].to_numpy(), LOANS['pd'].to_numpy()):.3f}"


@pytest.fixture
def page(built: Settings, open_page: OpenPage) -> Iterator[AppTest]:
    """The page with a file that was brought."""
    app = open_page("open")
    brought = Brought(built.library, "loans.csv", LOANS.write_csv().encode())
    app.session_state["open.file"] = Opening(brought, None)
    app.run()
    assert not app.exception
    yield app
    shutil.rmtree(built.library)


def said(app: AppTest) -> str:
    return " ".join(str(each.value) for kind in (app.info, app.warning, app.error, app.markdown) for each in kind)


def test_a_file_s_figures_are_two_steps_away(page: AppTest, built: Settings) -> None:
    assert "Outcome from defaulted, PD from pd" in said(page)
    page.text_input(key="open.name").set_value("Loans of *2024*")
    page.button(key="open.look").click().run()
    cards = {card.label: str(card.value) for card in page.metric}
    assert cards["Applications"] == "600"
    assert cards["ROC AUC"] == AUC
    (entry,) = list_entries(built.library)
    assert (entry.name, page.query_params["portfolio"]) == ("Loans of *2024*", "loans-of-2024")
    assert "Loans of \\*2024\\*" in said(page)


def test_an_answer_changes_what_a_file_is_taken_for(page: AppTest) -> None:
    page.selectbox(key="open.outcome").set_value("region").run()
    assert page.button(key="open.look").disabled
    page.multiselect(key="open.bad.open").set_value(["west"]).run()
    page.multiselect(key="open.good.open").set_value(["north"]).run()
    assert "region = west" in page.button(key="open.train").help
    assert "south = open" in said(page)
    page.selectbox(key="open.outcome").set_value("As recognised").run()
    assert "Outcome from defaulted" in said(page)
    page.selectbox(key="open.outcome").set_value("Not in this file").run()
    page.button(key="open.look").click().run()
    assert [card.label for card in page.metric] == ["Applications"]


def test_a_question_is_answered_by_a_click(built: Settings, open_page: OpenPage) -> None:
    app = open_page("open")
    words = LOANS.with_columns(pl.col("defaulted").replace_strict({0: "1", 1: "2"}))
    app.session_state["open.file"] = Opening(Brought(built.library, "loans.csv", words.write_csv().encode()), None)
    app.run()
    assert app.button(key="open.look").disabled
    (question,) = app.radio
    question.set_value(next(option for option in question.options if "2" in option.partition("=")[0])).run()
    app.button(key="open.look").click().run()
    assert {card.label: str(card.value) for card in app.metric}["ROC AUC"] == AUC
    shutil.rmtree(built.library)


def test_how_a_file_is_written_is_a_question_like_others(built: Settings, open_page: OpenPage) -> None:
    app = open_page("open")
    text = b"id;ead;pd;default\n1;1.234;5;0\n2;12.500;9;1\n3;20.100;1;0\n"
    app.session_state["open.file"] = Opening(Brought(built.library, "loans.csv", text), None)
    app.run()
    (question,) = app.radio
    assert question.options == ["the comma is the decimal mark", "the point is the decimal mark"]
    question.set_value("the comma is the decimal mark").run()
    app.button(key="open.look").click().run()
    (entry,) = list_entries(built.library)
    assert entry.reading is not None
    assert entry.reading.said == (("decimal", ","),)
    shutil.rmtree(built.library)


def test_a_portfolio_is_renamed_and_deleted_after_a_question(page: AppTest, built: Settings) -> None:
    page.button(key="open.look").click().run()
    assert not [button for button in page.button if button.key == "open.edit."]
    page.button(key="open.edit.loans").click().run()
    page.text_input(key="open.new.loans").set_value("Cards")
    page.button(key="open.rename").click().run()
    assert [entry.name for entry in list_entries(built.library)] == ["Cards"]
    page.button(key="open.edit.loans").click().run()
    page.button(key="open.delete").click().run()
    assert len(list_entries(built.library)) == 1
    page.button(key="open.really").click().run()
    assert list_entries(built.library) == ()
    assert "Cards was deleted" in said(page)
    assert page.query_params["portfolio"] == "home-credit-default-risk"


def test_small_histograms_count_numbers_in_steps_and_words_by_level() -> None:
    assert _histogram(pl.Series(["0", "1", "6", "12", None])) == [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    assert _histogram(pl.Series(["b", "a", "b", None])) == [2, 1]
    assert _histogram(pl.Series([None, None], dtype=pl.String)) == []


def test_a_refused_file_is_read_otherwise_without_bringing_it_again(built: Settings, open_page: OpenPage) -> None:
    app = open_page("open")
    lines = LOANS.write_csv().splitlines()
    text = "\n".join([*lines[:101], "a,b", *lines[101:]])
    app.session_state["open.file"] = Opening(Brought(built.library, "loans.csv", text.encode()), None)
    app.run()
    assert "line 102 has 2 fields where the table has 5: 'a,b'" in said(app).replace("\\", "")
    assert built.library.as_posix() not in said(app)
    (again,) = [button for button in app.button if button.label.startswith("Read it with")]
    assert again.label.replace("\\", "") == "Read it with bad_lines=leave-out"
    again.click().run()
    assert "1 damaged line" in said(app)
    # Three rows as they stand in the file.
    (sample,) = app.code
    assert sample.value.splitlines() == lines[1:4]
    app.button(key="open.look").click().run()
    cards = {card.label: str(card.value) for card in app.metric}
    assert (cards["Applications"], cards["ROC AUC"]) == ("600", AUC)
    (entry,) = list_entries(built.library)
    assert entry.reading is not None
    assert dict(entry.reading.said) == {"bad_lines": "leave-out"}
    shutil.rmtree(built.library)


def test_a_portfolio_that_was_never_built_is_built_by_a_click(built: Settings, open_page: OpenPage) -> None:
    brought = Brought(built.library, "loans.csv", make_loans(1_500).write_csv().encode())
    prepare_training(brought, "Loans", understand(brought, most_rows=1_500))
    brought.part.rename(built.library / "loans")
    app = open_page("open")
    assert "open.entry.loans" not in [button.key for button in app.button]
    app.button(key="open.build.loans").click().run()
    job = app.session_state["open.training"]
    assert "Training a model: loans" in [each.value for each in app.subheader]
    job.cancel()
    assert (built.library / "loans" / "portfolio.toml").exists()
    shutil.rmtree(built.library)
