"""The explanation page: figures that agree with LightGBM's own contributions, and designed states for what is odd."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from data.settings import Settings
from scripts._embedded import FEATURES
from tests.dashboard import sent_figures

OpenPage = Callable[..., AppTest]
# The cutoff is always in a link of the screen's own.
PENSIONERS = {"cutoff": "9.09", "f.NAME_INCOME_TYPE": "Pensioner"}
IS_PENSIONER = pl.col("NAME_INCOME_TYPE") == "Pensioner"
LABELS = {feature.name: feature.label for feature in FEATURES.features}


@pytest.fixture(scope="module")
def contributions(built: Settings) -> pl.DataFrame:
    """LightGBM's contributions of every application, with the columns that the tests cut by."""
    applications = pl.read_parquet(built.applications)
    booster = lgb.Booster(model_file=str(built.model / "model.txt"))
    found = np.asarray(booster.predict(FEATURES.matrix(applications), pred_contrib=True))[:, :-1]
    return pl.DataFrame(found, schema=list(FEATURES.names)).with_columns(
        applications["NAME_INCOME_TYPE"].cast(pl.String).alias("income type"),
        applications["DAYS_BIRTH"].alias("days"),
    )


def of_pensioners(contributions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    chosen = pl.col("income type") == "Pensioner"
    return contributions.filter(chosen), contributions.filter(~chosen)


def figures(app: AppTest) -> list[dict[str, Any]]:
    return sent_figures.shown(app)


def unpacked(array: dict[str, str]) -> npt.NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype=array["dtype"]).astype(np.float64)


def text(app: AppTest) -> str:
    said = [*(element.value for element in app.main.markdown), *sent_figures.titles(app)]
    return " ".join(said).replace("\\", "").replace("\u00a0", " ")


def sizes(contributions: pl.DataFrame) -> pl.DataFrame:
    """Features by mean size, the largest first."""
    means = contributions.select(pl.col(FEATURES.names).abs().mean()).transpose(
        include_header=True, header_name="name", column_names=["size"]
    )
    return means.sort("size", descending=True)


def test_importance_is_that_of_every_application(open_page: OpenPage, contributions: pl.DataFrame) -> None:
    app = open_page("explanation")
    (figure,) = figures(app)
    wanted = sizes(contributions).head(15)
    np.testing.assert_allclose(unpacked(figure["data"][0]["x"]), wanted["size"], atol=5e-5)
    assert f"{LABELS[wanted['name'][0]]} moves predictions most" in text(app)
    assert any("Filter, or choose what to compare with" in caption.value for caption in app.main.caption)


def test_a_cohort_is_compared_with_the_rest(open_page: OpenPage, contributions: pl.DataFrame) -> None:
    app = open_page("explanation", {**PENSIONERS, "against": "~rest"})
    importance, apart = figures(app)
    ours, theirs = of_pensioners(contributions)
    wanted = sizes(ours).head(15)
    np.testing.assert_allclose(unpacked(importance["data"][0]["x"]), wanted["size"], atol=5e-5)
    others = theirs.select(pl.col(name).abs().mean() for name in wanted["name"]).row(0)
    np.testing.assert_allclose(unpacked(importance["data"][1]["x"]), others, atol=5e-5)
    means = [part.select(pl.col(FEATURES.names).mean()).to_numpy().ravel() for part in (ours, theirs)]
    gaps = means[0] - means[1]
    np.testing.assert_allclose(
        unpacked(apart["data"][0]["x"]), gaps[np.argsort(-np.abs(gaps), kind="stable")][:10], atol=1e-4
    )
    odds = re.search(r"Odds × ([\d.]+) against Rest", text(app))
    assert odds is not None
    assert float(odds[1]) == pytest.approx(np.exp(gaps.sum()), abs=0.01)


def test_a_cohort_alone_is_compared_with_the_average(open_page: OpenPage, contributions: pl.DataFrame) -> None:
    app = open_page("explanation", PENSIONERS)
    ours, _ = of_pensioners(contributions)
    odds = re.search(r"Odds × ([\d.]+) against the average application", text(app))
    assert odds is not None
    total = ours.select(pl.sum_horizontal(FEATURES.names).mean()).item()
    assert float(odds[1]) == pytest.approx(np.exp(total), abs=0.01)


