"""Reasons: who the reference is, which fields exceed it, one by one and many at once, and what is typical."""

from __future__ import annotations

import math

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from data import schema
from data.facts import describe_table
from data.settings import Settings
from data.storage import read_parquet
from inference.build import PublishedModel
from inference.contributions import Contributions, ExplainedFeature, load_contributions, make_contributions
from inference.decision import is_declined
from inference.encoding import Feature, FeatureSet, raw_feature
from inference.explainer import Explainer, Explanation
from inference.expressions import Ratio, Raw
from inference.features import FEATURES
from inference.reasons import (
    Reason,
    Reference,
    Typical,
    batch_reasons,
    just_approved,
    make_reference,
    principal_reasons,
    published_log_odds,
    strongest_supports,
    typical_of,
)
from inference.session import ScoringSession
from inference.shapley import ShapleyModel
from inference.values import Value

FIELDS = ("a", "b", "c", "d", "e")
TYPICAL = Reference(10, {"a": 0.25, "b": -0.5, "c": 0.0, "d": 1.0, "e": 0.0})


def explained(*contributions: float) -> Explanation:
    """Of a model whose features are its fields."""
    fields = dict(zip(FIELDS, contributions, strict=True))
    return Explanation(-2.0, fields, fields, {name: {name: 1.0} for name in FIELDS})


def typical_of_table(applications: pl.DataFrame) -> dict[str, Value]:
    return {name: facts.typical for name, facts in describe_table(applications.lazy()).items()}


def log_odds_of(*probabilities: float) -> NDArray[np.float32]:
    return np.array([math.log(value / (1 - value)) for value in probabilities], dtype=np.float32)


@pytest.fixture(scope="module")
def explainer(published: PublishedModel, applications: pl.DataFrame) -> Explainer:
    return Explainer.open(published.directory, typical_of_table(applications))


@pytest.fixture(scope="module")
def contributions(published: PublishedModel, applications: pl.DataFrame) -> Contributions:
    text = (published.directory / "model.txt").read_text(encoding="utf-8")
    return make_contributions(applications, ShapleyModel(text), digest="d")


def test_stored_contributions_give_the_log_odds_of_the_model(
    contributions: Contributions, published: PublishedModel, applications: pl.DataFrame
) -> None:
    booster = lgb.Booster(model_file=str(published.directory / "model.txt"))
    wanted = np.asarray(booster.predict(FEATURES.matrix(applications), raw_score=True))
    found = published_log_odds(contributions)
    assert found.dtype == np.float32
    assert np.abs(found - wanted).max() <= len(FEATURES.names) * contributions.max_error + 1e-6


def test_log_odds_of_stored_steps_by_hand() -> None:
    # Two columns at the ends of 16 bits: their sum takes more.
    frame = pl.DataFrame({"x": [32_767, -32_768, 3], "y": [32_767, -32_768, -1]}, schema={"x": pl.Int16, "y": pl.Int16})
    features = tuple(ExplainedFeature(name, name, 0, 0, bins=None) for name in ("x", "y"))  # type: ignore[arg-type]
    stored = Contributions(frame, features, step=0.5, base=-2.0, max_error=0.0, ids_digest="", digest="")
    assert published_log_odds(stored).tolist() == [32_765.0, -32_770.0, -1.0]


def test_just_approved_are_the_riskiest_below_the_cutoff() -> None:
    log_odds = log_odds_of(0.02, 0.09, 0.30, 0.05, 0.08, 0.09, 0.11)
    assert just_approved(log_odds, 0.10, n=3).tolist() == [1, 5, 4]
    assert just_approved(log_odds, 0.10, n=1).tolist() == [1]
    assert just_approved(log_odds, 0.10).tolist() == [1, 5, 4, 3, 0]
    assert just_approved(log_odds, 0.01).tolist() == []
    assert just_approved(log_odds, 1.0, n=2).tolist() == [2, 6]


def test_an_application_at_the_cutoff_is_not_just_approved() -> None:
    # Log-odds of 0 are a PD of exactly one half.
    log_odds = np.array([0.0, -1e-3, 1e-3], dtype=np.float32)
    assert just_approved(log_odds, 0.5).tolist() == [1]


@given(
    log_odds=arrays(np.float32, st.integers(1, 60), elements=st.integers(-8, 4).map(lambda value: value / 2)),
    cutoff=st.sampled_from([0.0, 0.02, 0.0909, 0.5, 0.9, 1.0]),
    n=st.integers(1, 70),
)
@settings(max_examples=200, deadline=None)
def test_just_approved_are_those_of_a_full_sort(log_odds: NDArray[np.float32], cutoff: float, n: int) -> None:
    approved = [i for i, value in enumerate(log_odds) if float(np.float32(1 / (1 + np.exp(-float(value))))) < cutoff]
    wanted = sorted(approved, key=lambda i: (-log_odds[i], i))[:n]
    assert just_approved(log_odds, cutoff, n).tolist() == wanted


