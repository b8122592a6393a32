"""The figures of the pages, each declared once: its name, its label, how it is computed, worded and explained.

Pages show these figures, and `python -m scripts.evaluate` writes all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from dashboard.metrics.comparison import Comparison, ModelComparison
from dashboard.metrics.economics import NOTHING_AT_STAKE, CutoffCurve
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.metrics.rates import Confusion
from dashboard.visit.assumptions import COST_UNIT
from dashboard.words import labels
from dashboard.words.money import money, unit

NO_DIFFERENCE = "a difference of it would say nothing"
Word = Callable[[float], str]
Difference = Callable[[Comparison], Estimate]
Of = Callable[[Evaluation], Estimate]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure: `name` for programs, `label` and `help` for readers, `word` for its number.

    `label` and `help` may name assumptions in braces: beta, n_groups, lgd. `difference` is by how much two cohorts
    differ in it, None where that would say nothing: of sums, and of what is best looking back. One `at_cutoff` is
    another at another cutoff. One that `needs_pd` takes scores for probabilities, and is not defined of others.
    """

    name: str
    label: str
    of: Of
    word: Word
    help: str
    difference: Difference | None = None
    at_cutoff: bool = False
    needs_pd: bool = False

    def __post_init__(self) -> None:
        if self.needs_pd:
            object.__setattr__(self, "of", partial(_where_pds, self.of))

    def between(self, comparison: Comparison) -> Estimate:
        """By how much the two cohorts of a comparison differ, or the two models."""
        why_no_pd = comparison.own.why_no_pd or comparison.other.why_no_pd
        if self.needs_pd and why_no_pd:
            return Estimate.undefined(why_no_pd)
        if self.difference is None:
            return Estimate.undefined(NO_DIFFERENCE)
        if isinstance(comparison, ModelComparison):
            return comparison.between(self.name, self.of)
        return self.difference(comparison)

    def word_difference(self, value: float) -> str:
        """A difference of two values, with its sign; shares differ in points."""
        if self.word in _PERCENTAGES:
            return labels.signed_points(value, 2 if self.word is not _short_percent else 1)
        worded = self.word(value)
        return worded if worded.startswith("−") else f"+{worded}"

    def label_under(self, assumptions: Assumptions) -> str:
        """The label, with the assumptions filled in."""
        return _filled(self.label, assumptions)

    def help_under(self, assumptions: Assumptions) -> str:
        """The help, with the assumptions filled in."""
        return _filled(self.help, assumptions)


def in_currency(metric: Metric, currency: str) -> Metric:
    """A figure of money in `currency` instead of in currency units."""
    # The help is a template: what stands in braces is filled in.
    words = labels.plain(unit(currency)).replace("{", "{{").replace("}", "}}")
    return replace(metric, word=partial(money, currency=currency), help=metric.help.replace(unit(""), words))


def _filled(text: str, assumptions: Assumptions) -> str:
    return text.format(
        beta=f"{assumptions.beta:g}", n_groups=assumptions.n_groups, lgd=labels.typed_percent(assumptions.terms.lgd)
    )


def _where_pds(of: Of, evaluation: Evaluation) -> Estimate:
    return Estimate.undefined(evaluation.why_no_pd) if evaluation.why_no_pd else of(evaluation)


def _short_percent(share: float) -> str:
    return labels.percent(share, 1)


def _signed_percent(share: float) -> str:
    return labels.percent(share).replace("-", "−")


_PERCENTAGES: tuple[Word, ...] = (labels.percent, _short_percent, _signed_percent, labels.points)


def _score(value: float) -> str:
    return labels.decimal(value, 4)


def _cost(value: float) -> str:
    return labels.amount(COST_UNIT * value)


def _mean_over(measure: Of, weight: Callable[[Evaluation], float]) -> Difference:
    return lambda comparison: comparison.of_mean(measure, weight)


def _decided(measure: Callable[[Confusion], Estimate], weight: Callable[[Confusion], float]) -> Difference:
    return _mean_over(lambda e: measure(e.confusion), lambda e: weight(e.confusion))


def _figure(measure: Of) -> Difference:
    return lambda comparison: comparison.of_figure(measure)


def _n(evaluation: Evaluation) -> float:
    return evaluation.counts.n_resolved


def _weight_of_f(decided: Confusion, beta: float) -> float:
    """The denominator of F-beta, which is a share of it."""
    ratio = beta * beta
    hits = (1 + ratio) * decided.true_declines
    return hits + ratio * decided.false_approvals + decided.false_declines


