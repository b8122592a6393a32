"""The overview page through Streamlit's own test harness: right numbers, and designed states for what is odd."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from streamlit.proto.Metric_pb2 import Metric as MetricProto
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Metric

from dashboard import cache, state
from dashboard.report.recipe import read_template
from dashboard.visit.looks import Looks
from dashboard.words import labels
from data.home_credit import embedded
from data.settings import Settings

OpenPage = Callable[..., AppTest]


def said(card: Any) -> str:
    """What a card says of the other cohort, with the spaces that hold its parts together as spaces."""
    return str(card.proto.delta_description).replace("\u00a0", " ")


def rate_of(frame: pl.DataFrame) -> str:
    """The default rate, as the page words it."""
    return f"{100 * frame['is_default'].sum() / frame.height:.2f} %"


def metrics(app: AppTest, *, defined: bool = True) -> dict[str, Any]:
    shown = {metric.label: metric.value for metric in app.main.metric}
    if not defined:
        return shown
    return shown | {"ROC AUC": float(shown["ROC AUC"])}


def near(value: float) -> Any:
    """A rank statistic as shown: three decimals, and the PD bins' resolution, which a small cohort feels."""
    return pytest.approx(value, abs=1.5e-3)


def expected(frame: pl.DataFrame, cutoff: float) -> dict[str, Any]:
    """The page's figures, worked out without the project's metrics."""
    outcome = frame["is_default"].to_numpy()
    pd = frame["default_probability"].to_numpy().astype(np.float64)
    approved = pd < cutoff
    return {
        "Applications": f"{frame.height:,}",
        "Default rate": f"{100 * outcome.mean():.2f} %",
        "Mean PD": f"{100 * pd.mean():.2f} %",
        "ROC AUC": near(roc_auc_score(outcome, pd)),
        "Approval rate": f"{100 * approved.mean():.2f} %",
        "Bad rate": f"{100 * outcome[approved].mean():.2f} %",
    }


def test_the_whole_portfolio_shows_its_figures(frame: pl.DataFrame, open_page: OpenPage) -> None:
    shown = metrics(open_page("overview"))
    wanted = expected(frame, 0.0909)
    assert {name: shown[name] for name in wanted} == wanted


def test_filters_and_cutoff_of_a_link_change_the_figures(frame: pl.DataFrame, open_page: OpenPage) -> None:
    query = {"f.NAME_INCOME_TYPE": ["Pensioner"], "f.DAYS_BIRTH": ["-21915..-20088.75"], "cutoff": "5"}
    shown = metrics(open_page("overview", query))
    years = -pl.col("DAYS_BIRTH") / 365.25
    cohort = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner", years >= 55, years <= 60)
    wanted = expected(cohort, 0.05)
    assert {name: shown[name] for name in wanted} == wanted


