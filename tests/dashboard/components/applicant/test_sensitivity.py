"""One field or two moved: curves and maps against scoring one by one."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard import cache
from dashboard.charts.field_sensitivity import plot_field_curve
from dashboard.components.applicant.sensitivity import SECOND
from dashboard.components.applicant.what_if import field_curve
from data.home_credit import embedded
from inference.model.session import ScoringSession
from scripts._embedded import FEATURES
from tests.dashboard.applicants import CUTOFF, INPUTS, OpenPage, cards, field_shown, number_of, opened, said, values_of

FIELDS = ("EXT_SOURCE_3", "DAYS_BIRTH", "DAYS_EMPLOYED", "NAME_EDUCATION_TYPE", "FLAG_PHONE", "CNT_FAM_MEMBERS")


@pytest.mark.parametrize("name", [name for name in FIELDS if name in FEATURES.sources])
def test_a_curve_is_what_scoring_one_by_one_gives(
    name: str, ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    number = number_of(ranked, 50)
    app = opened(open_page, number, "Sensitivity", field=name)
    assert field_shown(app) == embedded.column(name).label
    assert f"as {embedded.column(name).label} alone changes" in said(app)
    values = values_of(ranked, number)
    grid = cache.field_range(name).grid
    assert len(grid) > 1
    wanted = np.array([session.score({**values, name: value}) for value in grid], dtype=np.float32)
    assert cache.curve_pds(values, name).tolist() == wanted.tolist()


def test_a_map_is_what_scoring_pair_by_pair_gives(
    ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    number, names = number_of(ranked, 50), ("AMT_CREDIT", "NAME_EDUCATION_TYPE")
    app = opened(open_page, number, "Sensitivity", field=names[0], second=names[1])
    assert all(embedded.column(name).label in said(app) for name in names)
    values = values_of(ranked, number)
    down, across = (cache.field_range(name, cache.N_MAP).grid for name in names)
    wanted = [[session.score({**values, names[0]: y, names[1]: x}) for x in across] for y in down]
    assert cache.map_pds(values, *names).tolist() == np.array(wanted, dtype=np.float32).tolist()


def test_a_field_with_itself_is_a_curve(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    app = opened(open_page, number_of(ranked, 50), "Sensitivity", field="AMT_CREDIT", second="AMT_CREDIT")
    assert "as Credit amount alone changes" in said(app)
    assert SECOND.name not in app.query_params


@pytest.mark.parametrize(
    "query", [{"field": "NOPE"}, {"second": "NOPE"}, {"field": "CODE_GENDER"}, {"field": "TARGET", "second": "<b>"}]
)
def test_a_field_of_a_link_that_is_none_is_left_out_with_a_notice(
    query: dict[str, str], ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    app = opened(open_page, number_of(ranked, 50), "Sensitivity", **query)
    for name in query.values():
        assert f"There is no field of the model {name}." in said(app)
    assert cards(app)["PD, out of fold"]
    assert field_shown(app) == embedded.column(next(iter(cache.portfolio().weights))).label  # type: ignore[union-attr]


def test_every_field_of_the_model_can_be_moved(
    ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    number = number_of(ranked, 50)
    offered = opened(open_page, number, "Sensitivity").selectbox(key="widget.appl.field").options
    assert len(offered) == len(set(offered)) == len(FEATURES.sources)
    for values in (values_of(ranked, number), dict.fromkeys(INPUTS)):
        pd = session.score(values)
        for name in FEATURES.sources:
            found = cache.field_range(name)
            curve = field_curve(found, cache.curve_pds(values, name), values[name], pd)
            assert curve.density.sum() <= ranked.height
            assert found.column.label in plot_field_curve(curve, cutoff=CUTOFF).alt
            assert plot_field_curve(curve, cutoff=CUTOFF).figure.data
