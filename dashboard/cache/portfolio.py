"""The applications that the published model was built on, which an applicant is compared with.

They do not depend on which predictions are shown. Where the contributions are missing, or of another model, there are
none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from dashboard.cache.explanations import model_contributions
from dashboard.cache.sources import KEYS, SMALL, applications_version, model_version, open_session, settings
from data import schema
from data.errors import DataError
from data.facts import ColumnFacts, describe_table
from data.files.convert import open_applications
from inference.batch import Explain
from inference.explain.assessment import Assessment, assess
from inference.explain.comparison import Reference, Typical, find_reference, published_log_odds
from inference.explain.contributions import Contributions
from inference.explain.explainer import Explainer
from inference.explain.neighbours import Neighbours, main_fields
from inference.explain.reasons import batch_reasons
from inference.features.feature_list import FEATURES
from inference.model.decision import probabilities_of
from inference.values import Value


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Applications in the order of their table: contributions and log-odds of the published model, and what happened.

    `weights` are the main fields with their share of what moves predictions, the weightiest first.
    """

    contributions: Contributions
    log_odds: NDArray[np.float32]
    ids: NDArray[np.int64]
    defaulted: NDArray[np.bool_]
    weights: Mapping[str, float]
    version: str

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """PD of every application by the published model."""
        return probabilities_of(self.log_odds)


def explainer() -> Explainer:
    """The published model's trees, ready to explain an application beside what is typical of the application table.

    Raises:
        DataError: the trees are not at hand, or not those that were published; or there is no such table.
    """
    return _explainer(f"{model_version()} {applications_version()}")


@st.cache_resource(max_entries=1, show_spinner=False, hash_funcs=KEYS)
def _explainer(version: str) -> Explainer:  # noqa: ARG001 - the version is the cache's key
    return Explainer.open(settings().model, {name: facts.typical for name, facts in column_facts().items()}, FEATURES)


def assess_values(values: Mapping[str, Value], cutoff: float) -> Assessment:
    """What is said of an application with these values; without contributions or reasons where the trees are missing.

    Raises:
        DataError: there is no model, or a value is none that it takes.
    """
    own = portfolio()
    version = f"{model_version()} {'' if own is None else own.version} {_version_at_hand()}"
    return _assess_values(repr(values), cutoff, version, values)


# A resource: it is never written to, and copying it takes longer than all that a page does with it. What begins with an
# underscore is no part of the key; its text is.
@st.cache_resource(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def _assess_values(text: str, cutoff: float, version: str, _values: Mapping[str, Value]) -> Assessment:  # noqa: ARG001
    trees = _explainer_at_hand()
    return assess(_values, cutoff, open_session(), trees, None if trees is None else reference(cutoff))


def explain_many(cutoff: float) -> Explain | None:
    """What gives the principal reasons of many declined applications; None where trees or portfolio are missing."""
    trees = _explainer_at_hand()
    found = None if trees is None else reference(cutoff)
    if trees is None or found is None:
        return None
    return partial(batch_reasons, explainer=trees, session=open_session(), reference=found)


def _version_at_hand() -> str:
    try:
        return applications_version()
    except DataError:
        return ""


def _explainer_at_hand() -> Explainer | None:
    try:
        return explainer()
    except DataError:
        return None


def column_facts() -> Mapping[str, ColumnFacts]:
    """What occurs in each column of the application table.

    Raises:
        DataError: there is no such table.
    """
    return _column_facts(applications_version())


@st.cache_resource(max_entries=1, show_spinner="Looking through the applications ...", hash_funcs=KEYS)
def _column_facts(version: str) -> Mapping[str, ColumnFacts]:  # noqa: ARG001 - as above
    return describe_table(open_applications(settings(), schema.DEFINITION), schema.DEFINITION)


def portfolio() -> Portfolio | None:
    """The model's own applications; None where they or their contributions are not at hand."""
    found, version = model_contributions(), _version_at_hand()
    if found.contributions is None or not version:
        return None
    return _portfolio(f"{found.version} {version}", found.contributions)


@st.cache_resource(max_entries=1, show_spinner="Looking through the applications ...", hash_funcs=KEYS)
def _portfolio(version: str, _contributions: Contributions) -> Portfolio | None:
    told = open_applications(settings(), schema.DEFINITION).select(schema.ID, schema.TARGET).collect()
    if not _contributions.are_of(told[schema.ID]):
        return None
    return Portfolio(
        _contributions, published_log_odds(_contributions), told[schema.ID].cast(pl.Int64).to_numpy(),
        (told[schema.TARGET] == 1).fill_null(value=False).to_numpy(), main_fields(_contributions, FEATURES), version,
    )  # fmt: skip


def why_no_portfolio() -> str:
    """The sentence why there are no applications to compare with."""
    told = model_contributions().reason
    if not told:
        try:
            applications_version()
        except DataError as error:
            return str(error)
    return told or "The contributions are of another application table; `make build` computes them again."


def reference(cutoff: float) -> Reference | None:
    """The applications that `cutoff` only just approves; None where there is nothing to compare with."""
    found = portfolio()
    return None if found is None else _reference(cutoff, found.version, found)


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def _reference(cutoff: float, version: str, _found: Portfolio) -> Reference:  # noqa: ARG001 - as above
    return find_reference(_found.contributions, _inputs().lazy(), open_session(), cutoff)


def typical_of_reference(name: str, cutoff: float) -> Typical | None:
    """What is typical of a column of the model among the applications that `cutoff` only just approves."""
    found = reference(cutoff)
    return None if found is None else found.typical.get(name)


def field_values(name: str) -> pl.Series:
    """A column of the application table that the model takes, as it is stored.

    Raises:
        DataError: there is no such table.
    """
    return _inputs()[name]


def published_pds(rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """PDs by the published model of the applications at these positions, bit for bit as the side panel has them."""
    return _published_pds(rows, f"{model_version()} {applications_version()}")


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def _published_pds(rows: NDArray[np.int64], version: str) -> NDArray[np.float32]:  # noqa: ARG001 - as above
    return open_session().score_frame(_inputs()[rows])


def _inputs() -> pl.DataFrame:
    return _read_inputs(applications_version())


# 79 MB; another cutoff compares with other applications, and to read 2,000 of them takes as long as to read all.
@st.cache_resource(max_entries=1, show_spinner=False, hash_funcs=KEYS)
def _read_inputs(version: str) -> pl.DataFrame:  # noqa: ARG001 - as above
    return open_applications(settings(), schema.DEFINITION).select(FEATURES.sources).collect()


def neighbours() -> Neighbours | None:
    """The model's own applications, ready to be searched for those like another one."""
    found = portfolio()
    return None if found is None else _neighbours(found.version, found)


@st.cache_resource(max_entries=1, show_spinner="Preparing the applications to compare with ...", hash_funcs=KEYS)
def _neighbours(version: str, _found: Portfolio) -> Neighbours:  # noqa: ARG001 - as above
    return Neighbours(_inputs(), schema.DEFINITION, _found.weights)
