"""Scoreroom: the page config, the navigation, and the frame that every page stands in."""

from __future__ import annotations

import sys
from functools import partial

import streamlit as st

from dashboard import cache, labels, state
from dashboard.app_pages import overview
from dashboard.components.applicant_panel import render_applicant_panel
from data.errors import DataError
from data.settings import ROOT

_STATIC = ROOT / "dashboard" / "static"


def main() -> None:
    """Write the current page and the side panel, or one sentence that says what is missing."""
    st.set_page_config("Scoreroom", page_icon=str(_STATIC / "icon.svg"), layout="wide")
    st.logo(str(_STATIC / "logo.svg"), icon_image=str(_STATIC / "icon.svg"), size="large")
    try:
        dataset = cache.open_dataset(state.location(sys.argv[1:]))
        cache.predictions(dataset)
    except DataError as error:
        st.title("Scoreroom", anchor=False)
        st.error(labels.plain(str(error)), icon=":material/error:")
        st.caption("Mend this, then reload the page.")
        return
    page = st.navigation(
        [st.Page(partial(overview.render, dataset), title="Overview", icon=":material/dashboard:", url_path="overview",
                 default=True)], position="top",
    )  # fmt: skip
    page.run()
    with st.sidebar:
        render_applicant_panel(dataset)


if __name__ == "__main__":
    main()
