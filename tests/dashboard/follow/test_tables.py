"""The table that a page announces says at every cutoff what the server says there."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.follow import tables
from dashboard.follow.slots import Kind, Slot
from dashboard.follow.tables import TABLES, Recipe, Scale, Tables
from dashboard.metrics.counts import exact_counts
from dashboard.metrics.economics import Costs, Terms
from dashboard.metrics.evaluation import Assumptions, Evaluation
from tests.dashboard.follow.tables_read import Read

OpenPage = Callable[..., AppTest]
GIVEN = Assumptions(0.3, Costs(5.0, 1.0), Terms(0.1, 0.45, 1_000.0), 2.0, 10)


@pytest.fixture(name="small", scope="module")
def fixture_small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 applications of somebody's own with PDs up to 14 %, so that the slider has 1,501 positions."""
    random = np.random.default_rng(5)
    pds = np.round(random.uniform(0.001, 0.14, 300), 4)
    path = tmp_path_factory.mktemp("small") / "small.csv"
    table = {"application_id": np.arange(300), "default_probability": pds, "is_default": random.random(300) < 3 * pds}
    pl.DataFrame({**table, "exposure": random.uniform(1e4, 9e5, 300)}).write_csv(path)
    return path


def announced(app: AppTest) -> str:
    told = [found for each in app.get("html") if (found := re.search(r'data-name="(\w+)"', each.proto.body))]
    return told[0][1]


@pytest.mark.parametrize(
    ("path", "query", "percents"),
    [
        # Nobody is approved at 0 %, and everybody at 15 %.
        ("cutoff", {}, ("0", "15")),
        ("cutoff", {"cutoff.tab": "Costs"}, ("4.31",)),
        ("cutoff", {"cutoff.tab": "Profit"}, ("4.31",)),
        ("discrimination", {"disc.tab": "Precision-recall"}, ("4.31",)),
    ],
)
def test_every_word_is_the_servers_own(
    open_page: OpenPage, small: Path, path: str, query: dict[str, str], percents: tuple[str, ...]
) -> None:
    arguments = ("--predictions", str(small))
    name = announced(open_page(path, query={**query, "cutoff": "9"}, arguments=arguments))
    recipe = TABLES._recipes[name]
    read = Read(TABLES.table(name) or b"")
    assert (read.head["rows"], read.head["step"], len(read.places)) == (1_501, 0.01, len(recipe.slots))
    for row in range(1_501):
        # Not as the table was made: each cutoff evaluated by itself.
        alone = Evaluation(recipe.evaluation.counts, recipe.evaluation.assumptions).at(row / 10_000)
        assert [read.word(i, row) for i in range(len(recipe.slots))] == [slot.word(alone) for slot in recipe.slots]
    # And as the page itself shows it elsewhere.
    for percent in percents:
        app = open_page(path, query={**query, "cutoff": percent}, arguments=arguments)
        assert announced(app) == name
        cards = {(card.value, card.delta) for card in app.main.metric}
        row = round(100 * float(percent))
        words = [read.word(i, row) for i, (place, _) in enumerate(read.places) if " > :nth-child(" in place]
        assert len(words) >= 4
        assert set(zip(words[::2], words[1::2], strict=True)) <= cards


def test_cards_of_a_cutoff_of_their_own_do_not_follow(open_page: OpenPage, small: Path) -> None:
    app = open_page("discrimination", query={"disc.tab": "KS"}, arguments=("--predictions", str(small)))
    places = {where for where, _ in Read(TABLES.table(announced(app)) or b"").places}
    assert any(".st-key-figure-disc-ks" in where for where in places)
    assert not any("shares" in where for where in places)


def recipe(**slots: Callable[[Evaluation], str]) -> Recipe:
    counts = exact_counts([True, False], [0.3, 0.1])
    evaluation = Evaluation(counts, GIVEN)
    return Recipe(evaluation, Scale(50.0, 1.0), tuple(Slot(name, Kind.TEXT, word) for name, word in slots.items()))


def test_one_table_is_made_of_a_recipe_however_many_ask_at_once() -> None:
    kept = Tables()
    made: list[int] = []

    def word(evaluation: Evaluation) -> str:
        made.append(evaluation.confusion.approved)
        return str(made[-1])

    name = kept.announce(["a"], recipe(a=word))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(kept.table, [name] * 8))
    assert found[0] is not None
    assert all(each is found[0] for each in found)
    assert made == [0, 1, 2]
    assert [Read(found[0]).word(0, row) for row in (10, 11, 31)] == ["0", "1", "2"]


def test_names_differ_with_what_is_shown_and_cannot_be_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_RECIPES", 2)
    kept, one = Tables(), recipe(a=lambda _: "")
    names = [kept.announce([identity], one) for identity in "abc"]
    assert len(set(names)) == 3
    assert kept.announce(["c"], recipe(b=lambda _: "")) not in names
    assert Tables().announce(["a"], one) != names[0]
    # The ones announced last are kept.
    assert kept.table(names[0]) is None
    assert kept.table(names[2]) is not None
    assert kept.table("0" * 32) is None


def test_positions_apply_the_cutoffs_that_the_slider_sets() -> None:
    fine = Scale.up_to(0.009, 0.3)
    assert (fine.top, fine.step, fine.size) == (15.0, 0.0001, 150_001)
    usual = Scale.up_to(0.8395, 9.09)
    assert (usual.top, usual.step, usual.size) == (85.0, 0.01, 8_501)
    assert usual.cutoffs[[0, 909, 2_420, 8_500]].tolist() == [0.0, 0.0909, 0.242, 0.85]
    assert Scale.up_to(0.1, 62.5).top == 65.0
