"""The report on two models against scikit-learn on the rows themselves."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk

from dashboard.cohort.columns import prepare
from dashboard.cohort.filters import Filters, LevelFilter
from dashboard.report.comparing import Contender, ModelReport, compare_models
from dashboard.report.report import EmptyCohortError
from dashboard.visit.assumptions import assume
from data.predictions.scale import Scale
from data.predictions.table import CohortColumn, CohortKind, Predictions, PredictionsSource
from inference.explain.all_reasons import NamedReasons

N = 2_000
RNG = np.random.default_rng(11)
PD = np.round(RNG.beta(1.2, 9, N), 6)
OTHER = np.round(np.clip(PD * np.exp(0.6 * RNG.normal(size=N)), 1e-4, 0.9), 6)
OUTCOME = RNG.random(N) < PD
REGIONS = ["north", "south", "west"]
REGION = RNG.choice(REGIONS, N)
FRAME = pl.DataFrame(
    {
        "is_default": OUTCOME,
        "default_probability": PD,
        "exposure": RNG.lognormal(9, 0.5, N).astype(np.float32),
        "region": pl.Series(REGION).cast(pl.Enum(REGIONS)),
    }
)
TABLE = prepare(
    Predictions(
        FRAME,
        PredictionsSource("drawn.csv", "digest", is_imported=True),
        (CohortColumn("region", "Region", "", "", CohortKind.LEVELS, tuple(REGIONS)),),
    ),
    cutoffs=[0.1],
)


def report(scores: pl.Series | None = None, filters: Filters | None = None, scale: Scale | None = None) -> ModelReport:
    other = pl.Series(OTHER) if scores is None else scores
    contenders = [
        Contender("champion", TABLE.frame["default_probability"], {"kind": "lightgbm"}),
        Contender("scorecard", other, {"kind": "scorecard", "n_features": 9}, scale),
    ]
    return compare_models(TABLE, contenders, filters or Filters(), assume(0.1), cutoffs=(0.1, 0.1), currency="EUR")


def test_the_difference_of_the_aucs_is_that_of_the_rows() -> None:
    told = report().to_json()
    found = told["auc_difference"]
    aucs = sk.roc_auc_score(OUTCOME, PD), sk.roc_auc_score(OUTCOME, OTHER)
    assert found["auc"] == pytest.approx({"champion": aucs[0], "scorecard": aucs[1]}, abs=1e-9)
    assert found["value"] == pytest.approx(aucs[1] - aucs[0], abs=1e-9)
    assert found["low"] < found["value"] < found["high"] < 0
    assert found["paired"] is True
    assert told["difference_is"] == "scorecard less champion"
    json.dumps(told, allow_nan=False)


def test_the_swap_set_is_that_of_the_rows() -> None:
    told = report().to_json()["swap_set"]
    groups = {
        "in": (PD >= 0.1) & (OTHER < 0.1),
        "out": (PD < 0.1) & (OTHER >= 0.1),
        "both": (PD < 0.1) & (OTHER < 0.1),
        "neither": (PD >= 0.1) & (OTHER >= 0.1),
    }
    for name, members in groups.items():
        assert told[name]["n"] == members.sum()
        assert told[name]["default_rate"] == pytest.approx(OUTCOME[members].mean())
        assert told[name]["default_rate_low"] < told[name]["default_rate"] < told[name]["default_rate_high"]
    gap = OUTCOME[groups["in"]].mean() - OUTCOME[groups["out"]].mean()
    assert told["default_rate_difference"]["value"] == pytest.approx(gap)


def test_at_equal_approval_both_approve_as_many() -> None:
    told = report().to_json()["swap_set_at_equal_approval"]
    assert told["approved"]["champion"] == told["approved"]["scorecard"] == (PD < 0.1).sum()
    assert told["in"]["n"] == told["out"]["n"]


def test_each_model_has_a_row() -> None:
    rows = {row["name"]: row for row in report().to_json()["models"]}
    assert list(rows) == ["champion", "scorecard"]
    assert (rows["scorecard"]["kind"], rows["scorecard"]["n_features"]) == ("scorecard", 9)
    assert rows["scorecard"]["auc"] == pytest.approx(sk.roc_auc_score(OUTCOME, OTHER), abs=1e-9)
    assert rows["champion"]["brier"] == pytest.approx(sk.brier_score_loss(OUTCOME, PD), abs=1e-9)


def test_a_cohort_is_compared_by_itself() -> None:
    filters = Filters.of([LevelFilter("region", ("north",))])
    told = report(filters=filters).to_json()
    own = REGION == "north"
    assert told["n_rows"] == own.sum()
    gap = sk.roc_auc_score(OUTCOME[own], OTHER[own]) - sk.roc_auc_score(OUTCOME[own], PD[own])
    assert told["auc_difference"]["value"] == pytest.approx(gap, abs=1e-9)
    segment = next(row for row in told["segments"]["rows"] if row["segment"] == "north")
    assert segment["value"] == pytest.approx(gap, abs=1e-9)


def test_rows_without_a_score_are_left_out_and_told() -> None:
    found = report(pl.Series(OTHER).set(pl.Series(np.arange(N) < 100), None))
    assert (found.n_left_out, found.comparison.rows.n_rows) == (100, N - 100)
    assert "100 rows that one of the two does not score are left out." in found.sentences
    assert found.to_json()["models"][1]["n"] == N - 100
    with pytest.raises(EmptyCohortError):
        report(pl.Series([None] * N, dtype=pl.Float64))


def test_a_score_that_is_no_probability_is_ranked_alone() -> None:
    told = report(scale=Scale("points", 300, 850, "safer")).to_json()
    assert told["auc_difference"]["value"] is not None
    assert "ranks, but is no probability" in told["differences"]["brier"]["reason"]
    assert told["models"][1]["brier"] is None
    assert told["swap_set"]["in"]["profit"]["value"] is None
    assert told["swap_set"]["in"]["default_rate"] is not None


def test_the_sentences_are_an_analyst_s() -> None:
    said = " ".join(report().sentences)
    assert "By AUC, champion ranks better than scorecard, by" in said
    assert "would be swapped in (approved by scorecard alone), of whom" in said
    assert "segments the models rank differently beyond chance" in said


def test_reasons_are_those_named_or_why_there_are_none() -> None:
    told = report()
    assert told.to_json()["reasons"] == {"compared": False, "reason": "reasons were not asked for"}
    places = np.full((N, 4), -1, np.int16)
    places[:, 0] = np.arange(N) % 2
    one, two = NamedReasons(("income", "credit"), places), NamedReasons(("income", "age"), places)
    found = told.with_reasons(one, two, {"credit": "Credit amount", "age": "Age"})
    read = json.loads(json.dumps(found.to_json()))["reasons"]
    declined = (PD >= 0.1) | (OTHER >= 0.1)
    even = np.arange(N) % 2 == 0
    assert read["all"]["first"]["value"] == 0.5
    assert read["declined_by_either"]["n"] == declined.sum()
    assert read["declined_by_either"]["overlap"]["value"] == pytest.approx((declined & even).sum() / declined.sum())
    assert read["stand_ins"] == [
        {
            "says": {"champion": "credit", "scorecard": "age"},
            "n": N / 2,
            "n_declined": (declined & ~even).sum(),
        }
    ]
    assert any("commonest pair over all applications is “Credit amount” against “Age”" in x for x in found.sentences)
