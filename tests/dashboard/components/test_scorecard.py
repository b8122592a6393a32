from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.scorecard import points_by_field
from data.home_credit import embedded
from data.settings import Settings
from inference.inventory.challenger import Order, train_challenger
from inference.inventory.entry import ModelKind
from inference.inventory.store import delete, folder_of_model, open_model
from inference.scorecard.card import Card, CardBin, CardBinKind, Characteristic, LeftOut, read_card
from tests.conftest import silent
from tests.dashboard.applicants import OpenPage, number_of, opened, said, values_of

# 600 points at 50 to 1 and 20 more for twice the odds: a bin that halves the odds of default gives 20 points.
LOW = CardBin(CardBinKind.RANGE, "below 5", 60, 1 / 6, 1.0, 0.2, -0.6931471805599453, 20.0, None, 5.0)
HIGH = CardBin(CardBinKind.RANGE, "5 or more", 40, None, -0.5, 0.1, 0.34657359027997264, -10.0, 5.0, None)
OWN = Characteristic("AMT_CREDIT", "Credit amount", "", ("AMT_CREDIT",), "auto", 0.3, -1.0, (LOW, HIGH))
DERIVED = Characteristic("a_ratio", "A ratio", "", ("AMT_CREDIT", "AMT_ANNUITY"), "auto", 0.3, -1.0, (LOW, HIGH))
CARD = Card(
    600.0, 50.0, 20.0, 100, 0.1, -3.912023005428146, 600.0, (OWN, DERIVED), (LeftOut("x", "Noise", 0.001, "too low"),)
)


def test_every_bin_is_a_row_and_what_is_left_out_is_named() -> None:
    def script(card: object, definition: object) -> None:
        from dashboard.components.scorecard import render_card

        render_card(card, definition)  # type: ignore[arg-type]

    app = AppTest.from_function(script, args=(CARD, embedded.DEFINITION)).run()
    assert not app.exception
    (table,) = app.main.dataframe
    shown = table.value
    assert shown["Characteristic"].tolist() == ["Credit amount", "Credit amount", "A ratio", "A ratio"]
    assert shown["Bin"].tolist() == ["below 5", "5 or more"] * 2
    assert shown["Points"].tolist() == ["+20.0", "−10.0"] * 2
    assert shown["Default rate"].tolist()[0] == pytest.approx(100 / 6)
    assert shown["Default rate"].isna().tolist()[1]
    assert app.expander[0].label == "Features left out (1)"
    assert "An application starts at 600.0" in app.caption[0].value


def test_an_applications_points_add_up_to_its_score_and_its_odds() -> None:
    def script(card: object, lines: object, definition: object) -> None:
        from dashboard.components.scorecard import render_points

        render_points(card, lines, definition)  # type: ignore[arg-type]

    lines = ((OWN, LOW), (DERIVED, HIGH))
    app = AppTest.from_function(script, args=(CARD, lines, embedded.DEFINITION)).run()
    assert not app.exception
    # 600 + 20 - 10; 50 to 1 twice as good and then worse by the root of two.
    assert "610.0 points: odds of 70.7 to 1." in app.caption[0].value
    (table,) = app.main.dataframe
    assert table.value["Points"].tolist() == ["−10.0", "+20.0"]
    assert table.value["Best bin"].tolist() == [20.0, 20.0]


def test_points_stand_beside_fields_that_are_characteristics_themselves() -> None:
    assert points_by_field([(OWN, HIGH), (DERIVED, LOW)]) == {"AMT_CREDIT": "−10.0 points"}


@pytest.fixture(scope="module")
def scorecard(built: Settings) -> Iterator[str]:
    """A scorecard of a few columns, among the models of the portfolio as long as this file's tests run."""
    columns = ("EXT_SOURCE_2", "EXT_SOURCE_3", "DAYS_EMPLOYED", "AMT_CREDIT")
    train_challenger(built, Order(ModelKind.SCORECARD, "points", only=columns), silent)
    yield "points"
    delete(built, "points")


def test_an_applicants_fields_have_the_points_of_the_model_shown(
    scorecard: str, built: Settings, ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    number = number_of(ranked, 0)
    card, session = read_card(folder_of_model(built, scorecard)), open_model(built, scorecard)
    assert card is not None
    row = session.features.row(values_of(ranked, number))
    lines = list(card.lines(session.features, row[0]))
    app = opened(open_page, number, model=scorecard)
    assert not app.exception
    captions = [caption.value for caption in app.main.caption]
    beside = points_by_field(lines)
    assert {"EXT_SOURCE_2", "EXT_SOURCE_3"} <= beside.keys()
    assert all(words in captions for words in beside.values())
    score = card.base_points + sum(line.points for _, line in lines)
    assert f"{score:.1f} points: odds of " in said(app)
    # The PD that these points mean is the one that the model gives.
    assert 1 / (1 + 50 * 2 ** ((score - 600) / 20)) == pytest.approx(session.score_row(row), abs=1e-6)


def test_no_points_stand_beside_the_fields_of_another_model(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    app = opened(open_page, number_of(ranked, 0))
    assert not [caption.value for caption in app.main.caption if caption.value.endswith(" points")]


@pytest.mark.parametrize("tab", ["Decision", "Sensitivity", "People like this one", "Scenarios", "Record"])
def test_all_else_of_an_applicant_is_there_as_for_any_forest(
    tab: str, scorecard: str, ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    app = opened(open_page, number_of(ranked, 0), tab, model=scorecard)
    assert not app.error
    if tab == "Decision":
        assert "Principal reasons" in said(app)
