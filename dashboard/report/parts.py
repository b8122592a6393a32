"""What a report can hold, by name: each chart as a function of a cohort, and the sets of figures.

The functions are those that the pages call, with the same arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from dashboard.charts.band_calibration import plot_band_calibration
from dashboard.charts.bands import plot_bands
from dashboard.charts.chart import Chart
from dashboard.charts.confusion import plot_confusion
from dashboard.charts.distribution import plot_pd_distribution
from dashboard.charts.economics import plot_cost_curve, plot_profit_curve
from dashboard.charts.lift import plot_gain, plot_lift
from dashboard.charts.ranking import plot_cap, plot_ks, plot_precision_recall
from dashboard.charts.reliability import plot_calibration_gap, plot_reliability
from dashboard.charts.roc import plot_roc
from dashboard.charts.segment_tables import tabulate_report
from dashboard.charts.segments import plot_segments
from dashboard.charts.sensitivity import COST_RATIO, LGD, MARGIN, Assumption, plot_excess, plot_sensitivity
from dashboard.charts.stability import ShiftWords, pd_bin_labels, plot_shift
from dashboard.charts.template import Named, Table
from dashboard.cohort.bins import Bins, make_bins
from dashboard.metrics.column_counts import count_both
from dashboard.metrics.counts import ScoreCounts, count_scores_by
from dashboard.metrics.discrimination import roc_curve
from dashboard.metrics.distribution import pd_distribution
from dashboard.metrics.economics import Sensitivity, cost_sensitivity, lgd_sensitivity, margin_sensitivity
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.ranking import ks_curve, precision_recall_curve
from dashboard.metrics.segments import Measure, Order, SegmentReport, segment_report
from dashboard.metrics.stability import population_stability
from dashboard.report import catalogue
from dashboard.report.catalogue import Metric
from dashboard.report.report import Report
from dashboard.words import labels
from data.predictions.table import CohortColumn

T = TypeVar("T")
# As the page cuts a number unless asked otherwise.
_N_GROUPS = 10


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is of: a cohort, what it is compared with, and the code of the currency (may be empty)."""

    own: Report
    against: Named[Report] | None
    currency: str

    @property
    def evaluation(self) -> Evaluation:
        """The cohort's results."""
        return self.own.evaluation

    @property
    def counts(self) -> ScoreCounts:
        """The cohort's counts."""
        return self.evaluation.counts

    @property
    def cutoff(self) -> float:
        """The cutoff in force, a PD."""
        return self.evaluation.assumptions.cutoff

    def other(self, of: Callable[[Evaluation], T]) -> Named[T] | None:
        """What `of` gives for what the cohort is compared with; None where that is nothing."""
        return None if self.against is None else Named(self.against.name, of(self.against.value.evaluation))

    def compared(self, measure: Callable[[ScoreCounts], T]) -> Named[T] | None:
        """The same of its counts."""
        return self.other(lambda evaluation: measure(evaluation.counts))


@dataclass(frozen=True, slots=True)
class ChartPart:
    """A chart that a report can hold: its `label` in a list, the `group` it is listed in, and how it is drawn.

    One that `needs_comparison` is left out of a report without any.
    """

    label: str
    group: str
    draw: Callable[[Subject], Chart]
    needs_comparison: bool = False


@dataclass(frozen=True, slots=True)
class CardsPart:
    """A set of figures that a report can hold as one table."""

    label: str
    metrics: tuple[Metric, ...]


def segments(subject: Subject, column: CohortColumn) -> tuple[Chart, Table]:
    """The default rates of the groups of `column`, drawn, and all that is measured of them."""
    bins = make_bins(subject.own.predictions.frame[column.name], column, _N_GROUPS)
    own = _segments_of(subject.own, bins)
    against = (
        None if subject.against is None else Named(subject.against.name, _segments_of(subject.against.value, bins))
    )
    measure, order = Measure.DEFAULT_RATE, Order.WORST
    return (
        plot_segments(own, measure=measure, order=order, against=against),
        tabulate_report(own, order=order, measure=measure, against=against),
    )


