from __future__ import annotations

import plotly.graph_objects as go
import pytest

from dashboard.charts.template import (
    DARK,
    LIGHT,
    FigureTheme,
    add_line,
    add_note,
    add_notes,
    add_shape,
    empty_figure,
    new_figure,
    set_axis,
    translucent,
)
from dashboard.words.labels import brief_percent, percent, plural

BACKGROUNDS = {"light": "#ffffff", "dark": "#11161d"}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_formula_knows_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("part", ["good", "bad", "accent", "mark", "muted"])
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_parts_survive_a_change_of_theme(theme: FigureTheme, part: str, background: str) -> None:
    assert contrast(getattr(theme, part), BACKGROUNDS[background]) >= 3


@pytest.mark.parametrize(("theme", "background"), [(LIGHT, "light"), (DARK, "dark")])
@pytest.mark.parametrize("part", ["text", "muted"])
def test_text_is_readable_in_its_own_theme(theme: FigureTheme, background: str, part: str) -> None:
    assert contrast(getattr(theme, part), BACKGROUNDS[background]) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_shows_through(dark: bool) -> None:
    figure = new_figure("Title", dark=dark)
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_no_template_of_streamlits_is_sent_along() -> None:
    assert len(new_figure("Title", dark=False).to_json()) < 3_000


def test_empty_figure_says_why() -> None:
    figure = empty_figure("ROC curve", "Nothing here.", dark=False)
    assert figure.layout.title.text == "ROC curve"
    assert [note.text for note in figure.layout.annotations] == ["Nothing here."]
    assert figure.layout.xaxis.visible is False


def test_an_axis_keeps_what_it_has_of_the_frame() -> None:
    figure, same = new_figure("Title", dark=False), new_figure("Title", dark=False)
    set_axis(figure, "x", title="PD", ticksuffix=" %", range=[0, 1], unifiedhovertitle={"text": "from %{x}"})
    set_axis(figure, "y", nticks=6)
    same.update_xaxes(title_text="PD", ticksuffix=" %", range=[0, 1], unifiedhovertitle_text="from %{x}")
    same.update_yaxes(nticks=6)
    assert figure.to_plotly_json() == same.to_plotly_json()
    assert figure.layout.xaxis.title.standoff == 10


def test_lines_and_notes_are_those_of_plotly() -> None:
    figure, same = new_figure("Title", dark=False), new_figure("Title", dark=False)
    add_line(figure, LIGHT, x=3, width=1.5, dash="dash")
    add_line(figure, LIGHT, y=0)
    add_shape(figure, {"type": "rect", "x0": 0, "x1": 1, "y0": 0, "y1": 1})
    same.add_vline(x=3, line={"color": LIGHT.mark, "width": 1.5, "dash": "dash"})
    same.add_hline(y=0, line={"color": LIGHT.mark, "width": 1, "dash": "dot"})
    same.add_shape(type="rect", x0=0, x1=1, y0=0, y1=1)
    add_note(figure, "one", x=1, y=2)
    add_notes(figure, [{"text": "two", "x": 3, "y": 4}, {"text": "three", "x": 5, "y": 6}])
    for x, text in ((1, "one"), (3, "two"), (5, "three")):
        same.add_annotation(text=text, x=x, y=x + 1, showarrow=False, font=same.layout.xaxis.tickfont.to_plotly_json())
    assert figure.to_plotly_json() == same.to_plotly_json()


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0909, "9.09 %"),
        (0.00005, "0.0050 %"),
        (0.0, "0.00 %"),
        (0.123456, "12.3 %"),
        (0.99949, "99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_brief_percent(share: float, text: str) -> None:
    assert brief_percent(share) == text


def test_words() -> None:
    assert percent(0.5, 0) == "50 %"
    assert plural(1, "default") == "1 default"
    assert plural(24_825, "default") == "24,825 defaults"
    assert translucent("#ff8000", 0.25) == "rgba(255,128,0,0.25)"


def test_the_frame_passes_plotly_s_own_checks_and_its_axes_are_apart() -> None:
    figure = new_figure("Title", "Subtitle", dark=True)
    layout = figure.layout.to_plotly_json()
    assert go.Figure(layout=layout).layout.to_plotly_json() == layout
    set_axis(figure, "x", title="Across", nticks=3)
    assert (figure.layout.yaxis.title.text, figure.layout.yaxis.nticks) == (None, None)
    with pytest.raises(ValueError, match="Invalid value"):
        set_axis(figure, "x", nticks="many")
