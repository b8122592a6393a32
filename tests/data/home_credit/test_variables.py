from __future__ import annotations

import numpy as np
import polars as pl

from data.home_credit.building import Family
from data.home_credit.profile import load_profile
from data.home_credit.variables import VARIABLES, read_variables


def test_a_variable_follows_all_that_it_depends_on() -> None:
    before: set[str] = set()
    for variable in VARIABLES:
        needed = {variable.applies[0]} if variable.applies else set()
        assert needed | ({variable.base} if variable.base else set()) <= before, variable.name
        before.add(variable.name)
    assert len(before) == len(VARIABLES)


def test_rows_are_read_as_variables(make_rows: object) -> None:
    frame = pl.DataFrame(make_rows(4)).with_columns(  # type: ignore[operator]
        DAYS_BIRTH=pl.Series([-8_000, -17_000, -12_000, -9_000], dtype=pl.Int16),
        # At 20 years and 100 days; at 45 and 64; between; a day before turning 20.
        DAYS_ID_PUBLISH=pl.Series([-595, -500, -2_000, -1_696], dtype=pl.Int16),
        DAYS_REGISTRATION=pl.Series([-600.0, -400.0, -10_000.0, -1.0]),
        DAYS_EMPLOYED=pl.Series([365_243, -5, -5, 365_243], dtype=pl.Int32),
        EXT_SOURCE_3=pl.Series([0.5, None, None, 0.1]),
        AMT_REQ_CREDIT_BUREAU_HOUR=pl.Series([0.0, 1.0, None, 0.0]),
        AMT_GOODS_PRICE=pl.Series([None, 100.0, 2.0, 5.0]),
        AMT_CREDIT=pl.Series([7.0, 110.0, 1.0, 5.0]),
        EXT_SOURCE_1=pl.Series([0.5, 0.5, None, 0.1]),
        **{f"FLAG_DOCUMENT_{n}": pl.Series([n == 6, n in (3, 6), False, n == 2]).cast(pl.Int8) for n in range(2, 22)},
    )
    families = {name: Family.from_json(stored) for name, stored in load_profile()["families"].items()}
    found = read_variables(frame, families)
    assert found["paper_age"] == ["20", "45", "other", "other"]
    np.testing.assert_array_equal(found["paper_delay"], [100, 64, np.nan, np.nan])
    assert found["registered"] == ["together", "other", "young", "other"]
    assert found["has_job"] == ["N", "Y", "Y", "N"]
    assert found["bureau"] == ["score", "enquiries", "none", "score"]
    np.testing.assert_array_equal(found["AMT_GOODS_PRICE"], [7, 100, 2, 5])
    assert (found["document"], found["extra_document"]) == (["6", "3", "none", "none"], ["none"] * 3 + ["2"])
    assert set(found) >= {variable.name for variable in VARIABLES}
