"""The models of the portfolio on every page: which one is shown, another one at a click, and which one is compared."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, state
from dashboard.visit.visit import AGAINST, AGAINST_MODEL, FILE, MODEL
from dashboard.words import labels
from data.errors import ScoreroomError
from inference.inventory.entry import CHAMPION, ModelEntry, ModelKind

KINDS = {
    ModelKind.LIGHTGBM: "LightGBM",
    ModelKind.SCORECARD: "scorecard",
    ModelKind.IMPORTED: "imported model",
    ModelKind.SCORE: "score",
    ModelKind.CALIBRATED: "calibrated",
}


def follow_model(dataset: cache.Dataset) -> cache.Dataset:
    """The applications of `dataset` under the model that the visit asks for, by which this run scores and explains.

    A model that is not there gives way to the champion, with a sentence.
    """
    name = state.get(MODEL)
    if name == CHAMPION:
        state.settle({MODEL: ""})
        name = ""
    try:
        shown = cache.dataset_of_model(dataset, name)
        cache.predictions(shown)
    except ScoreroomError as error:
        state.correct(MODEL, "", f"{error} The champion is shown.")
    cache.choose_model(cache.scoring_model(shown))
    _check_compared(shown)
    return shown


def _check_compared(shown: cache.Dataset) -> None:
    """Compare with no model that is not there, and none with itself."""
    compared = state.get(AGAINST)
    # A dropped file is scored by one model.
    if not compared.startswith(AGAINST_MODEL) or (not state.get(FILE) and compared in compared_models(shown)):
        return
    other = compared.removeprefix(AGAINST_MODEL)
    if other == (shown.model or CHAMPION):
        state.settle({AGAINST: ""})
    else:
        state.correct(AGAINST, "", f"There is no model called {other[:40]} to compare with.")


def compared_models(dataset: cache.Dataset) -> dict[str, str]:
    """The names of the models that the one of `dataset` can be compared with, by what links call them."""
    shown = dataset.model or CHAMPION
    return {AGAINST_MODEL + entry.name: entry.name for entry in cache.models_of(dataset) if entry.name != shown}


def shown_entry(dataset: cache.Dataset) -> ModelEntry | None:
    """The model of `dataset`; None where it has none to choose among."""
    return next((entry for entry in cache.models_of(dataset) if entry.name == (dataset.model or CHAMPION)), None)


def has_models(dataset: cache.Dataset) -> bool:
    """Whether there is a model to choose."""
    return len(cache.models_of(dataset)) > 1


def render_model_menu(dataset: cache.Dataset) -> None:
    """Write the menu; nothing where there is one model alone."""
    if not has_models(dataset):
        return
    menu = st.popover("Models", icon=":material/swap_horiz:", key="models", on_change="rerun")
    if not menu.open:
        return
    with menu, st.container(width=360, key="models-menu", gap="xsmall"):
        for entry in cache.models_of(dataset):
            name = "" if entry.is_champion else entry.name
            # Who looks at the one that is compared with looks at both the other way round.
            is_compared = state.get(AGAINST) == AGAINST_MODEL + entry.name
            also = {AGAINST: AGAINST_MODEL + (dataset.model or CHAMPION)} if is_compared else {}
            st.button(
                f"**{labels.plain(title_of(entry))}** :small[:gray[{labels.plain(KINDS[entry.kind])}, {entry.how}]]",
                key=f"bar.model.{entry.name}",
                type="tertiary",
                width="stretch",
                disabled=name == dataset.model,
                on_click=state.put,
                args=({MODEL: name, **also},),
            )


def title_of(entry: ModelEntry) -> str:
    """What people call a model."""
    return "Champion" if entry.is_champion else entry.name