def test_a_kind_of_decision_is_a_cohort_at_the_cutoff_in_force(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("overview", {"f.~decision": ["false approval", "true decline"], "cutoff": "8"})
    assert metrics(app, defined=False)["Applications"] == f"{frame['is_default'].sum():,}"
    app = open_page("overview", {"f.~decision": "false approval", "cutoff": "8"})
    wanted = frame.filter(pl.col("is_default"), pl.col("default_probability").cast(pl.Float64) < 0.08)
    assert metrics(app, defined=False)["Applications"] == f"{wanted.height:,}"


def test_a_cohort_is_set_against_the_whole_portfolio(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("overview", {"f.NAME_INCOME_TYPE": "Pensioner"})
    rate = next(metric for metric in app.main.metric if metric.label == "Default rate")
    assert said(rate).startswith(f"Portfolio: {rate_of(frame)}; ")


def test_a_cohort_is_compared_with_the_rest(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("overview", {"f.NAME_INCOME_TYPE": "Pensioner", "against": "~rest"})
    rate = next(metric for metric in app.main.metric if metric.label == "Default rate")
    others = frame.filter(pl.col("NAME_INCOME_TYPE") != "Pensioner")
    assert said(rate).startswith(f"Rest: {rate_of(others)}; ")


def test_two_named_cohorts_of_a_link_are_compared(frame: pl.DataFrame, open_page: OpenPage) -> None:
    query = {
        "f.NAME_INCOME_TYPE": "Pensioner",
        "c.Workers": "f.NAME_INCOME_TYPE=Working",
        "against": "Workers",
    }
    app = open_page("overview", query)
    rate = next(metric for metric in app.main.metric if metric.label == "Default rate")
    others = frame.filter(pl.col("NAME_INCOME_TYPE") == "Working")
    assert said(rate).startswith(f"Workers: {rate_of(others)}; ")


def test_reset_brings_the_whole_portfolio_back(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("overview", {"f.NAME_INCOME_TYPE": "Pensioner"})
    assert metrics(app)["Applications"] != f"{frame.height:,}"
    next(button for button in app.button if button.label == "Reset filters").click().run()
    assert metrics(app)["Applications"] == f"{frame.height:,}"
    assert "f.NAME_INCOME_TYPE" not in app.query_params


def test_a_chip_takes_its_filter_back(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("overview", {"f.NAME_INCOME_TYPE": "Pensioner", "f.CODE_GENDER": "F"})
    app.button(key="chip.NAME_INCOME_TYPE").click().run()
    women = frame.filter(pl.col("CODE_GENDER") == "F")
    assert metrics(app)["Applications"] == f"{women.height:,}"


def test_an_empty_cohort_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page("overview", {"f.DAYS_BIRTH": "-1..0"})
    assert app.info[0].value.startswith("No applications match these filters.")
    assert not app.main.metric


def test_one_outcome_gives_counts_and_says_why_there_is_no_auc(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("overview", {"f.observed": "Defaulted"})
    shown = {metric.label: metric for metric in app.main.metric}
    assert shown["Applications"].value == f"{frame['is_default'].sum():,}"
    assert shown["ROC AUC"].value == "–"
    assert "all of the cohort's applications defaulted" in shown["ROC AUC"].proto.help


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"f.NAME_INCOME_TYPE": "Nobody"}, "asks for 'Nobody', which is not one of its levels"),
        ({"cutoff": "nan"}, "cutoff 'nan' is not valid; 9.09 % is used."),
        ({"cutoff": "<b>1</b>"}, "cutoff '<b>1</b>' is not valid; 9.09 % is used."),
        ({"nonsense": "1"}, "nonsense (not a known setting)."),
        ({"c.X": "f.AGE=1..2"}, "names no column that cohorts can be cut by"),
    ],
)
def test_what_a_link_says_wrong_is_left_out_with_a_notice(
    query: dict[str, str], said: str, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    app = open_page("overview", query)
    assert said in app.info[0].value.replace("\\", "").replace("\xa0", " ")
    assert metrics(app)["Applications"] == f"{frame.height:,}"


def test_imported_predictions_without_ids_switch_scoring_off(tmp_path: Path, open_page: OpenPage) -> None:
    rng = np.random.default_rng(1)
    pd = rng.beta(1, 11, 4_000)
    path = tmp_path / "theirs.csv"
    pl.DataFrame(
        {"y": (rng.random(4_000) < pd).astype(int), "p": pd, "branch": rng.choice(["<b>north</b>", "south"], 4_000)}
    ).write_csv(path)
    told = ("--predictions", str(path), "--map", "y=outcome", "--map", "p=probability")
    app = open_page("overview", {"f.branch": "south"}, told)
    south = pl.read_csv(path).filter(pl.col("branch") == "south")
    assert metrics(app)["Applications"] == f"{south.height:,}"
    assert any("carry no application id" in caption.value for caption in app.sidebar.caption)
    assert not app.main.warning


def test_uncalibrated_probabilities_are_called_so(tmp_path: Path, open_page: OpenPage) -> None:
    rng = np.random.default_rng(2)
    truth = rng.beta(1, 11, 4_000)
    path = tmp_path / "weighted.csv"
    pl.DataFrame({"target": (rng.random(4_000) < truth).astype(int), "score": truth**0.4}).write_csv(path)
    app = open_page("overview", arguments=("--predictions", str(path)))
    assert "are not probabilities" in app.main.error[0].value


def card(app: AppTest, label: str) -> Metric:
    (found,) = [metric for metric in app.main.metric if metric.label == label]
    return found


def test_an_expected_loss_of_scores_that_are_no_probabilities_is_doubted_on_its_card(
    tmp_path: Path, open_page: OpenPage
) -> None:
    # 1,000 loans of 1,000 each at a PD of 50 %, of which 100 default: 225,000 expected at an LGD of 45 %, 45,000 lost.
    path = tmp_path / "weighted.csv"
    pl.DataFrame({"target": [1] * 100 + [0] * 900, "score": [0.5] * 1_000, "ead": [1_000.0] * 1_000}).write_csv(path)
    told = ("--predictions", str(path), "--map", "ead=exposure")
    found = card(open_page("overview", arguments=told), "Expected loss")
    assert (found.value, found.delta) == ("225 k", "PDs off: lost 45.0 k")
    assert found.proto.color == MetricProto.MetricColor.ORANGE
    theory = next(
        m for m in open_page("cutoff", {"cutoff.tab": "Costs"}, told).main.metric if m.label == "Break-even PD"
    )
    assert theory.delta == "PDs are off: not the best cutoff"


def test_an_expected_loss_of_right_pds_stands_beside_what_was_lost(frame: pl.DataFrame, open_page: OpenPage) -> None:
    found = card(open_page("overview"), "Expected loss")
    lost = 0.45 * float(frame.filter("is_default")["exposure"].to_numpy().astype(np.float64).sum())
    assert found.delta == f"observed: {lost / 1e6:.0f} M"
    assert found.proto.color == MetricProto.MetricColor.GRAY
    theory = next(m for m in open_page("cutoff", {"cutoff.tab": "Costs"}).main.metric if m.label == "Break-even PD")
    assert theory.delta == "FP / (FP + FN)"


@pytest.mark.parametrize("page", ["overview", "discrimination", "calibration", "segments"])
def test_perfect_separation_is_suspected_not_praised(page: str, tmp_path: Path, open_page: OpenPage) -> None:
    path = tmp_path / "leaked.csv"
    pl.DataFrame(
        {"target": [1] * 160 + [0] * 1_840, "score": [0.9] * 160 + [0.02] * 1_840, "branch": ["a", "b"] * 1_000}
    ).write_csv(path)
    app = open_page(page, arguments=("--predictions", str(path)))
    assert (
        app.main.error[0]
        .value.replace("\\", "")
        .startswith("Suspect leakage: the scores separate defaults from non-defaults completely")
    )


def test_predictions_that_are_not_there_are_said_so(tmp_path: Path, open_page: OpenPage) -> None:
    app = open_page("overview", arguments=("--predictions", str(tmp_path / "gone.csv")))
    assert "no such file; check the path" in app.error[0].value


def test_pds_far_below_the_usual_cutoff_still_have_one(tmp_path: Path, open_page: OpenPage) -> None:
    path = tmp_path / "safe.csv"
    pl.DataFrame({"target": [0] * 99 + [1], "pd": [0.001] * 99 + [0.02]}).write_csv(path)
    app = open_page("overview", arguments=("--predictions", str(path)))
    assert {metric.label: metric.value for metric in app.main.metric}["Approval rate"] == "100.00 %"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"f.observed": "Defaulted"}, "This cohort is defined by its outcome."),
        ({"f.~decision": "false approval"}, "This cohort is defined by its outcome."),
    ],
)
def test_a_cohort_that_misleads_is_said_to(query: dict[str, str], said: str, open_page: OpenPage) -> None:
    app = open_page("overview", query)
    assert app.main.info[0].value.startswith(said)
    assert not app.main.warning


