"""What a figure's traces look like in Matplotlib: lines, areas, markers with intervals, and bars.

Only the kinds that the charts of a report use are known; another is an error and not a gap in the picture.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dashboard.charts.template import LIGHT

# A CSS pixel in points.
PX = 0.75
_RGBA = re.compile(r"rgba\((\d+), ?(\d+), ?(\d+), ?([\d.]+)\)")
_SYMBOLS = {"circle": "o", "diamond": "D", "triangle-right": ">", "triangle-left": "<", "square": "s", "x": "X"}
# A diamond's side as a share of the size that Plotly gives its width by.
_DIAMOND = 0.9
_STEPS: Mapping[str, Any] = {"hv": "post", "vh": "pre"}
Trace = Mapping[str, Any]
Shade = tuple[float, float, float, float]


def shade(text: str | None, default: str = LIGHT.accent) -> Shade:
    """A CSS colour as shares of red, green, blue and opacity."""
    css = text or default
    found = _RGBA.fullmatch(css)
    if found is not None:
        red, green, blue, opacity = found.groups()
        return int(red) / 255, int(green) / 255, int(blue) / 255, float(opacity)
    return int(css[1:3], 16) / 255, int(css[3:5], 16) / 255, int(css[5:7], 16) / 255, 1.0


def dashes(kind: str | None, width: float) -> Any:
    """A line's dashes as Plotly draws them at that width in pixels."""
    long, short = max(3 * width, 9), max(width, 3)
    known: dict[str, tuple[float, ...]] = {
        "dot": (short, short),
        "dash": (long, long),
        "dashdot": (long, short, short, short),
    }
    if kind in (None, "solid"):
        return "solid"
    lengths = known[kind] if kind in known else tuple(float(each.removesuffix("px")) for each in str(kind).split(","))
    return (0, tuple(PX * each for each in lengths))


def column(values: Any) -> Any:
    """A trace's coordinates: numbers with NaN for gaps, or the names of categories."""
    listed = list(values if values is not None else ())
    return listed if any(isinstance(each, str) for each in listed) else np.array(listed, dtype=float)


def draw_trace(axes: Axes, trace: Trace, layout: Mapping[str, Any]) -> None:
    """Draw one trace of a figure.

    Raises:
        NotImplementedError: it is of a kind that no chart of a report uses.
    """
    if trace["type"] == "bar":
        _draw_bars(axes, trace, layout)
    elif trace["type"] == "scatter":
        _draw_scatter(axes, trace)
    else:
        raise NotImplementedError(trace["type"])


def _draw_scatter(axes: Axes, trace: Trace) -> None:
    x, y = column(trace.get("x")), column(trace.get("y"))
    mode = trace.get("mode", "lines")
    on_top = 3 if "markers" in mode else 2
    is_clipped = trace.get("cliponaxis", True)
    _fill(axes, trace, x, y)
    _draw_errors(axes, trace, x, y)
    if "lines" in mode and _line_width(trace) > 0:
        style = _STEPS.get(trace.get("line", {}).get("shape"), "")
        axes.plot(x, y, drawstyle=f"steps-{style}" if style else "default", zorder=on_top, **_line(trace))
    if "markers" in mode:
        _draw_markers(axes, trace, x, y, is_clipped=is_clipped)
    if "text" in mode:
        _write_texts(axes, trace, x, y)


def _line_width(trace: Trace) -> float:
    return float(trace.get("line", {}).get("width", 2))


def _line(trace: Trace) -> dict[str, Any]:
    line, width = trace.get("line", {}), _line_width(trace)
    return {"color": shade(line.get("color")), "linewidth": PX * width, "linestyle": dashes(line.get("dash"), width)}


def _fill(axes: Axes, trace: Trace, x: Any, y: Any) -> None:
    kind = trace.get("fill", "none")
    if kind == "none":
        return
    look: dict[str, Any] = {"color": shade(trace["fillcolor"]), "linewidth": 0, "zorder": 1}
    if kind == "tozeroy":
        axes.fill_between(x, y, 0, step=_STEPS.get(trace.get("line", {}).get("shape")), **look)
    elif kind == "toself":
        # A gap begins another area.
        ends = [-1, *np.flatnonzero(np.isnan(x) | np.isnan(y)), len(x)]
        for start, end in itertools.pairwise(ends):
            axes.fill(x[start + 1 : end], y[start + 1 : end], **look)
    else:
        raise NotImplementedError(f"fill {kind}")


def _draw_errors(axes: Axes, trace: Trace, x: Any, y: Any) -> None:
    for side in ("x", "y"):
        error = trace.get(f"error_{side}")
        if error is None:
            continue
        high = np.array(error["array"], dtype=float)
        low = np.array(error.get("arrayminus") if error.get("arrayminus") is not None else high, dtype=float)
        width = PX * float(error.get("thickness", 2))
        lengths = np.nan_to_num(np.array([low, high]).clip(min=0))
        given: dict[str, Any] = {f"{side}err": lengths}
        axes.errorbar(
            x,
            y,
            **given,
            fmt="none",
            ecolor=shade(error.get("color")),
            elinewidth=width,
            capsize=PX * float(error.get("width", 4)),
            capthick=width,
            zorder=2.5,
        )


