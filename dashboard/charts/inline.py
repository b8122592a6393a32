"""What a page without a server needs to draw figures: Plotly's own script, and the figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

# A title's room without the title, which the page writes itself: the legend's row is left.
_TOP = 36


@cache
def drawing_script() -> str:
    """Plotly's script as it comes with the package, about 4.8 MB."""
    return str(get_plotlyjs())


def figures_json(figures: Iterable[go.Figure]) -> str:
    """The figures without their titles, as JSON that can stand inside a script element."""
    text = json.dumps([_untitled(json.loads(figure.to_json())) for figure in figures], separators=(",", ":"))
    # Nothing in it can end the element or begin a comment.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _untitled(figure: dict[str, object]) -> dict[str, object]:
    layout = figure["layout"]
    if isinstance(layout, dict):
        layout.pop("title", None)
        top = layout["margin"]["t"]
        layout["height"] -= top - _TOP
        layout["margin"]["t"] = _TOP
    return figure
