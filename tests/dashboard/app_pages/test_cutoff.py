"""The page of the cutoff and its economics: figures worked out from the rows, and what the button and the inputs do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk
from streamlit.testing.v1 import AppTest

from tests.dashboard import sent_figures

OpenPage = Callable[..., AppTest]


def shown(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.main.metric}


def rows(frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        frame["is_default"].to_numpy(),
        frame["default_probability"].to_numpy().astype(np.float64),
        frame["exposure"].to_numpy().astype(np.float64),
    )


def test_decisions_show_their_figures(open_page: OpenPage, frame: pl.DataFrame) -> None:
    outcome, pd, _ = rows(frame)
    declined = pd >= 0.12
    found = shown(open_page("cutoff", query={"cutoff": "12", "beta": "3"}))
    assert {name: found[name] for name in found if name in {"Recall", "Precision", "Specificity", "Accuracy"}} == {
        "Recall": f"{100 * sk.recall_score(outcome, declined):.2f} %",
        "Precision": f"{100 * sk.precision_score(outcome, declined):.2f} %",
        "Specificity": f"{100 * sk.recall_score(~outcome, ~declined):.2f} %",
        "Accuracy": f"{100 * sk.accuracy_score(outcome, declined):.2f} %",
    }
    assert found["F1"] == f"{sk.f1_score(outcome, declined):.3f}"
    assert found["F-beta (β = 3)"] == f"{sk.fbeta_score(outcome, declined, beta=3):.3f}"
    assert found["MCC"] == f"{sk.matthews_corrcoef(outcome, declined):.3f}"
    assert found["Approval rate"] == f"{100 * (~declined).mean():.2f} %"
    assert found["Bad rate"] == f"{100 * outcome[~declined].mean():.2f} %"


def best_of(value: Callable[[float], float], grid: np.ndarray) -> tuple[float, float]:
    """The lowest of the best cutoffs, or where several decide alike the highest of those, and what it costs."""
    values = np.array([value(at) for at in grid])
    alike = np.flatnonzero(np.append(np.diff(values), 1)[values.argmin() :])[0]
    return float(grid[values.argmin() + alike]), float(values.min())


def test_costs_show_their_figures_and_the_best_cutoff(open_page: OpenPage, frame: pl.DataFrame) -> None:
    outcome, pd, _ = rows(frame)

    def cost(at: float) -> float:
        return float(1_000 * np.where(pd < at, 5 * outcome, 2 * ~outcome).mean())

    query = {"cutoff": "12", "cutoff.tab": "Costs", "cost.fn": "5", "cost.fp": "2"}
    found = shown(open_page("cutoff", query=query))
    best, lowest = best_of(cost, np.arange(10_001) / 10_000)
    assert float(found["Cost per 1,000"].replace(",", "")) == pytest.approx(cost(0.12), rel=5e-4)
    assert float(found["Lowest per 1,000"].replace(",", "")) == pytest.approx(lowest, rel=5e-4)
    assert found["Best cutoff"] == f"{100 * best:.2f} %"
    assert found["Break-even PD"] == "28.57 %"


def test_profit_shows_its_figures_and_the_best_cutoff(open_page: OpenPage, frame: pl.DataFrame) -> None:
    outcome, pd, exposure = rows(frame)
    worth = exposure * np.where(outcome, -0.6, 0.08)

    def loss(at: float) -> float:
        return float(-np.where(pd < at, worth, 0.0).mean())

    query = {"cutoff": "12", "cutoff.tab": "Profit", "margin": "0.08", "lgd": "0.6"}
    found = shown(open_page("cutoff", query=query))
    best, lowest = best_of(loss, np.arange(10_001) / 10_000)
    for name, profit in (("Profit per application", -loss(0.12)), ("Highest per application", -lowest)):
        figure, unit = found[name].split()
        # Money keeps three digits.
        assert unit == "k"
        assert 1_000 * float(figure) == pytest.approx(profit, rel=0.005)
    assert found["Best cutoff"] == f"{100 * best:.2f} %"
    assert found["Break-even PD"] == "11.76 %"


@pytest.mark.parametrize("tab", ["Costs", "Profit"])
def test_the_best_cutoff_is_put_in_force_by_one_click(tab: str, open_page: OpenPage) -> None:
    app = open_page("cutoff", query={"cutoff": "30", "cutoff.tab": tab})
    best, noun = shown(app)["Best cutoff"], f"{tab.removesuffix('s')} per"
    assert "chosen without" in next(m for m in app.main.metric if m.label.startswith(noun)).help
    next(button for button in app.button if button.label.startswith("Use this cutoff")).click().run()
    assert not app.exception
    assert float(app.query_params["cutoff"]) == float(best.removesuffix(" %"))
    assert shown(app)["Best cutoff"] == best
    assert next(button for button in app.button if button.label.startswith("Use this cutoff")).disabled
    # The figure at a cutoff that was picked for it flatters, which its help says.
    assert "so does its interval" in next(m for m in app.main.metric if m.label.startswith(noun)).help


def test_inputs_change_the_figures_and_the_link(open_page: OpenPage) -> None:
    app = open_page("cutoff", query={"cutoff.tab": "Costs"})
    box = next(box for box in app.number_input if box.label.startswith("Cost of a false approval"))
    box.set_value(19.0).run()
    assert shown(app)["Break-even PD"] == "5.00 %"
    assert app.query_params["cost.fn"] == "19"


@pytest.mark.parametrize("varied", ["Cost ratio FN : FP", "LGD", "Margin"])
def test_sensitivity_draws_two_figures(varied: str, open_page: OpenPage) -> None:
    app = open_page("cutoff", query={"cutoff.tab": "Sensitivity", "cutoff.vary": varied})
    assert len(sent_figures.sent(app)) == 2


@pytest.mark.parametrize("tab", ["Decisions", "Costs", "Profit", "Sensitivity"])
@pytest.mark.parametrize("observed", ["Defaulted", "Repaid"])
def test_one_outcome_has_a_designed_state(tab: str, observed: str, open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("cutoff", query={"cutoff.tab": tab, "f.observed": observed, "against": "~rest"})
    assert app.main.title[0].value == "Cutoff"
    if tab in {"Costs", "Profit"}:
        assert shown(app)["Best cutoff"] == "–"


@pytest.mark.parametrize("tab", ["Decisions", "Costs", "Profit", "Sensitivity"])
def test_a_comparison_is_shown_beside(tab: str, open_page: OpenPage) -> None:
    app = open_page("cutoff", query={"cutoff.tab": tab, "f.CODE_GENDER": "M", "against": "~rest"})
    assert "Rest" in sent_figures.sent(app)[0]["figure"]


def test_a_figure_that_is_not_defined_still_stands_beside_the_other_cohorts(
    open_page: OpenPage, frame: pl.DataFrame
) -> None:
    outcome, pd, _ = rows(frame)
    app = open_page("cutoff", query={"cutoff": "4", "f.default_probability": "0.04..", "against": "~whole"})
    (card,) = [metric for metric in app.main.metric if metric.label == "Bad rate"]
    assert card.value == "–"
    assert card.proto.delta_description.replace("\u00a0", " ").endswith(f": {100 * outcome[pd < 0.04].mean():.2f} %")


def test_without_exposure_the_same_ead_is_asked_for(open_page: OpenPage, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    pd = rng.beta(1, 9, 3_000)
    outcome = rng.random(3_000) < pd
    path = tmp_path / "theirs.csv"
    pl.DataFrame({"target": outcome.astype(int), "pd": pd}).write_csv(path)
    query = {"cutoff": "10", "cutoff.tab": "Profit", "ead": "2000", "lgd": "0.5", "margin": "0.1"}
    app = open_page("cutoff", query=query, arguments=("--predictions", str(path)))
    assert any(box.label == "EAD (currency units)" for box in app.number_input)
    approved = pd.astype(np.float32) < np.float64(0.1)
    profit = 2_000 * np.where(approved, np.where(outcome, -0.5, 0.1), 0.0).mean()
    assert float(shown(app)["Profit per application"]) == pytest.approx(profit, rel=5e-4)


def test_the_best_cutoff_is_shown_before_and_after(tmp_path: Path, open_page: OpenPage) -> None:
    # 10,000 loans of 1,000 at 5 %, and 3,000 at 20 %, on which 3,000,000 x (0.2 x 0.45 - 0.8 x 0.05) is lost.
    rows = [(0.05, 10_000, 500), (0.2, 3_000, 600)]
    path = tmp_path / "loans.csv"
    pl.DataFrame(
        {
            "target": [int(i < bad) for _, n, bad in rows for i in range(n)],
            "score": [pd for pd, n, _ in rows for _ in range(n)],
            "ead": [1_000.0] * 13_000,
        }
    ).write_csv(path)
    told = ("--predictions", str(path), "--map", "ead=exposure")
    app = open_page("cutoff", {"cutoff.tab": "Profit", "cutoff": "30"}, told)
    (line,) = [block.value for block in app.main.markdown if block.value.startswith("**Cutoff")]
    rates = "approval rate 100 % → 76.9 %, bad rate 8.46 % → 5.00 %"
    assert line == f"**Cutoff 30.0 % → 20.0 %**: {rates}, profit +150 k currency units"
    # Of all: (500 + 600) x 1,000 x 45 %; at 10 % the 3,000 are declined.
    app = open_page("cutoff", {"cutoff.tab": "Profit", "cutoff": "10"}, told)
    (loss,) = [metric for metric in app.main.metric if metric.label == "Expected loss"]
    assert (loss.value, loss.delta) == ("225 k", "approved; all: 495 k")
    # Both assumptions approve the 5 % and decline the 20 %.
    (both,) = [caption.value for caption in app.main.caption if caption.value.startswith("Best cutoff by either")]
    assert "Costs (10 to 1): 20.00 %" in both
    assert "Profit (margin 5 %, LGD 45 %): 20.00 %" in both
