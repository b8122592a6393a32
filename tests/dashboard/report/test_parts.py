"""What a report can hold: every chart draws, with and without a comparison."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.charts.template import Named
from dashboard.cohort.filters import Filters, LevelFilter
from dashboard.report.parts import CARDS, CHARTS, Subject, metrics_of, segments
from dashboard.report.report import evaluate
from dashboard.visit.assumptions import assume
from data.predictions.table import Predictions
from data.settings import ROOT
from tests.dashboard.report.papers import draw_rows, load_rows


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Predictions:
    return load_rows(draw_rows(), tmp_path_factory.mktemp("theirs"))


@pytest.fixture(scope="module")
def subject(predictions: Predictions) -> Subject:
    north = Filters.of([LevelFilter("region", ("north",))])
    own, rest = (evaluate(predictions, filters, assume(0.12)) for filters in (north, north.rest()))
    return Subject(own, Named("Rest", rest), "EUR")


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_draws_its_comparison(name: str, subject: Subject) -> None:
    part = CHARTS[name]
    chart = part.draw(subject)
    assert len(chart.figure.data) + len(chart.figure.layout.annotations) > 0
    assert chart.title
    assert chart.frame().height > 0
    # Two outcomes side by side leave no room for a second cohort.
    assert ("Rest" in str(dict(chart.table)) + chart.figure.to_json()) == (name != "pd-distribution")
    if part.needs_comparison:
        with pytest.raises(ValueError, match="two cohorts"):
            part.draw(replace(subject, against=None))
    else:
        alone = part.draw(replace(subject, against=None))
        assert "Rest" not in str(dict(alone.table)) + alone.figure.to_json()


def test_charts_are_told_apart_by_their_labels() -> None:
    assert len({part.label for part in CHARTS.values()}) == len(CHARTS)


def test_the_docs_name_all_parts() -> None:
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    for kind, names in (("cards", CARDS), ("chart", CHARTS)):
        assert f"| `{kind}` | {', '.join(f'`{name}`' for name in names)} |" in text


def test_amounts_are_in_the_portfolio_s_currency() -> None:
    assert [each.name for name in CARDS for each in metrics_of(name, "EUR") if each.word(2e6) == "2.00 M EUR"] == [
        "expected_loss",
        "approved_loss",
    ]


def test_segments_are_cut_alike_on_both_sides(subject: Subject, predictions: Predictions) -> None:
    column = next(each for each in predictions.cohort_columns if each.name == "ead")
    chart, table = segments(subject, column)
    assert len(table["Segment"]) == 10
    assert sum(int(str(n)) for n in table["Applications"]) == subject.counts.n_applications
    assert any(name.startswith("Rest: ") for name in table)
    assert chart.frame().height == 10
