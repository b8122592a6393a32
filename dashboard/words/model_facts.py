"""The content of a model card, from the manifest, the counts and the application table; no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from dashboard.metrics.calibration import brier_score, expected_calibration_error
from dashboard.metrics.calibration_fit import calibration_in_the_large, calibration_slope
from dashboard.metrics.calibration_scores import log_loss
from dashboard.metrics.calibration_tests import MIN_EXPECTED
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.discrimination import gini, ks_statistic, roc_auc
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.rates import default_rate, mean_pd
from dashboard.words import labels
from data.definition.columns import Column, Kind, Sensitivity
from data.definition.definition import Definition
from data.predictions.table import CohortColumn
from inference.model.artifact import ONNX, FeatureRecord, Manifest
from inference.model.session import ScoringSession

# Two float32 columns of the same PDs, added up in another order, differ by less.
_SAME_MEAN = 1e-6
_SHORT = 12
_SETTINGS = {
    "trees": "Trees, at most",
    "leaves": "Leaves a tree, at most",
    "min_rows_in_leaf": "Applications a leaf, at least",
    "feature_fraction": "Share of features a tree",
    "l2": "L2 penalty",
    "max_bin": "Bins a feature, at most",
}
FOLD_FIGURES = ("ROC AUC", "Default rate", "Mean PD")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the out-of-fold predictions: counted now (None where they are not the model's), and as published."""

    label: str
    live: Estimate | None
    published: float | None
    word: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The provenance of the training data in words, and whether the present table is the one trained on."""

    description: str
    is_synthetic: bool
    is_at_hand: bool


@dataclass(frozen=True, slots=True)
class LeftOutColumn:
    """A column of the application table that is not a feature itself, and why."""

    label: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class GroupCalibration:
    """A group of applications by a column that the model does not see, and how its PDs fit; `ratio` is O / E."""

    column: str
    name: str
    counts: ScoreCounts

    @property
    def ratio(self) -> Estimate:
        """Defaults observed per default expected."""
        return calibration_in_the_large(self.counts).ratio

    @property
    def is_off(self) -> bool:
        """Whether the interval of `ratio` leaves out 1, of a group that is large enough to conclude."""
        low, high = self.ratio.low, self.ratio.high
        return low is not None and high is not None and not self.is_small and not low <= 1 <= high

    @property
    def is_small(self) -> bool:
        """Whether too few defaults are expected and seen to conclude anything."""
        return max(self.counts.pd_sum, self.counts.n_bad) < MIN_EXPECTED

    @property
    def words(self) -> str:
        """What the ratio says of the group's PDs."""
        if self.is_small:
            return "Too few to conclude"
        if not self.is_off or self.ratio.value is None:
            return "Within chance"
        return (
            f"{labels.percent(abs(self.ratio.value - 1), 0)} {'more' if self.ratio.value > 1 else 'fewer'} than PDs say"
        )

    @property
    def brief(self) -> str:
        """The group, its ratio and the interval, for a sentence."""
        ratio, word = self.ratio, labels.decimal
        ends = labels.interval(word(ratio.low, 2), word(ratio.high, 2))
        return f"{word(ratio.value, 2)} for {self.column.lower()} “{self.name}” (95 %: {ends})"


def unseen_columns(
    manifest: Manifest, definition: Definition, columns: Sequence[CohortColumn]
) -> tuple[CohortColumn, ...]:
    """The protected ones of `columns` from which no feature of the model is computed."""
    used = {source for feature in manifest.features for source in feature.sources}
    unseen = set(definition.protected) - used
    return tuple(column for column in columns if column.name in unseen)


def summarise_groups(groups: Sequence[GroupCalibration]) -> str:
    """A sentence on the spread of observed / expected across groups; empty unless two groups are large enough."""
    sure = sorted((group for group in groups if not group.is_small), key=lambda group: group.ratio.value or 0.0)
    if len(sure) < 2:
        return ""
    n_off = sum(group.is_off for group in sure)
    return (
        f"Observed / expected runs from {sure[0].brief} to {sure[-1].brief}. In {n_off} of {len(sure)} groups the "
        f"interval excludes 1; chance alone would do so in about {labels.by_chance(len(sure))}."
    )


def describes(manifest: Manifest, counts: ScoreCounts) -> bool:
    """Whether `counts` are those of the out-of-fold predictions that were published with the model."""
    mean, n_rows = manifest.metrics.get("oof_mean_pd"), manifest.metrics.get("n_rows")
    if mean is None or n_rows != counts.n_applications:
        return False
    return abs(counts.pd_sum / counts.n_applications - mean) < _SAME_MEAN