def _skill(evaluation: Evaluation) -> Estimate:
    parts = evaluation.brier_parts
    return Estimate.undefined(evaluation.counts.why_unresolved) if parts is None else parts.skill


def _at_ks(share: Callable[[Confusion], Estimate], evaluation: Evaluation) -> Estimate:
    ks = evaluation.ks
    if ks.cutoff is None:
        return Estimate.undefined(ks.statistic.reason)
    return share(evaluation.at(ks.cutoff).confusion)


def _of_curve(
    curve: Callable[[Evaluation], CutoffCurve | None],
    measure: Callable[[CutoffCurve], Estimate],
    evaluation: Evaluation,
) -> Estimate:
    curve_at_hand = curve(evaluation)
    if curve_at_hand is None:
        return Estimate.undefined(evaluation.counts.why_unresolved)
    return measure(curve_at_hand)


def _best(curve: CutoffCurve) -> Estimate:
    return Estimate.undefined(curve.optimum.reason) if curve.best is None else Estimate(curve.best)


def _theory(curve: CutoffCurve) -> Estimate:
    return Estimate.undefined(NOTHING_AT_STAKE) if curve.theory is None else Estimate(curve.theory)


DEFAULT_RATE = Metric(
    "default_rate",
    "Default rate",
    lambda e: e.default_rate,
    labels.percent,
    "Share of the cohort's applications that defaulted; Wilson interval.",
    _mean_over(lambda e: e.default_rate, _n),
)
MEAN_PD = Metric(
    "mean_pd",
    "Mean PD",
    lambda e: e.mean_pd,
    labels.percent,
    "Average predicted probability of default. Close to the default rate when PDs are calibrated.",
    _mean_over(lambda e: e.mean_pd, lambda e: e.counts.n_applications),
    needs_pd=True,
)
EXPECTED_LOSS = Metric(
    "expected_loss",
    "Expected loss",
    lambda e: e.expected_loss,
    partial(money, currency=""),
    "Sum of PD x LGD x exposure in currency units, at an LGD of {lgd}. It takes PDs for probabilities; observed is LGD "
    "x exposure of what defaulted.",
    needs_pd=True,
)
APPROVED_LOSS = Metric(
    "approved_loss",
    "Expected loss",
    lambda e: e.approved_loss,
    partial(money, currency=""),
    "Sum of PD x LGD x exposure in currency units of the applications that the cutoff approves, at an LGD of {lgd}.",
    at_cutoff=True,
    needs_pd=True,
)
LOSSES = (EXPECTED_LOSS, APPROVED_LOSS)
ROC_AUC = Metric(
    "roc_auc",
    "ROC AUC",
    lambda e: e.roc_auc,
    labels.decimal,
    "Chance that a random defaulter has a higher PD than a random non-defaulter; DeLong interval.",
    lambda comparison: comparison.roc_auc,
)
GINI = Metric(
    "gini",
    "Gini",
    lambda e: e.gini,
    labels.decimal,
    "2 AUC - 1, also the accuracy ratio of the CAP: 0 for no discrimination, 1 for perfect.",
    lambda comparison: comparison.roc_auc.mapped(lambda auc: 2 * auc),
)
KS = Metric(
    "ks",
    "KS",
    lambda e: e.ks.statistic,
    labels.decimal,
    "Largest gap between the shares of defaulters and of non-defaulters below a PD.",
    _figure(lambda e: e.ks.statistic),
)
AVERAGE_PRECISION = Metric(
    "average_precision",
    "Average precision",
    lambda e: e.average_precision,
    labels.decimal,
    "Mean share of defaults among the applications declined together with each default. By chance it is the default "
    "rate, so compare cohorts of similar default rates only.",
    _figure(lambda e: e.average_precision),
)
APPROVAL_RATE = Metric(
    "approval_rate",
    "Approval rate",
    lambda e: e.confusion.approval_rate,
    labels.percent,
    "Share of the cohort whose PD is below the cutoff; Wilson interval.",
    _decided(lambda c: c.approval_rate, lambda c: c.applications),
    at_cutoff=True,
)
BAD_RATE = Metric(
    "bad_rate",
    "Bad rate",
    lambda e: e.confusion.bad_rate,
    labels.percent,
    "Share of the approved that defaulted; Wilson interval.",
    _decided(lambda c: c.bad_rate, lambda c: c.resolved_approved),
    at_cutoff=True,
)
OVERVIEW = (DEFAULT_RATE, MEAN_PD, EXPECTED_LOSS, ROC_AUC, GINI, KS, APPROVAL_RATE, BAD_RATE)
DISCRIMINATION = (ROC_AUC, GINI, KS, AVERAGE_PRECISION)


