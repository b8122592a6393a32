"""The figures of one cohort as data for other programs, computed by the functions that the pages call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import polars as pl

from dashboard.cohort.cautions import caution, reversal
from dashboard.cohort.filters import Filters
from dashboard.metrics.counts import ScoreCounts, count_scores
from dashboard.metrics.distribution import pd_distribution
from dashboard.metrics.economics import CutoffCurve, cost_sensitivity, lgd_sensitivity, margin_sensitivity
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.metrics.ranking import CapCurve
from dashboard.report import catalogue, further
from dashboard.report.further import Grade, Model, Overrides, own_unit
from dashboard.report.plain import plain
from dashboard.visit.links import FILTER_PREFIX, word_filters
from dashboard.words import labels
from data.errors import ScoreroomError
from data.predictions.roles.answers import TURNED
from data.predictions.table import WEIGHT, Predictions

# What says nothing of a score that is no probability, beside the figures that give that as their reason.
_OF_PDS = (
    "ece_by_chance",
    "ece_by_chance_high",
    "n_groups",
    "n_groups_fitting",
    "log_loss_of_default_rate",
    "smallest_significant_gap",
    "observed_loss",
    "calibration_verdict",
    "calibration_checks",
    "cost_given_away",
    "profit_given_away",
    "spiegelhalter_test",
    "hosmer_lemeshow_test",
    "bands",
    "reliability",
    "brier_decomposition",
    "sensitivity",
)
FORMAT, VERSION = "scoreroom.evaluation", 2


class EmptyCohortError(ScoreroomError):
    """Raised if a cohort has no application."""

    @classmethod
    def from_no_rows(cls) -> Self:
        return cls("No applications match these conditions; remove one of --where.")


@dataclass(frozen=True, slots=True)
class Report:
    """A cohort of `predictions` with its results."""

    predictions: Predictions
    filters: Filters
    evaluation: Evaluation

    @property
    def rows(self) -> pl.DataFrame:
        """The rows of the predictions, with every column that the cohort is cut by."""
        return self.predictions.holding(self.filters.needed)

    @property
    def models(self) -> Mapping[str, Model]:
        """Every score of the table by its name, the one that is shown first."""
        return further.models(*self._shown)

    @property
    def overrides(self) -> Overrides | None:
        """Final decisions against the model's; None unless the table has both."""
        return further.overrides(*self._shown)

    @property
    def grades(self) -> tuple[Grade, ...]:
        """Calibration of each grade of the table, the safest first."""
        return further.grades(*self._shown)

    @property
    def weighted_by(self) -> str | None:
        """The column that says how often each application counts; None where each counts once."""
        if self.evaluation.counts.weighing is None:
            return None
        return self.predictions.roles.get(WEIGHT, WEIGHT)

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """Column and value of each condition, as `dashboard.report.conditions` reads them."""
        return tuple((name.removeprefix(FILTER_PREFIX), value) for name, value in word_filters(self.filters))

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences about the file and the cohort that belong beside the figures."""
        evaluation = self.evaluation
        notices = [*self.predictions.source.notices, _word_weights(self), _word_open(evaluation.counts)]
        notices += [caution(evaluation.counts, self.filters)]
        if not self.filters.is_cut_by_outcome:
            notices += [self._reversal, evaluation.suspicion]
            is_doubtful = not evaluation.why_no_pd and evaluation.calibration.is_doubtful
            notices += [evaluation.calibration.message if is_doubtful else ""]
        return tuple(notice for notice in notices if notice)

    @property
    def _reversal(self) -> str:
        """The warning about a score that ranks the wrong way round, with the flag that turns it; empty if none."""
        told = reversal(self.evaluation.roc_auc)
        flags = [f"--map {name}={TURNED[word]}" for word, name in self.predictions.roles.items() if word in TURNED]
        return f"{told} ({flags[0]})" if told and flags else told

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON holds it: counts as numbers, figures as value, low and high, tables as lists."""
        return {
            "format": FORMAT,
            "version": VERSION,
            **self._origin(),
            **self._counts(),
            **self._figures(),
            **self._tables(),
            **self._further(),
            **(dict.fromkeys(_OF_PDS) if self.evaluation.why_no_pd else {}),
        }

    def _origin(self) -> dict[str, Any]:
        assumptions, source = self.evaluation.assumptions, self.predictions.source
        return {
            "source": {"name": source.name, "digest": source.digest, "is_imported": source.is_imported},
            "roles": dict(self.predictions.roles),
            "where": [f"{name}={value}" for name, value in self.conditions],
            "notices": list(self.notices),
            "assumptions": plain(assumptions),
            "cutoff": self.evaluation.confusion.cutoff,
        }

    def _counts(self) -> dict[str, Any]:
        evaluation, decided = self.evaluation, self.evaluation.confusion
        return {
            "weighted_by": self.weighted_by,
            "n_rows": evaluation.counts.n_rows,
            "n_effective": evaluation.counts.effective.n_applications,
            "n_applications": evaluation.counts.n_applications,
            "n_open": evaluation.counts.n_open,
            "n_resolved": evaluation.counts.n_resolved,
            "n_defaults": evaluation.counts.n_bad,
            "approved": decided.approved,
            "declined": decided.declined,
            "true_declines": decided.true_declines,
            "false_declines": decided.false_declines,
            "true_approvals": decided.true_approvals,
            "false_approvals": decided.false_approvals,
        }

    def _figures(self) -> dict[str, Any]:
        evaluation = self.evaluation
        figures = {metric.name: metric.of(evaluation) for metrics in catalogue.PAGES.values() for metric in metrics}
        return {
            **plain(figures),
            "ks_cutoff": evaluation.ks.cutoff,
            **{
                f"{economics.now.name}_given_away": _given_away(economics.of(evaluation))
                for economics in catalogue.ECONOMICS
            },
            "ece_by_chance": evaluation.calibration_error.noise,
            "ece_by_chance_high": evaluation.calibration_error.noise_high,
            "n_groups": int(evaluation.calibration_error.groups.applications.size),
            "n_groups_fitting": evaluation.calibration_error.groups.n_fitting,
            "log_loss_of_default_rate": evaluation.log_loss.of_default_rate,
            "smallest_significant_gap": evaluation.smallest_significant_gap,
            "observed_loss": plain(evaluation.observed_loss),
            "calibration_verdict": evaluation.calibration.standing.value,
            "calibration_checks": plain(evaluation.calibration.checks),
        }

    def _tables(self) -> dict[str, Any]:
        evaluation = self.evaluation
        counts, given = evaluation.counts, evaluation.assumptions
        return {
            "spiegelhalter_test": plain(evaluation.spiegelhalter),
            "hosmer_lemeshow_test": plain(evaluation.hosmer_lemeshow),
            "pd_distribution": plain(pd_distribution(counts)),
            "bands": [{**plain(band), "observed_expected": plain(band.ratio)} for band in evaluation.bands],
            "captured": _captured(evaluation.cap),
            "lift": plain(evaluation.lift),
            "reliability": plain(evaluation.calibration_error.groups),
            "brier_decomposition": plain(evaluation.brier_parts),
            "sensitivity": {
                "cost_ratio": plain(cost_sensitivity(counts, given.costs, cutoff=given.cutoff)),
                "lgd": plain(lgd_sensitivity(counts, given.terms, cutoff=given.cutoff)),
                "margin": plain(margin_sensitivity(counts, given.terms, cutoff=given.cutoff)),
            },
        }

    def _further(self) -> dict[str, Any]:
        return {
            "scale": own_unit(self.predictions, self.evaluation.confusion.cutoff, self.evaluation.ks.cutoff),
            "models": plain(dict(self.models)),
            "overrides": plain(self.overrides),
            "grades": plain(self.grades),
        }

    @property
    def _shown(self) -> tuple[Predictions, pl.Expr | None]:
        return replace(self.predictions, frame=self.rows), self.filters.expression()


