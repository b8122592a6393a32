"""Calibrating the shown score of predictions: cohort, folds, grades and points, and the figures before and after."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from dashboard.cohort.columns import prepare
from dashboard.cohort.filters import Filters
from dashboard.metrics.estimate import Estimate
from dashboard.report.conditions import read_conditions
from dashboard.report.recalibration import OF_PREDICTIONS, plain, recalibrate
from dashboard.visit.assumptions import assume
from data.home_credit import embedded
from data.predictions.imports import import_predictions
from data.predictions.table import Predictions
from inference.calibrating.curves import Bands, ScoreCurve, expit
from inference.calibrating.errors import CalibrationError
from inference.calibrating.fitting import Method
from inference.calibrating.folding import hashed_folds
from inference.calibrating.out_of_fold import Request

N_ROWS = 4_000
GIVEN = assume(0.1)


def draw() -> pl.DataFrame:
    """PDs that are half of what they should be, points, grades and regions; every tenth outcome is open."""
    random = np.random.default_rng(4)
    true = expit(random.normal(-1.5, 1, N_ROWS))
    outcome = [None if i % 10 == 0 else int(bad) for i, bad in enumerate(random.random(N_ROWS) < true)]
    return pl.DataFrame(
        {
            "id": np.arange(N_ROWS),
            "outcome": pl.Series(outcome, dtype=pl.Int64),
            "pd": np.round(true / 2, 4),
            "points": np.round(600 - 30 * np.log(true / (1 - true))),
            "grade": pl.Series(np.digitize(true, [0.1, 0.2, 0.4])).replace_strict(range(4), ["A", "B", "C", "D"]),
            "region": random.choice(["north", "south"], N_ROWS),
        }
    )


def read(path: Path, frame: pl.DataFrame) -> Predictions:
    frame.write_csv(path)
    return prepare(import_predictions(path, embedded.DEFINITION))


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Predictions:
    return read(tmp_path_factory.mktemp("pds") / "pds.csv", draw().drop("points"))


def cohort(predictions: Predictions, *texts: str) -> Filters:
    return read_conditions(texts, predictions.filter_columns, embedded.DEFINITION)


def test_figures_before_and_after_are_those_of_the_rows(predictions: Predictions) -> None:
    done = recalibrate(predictions, Filters(), Request(Method.PLATT), GIVEN)
    known = done.rows.is_resolved
    assert known.sum() == 3_600
    outcome = done.rows.is_bad[known]
    for at, pds in enumerate((done.rows.scores[known], done.calibrated.pds[known])):
        found = {name: pair[at].value for name, pair in done.figures().items()}
        assert found["mean_pd"] == pytest.approx(pds.mean(), abs=1e-12)
        assert found["default_rate"] == pytest.approx(outcome.mean(), abs=1e-12)
        assert found["roc_auc"] == pytest.approx(roc_auc_score(outcome, pds), abs=1e-9)
        assert found["brier"] == pytest.approx(brier_score_loss(outcome, pds), abs=1e-9)
        assert found["log_loss"] == pytest.approx(log_loss(outcome, pds), abs=1e-9)
    before, after = done.figures()["calibration_intercept"]
    # PDs were halved, which takes about 0.8 off the log-odds; what is left after is chance.
    assert before.value is not None
    assert before.value > 0.5
    assert after.low is not None
    assert after.high is not None
    assert after.low < 0 < after.high


def test_the_final_line_leaves_the_auc_as_it_is(predictions: Predictions) -> None:
    done = recalibrate(predictions, Filters(), Request(Method.PLATT), GIVEN)
    known, bad = done.rows.is_resolved, done.rows.is_bad
    final = done.calibrated.calibrator.pds(done.rows.scores)
    assert roc_auc_score(bad[known], final[known]) == roc_auc_score(bad[known], done.rows.scores[known])


def test_a_cohort_fits_and_everybody_is_calibrated(predictions: Predictions) -> None:
    done = recalibrate(predictions, cohort(predictions, "region=north"), Request(Method.PLATT), GIVEN)
    is_north = (predictions.frame["region"] == "north").to_numpy()
    assert np.array_equal(done.calibrated.is_fitted, is_north & done.rows.is_resolved)
    final = done.calibrated.calibrator.pds(done.rows.scores)
    assert np.array_equal(done.calibrated.pds[~is_north], final[~is_north])
    assert done.after.counts.n_applications == int((is_north & done.rows.is_resolved).sum())


def test_folds_are_the_predictions_own_where_there_are_any(predictions: Predictions) -> None:
    done = recalibrate(predictions, Filters(), Request(Method.PLATT), GIVEN, n_folds=3, seed=9)
    assert done.folds == "3 folds by id, seed 9"
    assert np.array_equal(done.rows.folds, hashed_folds(predictions.frame["application_id"], n_folds=3, seed=9))
    own = pl.Series("fold", np.arange(N_ROWS) % 2, dtype=pl.UInt8)
    folded = replace(predictions, frame=predictions.frame.with_columns(own))
    assert recalibrate(folded, Filters(), Request(Method.PLATT), GIVEN).folds == OF_PREDICTIONS


def test_a_column_of_grades_becomes_their_default_rates(predictions: Predictions) -> None:
    done = recalibrate(predictions, Filters(), Request(Method.GRADES), GIVEN, grade="grade")
    curve = done.calibrated.calibrator.curve
    assert isinstance(curve, Bands)
    rates = draw().group_by("grade").agg(pl.col("outcome").mean()).sort("grade")
    assert curve.levels == tuple(rates["grade"])
    assert curve.pds == pytest.approx(rates["outcome"].to_list(), abs=1e-12)
    assert "Default rates rise over all 4 bands." in done.notices


def test_points_become_pds_in_their_own_unit(tmp_path: Path) -> None:
    scored = read(tmp_path / "points.csv", draw().drop("pd").rename({"points": "score"}))
    assert scored.scale is not None
    done = recalibrate(scored, Filters(), Request(Method.PLATT), GIVEN)
    curve = done.calibrated.calibrator.curve
    assert isinstance(curve, ScoreCurve)
    # 30 points are one unit of log-odds.
    assert curve.slope == pytest.approx(-1 / 30, rel=0.1)
    assert curve.intercept == pytest.approx(600 / 30, rel=0.1)
    before, after = done.figures()["brier"]
    assert not before.is_defined
    assert "calibrated" in before.reason
    assert after.is_defined
    with pytest.raises(CalibrationError, match="no probability"):
        recalibrate(scored, Filters(), Request(Method.BETA), GIVEN)


def test_what_cannot_be_asked_is_refused(predictions: Predictions) -> None:
    with pytest.raises(CalibrationError, match="chosen by its outcomes"):
        recalibrate(predictions, cohort(predictions, "observed=Defaulted"), Request(Method.PLATT), GIVEN)
    with pytest.raises(CalibrationError, match="not a column of levels"):
        recalibrate(predictions, Filters(), Request(Method.GRADES), GIVEN, grade="income")
    holed = predictions.frame.with_columns(pl.when(pl.col("region") == "north").then("grade").alias("grade"))
    with pytest.raises(CalibrationError, match="rows have none"):
        recalibrate(replace(predictions, frame=holed), Filters(), Request(Method.GRADES), GIVEN, grade="grade")


def test_an_estimate_as_json_says_why_there_is_none() -> None:
    assert plain(Estimate(0.1, 0.0, 0.2)) == {"value": 0.1, "low": 0.0, "high": 0.2}
    assert plain(Estimate.undefined("all are alike"))["reason"] == "not defined because all are alike"
