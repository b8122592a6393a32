from __future__ import annotations

from dashboard.charts.confusion import plot_confusion
from dashboard.charts.template import Named
from dashboard.metrics.rates import Confusion

HAND = Confusion(0.1, true_declines=600, false_declines=2_000, true_approvals=7_000, false_approvals=400)
OTHER = Confusion(0.1, true_declines=30, false_declines=100, true_approvals=300, false_approvals=10)
FEW = Confusion(0.1, true_declines=2, false_declines=1, true_approvals=3, false_approvals=1)


def test_cells_hold_counts_and_shares() -> None:
    (words,) = plot_confusion(HAND).figure.data
    texts = {(x, y): text for x, y, text in zip(words.x, words.y, words.text, strict=True)}
    assert texts[0, 1] == "True declines<br><b>600</b><br>6.0 % of all<br>60.0 % of row"
    assert texts[1, 1] == "False approvals<br><b>400</b><br>4.0 % of all<br>40.0 % of row"
    assert texts[0, 0] == "False declines<br><b>2,000</b><br>20.0 % of all<br>22.2 % of row"
    assert texts[1, 0] == "True approvals<br><b>7,000</b><br>70.0 % of all<br>77.8 % of row"


def test_axes_hold_the_totals() -> None:
    layout = plot_confusion(HAND).figure.layout
    assert layout.xaxis.ticktext == ("<b>Declined</b><br>2,600 (26.0 %)", "<b>Approved</b><br>7,400 (74.0 %)")
    assert layout.yaxis.ticktext == ("<b>Repaid</b><br>9,000<br>90.0 %", "<b>Defaulted</b><br>1,000<br>10.0 %")


def test_wrong_decisions_are_told_apart_without_colour() -> None:
    dashes = [shape.line.dash for shape in plot_confusion(HAND).figure.layout.shapes]
    assert dashes == ["solid", "dash", "dash", "solid"]


def test_title_is_the_takeaway() -> None:
    layout = plot_confusion(HAND).figure.layout
    assert layout.title.text == "Declines 60.0 % of defaults and 22.2 % of non-defaults"
    assert layout.title.subtitle.text == "Decisions at a cutoff of 10.0 % against observed outcomes"


def test_few_or_one_outcome_conclude_nothing() -> None:
    few = plot_confusion(FEW).title
    assert few == "Too few to conclude how well the cutoff tells defaults from non-defaults"
    one = plot_confusion(Confusion(0.1, 0, 1, 3, 0)).title
    assert one == "Declines 25.0 % of non-defaults; there is no other outcome"


def test_what_it_is_compared_with_is_named_letter_by_letter() -> None:
    figure = plot_confusion(HAND, against=Named("<b>men</b>", OTHER)).figure
    assert figure.data[0].text[0].endswith("<i>&lt;b&gt;men&lt;/b&gt;: 75.0 %</i>")


def test_description_gives_the_numbers() -> None:
    assert plot_confusion(HAND, against=Named("men", OTHER)).alt == (
        "At a cutoff of 10.0 %: 600 true declines, 400 false approvals, 2,000 false declines, 7,000 true approvals. "
        "For men, 75.0 % of defaults and 25.0 % of non-defaults are declined."
    )


def test_table_has_a_row_a_cell() -> None:
    table = plot_confusion(HAND, against=Named("men", OTHER)).table
    assert table["Kind"] == ["True declines", "False approvals", "False declines", "True approvals"]
    assert table["Applications"] == [600, 400, 2_000, 7_000]
    assert table["Share of the outcome (%)"] == [60.0, 40.0, 100 * 2 / 9, 100 * 7 / 9]
    assert table["men: applications"] == [30, 10, 100, 300]


def test_no_applications_are_said_so() -> None:
    nothing = Confusion(0.1, 0, 0, 0, 0)
    (note,) = plot_confusion(nothing).figure.layout.annotations
    assert note.text == "There are none: the cohort holds no applications."
    assert plot_confusion(nothing).alt == "No decisions to show: the cohort holds no applications."
    assert plot_confusion(nothing).table["Share of all (%)"] == [None] * 4


def test_the_other_side_may_be_empty() -> None:
    figure = plot_confusion(HAND, against=Named("men", Confusion(0.1, 0, 0, 0, 0))).figure
    assert figure.data[0].text[0].endswith("<i>men: –</i>")