def evaluate(predictions: Predictions, filters: Filters, assumptions: Assumptions) -> Report:
    """The report on the cohort that `filters` selects from `predictions`, prepared as `dashboard.cohort.columns` does.

    Raises:
        EmptyCohortError: the cohort holds no application.
    """
    chosen = filters.at(assumptions.cutoff)
    counts = count_scores(predictions.holding(chosen.needed), predictions.grid, filters=chosen.expression())
    if not counts.n_applications:
        raise EmptyCohortError.from_no_rows()
    return Report(predictions, chosen, Evaluation(counts, assumptions, why_no_pd=predictions.why_no_pd))


def _word_weights(report: Report) -> str:
    counts = report.evaluation.counts
    if counts.weighing is None:
        return ""
    return (
        f"Weighted by {report.weighted_by}: {labels.plural(counts.n_rows, 'row')} whose weights add up to "
        f"{counts.n_applications:,.6g}; intervals are those of {counts.effective.n_applications:,.0f} effective "
        "applications (Kish). Significance tests are not defined, and findings are not looked for."
    )


def _word_open(counts: ScoreCounts) -> str:
    if not counts.n_open:
        return ""
    return (
        f"{counts.n_open:,} of {labels.plural(counts.n_applications, 'application')} have no outcome yet: they count "
        "in approvals, mean PD and expected loss, and in nothing that compares PDs with what happened."
    )


def _given_away(curve: CutoffCurve | None) -> float | None:
    return None if curve is None else curve.given_away


def _captured(curve: CapCurve | None) -> dict[str, list[float]] | None:
    if curve is None:
        return None
    shares = catalogue.CAP_SHARES
    return {"riskiest": list(shares), "captured": [curve.captured_at(share) for share in shares]}
