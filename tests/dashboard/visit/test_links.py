"""Cohorts as text: what is written is read back, and what does not fit is left out with a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cohort.columns import prepare
from dashboard.cohort.filters import (
    Condition,
    Decision,
    DecisionFilter,
    Filters,
    LevelFilter,
    ModelDecision,
    ModelsFilter,
    RangeFilter,
)
from dashboard.visit import links
from dashboard.visit.links import Cohort, LinkError
from data.definition.columns import Special
from data.home_credit import embedded
from data.predictions.imports import import_predictions, parse_answers
from data.predictions.table import CohortColumn, CohortKind, Predictions, PredictionsSource

LEVELS = ("a", "b & c=d", "~missing", "~x", "é")
COLUMNS = {
    "kind": CohortColumn("kind", "Kind", "", "", CohortKind.LEVELS, LEVELS),
    "amount": CohortColumn("amount", "Amount", "", "", CohortKind.RANGE, minimum=0, maximum=9),
    "income": CohortColumn(
        "income",
        "Income",
        "",
        "",
        CohortKind.RANGE,
        minimum=0,
        maximum=9,
        special=(Special(-7.0, "not asked"), Special(-9.0, "no record")),
    ),
}
levels = st.lists(st.sampled_from(LEVELS), unique=True, min_size=1).map(lambda chosen: tuple(sorted(chosen)))
end = st.none() | st.floats(-1e9, 1e9)


@st.composite
def ranges(draw: st.DrawFn) -> RangeFilter:
    low, high = draw(end), draw(end)
    if low is not None and high is not None:
        low, high = sorted((low, high))
    return RangeFilter("amount", low, high, draw(st.booleans()))


conditions: st.SearchStrategy[Condition] = st.one_of(
    st.builds(LevelFilter, st.just("kind"), levels, st.booleans()),
    ranges(),
    st.just(RangeFilter("amount", with_missing=True, beside_range=True)),
    st.just(LevelFilter("kind", (), with_missing=True)),
    st.lists(
        st.builds(ModelDecision, st.sampled_from(["champion", "a>=b<0.5"]), st.floats(0, 1), st.booleans()),
        unique=True,
        min_size=1,
        max_size=4,
    ).map(lambda decisions: ModelsFilter(tuple(decisions))),
    st.lists(st.sampled_from(list(Decision)), unique=True, min_size=1).map(lambda k: DecisionFilter(tuple(sorted(k)))),
)


@given(st.lists(conditions, max_size=3))
def test_filters_come_back_from_a_link_as_they_were(chosen: list[Condition]) -> None:
    filters = Filters.of(chosen)
    assert links.read_filters(links.word_filters(filters), COLUMNS, embedded.DEFINITION) == (filters, ())
    assert links.read_cohort(links.word_cohort(filters), COLUMNS, embedded.DEFINITION) == (filters, ())


def test_a_link_says_levels_one_by_one_and_a_range_in_one() -> None:
    filters = Filters.of([LevelFilter("kind", ("a", "~x"), with_missing=True), RangeFilter("amount", 2, 3.5)])
    assert links.word_filters(filters) == (
        ("f.amount", "2..3.5"),
        ("f.kind", "a"),
        ("f.kind", "~~x"),
        ("f.kind", "~missing"),
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("f.kind=nobody", "asks for 'nobody', which is not one of its levels"),
        ("f.height=1..2", "names no column that cohorts can be cut by"),
        (
            "f.FLAG_PHONE=1..1",
            "names a column of the application form (Home phone given) that is not kept with the ",
        ),
        ("f.exposure=1..2", "names a column that cohorts are not cut by; search for it or sort by it on the page"),
        ("f.TARGET=1", "as the application table has it; the predictions have it as observed"),
        ("f.amount=3..2", "is not a range such as 10..20"),
        ("f.amount=1..2&f.amount=3..4", "is not a range such as 10..20"),
        ("f.amount=nan..2", "is not a range such as 10..20"),
        ("f.amount=1e999..", "is not a range such as 10..20"),
        ("f.amount=5", "is not a range such as 10..20"),
        ("f.~models=champion", "knows texts such as champion>=0.09 or challenger<0.09, not 'champion'"),
        ("f.~models=champion<nan", "not 'champion<nan'"),
        ("f.~models=<0.1", "not '<0.1'"),
        ("&".join(f"f.~models=a<0.{place}" for place in range(1, 10)), "holds 9 decisions, and 8 at most are read"),
        ("f.~decision=maybe", "knows true decline, false decline, true approval, false approval only"),
    ],
)
def test_a_filter_that_does_not_fit_is_left_out_with_a_sentence(query: str, said: str) -> None:
    filters, problems = links.read_filters(parse_qsl(query), COLUMNS, embedded.DEFINITION)
    assert filters == Filters()
    assert len(problems) == 1
    assert said in problems[0]


def test_what_a_link_makes_up_is_quoted_in_brief() -> None:
    _, problems = links.read_filters(
        [("f.kind", "n" * 5_000), ("f." + "c" * 5_000, "1..2")], COLUMNS, embedded.DEFINITION
    )
    assert problems == (
        f"The filter on kind asks for '{'n' * 39}…', which is not one of its levels (a, b & c=d, ~missing, ~x, é).",
        f"The filter on {'c' * 39}… names no column that cohorts can be cut by.",
    )


def test_of_many_levels_the_first_twelve_are_told() -> None:
    assert links.brief_list([f"{i}" for i in range(14)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"
    assert links.brief_list(["a", "n" * 50]) == f"a, {'n' * 39}…"


def test_of_many_problems_the_first_five_are_told() -> None:
    told = [f"{i}." for i in range(7)]
    assert links.first_problems(told) == ("0.", "1.", "2.", "3.", "4.", "And 2 more.")
    assert links.first_problems(told[:5]) == tuple(told[:5])


def test_of_cohorts_of_one_name_the_last_is_kept_and_of_too_many_the_last_ones() -> None:
    young, old = (Filters.of([RangeFilter("amount", *ends)]) for ends in ((0, 1), (8, 9)))
    assert links.combine_named([Cohort("A", young), Cohort("B", old), Cohort("A", old)]) == (
        Cohort("A", old),
        Cohort("B", old),
    )
    many = [Cohort(f"{i}", young) for i in range(links.MOST_NAMED)]
    assert links.combine_named([*many, Cohort("0", old), Cohort("new", old)]) == (
        Cohort("0", old),
        *many[2:],
        Cohort("new", old),
    )


def test_a_file_of_cohorts_opens_as_it_was_written() -> None:
    cohorts = (Cohort("Young", Filters.of([RangeFilter("amount", 1, 2)])), Cohort("All", Filters()))
    assert links.read_cohorts(links.write_cohorts(cohorts), COLUMNS, embedded.DEFINITION) == (cohorts, ())


def test_a_filter_of_a_file_that_does_not_fit_is_named_with_its_cohort() -> None:
    content = links.write_cohorts([Cohort("Tall", Filters.of([RangeFilter("height", 1, 2)]))])
    cohorts, problems = links.read_cohorts(content, COLUMNS, embedded.DEFINITION)
    # Nothing is left of it, and the whole portfolio is not called Tall.
    assert cohorts == ()
    assert problems == ("Tall: The filter on height names no column that cohorts can be cut by.",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\x00", "it does not hold JSON"),
        (b"[1, 2]", "lacks"),
        (b'{"format": "scoreroom.cohorts", "version": 2, "cohorts": []}', "of version 2"),
        (b'{"format": "scoreroom.cohorts", "version": 1, "cohorts": 3}', "a list of at most 50"),
        (b'{"format": "scoreroom.cohorts", "version": 1, "cohorts": [{"name": ""}]}', "each cohort has"),
        (
            json.dumps(
                {"format": "scoreroom.cohorts", "version": 1, "cohorts": [{"name": "x", "filters": [["f.kind", 3]]}]}
            ).encode(),
            "list of pairs of texts",
        ),
    ],
)
def test_a_file_that_is_none_of_cohorts_is_refused_in_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(LinkError, match=said):
        links.read_cohorts(content, COLUMNS, embedded.DEFINITION)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  Young \n men ", "Young men"), ("~rest", "rest"), ("\x00\x1b", ""), ("x" * 99, "x" * 60)],
)
def test_names_are_printable_and_on_one_line(typed: str, kept: str) -> None:
    assert links.clean_name(typed) == kept


def test_every_stored_column_of_the_outcome_and_the_fold_can_be_filtered_by() -> None:
    columns = {
        "observed": CohortColumn("observed", "Outcome", "", "", CohortKind.LEVELS, ("Repaid", "Defaulted")),
        "fold_name": CohortColumn("fold_name", "Fold", "", "", CohortKind.LEVELS, ("0", "1")),
    }
    found, problems = links.read_filters([("f.is_default", "true"), ("f.fold", "1")], columns, embedded.DEFINITION)
    assert found == Filters.of([LevelFilter("fold_name", ("1",)), LevelFilter("observed", ("Defaulted",))])
    assert problems == ()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("f.p=0..0.1", RangeFilter("default_probability", 0, 0.1)),
        ("f.default_probability=0..0.1", RangeFilter("default_probability", 0, 0.1)),
        ("f.y=1", LevelFilter("observed", ("Defaulted",))),
        ("f.y=no", LevelFilter("observed", ("Repaid",))),
        ("f.y=Repaid", LevelFilter("observed", ("Repaid",))),
        ("f.part=1", LevelFilter("fold_name", ("1",))),
    ],
)
def test_a_file_s_own_name_of_a_role_means_the_column_that_was_made_of_it(query: str, found: Condition) -> None:
    frame = pl.DataFrame(
        {
            "is_default": [True, False],
            "default_probability": [0.3, 0.05],
            "fold": pl.Series([0, 1], dtype=pl.UInt8),
        }
    )
    roles = {"outcome": "y", "probability": "p", "fold": "part"}
    predictions = prepare(Predictions(frame, PredictionsSource("theirs.csv", "", is_imported=True), (), roles))
    columns = {column.name: column for column in predictions.cohort_columns}
    assert links.read_filters(parse_qsl(query), columns, embedded.DEFINITION) == (Filters.of([found]), ())


def test_the_own_name_of_percentages_is_not_taken_for_shares(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("y,pct\n1,30\n0,5\n")
    predictions = prepare(import_predictions(path, embedded.DEFINITION, parse_answers(["pct=percent"])))
    assert dict(predictions.roles) == {"outcome": "y", "percent": "pct"}
    columns = {column.name: column for column in predictions.cohort_columns}
    _, problems = links.read_filters([("f.pct", "0..10")], columns, embedded.DEFINITION)
    assert problems == ("The filter on pct names no column that cohorts can be cut by.",)


@pytest.mark.parametrize(
    ("texts", "rows"),
    [
        (["-9..-9"], [0]),
        (["-7..-7"], [2]),
        (["..5"], [1]),
        (["0..9"], [1, 3]),
        (["-7..-7", "-9..-9"], [0, 2]),
        (["4..", "-9..-9", "~missing"], [0, 3, 4]),
        (["-7..-7", "~missing"], [2, 4]),
        (["..", "-7..-7"], [1, 2, 3]),
    ],
)
def test_a_link_asks_for_special_values_and_for_quantities(texts: list[str], rows: list[int]) -> None:
    frame = pl.DataFrame({"row": range(5), "income": [-9, 3, -7, 8, None]})
    filters, problems = links.read_filters([("f.income", text) for text in texts], COLUMNS, embedded.DEFINITION)
    assert problems == ()
    assert links.word_filters(filters) == tuple(("f.income", text) for text in texts)
    expression = filters.expression()
    assert expression is not None
    assert frame.filter(expression)["row"].to_list() == rows


def test_a_name_that_is_taken_gets_a_number_within_the_longest_name() -> None:
    assert links.free_name("A", {"B"}) == "A"
    assert links.free_name("A", {"A", "A (2)"}) == "A (3)"
    assert links.free_name("x" * 60, {"x" * 60}) == "x" * 56 + " (2)"


def test_notes_go_out_and_come_in_with_their_cohorts() -> None:
    noted = Cohort("Noted", Filters.of([RangeFilter("amount", 1, 2)]), "Why:\nsee\x00 above")
    (back,), _ = links.read_cohorts(links.write_cohorts([noted]), COLUMNS, embedded.DEFINITION)
    assert back.note == "Why:\nsee  above"
