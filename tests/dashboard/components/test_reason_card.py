"""The reasons of two models on the page: asked for, counted, or why they cannot be compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.cohort.filters import Filters
from dashboard.metrics.economics import Terms
from dashboard.words import labels
from data.settings import Settings
from inference.inventory.explained import explain_model
from inference.model.build import PublishedModel
from scripts._kills import quiet
from tests.dashboard.challengers import add_model

OpenPage = Callable[..., AppTest]
Copied = tuple[Settings, cache.Dataset]
QUERY = {"cmp.tab": "Reasons", "cutoff": "8"}


def test_reasons_are_asked_for_and_then_shown(copied: Copied, published: PublishedModel, open_page: OpenPage) -> None:
    settings, dataset = copied
    add_model(settings, "small", Path(published.directory))
    app = open_page("compare", QUERY)
    assert any("cannot be compared. The contributions to the model small" in each.value for each in app.info)
    explain_model(settings, "small", quiet)
    app = open_page("compare", QUERY)
    assert not any("Same strongest reason" in metric.label for metric in app.metric)
    next(button for button in app.button if button.label == "Compare the reasons").click().run()
    found = cache.compared_reasons(
        cache.Pair("champion", "small", dataset, Filters()), (0.08, 0.08), Terms(0.05, 0.45, 1.0)
    )
    cards = {metric.label: metric.value for metric in app.metric}
    assert found.declined.first.value is not None
    assert found.whole.overlap.value is not None
    assert cards["Same strongest reason, declined"] == labels.brief_percent(found.declined.first.value)
    assert cards["Overlap of reasons, all"] == labels.brief_percent(found.whole.overlap.value)
    table = next(each.value for each in app.markdown if each.value.startswith("| champion says |")).splitlines()
    first = found.stand_ins[0]
    said = [cache.definition().column(name).label for name in (first.one, first.two)]
    assert table[2] == f"| {said[0]} | {said[1]} | {first.n:,.0f} | {first.n_declined:,.0f} |"
    read = f"Fields read: {found.n_fields[0]} by champion, {found.n_fields[1]} by small, {found.n_shared} by both."
    assert any(each.value.startswith(read) for each in app.caption)
    # At hand now: without a click.
    again = open_page("compare", QUERY)
    assert {metric.label: metric.value for metric in again.metric} == cards


def test_a_file_of_scores_says_why_it_has_none(open_page: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "scored.csv"
    rows = [f"{i},{i % 5 == 0:d},{0.01 + i % 50 / 100},{0.01 + i % 45 / 100}" for i in range(1, 400)]
    path.write_text("\n".join(["id,outcome,pd,pd_old", *rows]))
    app = open_page("compare", QUERY, ("--predictions", str(path)))
    assert any("cannot be compared" in each.value for each in app.info)
    assert not any(button.label == "Compare the reasons" for button in app.button)
