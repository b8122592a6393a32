"""The page of two models: what it says against the rows, its choices in the link, and what it says of one model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from tests.dashboard import sent_figures

PATH = "compare"
OpenPage = Callable[..., AppTest]
N = 3_000


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    rng = np.random.default_rng(12)
    pd = np.round(rng.beta(1.2, 9, N), 6)
    return pl.DataFrame(
        {
            "id": np.arange(N) + 1,
            "outcome": (rng.random(N) < pd).astype(int),
            "pd": pd,
            "pd_old": np.round(np.clip(pd * np.exp(0.7 * rng.normal(size=N)), 1e-4, 0.9), 6),
            "ead": np.round(rng.lognormal(9, 0.5, N)),
            "region": rng.choice(["north", "south"], N),
        }
    )


@pytest.fixture(name="arguments", scope="module")
def arguments_of(rows: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    path: Path = tmp_path_factory.mktemp("brought") / "scored.csv"
    rows.write_csv(path)
    return "--predictions", str(path)


def said(app: AppTest) -> str:
    return " ".join([*(each.value for each in app.markdown), *(each.value for each in app.caption)]).replace("\\", "")


def test_the_verdict_and_the_cards_are_of_the_rows(
    open_page: OpenPage, rows: pl.DataFrame, arguments: tuple[str, str]
) -> None:
    app = open_page(PATH, {"cutoff": "10"}, arguments)
    outcome, pd, old = (rows[name].to_numpy() for name in ("outcome", "pd", "pd_old"))
    aucs = roc_auc_score(outcome, pd), roc_auc_score(outcome, old)
    assert f"By AUC, champion ranks better than pd_old, by {aucs[0] - aucs[1]:.4f} (" in said(app)
    n_in, n_out = ((old < 0.1) & (pd >= 0.1)).sum(), ((old >= 0.1) & (pd < 0.1)).sum()
    assert f"{n_in:,} applicants would be swapped in" in said(app)
    assert f"{n_out:,} applicants would be swapped out" in said(app)
    cards = {card.label: card for card in app.metric}
    assert cards["ROC AUC"].value == f"{aucs[1] - aucs[0]:.4f}".replace("-", "−")
    assert set(cards) >= {"Gini", "KS", "Average precision", "Brier score", "Log-loss", "Calibration slope"}
    assert "NRI and IDI are not proper measures" in said(app)


def test_the_swap_set_and_its_rows(open_page: OpenPage, rows: pl.DataFrame, arguments: tuple[str, str]) -> None:
    app = open_page(PATH, {"cutoff": "10", "cmp.tab": "Swap set", "cmp.group": "Swapped out"}, arguments)
    swaps, apart, members = (pl.DataFrame(each.value.to_dict(orient="list")) for each in app.dataframe[:3])
    out = rows.filter(pl.col("pd") < 0.1, pl.col("pd_old") >= 0.1)
    row = swaps.row(by_predicate=pl.col("Decision") == "Swapped out", named=True)
    assert row["Applications"] == f"{out.height:,}"
    assert row["Default rate"].startswith(f"{100 * out['outcome'].to_numpy().mean():.1f}")
    assert "region" in apart["Column"].to_list()
    furthest = out.sort((pl.col("pd") - pl.col("pd_old")).abs(), descending=True)["id"].head(25).cast(pl.String)
    assert members[members.columns[0]].to_list() == furthest.to_list()


def test_the_rows_of_a_group_open_as_a_cohort(
    open_page: OpenPage, rows: pl.DataFrame, arguments: tuple[str, str]
) -> None:
    app = open_page(PATH, {"cutoff": "10", "cmp.tab": "Swap set", "cmp.group": "Swapped in"}, arguments)
    into = rows.filter(pl.col("pd") >= 0.1, pl.col("pd_old") < 0.1)
    app.button("compare.rows.open").click().run()
    assert not app.exception
    assert app.title[0].value == "Applications"
    chip = app.button("chip.~models").label.replace("\\", "").replace("\u00a0", " ")
    assert chip == "Swapped in: pd_old approves at 10.0 %, champion declines"
    assert f"of {into.height:,}" in said(app)
    # A reload restores it from the address; the cutoff that is set now is not the one it was cut at.
    again = open_page("applications", {**app.query_params, "cutoff": "30"}, arguments)
    assert f"of {into.height:,}" in said(again)
    again.button("chip.~models").click().run()
    assert f"of {rows.height:,}" in said(again)


def test_at_an_equal_approval_rate_as_many_come_as_go(open_page: OpenPage, arguments: tuple[str, str]) -> None:
    app = open_page(PATH, {"cutoff": "10", "cmp.at": "Equal approval rate", "cmp.tab": "Swap set"}, arguments)
    swaps = pl.DataFrame(app.dataframe[0].value.to_dict(orient="list"))
    number = dict(zip(swaps["Decision"], swaps["Applications"], strict=True))
    assert number["Swapped in"] == number["Swapped out"]


def test_a_cutoff_of_its_own_is_in_the_link(
    open_page: OpenPage, rows: pl.DataFrame, arguments: tuple[str, str]
) -> None:
    app = open_page(PATH, {"cutoff": "10", "cmp.at": "A cutoff of its own", "cmp.cutoff": "0.2"}, arguments)
    n_in = rows.filter(pl.col("pd") >= 0.1, pl.col("pd_old") < 0.2).height
    assert f"{n_in:,} applicants would be swapped in" in said(app)


@pytest.mark.parametrize(
    ("tab", "title"),
    [("Ranks", "Ranks correlate by 0."), ("Segments", "segment"), ("All models", "No model's speed is known")],
)
def test_each_tab_has_its_figure(open_page: OpenPage, arguments: tuple[str, str], tab: str, title: str) -> None:
    app = open_page(PATH, {"cmp.tab": tab}, arguments)
    assert title in sent_figures.alts(app)[0]
    assert sent_figures.titles(app)


def test_all_models_are_in_one_table(open_page: OpenPage, rows: pl.DataFrame, arguments: tuple[str, str]) -> None:
    app = open_page(PATH, {"cmp.tab": "All models"}, arguments)
    table = pl.DataFrame(app.dataframe[0].value.to_dict(orient="list"), strict=False)
    assert table["Model"].to_list() == ["champion", "pd_old"]
    assert table["ROC AUC"].to_list() == pytest.approx(
        [roc_auc_score(rows["outcome"], rows[name]) for name in ("pd", "pd_old")], abs=1e-6
    )


def test_an_unknown_model_in_a_link_is_said(open_page: OpenPage, arguments: tuple[str, str]) -> None:
    app = open_page(PATH, {"cmp.b": "nobody"}, arguments)
    assert any("There is no model nobody." in each.value for each in app.info)


def test_of_one_model_the_page_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page(PATH)
    assert any("python -m scripts.train --kind scorecard" in each.value for each in app.info)


def test_scores_that_are_no_probabilities_are_compared_by_rank(
    open_page: OpenPage, rows: pl.DataFrame, tmp_path: Path
) -> None:
    points = {name: (600 - 40 * (pl.col(name) / (1 - pl.col(name))).log()).round(1) for name in ("pd", "pd_old")}
    stacked = pl.concat(
        [
            rows.select("id", "outcome", "region", points[name].alias("score"), pl.lit(name).alias("model"))
            for name in points
        ]
    )
    stacked.write_csv(tmp_path / "points.csv")
    app = open_page(PATH, arguments=("--predictions", str(tmp_path / "points.csv")))
    assert "ranks better than" in said(app)
    assert "B approves as many applications as A does" in said(app)
    assert "what needs PDs is not defined because the score ranks" in said(app)
    cards = {card.label: card.value for card in app.metric}
    assert cards["Brier score"] == "–"
    assert cards["ROC AUC"] != "–"
    # The two tables of reclassification and money need probabilities.
    assert "NRI" not in said(app)
