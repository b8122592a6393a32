"""Small real things that many tests need: a valid application table, and a model trained on it and published."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import numpy as np
import polars as pl
import pytest

from data.definition.columns import Column, Kind
from data.definition.definition import Definition
from data.home_credit import embedded
from data.settings import Settings, load_settings
from inference.model.build import PublishedModel, publish_model
from inference.model.training_settings import TrainingSettings
from inference.publishing.pipeline import build
from scripts._kills import Portfolios
from scripts.benchmarks.browser import BrowserError, find_chromium

# A machine that is busy with other work would fail them.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

TABLE_ROWS = 3_000
BUILT_ROWS = 10_000
SMALL_SETTINGS = TrainingSettings(trees=40, leaves=8, learning_rate=0.1, min_rows_in_leaf=20, folds=3, threads=1)


def make_table(n_rows: int, *, seed: int) -> pl.DataFrame:
    """A valid application table drawn column by column from the schema; the outcome follows two external scores."""
    random = np.random.default_rng(seed)
    table = pl.DataFrame([_draw(column, n_rows, random) for column in embedded.COLUMNS])
    # Enough is known of every application to score it.
    table = table.with_columns(pl.col("AMT_ANNUITY").fill_null(27_000.0), pl.col("EXT_SOURCE_2").fill_null(0.5))
    scores = table.select(pl.col("EXT_SOURCE_2", "EXT_SOURCE_3").fill_null(0.5)).to_numpy()
    chance = 1 / (1 + np.exp(2.0 + 4.0 * (scores.sum(axis=1) - 1.0)))
    outcome = pl.Series(embedded.TARGET, random.random(n_rows) < chance).cast(pl.Int8)
    return table.with_columns(outcome, pl.Series(embedded.ID, 100_001 + np.arange(n_rows), dtype=pl.Int32))


def _draw(column: Column, n_rows: int, random: np.random.Generator) -> pl.Series:
    if column.kind is Kind.CATEGORY:
        values = pl.Series(column.name, random.choice(column.levels, n_rows))
    else:
        low, high = column.minimum or 0.0, min(column.maximum or 0.0, 500_000.0)
        drawn = random.uniform(low, high, n_rows)
        values = pl.Series(column.name, np.round(drawn) if column.dtype.is_integer() else drawn)
        for special in column.special_values:
            values = pl.Series(column.name, np.where(random.random(n_rows) < 0.1, special, values))
    missing = pl.Series(random.random(n_rows) < (0.2 if column.nullable else 0.0))
    return values.cast(column.dtype).to_frame().select(pl.when(~missing).then(pl.col(column.name))).to_series()


# Half of the tests that drive a browser; the others are as long together.
_FIRST_BROWSER = {"test_applicant.py", "test_applications.py", "test_cohorts.py", "test_journal.py"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests on one worker, and those that drive a browser in two groups with a server each."""
    for item in items:
        name = item.path.as_posix()
        if "browser" in item.path.parts:
            name = f"browser {1 if item.path.name in _FIRST_BROWSER else 2}"
        item.add_marker(pytest.mark.xdist_group(name))
    # The longest first, so that short files are left to even out the end; the Makefile keeps xdist from reordering.
    items.sort(key=lambda item: "browser" not in item.path.parts)


@pytest.fixture(scope="session", name="make_table")
def make_table_fixture() -> Callable[..., pl.DataFrame]:
    """The factory itself, for tests that need a table of their own."""
    return make_table


@pytest.fixture(scope="session")
def home_credit() -> Definition:
    """The definition of the embedded portfolio."""
    return embedded.DEFINITION


@contextmanager
def silent(_: str) -> Iterator[Callable[[int, int], None]]:
    """A progress that shows nothing."""
    yield lambda *_: None


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A small portfolio with its model and predictions, in force for this process and those it starts.

    Each worker builds one of its own; a file of tests stays on one worker, and so does what its fixtures start.
    """
    root = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RAW", "PROCESSED", "MODEL", "LIBRARY"):
            patch.setenv(f"SCOREROOM_{name}", str(root / name.lower()))
        patch.setenv("SCOREROOM_ROWS", str(BUILT_ROWS))
        settings = load_settings()
        build(settings, silent)
        yield settings


@pytest.fixture(scope="session")
def applications() -> pl.DataFrame:
    """3,000 valid applications with outcomes."""
    return make_table(TABLE_ROWS, seed=7)


@pytest.fixture(scope="session")
def small_settings() -> TrainingSettings:
    """Settings that train in a second."""
    return SMALL_SETTINGS


@pytest.fixture(scope="session")
def published(applications: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> PublishedModel:
    """A model trained on `applications` and published; copy its directory before changing anything in it."""
    directory: Path = tmp_path_factory.mktemp("model") / "artifacts"
    return publish_model(
        applications, embedded.DEFINITION, directory, data_digest="0" * 64, seed=11, settings=SMALL_SETTINGS
    )


@pytest.fixture(scope="session")
def portfolios(tmp_path_factory: pytest.TempPathFactory) -> Portfolios:
    """Two small portfolios, the later in service and the earlier kept; copy the template before changing anything."""
    return Portfolios.make(tmp_path_factory.mktemp("portfolios") / "template")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; where there is none, CI fails and everybody else is told."""
    try:
        return find_chromium()
    except BrowserError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
