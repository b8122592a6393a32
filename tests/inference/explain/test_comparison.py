"""Who is just approved by the model itself, their mean contributions, and what is typical of them."""

from __future__ import annotations

import math
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from data.facts import describe_table
from data.home_credit import embedded
from data.settings import Settings
from inference.explain.comparison import (
    Reference,
    Typical,
    are_typical,
    as_array,
    compute_reference,
    find_reference,
    is_typical,
    just_approved,
    published_log_odds,
    typical_of,
    typical_value,
)
from inference.explain.contributions import Contributions, ExplainedFeature, load_contributions, make_contributions
from inference.explain.explainer import Explainer
from inference.explain.shapley import ShapleyModel
from inference.model.build import PublishedModel
from inference.model.decision import is_declined
from inference.model.session import ScoringSession
from inference.values import Value
from scripts._embedded import FEATURES


def log_odds_of(*probabilities: float) -> NDArray[np.float64]:
    return np.array([math.log(value / (1 - value)) for value in probabilities])


def pds_of(log_odds: NDArray[np.float64]) -> NDArray[np.float32]:
    return (1 / (1 + np.exp(-log_odds))).astype(np.float32)


def closest(exact: NDArray[np.float64], cutoff: float, n: int = 2_000, *, error: float = 0.0) -> list[int]:
    """`just_approved` where all that is known beforehand is off by up to `error`, now up and now down."""
    known = exact + error * np.resize([1.0, -1.0, 0.5], exact.size)
    found: list[int] = just_approved(known, error, lambda rows: pds_of(exact[rows]), cutoff, n).tolist()
    return found


@pytest.fixture(scope="module")
def contributions(published: PublishedModel, applications: pl.DataFrame) -> Contributions:
    text = (published.directory / "model.txt").read_text(encoding="utf-8")
    return make_contributions(applications, ShapleyModel(text), digest="d", features=FEATURES)


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
    assert closest(log_odds, 0.10, 3) == [1, 5, 4]
    assert closest(log_odds, 0.10, 1) == [1]
    assert closest(log_odds, 0.10) == [1, 5, 4, 3, 0]
    assert closest(log_odds, 0.01) == []
    assert closest(log_odds, 0.0) == []
    assert closest(log_odds, 1.0, 2) == [2, 6]


def test_an_application_at_the_cutoff_is_not_just_approved() -> None:
    # Log-odds of 0 are a PD of exactly one half.
    assert closest(np.array([0.0, -1e-3, 1e-3]), 0.5) == [1]


def test_what_was_rounded_past_the_cutoff_is_decided_by_the_model() -> None:
    # Known as 0.4975 and 0.5025, the other way round.
    assert closest(log_odds_of(0.5025, 0.4975, 0.3), 0.5, 2, error=0.02) == [1, 2]


@given(
    exact=arrays(np.float64, st.integers(1, 60), elements=st.integers(-80, 40).map(lambda value: value / 20)),
    cutoff=st.sampled_from([0.0, 0.02, 0.0909, 0.5, 0.9, 1.0]),
    n=st.integers(1, 70),
    error=st.sampled_from([0.0, 0.01, 0.2, 3.0]),
)
@settings(max_examples=300)
def test_just_approved_are_those_of_a_full_sort(
    exact: NDArray[np.float64], cutoff: float, n: int, error: float
) -> None:
    pds = pds_of(exact).tolist()
    approved = [i for i, pd in enumerate(pds) if pd < cutoff]
    assert closest(exact, cutoff, n, error=error) == sorted(approved, key=lambda i: (-pds[i], i))[:n]