def test_a_cohort_s_own_name_stays_text(open_page: OpenPage) -> None:
    name = "[x](http://a.b)"
    app = open_page("overview", {f"c.{name}": "f.CODE_GENDER=F", "against": name})
    rate = next(metric for metric in app.main.metric if metric.label == "Default rate")
    assert rate.proto.delta_description.startswith(f"{labels.plain(name)}: ")
    assert "](" not in rate.proto.delta_description


def test_a_cohort_of_a_link_that_loses_all_its_filters_is_left_out(open_page: OpenPage) -> None:
    app = open_page("overview", {"c.bad": "f.NOPE=1"})
    assert "c.bad" not in app.query_params
    assert "names no column" in app.info[0].value


def test_a_cohort_of_few_is_said_to_be_too_small(frame: pl.DataFrame, open_page: OpenPage) -> None:
    lowest = float(frame["default_probability"].top_k(8).to_numpy().min())
    app = open_page("overview", {"f.default_probability": f"{lowest}.."})
    assert app.main.info[0].value.startswith("Too few to conclude: the cohort holds ")


def test_a_finding_leads_to_the_page_that_shows_it(tmp_path: Path, open_page: OpenPage) -> None:
    # Of one branch 24 % default where the PDs say 8 %.
    path = tmp_path / "branches.csv"
    rows = [("north", 0.05, 6_000, 300), ("south", 0.08, 2_000, 480)]
    pl.DataFrame(
        {
            "target": [int(i < bad) for _, _, n, bad in rows for i in range(n)],
            "score": [pd for _, pd, n, _ in rows for _ in range(n)],
            "branch": [branch for branch, _, n, _ in rows for _ in range(n)],
        }
    ).write_csv(path)
    app = open_page("overview", arguments=("--predictions", str(path)))
    lines = [button.label.replace("\\", "").replace("\xa0", " ") for button in app.main.button]
    (line,) = [line for line in lines if "“south”: PDs" in line]
    assert line.startswith("**branch “south”: PDs too low, 8.00 % where 24.0 % default** ")
    assert "of 100 such pages on portfolios with nothing to find, at most 5 would show one" in "\n".join(
        caption.value for caption in app.main.caption
    )
    app.main.button[lines.index(line)].click().run()
    assert [title.value for title in app.title] == ["Segments"]
    assert next(box for box in app.main.selectbox if box.label == "Measure").value == "Calibration gap"
    assert app.query_params["seg.measure"] == "Calibration gap"


