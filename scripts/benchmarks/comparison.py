"""Milliseconds to compare two models over the whole portfolio and over half of it, as the page Compare does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import polars as pl

from dashboard.cohort.bins import Bins
from dashboard.cohort.columns import prepare
from dashboard.metrics.column_counts import ColumnCodes
from dashboard.metrics.counts import BoolArray, IntArray
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.paired import RankedScores
from dashboard.metrics.paired_agreement import agreement
from dashboard.metrics.paired_comparison import PairedComparison
from dashboard.metrics.paired_counts import counts_of_model, groups_of, pair, ranked, swapped_columns
from dashboard.metrics.paired_reasons import reason_agreement
from dashboard.metrics.paired_segments import segment_differences
from dashboard.metrics.paired_swap import Swap
from dashboard.metrics.row_counts import TableRows, table_rows
from dashboard.report.comparing import grouped
from dashboard.visit.assumptions import assume
from data.definition.at_hand import load_definition
from data.predictions.at_hand import open_predictions
from data.predictions.scores import ScoreGrid, make_score_grid
from data.predictions.table import PROBABILITY
from data.settings import Settings
from inference.explain.all_reasons import NamedReasons
from inference.explain.reasons import MOST_REASONS
from inference.model.decision import DEFAULT_CUTOFF
from scripts._measure import DifferenceError, Say, medians, silent

RUNS = 5
_NOISE, _SEED, _FIELDS = 0.4, 1, 80
Figures = dict[str, object]


def measure_comparison(settings: Settings, say: Say = silent) -> Figures:
    """Milliseconds of each part of a comparison, with all that a model needs once (its ranks, its grid) apart.

    The second model is the champion with noise upon its log-odds.

    Raises:
        DifferenceError: the AUC's difference is not scikit-learn's.
    """
    say("ranking both models")
    predictions = prepare(open_predictions(settings, load_definition(settings)))
    scores = predictions.frame[PROBABILITY]
    pds = scores.to_numpy()
    noise = _NOISE * np.random.default_rng(_SEED).normal(size=pds.size)
    other = pl.Series(np.round(1 / (1 + np.exp(-np.log(pds / (1 - pds)) - noise)), 7))
    needed: dict[str, Callable[[], object]] = {
        "rank_ms": lambda: ranked(other),
        "grid_ms": lambda: make_score_grid(other.to_numpy()),
    }
    once = medians(needed, runs=RUNS)
    table, models = table_rows(predictions.frame, predictions.grid), (ranked(scores), ranked(other))
    grids = predictions.grid, make_score_grid(other.to_numpy())
    bins, codes = grouped(predictions)
    figures: Figures = {"rows": predictions.frame.height, "once_a_model": _rounded(once)}
    half = np.random.default_rng(_SEED).random(pds.size) < 0.5
    for name, chosen in (("whole", None), ("half", half)):
        say(f"comparing over the {name}")
        compare = partial(_compared, table, models, grids, chosen)
        _check(compare())
        places = None if chosen is None else np.flatnonzero(chosen)
        figures[name] = _rounded(medians(_parts(compare, bins, codes, places, pds.size), runs=RUNS))
    return figures


def _parts(
    compare: Callable[[], PairedComparison],
    bins: Mapping[str, Bins],
    codes: ColumnCodes,
    places: IntArray | None,
    n_rows: int,
) -> Mapping[str, Callable[[], object]]:
    """What is timed, by its name; a comparison that is made anew has computed nothing yet."""
    terms, cutoffs, known = assume(DEFAULT_CUTOFF).terms, (DEFAULT_CUTOFF, DEFAULT_CUTOFF), compare()
    swap = known.swap(cutoffs, terms)

    def reclassify() -> object:
        found = compare()
        return found.idi, found.by_band, found.nri_at(cutoffs)

    def agree() -> object:
        found = compare()
        return agreement(swap, found.rows), found.rank_correlation, found.rank_grid

    reasons = _drawn_reasons(n_rows, _SEED), _drawn_reasons(n_rows, _SEED + 1)
    declined = ~swap.rows(Swap.BOTH)

    def cut() -> object:
        columns = {name: (own, bins[name].labels) for name, own in groups_of(codes, places)}
        return segment_differences(known.sample, columns)

    return {
        "auc_difference_ms": lambda: compare().auc,
        "all_differences_ms": lambda: compare().figures,
        "reclassification_ms": reclassify,
        "swap_set_ms": partial(known.swap, cutoffs, terms),
        "equal_approval_ms": partial(known.equal_cutoffs, DEFAULT_CUTOFF),
        "columns_apart_ms": partial(swapped_columns, codes, swap, places),
        "agreement_ms": agree,
        "segments_ms": cut,
        "reasons_ms": partial(reason_agreement, *reasons, declined, places=places),
    }


def _drawn_reasons(n_rows: int, seed: int) -> NamedReasons:
    """Four fields for each row; to count them takes as long whichever they are."""
    first = np.random.default_rng(seed).integers(0, _FIELDS, n_rows)
    places = (first[:, None] + np.arange(MOST_REASONS)) % _FIELDS
    return NamedReasons(tuple(f"field {number}" for number in range(_FIELDS)), places.astype(np.int16))


def _compared(
    table: TableRows,
    models: tuple[RankedScores, RankedScores],
    grids: tuple[ScoreGrid | None, ScoreGrid],
    chosen: BoolArray | None,
) -> PairedComparison:
    rows = pair(table, *models, chosen)
    one, two = (
        Evaluation(counts_of_model(rows, scores, grid), assume(DEFAULT_CUTOFF))
        for scores, grid in zip((rows.one, rows.two), grids, strict=True)
    )
    return PairedComparison(("champion", "noisy"), rows, (one, two))


def _check(comparison: PairedComparison) -> None:
    from sklearn.metrics import roc_auc_score

    sample, found = comparison.sample, comparison.auc
    aucs = [roc_auc_score(sample.is_bad, scores.pd) for scores in (sample.one, sample.two)]
    if found is None or abs((found.two - found.one) - (aucs[1] - aucs[0])) > 1e-9:
        raise DifferenceError(f"The AUCs differ by {found}, scikit-learn's are {aucs}.")


def _rounded(seconds: Mapping[str, float]) -> Mapping[str, float]:
    return {name: round(1_000 * taken, 1) for name, taken in seconds.items()}