def test_none_of_the_just_approved_is_declined(built: Settings) -> None:
    session, contributions = (
        ScoringSession.open(built.model, embedded.DEFINITION),
        load_contributions(built.contributions),
    )
    applications = pl.read_parquet(built.applications)
    cutoff = session.manifest.cutoff
    pds = session.score_frame(applications)
    wanted = sorted(np.flatnonzero(~is_declined(pds, cutoff)).tolist(), key=lambda i: (-pds[i], i))[:2_000]
    error = contributions.max_error * len(contributions.features)
    asked: list[int] = []

    def score(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        asked.append(rows.size)
        return pds[rows]

    found = just_approved(published_log_odds(contributions), error, score, cutoff)
    assert found.tolist() == wanted
    assert not is_declined(pds[found], cutoff).any()
    # It is not by scoring everything that they are found.
    assert asked[0] < 2_000 + applications.height // 20
    reference = find_reference(contributions, applications.lazy(), session, cutoff)
    assert reference.n_applications == 2_000
    assert tuple(reference.typical) == FEATURES.sources
    for name in FEATURES.sources:
        assert reference.typical[name] == typical_of(embedded.column(name), applications[name][wanted])


def test_the_reference_is_the_mean_of_explanations(
    contributions: Contributions, published: PublishedModel, applications: pl.DataFrame
) -> None:
    session = ScoringSession.open(published.directory, embedded.DEFINITION)
    typical = {name: facts.typical for name, facts in describe_table(applications.lazy(), embedded.DEFINITION).items()}
    explainer = Explainer.open(published.directory, typical, FEATURES)
    pds = session.score_frame(applications)
    rows = sorted(np.flatnonzero(pds < 0.15).tolist(), key=lambda i: (-pds[i], i))[:50]
    reference = find_reference(contributions, applications.lazy(), session, 0.15, n=50)
    alone = [explainer.explain(application).features for application in applications[rows].iter_rows(named=True)]
    assert reference.n_applications == len(rows) == 50
    assert tuple(reference.features) == FEATURES.names
    for name in FEATURES.names:
        wanted = sum(features[name] for features in alone) / len(alone)
        assert reference.features[name] == pytest.approx(wanted, abs=contributions.max_error + 1e-9)


def test_with_nobody_approved_there_is_nothing_to_compare_with(
    contributions: Contributions, published: PublishedModel, applications: pl.DataFrame
) -> None:
    session = ScoringSession.open(published.directory, embedded.DEFINITION)
    assert find_reference(contributions, applications.lazy(), session, 0.0) == Reference(0, {})
    trees = Explainer.open(published.directory, {}, FEATURES).model
    assert compute_reference(trees, applications.lazy(), session, 0.0) == Reference(0, {})


def test_without_stored_contributions_the_same_applications_are_compared_with(
    contributions: Contributions, published: PublishedModel, applications: pl.DataFrame, tmp_path: Path
) -> None:
    session, trees = (
        ScoringSession.open(published.directory, embedded.DEFINITION),
        Explainer.open(published.directory, {}, FEATURES).model,
    )
    applications.write_parquet(tmp_path / "applications.parquet")
    stored = find_reference(contributions, applications.lazy(), session, 0.15, n=50)
    found = compute_reference(trees, pl.scan_parquet(tmp_path / "applications.parquet"), session, 0.15, n=50)
    assert (found.n_applications, found.typical) == (stored.n_applications, stored.typical)
    # Both round each contribution to the nearest step, whose length depends on who is explained.
    assert found.features == pytest.approx(stored.features, abs=2 * contributions.step)


def number(low: float | None, high: float | None, *, missing: float = 0.0, sentinel: float = 0.0) -> Typical:
    return Typical(low, low, high, None, 0.0, missing, (sentinel,) if sentinel else ())


def level(name: str, share: float, *, missing: float = 0.0) -> Typical:
    return Typical(None, None, None, name, share, missing)


@pytest.mark.parametrize(
    ("name", "value", "typical", "is_so"),
    [
        ("AMT_CREDIT", 270_000.0, number(270_000.0, 808_650.0), True),
        ("AMT_CREDIT", 808_650.0, number(270_000.0, 808_650.0), True),
        ("AMT_CREDIT", 269_999.5, number(270_000.0, 808_650.0), False),
        ("AMT_CREDIT", 808_650.5, number(270_000.0, 808_650.0), False),
        ("DAYS_BIRTH", -14_610, number(-18_993.0, -12_784.0), True),
        ("DAYS_BIRTH", -12_783, number(-18_993.0, -12_784.0), False),
        ("EXT_SOURCE_3", None, number(0.4, 0.6, missing=0.5), True),
        ("EXT_SOURCE_3", None, number(0.4, 0.6, missing=0.49), False),
        ("EXT_SOURCE_3", 0.5, number(None, None, missing=1.0), False),
        ("DAYS_EMPLOYED", 365_243, number(-2_922.0, -366.0, sentinel=0.5), True),
        ("DAYS_EMPLOYED", 365_243, number(-2_922.0, -366.0, sentinel=0.49), False),
        ("DAYS_EMPLOYED", -800, number(-2_922.0, -366.0, sentinel=0.9), True),
        ("FLAG_PHONE", 0, level("0", 0.9), True),
        ("FLAG_PHONE", 1, level("0", 0.9), False),
        ("FLAG_PHONE", None, level("0", 0.9), False),
        # The commonest level is so however few have it.
        ("OCCUPATION_TYPE", "Laborers", level("Laborers", 0.18, missing=0.31), True),
        ("OCCUPATION_TYPE", "Drivers", level("Laborers", 0.18, missing=0.31), False),
        ("OCCUPATION_TYPE", None, level("Laborers", 0.18, missing=0.51), True),
        ("OCCUPATION_TYPE", "Laborers", Typical(None, None, None, None, 0.0, 1.0), False),
    ],
)
def test_what_is_itself_typical(name: str, value: Value, typical: Typical, is_so: bool) -> None:
    column = embedded.column(name)
    assert is_typical(column, value, typical) == is_so
    values = as_array(column, pl.Series([value, value], dtype=column.dtype, strict=False))
    if not isinstance(value, float) or column.dtype == pl.Float64:
        assert are_typical(column, values, typical).tolist() == [is_so] * 2


@pytest.mark.parametrize(
    ("name", "typical", "value"),
    [
        ("AMT_CREDIT", Typical(1.0, 2.0, 3.0, None, 0.0, 0.0), 2.0),
        ("EXT_SOURCE_1", Typical(1.0, 2.0, 3.0, None, 0.0, 0.49), 2.0),
        ("EXT_SOURCE_1", Typical(1.0, 2.0, 3.0, None, 0.0, 0.5), None),
        ("DAYS_EMPLOYED", Typical(-3.0, -2.0, -1.0, None, 0.0, 0.0, (0.5,)), 365_243),
        ("DAYS_EMPLOYED", Typical(-3.0, -2.0, -1.0, None, 0.0, 0.0, (0.4,)), -2.0),
        ("FLAG_PHONE", level("1", 0.6), 1),
        ("OCCUPATION_TYPE", level("Drivers", 0.2, missing=0.3), "Drivers"),
        ("OCCUPATION_TYPE", level("Drivers", 0.2, missing=0.6), None),
    ],
)
def test_the_value_that_stands_for_what_is_typical(name: str, typical: Typical, value: Value) -> None:
    assert typical_value(embedded.column(name), typical) == value
    assert value is None or is_typical(embedded.column(name), value, typical)


def test_quartiles_leave_the_sentinel_out() -> None:
    values = pl.Series([-100, -200, 365_243, -300, None, -400, -500, 365_243], dtype=pl.Int32)
    found = typical_of(embedded.column("DAYS_EMPLOYED"), values)
    assert found == Typical(-400.0, -300.0, -200.0, None, 0.0, 1 / 8, (2 / 8,))


def test_quartiles_are_values_that_occur() -> None:
    found = typical_of(embedded.column("CNT_CHILDREN"), pl.Series([0, 0, 0, 1, 1, 2, 5, 9], dtype=pl.Int8))
    assert {found.low, found.median, found.high} <= {0.0, 1.0, 2.0, 5.0}
    assert (found.special_shares, found.missing_share) == ((), 0.0)


@pytest.mark.parametrize("dtype", [pl.String, embedded.column("OCCUPATION_TYPE").dtype])
def test_a_category_has_its_commonest_level(dtype: pl.DataType) -> None:
    column = embedded.column("OCCUPATION_TYPE")
    values = pl.Series(["Drivers", None, "Laborers", "Managers", "Laborers"], dtype=dtype)
    assert typical_of(column, values) == Typical(None, None, None, "Laborers", 2 / 5, 1 / 5)
    tied = pl.Series(["Managers", "Drivers", "Managers", "Drivers"], dtype=dtype)
    assert typical_of(column, tied).level == "Drivers"


def test_a_level_that_the_schema_does_not_list_can_be_the_commonest() -> None:
    values = pl.Series(["Space crew", "Drivers", "Space crew"])
    assert typical_of(embedded.column("OCCUPATION_TYPE"), values).level == "Space crew"
    assert typical_of(embedded.column("OCCUPATION_TYPE"), values.head(2)).level == "Drivers"


def test_a_flag_is_a_level() -> None:
    values = pl.Series([1, 0, 1, 1], dtype=pl.Int8)
    assert typical_of(embedded.column("FLAG_DOCUMENT_3"), values) == Typical(None, None, None, "1", 0.75, 0.0)


@pytest.mark.parametrize("name", ["EXT_SOURCE_1", "DAYS_EMPLOYED", "OCCUPATION_TYPE", "FLAG_PHONE"])
def test_where_nothing_is_known_nothing_is_typical(name: str) -> None:
    column = embedded.column(name)
    empty = pl.Series([], dtype=column.dtype)
    none = (0.0,) * len(column.special)
    assert typical_of(column, empty) == Typical(None, None, None, None, 0.0, 0.0, none)
    missing = pl.Series([None, None], dtype=column.dtype)
    assert typical_of(column, missing) == Typical(None, None, None, None, 0.0, 1.0, none)
