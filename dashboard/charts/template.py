"""The one visual language of the figures: colours, template, words for numbers, and the frame each figure starts from.

Data colours are the same in light and dark. Each has a contrast of at least 3:1 against both backgrounds, and blue and
vermilion differ with any colour vision; line styles and labels say the same without colour. Text, grid and surfaces
differ: figures are made in `LIGHT`, and the browser puts `DARK` in its place (static/chart.js), so no data colour may
be one of theirs.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

import plotly.graph_objects as go

from dashboard.metrics.comparison import COHORT
from dashboard.words import labels

FONT = "Inter, sans-serif"
HEIGHT = 360
# Of a figure whose two axes have one scale.
SQUARE_HEIGHT = 430
TRANSPARENT = "rgba(0,0,0,0)"
NO_APPLICATIONS = "There are no applications to show."
# Maximal letters of a name in a legend, and in a hover label.
LONGEST_NAME, LONGEST_HINT = 30, 80

T = TypeVar("T")
U = TypeVar("U")
# A figure's data as a table: header, with its unit, to the values of a column.
Table = Mapping[str, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Named(Generic[T]):
    """A result with the name of its cohort, beside another one that is called `own` there."""

    name: str
    value: T
    own: str = COHORT

    def holding(self, value: U) -> Named[U]:
        """Another result under the same names."""
        return Named(self.name, value, self.own)


@dataclass(frozen=True, slots=True)
class FigureTheme:
    """Colours of a figure's parts: `good` and `bad` the outcomes', `accent` the cohort's, `against`
    that of what it is compared with, `mark` a reference line's."""

    good: str
    bad: str
    accent: str
    against: str
    mark: str
    text: str
    muted: str
    grid: str
    surface: str


LIGHT = FigureTheme(
    good="#3a7cc2",
    bad="#d9600f",
    accent="#3a7cc2",
    against="#8b6bb1",
    mark="#77818d",
    text="#1b2430",
    muted="#667080",
    grid="#e6eaef",
    surface="#ffffff",
)
DARK = FigureTheme(
    good="#3a7cc2",
    bad="#d9600f",
    accent="#3a7cc2",
    against="#8b6bb1",
    mark="#77818d",
    text="#e4e9f0",
    muted="#8a94a2",
    grid="#2a323d",
    surface="#1a212b",
)


def figure_theme(*, dark: bool) -> FigureTheme:
    """The colours for the dark or the light theme."""
    return DARK if dark else LIGHT


@cache
def template(*, dark: bool) -> go.layout.Template:
    """The Plotly template of the dark or the light theme; its paper is transparent, so that the page shows through."""
    theme = figure_theme(dark=dark)
    axis = {
        "gridcolor": theme.grid,
        "linecolor": theme.mark,
        "zeroline": False,
        "automargin": True,
        # Margins leave room for the labels; to look for those that have none would measure each at every drawing.
        "ticklabeloverflow": "allow",
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": theme.text},
            "title": {"font": {"size": 15, "weight": 600, "color": theme.text}},
            "paper_bgcolor": TRANSPARENT,
            "plot_bgcolor": TRANSPARENT,
            "xaxis": {
                **axis,
                "showgrid": False,
                "showline": True,
                "ticks": "outside",
                "tickcolor": theme.mark,
                "spikecolor": theme.mark,
                "spikethickness": 1,
                "spikedash": "dot",
            },
            "yaxis": axis,
            "hoverlabel": {
                "bgcolor": theme.surface,
                "bordercolor": theme.mark,
                "font": {"color": theme.text, "size": 12},
            },
        }
    )


def new_figure(title: str, subtitle: str = "", *, dark: bool) -> go.Figure:
    """An empty figure with the project's frame: title at the left, small margins, a legend in a row above the plot."""
    colour = figure_theme(dark=dark).muted

    # Anew in each place: what a figure changes in one must not change in the others.
    def small() -> dict[str, object]:
        return {"size": 12, "color": colour}

    def axis() -> dict[str, object]:
        return {"title": {"standoff": 10, "font": small()}, "tickfont": small()}

    layout = {
        "template": template(dark=dark),
        "height": HEIGHT,
        "margin": {"l": 8, "r": 16, "t": 92, "b": 8, "pad": 0},
        "title": {
            "text": title,
            "subtitle": {"text": subtitle, "font": small()},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"l": 8, "t": 8},
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
            "bgcolor": TRANSPARENT,
            "entrywidth": 168,
            "entrywidthmode": "pixels",
            "font": small(),
        },
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
        "xaxis": axis(),
        "yaxis": axis(),
        "separators": ".,",
        "dragmode": False,
    }
    # In one piece, and unchecked: to check and copy the same frame for each figure was a quarter of the time that one
    # takes. What a figure sets itself is checked again.
    figure = go.Figure(layout=layout, _validate=False)
    figure._validate = figure.layout._validate = True  # noqa: SLF001
    return figure


