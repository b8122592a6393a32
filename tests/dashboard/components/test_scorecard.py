from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.scorecard import points_by_field
from data.home_credit import embedded
from inference.scorecard.card import Card, CardBin, CardBinKind, Characteristic, LeftOut

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
