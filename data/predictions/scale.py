"""Scores that are no probabilities: their place on a scale from 0 to 1, and back to their own unit."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Scale:
    """What stands behind `default_probability` where the score is no probability: a place on its own scale.

    The place of the safest score is 0 and that of the riskiest 1; `least` and `most` are the ends in the score's unit,
    and `higher` says who has the higher score, "safer" or "riskier".
    """

    kind: str
    least: float
    most: float
    higher: str

    @property
    def why_no_pd(self) -> str:
        """Completes "not defined because ..."."""
        return "the score ranks, but is no probability until it is calibrated"

    def place(self, score: float) -> float:
        """The place of a score; beyond an end, that end's."""
        share = (min(max(score, self.least), self.most) - self.least) / (self.most - self.least)
        return share if self.higher == "riskier" else 1 - share

    def places(self, scores: pl.Series) -> pl.Series:
        """`place` of each score (Float64), in which riskier ones are larger."""
        share = (scores - self.least) / (self.most - self.least)
        return share if self.higher == "riskier" else 1 - share

    def score(self, place: float) -> float:
        """The score at a place, without the rounding of the way there."""
        share = place if self.higher == "riskier" else 1 - place
        return float(f"{self.least + share * (self.most - self.least):.12g}")

    def scores(self, places: pl.Series) -> pl.Series:
        """`score` of each place (Float64)."""
        shares = places if self.higher == "riskier" else 1 - places
        return (self.least + shares * (self.most - self.least)).round_sig_figs(12)
