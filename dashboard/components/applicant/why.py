"""Why the PD is what it is: the contributions of one application as a waterfall."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import streamlit as st

from dashboard import cache, state
from dashboard.charts.waterfall import Step, plot_waterfall
from dashboard.components.applicant.view import ApplicantView
from dashboard.components.figure import render_figure
from dashboard.components.scorecard import render_points
from dashboard.visit import parameters
from dashboard.words import labels
from dashboard.words.field_words import word_stated
from inference.explain.explainer import Explanation

FIELDS, FEATURES_OF_MODEL = "Fields", "Features of the model"
_NO_TREES = "The model's trees (model.txt) are not at hand; `make build` makes them."
OF = parameters.choice("appl.of", (FIELDS, FEATURES_OF_MODEL))


def render_why(view: ApplicantView) -> None:
    """Write the tab."""
    explanation = view.assessed.explanation
    if explanation is None:
        st.info(labels.plain(why_unexplained()), icon=":material/info:")
        return
    st.segmented_control("Contributions of", required=True, **state.buttons_widget(OF))
    find, noun = _KINDS[state.get(OF)]
    steps = list(find(view, explanation))
    base, cutoff = explanation.base, view.cutoff
    render_figure(plot_waterfall(steps, base, cutoff=cutoff, noun=noun))
    found = cache.card_lines(view.values)
    if found is not None:
        render_points(found.card, found.lines, view.definition)


def why_unexplained() -> str:
    """Why the model's PD is not taken apart, in a sentence."""
    if reason := cache.why_no_trees():
        return reason
    name = cache.chosen_model()
    return f"The trees of the model {name} (model.txt) are not at hand; make it again." if name else _NO_TREES


def field_steps(view: ApplicantView, explanation: Explanation) -> Iterator[Step]:
    """What each field adds to the application's log-odds."""
    for name, contribution in explanation.fields.items():
        column = view.definition.column(name)
        yield Step(column.label, word_stated(column, view.values.get(name), view.definition), contribution)


def _features(view: ApplicantView, explanation: Explanation) -> Iterator[Step]:
    for feature, value in zip(view.features.features, explanation.row[0].tolist(), strict=True):
        column = view.definition.by_name.get(feature.name)
        if column is not None:
            words = word_stated(column, view.values.get(column.name), view.definition)
        else:
            words = labels.MISSING if math.isnan(value) else labels.amount(value)
        yield Step(feature.label, words, explanation.features[feature.name])


_KINDS: dict[str, tuple[Callable[[ApplicantView, Explanation], Iterator[Step]], str]] = {
    FIELDS: (field_steps, "field"),
    FEATURES_OF_MODEL: (_features, "feature"),
}
