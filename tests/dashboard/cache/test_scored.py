"""A scored file as a dataset: one of its own, for as long as somebody holds it, and honest about what was seen."""

from __future__ import annotations

import gc

import polars as pl
import pytest

from dashboard import cache
from dashboard.cohort.filters import Filters
from data.errors import PredictionsError
from data.files.batch_file import read_batch
from data.home_credit import embedded
from data.settings import Settings
from inference.batch import score_batch_table
from inference.model.session import ScoringSession

CUTOFF = 0.0909


def scored(built: Settings, dataset: cache.Dataset, table: pl.DataFrame) -> cache.ScoredFile:
    session = ScoringSession.open(built.model, embedded.DEFINITION)
    batch = read_batch("new.csv", table.write_csv().encode(), session.definition, session.features.sources)
    return cache.ScoredFile(batch, score_batch_table(batch, session, CUTOFF), CUTOFF, dataset, "ab" * 32)


def test_its_rows_are_counted_like_a_portfolio_s(built: Settings, copied: tuple[Settings, cache.Dataset]) -> None:
    table = pl.read_parquet(built.applications, n_rows=200)
    file = scored(built, copied[1], table)
    before = file.n_bytes
    counts = cache.cohort_counts(file.dataset, Filters())
    pds = ScoringSession.open(built.model, embedded.DEFINITION).score_frame(table)
    assert counts.n_applications == 200
    assert counts.n_bad == table["TARGET"].sum()
    approved = slice(0, counts.first_declined(CUTOFF))
    assert int(counts.applications[approved].sum()) == int((pds.astype(float) < CUTOFF).sum())
    # What is shown takes memory of its own, which the budget has to know.
    assert file.n_bytes > before
    assert "200 of the 200 are in the portfolio that the model was trained on" in file.predictions.source.notices[-1]


def test_new_ids_were_not_seen(built: Settings, copied: tuple[Settings, cache.Dataset]) -> None:
    table = pl.read_parquet(built.applications, n_rows=50).with_columns(pl.col("SK_ID_CURR") + 50_000_000)
    assert scored(built, copied[1], table).predictions.source.notices == ()


def test_nobody_finds_it_once_it_is_let_go(built: Settings, copied: tuple[Settings, cache.Dataset]) -> None:
    table = pl.read_parquet(built.applications, n_rows=50)
    file, other = scored(built, copied[1], table), scored(built, copied[1], table)
    assert file.dataset != other.dataset
    dataset = file.dataset
    assert cache.predictions(dataset).frame.height == 50
    assert cache.applicants(dataset).path is None
    assert cache.explained(dataset).contributions is None
    del file
    gc.collect()
    with pytest.raises(PredictionsError, match="not in memory any more"):
        cache.predictions(dataset)


def test_columns_are_grouped_as_the_portfolio_s_are(built: Settings, copied: tuple[Settings, cache.Dataset]) -> None:
    whole = pl.read_parquet(built.applications)
    # A level that the portfolio lacks, a gap where it has none, and a value beyond all of its own.
    odd = whole.head(100).with_columns(
        NAME_INCOME_TYPE=pl.lit("Astronaut"), AMT_GOODS_PRICE=pl.lit(None, pl.Float64), CNT_CHILDREN=pl.lit(19)
    )
    file = scored(built, copied[1], odd)
    groups = cache.shared_groups(file.dataset)
    counts = cache.shared_column_counts(file.dataset, Filters())
    named = {name: dict(zip(bins.labels, counts[name].tolist(), strict=True)) for name, bins in groups.bins.items()}
    assert named["NAME_INCOME_TYPE"]["Astronaut"] == 100
    assert "AMT_GOODS_PRICE" not in named
    assert list(named["CNT_CHILDREN"].values())[-1] == 100
    women = list(groups.bins["CODE_GENDER"].labels).index("Female")
    assert groups.portfolio["CODE_GENDER"][women] == (whole["CODE_GENDER"] == "F").sum()
    assert counts["CODE_GENDER"][women] == (odd["CODE_GENDER"] == "F").sum()