def test_the_reference_is_the_mean_of_explanations(
    contributions: Contributions, explainer: Explainer, applications: pl.DataFrame
) -> None:
    rows = just_approved(published_log_odds(contributions), 0.15, n=50)
    reference = make_reference(contributions, rows)
    alone = [explainer.explain(application).features for application in applications[rows].iter_rows(named=True)]
    assert reference.n_applications == len(rows) == 50
    assert tuple(reference.features) == FEATURES.names
    for name in FEATURES.names:
        wanted = sum(features[name] for features in alone) / len(alone)
        assert reference.features[name] == pytest.approx(wanted, abs=contributions.max_error + 1e-9)


def test_without_approved_applications_there_are_no_reasons(
    contributions: Contributions, explainer: Explainer, applications: pl.DataFrame
) -> None:
    nobody = just_approved(published_log_odds(contributions), 0.0)
    reference = make_reference(contributions, nobody)
    assert reference == Reference(0, {})
    assert principal_reasons(explained(3, 3, 3, 3, 3), reference) == ()
    assert strongest_supports(explained(-3, 3, 3, 3, 3), reference) == ()
    two = applications.head(2)
    assert batch_reasons(two, FEATURES.matrix(two), explainer, reference).tolist() == [[-1] * 4] * 2


def test_reasons_by_hand() -> None:
    # Excesses: a 0.5, b 0.25, c 0, d -0.75, e 1.
    explanation = explained(0.75, -0.25, 0.0, 0.25, 1.0)
    assert principal_reasons(explanation, TYPICAL) == (Reason("e", 1.0), Reason("a", 0.5), Reason("b", 0.25))
    assert principal_reasons(explanation, TYPICAL, n=2) == (Reason("e", 1.0), Reason("a", 0.5))
    assert strongest_supports(explanation, TYPICAL) == (Reason("d", -0.75),)


def test_equal_excesses_come_in_the_order_of_the_fields() -> None:
    explanation = explained(0.75, 0.0, 0.5, 1.5, -0.5)
    assert [reason.field for reason in principal_reasons(explanation, TYPICAL, n=3)] == ["a", "b", "c"]


def test_reasons_need_not_be_as_many_as_asked_for() -> None:
    assert len(principal_reasons(explained(5, 5, 5, 5, 5), TYPICAL, n=9)) == 5


def test_what_exceeds_the_reference_is_traced_to_the_fields() -> None:
    features = {"a": 0.5, "a_to_b": 1.0, "b_to_c": -1.0}
    shares = {"a": {"a": 1.0}, "a_to_b": {"a": 0.25, "b": 0.75}, "b_to_c": {"b": 0.0, "c": 1.0}}
    explanation = Explanation(-2.0, features, {"a": 0.75, "b": 0.75, "c": -1.0}, shares)
    reference = Reference(10, {"a": 0.25, "a_to_b": 0.5, "b_to_c": -1.5})
    # Beyond the reference: 0.25, 0.5, and 0.5.
    assert principal_reasons(explanation, reference) == (Reason("c", 0.5), Reason("a", 0.375), Reason("b", 0.375))
    opposite = Reference(10, {"a": 0.5, "a_to_b": 1.0, "b_to_c": -0.5})
    assert strongest_supports(explanation, opposite) == (Reason("c", -0.5),)


INCOME, CREDIT, ANNUITY = (Raw(name) for name in ("AMT_INCOME_TOTAL", "AMT_CREDIT", "AMT_ANNUITY"))
FEW = FeatureSet(
    (
        raw_feature("AMT_CREDIT"),
        Feature("credit_to_income", "Credit to income", Ratio(CREDIT, INCOME)),
        Feature("credit_to_annuity", "Credit to annuity", Ratio(CREDIT, ANNUITY)),
    )
)
# One split on each feature, half of the rows on either side.
FEW_TREES = "tree\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=2\n" + "".join(
    f"\nTree={feature}\nnum_leaves=2\nsplit_feature={feature}\nthreshold={threshold}\ndecision_type=2\nleft_child=-1\n"
    f"right_child=-2\nleaf_value={-gain} {gain}\nleaf_count=50 50\ninternal_count=100\n"
    for feature, (threshold, gain) in enumerate(((3.5, 0.5), (1.5, 0.25), (2.5, 0.75)))
)
FEW_EXPLAINED = Explainer(
    ShapleyModel(FEW_TREES), {"AMT_CREDIT": 4.0, "AMT_INCOME_TOTAL": 2.0, "AMT_ANNUITY": 1.0}, FEW
)


@given(
    values=arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(0, 6).map(float)),
    means=st.tuples(*[st.integers(-3, 3).map(lambda value: value / 4)] * 3),
    n=st.integers(1, 5),
)
@settings(max_examples=150, deadline=None)
def test_many_at_once_have_the_reasons_of_each_alone(
    values: NDArray[np.float64], means: tuple[float, float, float], n: int
) -> None:
    table = pl.DataFrame(values, schema=["AMT_CREDIT", "AMT_INCOME_TOTAL", "AMT_ANNUITY"], orient="row")
    reference = Reference(10, dict(zip(FEW.names, means, strict=True)))
    found = batch_reasons(table, FEW.matrix(table), FEW_EXPLAINED, reference, n=n)
    assert found.shape == (len(values), n)
    for positions, application in zip(found.tolist(), table.iter_rows(named=True), strict=True):
        explanation = FEW_EXPLAINED.explain(application)
        excess = dict.fromkeys(FEW.sources, 0.0)
        for feature, shares in explanation.shares.items():
            for name, share in shares.items():
                excess[name] += share * (explanation.features[feature] - reference.features[feature])
        wanted = sorted((name for name in excess if np.float32(excess[name]) > 0), key=lambda x: -np.float32(excess[x]))
        assert [FEW.sources[place] for place in positions if place >= 0] == wanted[:n]
        alone = principal_reasons(explanation, reference, n=n)
        assert [reason.field for reason in alone] == wanted[:n]
        assert [reason.excess for reason in alone] == pytest.approx([excess[name] for name in wanted[:n]])


