"""The command against scikit-learn and SciPy on the rows themselves, and what it says of bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from data.settings import ROOT, Settings

CUTOFF = 0.16
LGD = 0.45


def evaluate(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.evaluate", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def evaluated(*arguments: object) -> dict[str, Any]:
    done = evaluate(*arguments, "--json", "-")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def draw(n_rows: int) -> pl.DataFrame:
    """Rows with PDs that all differ and lie between the steps of any cutoff, so that every figure has one value."""
    rng = np.random.default_rng(12)
    steps = np.arange(9_000)
    density = stats.beta(1.2, 9).pdf((steps + 0.5) / 1e4)
    pd = (rng.choice(steps, n_rows, replace=False, p=density / density.sum()) + 0.5) / 1e4
    return pl.DataFrame(
        {
            "id": np.arange(n_rows) + 1,
            "outcome": (rng.random(n_rows) < pd).astype(int),
            "pd": pd,
            "ead": np.round(rng.lognormal(10, 0.6, n_rows)),
            "region": rng.choice(["north", "south", "a=b"], n_rows, p=[0.6, 0.3, 0.1]),
            "income": rng.integers(10, 90, n_rows),
        }
    )


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return draw(2_000)


@pytest.fixture(scope="module")
def source(rows: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("a folder") / "scored.csv"
    rows.write_csv(path)
    return path


@pytest.fixture(scope="module")
def found(source: Path) -> dict[str, Any]:
    return evaluated(source, "--cutoff", CUTOFF)


def arrays(rows: pl.DataFrame) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return rows["outcome"].to_numpy() == 1, rows["pd"].to_numpy(), rows["ead"].to_numpy()


def expected(rows: pl.DataFrame) -> dict[str, float]:
    """Every figure by libraries that the project's metrics do not use, or written out."""
    outcome, pd, exposure = arrays(rows)
    declined = pd >= CUTOFF
    odds = logit(pd)
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(odds[:, None], outcome)
    auc, brier, rate = sk.roc_auc_score(outcome, pd), sk.brier_score_loss(outcome, pd), outcome.mean()
    groups = np.array_split(np.argsort(pd), 20)
    cost = np.where(declined, 1.0 * ~outcome, 10.0 * outcome)
    profit = np.where(declined, 0.0, exposure * np.where(outcome, -LGD, 0.05))
    cutoffs = [*np.sort(pd), 1.0]
    return {
        "default_rate": rate,
        "mean_pd": pd.mean(),
        "expected_loss": (pd * exposure).sum() * LGD,
        "roc_auc": auc,
        "gini": 2 * auc - 1,
        "ks": stats.ks_2samp(pd[outcome], pd[~outcome]).statistic,
        "average_precision": sk.average_precision_score(outcome, pd),
        "approval_rate": (~declined).mean(),
        "bad_rate": outcome[~declined].mean(),
        "recall": sk.recall_score(outcome, declined),
        "precision": sk.precision_score(outcome, declined),
        "specificity": sk.recall_score(~outcome, ~declined),
        "false_positive_rate": declined[~outcome].mean(),
        "accuracy": sk.accuracy_score(outcome, declined),
        "f1": sk.f1_score(outcome, declined),
        "f_beta": sk.fbeta_score(outcome, declined, beta=2),
        "mcc": sk.matthews_corrcoef(outcome, declined),
        "observed_expected": outcome.sum() / pd.sum(),
        "calibration_intercept": brentq(lambda shift: expit(odds + shift).sum() - outcome.sum(), -5, 5, xtol=1e-13),
        "calibration_slope": fit.coef_[0, 0],
        "ece": sum(abs((pd - outcome)[group].sum()) for group in groups) / pd.size,
        "brier": brier,
        "brier_skill": 1 - brier / (rate * (1 - rate)),
        "log_loss": sk.log_loss(outcome, pd),
        "cost": cost.mean(),
        "best_cost": min(np.where(pd >= at, 1.0 * ~outcome, 10.0 * outcome).mean() for at in cutoffs),
        "break_even_by_cost": 1 / 11,
        "profit": profit.mean(),
        "best_profit": max(np.where(pd < at, exposure * np.where(outcome, -LGD, 0.05), 0).mean() for at in cutoffs),
        "break_even_by_profit": 0.1,
    }


