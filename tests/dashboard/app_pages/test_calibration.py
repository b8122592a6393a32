"""The calibration page through Streamlit's own test harness: figures worked out without the project's metrics."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss
from streamlit.testing.v1 import AppTest

from tests.dashboard import sent_figures

OpenPage = Callable[..., AppTest]
PENSIONERS = {"f.NAME_INCOME_TYPE": "Pensioner"}
EDGES = [0.02, 0.04, 0.08, 0.16, 0.32]


def cards(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.main.metric}


def number(text: str) -> float:
    return float(re.sub(r"[^\d.-]", "", text.replace("−", "-")))


def texts(app: AppTest) -> str:
    said = [element.value for element in [*app.markdown, *app.caption, *app.error, *app.info, *app.success]]
    return " ".join([*said, *sent_figures.titles(app)])


def arrays(frame: pl.DataFrame) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    return frame["is_default"].to_numpy(), frame["default_probability"].to_numpy().astype(np.float64)


def expected(frame: pl.DataFrame) -> dict[str, Any]:
    outcome, pd = arrays(frame)
    odds = logit(pd)
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(odds[:, None], outcome)
    brier, rate = brier_score_loss(outcome, pd), outcome.mean()
    return {
        "Observed / expected": pytest.approx(outcome.sum() / pd.sum(), abs=6e-4),
        "Calibration slope": pytest.approx(fit.coef_[0, 0], abs=2e-3),
        "Brier score": pytest.approx(brier, abs=6e-5),
        "Brier skill": pytest.approx(100 * (1 - brier / (rate * (1 - rate))), abs=6e-3),
        "Log-loss": pytest.approx(log_loss(outcome, pd), abs=6e-5),
    }


def write_predictions(path: Path, outcome: npt.NDArray[Any], pd: npt.NDArray[Any]) -> tuple[str, ...]:
    pl.DataFrame({"target": outcome.astype(int), "score": pd}).write_csv(path)
    # What would be asked otherwise, of scores that rank the other way round and of outcomes that are all defaults.
    bad = ("--bad", "1") if outcome.any() else ()
    return "--predictions", str(path), "--map", "target=outcome", *bad, "--map", "score=probability"


@pytest.mark.parametrize("query", [{}, PENSIONERS])
def test_effect_sizes_are_right(query: dict[str, str], frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("calibration", query)
    assert app.title[0].value == "Calibration"
    cohort = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner") if query else frame
    shown, wanted = cards(app), expected(cohort)
    assert {name: number(shown[name]) for name in wanted} == wanted


def test_comparison_names_the_other_cohort_and_its_figure(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("calibration", {**PENSIONERS, "against": "~rest"})
    rest = expected(frame.filter(pl.col("NAME_INCOME_TYPE") != "Pensioner"))
    (note,) = [metric.proto.delta_description for metric in app.main.metric if metric.label == "Log-loss"]
    name, _, value = note.split("; ")[0].partition(": ")
    assert (name, number(value)) == ("Rest", rest["Log-loss"])


def test_calibration_differences_are_tested(frame: pl.DataFrame, open_page: OpenPage) -> None:
    query = {"f.CODE_GENDER": "F", "against": "~rest", "cal.tab": "Significance tests"}
    app = open_page("calibration", query)
    sides = [expected(frame.filter(is_in)) for is_in in (pl.col("CODE_GENDER") == "F", pl.col("CODE_GENDER") != "F")]
    (table,) = [text.value for text in app.main.markdown if "Difference, 95 %" in text.value]
    rows = {cells[1].strip(): cells[2:6] for cells in (line.split("|") for line in table.splitlines()[2:])}
    assert len(rows) == 7
    for name in ("Observed / expected", "Log-loss", "Brier score"):
        own, other, apart, p = (cell.strip() for cell in rows[name])
        assert [number(own), number(other)] == [side[name] for side in sides]
        value, low, high = (float(each.replace("−", "-")) for each in re.findall(r"[+−][\d.]+", apart))
        assert value == pytest.approx(sides[0][name].expected - sides[1][name].expected, abs=2e-3)
        # A test rejects exactly where the interval leaves out 0.
        assert (p == "p < 0.001" or float(p.removeprefix("p = ")) < 0.05) is (low > 0 or high < 0)
    assert "one calibration line for both: p " in texts(app)


@pytest.mark.parametrize(("tab", "column"), [("Risk bands", "Of"), ("Brier score", "Rest: value")])
def test_tables_follow_the_comparison(tab: str, column: str, open_page: OpenPage) -> None:
    table = open_page("calibration", {**PENSIONERS, "against": "~rest", "cal.tab": tab}).dataframe[0].value
    assert column in table
    values = table[column].tolist()
    if tab == "Risk bands":
        assert set(values) == {"Cohort", "Rest"}
    else:
        parts = [number(value) for value in values]
        assert sum(parts[:-1]) == pytest.approx(parts[-1], abs=4e-6)


def test_groups_are_those_asked_for(open_page: OpenPage) -> None:
    app = open_page("calibration", {"cal.groups": "5"})
    assert app.number_input(key="widget.cal.groups").value == 5
    assert re.fullmatch(r"\d of 5", cards(app)["Groups that fit"])
    assert "5 groups of about 2,000 applications" in texts(app)
    app.number_input(key="widget.cal.groups").set_value(40).run()
    assert re.fullmatch(r"\d+ of 40", cards(app)["Groups that fit"])


def test_axes_can_be_logarithmic(open_page: OpenPage) -> None:
    app = open_page("calibration", {"cal.axes": "Logarithmic"})
    assert '"type":"log"' in sent_figures.sent(app)[0]["figure"]


def test_bands_are_those_of_the_rows(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("calibration", {"cal.tab": "Risk bands"})
    outcome, pd = arrays(frame)
    band = np.digitize(pd, EDGES)
    table = app.dataframe[0].value
    assert table["Band"].tolist() == list("ABCDEF")
    for i in range(6):
        inside = band == i
        n, bad = int(inside.sum()), int(outcome[inside].sum())
        assert (table["Applications"][i], table["Defaults"][i]) == (n, bad)
        if n:
            assert table["Default rate (%)"][i] == pytest.approx(100 * bad / n)
            p_value = stats.beta(bad + 0.5, n - bad + 0.5).cdf(pd[inside].mean())
            assert table["Jeffreys p"][i] == pytest.approx(p_value, abs=1e-6)


def test_brier_score_is_the_sum_of_its_parts(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("calibration", {"cal.tab": "Brier score"})
    values = [number(value) for value in app.dataframe[0].value["Value"]]
    assert min(values) < 0
    # Each is rounded to six decimals.
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=4e-6)
    assert values[-1] == pytest.approx(brier_score_loss(*arrays(frame)), abs=1e-6)


def test_p_values_come_with_what_they_are_worth(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("calibration", {"cal.tab": "Significance tests"})
    outcome, pd = arrays(frame)
    z = ((outcome - pd) * (1 - 2 * pd)).sum() / np.sqrt(((1 - 2 * pd) ** 2 * pd * (1 - pd)).sum())
    (card,) = [metric for metric in app.main.metric if metric.label == "Spiegelhalter test"]
    assert number(card.delta) == pytest.approx(z, abs=6e-3)
    assert number(card.value) == pytest.approx(2 * stats.norm.sf(abs(z)), abs=6e-4)
    assert "not by how much PDs are off" in texts(app)
    assert "20 degrees of freedom, one per group: PDs are out of fold" in texts(app)


def test_a_reason_keeps_its_capitals(tmp_path: Path, open_page: OpenPage) -> None:
    app = open_page(
        "calibration", arguments=write_predictions(tmp_path / "same.csv", np.arange(40) < 5, np.full(40, 0.1))
    )
    (card,) = [metric for metric in app.main.metric if metric.label == "Calibration slope"]
    assert card.proto.help.startswith("Not defined because all of the cohort's applications have the same PD. ")


def test_without_a_default_the_yardstick_is_that_of_right_pds(tmp_path: Path, open_page: OpenPage) -> None:
    pd = np.random.default_rng(3).beta(1, 11, 500)
    arguments = write_predictions(tmp_path / "none.csv", np.zeros(500), pd)
    said = texts(open_page("calibration", {"cal.tab": "Significance tests"}, arguments))
    found = re.search(r"a gap of ([\d.]+) points", said.replace("\\", "").replace("\u00a0", " "))
    assert found is not None
    wanted = 100 * stats.norm.ppf(0.975) * np.sqrt((pd * (1 - pd)).sum()) / pd.size
    assert float(found[1]) == pytest.approx(wanted, abs=6e-3)


def test_imported_scores_that_are_not_probabilities_are_called_so_first(tmp_path: Path, open_page: OpenPage) -> None:
    rng = np.random.default_rng(2)
    truth = rng.beta(1, 11, 4_000)
    arguments = write_predictions(tmp_path / "weighted.csv", rng.random(4_000) < truth, truth**0.4)
    app = open_page("calibration", {"cal.tab": "Significance tests"}, arguments)
    assert "These scores are not probabilities" in app.error[0].value.replace("\\", "")
    assert "Read them as a ranking only" in app.error[0].value
    assert cards(app)["Spiegelhalter test"] == "p < 0.001"
    assert "The data **reject** this" in texts(app)
    assert "taken to be out of sample" in texts(app)


@pytest.mark.parametrize("page", ["calibration", "discrimination", "cutoff"])
def test_scores_that_rank_the_wrong_way_round_are_doubted_on_every_page(
    page: str, tmp_path: Path, open_page: OpenPage
) -> None:
    rng = np.random.default_rng(2)
    truth = rng.beta(1, 11, 4_000)
    app = open_page(page, arguments=write_predictions(tmp_path / "good.csv", rng.random(4_000) < truth, 1 - truth))
    assert any("is it a probability of good?" in warning.value for warning in app.warning)
    assert not any("discrimination is not affected" in error.value for error in app.error)


@pytest.mark.parametrize("page", ["calibration", "overview"])
def test_a_verdict_has_the_same_colour_on_every_page(page: str, tmp_path: Path, open_page: OpenPage) -> None:
    rng = np.random.default_rng(2)
    truth = rng.beta(1, 11, 4_000)
    arguments = write_predictions(tmp_path / "weighted.csv", rng.random(4_000) < truth, truth**0.4)
    assert "These scores are not probabilities" in open_page(page, arguments=arguments).error[0].value


@pytest.mark.parametrize("tab", ["Reliability", "Risk bands", "Brier score", "Significance tests"])
@pytest.mark.parametrize("outcome", [[0] * 40, [1] * 40, [1]])
def test_one_outcome_only_says_what_is_not_defined(
    outcome: list[int], tab: str, tmp_path: Path, open_page: OpenPage
) -> None:
    pds = np.linspace(0.05, 0.4, len(outcome))
    arguments = write_predictions(tmp_path / "one.csv", np.array(outcome), pds)
    shown = cards(open_page("calibration", {"cal.tab": tab}, arguments))
    assert shown["Calibration slope"] == shown["Brier skill"] == "–"
    assert number(shown["Brier score"]) == pytest.approx(np.mean((pds - outcome) ** 2), abs=6e-5)


@pytest.mark.parametrize("tab", ["Reliability", "Risk bands", "Brier score", "Significance tests"])
def test_comparison_with_nobody_is_no_error(tab: str, open_page: OpenPage) -> None:
    # Without filters, the rest is empty.
    app = open_page("calibration", {"cal.tab": tab, "against": "~rest"})
    assert not app.exception


def test_few_applications_are_said_to_be_too_few(tmp_path: Path, open_page: OpenPage) -> None:
    rng = np.random.default_rng(5)
    pd = rng.beta(1.2, 13.6, 60)
    outcome = np.arange(60) < 5
    app = open_page("calibration", arguments=write_predictions(tmp_path / "few.csv", outcome, pd))
    assert any(info.value.startswith("Too few applications to conclude") for info in app.info)
    assert "Too few to conclude whether PDs match default rates" in texts(app)


def test_wrong_values_in_a_link_are_left_out(open_page: OpenPage) -> None:
    app = open_page("calibration", {"cal.groups": "5000", "cal.axes": "<b>", "cal.tab": "none"})
    assert app.number_input(key="widget.cal.groups").value == 20
    assert "cal.groups" in app.info[0].value.replace("\\", "")
