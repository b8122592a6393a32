"""Recipes of reports: read and written without loss, and refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from dashboard.cohort.filters import Filters, LevelFilter, RangeFilter
from dashboard.metrics.economics import Costs, Terms
from dashboard.report.conditions import read_conditions
from dashboard.report.recipe import (
    ASSUMPTIONS,
    Kind,
    Part,
    Recipe,
    RecipeError,
    conditions_of,
    open_recipe,
    read_recipe,
    read_template,
    template_names,
)
from data.home_credit import embedded
from data.predictions.table import CohortColumn, CohortKind
from inference.model.decision import DEFAULT_CUTOFF

RECIPE = Recipe(
    "Paper — <b>Über</b>",
    (
        Part(Kind.HEADING, "One"),
        Part(Kind.TEXT, "First line.\nSecond line."),
        Part(Kind.CARDS, "overview"),
        Part(Kind.CHART, "roc"),
        Part(Kind.SEGMENTS, "a=b"),
    ),
    ("region=north", "amount=1..2"),
    ("rest",),
    0.1234,
    (("cost.fn", 7.0), ("lgd", 0.6)),
)


def test_a_recipe_comes_back_as_it_was_written() -> None:
    assert read_recipe(RECIPE.to_json(), "mine.json", embedded.DEFINITION) == RECIPE


def test_what_a_recipe_leaves_out_is_as_on_the_screen() -> None:
    recipe = read_recipe(b'title = "T"\nparts = [{ chart = "roc" }]', "mine.toml", embedded.DEFINITION)
    assert recipe == Recipe("T", (Part(Kind.CHART, "roc"),), (), (), DEFAULT_CUTOFF, ())
    assert recipe.assume().terms == Terms(0.05, 0.45, 10_000)


def test_assumptions_are_those_that_the_recipe_names() -> None:
    given = RECIPE.assume()
    assert (given.costs, given.terms.lgd, given.cutoff) == (Costs(7, ASSUMPTIONS["cost.fp"].default), 0.6, 0.1234)


def test_every_template_is_a_recipe() -> None:
    assert template_names() == ("monthly", "validation")
    for name in template_names():
        assert len(read_template(name, embedded.DEFINITION).parts) > 10
    with pytest.raises(RecipeError, match="Template 'weekly': is not known; there are monthly, validation"):
        read_template("weekly", embedded.DEFINITION)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "title must be a text of 1 to 200 characters"),
        ({"title": 3}, "title must be a text"),
        ({"parts": []}, "parts must be a list of 1 to 100 parts"),
        ({"parts": [{"chart": "pie"}]}, "part 1 names unknown chart 'pie'; known are pd-distribution, bands, roc"),
        ({"parts": [{"cards": "all"}]}, "part 1 names unknown cards 'all'"),
        ({"parts": [{"chart": "roc", "text": "x"}]}, "part 1 must have one key: heading, text, cards, chart, segments"),
        ({"parts": ["roc"]}, "part 1 must have one key"),
        ({"parts": [{"text": "x" * 5_001}]}, "part 1 (text) must be a text of 1 to 5,000 characters"),
        ({"where": "region=north"}, "where must be a list of texts"),
        ({"cutoff": 16}, "cutoff must be a PD from 0 to 1"),
        ({"cutoff": True}, "cutoff must be a PD"),
        ({"assumptions": {"lgd": 2}}, "the assumption lgd cannot be 2"),
        ({"assumptions": {"lgd": None}}, "the assumption lgd cannot be None"),
        ({"assumptions": {"pd": 1}}, "has an unknown assumption 'pd'"),
        ({"charts": []}, "has an unknown key 'charts'"),
        ({"version": 2}, "is not a scoreroom.report of version 1"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_sentence(change: dict[str, Any], said: str) -> None:
    document = orjson.dumps({**orjson.loads(RECIPE.to_json()), **change})
    with pytest.raises(RecipeError) as refused:
        read_recipe(document, "mine.json", embedded.DEFINITION)
    assert str(refused.value).startswith(f"mine.json: {said}")


def test_what_is_no_recipe_at_all_is_refused(tmp_path: Path) -> None:
    for content, name in ((b"[", "a.json"), (b"[]", "a.json"), (b"a", "a.toml"), (b"\xff", "a.toml"), (b"", "a.toml")):
        with pytest.raises(RecipeError, match=rf"^{name}: "):
            read_recipe(content, name, embedded.DEFINITION)
    with pytest.raises(RecipeError, match=r"none\.toml: cannot be read \(No such file"):
        open_recipe(tmp_path / "none.toml", embedded.DEFINITION)
    with pytest.raises(RecipeError, match="is too large to be a recipe"):
        read_recipe(b"#" * ((1 << 20) + 1), "a.toml", embedded.DEFINITION)


def test_a_cohort_is_named_by_its_conditions() -> None:
    columns = (
        CohortColumn("kind", "Kind", "", "", CohortKind.LEVELS, ("a", "x=y", "~z")),
        CohortColumn("amount", "Amount", "", "", CohortKind.RANGE, minimum=-9, maximum=9),
        CohortColumn("opened~day", "Opened", "", "", CohortKind.RANGE, is_date=True),
    )
    filters = Filters.of(
        [
            LevelFilter("kind", ("x=y", "~z"), with_missing=True),
            RangeFilter("amount", None, 2.5, with_missing=True),
            RangeFilter("opened~day", 19_723, None, is_date=True),
        ]
    )
    by_name = {column.name: column for column in columns}
    assert read_conditions(conditions_of(filters), by_name, embedded.DEFINITION) == filters
    assert conditions_of(Filters()) == ()
