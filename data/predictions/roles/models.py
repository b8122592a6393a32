"""Stacked tables: a row for each model and application, made one row an application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from data.predictions.roles.ids import ids_of

_TEMPORARY = "~row"


@dataclass(frozen=True, slots=True)
class Stacked:
    """One row an application: `rows` are the places of the champion's, `others` the other models' scores there.

    `n_left` applications have no row of the champion and are left out.
    """

    champion: str
    rows: pl.Series
    others: Mapping[str, pl.Series]
    n_left: int


def is_stacked(ids: pl.Series, models: pl.Series, outcomes: pl.Series | None) -> bool:
    """Whether ids repeat, no id within a model, and an application has one outcome whichever model judges it."""
    named = ids_of(ids)
    if named is None or named.null_count() or models.null_count() or named.n_unique() == len(named):
        return False
    table = pl.DataFrame({"id": named, "model": models})
    if table.is_duplicated().any():
        return False
    return outcomes is None or table.select("id").with_columns(outcomes.alias("bad")).n_unique() == named.n_unique()


def unstack(ids: pl.Series, models: pl.Series, scores: pl.Series, champion: str = "") -> Stacked:
    """The rows of the champion, the model of most rows and of these the first in the file unless it is named."""
    named = ids_of(ids)
    assert named is not None
    table = pl.DataFrame({"id": named, "model": models.cast(pl.String), "score": scores}).with_row_index(_TEMPORARY)
    counted = table.group_by("model").agg(pl.len().alias("n"), pl.col(_TEMPORARY).min().alias("first"))
    names = counted.sort(["n", "first"], descending=[True, False])["model"].to_list()
    chosen = champion if champion in names else names[0]
    own = table.filter(pl.col("model") == chosen)
    found = {}
    for name in names:
        if name != chosen:
            other = table.filter(pl.col("model") == name).select("id", "score")
            found[name] = own.select("id").join(other, on="id", how="left", maintain_order="left")["score"].alias(name)
    n_left = named.n_unique() - own.height
    return Stacked(chosen, own[_TEMPORARY], found, n_left)
