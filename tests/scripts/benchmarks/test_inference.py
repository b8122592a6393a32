"""Scoring with the product's model: what is timed gives the published PDs, and a wrong one is noticed."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data.settings import Settings
from inference.errors import ArtifactError
from inference.model.artifact import PICKLE
from inference.model.build import PublishedModel
from scripts._embedded import FEATURES
from scripts._measure import DifferenceError
from scripts.benchmarks.inference import Published, _check_decisions, _contenders, measure_batch, measure_product


@pytest.fixture(scope="module")
def scored(built: Settings) -> Published:
    return Published.read(replace(built, allow_pickle=True))


def test_the_pickle_is_opened_only_where_that_is_allowed(built: Settings) -> None:
    with pytest.raises(ArtifactError, match="set SCOREROOM_ALLOW_PICKLE=1"):
        Published.read(built)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names:UserWarning")
def test_what_is_timed_are_pds_of_the_applications(scored: Published) -> None:
    sample = scored.table.head(25)
    contenders: Any = _contenders(scored, sample)
    expected = np.asarray(scored.booster.predict(FEATURES.matrix(sample)))
    row_of = contenders.pop("features_us")
    features = np.concatenate([row_of(row) for row in range(25)])
    assert np.array_equal(features, FEATURES.matrix(sample), equal_nan=True)
    for name, contender in contenders.items():
        assert [contender(row) for row in range(25)] == pytest.approx(expected, abs=1e-6), name


def test_one_row_and_one_applicant_are_timed(scored: Published) -> None:
    figures: Any = measure_product(scored, n=12, rounds=1)
    model = (scored.settings.model / "model.txt").read_text()
    assert (figures["trees"], figures["applicants"]) == (model.count("\nTree="), 12)
    assert figures["features"] == len(FEATURES.names)
    assert 0 < figures["features_us"] < figures["applicant_us"]["p50"] <= figures["applicant_us"]["p95"]
    assert figures["speedup"] == pytest.approx(figures["pickle_us"] / figures["onnx_us"], rel=0.05)


def test_a_whole_table_is_timed_by_threads(scored: Published) -> None:
    said: list[str] = []
    figures: Any = measure_batch(scored, runs=1, cores=3, say=said.append)
    assert figures.pop("rows") == scored.table.height
    assert figures.keys() == {"onnx", "lightgbm", "table"}
    for found in figures.values():
        assert list(found) == ["1", "2", "3"]
        assert all(each["rows_per_s"] > 0 for each in found.values())
    assert said == [f"10,000 rows, threads: {threads}" for threads in (1, 2, 3)]


def test_pds_of_another_model_are_noticed(scored: Published, published: PublishedModel) -> None:
    # Made by this very process.
    other = replace(scored, wrapper=pickle.loads((published.directory / PICKLE).read_bytes()))
    with pytest.raises(DifferenceError, match="onnx_us differs from LightGBM itself by 0"):
        measure_product(other, n=5, rounds=1)
    with pytest.raises(DifferenceError, match="onnx: PDs differ by up to 0"):
        measure_batch(other, runs=1)


@pytest.mark.parametrize(
    ("off", "said"),
    [
        # A decision that flips by less than PDs may differ by.
        (-8e-7, r"table: PDs differ by up to \S+e-07, decisions of 1 rows"),
        (1e-5, r"table: PDs differ by up to \S+e-0[56], decisions of 0 rows"),
    ],
)
def test_decisions_and_pds_must_be_the_same(scored: Published, off: float, said: str) -> None:
    # The second one is declined.
    right = scored.session.manifest.cutoff * np.array([0.5, 1.0]) + 4e-7
    found: Any = {"lightgbm": right, "onnx": right, "table": right + np.array([0, off])}
    with pytest.raises(DifferenceError, match=said):
        _check_decisions(scored, found)
    _check_decisions(scored, found | {"table": right})