def test_the_summary_shows_the_middle_of_either_cohort(open_page: OpenPage, contributions: pl.DataFrame) -> None:
    app = open_page("explanation", {**PENSIONERS, "against": "~rest", "expl.tab": "Summary"})
    (figure,) = figures(app)
    parts = of_pensioners(contributions)
    names = sizes(parts[0])["name"].head(10)
    for trace, part in zip(figure["data"][3:], parts, strict=True):
        ends = unpacked(trace["x"]).reshape(10, 3)[:, :2]
        wanted = [part[name].quantile(level, "lower") for name in names for level in (0.1, 0.9)]
        np.testing.assert_allclose(ends.ravel(), np.array(wanted, dtype=np.float64), atol=3e-3)


def test_dependence_is_the_mean_for_each_level(open_page: OpenPage, contributions: pl.DataFrame) -> None:
    app = open_page("explanation", {"cutoff": "9.09", "expl.tab": "Dependence", "expl.feature": "NAME_INCOME_TYPE"})
    (figure,) = figures(app)
    by_level = contributions.group_by("income type").agg(pl.col("NAME_INCOME_TYPE").mean().alias("mean"))
    wanted = by_level.drop_nulls()["mean"].sort(descending=True)
    np.testing.assert_allclose(unpacked(figure["data"][0]["y"]), wanted, atol=5e-5)
    (box,) = [box for box in app.main.selectbox if box.label.startswith("Feature")]
    assert box.value == "NAME_INCOME_TYPE"


def test_days_are_shown_as_years_from_the_youngest_on(open_page: OpenPage, contributions: pl.DataFrame) -> None:
    app = open_page("explanation", {"cutoff": "9.09", "expl.tab": "Dependence", "expl.feature": "DAYS_BIRTH"})
    (figure,) = figures(app)
    curve = next(trace for trace in figure["data"] if trace.get("mode") == "lines+markers")
    youngest = float(re.fullmatch(r"below ([\d.]+)", curve["text"][0])[1])  # type: ignore[index]
    young = contributions.filter(-pl.col("days") / 365.25 < youngest - 0.005)
    assert unpacked(curve["y"])[0] == pytest.approx(young.select(pl.col("DAYS_BIRTH").mean()).item(), abs=2e-3)
    assert figure["layout"]["xaxis"]["title"]["text"].endswith("(years)")


def test_a_feature_that_does_not_exist_gives_way_to_the_most_important(open_page: OpenPage) -> None:
    app = open_page("explanation", {"cutoff": "9.09", "expl.tab": "Dependence", "expl.feature": "<script>"})
    (box,) = [box for box in app.main.selectbox if box.label.startswith("Feature")]
    assert box.value == ""
    assert len(figures(app)) == 1


@pytest.mark.parametrize("tab", ["Importance", "Summary", "Dependence"])
def test_a_tiny_cohort_against_an_empty_rest_draws_no_conclusion(
    tab: str, open_page: OpenPage, frame: pl.DataFrame
) -> None:
    amount = frame["AMT_CREDIT"].to_numpy().max()
    query = {"cutoff": "9.09", "expl.tab": tab, "f.AMT_CREDIT": f"{amount}..", "against": "~rest"}
    assert "Too few to conclude" in text(open_page("explanation", query))
    everybody = {"cutoff": "9.09", "expl.tab": tab, "f.AMT_CREDIT": "0..", "against": "~rest"}
    assert figures(open_page("explanation", everybody))


def test_imported_predictions_have_no_contributions(open_page: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    pl.DataFrame({"target": [0, 1] * 50, "score": [0.1, 0.3] * 50}).write_csv(path)
    app = open_page("explanation", {"cutoff": "9.09"}, arguments=("--predictions", str(path)))
    assert [info.value for info in app.main.info] == [
        "Nothing to explain these predictions with. Contributions are computed when the project's own model is built."
    ]
    assert figures(app) == []


def test_contributions_that_are_not_there_are_said_so(open_page: OpenPage, built: Settings) -> None:
    kept = built.contributions.with_suffix(".kept")
    built.contributions.rename(kept)
    try:
        app = open_page("explanation")
        assert "have not been computed yet" in app.main.info[0].value
        kept_text = kept.read_bytes()
        built.contributions.write_bytes(kept_text[:100])
        assert "is not the file that was built" in open_page("explanation").main.info[0].value
    finally:
        kept.replace(built.contributions)
    assert figures(open_page("explanation"))


@pytest.mark.parametrize("path", ["explanation", "model-card"])
def test_pages_of_the_model_do_not_call_its_pds_out_of_fold(path: str, open_page: OpenPage) -> None:
    captions = [caption.value for caption in open_page(path).main.caption]
    assert sum("PDs are the published model's; the portfolio's are out of fold" in told for told in captions) == 1
    assert not any("PDs are out of fold" in told for told in captions)
