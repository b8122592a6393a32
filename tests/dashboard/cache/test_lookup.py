"""Single applications: found by their id, as the table holds them, or the sentence why there are none."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from dashboard import cache
from dashboard.cohort.filters import Filters, LevelFilter
from dashboard.cohort.lookup import Pick
from dashboard.visit.drafts import NEW
from data.home_credit import embedded
from data.settings import Settings

NOBODY = Filters.of([LevelFilter("CODE_GENDER", ("F",)), LevelFilter("NAME_INCOME_TYPE", ("nobody",))])


@pytest.fixture(name="dataset")
def own_dataset(built: Settings) -> cache.Dataset:
    return cache.open_dataset(cache.Location())


@pytest.fixture(name="rows")
def application_rows(built: Settings) -> pl.DataFrame:
    return pl.read_parquet(built.applications)


def test_an_application_is_its_row_without_id_and_outcome(dataset: cache.Dataset, rows: pl.DataFrame) -> None:
    row = rows.row(123, named=True)
    identifier = row[embedded.ID]
    assert cache.identifier_of(dataset, str(identifier)) == identifier
    values = cache.base_values(dataset, str(identifier))
    assert values == {name: value for name, value in row.items() if name not in (embedded.ID, embedded.TARGET)}
    assert cache.has_number_ids(dataset)
    assert cache.first_id(dataset) == rows[embedded.ID].min()


@pytest.mark.parametrize("text", ["99999", "1e5", "", "-1", "x", "9" * 30])
def test_what_is_the_id_of_nobody_has_no_values(text: str, dataset: cache.Dataset) -> None:
    assert cache.base_values(dataset, text) is None


def test_a_new_application_begins_with_what_is_typical(dataset: cache.Dataset, rows: pl.DataFrame) -> None:
    assert cache.identifier_of(dataset, NEW) is None
    values = cache.base_values(dataset, NEW)
    assert values is not None
    assert values["AMT_CREDIT"] == pytest.approx(rows["AMT_CREDIT"].median(), rel=0.01)
    assert values["NAME_INCOME_TYPE"] == rows["NAME_INCOME_TYPE"].cast(pl.String).mode()[0]


def test_what_the_predictions_hold_of_it(dataset: cache.Dataset, frame: pl.DataFrame) -> None:
    row = frame.row(7, named=True)
    observed = cache.observed(dataset, row["application_id"])
    assert observed.default_probability == row["default_probability"]
    assert (observed.defaulted, observed.whose) == (row["is_default"], "out of fold")


def test_one_of_a_cohort_is_picked_by_the_pd_that_it_has(dataset: cache.Dataset, frame: pl.DataFrame) -> None:
    pensioners = Filters.of([LevelFilter("NAME_INCOME_TYPE", ("Pensioner",))])
    ids = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner")["application_id"]
    assert cache.pick_application(dataset, pensioners, Pick.FIRST, 0.1, "") == ids[0]
    other = cache.pick_application(dataset, pensioners, Pick.RANDOM, 0.1, str(ids[0]))
    assert other in ids
    assert other != ids[0]
    pds = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner")["default_probability"].to_numpy()
    distances = abs(pds - 0.1)
    near = cache.pick_application(dataset, pensioners, Pick.BORDERLINE, 0.1, "")
    assert (distances < distances[ids.to_list().index(near)]).sum() < 25
    assert cache.pick_application(dataset, NOBODY, Pick.FIRST, 0.1, "") is None


def test_without_ids_or_with_those_of_others_nobody_is_looked_up(built: Settings, tmp_path: Path) -> None:
    without, foreign, own = (tmp_path / f"{name}.csv" for name in ("without", "foreign", "own"))
    without.write_text("target,pd\n0,0.1\n1,0.2\n")
    foreign.write_text("SK_ID_CURR,target,pd\n1,0,0.1\n2,1,0.2\n")
    identifier = pl.read_parquet(built.applications)[embedded.ID][0]
    own.write_text(f"SK_ID_CURR,target,pd\n{identifier},0,0.1\n")
    reasons = []
    for path in (without, foreign, own):
        dataset = cache.open_dataset(cache.Location(str(path)))
        reasons.append(cache.applicants(dataset).reason)
    assert "carry no application id" in reasons[0]
    assert "not those of the application table" in reasons[1]
    assert reasons[2] == ""
    assert cache.observed(dataset, identifier).whose == "as imported"


def test_where_the_table_came_from_is_said_with_its_digest(copied: tuple[Settings, cache.Dataset]) -> None:
    settings, dataset = copied
    sha256, provenance = cache.application_table()
    assert (len(sha256), provenance["kind"]) == (64, "synthetic")
    settings.applications.unlink()
    assert "`make build` makes it" in cache.applicants(dataset).reason