def _per_point(value: Any) -> list[Any] | None:
    return list(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else None


def _marker_look(marker: Mapping[str, Any], colour: str | None) -> dict[str, Any]:
    symbol, edge = marker.get("symbol", "circle"), marker.get("line", {})
    if symbol.endswith("-open"):
        return {"facecolors": "none", "edgecolors": [shade(colour)], "linewidths": PX * max(edge.get("width", 0), 1.5)}
    return {
        "facecolors": [shade(colour)],
        "edgecolors": [shade(edge.get("color"), LIGHT.surface)],
        "linewidths": PX * float(edge.get("width", 0)),
    }


def _symbol(marker: Mapping[str, Any]) -> str:
    return _SYMBOLS[marker.get("symbol", "circle").removesuffix("-open")]


def _size(marker: Mapping[str, Any]) -> float:
    side = _DIAMOND if _symbol(marker) == "D" else 1.0
    return PX * float(marker.get("size", 6)) * side


def _draw_markers(axes: Axes, trace: Trace, x: Any, y: Any, *, is_clipped: bool) -> None:
    marker = trace.get("marker", {})
    colours = _per_point(marker.get("color"))
    look = _marker_look(marker, None if colours else marker.get("color"))
    if colours:
        look["facecolors"] = [shade(each) for each in colours]
    axes.scatter(x, y, s=_size(marker) ** 2, marker=_symbol(marker), zorder=4, clip_on=is_clipped, **look)


def _write_texts(axes: Axes, trace: Trace, x: Any, y: Any) -> None:
    font = trace.get("textfont", {})
    for place, words in zip(zip(x, y, strict=True), trace["text"], strict=True):
        axes.annotate(
            plain(words), place, ha="center", va="center", fontsize=PX * font["size"], color=shade(font["color"])
        )


def _draw_bars(axes: Axes, trace: Trace, layout: Mapping[str, Any]) -> None:
    lies = trace.get("orientation") == "h"
    x, y = column(trace["x"]), column(trace["y"])
    along, length = (y, x) if lies else (x, y)
    marker = trace.get("marker", {})
    width = trace.get("width", 1 - layout.get("bargap", 0.2))
    offset = trace.get("offset")
    edge = marker.get("line", {})
    look: dict[str, Any] = {
        "color": [shade(each) for each in _per_point(marker.get("color")) or [marker.get("color")]],
        "edgecolor": shade(edge.get("color")) if edge.get("width") else "none",
        "linewidth": PX * float(edge.get("width", 0)),
        "align": "center" if offset is None else "edge",
        "zorder": 1.5,
    }
    if marker.get("pattern"):
        look["hatch"] = "////"
    at = along if offset is None else np.asarray(along, dtype=float) + np.asarray(offset, dtype=float)
    base = trace.get("base", 0)
    if lies:
        axes.barh(at, length, height=width, left=base, **look)
    else:
        axes.bar(at, length, width=width, bottom=base, **look)
    _draw_errors(axes, trace, x, y)
    if trace.get("text") is not None:
        _label_bars(axes, trace, at, np.asarray(length, dtype=float) + np.asarray(base, dtype=float), lies=lies)


def _label_bars(axes: Axes, trace: Trace, at: Any, ends: Any, *, lies: bool) -> None:
    font = trace.get("textfont", {})
    half = 0 if trace.get("offset") is None else np.asarray(trace["width"], dtype=float) / 2
    for place, end, words in zip(np.asarray(at) + half, ends, trace["text"], strict=True):
        axes.annotate(
            plain(words),
            (end, place) if lies else (place, end),
            xytext=(3, 0) if lies else (0, 3),
            textcoords="offset points",
            ha="left" if lies else "center",
            va="center" if lies else "bottom",
            fontsize=PX * font.get("size", 12),
            color=shade(font.get("color"), LIGHT.muted),
            annotation_clip=False,
        )


def plain(text: object) -> str:
    """A text of Plotly's without its tags, and with the letters that its entities stand for."""
    broken = re.sub(r"<br ?/?>", "\n", str(text))
    bare = re.sub(r"</?[a-z]+[^>]*>", "", broken)
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&#37;", "%"), ("&amp;", "&")):
        bare = bare.replace(entity, letter)
    return bare


def legend_handle(trace: Trace) -> Line2D | Patch:
    """A trace as its entry in the legend draws it."""
    name = plain(trace.get("name", ""))
    marker = trace.get("marker", {})
    if trace["type"] == "bar":
        edge = marker.get("line", {})
        colours = _per_point(marker.get("color"))
        return Patch(
            facecolor=shade(colours[0] if colours else marker.get("color")),
            edgecolor=shade(edge.get("color")) if edge.get("width") else "none",
            hatch="////" if marker.get("pattern") else None,
            label=name,
        )
    mode = trace.get("mode", "lines")
    if "lines" in mode and not _line_width(trace) and "markers" not in mode:
        return Patch(facecolor=shade(trace.get("fillcolor")), edgecolor="none", label=name)
    look: dict[str, Any] = _line(trace) if "lines" in mode and _line_width(trace) else {"linestyle": "none"}
    if "markers" in mode:
        colours = _per_point(marker.get("color"))
        is_open = marker.get("symbol", "").endswith("-open")
        edge = marker.get("line", {})
        face = shade(colours[0] if colours else marker.get("color"))
        look |= {
            "marker": _symbol(marker),
            "markersize": _size(marker),
            "markerfacecolor": "none" if is_open else face,
            "markeredgecolor": face if is_open else shade(edge.get("color"), LIGHT.surface),
            "markeredgewidth": PX * (1.5 if is_open else float(edge.get("width", 0))),
        }
    return Line2D([], [], label=name, **look)