def figures(manifest: Manifest, counts: ScoreCounts | None) -> tuple[Figure, ...]:
    """Discrimination and calibration out of fold; `counts` is None if the predictions are not the model's."""
    shown = []
    for label, measure, key, word in _FIGURES:
        shown.append(Figure(label, None if counts is None else measure(counts), manifest.metrics.get(key), word))
    return tuple(shown)


def figures_of_fold(counts: ScoreCounts) -> tuple[Figure, ...]:
    """The figures of FOLD_FIGURES on one fold's predictions; none of them is in the manifest."""
    specs = {label: (measure, word) for label, measure, _, word in _FIGURES}
    return tuple(Figure(label, specs[label][0](counts), None, specs[label][1]) for label in FOLD_FIGURES)


def training_data(manifest: Manifest, sha256: str, provenance: Mapping[str, object]) -> TrainingData:
    """Describe the training data by the application table's provenance; `sha256` is that of the present table."""
    is_synthetic = provenance.get("kind") == "synthetic"
    rows = _worded_count(provenance.get("rows"), "synthetic application" if is_synthetic else "application")
    if is_synthetic:
        text = f"The embedded portfolio: {rows}, drawn with seed {provenance.get('seed')}"
        text += f" from a profile whose SHA-256 begins with {short(str(provenance.get('profile')))}."
    else:
        name = provenance.get("name") or "A file"
        text = f"{name}: {rows}, a file whose SHA-256 begins with {short(str(provenance.get('sha256')))}."
    return TrainingData(text, is_synthetic, sha256 == manifest.training_data_sha256)


def left_out(manifest: Manifest, definition: Definition) -> tuple[LeftOutColumn, ...]:
    """The columns of the application table that are not features themselves, protected ones first."""
    own = {feature.name for feature in manifest.features}
    used = {source for feature in manifest.features for source in feature.sources}
    columns = [
        LeftOutColumn(column.label, column.name, _reason(column, is_used=column.name in used))
        for column in definition.columns
        if column.name not in own
    ]
    return tuple(sorted(columns, key=lambda column: _REASONS.index(column.reason)))


def _reason(column: Column, *, is_used: bool) -> str:
    if column.sensitivity is Sensitivity.PROTECTED:
        return _PROTECTED
    if column.kind in (Kind.ID, Kind.TARGET):
        return _IDENTIFIER if column.kind is Kind.ID else _OUTCOME
    return _PART if is_used else _NOT_CHOSEN


_PROTECTED = "Protected: cohorts can be cut by it, the model never sees it"
_IDENTIFIER, _OUTCOME = "Identifies the application", "Is the outcome itself"
_PART = "Counts only as a part of a derived feature"
_NOT_CHOSEN = "Not among the features of the definition"
_REASONS = (_PROTECTED, _IDENTIFIER, _OUTCOME, _PART, _NOT_CHOSEN)


def worded_kind(feature: FeatureRecord) -> str:
    """How a feature is derived from its sources."""
    if feature.sources != (feature.name,):
        return "Derived"
    return f"Category, {labels.plural(len(feature.levels), 'level')}" if feature.levels else "As stored"


def worded_sources(feature: FeatureRecord, definition: Definition) -> str:
    """The labels of the columns that a feature is computed from; the first few of many."""
    known = [definition.column(name).label for name in feature.sources]
    return ", ".join(known) if len(known) <= 4 else f"{', '.join(known[:3])} and {len(known) - 3} more"


def is_watched(feature: FeatureRecord, definition: Definition) -> bool:
    """Whether a sensitive column is among the feature's sources."""
    return any(definition.column(name).sensitivity is Sensitivity.SENSITIVE for name in feature.sources)


def worded_setting(name: str) -> str:
    """The label of a training setting."""
    return _SETTINGS.get(name, name.replace("_", " ").capitalize())


def trees_chosen(manifest: Manifest) -> str:
    """How the number of trees was chosen, in a sentence."""
    if manifest.settings.get("fixed_trees"):
        return "The definition fixes the number of trees, so no fold chooses one of its own."
    return (
        "An inner split of each fold chooses its number of trees, so that no figure is measured on applications that "
        "chose it."
    )


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """Figures of the later applications under a model of the earlier ones: an explanation, and label and value."""

    words: str
    figures: tuple[tuple[str, str], ...]


