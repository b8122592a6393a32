"""The same applications under another model: its PDs in place of the champion's, all else as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial

import polars as pl

from data.errors import PredictionsError
from data.files.validate import count_rows
from data.predictions.scale import Scale
from data.predictions.table import (
    OUT_OF_FOLD,
    OUTCOME,
    PROBABILITY,
    CohortColumn,
    MoreColumns,
    Predictions,
    PredictionsSource,
)


@dataclass(frozen=True, slots=True)
class JudgedSource(PredictionsSource):
    """The origin of predictions whose PDs are another `model`'s than the champion's; `how` it came by them."""

    model: str = ""
    how: str = ""

    @property
    def whose(self) -> str:
        """Whose the PDs are, in words."""
        return f"of {self.model}, {self.how}"

    @property
    def is_out_of_fold(self) -> bool:
        """Whether each PD is of a model that had not seen the row."""
        return self.how == OUT_OF_FOLD


def judged_by(
    predictions: Predictions, scores: pl.Series, model: str, how: str, *, scale: Scale | None = None
) -> Predictions:
    """`predictions` with the PDs of another model: `scores` (Float64, 0 to 1, null where it has none), row by row.

    The other columns are shared, not copied. Rows without a score are left out and counted in the notices. The grid
    of PDs, and columns that were derived from them, are still those of `predictions`.

    Raises:
        PredictionsError: the scores are not as many as the rows, none of them is there, or one is not from 0 to 1.
    """
    frame = predictions.frame
    if scores.len() != frame.height:
        raise PredictionsError(
            f"The model {model} has {scores.len():,} PDs where there are {frame.height:,} applications; score them "
            "anew."
        )
    kept = scores.is_not_null()
    n_kept = int(kept.sum())
    if not n_kept or n_kept != int(scores.is_between(0.0, 1.0).sum()):
        what = "no application has a PD" if not n_kept else "a PD is not from 0 to 1"
        raise PredictionsError(f"The model {model} cannot be shown: {what}; score the applications anew.")
    frame = frame.with_columns(scores.alias(PROBABILITY))
    notices, more, scores_of = predictions.source.notices, predictions.more, predictions.scores_of
    if n_kept < frame.height:
        notices = (*notices, f"Left out: {count_rows(frame.height - n_kept)} that {model} has not scored.")
        frame = frame.filter(kept).rechunk()
        more = None if more is None else KeptColumns(more, kept)
        scores_of = None if scores_of is None else partial(_kept_scores, scores_of, kept)
    source = JudgedSource(
        **{**asdict(predictions.source), "notices": notices, "n_open": frame[OUTCOME].null_count()},
        model=model,
        how=how,
    )
    roles = dict(predictions.roles)
    if predictions.source.is_imported:
        roles["probability"] = model
    return replace(predictions, frame=frame, source=source, roles=roles, more=more, scale=scale, scores_of=scores_of)


def _kept_scores(scores_of: Callable[[str], pl.Series], kept: pl.Series, name: str) -> pl.Series:
    return scores_of(name).filter(kept)


class KeptColumns:
    """Further columns of those rows alone that are `kept`."""

    def __init__(self, columns: MoreColumns, kept: pl.Series) -> None:
        self._columns, self._kept = columns, kept

    @property
    def columns(self) -> Mapping[str, CohortColumn]:
        """What they are, by name."""
        return self._columns.columns

    def values(self, name: str) -> pl.Series:
        """A column's values, called `name`, of the rows that are kept."""
        return self._columns.values(name).filter(self._kept)
