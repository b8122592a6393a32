"""The applicants most like one: who they are and how they fared, against the table."""

from __future__ import annotations

import polars as pl

from dashboard import cache
from data.home_credit import embedded
from data.settings import Settings
from tests.dashboard.applicants import OpenPage, number_of, opened, said, tables, values_of


def test_people_like_this_one_are_counted(ranked: pl.DataFrame, built: Settings, open_page: OpenPage) -> None:
    number = number_of(ranked, 100)
    values = values_of(ranked, number)
    found = cache.nearest(values, number)
    assert found is not None
    rows = pl.read_parquet(built.applications)[found.rows.tolist()]
    assert (rows.height, number in rows["SK_ID_CURR"]) == (200, False)
    app = opened(open_page, number, "People like this one")
    n_bad = int(rows["TARGET"].sum())
    assert f"{n_bad} of the 200 most similar applicants defaulted: {100 * n_bad / 200:.1f} %" in said(app)
    listed = tables(app)[1][1:]
    assert [row[0] for row in listed] == [str(each) for each in rows["SK_ID_CURR"][:8]]
    assert [row[3] for row in listed] == ["defaulted" if bad else "repaid" for bad in rows["TARGET"][:8]]
    pds = dict(ranked.select("SK_ID_CURR", "pd").iter_rows())
    assert [float(row[2]) for row in listed] == [round(100 * pds[int(row[0])], 2) for row in listed]
    weights = cache.portfolio().weights  # type: ignore[union-attr]
    assert [row[0] for row in tables(app)[0][1:]] == [embedded.column(name).label for name in list(weights)[:10]]


def test_a_new_applicant_leaves_nobody_out(ranked: pl.DataFrame) -> None:
    number = number_of(ranked, 100)
    values = values_of(ranked, number)
    found = cache.nearest(values, None)
    assert found is not None
    ids = cache.portfolio().ids  # type: ignore[union-attr]
    assert (ids[int(found.rows[0])], found.distances[0]) == (number, 0.0)