def _segments_of(report: Report, bins: Bins) -> SegmentReport:
    predictions, given = report.predictions, report.evaluation.assumptions
    counted = count_scores_by(report.rows, bins.code(), predictions.grid, filters=report.filters.expression())
    break_even = given.costs.theory_cutoff
    return segment_report(
        {int(str(code)): counts for code, counts in counted.items()},
        bins.labels,
        report.evaluation.counts,
        column=bins.title,
        cutoff=given.cutoff,
        break_even=given.cutoff if break_even is None else break_even,
    )


def _distribution(subject: Subject) -> Chart:
    spread = pd_distribution(subject.counts)
    return plot_pd_distribution(spread, auc=subject.evaluation.roc_auc, cutoff=subject.cutoff)


def _roc(subject: Subject) -> Chart:
    found = subject.evaluation
    return plot_roc(
        roc_curve(subject.counts), auc=found.roc_auc, confusion=found.confusion, against=subject.compared(roc_curve)
    )


def _precision_recall(subject: Subject) -> Chart:
    return plot_precision_recall(
        precision_recall_curve(subject.counts),
        average=subject.evaluation.average_precision,
        confusion=subject.evaluation.confusion,
        against=subject.compared(precision_recall_curve),
    )


def _ks(subject: Subject) -> Chart:
    return plot_ks(
        ks_curve(subject.counts),
        statistic=subject.evaluation.ks.statistic,
        cutoff=subject.cutoff,
        against=subject.compared(ks_curve),
    )


def _cap(subject: Subject) -> Chart:
    found = subject.evaluation
    return plot_cap(found.cap, ratio=found.gini, against=subject.other(lambda e: e.cap))


def _profit(subject: Subject) -> Chart:
    return plot_profit_curve(
        subject.evaluation.profit, currency=subject.currency, against=subject.other(catalogue.PROFIT.of)
    )


def _measured(assumption: Assumption, subject: Subject) -> Callable[[ScoreCounts], Sensitivity | None]:
    given = subject.evaluation.assumptions
    if assumption is LGD:
        return lambda counts: lgd_sensitivity(counts, given.terms, cutoff=given.cutoff)
    if assumption is MARGIN:
        return lambda counts: margin_sensitivity(counts, given.terms, cutoff=given.cutoff)
    return lambda counts: cost_sensitivity(counts, given.costs, cutoff=given.cutoff)


def _sensitivity(assumption: Assumption, subject: Subject) -> Chart:
    measure = _measured(assumption, subject)
    return plot_sensitivity(measure(subject.counts), assumption, against=subject.compared(measure))


def _excess(assumption: Assumption, subject: Subject) -> Chart:
    measure = _measured(assumption, subject)
    return plot_excess(
        measure(subject.counts), assumption, currency=subject.currency, against=subject.compared(measure)
    )


def _shift(subject: Subject) -> Chart:
    against = subject.against
    if against is None:
        raise ValueError("A shift needs two cohorts.")
    sides = (subject.own.filters, against.value.filters)
    rows = subject.own.predictions.holding(name for side in sides for name in side.needed)
    overlap = count_both(rows, *(side.expression() for side in sides))
    found = population_stability(against.value.evaluation.counts, subject.counts, overlap=overlap)
    words = ShiftWords("PD", "PSI", pd_bin_labels(found.edges), against.name, "Cohort")
    return plot_shift(found.stability, words)


