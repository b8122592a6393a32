"""The rows of a cohort: order, search, pages and files, against Polars' own sort and filter."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from dashboard.cohort.columns import prepare
from dashboard.cohort.filters import Decision, DecisionFilter, Filters, LevelFilter, ModelDecision, ModelsFilter
from dashboard.cohort.rows import (
    DECISION,
    ROW_NUMBER,
    Search,
    Sort,
    cohort_table,
    decisions,
    find_order,
    first_columns,
    identity,
    row_columns,
    sliced,
    take_slice,
)
from data.errors import PredictionsError
from data.home_credit import embedded
from data.predictions.table import ID, Predictions, PredictionsSource, describe_columns

SOURCE = PredictionsSource("test", "0", is_imported=False)
ALL = Filters()
LEVELS = pl.Enum(["zulu", "alpha", "mike"])


def order_rows(
    predictions: Predictions, filters: Filters, sort: Sort, search: Search | None = None
) -> npt.NDArray[np.int32]:
    """All positions of `find_order`."""
    return find_order(predictions, filters, sort, search, most_sorted=predictions.frame.height)[:]


def make_rows(frame: pl.DataFrame) -> Predictions:
    return prepare(Predictions(frame, SOURCE, describe_columns(frame, embedded.DEFINITION)))


@pytest.fixture(name="rows")
def random_rows() -> Predictions:
    """2,000 rows with ties, missing values, both zeros, a sentinel and numbers beyond 32 bits."""
    random, n = np.random.default_rng(5), 2_000
    pd = np.round(random.beta(1, 11, n), 3).astype(np.float32)
    numbers = np.round(random.normal(0, 2, n)).astype(np.float32)
    numbers[::50] = -0.0
    return make_rows(
        pl.DataFrame(
            {
                ID: random.permutation(np.arange(100_000, 100_000 + n)).astype(np.int32),
                "is_default": random.random(n) < 0.2,
                "default_probability": pd,
                "fold": random.integers(0, 5, n).astype(np.uint8),
                "DAYS_EMPLOYED": pl.Series(random.choice([-3_000, -20, 0, 365_243], n), dtype=pl.Int32),
                "number": pl.Series(numbers).set(pl.Series(random.random(n) < 0.1), None),
                "double": pl.Series(np.where(numbers > 3, 1e15 + numbers, np.round(random.normal(0, 2, n), 9))).set(
                    pl.Series(random.random(n) < 0.1), None
                ),
                "large": pl.Series(random.choice([-(2**40), 7, 2**52], n), dtype=pl.Int64),
                "small": pl.Series(random.integers(-100, 100, n), dtype=pl.Int8).set(
                    pl.Series(random.random(n) < 0.1), None
                ),
                "level": pl.Series(random.choice(["zulu", "alpha", "mike", ""], n)).cast(LEVELS, strict=False),
            }
        )
    )


def positions(predictions: Predictions, by: pl.Expr, *, is_rising: bool) -> list[int]:
    """The order that Polars gives, ties in the order of the frame."""
    frame = predictions.frame.with_row_index("place").with_columns(by.alias("by"))
    return frame.sort("by", descending=not is_rising, nulls_last=True, maintain_order=True)["place"].to_list()


@pytest.mark.parametrize("is_rising", [False, True])
@pytest.mark.parametrize(
    "name", [ID, "default_probability", "number", "double", "large", "small", "level", "observed", "pd_band"]
)
def test_the_order_is_that_of_a_stable_sort_with_missing_values_last(
    rows: Predictions, name: str, is_rising: bool
) -> None:
    # To Polars the two zeros differ no more than to us once one is added to the other.
    by = pl.col(name) + 0.0 if name == "number" else pl.col(name)
    expected = positions(rows, by, is_rising=is_rising)
    assert order_rows(rows, ALL, Sort(name, is_rising)).tolist() == expected
    # Of a table that is too large to be sorted, page by page.
    paged = find_order(rows, ALL, Sort(name, is_rising), most_sorted=0)
    assert paged.size == len(expected)
    ends = [0, 1, 50, len(expected) // 2, len(expected) - 1, len(expected), len(expected) + 9]
    for start, stop in itertools.pairwise(ends):
        assert paged[start:stop].tolist() == expected[start:stop]


@pytest.mark.parametrize("is_rising", [False, True])
def test_days_sort_as_the_years_that_are_shown_and_the_sentinel_comes_last(rows: Predictions, is_rising: bool) -> None:
    years = pl.when(pl.col("DAYS_EMPLOYED") <= 0).then(-pl.col("DAYS_EMPLOYED"))
    found = order_rows(rows, ALL, Sort("DAYS_EMPLOYED", is_rising))
    assert found.tolist() == positions(rows, years, is_rising=is_rising)
    paged = find_order(rows, ALL, Sort("DAYS_EMPLOYED", is_rising), most_sorted=0)
    assert paged[:].tolist() == found.tolist()


def test_the_decision_sorts_as_the_pd_does(rows: Predictions) -> None:
    assert order_rows(rows, ALL, Sort(DECISION)).tolist() == order_rows(rows, ALL, Sort()).tolist()


def test_row_numbers_sort_as_the_file(rows: Predictions) -> None:
    cohort = Filters.of([LevelFilter("level", ("mike",))])
    there = np.flatnonzero((rows.frame["level"] == "mike").fill_null(value=False).to_numpy()).tolist()
    assert order_rows(rows, cohort, Sort(ROW_NUMBER, is_rising=True)).tolist() == there
    assert order_rows(rows, cohort, Sort(ROW_NUMBER)).tolist() == there[::-1]


def test_an_order_is_of_the_cohort_and_of_nobody_else_and_is_not_written_to(rows: Predictions) -> None:
    cohort = Filters.of([LevelFilter("level", ("mike",), with_missing=True)])
    met = rows.frame["level"].is_null() | (rows.frame["level"] == "mike").fill_null(value=False)
    found = order_rows(rows, cohort.rest(), Sort())
    assert sorted(found.tolist()) == np.flatnonzero(~met.to_numpy()).tolist()
    assert not found.flags.writeable
    assert find_order(rows, cohort.rest(), Sort(), most_sorted=0)[:].tolist() == found.tolist()


@pytest.mark.parametrize(
    ("text", "found"), [("1002", 100), ("100 2", 0), ("100207", 1), ("1002070", 0), (" 100207 ", 1)]
)
def test_digits_find_the_beginning_of_an_id(rows: Predictions, text: str, found: int) -> None:
    order = order_rows(rows, ALL, Sort(), Search(text, ("level",)))
    assert order.size == found
    assert all(str(number).startswith(text.strip()) for number in rows.frame[ID].gather(order))


def test_words_find_levels_of_the_columns_that_are_searched(rows: Predictions) -> None:
    order = order_rows(rows, ALL, Sort(), Search("LP", ("level",)))
    assert set(rows.frame["level"].gather(order)) == {"alpha"}
    assert order.size == (rows.frame["level"] == "alpha").sum()
    assert order_rows(rows, ALL, Sort(), Search("LP", ("observed",))).size == 0


@pytest.mark.parametrize("text", ["(", "\\", "^1", ".*", "[", "<b>", "%"])
def test_what_is_searched_for_is_text_and_no_pattern(rows: Predictions, text: str) -> None:
    assert order_rows(rows, ALL, Sort(), Search(text, ("level", "observed"))).size == 0


def test_words_are_those_on_the_screen_and_not_the_stored_codes() -> None:
    frame = pl.DataFrame(
        {
            "is_default": [False, True],
            "default_probability": pl.Series([0.1, 0.2], dtype=pl.Float32),
            "CODE_GENDER": pl.Series(["F", "M"], dtype=pl.Enum(["F", "M", "XNA"])),
        }
    )
    order = order_rows(make_rows(frame), ALL, Sort(), Search("fem", ("CODE_GENDER",)))
    assert order.tolist() == [0]


def test_without_ids_rows_are_found_by_their_number(rows: Predictions) -> None:
    anonymous = replace(rows, frame=rows.frame.drop(ID))
    assert identity(anonymous).name == ROW_NUMBER
    order = order_rows(anonymous, ALL, Sort(ROW_NUMBER, is_rising=True), Search("199"))
    assert [place + 1 for place in order.tolist()] == [199, *range(1_990, 2_000)]


def test_text_ids_are_found_whatever_their_case() -> None:
    frame = pl.DataFrame(
        {ID: ["AB-1", "ab-2", "b-3"], "is_default": [False, True, False], "default_probability": [0.1, 0.2, 0.3]}
    ).with_columns(pl.col("default_probability").cast(pl.Float32))
    found = order_rows(make_rows(frame), ALL, Sort(ID, is_rising=True), Search("aB"))
    assert found.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("number", "shown", "start", "size"), [(1, 1, 0, 4), (3, 3, 8, 2), (99, 3, 8, 2), (0, 1, 0, 4)]
)
def test_a_page_beyond_the_last_is_the_last(number: int, shown: int, start: int, size: int) -> None:
    page = take_slice(np.arange(10, dtype=np.int32), number, 4)
    assert (page.number, page.start, page.positions.size, page.n_pages, page.n_rows) == (shown, start, size, 3, 10)


def test_no_rows_are_one_empty_page() -> None:
    page = take_slice(np.array([], dtype=np.int32), 2, 25)
    assert (page.number, page.n_pages, page.positions.size) == (1, 1, 0)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (pl.Series([-30, -10, None, -20], dtype=pl.Int16), [0, 3, 1, 2]),
        (pl.Series(["b", None, "c", "a"], dtype=pl.Enum(["a", "b", "c"])), [2, 0, 3, 1]),
    ],
    ids=["numbers without the sentinel", "words"],
)
def test_somebody_s_own_column_of_a_name_with_a_sentinel_is_sorted(values: pl.Series, wanted: list[int]) -> None:
    pds = pl.Series([0.1, 0.2, 0.3, 0.4], dtype=pl.Float32)
    frame = pl.DataFrame({"is_default": [False] * 4, "default_probability": pds, "DAYS_EMPLOYED": values})
    assert order_rows(make_rows(frame), ALL, Sort("DAYS_EMPLOYED")).tolist() == wanted


def test_a_slice_holds_the_stored_values_and_the_decision(rows: Predictions) -> None:
    page = sliced(rows, np.array([7, 3], dtype=np.int32), [ROW_NUMBER, ID, DECISION, "level"], 0.1)
    pds = rows.frame["default_probability"].to_list()
    assert page.columns == [ROW_NUMBER, ID, DECISION, "level"]
    assert page[ROW_NUMBER].to_list() == [8, 4]
    assert page[ID].to_list() == [rows.frame[ID][7], rows.frame[ID][3]]
    assert page[DECISION].to_list() == ["Declined" if pds[i] >= 0.1 else "Approved" for i in (7, 3)]
    assert page["level"].dtype == LEVELS


def test_a_pd_at_the_cutoff_is_declined() -> None:
    pds = pl.Series([float(np.nextafter(0.0909, 0)), 0.0909, 0.091])
    assert decisions(pds, 0.0909).to_list() == ["Approved", "Declined", "Declined"]


def test_the_file_holds_the_cohort_as_it_is_stored_and_the_decision(rows: Predictions) -> None:
    is_declined = pl.col("default_probability") >= 0.1
    declined = Filters.of([DecisionFilter((Decision.TRUE_DECLINE, Decision.FALSE_DECLINE))]).at(0.1)
    table = cohort_table(rows, declined, 0.1)
    stored = [name for name in rows.frame.columns if name not in ("pd_bin", "pd_band", "observed", "fold_name")]
    assert table.columns == [*stored, "decision"]
    assert table.drop("decision").equals(rows.frame.filter(is_declined).select(stored))
    assert table.schema["level"] == LEVELS
    assert set(table["decision"]) == {"Declined"}
    whole = cohort_table(rows, ALL, 0.1)
    assert whole.height == rows.frame.height
    assert (whole["decision"] == "Declined").sum() == table.height


def test_rows_that_models_decide_on_come_with_the_pds_of_each(rows: Predictions) -> None:
    other = pl.Series("score", np.random.default_rng(2).permutation(rows.frame["default_probability"].to_numpy()))
    known = {"champion": rows.frame["default_probability"], "other": other}
    judged = replace(rows, scores_of=known.__getitem__)
    into = ModelsFilter(
        (ModelDecision("champion", 0.1, is_declined=True), ModelDecision("other", 0.1, is_declined=False))
    )
    chosen = Filters.of([into])
    wanted = rows.frame.with_columns(other.alias("pd_other")).filter(
        pl.col("default_probability") >= 0.1, pl.col("pd_other") < 0.1
    )
    assert 0 < wanted.height < rows.frame.height
    table = cohort_table(judged, chosen, 0.1)
    assert table[ID].to_list() == wanted[ID].to_list()
    assert table["pd_other"].to_list() == wanted["pd_other"].to_list()
    assert table["pd_champion"].to_list() == wanted["default_probability"].to_list()
    columns = row_columns(judged, "EUR", chosen.models)
    assert list(columns)[:3] == ["default_probability", "~pd.champion", "~pd.other"]
    assert columns["~pd.other"].label == "PD by other"
    assert first_columns(judged, embedded.DEFINITION, chosen.models)[1:3] == ("~pd.champion", "~pd.other")
    order = find_order(judged, chosen, Sort("~pd.other"), most_sorted=rows.frame.height)[:]
    shown = sliced(judged, order, [ID, "~pd.other"], 0.1)
    by_pd = wanted.sort("pd_other", descending=True, maintain_order=True)
    assert shown[ID].to_list() == by_pd[ID].to_list()
    with pytest.raises(PredictionsError, match="leave out the condition"):
        cohort_table(rows, chosen, 0.1)


def test_a_column_of_the_file_that_is_called_decision_keeps_its_name() -> None:
    frame = pl.DataFrame(
        {
            "is_default": [False, True],
            "default_probability": pl.Series([0.01, 0.2], dtype=pl.Float32),
            "decision": pl.Series(["ok", "no"], dtype=pl.Enum(["no", "ok"])),
        }
    )
    table = cohort_table(make_rows(frame), ALL, 0.1)
    assert table["decision"].to_list() == ["ok", "no"]
    assert table["decision_at_cutoff"].to_list() == ["Approved", "Declined"]


def test_the_columns_begin_with_prediction_and_outcome_and_name_each_once(rows: Predictions) -> None:
    names = list(row_columns(rows, "EUR"))
    assert names[:5] == ["default_probability", DECISION, "observed", "pd_band", "fold_name"]
    assert sorted(names[5:]) == ["DAYS_EMPLOYED", "double", "large", "level", "number", "small"]
    assert set(first_columns(rows, embedded.DEFINITION)) <= set(names)
