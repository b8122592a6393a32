"""What a reader can do here, as long as there is nothing but the embedded portfolio."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import polars as pl
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from data.library.entries import Reading, begin_entry, finish_entry, neutral_definition
from data.predictions.roles.answers import NOTHING_SAID
from data.settings import Settings


def lines(app: AppTest) -> list[str]:
    return [str(button.label) for button in app.button if str(button.key).startswith("first.")]


def test_three_lines_with_the_portfolio_s_figures_can_be_put_away(
    open_page: Callable[..., AppTest], frame: pl.DataFrame
) -> None:
    app = open_page("")
    _, judge, bring, decide = lines(app)
    auc = roc_auc_score(frame["is_default"].to_numpy(), frame["default_probability"].to_numpy())
    assert (
        f"{frame.height:,} synthetic applications, {100 * int(frame['is_default'].sum()) / frame.height:.1f} % defaults"
        in judge
    )
    assert f"AUC of {auc:.3f}" in judge
    assert "Open" in bring
    assert "Score a file" in decide
    assert lines(open_page("", {"f.CODE_GENDER": "M"})) == []
    app.button(key="first.away").click().run()
    assert lines(app) == []


def test_they_are_gone_once_something_was_opened(open_page: Callable[..., AppTest], built: Settings) -> None:
    part = begin_entry(built.library)
    (part / "portfolio.toml").write_text(neutral_definition("Loans"))
    finish_entry(built.library, part, "Loans", Reading("loans.csv", NOTHING_SAID, (), 1, "0"))
    try:
        assert lines(open_page("")) == []
    finally:
        shutil.rmtree(built.library)