CHARTS: Mapping[str, ChartPart] = MappingProxyType(
    {
        "pd-distribution": ChartPart("Distribution of PD", "Risk", _distribution),
        "bands": ChartPart(
            "Risk bands",
            "Risk",
            lambda s: plot_bands(s.evaluation.bands, against=s.other(lambda e: e.bands)),
        ),
        "roc": ChartPart("ROC curve", "Discrimination", _roc),
        "precision-recall": ChartPart("Precision-recall curve", "Discrimination", _precision_recall),
        "ks": ChartPart("KS curve", "Discrimination", _ks),
        "cap": ChartPart("CAP", "Discrimination", _cap),
        "lift": ChartPart(
            "Lift", "Discrimination", lambda s: plot_lift(s.evaluation.lift, against=s.other(lambda e: e.lift))
        ),
        "gain": ChartPart(
            "Gain", "Discrimination", lambda s: plot_gain(s.evaluation.lift, against=s.other(lambda e: e.lift))
        ),
        "reliability": ChartPart(
            "Reliability curve",
            "Calibration",
            lambda s: plot_reliability(
                s.evaluation.calibration_error.groups, against=s.other(lambda e: e.calibration_error.groups)
            ),
        ),
        "calibration-gap": ChartPart(
            "Calibration gap",
            "Calibration",
            lambda s: plot_calibration_gap(
                s.evaluation.calibration_error.groups, against=s.other(lambda e: e.calibration_error.groups)
            ),
        ),
        "band-calibration": ChartPart(
            "Calibration by risk band",
            "Calibration",
            lambda s: plot_band_calibration(s.evaluation.bands, against=s.other(lambda e: e.bands)),
        ),
        "confusion": ChartPart(
            "Decisions and outcomes",
            "Cutoff",
            lambda s: plot_confusion(s.evaluation.confusion, against=s.other(lambda e: e.confusion)),
        ),
        "cost": ChartPart(
            "Cost by cutoff",
            "Cutoff",
            lambda s: plot_cost_curve(s.evaluation.costs, against=s.other(catalogue.COSTS.of)),
        ),
        "profit": ChartPart("Profit by cutoff", "Cutoff", _profit),
        **{
            f"best-cutoff-by-{name}": ChartPart(f"Best cutoff by {label}", "Cutoff", partial(_sensitivity, assumption))
            for name, label, assumption in (
                ("cost-ratio", "cost ratio", COST_RATIO),
                ("lgd", "LGD", LGD),
                ("margin", "margin", MARGIN),
            )
        },
        **{
            f"excess-by-{name}": ChartPart(
                f"What this cutoff gives up by {label}", "Cutoff", partial(_excess, assumption)
            )
            for name, label, assumption in (
                ("cost-ratio", "cost ratio", COST_RATIO),
                ("lgd", "LGD", LGD),
                ("margin", "margin", MARGIN),
            )
        },
        "psi": ChartPart("Shift of PD (PSI)", "Stability", _shift, needs_comparison=True),
    }
)


def _word_p(value: float) -> str:
    return "< 0.001" if value < 0.001 else labels.decimal(value)


_TESTS = (
    Metric(
        "spiegelhalter_p",
        "Spiegelhalter test, p",
        lambda e: e.spiegelhalter.p_value,
        _word_p,
        "How surprising the Brier score would be if every PD were right; below 0.05 the test rejects that.",
    ),
    Metric(
        "hosmer_lemeshow_p",
        "Hosmer-Lemeshow test, p",
        lambda e: e.hosmer_lemeshow.p_value,
        _word_p,
        "How surprising the defaults of {n_groups} groups would be if every PD were right. With very many applications "
        "tests reject differences that nobody would act on.",
    ),
)
CARDS: Mapping[str, CardsPart] = MappingProxyType(
    {
        "overview": CardsPart("Key figures", catalogue.OVERVIEW),
        "discrimination": CardsPart("Discrimination", (*catalogue.DISCRIMINATION, *catalogue.AT_CUTOFF)),
        "calibration": CardsPart("Calibration", catalogue.CALIBRATION),
        "tests": CardsPart("Significance tests of calibration", _TESTS),
        "decisions": CardsPart("Decisions at the cutoff", catalogue.DECISIONS),
        "costs": CardsPart("Costs", catalogue.COSTS.metrics),
        "profit": CardsPart("Profit", (*catalogue.PROFIT.metrics, catalogue.APPROVED_LOSS)),
    }
)


def metrics_of(name: str, currency: str) -> tuple[Metric, ...]:
    """The figures of a set of cards, amounts in `currency`."""
    return tuple(
        catalogue.in_currency(each, currency) if each in catalogue.LOSSES else each for each in CARDS[name].metrics
    )
