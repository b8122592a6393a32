"""Contributions of a whole table: exact but for the rounding that is stated, binned by value, kept and read again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest

from inference.errors import ArtifactError, ContributionsError
from inference.explain.contributions import (
    MOST_NUMBERS,
    RANGES,
    STEP,
    BinKind,
    Contributions,
    ValueBins,
    build_contributions,
    digest_of_model,
    load_contributions,
    make_contributions,
    read_header,
    write_contributions,
)
from inference.explain.shapley import ShapleyModel
from inference.model.artifact import Manifest
from inference.model.build import PublishedModel
from scripts._embedded import FEATURES


@pytest.fixture(scope="module")
def made(published: PublishedModel, applications: pl.DataFrame) -> Contributions:
    model = ShapleyModel((published.directory / "model.txt").read_text(encoding="utf-8"))
    return make_contributions(applications, model, digest="d", features=FEATURES)


def test_stored_contributions_are_lightgbms_to_half_a_step(
    made: Contributions, published: PublishedModel, applications: pl.DataFrame
) -> None:
    booster = lgb.Booster(model_file=str(published.directory / "model.txt"))
    wanted = np.asarray(booster.predict(FEATURES.matrix(applications), pred_contrib=True))
    stored = made.frame.select(feature.name for feature in made.features).to_numpy() * made.step
    error = np.abs(stored - wanted[:, :-1]).max()
    assert made.step == STEP == 1e-4
    assert error == pytest.approx(made.max_error, abs=1e-7)
    assert made.max_error <= 0.5000001 * STEP
    assert made.base == pytest.approx(wanted[0, -1])


def test_features_say_how_far_their_contributions_reach(made: Contributions) -> None:
    for feature in made.features:
        stored = made.frame[feature.name]
        assert [stored.dtype, made.frame[feature.code_column].dtype] == [pl.Int16(), pl.UInt8()]
        assert (feature.lowest, feature.highest) == (stored.min(), stored.max())


def test_large_contributions_get_longer_steps(applications: pl.DataFrame, published: PublishedModel) -> None:
    text = (published.directory / "model.txt").read_text(encoding="utf-8")
    model = ShapleyModel(text)
    plain = make_contributions(applications.head(50), model, digest="d", features=FEATURES)
    model._trees = model._trees * 60
    far = make_contributions(applications.head(50), model, digest="d", features=FEATURES)
    largest = max(max(-feature.lowest, feature.highest) for feature in far.features)
    assert far.step > STEP
    assert largest == 32_767
    name = plain.features[0].name
    np.testing.assert_allclose(
        far.frame[name].to_numpy() * far.step, 60 * plain.frame[name].to_numpy() * plain.step, atol=60 * STEP
    )


def test_every_value_is_in_its_bin(made: Contributions, applications: pl.DataFrame) -> None:
    matrix = FEATURES.matrix(applications)
    for feature, values in zip(made.features, matrix.T, strict=True):
        codes, bins = made.frame[feature.code_column].to_numpy(), feature.bins
        np.testing.assert_array_equal(codes == bins.size, np.isnan(values))
        seen, code = values[~np.isnan(values)], codes[~np.isnan(values)]
        edges = np.array(bins.numbers)
        if bins.kind is BinKind.RANGES:
            assert bins.size <= RANGES
            assert np.all(edges[code] <= seen)
            assert np.all((seen < edges[code + 1]) | (code == bins.size - 1) & (seen == edges[-1]))
        elif bins.kind is BinKind.NUMBERS:
            assert bins.size <= MOST_NUMBERS
            np.testing.assert_array_equal(edges[code], seen)
        else:
            np.testing.assert_array_equal(code, seen)


def test_ranges_hold_about_equally_many(made: Contributions) -> None:
    credit = next(feature for feature in made.features if feature.name == "AMT_CREDIT")
    counted = made.frame[credit.code_column].value_counts()["count"]
    assert (credit.bins.size, len(counted)) == (RANGES, RANGES)
    assert int(str(counted.max())) - int(str(counted.min())) <= 3


def test_bins_by_hand() -> None:
    nan = np.nan
    levels = ValueBins(BinKind.LEVELS, levels=("a", "b", "Not listed"))
    assert levels.codes(np.array([0, 1, -1, nan], dtype=np.float32)).tolist() == [0, 1, 2, 3]
    numbers = ValueBins(BinKind.NUMBERS, numbers=(0.0, 2.0, 5.0))
    assert numbers.codes(np.array([0, 2, 5, nan], dtype=np.float32)).tolist() == [0, 1, 2, 3]
    ranges = ValueBins(BinKind.RANGES, numbers=(0.0, 1.0, 4.0))
    assert (levels.size, numbers.size, ranges.size) == (3, 3, 2)
    assert ranges.codes(np.array([0, 0.5, 1, 4, nan], dtype=np.float32)).tolist() == [0, 0, 1, 1, 2]
    nothing = ValueBins(BinKind.NUMBERS)
    assert nothing.codes(np.array([nan], dtype=np.float32)).tolist() == [0]


def test_a_column_without_values_and_a_level_of_its_own_are_binned(
    published: PublishedModel, make_table: Callable[..., pl.DataFrame]
) -> None:
    table = make_table(200, seed=3).with_columns(
        pl.lit(None, dtype=pl.Float64).alias("EXT_SOURCE_1"), pl.lit("Space crew").alias("OCCUPATION_TYPE")
    )
    model = ShapleyModel((published.directory / "model.txt").read_text(encoding="utf-8"))
    found = make_contributions(table, model, digest="d", features=FEATURES)
    by_name = {feature.name: feature for feature in found.features}
    assert by_name["EXT_SOURCE_1"].bins == ValueBins(BinKind.NUMBERS)
    job = by_name["OCCUPATION_TYPE"]
    assert job.bins.levels[-1] == "Not listed"
    assert found.frame[job.code_column].unique().to_list() == [job.bins.size - 1]


def test_what_is_written_is_read_again(made: Contributions, tmp_path: Path) -> None:
    path = tmp_path / "odd [name]*" / "contributions.parquet"
    write_contributions(made, path)
    found = load_contributions(path)
    assert found.frame.equals(made.frame)
    assert found.features == made.features
    assert (found.step, found.base, found.max_error) == (made.step, made.base, made.max_error)
    assert (found.ids_digest, read_header(path).digest) == (made.ids_digest, "d")


def test_contributions_know_their_applications(made: Contributions, applications: pl.DataFrame) -> None:
    ids = applications["SK_ID_CURR"]
    assert made.are_of(ids)
    assert made.are_of(ids.cast(pl.Int64))
    assert not made.are_of(ids.reverse())
    assert not made.are_of(ids.head(10))
    assert not made.are_of(ids.cast(pl.String))


def test_building_names_the_model_and_reports_progress(
    published: PublishedModel, applications: pl.DataFrame, made: Contributions, tmp_path: Path
) -> None:
    path, told = tmp_path / "contributions.parquet", list[tuple[int, int]]()
    build_contributions(
        applications, FEATURES, published.directory, path, lambda done, total: told.append((done, total))
    )
    assert read_header(path).digest == digest_of_model(Manifest.load(published.directory))
    assert load_contributions(path).frame.equals(made.frame)
    assert told == sorted(told)
    assert told[-1] == (100, 100)


def test_an_altered_or_missing_text_is_not_explained(
    published: PublishedModel, applications: pl.DataFrame, tmp_path: Path
) -> None:
    directory, path = tmp_path / "model", tmp_path / "contributions.parquet"
    shutil.copytree(published.directory, directory)
    text = directory / "model.txt"
    text.write_bytes(text.read_bytes() + b"\n")
    with pytest.raises(ArtifactError, match="not the file that was published"):
        build_contributions(applications, FEATURES, directory, path, lambda *_: None)
    text.unlink()
    with pytest.raises(ArtifactError, match=r"has none of model\.txt"):
        build_contributions(applications, FEATURES, directory, path, lambda *_: None)
    assert not path.exists()


def test_files_of_something_else_are_named(made: Contributions, tmp_path: Path) -> None:
    path = tmp_path / "contributions.parquet"
    with pytest.raises(ContributionsError, match="no contributions have been computed yet; run `make build`"):
        load_contributions(path)
    path.write_text("text", encoding="utf-8")
    with pytest.raises(ContributionsError, match="holds no contributions"):
        load_contributions(path)
    made.frame.write_parquet(path)
    with pytest.raises(ContributionsError, match="holds no contributions"):
        load_contributions(path)
    write_contributions(made, path)
    metadata = pl.read_parquet_metadata(path)
    made.frame.drop("AMT_CREDIT").write_parquet(
        path, metadata={"scoreroom.contributions": metadata["scoreroom.contributions"]}
    )
    with pytest.raises(ContributionsError, match="holds no contributions"):
        load_contributions(path)
