"""Our own Streamlit component for figures: it holds Plotly and changes a drawn figure in place (static/chart.js)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import orjson
import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from streamlit.components.v2.types import ComponentRenderer

from dashboard.charts.chart import Chart
from dashboard.charts.inline import script_address, untitled_height
from dashboard.charts.template import DARK, LIGHT
from dashboard.words import labels
from data.settings import ROOT

_PACKAGE, _COMPONENT = "scoreroom", "chart"
_NAME = f"{_PACKAGE}.{_COMPONENT}"
_ASSETS, _SCRIPT = "static", "chart.js"
# What a figure drawn for the light theme holds, beside what the dark one has in its place.
_COLOURS = [[getattr(LIGHT, name), getattr(DARK, name)] for name in ("text", "muted", "grid", "surface")]


class Asked(StrEnum):
    """What a chart's menu can ask the server for."""

    DATA = "data"
    METHOD = "method"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader did with a chart since the last run: the points clicked, and what the menu asked for."""

    points: list[dict[str, Any]]
    asked: Asked | None


def token_of(key: str, figure: bytes) -> str:
    """A name for a chart's figure as JSON, which the browser gives back once it has drawn it."""
    return hashlib.blake2b(figure, digest_size=8, key=key.encode()[:64]).hexdigest()


def render_plot(chart: Chart, figure: bytes, token: str, *, key: str, selectable: bool) -> Answer:
    """Mount `figure`, the JSON of the chart's; points can be clicked where it is `selectable`."""
    height = untitled_height(chart.figure)
    wanted = {
        "key": key,
        "token": token,
        "name": chart.name,
        "title": chart.title,
        "subtitle": chart.subtitle,
        "alt": labels.literal(chart.alt),
        "height": height,
        "selectable": selectable,
        "script": script_address(),
        "colours": _COLOURS,
        # As text: the browser puts other colours into it before it reads it.
        "figure": figure.decode(),
    }
    # A trigger is known to Streamlit by the function that it calls, here none.
    state: Any = _renderer()(
        key=key,
        data=orjson.dumps(wanted),
        height=height,
        on_selected_change=lambda: None,
        on_asked_change=lambda: None,
    )
    points = [state.selected] if selectable and state.selected else []
    return Answer(points, Asked(state.asked) if state.asked in set(Asked) else None)


def _renderer() -> ComponentRenderer:
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(_NAME) is None:
        # Streamlit finds the assets of installed components; those of the app itself it must be told.
        manifest = ComponentManifest(_PACKAGE, "1", [ComponentConfig(_COMPONENT, _ASSETS)])
        manager.register_from_manifest(manifest, ROOT / "dashboard")
    return _component()


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(_NAME, js=_SCRIPT, isolate_styles=False)
