"""Two models over the same applications: their scores side by side, and what is shown of the pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from dashboard.cache.chosen import TABLES
from dashboard.cache.cohorts import column_groups, rows_of
from dashboard.cache.models import dataset_of_model
from dashboard.cache.sources import KEYS, SMALL, Dataset, chosen_rows, model_scores, predictions, settings
from dashboard.cohort.filters import Filters
from dashboard.metrics.counts import BoolArray, IntArray
from dashboard.metrics.economics import Terms
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.paired import RankedScores
from dashboard.metrics.paired_comparison import FIGURES, PairedComparison
from dashboard.metrics.paired_counts import (
    ColumnApart,
    counts_of_model,
    groups_of,
    pair,
    ranked,
    scored_by_both,
    swapped_columns,
)
from dashboard.metrics.paired_segments import SegmentDifferences, segment_differences
from dashboard.metrics.paired_swap import Swap, SwapSet
from dashboard.visit.assumptions import assume
from data.predictions.scores import ScoreGrid
from data.predictions.table import FOLD_NAME, OBSERVED, PD_BAND, PROBABILITY
from inference.inventory.entry import ModelEntry
from inference.inventory.facts import facts_of
from inference.model.decision import DEFAULT_CUTOFF

# At 307,511 rows a pair takes 30 MB while it is looked at, a swap set 2.5 MB.
_PAIRS, _SWAPS = 4, 8
# What follows from PD, outcome and training is no segment of the portfolio.
_NO_COLUMNS = (PROBABILITY, PD_BAND, OBSERVED, FOLD_NAME)


@dataclass(frozen=True, slots=True)
class Pair:
    """The key of two models over one cohort: their datasets, and the filters under the PDs of `shown`."""

    one: str
    two: str
    shown: Dataset
    filters: Filters


_KEYS = {**KEYS, Pair: repr}
# What the catalogue of figures calls otherwise.
_CALLED = {"roc_auc": "auc"}


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A model's scores of every application of a portfolio, as they stand and ranked, and the grid of its PDs."""

    scores: pl.Series
    ranked: RankedScores
    grid: ScoreGrid | None


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Two models over a cohort; `places` are those of its rows in the portfolio, None where they are all.

    `n_left_out` of the cohort's rows have a score of one of the two alone.
    """

    comparison: PairedComparison
    places: IntArray | None
    n_left_out: int


def scored_by(dataset: Dataset, name: str) -> Scored:
    """What the model called `name` makes of the applications of `dataset`.

    Raises:
        ScoreroomError: there is no such model, or its scores cannot be used.
    """
    return _scored(dataset_of_model(dataset, name))


@st.cache_resource(max_entries=TABLES, show_spinner="Ranking the scores ...", hash_funcs=KEYS)
def _scored(dataset: Dataset) -> Scored:
    table, whole = predictions(dataset), predictions(dataset.of_champion)
    scores = table.frame[PROBABILITY]
    if scores.len() != whole.frame.height:
        # Rows that it does not score are left out of its own table.
        scores = model_scores(dataset, dataset.model)
    return Scored(scores, ranked(scores, why_no_pd=table.why_no_pd), table.grid)


@st.cache_resource(max_entries=_PAIRS, show_spinner="Comparing the models ...", hash_funcs=_KEYS)
def compared(key: Pair) -> Compared | None:
    """Two models over a cohort; None where they score none of its applications both."""
    one, two = (scored_by(key.shown, name) for name in (key.one, key.two))
    chosen, n_left_out = scored_by_both(one.scores, two.scores, _chosen(key))
    if chosen is not None and not chosen.any():
        return None
    rows = pair(rows_of(key.shown.of_champion), one.ranked, two.ranked, chosen)
    assumed = assume(DEFAULT_CUTOFF)
    evaluations = [
        Evaluation(counts_of_model(rows, each, scored.grid), assumed, why_no_pd=each.why_no_pd)
        for each, scored in ((rows.one, one), (rows.two, two))
    ]
    comparison = PairedComparison((key.one, key.two), rows, (evaluations[0], evaluations[1]))
    return Compared(comparison, None if chosen is None else np.flatnonzero(chosen), n_left_out)


def paired_difference(key: Pair, name: str) -> Estimate | None:
    """Of the figure that the catalogue calls `name` the second model's less the first's; None of one without pairs."""
    name = _CALLED.get(name, name)
    found = compared(key) if name in FIGURES else None
    return None if found is None else found.comparison.figure(name).difference


def _chosen(key: Pair) -> BoolArray | None:
    whole = key.shown.of_champion
    same_rows = predictions(key.shown).frame.height == predictions(whole).frame.height
    return chosen_rows(key.shown if same_rows else whole, key.filters)


@st.cache_resource(max_entries=_SWAPS, show_spinner=False, hash_funcs={**_KEYS, Terms: repr})
def swapped(key: Pair, cutoffs: tuple[float, float], terms: Terms) -> SwapSet:
    """Who changes sides between the two models of a pair that score some application."""
    found = compared(key)
    assert found is not None
    return found.comparison.swap(cutoffs, terms)


@st.cache_resource(max_entries=_SWAPS, show_spinner=False, hash_funcs={**_KEYS, Terms: repr})
def swapped_apart(key: Pair, cutoffs: tuple[float, float], terms: Terms) -> tuple[ColumnApart, ...]:
    """The columns by how far those swapped in differ from those swapped out."""
    found = compared(key)
    assert found is not None
    apart = swapped_columns(column_groups(key.shown.of_champion).codes, swapped(key, cutoffs, terms), found.places)
    return tuple(each for each in apart if each.name not in _NO_COLUMNS)


@st.cache_resource(max_entries=_SWAPS, show_spinner="Comparing the segments ...", hash_funcs=_KEYS)
def compared_segments(key: Pair) -> SegmentDifferences:
    """The difference of the AUCs in every segment of every cohort column."""
    found = compared(key)
    assert found is not None
    groups, rows = column_groups(key.shown.of_champion), found.comparison.rows
    known = np.flatnonzero(rows.is_resolved)
    places = known if found.places is None else found.places[known]
    return segment_differences(
        found.comparison.sample,
        {
            name: (codes, groups.bins[name].labels)
            for name, codes in groups_of(groups.codes, places)
            if name not in _NO_COLUMNS
        },
    )


def swapped_rows(key: Pair, swap: SwapSet, group: Swap) -> IntArray:
    """The places in the portfolio of a group's rows, those whose two PDs differ most first."""
    found = compared(key)
    assert found is not None
    rows, own = found.comparison.rows, np.flatnonzero(swap.rows(group))
    # The tie goes to the row that comes first.
    order = own[np.argsort(-np.abs(rows.one.pd[own] - rows.two.pd[own]), kind="stable")]
    return order if found.places is None else found.places[order]


def evaluate_model(dataset: Dataset, name: str, filters: Filters) -> Evaluation:
    """The figures of the model called `name` over those of a cohort's applications that it scores."""
    return _evaluated(Pair(name, name, dataset, filters))


@st.cache_resource(max_entries=SMALL, show_spinner=False, hash_funcs=_KEYS)
def _evaluated(key: Pair) -> Evaluation:
    scored = scored_by(key.shown, key.one)
    chosen, _ = scored_by_both(scored.scores, scored.scores, _chosen(key))
    rows = pair(rows_of(key.shown.of_champion), scored.ranked, scored.ranked, chosen)
    counts = counts_of_model(rows, rows.one, scored.grid)
    return Evaluation(counts, assume(DEFAULT_CUTOFF), why_no_pd=scored.ranked.why_no_pd)


@st.cache_resource(max_entries=SMALL, show_spinner="Timing the models ...", hash_funcs={ModelEntry: repr})
def model_facts(entry: ModelEntry) -> dict[str, Any]:
    """What the table of models says of one beside its figures; it is timed once for each version of it."""
    return facts_of(settings(), entry)
