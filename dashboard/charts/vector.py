"""A figure as a drawing for paper (SVG), without a browser: Plotly's description of it, drawn by Matplotlib."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.category import StrCategoryFormatter
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation
from matplotlib.ticker import FixedFormatter, FixedLocator, Formatter, MaxNLocator, MultipleLocator
from matplotlib.transforms import Transform, blended_transform_factory

from dashboard.charts.marks import PX, dashes, draw_trace, legend_handle, plain, shade
from dashboard.charts.template import LIGHT

# Static cuts of the page's font, since neither Matplotlib nor Typst reads a variable one from a WOFF2 file.
FONTS = Path(__file__).parent / "fonts"
_DPI = 96
# The room, in pixels, above the plot without its title: one row of the legend.
_TOP, _ROW, _LEAST_TOP = 36, 20, 16
_MARGIN = 8
_STYLE: Any = {
    "font.family": ["Inter", "DejaVu Sans"],
    "font.size": 9,
    "svg.fonttype": "none",
    # Names of parts inside the file, the same whenever the same figure is drawn.
    "svg.hashsalt": "scoreroom",
    "text.parse_math": False,
    "lines.scale_dashes": False,
    "lines.solid_capstyle": "butt",
    "hatch.linewidth": 0.75,
}
# Matplotlib's settings and caches belong to the process and not to a thread.
_LOCK = threading.Lock()
_FULL = (0.0, 1.0)
Side = Literal["x", "y"]


def draw(figure: go.Figure, width: int) -> bytes:
    """`figure` without its title as an SVG that is so many pixels wide, in the light colours.

    Raises:
        NotImplementedError: it holds something that no chart of a report uses.
    """
    described = _decoded(figure.to_plotly_json())
    height = described["layout"]["height"] - described["layout"]["margin"]["t"] + _TOP
    with _LOCK, mpl.rc_context(_with_fonts()):
        drawing = _Drawing(described["data"], described["layout"], width, height)
        out = io.BytesIO()
        drawing.figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _decoded(value: Any) -> Any:
    """Plotly's description with arrays as such, where it has them as base64."""
    if isinstance(value, dict):
        if "bdata" in value:
            return np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
        return {name: _decoded(each) for name, each in value.items()}
    return [_decoded(each) for each in value] if isinstance(value, list | tuple) else value


@cache
def _with_fonts() -> Any:
    for path in sorted(FONTS.glob("*.ttf")):
        font_manager.fontManager.addfont(path)
    return _STYLE