# The effect of declining from the cutoff on, as the discrimination page words it.
DEFAULTS_DECLINED = Metric(
    "recall",
    "Defaults declined",
    lambda e: e.confusion.recall,
    _short_percent,
    "Share of the defaults with a PD at or above the cutoff (recall); Wilson interval.",
    _decided(lambda c: c.recall, lambda c: c.defaults),
    at_cutoff=True,
)
NON_DEFAULTS_DECLINED = Metric(
    "false_positive_rate",
    "Non-defaults declined",
    lambda e: e.confusion.false_positive_rate,
    _short_percent,
    "Share of the non-defaults with a PD at or above the cutoff (false positive rate); Wilson interval.",
    _decided(lambda c: c.false_positive_rate, lambda c: c.non_defaults),
    at_cutoff=True,
)
DEFAULTS_AMONG_DECLINED = Metric(
    "precision",
    "Defaults among the declined",
    lambda e: e.confusion.precision,
    _short_percent,
    "Share of the declined that default (precision); Wilson interval.",
    _decided(lambda c: c.precision, lambda c: c.resolved_declined),
    at_cutoff=True,
)
# The riskiest shares of applications for which the share of all defaults is reported.
CAP_SHARES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5)
AT_CUTOFF = (DEFAULTS_DECLINED, NON_DEFAULTS_DECLINED, DEFAULTS_AMONG_DECLINED)

# The page shows these two by evaluating at the PD where the KS is reached.
AT_KS = (
    replace(
        DEFAULTS_DECLINED,
        name="recall_at_ks",
        of=partial(_at_ks, lambda decided: decided.recall),
        difference=None,
        at_cutoff=False,
    ),
    replace(
        NON_DEFAULTS_DECLINED,
        name="false_positive_rate_at_ks",
        of=partial(_at_ks, lambda decided: decided.false_positive_rate),
        difference=None,
        at_cutoff=False,
    ),
)

CALIBRATION_ERROR = Metric(
    "ece",
    "Calibration error",
    lambda e: e.calibration_error.error,
    labels.points,
    "Mean gap of PD and default rate over {n_groups} groups (ECE). Chance alone gives right PDs some, too.",
    _figure(lambda e: e.calibration_error.error),
    needs_pd=True,
)
OBSERVED_EXPECTED = Metric(
    "observed_expected",
    "Observed / expected",
    lambda e: e.in_the_large.ratio,
    labels.decimal,
    "Defaults observed per default expected: 1 is right, above 1 PDs are too low on the whole.",
    _mean_over(lambda e: e.in_the_large.ratio, lambda e: e.counts.resolved.pd_sum),
    needs_pd=True,
)
CALIBRATION = (
    OBSERVED_EXPECTED,
    Metric(
        "calibration_intercept",
        "Intercept (log-odds)",
        lambda e: e.in_the_large.intercept,
        labels.decimal,
        "What has to be added to the log-odds of every PD: 0 is right, above 0 PDs are too low on the whole.",
        lambda comparison: comparison.intercept,
        needs_pd=True,
    ),
    Metric(
        "calibration_slope",
        "Calibration slope",
        lambda e: e.slope.slope,
        labels.decimal,
        "1 is right; below 1 PDs are too extreme, above 1 too much alike.",
        lambda comparison: comparison.line.slope,
        needs_pd=True,
    ),
    CALIBRATION_ERROR,
    Metric(
        "brier",
        "Brier score",
        lambda e: e.brier,
        _score,
        "Mean squared difference of PD and outcome; lower is better.",
        _mean_over(lambda e: e.brier, _n),
        needs_pd=True,
    ),
    Metric(
        "brier_skill",
        "Brier skill",
        _skill,
        _signed_percent,
        "How much lower the Brier score is than with the default rate as everybody's PD; 100 % is foresight.",
        lambda comparison: comparison.brier_skill,
        needs_pd=True,
    ),
    Metric(
        "log_loss",
        "Log-loss",
        lambda e: e.log_loss.score,
        _score,
        "Mean surprise at the outcomes, in nats; lower is better, and sure but wrong PDs cost most.",
        _mean_over(lambda e: e.log_loss.score, _n),
        needs_pd=True,
    ),
)

