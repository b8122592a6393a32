"""The contributions behind the predictions, and what is summed up of them over a cohort."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard.cache.sources import KEYS, SMALL, Dataset, model_version, predictions, settings
from dashboard.cohort.filters import Filters
from dashboard.metrics.column_counts import select_rows
from dashboard.metrics.explanation_counts import (
    ContributionSums,
    FeatureCounts,
    count_contributions,
    count_feature,
)
from dashboard.words.value_labels import is_descending
from data.errors import DataError
from data.predictions.imports import version_of
from data.predictions.table import ID
from data.store.opening import is_there
from data.store.records import CONTRIBUTIONS, check_built
from inference.errors import ContributionsError
from inference.explain.contributions import Contributions, open_contributions
from inference.model.artifact import MANIFEST, Manifest

# Ten features' cells take 0.9 MB.
_FEATURES = 16


@dataclass(frozen=True, slots=True)
class Explained:
    """The contributions behind the predictions and their sums over all rows, or the sentence why there are none.

    `version` tells the files that they were read from, and the model that they are of, from any others.
    """

    contributions: Contributions | None
    whole: ContributionSums | None = None
    reason: str = ""
    version: str = ""


def explained(dataset: Dataset) -> Explained:
    """The contributions of every application of `dataset` to the published model, where they were computed."""
    if dataset.location.imported:
        return Explained(None, reason="Contributions are computed when the project's own model is built.")
    found = model_contributions()
    if found.contributions is None or _are_of(dataset, found.version, found.contributions):
        return found
    return Explained(None, reason=str(ContributionsError.from_other_applications()))


def model_contributions() -> Explained:
    """The contributions of the applications that the published model was built on, whatever predictions are shown."""
    path, manifest = settings().contributions, settings().model / MANIFEST
    if not is_there(path):
        return Explained(None, reason="The contributions have not been computed yet; `make build` computes them.")
    if not is_there(manifest):
        return Explained(None, reason="There is no model that the contributions could be of; `make build` makes it.")
    try:
        check_built(settings(), CONTRIBUTIONS)
        return _model_contributions(f"{version_of(path)} {model_version()}")
    except DataError as error:
        return Explained(None, reason=str(error))


@st.cache_resource(max_entries=1, show_spinner="Loading the contributions ...", hash_funcs=KEYS)
def _model_contributions(version: str) -> Explained:
    try:
        found = open_contributions(settings(), Manifest.load(settings().model))
    except DataError as error:
        return Explained(None, reason=str(error))
    return Explained(found, count_contributions(found), version=version)


# What begins with an underscore is no part of the key; its version is.
@st.cache_data(max_entries=4, show_spinner=False, hash_funcs=KEYS)
def _are_of(dataset: Dataset, version: str, _found: Contributions) -> bool:  # noqa: ARG001 - as above
    return _found.are_of(predictions(dataset).frame[ID])


def contribution_sums(dataset: Dataset, filters: Filters) -> ContributionSums | None:
    """The sums of every feature's contributions over a cohort; None where there are no contributions."""
    found = explained(dataset)
    return None if found.contributions is None else _contribution_sums(dataset, filters, found.version, found)


@st.cache_data(max_entries=SMALL, show_spinner=False, hash_funcs=KEYS)
def _contribution_sums(
    dataset: Dataset,
    filters: Filters,
    version: str,  # noqa: ARG001 - as above
    _found: Explained,
) -> ContributionSums | None:
    if _found.contributions is None:
        return None
    chosen = select_rows(predictions(dataset).frame, filters.expression())
    return _found.whole if chosen is None else count_contributions(_found.contributions, chosen, whole=_found.whole)


def feature_counts(dataset: Dataset, filters: Filters, names: tuple[str, ...]) -> tuple[FeatureCounts, ...]:
    """A cohort's applications by value and contribution of each of these features, values in the order shown."""
    found = explained(dataset)
    if found.contributions is None:
        return ()
    return _feature_counts(dataset, filters, names, found.version, found.contributions)


@st.cache_data(max_entries=_FEATURES, show_spinner=False, hash_funcs=KEYS)
def _feature_counts(
    dataset: Dataset,
    filters: Filters,
    names: tuple[str, ...],
    version: str,  # noqa: ARG001 - as above
    _found: Contributions,
) -> tuple[FeatureCounts, ...]:
    chosen = select_rows(predictions(dataset).frame, filters.expression())
    counted = (count_feature(_found, name, chosen) for name in names)
    return tuple(counts.flipped() if is_descending(counts.feature) else counts for counts in counted)
