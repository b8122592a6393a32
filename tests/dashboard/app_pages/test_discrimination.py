"""The discrimination page through Streamlit's own test harness: right numbers, comparisons, and odd cohorts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from sklearn import metrics as sk
from streamlit.testing.v1 import AppTest

from data.settings import Settings
from tests.dashboard import sent_figures

OpenPage = Callable[..., AppTest]
Floats = npt.NDArray[np.float64]
PENSIONERS = {"f.NAME_INCOME_TYPE": "Pensioner"}
# Cards show three decimals; the bins of 0.0001 move a rank statistic of a small cohort about as much.
NEAR = 1.5e-3


def scored(frame: pl.DataFrame) -> tuple[npt.NDArray[np.bool_], Floats]:
    return frame["is_default"].to_numpy(), frame["default_probability"].to_numpy().astype(np.float64)


def pensioners(frame: pl.DataFrame, *, rest: bool = False) -> pl.DataFrame:
    chosen = pl.col("NAME_INCOME_TYPE").cast(pl.String) == "Pensioner"
    return frame.filter(~chosen if rest else chosen)


def cards(app: AppTest) -> dict[str, Any]:
    return {metric.label: metric for metric in app.main.metric}


def expected(frame: pl.DataFrame) -> dict[str, Any]:
    """The cards' figures, worked out without the project's metrics."""
    outcome, pd = scored(frame)
    auc = sk.roc_auc_score(outcome, pd)
    values = {"ROC AUC": auc, "Gini": 2 * auc - 1, "Average precision": sk.average_precision_score(outcome, pd)}
    near = {name: pytest.approx(value, abs=2 * NEAR) for name, value in values.items()}
    return near | {"KS": pytest.approx(ks_of(outcome, pd)[0], abs=5.1e-4)}


def ks_of(outcome: npt.NDArray[np.bool_], pd: Floats) -> tuple[float, float]:
    """The largest gap over all PDs as cutoffs, and that PD."""
    cutoffs = np.unique(pd)
    declined = (1 - np.searchsorted(np.sort(pd[kind]), cutoffs) / kind.sum() for kind in (outcome, ~outcome))
    gap = np.abs(np.subtract(*declined))
    return float(gap.max()), float(cutoffs[gap.argmax()])


def text(app: AppTest) -> str:
    return "\n".join([*(element.value for element in app.main.markdown), *sent_figures.titles(app)])


def figure(app: AppTest, place: int = 0) -> dict[str, Any]:
    return sent_figures.shown(app)[place]


def test_cards_show_the_portfolio(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("discrimination")
    assert app.title[0].value == "Discrimination"
    wanted = expected(frame)
    shown = cards(app)
    assert {name: float(shown[name].value) for name in wanted} == wanted
    assert all("95 %" in shown[name].delta for name in wanted)


def test_roc_and_cap_are_square_and_cards_say_what_the_cutoff_declines(
    open_page: OpenPage, frame: pl.DataFrame
) -> None:
    app = open_page("discrimination", {"cutoff": "12.5"})
    outcome, pd = scored(frame)
    shown = cards(app)
    assert shown["Defaults declined"].value == f"{100 * np.mean(pd[outcome] >= 0.125):.1f} %"
    assert shown["Non-defaults declined"].value == f"{100 * np.mean(pd[~outcome] >= 0.125):.1f} %"
    assert [figure(app, place)["layout"]["yaxis"]["scaleanchor"] for place in (0, 1)] == ["x", "x"]


def test_precision_recall_tab(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("discrimination", {"cutoff": "12.5", "disc.tab": "Precision-recall"})
    outcome, pd = scored(frame)
    assert cards(app)["Defaults among the declined"].value == f"{100 * np.mean(outcome[pd >= 0.125]):.1f} %"
    assert figure(app)["layout"]["xaxis"]["title"]["text"] == "Defaults declined (recall)"


def test_the_cutoff_of_the_ks_can_be_used(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("discrimination", {"disc.tab": "KS"})
    outcome, pd = scored(frame)
    use = app.button(key="disc.use_ks")
    assert use.label == "Use this cutoff"
    use.click().run()
    assert not app.exception
    gap, cutoff = ks_of(outcome, pd)
    assert float(app.query_params["cutoff"]) == pytest.approx(100 * cutoff, abs=0.0051)
    assert cards(app)["KS"].value == f"{gap:.3f}"
    assert app.button(key="disc.use_ks").disabled
    assert app.button(key="disc.use_ks").label == "This is the cutoff"


def test_a_table_tells_what_the_riskiest_hold(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("discrimination")
    outcome, pd = scored(frame)
    table = app.dataframe[0].value
    order = np.argsort(-pd, kind="stable")
    held = [100 * outcome[order[: round(share * pd.size)]].sum() / outcome.sum() for share in (0.1, 0.5)]
    assert table["share"].tolist() == ["1 %", "5 %", "10 %", "20 %", "30 %", "50 %"]
    assert [table["own"][2], table["own"][5]] == pytest.approx(held, abs=0.5)


def test_lift_tab_has_two_charts_and_a_table_by_tenth(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("discrimination", {"disc.tab": "Lift and gain"})
    outcome, pd = scored(frame)
    table = app.dataframe[0].value
    tenths = np.array_split(outcome[np.argsort(-pd, kind="stable")], 10)
    # Ties inside a bin of 0.0001 are shared out, which moves a few of a thousand applications.
    assert table["Applications"].tolist() == pytest.approx([frame.height / 10] * 10)
    assert table["Defaults"].tolist() == pytest.approx([tenth.sum() for tenth in tenths], abs=3)
    assert table["Lift"].tolist() == pytest.approx([tenth.mean() / outcome.mean() for tenth in tenths], abs=0.05)
    assert table["Gain (%)"].iloc[-1] == pytest.approx(100)
    assert len(sent_figures.sent(app)) == 2


def test_comparison_with_the_rest(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("discrimination", PENSIONERS | {"against": "~rest"})
    wanted, other = expected(pensioners(frame)), expected(pensioners(frame, rest=True))
    shown = cards(app)
    assert {name: float(shown[name].value) for name in wanted} == wanted
    assert "No application is in both." in text(app)
    assert "than for Rest" in text(app)
    traces = {trace["name"] for trace in figure(app)["data"] if trace.get("showlegend", True)}
    assert traces == {"By chance", "Rest", "Cohort"}
    (auc,) = [shown["ROC AUC"]]
    value, apart = auc.proto.delta_description.split("; ")
    assert float(value.rpartition(" ")[2]) == other["ROC AUC"]
    found = apart.replace("*", "").split(" ")[0].replace("−", "-")
    assert float(found) == pytest.approx(wanted["ROC AUC"].expected - other["ROC AUC"].expected, abs=2e-3)


def test_comparison_with_the_whole_counts_what_is_shared(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("discrimination", PENSIONERS | {"against": "~whole"})
    assert f"Allows for {pensioners(frame).height:,} applications in both." in text(app)


def test_a_difference_that_chance_may_explain_is_called_so(open_page: OpenPage) -> None:
    # Folds are drawn at random: the model is no better on one of them.
    app = open_page("discrimination", {"f.fold_name": "1", "against": "~rest"})
    assert "which chance alone may explain" in text(app)


def test_comparison_with_a_named_cohort_that_overlaps(open_page: OpenPage, frame: pl.DataFrame) -> None:
    query = PENSIONERS | {"c.women": "f.CODE_GENDER=F", "against": "women"}
    app = open_page("discrimination", query)
    both = pensioners(frame).filter(pl.col("CODE_GENDER").cast(pl.String) == "F").height
    assert f"Allows for {both:,} applications in both." in text(app)


@pytest.mark.parametrize("tab", ["ROC and CAP", "Precision-recall", "KS", "Lift and gain"])
def test_one_outcome_alone_says_why(open_page: OpenPage, tab: str) -> None:
    query = {"disc.tab": tab, "f.observed": "Repaid", "against": "~rest"}
    app = open_page("discrimination", query)
    assert [cards(app)[name].value for name in ("ROC AUC", "Gini", "KS", "Average precision")] == ["–"] * 4
    assert "not defined because none of the cohort's applications defaulted" in text(app).replace("\\", "")
    beside = cards(app)["ROC AUC"].proto
    # The rest has defaults only: nothing is defined there either, and that is shown, too.
    assert beside.delta_description == "Rest: –"
    assert beside.help.startswith("Not defined because none of the cohort's applications defaulted. Chance that")
    note = figure(app)["layout"]["annotations"][0]["text"]
    assert "none of the cohort's applications defaulted" in note


@pytest.mark.parametrize("tab", ["ROC and CAP", "Precision-recall", "KS", "Lift and gain"])
def test_few_applications_conclude_nothing(open_page: OpenPage, built: Settings, tmp_path: Path, tab: str) -> None:
    path = tmp_path / "few.csv"
    pl.DataFrame({"target": [0, 0, 1, 0, 1, 0], "pd": [0.01, 0.05, 0.08, 0.1, 0.3, 0.2]}).write_csv(path)
    app = open_page("discrimination", {"disc.tab": tab}, ("--predictions", str(path)))
    assert "Too few to conclude" in text(app)


def test_lift_of_a_low_default_portfolio_tells_its_pds_apart(tmp_path: Path, open_page: OpenPage) -> None:
    # Mean PDs of the ten groups from 0.0425 % down to 0.0065 %.
    pd = np.linspace(0.00004, 0.00044, 1_000)
    outcome = np.arange(1_000) % 250 == 249
    path = tmp_path / "low.csv"
    pl.DataFrame({"target": outcome.astype(int), "score": pd}).write_csv(path)
    app = open_page("discrimination", {"disc.tab": "Lift and gain"}, ("--predictions", str(path)))
    columns = json.loads(app.dataframe[0].proto.columns)
    assert columns["Mean PD (%)"]["type_config"]["format"] == "%.3f"
    assert columns["Lift"]["type_config"]["format"] == "%.2f"
