"""Two models over one cohort as data for other programs, computed by the functions that the page Compare calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from dashboard.cohort.bins import Bins, make_bins
from dashboard.cohort.columns import prepare
from dashboard.cohort.filters import Filters
from dashboard.metrics.column_counts import ColumnCodes, make_column_codes, select_rows
from dashboard.metrics.counts import BoolArray, IntArray
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.metrics.paired_agreement import agreement
from dashboard.metrics.paired_comparison import PairedComparison
from dashboard.metrics.paired_counts import groups_of, pair, ranked, scored_by_both, swapped_columns
from dashboard.metrics.paired_reasons import ReasonAgreement, reason_agreement
from dashboard.metrics.paired_reclassification import WARNING
from dashboard.metrics.paired_segments import SegmentDifferences, segment_differences
from dashboard.metrics.paired_swap import Swap, SwapGroup, SwapSet
from dashboard.metrics.row_counts import table_rows
from dashboard.report.plain import plain
from dashboard.report.report import EmptyCohortError
from dashboard.words import labels, paired_words
from data.predictions.scale import Scale
from data.predictions.table import FOLD_NAME, OBSERVED, PD_BAND, PROBABILITY, ROLE_COLUMNS, Predictions
from inference.explain.all_reasons import NamedReasons

NOT_ASKED = "reasons were not asked for"
FORMAT, VERSION = "scoreroom.comparison", 1
_MOST_COLUMNS, _MOST_SEGMENTS = 20, 40
# What follows from PD, outcome and training is no segment of the portfolio.
_NO_SEGMENTS = (PROBABILITY, PD_BAND, OBSERVED, FOLD_NAME)
# What is said of a model beside its figures, None where it is not known.
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contender:
    """A model that is compared: its score of each row of the table (Float64, null where it has none), and its facts.

    `scale` is there where the scores are no probabilities but places on it.
    """

    name: str
    scores: pl.Series
    facts: Facts
    scale: Scale | None = None

    @property
    def why_no_pd(self) -> str:
        """Completes "not defined because ..." where the scores are no probabilities; else empty."""
        return "" if self.scale is None else self.scale.why_no_pd


# Without slots: cached properties keep their results in the instance.
@dataclass(frozen=True)
class ModelReport:
    """Two models over a cohort of a table, and a row for each of these and any further ones.

    `n_left_out` rows of the cohort have a score of one of the two alone, and are left out of what compares them. The
    cutoffs of `swap` are the two models' own, those of `swap_at_equal_approval` approve equally many.
    """

    source: str
    comparison: PairedComparison
    assumptions: Assumptions
    swap: SwapSet
    swap_at_equal_approval: SwapSet
    codes: ColumnCodes
    bins: Mapping[str, Bins]
    places: IntArray | None
    rows: Sequence[Mapping[str, Any]]
    n_left_out: int
    conditions: Sequence[str]
    currency: str = ""
    reasons: ReasonAgreement | None = None
    why_no_reasons: str = NOT_ASKED
    field_titles: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def segments(self) -> SegmentDifferences:
        """The AUC difference in each segment of each column."""
        known = np.flatnonzero(self.comparison.rows.is_resolved)
        places = known if self.places is None else self.places[known]
        return segment_differences(
            self.comparison.sample,
            {name: (codes, self.bins[name].labels) for name, codes in groups_of(self.codes, places)},
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """What an analyst would say of it."""
        names = self.comparison.names
        said = (
            paired_words.ranking_verdict(self.comparison),
            paired_words.pd_verdict(self.comparison),
            paired_words.swap_verdict(self.swap, names, self.currency),
            "" if self.reasons is None else paired_words.reasons_verdict(self.reasons, self._field_title),
            paired_words.segments_verdict(self.segments, names, lambda name: self.bins[name].title),
            *self.notices,
        )
        return tuple(filter(None, said))

    def _field_title(self, name: str) -> str:
        return self.field_titles.get(name, name)

    def with_reasons(self, one: NamedReasons, two: NamedReasons, titles: Mapping[str, str]) -> ModelReport:
        """The report with how far the two models' reasons of all applications agree; `titles` name the raw columns."""
        found = reason_agreement(
            one, two, ~self.swap.rows(Swap.BOTH), places=self.places, weight=self.comparison.rows.weight
        )
        return replace(self, reasons=found, why_no_reasons="", field_titles=titles)

    @property
    def notices(self) -> tuple[str, ...]:
        """What was left out, and what the figures cannot say."""
        rows = self.comparison.rows
        told = []
        if self.n_left_out:
            told.append(f"{labels.plural(self.n_left_out, 'row')} that one of the two does not score are left out.")
        if rows.n_open:
            told.append(
                f"{labels.plural(rows.n_open, 'row')} without an outcome count in the swap set and ranks alone."
            )
        if rows.weight is not None:
            told.append("Rows are weighted; intervals are those of weighted rows.")
        if rows.why_no_pd:
            told.append(f"What needs PDs is not defined because {rows.why_no_pd}.")
        if self.why_no_reasons not in ("", NOT_ASKED):
            told.append(f"Reasons are not compared. {self.why_no_reasons}")
        return tuple(told)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON holds it; differences are the second model's figure less the first's."""
        one, two = self.comparison.names
        return {
            "format": FORMAT,
            "version": VERSION,
            "source": self.source,
            "where": list(self.conditions),
            "compared": [one, two],
            "difference_is": f"{two} less {one}",
            "n_rows": self.comparison.rows.n_rows,
            "n_open": self.comparison.rows.n_open,
            "n_left_out": self.n_left_out,
            "assumptions": plain(self.assumptions),
            "auc_difference": self._auc(),
            "differences": {
                each.name: {one: plain(each.one), two: plain(each.two), **plain(each.difference), "paired": True}
                for each in self.comparison.figures
            },
            "reclassification": self._reclassification(),
            "swap_set": self._swap(self.swap),
            "swap_set_at_equal_approval": self._swap(self.swap_at_equal_approval),
            "ranks": {"spearman": plain(self.comparison.rank_correlation)},
            "reasons": self._reasons(),
            "segments": self._segments(),
            "models": [dict(row) for row in self.rows],
            "sentences": list(self.sentences),
        }

    def _auc(self) -> dict[str, Any]:
        found, (one, two) = self.comparison.auc, self.comparison.names
        told = {**plain(self.comparison.auc_difference), "paired": True, "method": "DeLong"}
        if found is None:
            return told
        return {
            **told,
            "auc": {one: found.one, two: found.two},
            "standard_error": found.standard_error,
            "p_value": found.p_value,
        }

    def _reclassification(self) -> dict[str, Any]:
        return {
            "warning": WARNING,
            "nri_at_cutoff": plain(self.comparison.nri_at(self.swap.cutoffs)),
            "nri_by_band": plain(self.comparison.by_band),
            "idi": plain(self.comparison.idi),
        }

    def _swap(self, swap: SwapSet) -> dict[str, Any]:
        names = self.comparison.names
        agreed = agreement(swap, self.comparison.rows)
        return {
            "cutoffs": dict(zip(names, swap.cutoffs, strict=True)),
            "approved": dict(zip(names, swap.approved, strict=True)),
            **{group.swap.value: _group(group, names) for group in swap.groups},
            "default_rate_difference": plain(swap.rate_difference),
            "gain": plain(swap.gain),
            "agreement": plain(agreed.share),
            "kappa": plain(agreed.kappa),
            "set_apart_by": [
                {
                    "column": each.name,
                    "index": each.stability.index.value,
                    "critical_95": each.stability.critical_95,
                    "shift": each.stability.shift,
                }
                for each in swapped_columns(self.codes, swap, self.places)[:_MOST_COLUMNS]
                if each.stability.index.is_defined
            ],
        }

    def _reasons(self) -> dict[str, Any]:
        found, (one, two) = self.reasons, self.comparison.names
        if found is None:
            return {"compared": False, "reason": self.why_no_reasons}
        return {
            "compared": True,
            "n_fields": dict(zip((one, two), found.n_fields, strict=True)),
            "n_shared_fields": found.n_shared,
            "all": plain(found.whole),
            "declined_by_either": plain(found.declined),
            "stand_ins": [
                {"says": {one: each.one, two: each.two}, "n": each.n, "n_declined": each.n_declined}
                for each in found.stand_ins
            ],
        }

    def _segments(self) -> dict[str, Any]:
        one, two = self.comparison.names
        return {
            "compared": self.segments.compared,
            "intervals": "all at once (Bonferroni)",
            "rows": [
                {
                    "column": each.column,
                    "segment": each.name,
                    "resolved": each.resolved,
                    "defaults": each.defaults,
                    "auc": None if each.aucs is None else dict(zip((one, two), each.aucs, strict=True)),
                    **plain(each.difference),
                }
                for each in self.segments.segments[:_MOST_SEGMENTS]
            ],
        }


def compare_models(
    predictions: Predictions,
    contenders: Sequence[Contender],
    filters: Filters,
    assumptions: Assumptions,
    *,
    cutoffs: tuple[float, float],
    conditions: Sequence[str] = (),
    currency: str = "",
) -> ModelReport:
    """The report on the first two of the `contenders` over the cohort that `filters` select, the others in its table.

    `predictions` are prepared as `dashboard.cohort.columns` does.

    Raises:
        EmptyCohortError: the cohort holds no application that both score.
    """
    chosen = select_rows(predictions.holding(filters.needed), filters.expression())
    one, two = contenders[:2]
    scored, n_left_out = scored_by_both(one.scores, two.scores, chosen)
    if not predictions.frame.height or (scored is not None and not scored.any()):
        raise EmptyCohortError.from_no_rows()
    tables = [_evaluated(predictions, each, scored, assumptions) for each in (one, two)]
    rows = pair(
        table_rows(predictions.frame, predictions.grid),
        ranked(one.scores, why_no_pd=one.why_no_pd),
        ranked(two.scores, why_no_pd=two.why_no_pd),
        scored,
    )
    comparison = PairedComparison((one.name, two.name), rows, (tables[0], tables[1]))
    bins, codes = grouped(predictions)
    return ModelReport(
        source=predictions.source.name,
        comparison=comparison,
        assumptions=assumptions,
        swap=comparison.swap(cutoffs, assumptions.terms),
        swap_at_equal_approval=comparison.swap(comparison.equal_cutoffs(cutoffs[0]), assumptions.terms),
        codes=codes,
        bins=bins,
        places=None if scored is None else np.flatnonzero(scored),
        rows=[
            model_row(each.name, each.facts, _evaluated(predictions, each, chosen, assumptions)) for each in contenders
        ],
        n_left_out=n_left_out,
        conditions=conditions,
        currency=currency,
    )


def model_row(name: str, facts: Facts, evaluation: Evaluation) -> dict[str, Any]:
    """One row of the table of models: its figures over the rows of a cohort that it scores, and its facts."""
    why = evaluation.why_no_pd
    figures = {
        "auc": evaluation.roc_auc,
        "gini": evaluation.gini,
        "ks": evaluation.ks.statistic,
        "average_precision": evaluation.average_precision,
        "brier": evaluation.brier,
        "log_loss": evaluation.log_loss.score,
        "calibration_intercept": evaluation.in_the_large.intercept,
        "calibration_slope": evaluation.slope.slope,
    }
    of_ranks = ("auc", "gini", "ks", "average_precision")
    row: dict[str, Any] = {"name": name, "n": evaluation.counts.n_applications}
    for key, found in figures.items():
        estimate = Estimate.undefined(why) if why and key not in of_ranks else found
        row |= {key: estimate.value, f"{key}_low": estimate.low, f"{key}_high": estimate.high}
    return row | dict(facts)


def _evaluated(
    predictions: Predictions, contender: Contender, chosen: BoolArray | None, assumptions: Assumptions
) -> Evaluation:
    """A model's figures over those of the chosen rows that it scores."""
    is_scored, _ = scored_by_both(contender.scores, contender.scores, chosen)
    frame = predictions.frame
    if contender.scores is not frame[PROBABILITY]:
        kept = replace(
            predictions,
            frame=frame.select(name for name in frame.columns if name in ROLE_COLUMNS).with_columns(
                contender.scores.fill_null(0.0).alias(PROBABILITY)
            ),
            cohort_columns=(),
        )
        predictions = prepare(kept, cutoffs=[assumptions.cutoff])
    counts = table_rows(predictions.frame, predictions.grid).counts(is_scored)
    return Evaluation(counts, assumptions, why_no_pd=contender.why_no_pd)


def grouped(predictions: Predictions) -> tuple[Mapping[str, Bins], ColumnCodes]:
    """The columns in up to ten groups each, without those that are no segments of the portfolio."""
    columns = [column for column in predictions.cohort_columns if column.name not in _NO_SEGMENTS]
    bins = {column.name: make_bins(predictions.frame[column.name], column, 10) for column in columns}
    codes = {name: (cut.code(), len(cut.labels)) for name, cut in bins.items()}
    return bins, make_column_codes(predictions.frame, codes)


def _group(group: SwapGroup, names: tuple[str, str]) -> dict[str, Any]:
    return {
        "n": group.n,
        "n_rows": group.n_rows,
        "n_open": group.n_open,
        "defaults": group.defaults,
        "default_rate": group.default_rate.value,
        "default_rate_low": group.default_rate.low,
        "default_rate_high": group.default_rate.high,
        "exposure": group.exposure.value,
        "expected_loss": {name: found.value for name, found in zip(names, group.expected_loss, strict=True)},
        "observed_loss": group.observed_loss.value,
        "profit": plain(group.profit),
    }
