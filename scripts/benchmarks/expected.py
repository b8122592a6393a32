"""What a screen must show, worked out from the predictions with Polars alone and none of the dashboard's metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from data.predictions.scores import make_score_grid
from data.predictions.table import ID, OUTCOME, PROBABILITY
from scripts.benchmarks.browser import Shown, metric

GRID = 10_000


@dataclass(frozen=True)
class Portfolio:
    """The predictions that a server shows; positions are cutoffs in steps of 0.01 percentage points."""

    frame: pl.DataFrame

    @classmethod
    def read(cls, path: Path) -> Portfolio:
        """The predictions in the Parquet file `path`."""
        return cls(pl.read_parquet(path))

    @cached_property
    def _pds(self) -> pl.Series:
        return self.frame[PROBABILITY]

    @cached_property
    def _declined(self) -> pl.DataFrame:
        """For each position from 0 on, how many defaults and how many others have their PD at or above it."""
        cutoffs = pl.Series([position / GRID for position in range(GRID + 1)])
        counted = self.frame.group_by(
            (cutoffs.search_sorted(self._pds, side="right").cast(pl.Int64) - 1).alias("position")
        ).agg(pl.col(OUTCOME).sum().cast(pl.Int64).alias("bad"), (~pl.col(OUTCOME)).sum().cast(pl.Int64).alias("good"))
        every = pl.DataFrame({"position": range(GRID + 1)}).join(counted, on="position", how="left").fill_null(0)
        return every.sort("position").with_columns(pl.col("bad", "good").cum_sum(reverse=True))

    @property
    def height(self) -> int:
        """How many applications there are."""
        return self.frame.height

    @property
    def ids(self) -> pl.Series:
        """The numbers of the applications."""
        return self.frame[ID]

    def approval(self, position: int) -> Shown:
        """The approval rate of everybody at a cutoff."""
        bad, good = self._declined.row(position)[1:]
        return metric("Approval rate", _percent(self.height - bad - good, self.height))

    def applications(self, column: str = "", levels: Sequence[str] = ()) -> Shown:
        """How many applications have one of `levels` in `column`, or how many there are."""
        return metric("Applications", f"{self._cohort(column, levels).height:,}")

    def default_rate(self, column: str = "", levels: Sequence[str] = ()) -> Shown:
        """The share of defaults among them."""
        outcomes = self._cohort(column, levels)[OUTCOME]
        return metric("Default rate", _percent(float(outcomes.sum()), len(outcomes)))

    def _cohort(self, column: str, levels: Sequence[str]) -> pl.DataFrame:
        return self.frame.filter(pl.col(column).is_in(list(levels))) if levels else self.frame

    def cohort_line(self) -> Shown:
        """The line that says how many applications and defaults are on the screen, here all of them."""
        text = f"{self.height:,} of {self.height:,} (100.0 %), {self.frame[OUTCOME].sum():,} defaults"
        return Shown(".st-key-bar-cohort", ((".bar-lines > span", text),))

    def declined_share(self, outcome: str, position: int) -> str:
        """The share of one outcome's applications ("bad" or "good") that a cutoff declines."""
        column = self._declined[outcome]
        return _percent(column[position], column[0], 1)

    def defaults_among_declined(self, position: int) -> str:
        """The share of defaults among those that a cutoff declines."""
        bad, good = self._declined.row(position)[1:]
        return _percent(bad, bad + good, 1)

    def decisions(self, position: int) -> tuple[Shown, ...]:
        """The cards of decisions at a cutoff, and the four numbers of the confusion matrix."""
        bad, good = self._declined.row(position)[1:]
        all_bad, all_good = self._declined.row(0)[1:]
        approved_bad, approved = all_bad - bad, self.height - bad - good
        cards = {
            "Recall": (bad, all_bad),
            "Precision": (bad, bad + good),
            "Specificity": (all_good - good, all_good),
            "Approval rate": (approved, self.height),
            "Bad rate": (approved_bad, approved),
            "Accuracy": (bad + all_good - good, self.height),
        }
        numbers = (bad, approved_bad, good, all_good - good)
        matrix = Shown(
            ".st-key-figure-confusion", tuple((".textpoint [style*=bold]", f"{number:,}") for number in numbers)
        )
        return (*(metric(label, _percent(*shares)) for label, shares in cards.items()), matrix)

    @cached_property
    def widest_gap(self) -> float:
        """The PD at which the outcomes' shares of declined applications are furthest apart, on the table's grid."""
        edges = make_score_grid(self._pds).edges
        bad, good = (
            np.searchsorted(pds, edges) / len(pds) for pds in (self._by_outcome("bad"), self._by_outcome("good"))
        )
        return float(edges[np.abs(bad - good).argmax()])

    def share_beyond_gap(self, outcome: str) -> str:
        """The share of one outcome's applications that the cutoff at the widest gap declines."""
        pds = self._by_outcome(outcome)
        return _percent(len(pds) - float(np.searchsorted(pds, self.widest_gap)), len(pds), 1)

    def _by_outcome(self, outcome: str) -> pl.Series:
        return self._pds.filter(self.frame[OUTCOME] == (outcome == "bad")).sort()

    def overall_rate(self) -> str:
        """The share of defaults among all."""
        return _percent(float(self.frame[OUTCOME].sum()), self.height)


def _percent(part: float, whole: int, digits: int = 2) -> str:
    return f"{100 * part / whole:.{digits}f} %"
