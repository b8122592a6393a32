"""Every change that is shown flips the decision, is plausible, and cannot be made smaller."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import permutations

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from data.home_credit import embedded
from data.settings import Settings
from inference.errors import FeatureError
from inference.explain.counterfactuals import Counterfactual, FieldChange, closest_change, find_changes
from inference.explain.moves import Moves
from inference.model.artifact import Manifest
from inference.model.build import PublishedModel
from inference.model.decision import declines, is_declined
from inference.model.session import ScoringSession
from inference.values import Value, check_value
from scripts._embedded import FEATURES

CREDIT, ANNUITY, GOODS = "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE"
Application = dict[str, Value]


@pytest.fixture(scope="module")
def session(built: Settings) -> ScoringSession:
    return ScoringSession.open(built.model, embedded.DEFINITION)


@pytest.fixture(scope="module")
def cutoff(session: ScoringSession) -> float:
    return session.manifest.cutoff


@pytest.fixture(scope="module")
def declined(built: Settings, session: ScoringSession, cutoff: float) -> list[Application]:
    """Sixty declined applications from all over the portfolio; of some the price of the goods is missing."""
    table = pl.read_parquet(built.applications)
    rows = table.filter(pl.Series(is_declined(session.score_frame(table), cutoff)))
    applications = rows.gather_every(max(rows.height // 60, 1)).head(60).to_dicts()
    return [{**each, GOODS: None} if i % 10 == 0 else each for i, each in enumerate(applications)]


def changed(application: Application, changes: tuple[FieldChange, ...]) -> Application:
    return {**application, **{change.name: change.after for change in changes}}


def amount(application: Application, name: str) -> float:
    value = application[name]
    assert isinstance(value, int | float)
    return float(value)


def check_plausible(before: Application, after: Application) -> None:
    """The dependences of amounts as an analyst would say them."""
    credit, annuity = amount(after, CREDIT), amount(after, ANNUITY)
    assert credit <= amount(before, CREDIT)
    if before[GOODS] is not None:
        assert amount(after, GOODS) <= amount(before, GOODS)
        ratio, ratio_before = credit / amount(after, GOODS), amount(before, CREDIT) / amount(before, GOODS)
        assert 1.0 <= ratio <= ratio_before * 1.00001
    if before["NAME_CONTRACT_TYPE"] == "Revolving loans":
        assert annuity == pytest.approx(0.05 * credit, rel=1e-9)
        assert before[GOODS] is None or after[GOODS] == credit
    else:
        assert 8.2 < credit / annuity < 38.0
    documents = [after[f"FLAG_DOCUMENT_{number}"] for number in (3, 6, 8)]
    assert sum(document == 1 for document in documents) <= 1


def test_every_change_that_is_shown_flips_and_is_plausible(
    session: ScoringSession, cutoff: float, declined: list[Application]
) -> None:
    n_found = n_none = 0
    for application in declined:
        found = find_changes(session, application, cutoff)
        n_found, n_none = n_found + len(found), n_none + (not found)
        assert [each.cost for each in found] == sorted(each.cost for each in found)
        assert len(found) <= 6
        assert len({frozenset(each.steps) for each in found}) == len(found)
        for each in found:
            after = changed(application, each.changes)
            assert each.default_probability == session.score(after)
            assert not declines(each.default_probability, cutoff)
            check_plausible(application, after)
            for change in each.changes:
                assert change.before == application[change.name] != change.after
                assert type(check_value(embedded.DEFINITION, change.name, change.after)) is type(change.after)
    # Both happen, so that the loop above has seen each.
    assert n_found > 15
    assert n_none > 3


def test_where_nothing_flips_the_lowest_pd_of_all_that_is_tried_is_given(
    session: ScoringSession, cutoff: float, declined: list[Application]
) -> None:
    stuck = [application for application in declined if not find_changes(session, application, cutoff)][:3]
    assert stuck
    for application in stuck:
        closest = closest_change(session, application, cutoff)
        assert closest is not None
        assert closest.default_probability == session.score(changed(application, closest.changes))
        assert declines(closest.default_probability, cutoff)
        check_plausible(application, changed(application, closest.changes))
        # No single move goes lower, by scoring each of its steps by itself.
        moves = Moves(application, embedded.DEFINITION, FEATURES.sources)
        for name, move in moves.items():
            for step in range(0, len(move.values), max(len(move.values) // 8, 1)):
                columns = moves.after({name: np.array([step])})
                after = {column: values[0] for column, values in columns.items()}
                if not any(isinstance(value, float) and math.isnan(value) for value in after.values()):
                    typed = {key: check_value(embedded.DEFINITION, key, value) for key, value in after.items()}
                    assert session.score({**application, **typed}) >= closest.default_probability


def test_none_can_be_made_smaller(session: ScoringSession, cutoff: float, declined: list[Application]) -> None:
    seen = set[int]()
    for application in declined:
        moves = Moves(application, embedded.DEFINITION, FEATURES.sources)
        for each in find_changes(session, application, cutoff):
            seen.add(len(each.steps))
            for name, step in each.steps.items():
                # By every smaller step of a move alone, and by a few of each of two: all of them are found by scoring.
                smaller = range(step) if len(each.steps) == 1 else range(step - 1, -1, -max(step // 20, 1))
                for less in smaller:
                    columns = moves.after({key: np.array([at]) for key, at in {**each.steps, name: less}.items()})
                    values = {key: float(column[0]) for key, column in columns.items()}
                    if not math.isnan(next(iter(values.values()))):
                        assert declines(session.score({**application, **values}), cutoff)
    assert seen == {1, 2}


def test_two_moves_cost_less_than_either_alone(
    session: ScoringSession, cutoff: float, declined: list[Application]
) -> None:
    n_pairs = 0
    for application in declined:
        found = find_changes(session, application, cutoff, n=100)
        alone = {next(iter(each.steps)): each.cost for each in found if len(each.steps) == 1}
        pairs = [each for each in found if len(each.steps) == 2]
        n_pairs += len(pairs)
        assert all(each.cost < 0.95 * alone.get(name, math.inf) for each in pairs for name in each.steps)
    assert n_pairs > 3


def test_no_change_asks_for_all_of_another_and_more(
    session: ScoringSession, cutoff: float, declined: list[Application]
) -> None:
    n_compared = 0
    for application in declined:
        sizes = [
            {change.name: abs(float(change.after or 0) - float(change.before or 0)) for change in each.changes}
            for each in find_changes(session, application, cutoff, n=100)
        ]
        for one, other in permutations(sizes, 2):
            n_compared += one.keys() <= other.keys()
            assert not (one.keys() <= other.keys() and all(size <= other[name] for name, size in one.items()))
    # Some ask for fewer fields, each of them farther.
    assert n_compared > 0


def test_only_the_cheapest_n_are_shown(session: ScoringSession, cutoff: float, declined: list[Application]) -> None:
    found = [find_changes(session, application, cutoff, n=100) for application in declined[:20]]
    most = max(range(len(found)), key=lambda i: len(found[i]))
    assert len(found[most]) > 2
    assert find_changes(session, declined[most], cutoff, n=2) == found[most][:2]
    assert find_changes(session, declined[most], cutoff, n=0) == ()


class LinearModel:
    """A model small enough to work out by hand: base + the sum of slope x feature."""

    name = "linear"

    def __init__(self, base: float, slopes: Mapping[str, float]) -> None:
        self._base = base
        self._slopes = {FEATURES.names.index(name): slope for name, slope in slopes.items()}

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        places, slopes = list(self._slopes), np.array(list(self._slopes.values()))
        found: NDArray[np.float32] = (self._base + matrix[:, places] @ slopes).astype(np.float32)
        return found


def linear(published: PublishedModel, slopes: Mapping[str, float], base: float = 0.0) -> ScoringSession:
    return ScoringSession(LinearModel(base, slopes), Manifest.load(published.directory), FEATURES)


def steps_of(found: tuple[Counterfactual, ...]) -> list[tuple[dict[str, Value], float]]:
    return [({change.name: change.after for change in each.changes}, round(each.cost, 9)) for each in found]


LOAN: Application = {CREDIT: 200_000.0, ANNUITY: 10_000.0, GOODS: 200_000.0}


def test_the_smallest_step_below_the_cutoff_and_its_cost(published: PublishedModel) -> None:
    # PD 0.2, less with the credit: 180,000 is the cutoff itself and still declined, 179,800 the first step below.
    found = find_changes(linear(published, {CREDIT: 1e-6}), LOAN, 0.18)
    assert steps_of(found) == [
        ({CREDIT: 179_800.0, GOODS: 179_800.0, ANNUITY: 8_990.0}, round(math.log(200 / 179.8), 9))
    ]
    assert found[0].changes[0] == FieldChange(CREDIT, 200_000.0, 179_800.0)
    assert found[0].default_probability == np.float32(0.1798)


def test_a_longer_term_and_its_end(published: PublishedModel) -> None:
    session = linear(published, {ANNUITY: 1e-5})
    cost = round(math.log(10 / 7), 9)
    # A smaller loan with the same annuity asks for more.
    assert steps_of(find_changes(session, LOAN, 0.0701)) == [({ANNUITY: 7_000.0}, cost)]
    # Of 200,000 nobody has a term above 32.6, which is an annuity of 6,135; a smaller loan has a smaller one.
    found = [set(changes) for changes, _ in steps_of(find_changes(session, LOAN, 0.06))]
    assert found == [{CREDIT, GOODS, ANNUITY}]


def test_two_flags_where_one_does_not_do(published: PublishedModel) -> None:
    session = linear(published, {"FLAG_PHONE": -0.25, "FLAG_WORK_PHONE": -0.125}, base=0.5)
    application: Application = {"FLAG_PHONE": 0, "FLAG_WORK_PHONE": 0, "FLAG_DOCUMENT_3": 1, "DAYS_EMPLOYED": -100}
    one = round(math.log(1.1), 9)
    both = ({"FLAG_PHONE": 1, "FLAG_WORK_PHONE": 1}, round(2 * math.log(1.1), 9))
    assert steps_of(find_changes(session, application, 0.2)) == [both]
    # The work phone beside it would be superfluous.
    assert steps_of(find_changes(session, application, 0.3)) == [({"FLAG_PHONE": 1}, one)]
    assert steps_of(find_changes(session, application, 0.45)) == [
        ({"FLAG_PHONE": 1}, one),
        ({"FLAG_WORK_PHONE": 1}, one),
    ]


def test_a_pair_is_made_as_small_as_it_can_be(published: PublishedModel) -> None:
    session = linear(published, {CREDIT: 1e-6, "FLAG_PHONE": -0.05})
    application: Application = {**LOAN, "FLAG_PHONE": 0}
    # Together 0.15 - 0.0501; the credit alone has to fall to 99,800, which costs more.
    expected = {CREDIT: 149_800.0, GOODS: 149_800.0, ANNUITY: 7_490.0, "FLAG_PHONE": 1}
    cost = round(math.log(200 / 149.8) + math.log(1.1), 9)
    assert steps_of(find_changes(session, application, 0.1))[0] == (expected, cost)


def test_what_is_no_application_is_refused(session: ScoringSession) -> None:
    with pytest.raises(FeatureError, match="no column 'AMT'"):
        find_changes(session, {"AMT": 1.0}, 0.1)
    with pytest.raises(FeatureError, match="AMT_CREDIT holds 'much'"):
        find_changes(session, {"AMT_CREDIT": "much"}, 0.1)
