"""What draws figures in a browser: Plotly's own script, and the figures as JSON, without their titles."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt
import orjson
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

# A title's room without the title, which the page writes itself: the legend's row is left.
_TOP = 36


@cache
def drawing_script() -> str:
    """Plotly's script as it comes with the package, about 4.8 MB."""
    return str(get_plotlyjs())


@cache
def script_address() -> str:
    """Where the dashboard serves the script, below its own address; a browser may keep what is there for ever."""
    return f"plotly/{hashlib.sha256(drawing_script().encode()).hexdigest()[:16]}.js"


def figure_json(figure: go.Figure) -> bytes:
    """The figure without its title as JSON; undefined values are null, arrays of numbers base64."""
    return _json(_untitled(figure))


def untitled_height(figure: go.Figure) -> int:
    """The figure's height in pixels without its title."""
    layout = figure.layout
    return int(layout.height - (layout.margin.t - _TOP))


def figures_json(figures: Iterable[go.Figure]) -> str:
    """The figures without their titles, as JSON that can stand inside a script element."""
    text = _json([_untitled(figure) for figure in figures]).decode()
    # Nothing in it can end the element or begin a comment.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _untitled(figure: go.Figure) -> dict[str, object]:
    told: dict[str, object] = figure.to_dict()
    layout = told["layout"]
    if isinstance(layout, dict):
        layout.pop("title", None)
        layout["height"] = untitled_height(figure)
        layout["margin"]["t"] = _TOP
    return told


def _json(told: object) -> bytes:
    return orjson.dumps(told, default=_listed, option=orjson.OPT_SERIALIZE_NUMPY)


def _listed(values: npt.NDArray[np.object_]) -> list[object]:
    """Plotly keeps lists of words as arrays of objects, which orjson leaves to us."""
    listed: list[object] = values.tolist()
    return listed
