"""A scorecard on the screen: the table of its bins, and the points of one application."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.components.table import render_frame
from dashboard.words import labels
from dashboard.words.card_words import word_bin, word_odds, word_points, word_scale
from data.definition.definition import Definition
from inference.scorecard.card import Card, CardBin, Characteristic

_TALLEST = 38 + 35 * 16
_FORMATS = {
    "Applications": st.column_config.NumberColumn(format="localized"),
    "Default rate": st.column_config.NumberColumn(format="%.2f %%"),
    "WoE": st.column_config.NumberColumn(format="%.3f", help="Weight of evidence: above 0 is safer than the whole."),
    "IV": st.column_config.NumberColumn(format="%.4f", help="What the bin adds to the information value."),
    "Points": st.column_config.NumberColumn(format="%+.1f", help="0 is as good as the whole; more is safer."),
}


def render_card(card: Card, definition: Definition) -> None:
    """Write a scorecard: its scale, every bin of every characteristic, and the features that it leaves out."""
    n_used = labels.plural(len(card.characteristics), "characteristic")
    st.caption(f"{n_used}. {word_scale(card)} {_base(card)}")
    lines = [(each, line) for each in card.characteristics for line in each.bins]
    render_frame(
        {
            "Characteristic": [each.label for each, _ in lines],
            "Bin": [word_bin(each, line, definition) for each, line in lines],
            "Applications": [line.n for _, line in lines],
            "Default rate": [None if line.bad_rate is None else 100 * line.bad_rate for _, line in lines],
            "WoE": [line.woe for _, line in lines],
            "IV": [line.iv for _, line in lines],
            "Points": [round(line.points, 1) + 0.0 for _, line in lines],
        },
        height=min(_TALLEST, 38 + 35 * len(lines)),
        column_config=_FORMATS,
        alt="Points of every bin of the scorecard",
        name="scorecard",
    )
    if not card.left_out:
        return
    box = st.expander(f"Features left out ({len(card.left_out)})", key="card-left-out", on_change="rerun")
    if box.open:
        with box:
            render_frame(
                {
                    "Feature": [each.label for each in card.left_out],
                    "IV": [each.iv for each in card.left_out],
                    "Why": [each.reason for each in card.left_out],
                },
                height=min(_TALLEST, 38 + 35 * len(card.left_out)),
                column_config={"IV": _FORMATS["IV"]},
                alt="Features that the scorecard leaves out",
                name="left out of the scorecard",
            )


def render_points(card: Card, lines: Sequence[tuple[Characteristic, CardBin]], definition: Definition) -> None:
    """Write the points of one application, whose bins are `lines`: those that cost most first."""
    log_odds = card.intercept + sum(line.log_odds for _, line in lines)
    score = labels.decimal(card.score_points(log_odds), 1)
    st.caption(f"{score} points: odds of {word_odds(log_odds)}. {word_scale(card)} {_base(card)}")
    ordered = sorted(lines, key=lambda pair: pair[1].points)
    render_frame(
        {
            "Characteristic": [each.label for each, _ in ordered],
            "Bin": [word_bin(each, line, definition) for each, line in ordered],
            "Points": [line.points for _, line in ordered],
            "Best bin": [max(each.bins, key=lambda one: one.points).points for each, _ in ordered],
        },
        height=min(_TALLEST, 38 + 35 * len(ordered)),
        column_config={
            "Points": _FORMATS["Points"],
            "Best bin": st.column_config.NumberColumn(format="%+.1f", help="The most points that any bin gives."),
        },
        alt="Points of the application by characteristic",
        name="points",
    )


def points_by_field(lines: Sequence[tuple[Characteristic, CardBin]]) -> dict[str, str]:
    """The points of each raw column that is a characteristic of its own, in words."""
    return {
        each.feature: f"{word_points(line.points)} points" for each, line in lines if each.columns == (each.feature,)
    }


def _base(card: Card) -> str:
    return f"An application starts at {labels.decimal(card.base_points, 1)}; its bins add to that or take from it."
