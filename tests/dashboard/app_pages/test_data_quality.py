"""The page Data quality."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.words.quality_words import WHAT, summary


def test_all_that_is_odd_is_in_the_table(open_page: Callable[..., AppTest]) -> None:
    app = open_page("data-quality")
    found = cache.oddities(cache.open_dataset(cache.Location()))
    assert f"#### {summary(found)}" in [each.value for each in app.markdown]
    table = app.dataframe[0].value
    assert list(table["What"]) == [WHAT[each.issue] for each in found]
    assert list(table["Rows"]) == [each.count for each in found]
