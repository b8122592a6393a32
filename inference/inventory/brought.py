"""Scores that the portfolio's table brings beside the one in service: models of which nothing but the PDs is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

import polars as pl

from data.definition.at_hand import load_definition
from data.definition.definition import Definition, Score
from data.files.convert import scan_applications
from data.predictions.brought import brought_pd, brought_score
from data.predictions.table import AS_IMPORTED, FOLD, ID, PROBABILITY
from data.settings import Settings
from data.store.opening import reading
from data.store.records import APPLICATIONS, check_built
from inference.inventory.entry import ModelEntry, ModelKind

_POINTS = "points"


def further_scores(definition: Definition, champion: ModelEntry) -> tuple[Score, ...]:
    """The scores of the table that are not the champion."""
    own = brought_score(definition) if champion.kind is ModelKind.SCORE else None
    return tuple(score for score in definition.scores if own is None or score.name != own.name)


def brought_models(
    settings: Settings, scores: Iterable[Score], champion: ModelEntry, ids: pl.Series
) -> tuple[tuple[ModelEntry, ...], Mapping[str, str]]:
    """Those `scores` of the table that are PDs of each row of the predictions, and for the others why they are none.

    `ids` are those of the predictions.

    Raises:
        DamageError: the applications are not what was built.
    """
    found, faults = [], {}
    for score in scores:
        if score.kind == _POINTS:
            faults[score.name] = f"Score {score.name} ({score.column}) is in points, which are no probabilities."
            continue
        if n_lacking := brought_rows(settings, score, ids)[PROBABILITY].null_count():
            faults[score.name] = (
                f"Score {score.name} ({score.column}) has no usable value in {n_lacking:,} of {ids.len():,} rows and "
                "is not compared."
            )
            continue
        said = f"{score.column} of the table ({score.kind}, higher is {score.higher})."
        found.append(
            replace(
                champion,
                name=score.name,
                kind=ModelKind.SCORE,
                how=AS_IMPORTED,
                said=said,
                n_features=None,
                is_monotone=False,
                can_score=False,
                can_explain=False,
                model="",
                parent="",
            )
        )
    return tuple(found), faults


def brought_rows(settings: Settings, score: Score, ids: pl.Series) -> pl.DataFrame:
    """Ids, PDs (null where there is no usable value) and folds (none) by a score, for the applications `ids`.

    Raises:
        DamageError: the applications are not what was built.
    """
    check_built(settings, APPLICATIONS)
    status = settings.applications.stat()
    version = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    with reading(settings.applications):
        known = _pds(settings, version, load_definition(settings), score)
    rows = ids.to_frame(ID).join(known, on=ID, how="left", maintain_order="left")
    return rows.with_columns(pl.lit(None, pl.UInt8).alias(FOLD))


# Of one score 2.5 MB at 307,511 rows.
@lru_cache(maxsize=8)
def _pds(settings: Settings, _: tuple[int, ...], definition: Definition, score: Score) -> pl.DataFrame:
    table = scan_applications(settings.applications, definition)
    return table.select(pl.col(definition.id).alias(ID), brought_pd(score, definition).alias(PROBABILITY)).collect()