def empty_figure(title: str, reason: str, *, dark: bool) -> go.Figure:
    """A figure with the reason why there is nothing to draw."""
    figure = new_figure(title, dark=dark)
    set_axis(figure, "x", visible=False)
    set_axis(figure, "y", visible=False)
    add_note(figure, reason, x=0.5, y=0.5, xref="paper", yref="paper")
    return figure


def own_name(against: Named[T] | None) -> str:
    """What the cohort is called that is shown beside `against`."""
    return COHORT if against is None else against.own


def worded_name(text: str, longest: int = LONGEST_NAME) -> str:
    """Shorten `text` and escape it for Plotly; use it for every name that comes from a file or link.

    Plotly reads tags and a few entities (but not &quot;) in all texts, and %{...} in templates.
    """
    # Plotly fills in templates before it reads entities, and "%{" begins a template.
    return html.escape(short_name(text, longest), quote=False).replace("%{", "&#37;{")


def short_name(text: str, longest: int = LONGEST_NAME) -> str:
    """`text` as Plotly shows what `worded_name` makes of it."""
    flat = labels.literal(text)
    return flat if len(flat) <= longest else f"{flat[: longest - 1].rstrip()}…"


def set_axis(figure: go.Figure, name: str, *, title: str = "", **settings: object) -> None:
    """Give the axis called `name` ("x", "y") a title and settings; its other settings stay."""
    axis = figure.layout[f"{name}axis"]
    if title:
        axis.title.text = title
    # One by one: `update_xaxes` walks every path of the layout, and a whole axis is checked and copied again.
    for setting, value in settings.items():
        axis[setting] = value


def make_square(figure: go.Figure, height: int = SQUARE_HEIGHT) -> None:
    """Draw both axes to one scale, in a square at the left of the figure's place, which is `height` pixels high."""
    set_axis(figure, "x", constrain="domain", constraintoward="left")
    set_axis(figure, "y", constrain="domain", scaleanchor="x")
    figure.layout.height = height


def add_line(
    figure: go.Figure,
    theme: FigureTheme,
    *,
    x: float | None = None,
    y: float | None = None,
    width: float = 1,
    dash: str = "dot",
) -> None:
    """Draw a line across the whole figure, upright at `x` or level at `y`."""
    at, along, value = ("y", "x", y) if x is None else ("x", "y", x)
    line = {
        "type": "line",
        f"{at}0": value,
        f"{at}1": value,
        f"{at}ref": at,
        f"{along}0": 0,
        f"{along}1": 1,
        f"{along}ref": f"{along} domain",
        "line": {"color": theme.mark, "width": width, "dash": dash},
    }
    add_shape(figure, line)


def add_shape(figure: go.Figure, shape: Mapping[str, object]) -> None:
    """Add one of Plotly's shapes, in a tenth of the time that its own `add_vline` and `add_hrect` take."""
    figure.layout.shapes = [*figure.layout.shapes, shape]


def add_note(figure: go.Figure, text: str, **place: object) -> None:
    """Write a small text into the figure; `place` is passed to Plotly's annotation."""
    add_notes(figure, [{"text": text, **place}])


def add_notes(figure: go.Figure, notes: Sequence[Mapping[str, object]]) -> None:
    """Write small texts into the figure, each given as one of Plotly's annotations; many at once cost little more."""
    small = {"showarrow": False, "font": figure.layout.xaxis.tickfont.to_plotly_json()}
    figure.layout.annotations = [*figure.layout.annotations, *({**small, **note} for note in notes)]


def translucent(colour: str, opacity: float) -> str:
    """`colour` (six hexadecimal digits) as an rgba() value of that opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