DECISIONS = (
    Metric(
        "recall",
        "Recall",
        lambda e: e.confusion.recall,
        labels.percent,
        "Share of the defaults that are declined.",
        _decided(lambda c: c.recall, lambda c: c.defaults),
        at_cutoff=True,
    ),
    Metric(
        "precision",
        "Precision",
        lambda e: e.confusion.precision,
        labels.percent,
        "Share of defaults among the declined.",
        _decided(lambda c: c.precision, lambda c: c.resolved_declined),
        at_cutoff=True,
    ),
    Metric(
        "specificity",
        "Specificity",
        lambda e: e.confusion.specificity,
        labels.percent,
        "Share of the non-defaults that are approved.",
        _decided(lambda c: c.specificity, lambda c: c.non_defaults),
        at_cutoff=True,
    ),
    APPROVAL_RATE,
    BAD_RATE,
    Metric(
        "accuracy",
        "Accuracy",
        lambda e: e.confusion.accuracy,
        labels.percent,
        "Share of decisions that match the outcome. Approving all has a high one where defaults are rare.",
        _decided(lambda c: c.accuracy, lambda c: c.resolved),
        at_cutoff=True,
    ),
    Metric(
        "f1",
        "F1",
        lambda e: e.confusion.f1,
        labels.decimal,
        "Harmonic mean of precision and recall.",
        _decided(lambda c: c.f1, lambda c: _weight_of_f(c, 1.0)),
        at_cutoff=True,
    ),
    Metric(
        "mcc",
        "MCC",
        lambda e: e.confusion.mcc,
        labels.decimal,
        "Matthews correlation of decision and outcome: 0 for chance, 1 for perfect.",
        _figure(lambda e: e.confusion.mcc),
        at_cutoff=True,
    ),
    Metric(
        "f_beta",
        "F-beta (β = {beta})",
        lambda e: e.confusion.f_beta(e.assumptions.beta),
        labels.decimal,
        "Mean of precision and recall in which recall counts β times as much.",
        _mean_over(
            lambda e: e.confusion.f_beta(e.assumptions.beta), lambda e: _weight_of_f(e.confusion, e.assumptions.beta)
        ),
        at_cutoff=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Economics:
    """The four figures of a curve of cost or of profit, and its words; `of` gives the curve."""

    of: Callable[[Evaluation], CutoffCurve | None]
    now: Metric
    best: Metric
    optimum: Metric
    theory: Metric
    better: str
    formula: str

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The figures in the order of the page."""
        return (self.now, self.best, self.optimum, self.theory)


def _economics(
    noun: str,
    best: str,
    per: str,
    word: Word,
    of: Callable[[Evaluation], CutoffCurve | None],
    better: str,
    formula: str,
) -> Economics:
    name = noun.lower()

    def measured(measure: Callable[[CutoffCurve], Estimate]) -> Callable[[Evaluation], Estimate]:
        return partial(_of_curve, of, measure)

    return Economics(
        of,
        Metric(
            name,
            f"{noun} {per}",
            measured(lambda c: c.now),
            word,
            f"{noun} at the cutoff in force.",
            _mean_over(measured(lambda c: c.now), _n),
            at_cutoff=True,
            needs_pd=True,
        ),
        Metric(
            f"best_{name}",
            f"{best} {per}",
            measured(_best),
            word,
            f"{best} of any cutoff, looking back on these very applications.",
            needs_pd=True,
        ),
        Metric(
            f"best_cutoff_by_{name}",
            "Best cutoff",
            measured(lambda c: c.optimum),
            labels.percent,
            "The best one for these applications, and the range that holds their population's best one in 95 % of "
            "samples.",
            # A cutoff in force that could not be set itself is among those of which it is the best.
            at_cutoff=True,
            needs_pd=True,
        ),
        Metric(
            f"break_even_by_{name}",
            "Break-even PD",
            measured(_theory),
            labels.percent,
            f"PD at which approving and declining are worth the same, {formula}: the best cutoff where PDs are right.",
            needs_pd=True,
        ),
        better,
        formula,
    )


COSTS = _economics("Cost", "Lowest", "per 1,000", _cost, lambda e: e.costs, "less", "FP / (FP + FN)")
PROFIT = _economics(
    "Profit",
    "Highest",
    "per application",
    partial(money, currency=""),
    lambda e: e.profit,
    "more",
    "margin / (margin + LGD)",
)
ECONOMICS = (COSTS, PROFIT)

# What the command writes, by the heading under which it does.
PAGES: Mapping[str, tuple[Metric, ...]] = MappingProxyType(
    {
        "Overview": OVERVIEW,
        "Discrimination": (*DISCRIMINATION, *AT_CUTOFF),
        "At the PD of the KS": AT_KS,
        "Calibration": CALIBRATION,
        "Cutoff": DECISIONS,
        "Costs": COSTS.metrics,
        "Profit": (*PROFIT.metrics, APPROVED_LOSS),
    }
)
