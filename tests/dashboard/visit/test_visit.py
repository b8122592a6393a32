"""A visit as an address: what is written is read back, and what does not fit is left out with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cohort.filters import Filters, LevelFilter, RangeFilter
from dashboard.visit import links
from dashboard.visit.drafts import NEW, Draft, Edits, Scenario, make_edits
from dashboard.visit.links import MOST_NAMED, Cohort
from dashboard.visit.visit import (
    AGAINST,
    APPLICANT,
    COHORTS,
    CUTOFF,
    EDITS,
    REST,
    SCENARIOS,
    Visit,
    of_portfolio,
    of_table,
    portfolio_slug,
    read_visit,
    word_visit,
)
from data.home_credit import embedded
from data.predictions.table import CohortColumn, CohortKind

COLUMNS = {
    "kind": CohortColumn("kind", "Kind", "", "", CohortKind.LEVELS, ("a", "b")),
    "amount": CohortColumn("amount", "Amount", "", "", CohortKind.RANGE, minimum=0, maximum=9),
}
YOUNG = Filters.of([RangeFilter("amount", 1, 2.5)])
SMALLER = make_edits(
    [("AMT_CREDIT", 25_000.5), ("DAYS_BIRTH", -14_611), ("NAME_INCOME_TYPE", None)], embedded.DEFINITION, {}
)

names = st.text(min_size=1, max_size=links.LONGEST_NAME).filter(lambda name: links.clean_name(name) == name)
edits = st.sampled_from([(), SMALLER, (("FLAG_PHONE", 1),), (("CODE_GENDER", "a&b=~é +%"),)])
drafts_ = st.builds(Draft, st.just(NEW) | st.integers(0, 999_999).map(str), edits)
scenarios = st.lists(st.builds(Scenario, names, drafts_), max_size=5, unique_by=lambda kept: kept.name)
cohorts = st.lists(
    st.builds(Cohort, names, st.sampled_from([YOUNG, Filters.of([LevelFilter("kind", ("a",))])])),
    max_size=3,
    unique_by=lambda kept: kept.name,
)


def test_a_link_to_a_dropped_file_is_of_that_file_alone() -> None:
    address = {"file": ["0123456789abcdef"], "f.kind": ["a"]}
    assert of_table(address, "0123456789abcdef") == (address, "")
    for shown in ("", "f" * 16):
        left, sentence = of_table(address, shown)
        assert left == {}
        assert "a file that was dropped in another visit" in sentence
    # A link of the portfolio applies to no file.
    assert of_table({"f.kind": ["a"]}, "f" * 16)[0] == {}
    assert of_table({"f.kind": ["a"]}, "") == ({"f.kind": ["a"]}, "")


@given(cohorts, scenarios, edits, st.sampled_from([Filters(), YOUNG]), st.integers(0, 10_000))
def test_a_visit_comes_back_from_its_address_as_it_was(
    kept: list[Cohort], named: list[Scenario], changed: Edits, filters: Filters, cutoff: int
) -> None:
    visit = Visit(filters, tuple(kept), tuple(named)).with_values(
        {CUTOFF: cutoff / 100, EDITS: changed, APPLICANT: "7", AGAINST: REST}
    )
    assert read_visit(word_visit(visit), COLUMNS, embedded.DEFINITION, Visit()) == (visit, ())


def test_the_address_of_a_visit() -> None:
    visit = Visit(scenarios=(Scenario("Smaller & later", Draft(NEW, SMALLER)),)).with_values(
        {APPLICANT: "100002", EDITS: SMALLER}
    )
    changed = "AMT_CREDIT=25000.5&NAME_INCOME_TYPE=~missing&DAYS_BIRTH=-14611"
    assert word_visit(visit) == {
        "cutoff": ["9.09"],
        "applicant": ["100002"],
        "edits": [changed],
        "s.Smaller & later": [f"applicant=new&{changed}"],
    }


def test_what_is_as_usual_is_not_in_the_address_but_for_the_cutoff() -> None:
    visit = Visit().with_values({APPLICANT: "7", EDITS: SMALLER}).with_values({APPLICANT: "", EDITS: ()})
    assert visit == Visit()
    assert word_visit(visit) == {"cutoff": ["9.09"]}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"edits": ["NOPE=1"]}, "The application table has no column 'NOPE'"),
        ({"edits": ["AMT_CREDIT=much"]}, "Credit amount (AMT_CREDIT) is 'much'; expected a number from 1 to"),
        ({"edits": ["AMT_CREDIT=inf"]}, "Credit amount (AMT_CREDIT) is 'inf'; expected a number from 1 to"),
        ({"edits": ["CNT_CHILDREN=1&" * 200 + "CNT_CHILDREN=1"]}, "changes 201 values of an application"),
        ({"applicant": ["1" * 66]}, f"applicant '{'1' * 40}' is not valid; its default is used."),
        ({"s.Mine": ["applicant=<b>"]}, "Mine: '<b>' is no application; give its id"),
        ({"s.Mine": ["applicant=7&AMT_CREDIT=much"]}, "Mine: Credit amount (AMT_CREDIT) is 'much'"),
        ({"against": ["Gone"]}, "No cohort to compare with is called Gone."),
        ({"x" * 5_000: ["1"]}, f"{'x' * 40} (not a known setting)."),
    ],
)
def test_what_does_not_fit_is_left_out_with_a_sentence(address: Mapping[str, list[str]], said: str) -> None:
    visit, problems = read_visit({**address, "cutoff": ["12.5"]}, COLUMNS, embedded.DEFINITION, Visit())
    assert visit == Visit().with_values({CUTOFF: 12.5})
    assert len(problems) == 1
    assert said in problems[0]


def test_the_last_of_several_values_counts() -> None:
    visit, problems = read_visit({"edits": ["NOPE=1", "CNT_CHILDREN=1"]}, COLUMNS, embedded.DEFINITION, Visit())
    assert (visit.value(EDITS), problems) == ((("CNT_CHILDREN", 1),), ())


def test_a_scenario_without_a_name_is_none() -> None:
    nameless = {"s.": ["applicant=7"], "s. ~ ": ["applicant=7"]}
    assert read_visit(nameless, COLUMNS, embedded.DEFINITION, Visit()) == (Visit(), ())


def test_a_link_brings_no_more_scenarios_than_a_visit_keeps() -> None:
    address = {f"s.{i}": [f"applicant={i}"] for i in range(MOST_NAMED + 5)}
    visit, problems = read_visit(address, COLUMNS, embedded.DEFINITION, Visit())
    assert [kept.name for kept in visit.scenarios] == [str(i) for i in range(5, MOST_NAMED + 5)]
    assert problems == ("Of the link's scenarios only the last 50 are kept.",)


def test_what_has_a_name_outlasts_going_back_and_the_link_s_own_replaces_it() -> None:
    known = Visit(YOUNG, (Cohort("Young", YOUNG),), (Scenario("A", Draft("1")), Scenario("B", Draft("2"))))
    visit, _ = read_visit({"s.A": ["applicant=3"]}, COLUMNS, embedded.DEFINITION, known)
    assert visit.scenarios == (Scenario("A", Draft("3")), Scenario("B", Draft("2")))
    assert visit.cohorts == known.cohorts
    assert visit.filters == Filters()


def test_a_shelf_holds_things_of_one_kind() -> None:
    visit = Visit(cohorts=(Cohort("A", YOUNG),), scenarios=(Scenario("A", Draft("1")),))
    assert SCENARIOS.of(visit) == visit.scenarios
    assert COHORTS.keep_only(visit, ()) == Visit(scenarios=visit.scenarios)
    assert SCENARIOS.keep_only(visit, ()) == Visit(cohorts=visit.cohorts)
    # Scenarios are compared with nothing; only a lost cohort takes the comparison with it.
    compared = visit.with_values({AGAINST: "A"})
    assert SCENARIOS.keep_only(compared, ()).value(AGAINST) == "A"
    assert COHORTS.keep_only(compared, ()).value(AGAINST) == ""


def test_a_link_opens_a_copy_beside_a_saved_cohort_of_its_name() -> None:
    saved = Cohort("Young", YOUNG, "mine", is_saved=True)
    linked = {"c.Young": ["f.kind=a"], "against": ["Young"]}
    visit, problems = read_visit(linked, COLUMNS, embedded.DEFINITION, Visit(cohorts=(saved,)))
    assert problems == ()
    assert [(each.name, each.is_saved) for each in visit.cohorts] == [("Young", True), ("Young (2)", False)]
    assert visit.value(AGAINST) == "Young (2)"
    # The reader's own link, followed again, adds nothing.
    own = {"c.Young": [links.word_cohort(YOUNG)], "against": ["Young"]}
    assert read_visit(own, COLUMNS, embedded.DEFINITION, visit)[0].cohorts == visit.cohorts


def test_an_address_names_what_is_saved_only_where_it_is_compared_with() -> None:
    visit = Visit(cohorts=(Cohort("Mine", YOUNG, is_saved=True), Cohort("Theirs", YOUNG)))
    assert {name for name in word_visit(visit) if name.startswith("c.")} == {"c.Theirs"}
    compared = word_visit(visit.with_values({AGAINST: "Mine"}))
    assert {name for name in compared if name.startswith("c.")} == {"c.Mine", "c.Theirs"}


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Consumer loans 2024", "consumer-loans-2024"),
        ("  Ärger & Söhne: <b> ", "rger-s-hne-b"),
        ("x" * 100, "x" * 40),
        ("信用", replace(embedded.DEFINITION, name="信用").digest[:8]),
    ],
)
def test_a_portfolio_has_a_short_name_for_links(name: str, slug: str) -> None:
    assert portfolio_slug(replace(embedded.DEFINITION, name=name)) == slug


def test_a_link_of_another_portfolio_leaves_nothing_but_a_sentence() -> None:
    own = portfolio_slug(embedded.DEFINITION)
    said = {"f.amount": ["1..2"], "cutoff": ["5"]}
    assert of_portfolio(said, own) == (said, "")
    assert of_portfolio({"portfolio": [own], **said}, own) == (said, "")
    rest, sentence = of_portfolio({"portfolio": ["loans"], **said}, own)
    assert rest == {}
    assert sentence == f"This link was made on the portfolio “loans”; on “{own}”, nothing of it was applied."
