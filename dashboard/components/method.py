"""How a figure is computed: the section of docs/metrics.md under its name, in a popover."""

from __future__ import annotations

import re
from functools import cache

import streamlit as st

from data.settings import ROOT


@cache
def sections() -> dict[str, str]:
    """The sections of docs/metrics.md by heading, without the line that names the function."""
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    found = {}
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        lines = body.strip().splitlines()
        found[heading.strip()] = "\n".join(line for line in lines if not line.startswith("Computed by ")).strip()
    return found


def render_method(heading: str, *, key: str) -> None:
    """Write a button that opens the section called `heading`."""
    opened = st.popover(
        "How is this computed?", icon=":material/function:", type="tertiary", key=f"{key}.method", on_change="rerun",
        width="content",
    )  # fmt: skip
    if opened.open:
        with opened:
            st.markdown(f"**{heading}**\n\n{sections()[heading]}")