class _Numbers(Formatter):
    """Ticks with as many decimals as the finest of them needs, and the axis's suffix."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix

    def __call__(self, x: float, _place: int | None = None) -> str:
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        digits = next((n for n in range(7) if all(abs(round(v, n) - v) < 1e-9 * max(1, abs(v)) for v in values)), 7)
        return [f"{value:,.{digits}f}{self._suffix}".replace("-", "−") for value in values]


class _Drawing:
    """One figure being drawn: `frame` is the room that Plotly calls paper, `axes` are those of each pair of names."""

    def __init__(self, data: Sequence[Mapping[str, Any]], layout: Mapping[str, Any], width: int, height: float) -> None:
        self.data, self.layout = data, layout
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
        self.canvas = FigureCanvasAgg(self.figure)
        self.frame = self.figure.add_axes((0, 0, 1, 1))
        self.frame.set_axis_off()
        pairs = list(dict.fromkeys((each.get("xaxis", "x"), each.get("yaxis", "y")) for each in data)) or [("x", "y")]
        self.axes = {pair: self.figure.add_axes((0, 0, 1, 1), label="".join(pair)) for pair in pairs}
        self._draw()

    def _draw(self) -> None:
        for (x, y), axes in self.axes.items():
            axes.patch.set_visible(False)
            for trace in self.data:
                if (trace.get("xaxis", "x"), trace.get("yaxis", "y")) == (x, y):
                    draw_trace(axes, trace, self.layout)
            self._set_axis(axes, "x", x)
            self._set_axis(axes, "y", y)
        notes = [self._write_note(note) for note in self.layout.get("annotations", ())]
        self._fit(notes)
        for shape in self.layout.get("shapes", ()):
            self._draw_shape(shape)

    def _described(self, name: str) -> dict[str, Any]:
        template = self.layout["template"]["layout"] if isinstance(self.layout["template"], dict) else {}
        usual = template.get(f"{name[0]}axis", {})
        return {**usual, **self.layout.get(f"{name[0]}axis{name[1:]}", {})}

    def _set_axis(self, axes: Axes, side: Side, name: str) -> None:
        told = self._described(name)
        axis = axes.xaxis if side == "x" else axes.yaxis
        spine = axes.spines["bottom" if side == "x" else "left"]
        axes.spines["top" if side == "x" else "right"].set_visible(False)
        spine.set_visible(bool(told.get("showline")))
        spine.set_color(shade(told.get("linecolor"), LIGHT.mark))
        if told.get("visible") is False:
            axis.set_visible(False)
            return
        self._set_range(axes, side, name, told)
        _set_ticks(axes, side, told)
        marks = PX * 5 if told.get("ticks") == "outside" else 0
        shows = told.get("showticklabels", True) and axes is self._first(name)
        look = {"length": marks, "color": shade(told.get("tickcolor"), LIGHT.mark), "labelcolor": shade(LIGHT.muted)}
        axes.tick_params(side, which="both", labelsize=PX * 12, pad=3, **look)
        axes.tick_params(side, labelbottom=shows) if side == "x" else axes.tick_params(side, labelleft=shows)
        if told.get("side") == "top":
            axes.xaxis.tick_top()
        axes.set_axisbelow(True)
        if told.get("showgrid", True):
            axis.grid(visible=True, color=shade(told.get("gridcolor"), LIGHT.grid), linewidth=PX)
        axis.set_label_text(plain(told.get("title", {}).get("text", "")), fontsize=PX * 12, color=shade(LIGHT.muted))
        axis.labelpad = 5

    def _first(self, name: str) -> Axes:
        """The axes that an axis of this name is written at, where several share it."""
        return next(axes for pair, axes in self.axes.items() if name in pair)

    def _set_range(self, axes: Axes, side: str, name: str, told: Mapping[str, Any]) -> None:
        is_log = told.get("type") == "log"
        set_limits = axes.set_xlim if side == "x" else axes.set_ylim
        if is_log:
            axes.set_xscale("log") if side == "x" else axes.set_yscale("log")
        given = told.get("range")
        if given is not None:
            set_limits(*(10.0**end if is_log else end for end in given))
            return
        low, high = self._extent(axes, side, name)
        if told.get("rangemode") == "tozero":
            low = 0
        set_limits(low, high)
        if told.get("autorange") == "reversed":
            set_limits(high, low)

    def _extent(self, axes: Axes, side: str, name: str) -> tuple[float, float]:
        # Axes that share a name share its ends.
        alike = [each for pair, each in self.axes.items() if name in pair]
        ends = [each.get_xlim() if side == "x" else each.get_ylim() for each in alike or [axes]]
        return min(min(pair) for pair in ends), max(max(pair) for pair in ends)

    def _fit(self, notes: Sequence[Annotation]) -> None:
        """Give the plot all the room that words and legend leave."""
        renderer = self.canvas.get_renderer()  # type: ignore[no-untyped-call]
        right = float(self.layout["margin"]["r"])
        left, bottom, over = 56.0, 44.0, float(_LEAST_TOP)
        for _ in range(2):
            top = max(over, self._legend(left, right))
            self._place(left, right, bottom, top)
            boxes = [
                box
                for axes in self.axes.values()
                for axis in (axes.xaxis, axes.yaxis)
                if axis.get_visible() and (box := axis.get_tightbbox(renderer)) is not None
            ]
            inner = self.frame.get_window_extent(renderer)
            if boxes:
                left = max(inner.x0 - min(box.x0 for box in boxes), 0) + _MARGIN
                bottom = max(inner.y0 - min(box.y0 for box in boxes), 0) + _MARGIN
                right = max(right, max(box.x1 for box in boxes) - inner.x1 + _MARGIN / 2)
                over = max(over, max(box.y1 for box in boxes) - inner.y1 + _MARGIN / 2)
            # A note at a line near the right end would be cut off.
            ends = [note.get_window_extent(renderer).x1 for note in notes]
            right += max(max(ends, default=0) - self.width, 0)
        self._place(left, right, bottom, max(over, top))

    def _place(self, left: float, right: float, bottom: float, top: float) -> None:
        x0, y0 = left / self.width, bottom / self.height
        wide, high = 1 - x0 - right / self.width, 1 - y0 - top / self.height
        self.frame.set_position((x0, y0, wide, high))
        for (x, y), axes in self.axes.items():
            across, up = self._described(x), self._described(y)
            (a, b), (c, d) = across.get("domain", _FULL), up.get("domain", _FULL)
            axes.set_position((x0 + a * wide, y0 + c * high, (b - a) * wide, (d - c) * high))
            if up.get("scaleanchor"):
                axes.set_aspect("equal", adjustable="box", anchor="NW")
                axes.apply_aspect()

    def _legend(self, left: float, right: float) -> float:
        """Write the legend above the plot and return how many pixels it takes."""
        entries = [trace for trace in self.data if trace.get("showlegend", True) and trace.get("name")]
        if not self.layout.get("showlegend", len(entries) > 1) or not entries:
            return 0
        renderer = self.canvas.get_renderer()  # type: ignore[no-untyped-call]
        for n_columns in range(len(entries), 0, -1):
            # Matplotlib goes down a column first, readers along a row.
            rows = -(-len(entries) // n_columns)
            order = [entries[i] for start in range(n_columns) for i in range(start, len(entries), n_columns)]
            legend = self.frame.legend(
                handles=[legend_handle(trace) for trace in order],
                ncols=n_columns,
                loc="lower left",
                bbox_to_anchor=(0, 1.0),
                borderaxespad=0.4,
                frameon=False,
                borderpad=0,
                fontsize=PX * 12,
                labelcolor=shade(LIGHT.muted),
                handlelength=2.2,
                handletextpad=0.6,
                columnspacing=1.6,
                labelspacing=0.35,
            )
            box = legend.get_window_extent(renderer)
            if box.width <= self.width - left - right or n_columns == 1:
                return float(box.height) + _TOP - _ROW if rows > 1 else _TOP
        return _TOP

    def _across(self, reference: str) -> tuple[Axes, Transform]:
        """The axes and the transform of a coordinate whose `reference` is paper, an axis, or an axis's domain."""
        if reference == "paper":
            return self.frame, self.frame.transAxes
        name, _, rest = reference.partition(" ")
        axes = self._first(name)
        return axes, axes.transAxes if rest == "domain" else axes.transData

    def _draw_shape(self, shape: Mapping[str, Any]) -> None:
        axes, across = self._across(shape.get("xref", "x"))
        other, up = self._across(shape.get("yref", "y"))
        axes = other if axes is self.frame else axes
        transform = blended_transform_factory(across, up)
        line = shape.get("line", {})
        width = float(line.get("width", 2))
        zorder = 0.5 if shape.get("layer") == "below" else 2.2
        x0, x1, y0, y1 = (shape[key] for key in ("x0", "x1", "y0", "y1"))
        if shape["type"] == "line":
            look: dict[str, Any] = {"color": shade(line.get("color")), "linestyle": dashes(line.get("dash"), width)}
            axes.add_artist(
                Line2D([x0, x1], [y0, y1], transform=transform, linewidth=PX * width, zorder=zorder, **look)
            )
        elif shape["type"] == "rect":
            axes.add_artist(
                Rectangle(
                    (x0, y0),
                    x1 - x0,
                    y1 - y0,
                    transform=transform,
                    facecolor=shade(shape["fillcolor"]) if shape.get("fillcolor") else "none",
                    edgecolor=shade(line.get("color")) if width else "none",
                    linewidth=PX * width,
                    linestyle=dashes(line.get("dash"), width),
                    zorder=zorder,
                )
            )
        else:
            raise NotImplementedError(shape["type"])

    def _write_note(self, note: Mapping[str, Any]) -> Annotation:
        axes, across = self._across(note.get("xref", "x"))
        other, up = self._across(note.get("yref", "y"))
        axes = other if axes is self.frame else axes
        x, y = note["x"], note["y"]
        font, text = note.get("font", {}), note["text"]
        return axes.annotate(
            plain(text),
            (x, y),
            xycoords=(across, up),
            xytext=(PX * note.get("xshift", 0), PX * note.get("yshift", 0)),
            textcoords="offset points",
            ha=_side(note.get("xanchor", "auto"), x, is_free=note.get("xref") == "paper"),
            va={"middle": "center", "auto": "center"}.get(note.get("yanchor", "auto"), note.get("yanchor", "auto")),
            multialignment=note.get("align", "center"),
            fontsize=PX * font.get("size", 12),
            color=shade(font.get("color"), LIGHT.muted),
            fontweight="bold" if "<b>" in text else "normal",
            annotation_clip=False,
            zorder=6,
        )


