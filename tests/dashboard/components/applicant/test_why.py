"""The waterfall of one application: what it says moves most is what moves most."""

from __future__ import annotations

import polars as pl

from dashboard import cache
from data.home_credit import embedded
from scripts._embedded import FEATURES
from tests.dashboard.applicants import OpenPage, number_of, opened, said, values_of


def test_the_waterfall_speaks_of_the_field_that_moves_most(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    number = number_of(ranked, 0)
    explanation = cache.explainer().explain(values_of(ranked, number))
    app = opened(open_page, number)
    most, least = (
        embedded.column(find(explanation.fields, key=explanation.fields.__getitem__)).label for find in (max, min)
    )
    assert f"{most} raises it most, {least} lowers it most" in said(app)
    features = {feature.name: feature.label for feature in FEATURES.features}
    app = opened(open_page, number, of="Features of the model")
    most = features[max(explanation.features, key=explanation.features.__getitem__)]
    assert f"{most} raises it most" in said(app)
    assert "feature by feature" in said(app)