def out_of_time(manifest: Manifest) -> OutOfTime | None:
    """The manifest's out-of-time figures; None if the table has no dates or too few outcomes."""
    metrics = manifest.metrics
    if not manifest.first_later or "oot_auc" not in metrics:
        return None
    counts = [labels.plural(round(metrics.get(key, 0.0)), "application") for key in ("oot_earlier_rows", "oot_rows")]
    words = (
        f"A model of {counts[0]} from before {manifest.first_later} gives the PDs of {counts[1]} from then on. It is "
        "not the published model, which was trained on all of them."
    )
    figures = tuple((label, word(metrics[key])) for label, key, word in _OUT_OF_TIME if key in metrics)
    return OutOfTime(words, figures)


_OUT_OF_TIME: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("ROC AUC", "oot_auc", lambda value: labels.decimal(value, 4)),
    ("Log-loss", "oot_log_loss", lambda value: labels.decimal(value, 4)),
    ("Default rate", "oot_default_rate", labels.percent),
    ("Mean PD", "oot_mean_pd", labels.percent),
)


def worded_outcome(definition: Definition) -> str:
    """What counts as a default in this portfolio, as Markdown."""
    if definition.outcome is None:
        return "The table has no column that says what happened."
    outcome = definition.outcome
    bad, good = (labels.plain(", ".join(values)) for values in (outcome.bad, outcome.good))
    return (
        f"- The column {labels.plain(definition.column(outcome.column).label)} says what happened. "
        f"A default is: {bad}. Repaid is: {good}.\n- Anything else is open: no outcome yet. Figures "
        "are of applications with an outcome."
    )


def installed(library: str) -> str:
    """The version of `library` that is installed here."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"


def backend(session: ScoringSession) -> str:
    """What scores a single applicant, in a sentence."""
    if session.backend == ONNX:
        return f"ONNX Runtime scores, from {ONNX}."
    return f"LightGBM scores, from {session.backend}, because of a fallback: {session.fallback_reason}."


def parity(manifest: Manifest, whose: str = "LightGBM's") -> str:
    """How the exported model compares with the one `whose` PDs it was to have, in a sentence."""
    rows, gap, flips = (manifest.metrics.get(f"parity_{name}") for name in ("rows", "max_abs", "flips"))
    if rows is None or gap is None or flips is None:
        return "The manifest does not say how the exported model compares with the trained one."
    changed = "no decision changes" if flips == 0 else f"{labels.plural(int(flips), 'decision')} changed"
    return (
        f"On {labels.plural(round(rows), 'application')} the exported model gives PDs that differ from {whose} by "
        f"at most {gap:.1e}, and {changed} at the cutoff of {labels.cutoff_percent(manifest.cutoff, 2)}."
    )


def short(digest: str) -> str:
    """The first characters of a digest, enough to identify it."""
    return digest[:_SHORT]


def worded_size(size: int) -> str:
    """A file's size in kB."""
    return f"{size / 1_000:,.0f} kB"


def _worded_count(value: object, noun: str) -> str:
    return labels.plural(round(value), noun) if isinstance(value, int | float) else f"an unknown number of {noun}s"


_Spec = tuple[str, Callable[[ScoreCounts], Estimate], str, Callable[[float], str]]
_FIGURES: tuple[_Spec, ...] = (
    ("ROC AUC", roc_auc, "oof_auc", lambda value: labels.decimal(value, 4)),
    ("Gini", gini, "", lambda value: labels.decimal(value, 4)),
    ("KS", lambda counts: ks_statistic(counts).statistic, "", lambda value: labels.decimal(value, 4)),
    ("Default rate", default_rate, "default_rate", labels.percent),
    ("Mean PD", mean_pd, "oof_mean_pd", labels.percent),
    ("Observed over expected defaults", lambda counts: calibration_in_the_large(counts).ratio, "", labels.decimal),
    ("Calibration slope", lambda counts: calibration_slope(counts).slope, "", labels.decimal),
    (
        "Expected calibration error, 20 groups",
        lambda counts: expected_calibration_error(counts).error,
        "oof_ece",
        labels.points,
    ),
    ("Brier score", brier_score, "", lambda value: labels.decimal(value, 4)),
    ("Log-loss", lambda counts: log_loss(counts).score, "oof_log_loss", lambda value: labels.decimal(value, 4)),
)
