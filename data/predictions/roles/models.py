"""Stacked tables: a row for each model and application, made one row an application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from data.definition.evidence import vocabulary as words
from data.predictions.roles import answers as say
from data.predictions.roles.answers import Answers
from data.predictions.roles.ids import ids_of
from data.predictions.roles.questions import Answer, Question

_TEMPORARY = "~row"
_MOST_MODELS, _MOST_SHOWN, _GLANCE = 20, 3, 1_000


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
    if outcomes is None:
        return True
    # What one model's row leaves open another's may know.
    known = table.select("id").with_columns(outcomes.alias("bad")).drop_nulls()
    return known.n_unique() == known["id"].n_unique()


def known_outcomes(ids: pl.Series, outcomes: pl.Series) -> pl.Series:
    """The outcomes of stacked rows, each that is open filled with what another model's row of the application says."""
    table = pl.DataFrame({"id": ids, "bad": outcomes})
    return table.select(pl.col("bad").fill_null(pl.col("bad").max().over("id"))).to_series()


def ask_repeated(table: pl.DataFrame, roles: Mapping[str, str], outcomes: pl.Series | None) -> list[Question]:
    """Whether rows are applications of their own although ids of applications repeat; nothing where that is plain.

    It is plain where a model has each row, where a date tells rows apart, and where ids are called a person's.
    """
    id_, model, date = (roles.get(role) for role in (say.ID, say.MODEL, say.DATE))
    if id_ is None or words.plain(id_) not in words.OF_APPLICATIONS or (ids := ids_of(table[id_])) is None:
        return []
    given = ids.drop_nulls()
    if given.n_unique() == len(given):
        return []
    if model is not None and is_stacked(table[id_], table[model], outcomes):
        return []
    if date is not None and not table.select(id_, date).filter(table[id_].is_not_null()).is_duplicated().any():
        return []
    text = (
        f"Column {id_} names {given.n_unique():,} applications in {len(given):,} rows; "
        "is each row an application of its own?"
    )
    answers = [
        Answer(f"{name} names the model of a row", Answers(((name, say.MODEL),))) for name in _models(table, id_, roles)
    ]
    answers.append(Answer("each row counts", Answers(((id_, say.NONE),))))
    return [Question("repeated", text, (id_,), tuple(answers))]


def _models(table: pl.DataFrame, id_: str, roles: Mapping[str, str]) -> list[str]:
    """The columns of a few values that tell apart the rows of each id."""
    few = [
        values.name
        for values in table
        if values.name not in roles.values()
        and (values.dtype == pl.String or values.dtype.is_integer())
        and values.head(_GLANCE).n_unique() <= _MOST_MODELS
        and 2 <= values.n_unique() <= _MOST_MODELS
    ]
    return [name for name in few if not table.select(id_, name).is_duplicated().any()][:_MOST_SHOWN]


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
