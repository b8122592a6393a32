"""The page Report: what is ticked, written and moved stands in the outline, in that order."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.report import catalogue
from dashboard.report.paper import Origin, Sheet, make_paper
from dashboard.report.recipe import Kind, Part, Recipe, read_template
from data.home_credit import embedded

OpenPage = Callable[..., AppTest]
ROC, CAP = Part(Kind.CHART, "roc"), Part(Kind.CHART, "cap")


def outline(app: AppTest) -> list[str]:
    (radio,) = (radio for radio in app.main.radio if radio.label == "In this order")
    return [option.split(": ", 1)[1] for option in radio.options]


def press(app: AppTest, label: str) -> None:
    next(button for button in app.main.button if button.label == label).click()
    app.run()


def test_it_begins_with_the_committee_s_paper(open_page: OpenPage) -> None:
    app = open_page("report")
    assert app.text_input(key="report.title").value == "Monthly committee paper"
    assert len(outline(app)) == len(read_template("monthly", embedded.DEFINITION).parts)
    assert outline(app)[:2] == ["Table · Key figures", "Chart · Distribution of PD"]


def test_parts_are_ticked_written_moved_and_removed(open_page: OpenPage) -> None:
    app = open_page("report")
    app.button_group(key="report.start").set_value("empty").run()
    assert app.main.info[0].value.startswith("Nothing in it yet")
    app.button_group(key="report.ticks.Charts: Discrimination").set_value([ROC]).run()
    app.button_group(key="report.ticks.Charts: Discrimination").set_value([ROC, CAP]).run()
    assert outline(app) == ["Chart · ROC curve", "Chart · CAP"]
    app.text_area(key="report.text").set_value("  # Not *markup*  ").run()
    press(app, "Add as paragraph")
    press(app, "Up")
    assert app.session_state["report.parts"] == (ROC, Part(Kind.TEXT, "# Not *markup*"), CAP)
    assert outline(app)[1] == r"Paragraph · # Not \*markup\*"
    assert app.text_area(key="report.text").value == ""
    app.button_group(key="report.ticks.Charts: Discrimination").set_value([CAP]).run()
    press(app, "Remove")
    assert len(outline(app)) == 1
    assert not app.exception


def test_a_comparison_without_applications_is_said(open_page: OpenPage) -> None:
    app = open_page("report", {"c.None": "f.AMT_CREDIT=1..2", "against": "None"})
    assert "holds no applications" in app.main.info[-1].value
    assert not [button for button in app.main.get("download_button") if "Report" in button.proto.label]


def test_a_report_s_numbers_are_those_on_the_screen(open_page: OpenPage) -> None:
    query = {"f.NAME_INCOME_TYPE": "Working", "against": "~rest", "cutoff": "12", "lgd": "0.6"}
    app = open_page("discrimination", query)
    shown = {metric.label: metric.value for metric in app.main.metric}
    dataset = cache.open_dataset(cache.Location())
    recipe = Recipe(
        "Paper", (Part(Kind.CARDS, "discrimination"),), ("NAME_INCOME_TYPE=Working",), ("rest",), 0.12, (("lgd", 0.6),)
    )
    predictions = cache.predictions(dataset)
    paper = make_paper(recipe, predictions, embedded.DEFINITION, Origin.now(predictions, cache.settings()))
    (sheet,) = (block for block in paper.blocks if isinstance(block, Sheet))
    on_screen = [row for row in sheet.rows if row[0] in shown]
    assert len(on_screen) == len(catalogue.DISCRIMINATION) + 2
    for label, value, interval, other, _ in on_screen:
        assert (label, shown[label]) == (label, value)
        (card,) = (metric for metric in app.main.metric if metric.label == label)
        assert not interval or interval in card.delta
        assert other in card.proto.delta_description.replace("\u00a0", " ")