def test_every_figure_is_that_of_the_rows(found: dict[str, Any], rows: pl.DataFrame) -> None:
    wanted = expected(rows)
    assert {name: found[name]["value"] for name in wanted} == pytest.approx(wanted, rel=1e-9)
    for name in set(wanted) - {"expected_loss", "mean_pd", "ece", "best_cost", "best_profit"}:
        low, high = found[name]["low"], found[name]["high"]
        assert name.startswith("break_even") or low < wanted[name] < high


def test_counts_are_numbers(found: dict[str, Any], rows: pl.DataFrame) -> None:
    outcome, pd, _ = arrays(rows)
    declined = pd >= CUTOFF
    wanted = {
        "n_applications": 2_000,
        "n_open": 0,
        "n_defaults": outcome.sum(),
        "approved": (~declined).sum(),
        "declined": declined.sum(),
        "true_declines": (declined & outcome).sum(),
        "false_declines": (declined & ~outcome).sum(),
        "true_approvals": (~declined & ~outcome).sum(),
        "false_approvals": (~declined & outcome).sum(),
        "cutoff": CUTOFF,
    }
    assert {name: found[name] for name in wanted} == wanted


def test_shares_have_wilson_s_interval(found: dict[str, Any], rows: pl.DataFrame) -> None:
    outcome, pd, _ = arrays(rows)
    approved = pd < CUTOFF
    trials = {
        "default_rate": outcome,
        "approval_rate": approved,
        "bad_rate": outcome[approved],
        "recall": ~approved[outcome],
    }
    for name, hits in trials.items():
        ends = stats.binomtest(int(hits.sum()), hits.size).proportion_ci(method="wilson")
        assert (found[name]["low"], found[name]["high"]) == pytest.approx(ends)


def test_bands_and_tests_are_those_of_the_rows(found: dict[str, Any], rows: pl.DataFrame) -> None:
    outcome, pd, _ = arrays(rows)
    band = np.digitize(pd, [0.02, 0.04, 0.08, 0.16, 0.32])
    assert [each["applications"] for each in found["bands"]] == np.bincount(band).tolist()
    assert [each["defaults"] for each in found["bands"]] == np.bincount(band, weights=outcome).tolist()
    z = ((outcome - pd) * (1 - 2 * pd)).sum() / np.sqrt(((1 - 2 * pd) ** 2 * pd * (1 - pd)).sum())
    assert found["spiegelhalter_test"]["statistic"]["value"] == pytest.approx(z, abs=1e-9)
    assert found["spiegelhalter_test"]["p_value"]["value"] == pytest.approx(2 * stats.norm.sf(abs(z)), abs=1e-9)
    groups = np.array_split(np.argsort(pd), 20)
    squares = [
        (pd[group].sum() - outcome[group].sum()) ** 2 / (pd[group].sum() * (1 - pd[group].mean())) for group in groups
    ]
    assert found["hosmer_lemeshow_test"]["statistic"]["value"] == pytest.approx(sum(squares), rel=1e-9)
    riskiest = outcome[np.argsort(-pd)]
    assert found["lift"]["defaults"] == riskiest.reshape(10, 200).sum(axis=1).tolist()


def test_source_and_roles_are_told(found: dict[str, Any]) -> None:
    assert found["source"]["name"] == "scored.csv"
    assert found["roles"] == {"id": "id", "outcome": "outcome", "probability": "pd", "exposure": "ead"}
    assert found["notices"] == []


@pytest.mark.parametrize(
    ("where", "chosen"),
    [
        (["region=north"], pl.col("region") == "north"),
        (["region=a=b"], pl.col("region") == "a=b"),
        (
            ["region=north", "region=south", "income=20..40"],
            (pl.col("region") != "a=b") & pl.col("income").is_between(20, 40),
        ),
        (["income=25"], pl.col("income") == 25),
        (["pd=0.2.."], pl.col("pd") >= 0.2),
    ],
)
def test_a_cohort_is_the_rows_that_meet_its_conditions(
    where: list[str], chosen: pl.Expr, source: Path, rows: pl.DataFrame
) -> None:
    renamed = ["default_probability" + each[2:] if each.startswith("pd=") else each for each in where]
    conditions = [word for each in renamed for word in ("--where", each)]
    found = evaluated(source, *conditions)
    cohort = rows.filter(chosen)
    assert (found["n_applications"], found["n_defaults"]) == (cohort.height, cohort["outcome"].sum())
    assert found["mean_pd"]["value"] == pytest.approx(cohort["pd"].mean(), rel=1e-12)