def test_a_declined_application_has_the_same_reasons_alone_and_among_all(built: Settings) -> None:
    applications = read_parquet(built.applications)
    session, explainer = ScoringSession.open(built.model), Explainer.open(built.model, typical_of_table(applications))
    contributions = load_contributions(built.contributions)
    cutoff = session.manifest.cutoff
    rows = just_approved(published_log_odds(contributions), cutoff)
    reference = make_reference(contributions, rows)
    scored = session.score_frame(applications)
    # Stored steps are exact to 0.0043 of log-odds, 0.0004 of a PD at the cutoff.
    assert scored[rows].max() < cutoff + 4e-4
    surely = np.flatnonzero((scored < cutoff - 4e-4) & (scored > scored[rows].min() + 8e-4))
    assert 0 < surely.size < rows.size == 2_000
    assert set(surely) <= set(rows)
    declined = np.flatnonzero(is_declined(scored, cutoff))
    assert declined.size > 500
    told: list[tuple[int, int]] = []
    table = applications[declined]
    found = batch_reasons(
        table, FEATURES.matrix(table), explainer, reference, advance=lambda done, total: told.append((done, total))
    )
    assert told == [(declined.size, declined.size)]
    # A declined application's total lies above the reference's, so that some field's must.
    assert np.all(found[:, 0] >= 0)
    for positions, application in zip(found[:500], table.iter_rows(named=True), strict=False):
        reasons = principal_reasons(explainer.explain(application), reference)
        assert [reason.field for reason in reasons] == [explainer.fields[i] for i in positions if i >= 0]
        assert [reason.excess for reason in reasons] == sorted((reason.excess for reason in reasons), reverse=True)
        assert reasons[-1].excess > 0


def test_quartiles_leave_the_sentinel_out() -> None:
    values = pl.Series([-100, -200, 365_243, -300, None, -400, -500, 365_243], dtype=pl.Int32)
    found = typical_of(schema.column("DAYS_EMPLOYED"), values)
    assert found == Typical(-400.0, -300.0, -200.0, None, 0.0, 1 / 8, 2 / 8)


def test_quartiles_are_values_that_occur() -> None:
    found = typical_of(schema.column("CNT_CHILDREN"), pl.Series([0, 0, 0, 1, 1, 2, 5, 9], dtype=pl.Int8))
    assert {found.low, found.median, found.high} <= {0.0, 1.0, 2.0, 5.0}
    assert found.sentinel_share == found.missing_share == 0.0


@pytest.mark.parametrize("dtype", [pl.String, schema.column("OCCUPATION_TYPE").dtype])
def test_a_category_has_its_commonest_level(dtype: pl.DataType) -> None:
    column = schema.column("OCCUPATION_TYPE")
    values = pl.Series(["Drivers", None, "Laborers", "Managers", "Laborers"], dtype=dtype)
    assert typical_of(column, values) == Typical(None, None, None, "Laborers", 2 / 5, 1 / 5, 0.0)
    tied = pl.Series(["Managers", "Drivers", "Managers", "Drivers"], dtype=dtype)
    assert typical_of(column, tied).level == "Drivers"


def test_a_level_that_the_schema_does_not_list_can_be_the_commonest() -> None:
    values = pl.Series(["Space crew", "Drivers", "Space crew"])
    assert typical_of(schema.column("OCCUPATION_TYPE"), values).level == "Space crew"
    assert typical_of(schema.column("OCCUPATION_TYPE"), values.head(2)).level == "Drivers"


def test_a_flag_is_a_level() -> None:
    values = pl.Series([1, 0, 1, 1], dtype=pl.Int8)
    assert typical_of(schema.column("FLAG_DOCUMENT_3"), values) == Typical(None, None, None, "1", 0.75, 0.0, 0.0)


@pytest.mark.parametrize("name", ["EXT_SOURCE_1", "DAYS_EMPLOYED", "OCCUPATION_TYPE", "FLAG_PHONE"])
def test_where_nothing_is_known_nothing_is_typical(name: str) -> None:
    column = schema.column(name)
    empty = pl.Series([], dtype=column.dtype)
    assert typical_of(column, empty) == Typical(None, None, None, None, 0.0, 0.0, 0.0)
    missing = pl.Series([None, None], dtype=column.dtype)
    assert typical_of(column, missing) == Typical(None, None, None, None, 0.0, 1.0, 0.0)
