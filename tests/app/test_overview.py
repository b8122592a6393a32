"""The overview page through Streamlit's own test harness: right numbers, and designed states for what is odd."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from data.settings import ROOT, Settings

APP = str(ROOT / "dashboard" / "app.py")
pytestmark = pytest.mark.xdist_group("built")


def opened(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(sys, "argv", [APP, *arguments])
    app = AppTest.from_file(APP, default_timeout=60).run()
    assert [error.value for error in app.exception] == []
    return app


def metrics(app: AppTest) -> dict[str, Any]:
    shown = {metric.label: metric.value for metric in app.main.metric}
    return shown | {name: float(shown[name]) for name in ("ROC AUC", "Gini")}


def near(value: float) -> Any:
    """A rank statistic as shown: three decimals, and the PD bins' resolution, which a small cohort feels."""
    return pytest.approx(value, abs=1.5e-3)


def expected(frame: pl.DataFrame, cutoff: float) -> dict[str, Any]:
    """The page's figures, worked out without the project's metrics."""
    outcome = frame["is_default"].to_numpy()
    pd = frame["default_probability"].to_numpy().astype(np.float64)
    approved = pd < cutoff
    auc = roc_auc_score(outcome, pd)
    return {
        "Applications": f"{frame.height:,}",
        "Default rate": f"{100 * outcome.mean():.2f} %",
        "Mean PD": f"{100 * pd.mean():.2f} %",
        "ROC AUC": near(auc),
        "Gini": near(2 * auc - 1),
        "Approval rate": f"{100 * approved.mean():.2f} %",
        "Bad rate": f"{100 * outcome[approved].mean():.2f} %",
    }


@pytest.fixture
def frame(built: Settings) -> pl.DataFrame:
    return pl.read_parquet(built.predictions)


def test_the_whole_portfolio_shows_its_figures(frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = metrics(opened(monkeypatch=monkeypatch))
    wanted = expected(frame, 0.0909)
    assert {name: shown[name] for name in wanted} == wanted


def test_filters_and_cutoff_change_the_figures(frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch=monkeypatch)
    app.multiselect(key="f.NAME_INCOME_TYPE").set_value(["Pensioner"])
    app.slider(key="f.DAYS_BIRTH").set_value((55, 60))
    app.slider(key="cutoff").set_value(5.0).run()
    years = -pl.col("DAYS_BIRTH") / 365.25
    cohort = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner", years >= 55, years <= 60)
    wanted = expected(cohort, 0.05)
    assert {name: metrics(app)[name] for name in wanted} == wanted


def test_reset_brings_the_whole_portfolio_back(frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch=monkeypatch)
    app.multiselect(key="f.NAME_INCOME_TYPE").set_value(["Pensioner"]).run()
    assert metrics(app)["Applications"] != f"{frame.height:,}"
    next(button for button in app.button if button.label == "Reset filters").click().run()
    assert metrics(app)["Applications"] == f"{frame.height:,}"


def test_an_applicant_is_scored_in_the_side_panel(built: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from inference.session import ScoringSession

    row = pl.read_parquet(built.applications).row(17, named=True)
    app = opened(monkeypatch=monkeypatch)
    app.text_input(key="applicant").set_value(str(row["SK_ID_CURR"])).run()
    shown = {metric.label: metric.value for metric in app.sidebar.metric}
    assert shown == {"PD": f"{100 * ScoringSession.open(built.model).score(row):.2f} %"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12a", "An application number holds digits only."),
        ("1", "There is no application 1 in these predictions."),
        ("99999999999", "There is no application 99999999999 in these predictions."),
    ],
)
def test_a_wrong_number_is_answered_in_a_sentence(
    text: str, said: str, built: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(monkeypatch=monkeypatch)
    app.text_input(key="applicant").set_value(text).run()
    assert [warning.value for warning in app.sidebar.warning] == [said]
    assert not app.exception


def test_imported_predictions_without_ids_switch_scoring_off(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    pd = rng.beta(1, 11, 4_000)
    path = tmp_path / "theirs.csv"
    pl.DataFrame(
        {"y": (rng.random(4_000) < pd).astype(int), "p": pd, "branch": rng.choice(["<b>north</b>", "south"], 4_000)}
    ).write_csv(path)
    told = ("--predictions", str(path), "--map", "y=outcome", "--map", "p=probability")
    app = opened(*told, monkeypatch=monkeypatch)
    assert metrics(app)["Applications"] == "4,000"
    assert [box.key for box in app.multiselect] == ["f.branch"]
    assert any("carry no application id" in caption.value for caption in app.sidebar.caption)
    assert not app.main.warning


def test_uncalibrated_probabilities_are_called_so(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(2)
    truth = rng.beta(1, 11, 4_000)
    path = tmp_path / "weighted.csv"
    pl.DataFrame({"target": (rng.random(4_000) < truth).astype(int), "score": truth**0.4}).write_csv(path)
    app = opened("--predictions", str(path), monkeypatch=monkeypatch)
    assert "are not probabilities" in app.main.warning[0].value


def test_predictions_that_are_not_there_are_said_so(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("--predictions", str(tmp_path / "gone.csv"), monkeypatch=monkeypatch)
    assert "no such file; check the path" in app.error[0].value


def test_pds_far_below_the_usual_cutoff_still_have_one(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "safe.csv"
    pl.DataFrame({"target": [0] * 99 + [1], "pd": [0.001] * 99 + [0.02]}).write_csv(path)
    app = opened("--predictions", str(path), monkeypatch=monkeypatch)
    assert {metric.label: metric.value for metric in app.main.metric}["Approval rate"] == "100.00 %"