def test_a_figure_that_is_not_defined_is_null_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "good.csv"
    pl.DataFrame({"target": [0] * 30, "pd": np.linspace(0.01, 0.3, 30)}).write_csv(path)
    found = evaluated(path)
    nothing = {"value": None, "low": None, "high": None}
    assert found["roc_auc"] == {
        **nothing,
        "reason": "not defined because none of the cohort's applications defaulted",
    }
    assert found["expected_loss"] == {**nothing, "reason": "not defined because the predictions carry no exposure"}
    assert found["notices"][0].startswith("None of these applications defaulted: AUC, Gini and KS")
    done = evaluate(path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "none of the cohort's applications defaulted" in done.stdout


def test_rows_without_a_score_are_left_out_and_open_ones_count_where_no_outcome_is_needed(
    rows: pl.DataFrame, tmp_path: Path
) -> None:
    place = pl.int_range(pl.len())
    texts = rows.select(
        pl.when(place % 20 == 0).then(pl.lit("n/a")).otherwise(pl.col("outcome").cast(pl.String)).alias("outcome"),
        pl.when(place % 25 == 1).then(None).otherwise("pd").alias("pd"),
        "region",
    )
    texts.write_csv(tmp_path / "gaps.csv")
    scored, left = rows.filter(place % 25 != 1), rows.filter((place % 20 != 0) & (place % 25 != 1))
    found = evaluated(tmp_path / "gaps.csv")
    assert (found["n_applications"], found["n_open"], found["n_resolved"]) == (scored.height, 100, left.height)
    assert found["n_defaults"] == left["outcome"].sum()
    assert found["roc_auc"]["value"] == pytest.approx(sk.roc_auc_score(left["outcome"], left["pd"]), abs=1e-12)
    assert found["mean_pd"]["value"] == pytest.approx(scored["pd"].mean(), abs=1e-12)
    assert found["approved"] == (scored["pd"] < found["cutoff"]).sum()
    assert any(notice.startswith("100 of 1,920 applications have no outcome yet") for notice in found["notices"])


def test_scores_that_are_no_probabilities_are_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    truth = rng.beta(1, 11, 4_000)
    path = tmp_path / "weighted.csv"
    pl.DataFrame({"y_true": (rng.random(4_000) < truth).astype(int), "score": truth**0.4}).write_csv(path)
    (notice,) = evaluated(path)["notices"]
    assert "not probabilities" in notice
    done = evaluate(path, "--json", tmp_path / "out.json")
    assert f"Notice: {notice}" in done.stdout
    assert "Taken: outcome from y_true, PD from score." in done.stdout
    assert json.loads((tmp_path / "out.json").read_text())["notices"] == [notice]


def test_names_of_a_file_are_no_orders_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    level = "[bold]x[/]\x1b[31m\u202e"
    pl.DataFrame({"target": [0, 1] * 20, "pd": np.linspace(0.2, 0.8, 40), "kind": [level] * 40}).write_csv(path)
    done = evaluate(path, "--where", f"kind={level}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "odd.csv · kind=[bold]x[/] [31m" in done.stdout
    assert "\x1b" not in done.stdout


def test_without_a_file_the_portfolio_at_hand_is_evaluated(built: Settings) -> None:
    stored = pl.read_parquet(built.predictions)
    found = evaluated("--where", "CODE_GENDER=F")
    women = stored.filter(pl.col("CODE_GENDER").cast(pl.String) == "F")
    assert (found["n_applications"], found["n_defaults"]) == (women.height, women["is_default"].sum())
    assert found["roc_auc"]["value"] == pytest.approx(
        sk.roc_auc_score(women["is_default"], women["default_probability"]), abs=1e-12
    )


def test_without_a_file_and_without_a_portfolio_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOREROOM_PROCESSED", str(tmp_path))
    done = evaluate()
    assert (done.returncode, done.stdout) == (2, "")
    assert "there are no predictions yet; name a file, or run `make build`." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--where", "branch=north"], "there is no column 'branch' to choose by; columns are ead, region, income,"),
        (["--where", "region=west"], "asks for 'west', which is not one of its levels (a=b, north, south)"),
        (["--where", "income=low..high"], "is not a range such as 10..20"),
        (["--where", "region"], "is not COLUMN=LEVEL"),
        (["--where", "income=1000.."], "No applications match"),
        (["--cutoff", "16"], "--cutoff 16: is not a PD from 0 to 1; write 0.16 for 16 %."),
        (["--cutoff", "nan"], "is not a PD"),
        (["--cutoff", "a lot"], "is not a PD"),
        (["--map", "pd=chance"], "is not COLUMN=ROLE"),
        (["--map", "gone=probability"], "has no such column"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    arguments: list[str], said: str, source: Path, tmp_path: Path
) -> None:
    done = evaluate(source, *arguments, "--json", tmp_path / "out.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there_and_one_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("nothing,here\na,b\n")
    for name, said in (("gone.csv", "no such file"), ("words.csv", "no column could be taken for the probability")):
        done = evaluate(tmp_path / name, "--json", "-")
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr


def test_what_a_file_leaves_open_is_asked_with_its_flags_and_settled_by_them(
    rows: pl.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "open.csv"
    outcome, pd, _ = arrays(rows)
    logits = pl.Series(np.round(logit(pd), 6))
    pl.DataFrame({"Loan_Status": np.where(outcome, "N", "Y"), "score": logits}).write_csv(path)
    done = evaluate(path, "--json", "-")
    assert (done.returncode, done.stdout) == (2, "")
    which, kind = done.stderr.splitlines()
    assert "which value is the default? Answer with --map Loan_Status=outcome --bad Y (Y is the default) or" in which
    assert "what are they? Answer with --map score=log-odds (log-odds of default, made a PD by the logistic" in kind
    found = evaluated(path, "--bad", "N", "--map", "score=log-odds")
    assert found["n_defaults"] == outcome.sum()
    assert found["roc_auc"]["value"] == pytest.approx(sk.roc_auc_score(outcome, logits), abs=1e-12)
    assert found["mean_pd"]["value"] == pytest.approx(expit(logits).mean(), rel=1e-12)


def test_a_score_that_ranks_the_other_way_round_is_told_with_the_flag_that_turns_it(
    rows: pl.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "good.csv"
    outcome, pd, _ = arrays(rows)
    pl.DataFrame({"target": outcome * 1, "probability": np.round(1 - pd, 6)}).write_csv(path)
    found = evaluated(path)
    (notice,) = [each for each in found["notices"] if "rank the other way round" in each]
    assert notice.endswith("(--map probability=probability-of-good)")
    turned = evaluated(path, "--map", "probability=probability-of-good")
    assert turned["roc_auc"]["value"] == pytest.approx(sk.roc_auc_score(outcome, pd), abs=1e-12)
    assert turned["mean_pd"]["value"] == pytest.approx(pd.mean(), abs=1e-9)


def test_points_rank_and_are_no_probabilities(rows: pl.DataFrame, tmp_path: Path) -> None:
    outcome, pd, _ = arrays(rows)
    points = np.round(600 - 29 * logit(pd)).astype(int)
    pl.DataFrame({"status": np.where(outcome, "bad", "good"), "score": points}).write_csv(tmp_path / "points.csv")
    found = evaluated(tmp_path / "points.csv", "--cutoff", 640)
    assert found["roc_auc"]["value"] == pytest.approx(sk.roc_auc_score(outcome, -points), abs=1e-12)
    assert (found["scale"]["cutoff"], found["declined"]) == (640, (points <= 640).sum())
    assert found["recall"]["value"] == pytest.approx((points[outcome] <= 640).mean())
    for name in ("mean_pd", "brier", "profit", "expected_loss", "calibration_slope", "cost"):
        assert found[name]["reason"].endswith("the score ranks, but is no probability until it is calibrated")
    assert (found["bands"], found["calibration_verdict"], found["sensitivity"]) == (None, None, None)
    done = evaluate(tmp_path / "points.csv", "--cutoff", 0.16)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"is not a score from {points.min()} to {points.max()}" in done.stderr


def test_json_that_cannot_be_written_leaves_what_was_there(source: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("old")
    done = evaluate(source, "--json", tmp_path / "kept" / "out.json")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert (tmp_path / "kept").read_text() == "old"


def test_every_key_of_the_json_is_documented(found: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    assert [name for name in found if f"`{name}`" not in text] == []
