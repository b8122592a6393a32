"""The dashboard's own style sheet: what stands in static/page.css, and the grids of cards."""

from __future__ import annotations

from functools import cache

from dashboard.components.card_css import card_css
from data.settings import ROOT

_SHEET = ROOT / "dashboard" / "static" / "page.css"


@cache
def style_element() -> str:
    """The style sheet as an HTML element."""
    return f"<style>{_SHEET.read_text(encoding='utf-8')}\n{card_css()}</style>"
