"""Coverage of the other intervals on the screen where defaults are few."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from dashboard.metrics.calibration import brier_score
from dashboard.metrics.calibration_fit import calibration_in_the_large, calibration_slope
from dashboard.metrics.calibration_scores import brier_decomposition, log_loss
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.discrimination import roc_auc
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.ranking import average_precision, lift_table
from dashboard.metrics.rates import confusion, default_rate
from scripts.intervals.population import DEFAULT_RATE, PDS, SHARES, Misses, drawn, table

CUTOFFS = (0.05, 0.0909, 0.16)
DEFAULTS = (20, 50, 500)


def figures(counts: ScoreCounts) -> Iterator[tuple[str, Estimate]]:
    """The figures of a sample that have an interval."""
    fit, level, parts = calibration_slope(counts), calibration_in_the_large(counts), brier_decomposition(counts)
    yield "default rate", default_rate(counts)
    yield "ROC AUC", roc_auc(counts)
    yield "average precision", average_precision(counts)
    yield "Brier score", brier_score(counts)
    if parts:
        yield "Brier skill", parts.skill
    yield "log-loss", log_loss(counts).score
    yield "observed / expected", level.ratio
    yield "calibration in the large", level.intercept
    yield "calibration slope", fit.slope
    yield "calibration intercept", fit.intercept
    for cutoff in CUTOFFS:
        decided, words = confusion(counts, cutoff), f"at {100 * cutoff:g} %"
        yield f"bad rate {words}", decided.bad_rate
        yield f"precision {words}", decided.precision
        yield f"recall {words}", decided.recall
        yield f"F1 {words}", decided.f1
        yield f"Matthews correlation {words}", decided.mcc
    lift = lift_table(counts)
    for i in range(10) if lift else ():
        assert lift
        yield f"lift of tenth {i + 1}", Estimate(lift.lift[i], lift.lift_low[i], lift.lift_high[i])
        if i < 9:
            yield f"gain by tenth {i + 1}", Estimate(lift.captured[i], lift.captured_low[i], lift.captured_high[i])


def truths() -> dict[str, float]:
    """The population's figures."""
    good, bad = SHARES * (1 - PDS), SHARES * PDS
    rate = DEFAULT_RATE
    brier = float((SHARES * PDS * (1 - PDS)).sum())
    precision = np.cumsum(bad[::-1])[::-1] / np.cumsum(SHARES[::-1])[::-1].clip(1e-300)
    true = {
        "default rate": rate,
        "ROC AUC": float((bad * (np.cumsum(good) - good / 2)).sum()) / rate / (1 - rate),
        "average precision": float((bad * precision).sum()) / rate,
        "Brier score": brier,
        "Brier skill": 1 - brier / rate / (1 - rate),
        "log-loss": -float((bad * np.log(PDS) + good * np.log1p(-PDS)).sum()),
        "observed / expected": 1.0,
        "calibration in the large": 0.0,
        "calibration slope": 1.0,
        "calibration intercept": 0.0,
    }
    for cutoff in CUTOFFS:
        words, declined = f"at {100 * cutoff:g} %", cutoff <= PDS
        tp, fp, fn, tn = (float(part[side].sum()) for side in (declined, ~declined) for part in (bad, good))
        true[f"bad rate {words}"] = fn / (fn + tn)
        true[f"precision {words}"] = tp / (tp + fp)
        true[f"recall {words}"] = tp / (tp + fn)
        true[f"F1 {words}"] = 2 * tp / (2 * tp + fp + fn)
        scale = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
        true[f"Matthews correlation {words}"] = (tp * tn - fp * fn) / scale
    reached, caught = (np.append(0.0, np.cumsum(part[::-1])) for part in (SHARES, bad / rate))
    gain = np.interp(np.arange(11) / 10, reached, caught)
    for i in range(10):
        true[f"lift of tenth {i + 1}"] = float(10 * (gain[i + 1] - gain[i]))
        true[f"gain by tenth {i + 1}"] = float(gain[i + 1])
    return true


def measured(n_defaults: int, n_samples: int, seed: int) -> dict[str, Misses]:
    """How often the interval of each figure misses the truth."""
    rng, true = np.random.default_rng(seed), truths()
    missed: dict[str, Misses] = {}
    for _ in range(n_samples):
        pd, outcome = drawn(n_defaults, rng)
        for name, estimate in figures(exact_counts(outcome, pd)):
            missed.setdefault(name, Misses()).count(estimate, true[name])
    return missed


def report(n_samples: int, seed: int) -> str:
    """The table of docs/metrics.md; figures without an interval in nearly all samples are left out."""
    by_defaults = [measured(n_defaults, n_samples, seed + n_defaults) for n_defaults in DEFAULTS]
    rows = [
        [
            name,
            *(
                " · ".join(each[name].cells()) if each[name].samples > n_samples / 10 else "none"
                for each in by_defaults
            ),
        ]
        for name in by_defaults[0]
    ]
    return table(["figure", *(f"{n_defaults} defaults" for n_defaults in DEFAULTS)], rows)