def _side(anchor: str, x: Any, *, is_free: bool) -> Any:
    if anchor != "auto":
        return anchor
    if not is_free or 1 / 3 < x < 2 / 3:
        return "center"
    return "left" if x <= 1 / 3 else "right"


def _set_ticks(axes: Axes, side: str, told: Mapping[str, Any]) -> None:
    axis = axes.xaxis if side == "x" else axes.yaxis
    values, suffix = told.get("tickvals"), told.get("ticksuffix", "")
    if values is not None:
        low, high = sorted(axes.get_xlim() if side == "x" else axes.get_ylim())
        words = told.get("ticktext")
        ticks = list(_inside(values, words, low, high))
        axis.set_major_locator(FixedLocator([value for value, _ in ticks]))
        texts = [plain(word) for _, word in ticks] if words is not None else None
        axis.set_major_formatter(FixedFormatter(texts) if texts is not None else _Each(suffix))
        axis.set_minor_locator(FixedLocator([]))
        return
    if isinstance(axis.get_major_formatter(), StrCategoryFormatter):
        return
    if told.get("dtick") is not None:
        axis.set_major_locator(MultipleLocator(float(told["dtick"])))
    elif told.get("type") != "log":
        axis.set_major_locator(MaxNLocator(int(told.get("nticks", 7)), steps=[1, 2, 5, 10]))
    axis.set_major_formatter(_Numbers(suffix))


class _Each(_Numbers):
    """Ticks each with the decimals it needs itself, for a scale on which they differ by powers of ten."""

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return [super(_Each, self).format_ticks([value])[0] for value in values]


def _inside(values: Any, words: Any, low: float, high: float) -> Iterator[tuple[float, object]]:
    span = 1e-6 * (high - low)
    for value, word in zip(values, values if words is None else words, strict=True):
        if low - span <= float(np.float64(value)) <= high + span:
            yield float(value), word
