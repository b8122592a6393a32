"""A dropped file as it was judged and scored, and its rows as a dataset of their own.

It lives in one visit's memory; the caches know it by a random token, which no other visit has.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl

from dashboard.cache.models import scoring_model
from dashboard.cache.sources import Dataset, applications_version, definition, file_dataset, settings
from dashboard.cohort.columns import prepare
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.file_scores import unseen_counts
from data.errors import ScoreroomError
from data.files.batch_file import BatchTable
from data.files.convert import open_applications
from data.predictions.scored import scored_predictions
from data.predictions.scores import exact_scores
from data.predictions.table import ID, Predictions
from inference.batch import ScoredBatch

# What a listed cell takes up, with its texts.
_FAULT_BYTES = 300


@dataclass(frozen=True)
class ScoredFile:
    """A dropped file of the digest `sha256`, judged and scored at `cutoff`, while `portfolio` was shown."""

    table: BatchTable
    scored: ScoredBatch
    cutoff: float
    portfolio: Dataset
    sha256: str
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    scored_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    @property
    def n_bytes(self) -> int:
        """About how much memory it takes up; columns that are in two of its tables are there once."""
        size = self.table.applications.estimated_size() + self.scored.frame.estimated_size()
        size += _FAULT_BYTES * (len(self.table.faults) + len(self.table.doubts))
        shown = self.__dict__.get("predictions")
        return int(size + (0 if shown is None else shown.frame.estimated_size()))

    @cached_property
    def counts(self) -> ScoreCounts:
        """The PDs of what is scored, as counts; nobody knows their outcomes yet."""
        return unseen_counts(exact_scores(self.scored.frame[self.scored.probability].drop_nulls()).to_numpy())

    @property
    def dataset(self) -> Dataset:
        """What its rows are called where they are shown as a portfolio is."""
        return file_dataset(self.token, self)

    @cached_property
    def predictions(self) -> Predictions:
        """Its scored rows as predictions, with derived columns."""
        pds = self.scored.frame[self.scored.probability].cast(pl.Float32)
        model = scoring_model(self.portfolio)
        found = prepare(scored_predictions(self.table, pds, definition(), self.sha256, model))
        seen = _word_seen(found)
        return replace(found, source=replace(found.source, notices=(*found.source.notices, *seen))) if seen else found


def _word_seen(found: Predictions) -> tuple[str, ...]:
    """A sentence on rows that the model was trained on, by their ids."""
    if not (found.has_ids and found.source.has_outcomes):
        return ()
    try:
        applications_version()
        ids = open_applications(settings(), definition()).select(definition().id).collect().to_series()
    except ScoreroomError:
        return ()
    n_seen = int(found.frame[ID].cast(ids.dtype, strict=False).is_in(ids.implode()).sum())
    if not n_seen:
        return ()
    return (
        f"{n_seen:,} of the {found.frame.height:,} are in the portfolio that the model was trained on, by their id: "
        "figures that compare PDs with outcomes are better than they will be on new applications.",
    )
