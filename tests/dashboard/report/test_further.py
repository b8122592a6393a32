"""Further scores, overrides, grades and a score's own unit, against scikit-learn and counts of the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from dashboard.cohort.columns import prepare
from dashboard.report import further
from data.home_credit import embedded
from data.predictions.imports import import_predictions
from data.predictions.table import Predictions

N = 1_200
RNG = np.random.default_rng(3)
ODDS = RNG.normal(-2, 1.2, N)
PD = np.round(1 / (1 + np.exp(-ODDS)), 6)
BAD = RNG.random(N) < PD
OLD = np.round(1 / (1 + np.exp(-(ODDS + RNG.normal(0, 1, N)))), 6)
GRADES = np.array(["AAA", "A", "CCC"])[np.digitize(PD, [0.05, 0.3])]
DECLINED = PD >= 0.15
OVERRIDE = RNG.random(N) < 0.05
REGION = RNG.choice(["north", "south"], N)


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Predictions:
    path = tmp_path_factory.mktemp("further") / "theirs.csv"
    words = np.array(["approved", "declined"])
    table = pl.DataFrame(
        {
            "is_default": BAD * 1,
            "pd": PD,
            "pd_old": pl.Series(OLD).set(pl.Series(np.arange(N) % 10 == 0), None),
            "model_decision": words[DECLINED * 1],
            "final_decision": pl.Series(words[(DECLINED ^ OVERRIDE) * 1]).set(pl.Series(np.arange(N) < 20), "referred"),
            "grade": GRADES,
            "region": REGION,
        }
    )
    table.write_csv(path)
    return prepare(import_predictions(path, embedded.DEFINITION))


@pytest.mark.parametrize("north", [False, True])
def test_each_score_has_its_auc_over_the_rows_that_it_scored(predictions: Predictions, *, north: bool) -> None:
    chosen = (REGION == "north") if north else np.ones(N, dtype=bool)
    found = further.models(predictions, pl.col("region") == "north" if north else None)
    scored = chosen & (np.arange(N) % 10 != 0)
    assert list(found) == ["pd", "pd_old"]
    assert [model.applications for model in found.values()] == [chosen.sum(), scored.sum()]
    wanted = [roc_auc_score(BAD[chosen], PD[chosen]), roc_auc_score(BAD[scored], OLD[scored])]
    assert [model.auc.value for model in found.values()] == pytest.approx(wanted, abs=1e-12)
    assert [model.gini.value for model in found.values()] == pytest.approx([2 * auc - 1 for auc in wanted], abs=1e-12)


def test_overrides_are_decisions_of_people_against_the_model(predictions: Predictions) -> None:
    found = further.overrides(predictions, None)
    decided = np.arange(N) >= 20
    approved = decided & OVERRIDE & DECLINED
    assert found is not None
    assert (found.decided, found.overrides) == (N - 20, (decided & OVERRIDE).sum())
    assert (found.approved_against, found.declined_against) == (
        approved.sum(),
        (decided & OVERRIDE & ~DECLINED).sum(),
    )
    assert found.default_rate_of_approved_against.value == pytest.approx(BAD[approved].mean())


def test_grades_are_calibrated_in_the_order_of_their_pds(predictions: Predictions) -> None:
    found = further.grades(predictions, None)
    assert [grade.grade for grade in found] == ["AAA", "A", "CCC"]
    for grade in found:
        own = np.array([each == grade.grade for each in GRADES])
        assert (grade.applications, grade.defaults) == (own.sum(), BAD[own].sum())
        assert grade.mean_pd.value == pytest.approx(PD[own].mean())
        assert grade.observed_expected.value == pytest.approx(BAD[own].sum() / PD[own].sum())


def test_points_have_cutoffs_in_points_and_no_pds(tmp_path: Path) -> None:
    points = np.clip(np.round(600 - 29 * ODDS), 300, 850).astype(int)
    path = tmp_path / "points.csv"
    pl.DataFrame({"status": np.where(BAD, "bad", "good"), "score": points, "grade": GRADES}).write_csv(path)
    found = prepare(import_predictions(path, embedded.DEFINITION))
    least, most = points.min(), points.max()
    unit = further.own_unit(found, float((most - 640) / (most - least)), None)
    assert unit == {"kind": "points", "least": least, "most": most, "higher": "safer", "cutoff": 640, "ks_cutoff": None}
    assert further.models(found, None)["score"].auc.value == pytest.approx(roc_auc_score(BAD, -points), abs=1e-12)
    assert all("no probability" in grade.mean_pd.reason for grade in further.grades(found, None))


def test_a_table_without_any_of_these_has_none(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text("target,pd\n0,0.1\n1,0.2\n", encoding="utf-8")
    found = prepare(import_predictions(path, embedded.DEFINITION))
    assert (further.overrides(found, None), further.grades(found, None), further.own_unit(found, 0.1, None)) == (
        None,
        (),
        None,
    )