def test_saved_cohorts_stand_below_each_other(frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("overview", {"c.Men": "f.CODE_GENDER=M", "c.Women": "f.CODE_GENDER=F"})
    (table,) = [shown.value for shown in app.main.dataframe if "Cohort" in shown.value]
    assert table["Cohort"].tolist() == ["Men", "Women"]
    men = frame.filter(pl.col("CODE_GENDER") == "M")
    wanted = expected(men, 0.0909)
    assert table["Default rate"][0] == wanted["Default rate"]
    assert float(table["ROC AUC"][0]) == wanted["ROC AUC"]
    assert table["Bad rate"][0] == wanted["Bad rate"]


def test_a_second_look_at_the_same_table_says_that_nothing_changed(
    built: Settings, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(state, "reader", lambda: "browser 1")
    store = Looks(tmp_path)
    monkeypatch.setattr(cache, "looks", lambda: store)
    first = [caption.value for caption in open_page("overview").main.caption]
    again = [caption.value for caption in open_page("overview").main.caption]
    assert not [text for text in first if text.startswith(("Since", "Unchanged"))]
    assert len([text for text in again if text.startswith("Unchanged since ")]) == 1
    # What was seen before of another table; decisions were made at another cutoff, so that they are not compared.
    store.note("browser 1", "another", {"default_rate": 0.01, "roc_auc": 0.5, "approval_rate": 0.5, "cutoff": 0.5})
    (told,) = [
        text for text in (caption.value for caption in open_page("overview").main.caption) if text.startswith("Since ")
    ]
    rate = float(pl.read_parquet(built.predictions)["is_default"].mean() or 0.0)  # type: ignore[arg-type]
    assert f"Default rate +{100 * rate - 1:.2f} points, ROC AUC +0." in told
    assert "Approval rate" not in told


def test_the_committee_paper_is_one_click_away(open_page: OpenPage) -> None:
    app = open_page("overview")
    app.button(key="paper").click().run()
    assert [title.value for title in app.title] == ["Report"]
    assert app.session_state["report.title"] == read_template("monthly", embedded.DEFINITION).title
