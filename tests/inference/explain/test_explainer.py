"""Explanations of applications: they add up to the score, agree with LightGBM, and are shared among raw columns."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest

from data.facts import describe_table
from data.home_credit import embedded
from data.settings import Settings
from data.store.storage import read_parquet
from inference.errors import ArtifactError, FeatureError
from inference.explain.explainer import Explainer, Explanation
from inference.explain.shapley import ShapleyModel
from inference.features.encoding import Feature, FeatureSet, raw_feature
from inference.features.expressions import Mean, Product, Ratio, Raw
from inference.model.artifact import Manifest
from inference.model.build import PublishedModel
from inference.model.session import ScoringSession
from inference.values import Value
from scripts._embedded import FEATURES

INCOME, CREDIT, ANNUITY = (Raw(name) for name in ("AMT_INCOME_TOTAL", "AMT_CREDIT", "AMT_ANNUITY"))
SHARING = FeatureSet(
    embedded.DEFINITION,
    (
        raw_feature(embedded.column("AMT_CREDIT")),
        Feature("credit_to_income", "Credit to income", Ratio(CREDIT, INCOME)),
        Feature("three", "Three of them", Product((Mean((CREDIT, ANNUITY), (1.0, 1.0)), Ratio(CREDIT, INCOME)))),
    ),
)
# One split on each feature, half of the rows on either side: each adds half of the difference between its leaves.
SHARED_MODEL = "tree\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=2\n" + "".join(
    f"\nTree={feature}\nnum_leaves=2\nsplit_feature={feature}\nthreshold=1.5\ndecision_type=2\nleft_child=-1\n"
    f"right_child=-2\nleaf_value={-gain} {gain}\nleaf_count=50 50\ninternal_count=100\n"
    for feature, gain in enumerate((0.5, 0.25, 0.75))
)


NO_ROW = np.empty((1, 0), dtype=np.float32)
SHARED_TYPICAL: dict[str, Value] = {"AMT_CREDIT": 4.0, "AMT_INCOME_TOTAL": 4.0, "AMT_ANNUITY": 1.0}


def typical_of_table(applications: pl.DataFrame) -> dict[str, Value]:
    return {name: facts.typical for name, facts in describe_table(applications.lazy(), embedded.DEFINITION).items()}


@pytest.fixture(scope="module")
def explainer(published: PublishedModel, applications: pl.DataFrame) -> Explainer:
    return Explainer.open(published.directory, typical_of_table(applications), FEATURES)


def sigmoid(log_odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def test_contributions_add_up_to_the_score_of_every_application(built: Settings) -> None:
    applications = read_parquet(built.applications)
    session, explainer = (
        ScoringSession.open(built.model, embedded.DEFINITION),
        Explainer.open(built.model, typical_of_table(applications), FEATURES),
    )
    scored = session.score_frame(applications)
    told: list[tuple[int, int]] = []
    fields = explainer.batch(
        applications, FEATURES.matrix(applications), lambda done, total: told.append((done, total))
    )
    assert fields.shape == (10_000, len(FEATURES.sources))
    assert told == [(10_000, 10_000)]
    added = sigmoid(explainer.base + fields.sum(axis=1, dtype=np.float64))
    assert np.abs(added - scored).max() <= 1e-6
    for row, application in enumerate(applications.head(500).iter_rows(named=True)):
        explained = explainer.explain(application)
        assert abs(float(sigmoid(np.array(explained.log_odds))) - scored[row]) <= 1e-6
        assert abs(sum(explained.fields.values()) - sum(explained.features.values())) <= 1e-12
        np.testing.assert_allclose(fields[row], list(explained.fields.values()), rtol=0, atol=1e-7)


def test_features_are_those_of_lightgbm(
    explainer: Explainer, published: PublishedModel, applications: pl.DataFrame
) -> None:
    booster = lgb.Booster(model_file=str(published.directory / "model.txt"))
    wanted = np.asarray(booster.predict(FEATURES.matrix(applications.head(200)), pred_contrib=True))
    for application, row in zip(applications.head(200).iter_rows(named=True), wanted, strict=True):
        explained = explainer.explain(application)
        assert tuple(explained.features) == FEATURES.names
        assert tuple(explained.fields) == explainer.fields == FEATURES.sources
        np.testing.assert_allclose([*explained.features.values(), explained.base], row, rtol=0, atol=1e-9)


def test_an_application_of_which_nothing_is_known_is_explained(explainer: Explainer, published: PublishedModel) -> None:
    wanted = ScoringSession.open(published.directory, embedded.DEFINITION).score({})
    assert float(sigmoid(np.array(explainer.explain({}).log_odds))) == pytest.approx(wanted, abs=1e-6)


def test_a_derived_feature_goes_to_the_columns_that_moved_it() -> None:
    explainer = Explainer(ShapleyModel(SHARED_MODEL), SHARED_TYPICAL, SHARING)
    # credit 4 > 1.5: +0.5; 4 / 8 = 0.5: -0.25; mean(4, 3) * 0.5 = 1.75: +0.75. Typically 1 and mean(4, 1) * 1 = 2.5.
    explained = explainer.explain({"AMT_CREDIT": 4.0, "AMT_INCOME_TOTAL": 8.0, "AMT_ANNUITY": 3.0})
    assert explained.features == pytest.approx({"AMT_CREDIT": 0.5, "credit_to_income": -0.25, "three": 0.75})
    assert explainer.fields == ("AMT_CREDIT", "AMT_INCOME_TOTAL", "AMT_ANNUITY")
    # The income alone halved the ratio and brought the third below 2.5, against an annuity that raised it.
    assert explained.shares == {
        "AMT_CREDIT": {"AMT_CREDIT": 1.0},
        "credit_to_income": {"AMT_CREDIT": 0.0, "AMT_INCOME_TOTAL": 1.0},
        "three": {"AMT_CREDIT": 0.0, "AMT_ANNUITY": 0.0, "AMT_INCOME_TOTAL": 1.0},
    }
    assert explained.fields == pytest.approx({"AMT_CREDIT": 0.5, "AMT_INCOME_TOTAL": 0.5, "AMT_ANNUITY": 0.0})
    assert explained.log_odds == pytest.approx(explained.base + 1.0)
    assert explained.base == 0.0


def test_amounts_are_traced_as_contributions_are() -> None:
    shares = {"a": {"a": 1.0}, "ratio": {"a": 0.25, "b": 0.75}}
    explained = Explanation(-2.0, {"a": 1.0, "ratio": 4.0}, {"a": 2.0, "b": 3.0, "c": 0.0}, shares, NO_ROW)
    assert explained.traced(explained.features) == explained.fields
    assert explained.traced({"a": 0.5, "ratio": -2.0}) == {"a": 0.0, "b": -1.5, "c": 0.0}


def test_blocks_are_contributions_less_what_is_told(explainer: Explainer, applications: pl.DataFrame) -> None:
    matrix = FEATURES.matrix(applications)
    less = dict(zip(FEATURES.names, np.random.default_rng(3).normal(size=len(FEATURES.names)).tolist(), strict=True))
    found = np.full((len(matrix), len(explainer.fields)), np.nan)

    def keep(rows: slice, fields: np.ndarray) -> None:
        found[rows] = fields

    explainer.each_block(applications, matrix, keep, less=less)
    for row in range(0, len(matrix), 100):
        explained = explainer.explain(applications.row(row, named=True))
        wanted = explained.traced({name: value - less[name] for name, value in explained.features.items()})
        np.testing.assert_allclose(found[row], list(wanted.values()), rtol=0, atol=1e-6)


def test_blocks_of_any_length_are_traced_alike(
    explainer: Explainer, applications: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = applications.head(700)
    matrix = FEATURES.matrix(table)
    whole = explainer.batch(table, matrix)
    monkeypatch.setattr("inference.explain.explainer._TRACED_ROWS", 64)
    monkeypatch.setattr("inference.explain.shapley.BLOCK_ROWS", 150)
    np.testing.assert_array_equal(explainer.batch(table, matrix), whole)


def test_log_odds_are_the_base_and_all_fields() -> None:
    assert (
        Explanation(-2.0, {"a": 0.75}, {"b": 0.5, "c": 0.25}, {"a": {"b": 2 / 3, "c": 1 / 3}}, NO_ROW).log_odds == -1.25
    )
    assert Explanation(-2.0, {}, {}, {}, NO_ROW).log_odds == -2.0


def test_no_applications_have_no_contributions(explainer: Explainer, applications: pl.DataFrame) -> None:
    none = explainer.batch(applications.clear(), np.empty((0, len(FEATURES.names)), dtype=np.float32))
    assert none.shape == (0, len(FEATURES.sources))


def test_another_width_or_height_is_named(explainer: Explainer, applications: pl.DataFrame) -> None:
    with pytest.raises(FeatureError, match="matrix has 3 columns; the model takes 82"):
        explainer.batch(applications.head(2), np.zeros((2, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="5 applications cannot have 2 rows of features"):
        explainer.batch(applications.head(5), np.zeros((2, 82), dtype=np.float32))
    with pytest.raises(FeatureError, match="matrix has 82 columns; the model takes 3"):
        Explainer(ShapleyModel(SHARED_MODEL), {}, FEATURES)


def test_a_wrong_value_is_named(explainer: Explainer) -> None:
    with pytest.raises(FeatureError, match="AMT_CREDIT holds 'much'"):
        explainer.explain({"AMT_CREDIT": "much"})


def copied(published: PublishedModel, place: Path) -> Path:
    shutil.copytree(published.directory, place)
    return place


def alter(directory: Path) -> None:
    text = directory / "model.txt"
    text.write_bytes(text.read_bytes() + b"\n")


def teach_other_features(directory: Path) -> None:
    manifest = directory / "manifest.json"
    digest = Manifest.load(directory).features_sha256
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(digest, "0" * 64), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (alter, "not the file that was published"),
        (lambda directory: (directory / "model.txt").unlink(), r"has none of model\.txt"),
        (lambda directory: (directory / "manifest.json").unlink(), "holds no model"),
        (teach_other_features, "trained on another feature list"),
    ],
)
def test_a_model_that_is_not_the_published_one_is_not_explained(
    published: PublishedModel, tmp_path: Path, change: Callable[[Path], None], said: str
) -> None:
    directory = copied(published, tmp_path / "model")
    change(directory)
    with pytest.raises(ArtifactError, match=said):
        Explainer.open(directory, {}, FEATURES)
