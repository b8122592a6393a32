"""A report's figures against the rows themselves, and against what the page shows of the same cohort."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from dashboard.cohort.columns import prepare
from dashboard.report.conditions import ConditionError
from dashboard.report.paper import Figure, Origin, Paper, Sheet, Text, make_paper
from dashboard.report.parts import CARDS, CHARTS
from dashboard.report.recipe import Kind, Part, Recipe, RecipeError
from dashboard.report.report import EmptyCohortError
from data.home_credit import embedded
from data.predictions.at_hand import open_predictions
from data.predictions.table import Predictions
from data.settings import Settings
from tests.dashboard import sent_figures
from tests.dashboard.report.papers import ORIGIN, draw_rows, load_rows, write_paper

EVERYTHING = Recipe(
    "All there is",
    (
        *(Part(Kind.CARDS, name) for name in CARDS),
        *(Part(Kind.CHART, name) for name in CHARTS),
        Part(Kind.SEGMENTS, "region"),
    ),
    ("region=north",),
    ("rest",),
    0.12,
)


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return draw_rows()


@pytest.fixture(scope="module")
def predictions(rows: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Predictions:
    return load_rows(rows, tmp_path_factory.mktemp("theirs"))


@pytest.fixture(scope="module")
def paper(predictions: Predictions) -> Paper:
    return write_paper(EVERYTHING, predictions)


def sheet(paper: Paper, title: str) -> Sheet:
    return next(block for block in paper.blocks if isinstance(block, Sheet) and block.title == title)


def test_figures_are_those_of_the_rows(paper: Paper, rows: pl.DataFrame) -> None:
    table = sheet(paper, "Key figures").table
    for prefix, region in (("", "north"), ("Rest: ", "south")):
        of = rows.filter(region=region)
        approved = of.filter(pl.col("score") < 0.12)
        wanted = {
            "Default rate": of["y"].mean(),
            "Mean PD": of["score"].mean(),
            "ROC AUC": roc_auc_score(of["y"], of["score"]),
            "Approval rate": approved.height / of.height,
            "Bad rate": approved["y"].mean(),
            "Expected loss": 0.45 * float((of["score"] * of["ead"]).sum()),
        }
        found = dict(zip(table["Figure"], table[f"{prefix}Value"], strict=True))
        assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-9)


def test_segments_are_those_of_the_rows(predictions: Predictions, rows: pl.DataFrame) -> None:
    found = sheet(write_paper(Recipe("T", (Part(Kind.SEGMENTS, "region"),)), predictions), "Segments by region").table
    wanted = dict(rows.group_by("region").agg(100 * pl.col("y").mean()).iter_rows())
    assert dict(zip(found["Segment"], found["Default rate"], strict=True)) == pytest.approx(wanted)


def test_everything_is_numbered_and_defined_once(paper: Paper) -> None:
    figures = [block for block in paper.blocks if isinstance(block, Figure)]
    assert [figure.number for figure in figures] == list(range(1, len(CHARTS) + 2))
    assert [block.number for block in paper.blocks if isinstance(block, Sheet)] == list(range(1, len(CARDS) + 2))
    terms = [term for term, _ in paper.definitions]
    assert len(terms) == len(set(terms))
    assert {figure.chart.method for figure in figures} <= set(terms)
    assert all(words and "`" not in words for _, words in paper.definitions)


def test_the_head_says_what_the_paper_is_of(paper: Paper, rows: pl.DataFrame) -> None:
    north, south = (rows.filter(region=region).height for region in ("north", "south"))
    assert dict(paper.facts) == {
        "Portfolio": "<i>&scored.parquet",
        "Cohort": f"region: north, {north:,} applications",
        "Compared with": f"Rest, {south:,} applications",
        "Cutoff": "12.00 % PD",
        "Assumptions": "costs 10 to 1, LGD 45 %, margin 5 %",
        "Made": "2026-01-31 12:00 UTC",
        "Data": "abababababab",
        "Model": "cdcdcdcdcdcd",
    }


def test_the_origin_names_the_model_that_gave_the_pds(
    built: Settings, predictions: Predictions, tmp_path: Path
) -> None:
    model = hashlib.sha256((built.model / "model.onnx").read_bytes()).hexdigest()
    own = open_predictions(built, embedded.DEFINITION)
    assert Origin.now(own, built).model_sha256 == model
    assert Origin.now(own, built).data_sha256 == own.source.digest != ""
    assert Origin.now(own, replace(built, model=tmp_path)).model_sha256 == ""
    assert Origin.now(predictions, built).model_sha256 == ""


def test_without_a_comparison_there_is_no_shift(predictions: Predictions) -> None:
    (block,) = write_paper(Recipe("T", (Part(Kind.CHART, "psi"),)), predictions).blocks
    assert isinstance(block, Text)
    assert "left out" in block.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"where": ()}, "no rest"),
        ({"against": ("region=north",)}, "compared with itself"),
        ({"where": ("region=west",)}, "^where: .* asks for 'west'"),
        ({"against": ("branch=a",)}, "^against branch=a: there is no column 'branch'"),
        ({"parts": (Part(Kind.SEGMENTS, "branch"),)}, "no column 'branch'"),
        ({"where": ("region=north", "default_probability=0.99..1")}, "No applications match"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(change: dict[str, object], said: str, predictions: Predictions) -> None:
    recipe = replace(EVERYTHING, **change)  # type: ignore[arg-type]
    with pytest.raises((RecipeError, ConditionError, EmptyCohortError), match=said):
        write_paper(recipe, predictions)


def test_a_chart_is_the_page_s(open_page: Callable[..., AppTest], built: Settings) -> None:
    recipe = Recipe("T", (Part(Kind.CHART, "roc"),), ("NAME_INCOME_TYPE=Working",), ("rest",), 0.12)
    own = prepare(open_predictions(built, embedded.DEFINITION), cutoffs=[0.12])
    (block,) = make_paper(recipe, own, embedded.DEFINITION, ORIGIN).blocks
    assert isinstance(block, Figure)
    page = open_page("discrimination", {"f.NAME_INCOME_TYPE": "Working", "against": "~rest", "cutoff": "12"})
    roc, _ = sent_figures.shown(page)
    assert roc["data"] == json.loads(block.chart.figure.to_json())["data"]
