"""The command and the screen say the same: every figure that the pages show of a file is the JSON's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.cohort.columns import prepare
from dashboard.cohort.filters import Filters, LevelFilter
from dashboard.report.catalogue import PAGES
from dashboard.report.report import evaluate
from dashboard.visit.assumptions import assume
from data.home_credit import embedded
from data.predictions.imports import import_predictions, parse_answers
from data.predictions.table import OUTCOME
from data.settings import ROOT

OpenPage = Callable[..., AppTest]
UNITS = {"%": 0.01, "points": 0.01, "k": 1e3, "M": 1e6, "bn": 1e9, "": 1.0}
LINK = {"f.region": "north", "cutoff": "12", "cost.fn": "10"}
DISCRIMINATION = {"ROC AUC": "roc_auc", "Gini": "gini", "KS": "ks", "Average precision": "average_precision"}
CALIBRATION = {
    "Observed / expected": "observed_expected",
    "Intercept (log-odds)": "calibration_intercept",
    "Calibration slope": "calibration_slope",
    "Calibration error": "ece",
    "Brier score": "brier",
    "Brier skill": "brier_skill",
    "Log-loss": "log_loss",
    "Groups that fit": "n_groups_fitting",
}
# The figures of each page and tab by their labels; a card that is missing here fails the test.
SHOWN: Mapping[tuple[str, str, str], Mapping[str, str]] = {
    ("overview", "", ""): {
        "Applications": "n_applications",
        "Default rate": "default_rate",
        "Mean PD": "mean_pd",
        "Expected loss": "expected_loss",
        "ROC AUC": "roc_auc",
        "Approval rate": "approval_rate",
        "Bad rate": "bad_rate",
    },
    ("discrimination", "disc.tab", "ROC and CAP"): {
        **DISCRIMINATION,
        "Defaults declined": "recall",
        "Non-defaults declined": "false_positive_rate",
    },
    ("discrimination", "disc.tab", "Precision-recall"): {
        **DISCRIMINATION,
        "Defaults declined": "recall",
        "Defaults among the declined": "precision",
    },
    ("discrimination", "disc.tab", "KS"): {
        **DISCRIMINATION,
        "Defaults declined": "recall_at_ks",
        "Non-defaults declined": "false_positive_rate_at_ks",
    },
    ("discrimination", "disc.tab", "Lift and gain"): DISCRIMINATION,
    ("calibration", "cal.tab", "Reliability"): CALIBRATION,
    ("calibration", "cal.tab", "Risk bands"): CALIBRATION,
    ("calibration", "cal.tab", "Brier score"): CALIBRATION,
    ("calibration", "cal.tab", "Significance tests"): {
        **CALIBRATION,
        "Spiegelhalter test": "spiegelhalter_test",
        "Hosmer-Lemeshow test": "hosmer_lemeshow_test",
    },
    ("cutoff", "cutoff.tab", "Decisions"): {
        "Recall": "recall",
        "Precision": "precision",
        "Specificity": "specificity",
        "Approval rate": "approval_rate",
        "Bad rate": "bad_rate",
        "Accuracy": "accuracy",
        "F1": "f1",
        "MCC": "mcc",
        "F-beta (β = 2)": "f_beta",
    },
    ("cutoff", "cutoff.tab", "Costs"): {
        "Cost per 1,000": "cost",
        "Lowest per 1,000": "best_cost",
        "Best cutoff": "best_cutoff_by_cost",
        "Break-even PD": "break_even_by_cost",
    },
    ("cutoff", "cutoff.tab", "Profit"): {
        "Profit per application": "profit",
        "Highest per application": "best_profit",
        "Best cutoff": "best_cutoff_by_profit",
        "Break-even PD": "break_even_by_profit",
        "Expected loss": "approved_loss",
    },
}
# What stands where an interval would.
NOTES = {
    "n_applications": "n_defaults",
    "ece": "ece_by_chance_high",
    "best_cost": "cost_given_away",
    "best_profit": "profit_given_away",
    "expected_loss": "observed_loss",
    "approved_loss": "expected_loss",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(4)
    pd = rng.beta(1.2, 9, 3_000)
    path: Path = tmp_path_factory.mktemp("theirs") / "scored.parquet"
    pl.DataFrame(
        {
            "y": (rng.random(3_000) < pd).astype(int),
            "score": pd,
            "ead": rng.lognormal(10, 0.6, 3_000),
            "region": rng.choice(["north", "south"], 3_000, p=[0.7, 0.3]),
        }
    ).write_parquet(path)
    return path


@pytest.fixture(scope="module")
def told(source: Path) -> tuple[str, ...]:
    return "--map", "y=outcome", "--map", "score=probability", "--map", "ead=exposure"


@pytest.fixture(scope="module")
def found(source: Path, told: tuple[str, ...]) -> dict[str, Any]:
    command = [sys.executable, "-m", "scripts.evaluate", str(source), *told, "--cutoff", "0.12"]
    command += ["--where", "region=north", "--json", "-"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def ends_of(text: str) -> list[Any]:
    """The numbers that `text` shows, each as far as its digits tell; a unit at the end is that of all."""
    plain = text.replace("\\", "").replace("\u00a0", " ").replace("−", "-").replace(",", "")
    parts = re.split(r"(?<=[\d%a-zA-Z])\s*–\s*|\s+to\s+", plain)
    numbers = [re.fullmatch(r"(-?\d+(?:\.(\d+))?) ?(%|points|k|M|bn)?", part.strip()) for part in parts]
    assert all(numbers), text
    unit = numbers[-1][3] or ""  # type: ignore[index]
    return [
        pytest.approx(float(each[1]) * UNITS[each[3] or unit], abs=0.501 * 10.0 ** -len(each[2] or "") * UNITS[unit])
        for each in numbers
        if each is not None
    ]


def factor(label: str) -> float:
    return 1_000.0 if label.endswith("per 1,000") else 1.0


def check_card(card: Any, name: str, found: Mapping[str, Any]) -> None:
    figure = found[name]
    if name.endswith("_test"):
        p_value, statistic = figure["p_value"]["value"], figure["statistic"]["value"]
        assert [p_value] == ends_of(card.value.removeprefix("p = "))
        assert [statistic] == ends_of(card.delta.rpartition(" = ")[2])
    elif name == "n_groups_fitting":
        assert card.value == f"{figure} of {found['n_groups']}"
    else:
        value = figure["value"] if isinstance(figure, dict) else figure
        assert [value * factor(card.label)] == ends_of(card.value), card.label
    if isinstance(figure, dict) and figure.get("low") is not None:
        ends = [figure[end] * factor(card.label) for end in ("low", "high")]
        assert ends == ends_of(card.delta.removeprefix("95 %: ")), card.label
    elif name in NOTES:
        number = re.search(r"[\d.,]+( [kM]| bn)?", card.delta)
        assert number is not None
        scale = 100.0 if card.label == "Calibration error" else 1.0
        noted = found[NOTES[name]]
        assert [(noted["value"] if isinstance(noted, dict) else noted) * scale] == ends_of(number[0]), card.label


@pytest.mark.parametrize(("page", "parameter", "tab"), SHOWN, ids=lambda part: str(part).replace(" ", "-"))
def test_every_card_is_the_json_s(
    page: str, parameter: str, tab: str, source: Path, told: tuple[str, ...], found: dict[str, Any], open_page: OpenPage
) -> None:
    query = {**LINK, **({parameter: tab} if parameter else {})}
    app = open_page(page, query, ("--predictions", str(source), *told))
    names = SHOWN[page, parameter, tab]
    cards = {card.label: card for card in app.main.metric}
    assert set(cards) == set(names)
    for label, card in cards.items():
        check_card(card, names[label], found)


def test_tables_are_the_json_s(source: Path, told: tuple[str, ...], found: dict[str, Any], open_page: OpenPage) -> None:
    def table(page: str, parameter: str, tab: str) -> Any:
        return open_page(page, {**LINK, parameter: tab}, ("--predictions", str(source), *told)).dataframe[0].value

    bands = table("calibration", "cal.tab", "Risk bands")
    for i, band in enumerate(found["bands"]):
        assert (bands["Band"][i], bands["Applications"][i], bands["Defaults"][i]) == (
            band["band"],
            band["applications"],
            band["defaults"],
        )
        assert bands["Observed / expected"][i] == pytest.approx(band["observed_expected"]["value"])
        assert bands["Jeffreys p"][i] == pytest.approx(band["jeffreys"]["value"])
        assert bands["PD is"][i] == band["verdict"]
    parts, shown = found["brier_decomposition"], table("calibration", "cal.tab", "Brier score")["Value"].tolist()
    # As text, for the sake of a true minus.
    assert [float(value.replace("−", "-")) for value in shown] == pytest.approx(
        [
            parts["uncertainty"],
            -parts["resolution"],
            parts["reliability"],
            parts["within_variance"],
            -parts["within_covariance"],
            parts["brier"],
        ],
        abs=0.5e-6,
    )
    held = table("discrimination", "disc.tab", "ROC and CAP")["own"].tolist()
    assert held == pytest.approx([100 * share for share in found["captured"]["captured"]])
    lift = table("discrimination", "disc.tab", "Lift and gain")
    assert lift["Lift"].tolist() == pytest.approx(found["lift"]["lift"])
    assert lift["Gain (%)"].tolist() == pytest.approx([100 * share for share in found["lift"]["captured"]])


def test_every_figure_of_the_catalogue_is_on_a_page() -> None:
    shown = {name for names in SHOWN.values() for name in names.values()}
    assert {metric.name for metrics in PAGES.values() for metric in metrics} <= shown


def test_applications_without_an_outcome_are_counted_and_in_no_figure_that_needs_one(source: Path) -> None:
    predictions = prepare(
        import_predictions(source, embedded.DEFINITION, parse_answers(["y=outcome", "score=probability"]))
    )
    rows = predictions.frame.with_row_index("row")
    # Every tenth application is still open.
    gaps = pl.when(pl.col("row") % 10 == 0).then(None).otherwise(pl.col(OUTCOME)).alias(OUTCOME)
    frame = rows.with_columns(gaps).drop("row")
    opened = replace(predictions, frame=frame)
    north = Filters.of([LevelFilter("region", ("north",))])
    report, chosen = evaluate(opened, north, assume(0.12)), frame.filter(pl.col("region").cast(pl.String) == "north")
    told = report.to_json()
    assert (told["n_open"], told["n_applications"]) == (chosen[OUTCOME].null_count(), chosen.height)
    assert told["n_resolved"] == chosen[OUTCOME].count()
    assert told["default_rate"]["value"] == pytest.approx(chosen[OUTCOME].mean())
    assert told["approval_rate"]["value"] == pytest.approx((chosen["default_probability"] < 0.12).mean())


OF_OUTCOME = (
    *("default_rate", "roc_auc", "gini", "ks", "average_precision", "observed_expected", "calibration_slope", "ece"),
    *("brier", "brier_skill", "log_loss", "recall", "precision", "specificity", "bad_rate", "accuracy", "f1", "mcc"),
    "observed_loss",
)


def test_without_any_outcome_what_needs_none_is_evaluated(source: Path) -> None:
    theirs = import_predictions(source, embedded.DEFINITION, parse_answers(["y=outcome", "score=probability"]))
    unknown = theirs.frame.with_columns(pl.lit(None, dtype=pl.Boolean).alias(OUTCOME))
    found = prepare(replace(theirs, frame=unknown, source=replace(theirs.source, has_outcomes=False, n_open=3_000)))
    told = evaluate(found, Filters(), assume(0.12)).to_json()
    json.dumps(told, allow_nan=False)
    assert (told["n_open"], told["n_applications"], told["n_resolved"]) == (3_000, 3_000, 0)
    assert told["mean_pd"]["value"] == pytest.approx(unknown["default_probability"].mean())
    reason = "not defined because no outcome of these applications is known yet"
    assert {told[name]["reason"] for name in OF_OUTCOME} == {reason}
    assert told["lift"] is None
