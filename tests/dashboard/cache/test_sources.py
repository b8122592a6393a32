"""What is kept between runs: nothing that a new build made untrue, nothing copied that is large."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from data.settings import Settings
from scripts.damage.kinds import places


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("predictions.parquet", "overview"),
        ("applications.parquet", "applicant"),
        ("model.onnx", "model-card"),
        ("contributions.parquet", "explanation"),
        ("portfolio.json", "overview"),
    ],
)
def test_a_page_says_in_one_sentence_what_is_damaged(
    copied: tuple[Settings, cache.Dataset], open_page: Callable[..., AppTest], name: str, page: str
) -> None:
    path = places(copied[0])[name]
    path.write_bytes(path.read_bytes()[:-100] + b"x" * 100)
    app = open_page(page)
    said = [each.value for kind in (app.error, app.info, app.warning, app.caption) for each in kind]
    assert [text for text in said if name in text.replace("\\", "") and "make build" in text]
