"""The cutoff that a visit begins with, where its link names none."""

from __future__ import annotations

import polars as pl

from dashboard.words import labels
from data.predictions.scores import round_cutoff
from data.predictions.table import OUTCOME, PROBABILITY
from inference.model.decision import COST_OF_DECLINED_GOOD, COST_OF_MISSED_DEFAULT, DEFAULT_CUTOFF

# Where the usual cutoff approves a smaller share, it was made for portfolios that default less.
LEAST_APPROVED = 0.25


def starting_cutoff(frame: pl.DataFrame, *, has_outcomes: bool, has_pds: bool = True) -> tuple[float, str]:
    """A PD, and a sentence with the reason where it is not the usual one.

    The usual cutoff is the break-even of the usual costs. Where it would decline nearly everybody, the default rate (or
    mean PD, where no outcome is known) takes its place, if that approves more. Of scores that are no PDs (not
    `has_pds`) it is the median.
    """
    pds = frame[PROBABILITY].cast(pl.Float64)
    if not has_pds:
        half = round_cutoff(float(str(pds.median() or 0.0)))
        return half, "The cutoff starts at the median score: what scores that are no probabilities cost is not known."
    usual = _share_below(pds, DEFAULT_CUTOFF)
    if usual >= LEAST_APPROVED:
        return DEFAULT_CUTOFF, ""
    typical = frame[OUTCOME].mean() if has_outcomes else pds.mean()
    rate = round_cutoff(float(str(typical or 0.0)))
    if _share_below(pds, rate) <= usual:
        return DEFAULT_CUTOFF, ""
    name = "the portfolio's default rate" if has_outcomes else "the portfolio's mean PD"
    ratio = COST_OF_MISSED_DEFAULT / COST_OF_DECLINED_GOOD
    return rate, (
        f"The cutoff starts at {labels.cutoff_percent(rate)}, {name}. The usual "
        f"{labels.cutoff_percent(DEFAULT_CUTOFF)}, the break-even when a missed default costs {ratio:g} times as much "
        f"as a declined good applicant, would approve {labels.percent(usual)} of it."
    )


def _share_below(pds: pl.Series, cutoff: float) -> float:
    return float(str((pds < cutoff).mean() or 0.0))
