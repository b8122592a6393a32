"""The same applications under another model: its PDs, its rows, and nothing copied that both have."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from dashboard.cohort.columns import prepare, prepare_again
from data.errors import PredictionsError
from data.predictions.judged import judged_by
from data.predictions.table import CohortColumn, CohortKind, Predictions, PredictionsSource

N = 6
REGION = CohortColumn("region", "Region", "", "", CohortKind.LEVELS, ("north", "south"))


class Further:
    """A column that the table does not carry."""

    columns: ClassVar = {"age": CohortColumn("age", "Age", "", "", CohortKind.RANGE)}

    def values(self, name: str) -> pl.Series:
        return pl.Series(name, range(30, 30 + N))


def table() -> Predictions:
    frame = pl.DataFrame(
        {
            "application_id": range(1, N + 1),
            "is_default": [True, False, None, False, True, False],
            "default_probability": [0.9, 0.1, 0.5, 0.2, 0.6, 0.3],
            "region": pl.Series(["north", "south"] * 3, dtype=pl.Enum(["north", "south"])),
        }
    )
    source = PredictionsSource("loans", "d", is_imported=False, n_open=1)
    return prepare(Predictions(frame, source, (REGION,), more=Further()))


def test_pds_bands_bins_and_the_range_are_the_other_models() -> None:
    scores = pl.Series([0.01, 0.4, 0.03, 0.55, 0.07, 0.01])
    found = prepare_again(judged_by(table(), scores, "flat", "out of fold"))
    assert found.frame["default_probability"].to_list() == scores.to_list()
    # Distinct PDs rising: 0.01, 0.03, 0.07, 0.4, 0.55.
    assert found.frame["pd_bin"].to_list() == [0, 3, 1, 4, 2, 0]
    assert found.frame["pd_band"].to_list() == ["A", "F", "B", "F", "C", "A"]
    assert found.grid is not None
    assert found.grid.edges.tolist() == [0.01, 0.03, 0.07, 0.4, 0.55]
    (pd,) = (column for column in found.cohort_columns if column.name == "default_probability")
    assert (pd.minimum, pd.maximum) == (0.01, 0.55)
    assert [column.name for column in found.cohort_columns] == [column.name for column in table().cohort_columns]
    assert (found.source.whose, found.source.is_out_of_fold) == ("of flat, out of fold", True)


def test_other_columns_are_the_same_memory() -> None:
    whole = table()
    found = prepare_again(judged_by(whole, pl.Series([0.1] * N), "flat", "as imported"))
    for name in ("application_id", "region", "observed"):
        own, shared = (each.frame[name].to_physical().to_numpy() for each in (found, whole))
        assert np.shares_memory(own, shared)
    assert not found.source.is_out_of_fold


def test_rows_without_a_score_are_left_out_and_counted() -> None:
    scores = pl.Series([0.1, None, None, 0.4, 0.5, 0.6])
    found = prepare_again(judged_by(table(), scores, "some", "as imported"))
    assert found.frame["application_id"].to_list() == [1, 4, 5, 6]
    assert found.source.notices == ("Left out: 2 rows that some has not scored.",)
    assert found.source.n_open == 0
    assert found.holding(["age"])["age"].to_list() == [30, 33, 34, 35]


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([0.1] * (N - 1), "has 5 PDs where there are 6 applications"),
        ([None] * N, "no application has a PD"),
        ([0.1] * (N - 1) + [1.2], "a PD is not from 0 to 1"),
        ([0.1] * (N - 1) + [float("nan")], "a PD is not from 0 to 1"),
    ],
)
def test_scores_that_are_not_the_tables_are_refused(scores: list[float | None], said: str) -> None:
    with pytest.raises(PredictionsError, match=said):
        judged_by(table(), pl.Series(scores, dtype=pl.Float64), "bad", "as imported")
