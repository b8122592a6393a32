"""The floor: the dashboard's shell with four metrics and no chart, as fast as any Streamlit page here can be."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

TITLES = (
    "Overview",
    "Discrimination",
    "Calibration",
    "Cutoff",
    "Segments",
    "Stability",
    "Explanation",
    "Applications",
    "Applicant",
    "Score a file",
    "Model card",
)
FACTORS = (3, 5, 7, 11)
LARGEST = 10_000
_STATIC = Path(__file__).resolve().parents[2] / "dashboard" / "static"


def main() -> None:
    """Write the shell."""
    st.set_page_config("Floor", page_icon=str(_STATIC / "icon.svg"), layout="wide")
    st.logo(str(_STATIC / "logo.svg"), icon_image=str(_STATIC / "icon.svg"), size="large")
    pages = [st.Page(_render, title=title, url_path=title.replace(" ", "-").lower()) for title in TITLES]
    st.navigation(pages, position="top").run()
    with st.sidebar:
        st.header("Applicant", anchor=False)
        st.text_input("Application number")


def _render() -> None:
    st.title("Floor", anchor=False)
    number = st.slider("Number", 0, LARGEST, LARGEST // 2, key="number", bind="query-params")
    for cell, factor in zip(st.columns(len(FACTORS)), FACTORS, strict=True):
        cell.metric(f"Times {factor}", f"{factor * number:,}", border=True)


if __name__ == "__main__":
    main()
