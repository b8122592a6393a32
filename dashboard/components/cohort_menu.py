"""What the cohort on the screen is compared with, on every page: the one choice of B for A."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import state
from dashboard.cohort.filters import Filters, LevelFilter
from dashboard.visit.links import Cohort
from dashboard.visit.visit import AGAINST, AGAINST_MODEL, COHORTS, FILE, REST, WHOLE, parts_of
from dashboard.words import labels

REST_NAME = "Rest"


def whole_name() -> str:
    """What all rows that are shown are called together."""
    return "Whole file" if state.get(FILE) else "Portfolio"


def render_comparison(models: Mapping[str, str], *, is_offered: bool = True) -> None:
    """Write the choice of what the cohort is compared with; greyed out on a page that compares nothing.

    `models` are names of models by what links call them (`dashboard.components.model_menu`).
    """
    if not is_offered:
        st.selectbox("Compare with", ["Not compared"], key="against.none", label_visibility="collapsed", disabled=True)
        return
    offered = {"": "No comparison", REST: "vs the rest", WHOLE: f"vs the {whole_name().lower()}"}
    offered |= {cohort.name: f"vs {cohort.name}" for cohort in state.kept(COHORTS)}
    offered |= {key: f"vs {cohort.name}" for key, cohort in _parts().items()}
    offered |= {key: f"vs {name}" for key, name in models.items()}
    names = labels.distinct(offered, "cohort")
    st.selectbox(
        "Compare with",
        format_func=names.__getitem__,
        label_visibility="collapsed",
        **state.select_widget(AGAINST, list(names)),
    )


def compared() -> Cohort | None:
    """The cohort that the one on the screen is compared with; None where that is nothing, or the very same."""
    chosen, shown = state.get(AGAINST), state.filters()
    found = {
        REST: rest_of(shown) if shown else None,
        WHOLE: Cohort(whole_name(), Filters()),
        **_parts(),
        **{cohort.name: cohort for cohort in state.kept(COHORTS)},
    }
    against = found.get(chosen)
    return None if against is None or against.filters == shown else against


def compared_model() -> str:
    """The model under which the cohort is compared; empty where it is with another cohort, or nothing."""
    name = state.get(AGAINST)
    return name.removeprefix(AGAINST_MODEL) if name.startswith(AGAINST_MODEL) else ""


def rest_of(shown: Filters) -> Cohort:
    """The rows outside a cohort, under the name that they have everywhere."""
    return Cohort(REST_NAME, shown.rest())


def _parts() -> dict[str, Cohort]:
    columns = state.columns()
    return {
        key: Cohort(f"{columns[name].label} {level}", Filters.of([LevelFilter(name, (level,))]))
        for key, (name, level) in parts_of(columns).items()
    }
