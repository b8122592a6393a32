"""Every change that is shown flips the decision, no cheaper one does, and none is out of anybody's hands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations, product

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from data import schema
from data.schema import Group, Kind, Sensitivity
from data.settings import Settings
from inference.artifact import Manifest
from inference.build import PublishedModel
from inference.counterfactuals import (
    FLAG_COST,
    LEVERS,
    LONGEST_TERM,
    SHORTEST_TERM,
    Counterfactual,
    FieldChange,
    Lever,
    find_changes,
)
from inference.decision import declines, is_declined
from inference.errors import FeatureError
from inference.features import FEATURES
from inference.session import ScoringSession
from inference.values import Value, check_value

Application = dict[str, Value]
AMOUNTS = ("AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE")
# Coarse enough to go through every change of them one by one.
FEW_LEVERS = (
    Lever("AMT_CREDIT", (-0.1, -0.3, -0.5)),
    Lever("AMT_ANNUITY", (-0.4, -0.2, 0.2, 0.4)),
    Lever("AMT_GOODS_PRICE", (-0.3, 0.3, 0.6)),
    Lever("FLAG_PHONE", (1.0,)),
    Lever("FLAG_DOCUMENT_3", (1.0,)),
)


@pytest.fixture(scope="module")
def session(built: Settings) -> ScoringSession:
    return ScoringSession.open(built.model)


@pytest.fixture(scope="module")
def cutoff(session: ScoringSession) -> float:
    return session.manifest.cutoff


@pytest.fixture(scope="module")
def declined(built: Settings, session: ScoringSession, cutoff: float) -> list[Application]:
    """A hundred declined applications from all over the portfolio; of some the price of the goods is missing."""
    table = pl.read_parquet(built.applications)
    rows = table.filter(pl.Series(is_declined(session.score_frame(table), cutoff)))
    applications = rows.gather_every(max(rows.height // 100, 1)).head(100).to_dicts()
    return [{**each, "AMT_GOODS_PRICE": None} if i % 10 == 0 else each for i, each in enumerate(applications)]


def changed(application: Application, changes: tuple[FieldChange, ...]) -> Application:
    return {**application, **{change.name: change.after for change in changes}}


def amounts_of(application: Mapping[str, Value]) -> list[float]:
    return [math.nan if value is None else float(value) for value in (application[name] for name in AMOUNTS)]


def is_allowed(before: Application, after: Application) -> bool:
    """The two constraints as they are worded, up to what rounding to whole units can do to a ratio."""
    (credit, annuity, goods), (credit_now, annuity_now, goods_now) = amounts_of(after), amounts_of(before)
    term_slack = 0.5 * (1 + credit / annuity) / annuity * 1.001
    goods_slack = 0.5 * (1 + credit / goods) / goods * 1.001
    term, term_now = credit / annuity, credit_now / annuity_now
    if term < min(SHORTEST_TERM, term_now) - term_slack or term > max(LONGEST_TERM, term_now) + term_slack:
        return False
    return not credit / goods > max(credit_now / goods_now, 1.0) + goods_slack


def test_levers_are_in_somebodys_hands() -> None:
    columns = [schema.column(lever.name) for lever in LEVERS]
    assert {column.sensitivity for column in columns} == {Sensitivity.NONE}
    assert {Group.EXTERNAL, Group.PERSON}.isdisjoint(column.group for column in columns)
    assert {column.name for column in columns if column.kind is Kind.NUMERIC} == set(AMOUNTS)
    assert {column.kind for column in columns} == {Kind.NUMERIC, Kind.FLAG}
    assert len({column.name for column in columns}) == len(columns)


def test_levers_by_hand() -> None:
    moves = {lever.name: lever.moves for lever in LEVERS}
    assert (min(moves["AMT_CREDIT"]), max(moves["AMT_CREDIT"]), len(moves["AMT_CREDIT"])) == (-0.6, -0.025, 24)
    for name in ("AMT_ANNUITY", "AMT_GOODS_PRICE"):
        assert (min(moves[name]), max(moves[name]), len(moves[name])) == (-0.6, 0.6, 48)


def test_every_change_that_is_shown_flips_and_is_allowed(
    session: ScoringSession, cutoff: float, declined: list[Application]
) -> None:
    n_found = n_none = 0
    for application in declined:
        found = find_changes(session, application, cutoff)
        n_found, n_none = n_found + len(found), n_none + (not found)
        assert [each.cost for each in found] == sorted(each.cost for each in found)
        assert len(found) <= 6
        fields = [frozenset(change.name for change in each.changes) for each in found]
        assert len(set(fields)) == len(fields)
        for each in found:
            after = changed(application, each.changes)
            assert each.default_probability == session.score(after)
            assert not declines(each.default_probability, cutoff)
            assert is_allowed(application, after)
            _check_changes(application, each)
    # Both happen, so that the loop above has seen each.
    assert n_found > 50
    assert n_none > 5


def _check_changes(application: Application, each: Counterfactual) -> None:
    moves = {lever.name: lever.moves for lever in LEVERS}
    cost = 0.0
    for change in each.changes:
        assert change.before == application[change.name] != change.after
        assert type(check_value(change.name, change.after)) is type(change.after)
        assert isinstance(change.before, int | float)
        assert isinstance(change.after, int | float)
        if schema.column(change.name).kind is Kind.FLAG:
            assert (change.before, change.after) == (0, 1)
            cost += math.log(1.1)
        else:
            assert change.after in [round(change.before * (1 + move)) for move in moves[change.name]]
            cost += abs(math.log(change.after / change.before))
    assert each.cost == pytest.approx(cost, rel=1e-12)


def _all_changes(application: Application, levers: tuple[Lever, ...]) -> Iterator[tuple[tuple[str, float], ...]]:
    """Every change of one field or two that is allowed, in plain loops."""
    moves: dict[str, list[float]] = {}
    for lever in levers:
        now = application[lever.name]
        if schema.column(lever.name).kind is Kind.FLAG:
            moves[lever.name] = [1] if now == 0 else []
        elif isinstance(now, int | float):
            moves[lever.name] = [float(round(now * (1 + move))) for move in lever.moves]
    for n_fields in (1, 2):
        for names in combinations(moves, n_fields):
            for values in product(*(moves[name] for name in names)):
                if is_allowed(application, {**application, **dict(zip(names, values, strict=True))}):
                    yield tuple(zip(names, values, strict=True))


def _expected(
    session: ScoringSession, application: Application, cutoff: float, levers: tuple[Lever, ...]
) -> list[tuple[float, frozenset[str]]]:
    """Cost and fields of what is to be shown, each change scored alone."""
    best: dict[frozenset[str], float] = {}
    for change in _all_changes(application, levers):
        if not declines(session.score({**application, **dict(change)}), cutoff):
            cost = sum(_cost_by_hand(application, name, after) for name, after in change)
            fields = frozenset(name for name, _ in change)
            best[fields] = min(cost, best.get(fields, math.inf))
    return sorted(
        (cost, fields)
        for fields, cost in best.items()
        if all(cost < best.get(frozenset({name}), math.inf) for name in fields) or len(fields) == 1
    )


def _cost_by_hand(application: Application, name: str, after: float) -> float:
    before = application[name]
    assert isinstance(before, int | float)
    return math.log(1.1) if name.startswith("FLAG") else abs(math.log(after) - math.log(before))


def test_what_is_shown_is_what_going_through_all_changes_finds(
    session: ScoringSession, cutoff: float, declined: list[Application]
) -> None:
    shown = set[int]()
    for application in declined:
        found = find_changes(session, application, cutoff, levers=FEW_LEVERS, n=100)
        expected = _expected(session, application, cutoff, FEW_LEVERS)
        assert [each.cost for each in found] == pytest.approx([cost for cost, _ in expected])
        assert {frozenset(change.name for change in each.changes) for each in found} == {names for _, names in expected}
        shown.update(len(each.changes) for each in found)
    assert shown == {1, 2}


def test_no_cheaper_single_change_flips(session: ScoringSession, cutoff: float, declined: list[Application]) -> None:
    for application in declined[::4]:
        for each in find_changes(session, application, cutoff):
            for name in {change.name for change in each.changes}:
                lever = next(lever for lever in LEVERS if lever.name == name)
                for change in _all_changes(application, (lever,)):
                    cheaper = _cost_by_hand(application, *change[0]) < each.cost - 1e-9
                    approved = not declines(session.score({**application, **dict(change)}), cutoff)
                    assert not (cheaper and approved)


def test_only_the_cheapest_n_are_shown(session: ScoringSession, cutoff: float, declined: list[Application]) -> None:
    found = [find_changes(session, application, cutoff, n=100) for application in declined[:20]]
    most = max(range(len(found)), key=lambda i: len(found[i]))
    assert len(found[most]) > 2
    assert find_changes(session, declined[most], cutoff, n=2) == found[most][:2]
    assert find_changes(session, declined[most], cutoff, n=0) == ()


def test_an_approved_application_needs_no_change(session: ScoringSession, declined: list[Application]) -> None:
    application = declined[1]
    probability = session.score(application)
    assert find_changes(session, application, math.nextafter(probability, 1.0)) == ()
    # The same one, declined by a hair, has a way out.
    assert find_changes(session, application, probability)


def test_none_is_found_where_nothing_helps(session: ScoringSession, declined: list[Application]) -> None:
    # No PD is below 0, and an application that says nothing gives nothing to act on.
    assert find_changes(session, declined[1], 0.0) == ()
    assert find_changes(session, {}, 0.0) == ()
    assert find_changes(session, {"FLAG_PHONE": 1, "AMT_CREDIT": None}, 0.0) == ()


def test_a_missing_amount_is_never_changed(session: ScoringSession, declined: list[Application]) -> None:
    bare = [{**each, "AMT_GOODS_PRICE": None, "AMT_ANNUITY": math.nan, "AMT_CREDIT": 0.0} for each in declined]
    # A PD at the cutoff is declined, and whatever lowers it is a change.
    approved_by = [find_changes(session, each, session.score(each)) for each in bare]
    names = {change.name for found in approved_by for each in found for change in each.changes}
    assert names
    assert names.isdisjoint(AMOUNTS)


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
    return ScoringSession(LinearModel(base, slopes), Manifest.load(published.directory))


def steps_of(found: tuple[Counterfactual, ...]) -> list[tuple[dict[str, Value], float]]:
    return [({change.name: change.after for change in each.changes}, round(each.cost, 9)) for each in found]


LOAN: Application = {"AMT_CREDIT": 200_000.0, "AMT_ANNUITY": 10_000.0, "AMT_GOODS_PRICE": 200_000.0}


def test_the_smallest_step_below_the_cutoff_and_its_cost(published: PublishedModel) -> None:
    # PD 0.2; 10 % less is the cutoff of 0.18 itself and still declined, 12.5 % less is the first below it.
    session = linear(published, {"AMT_CREDIT": 1e-6})
    found = find_changes(session, LOAN, 0.18)
    assert steps_of(found) == [({"AMT_CREDIT": 175_000.0}, round(math.log(200 / 175), 9))]
    assert found[0].changes[0].before == 200_000.0
    assert found[0].default_probability == np.float32(0.175)


def test_two_flags_where_one_does_not_do(published: PublishedModel) -> None:
    session = linear(published, {"FLAG_PHONE": -0.25, "FLAG_WORK_PHONE": -0.125}, base=0.5)
    application: Application = {"FLAG_PHONE": 0, "FLAG_WORK_PHONE": 0, "FLAG_DOCUMENT_3": 1}
    one = round(math.log(1.1), 9)
    both = ({"FLAG_PHONE": 1, "FLAG_WORK_PHONE": 1}, round(2 * math.log(1.1), 9))
    assert steps_of(find_changes(session, application, 0.2)) == [both]
    # The work phone beside it would be superfluous.
    assert steps_of(find_changes(session, application, 0.3)) == [({"FLAG_PHONE": 1}, one)]
    assert steps_of(find_changes(session, application, 0.45)) == [
        ({"FLAG_PHONE": 1}, one),
        ({"FLAG_WORK_PHONE": 1}, one),
    ]
    assert pytest.approx(0.0953101798) == FLAG_COST


def test_the_term_stays_what_the_portfolio_knows(published: PublishedModel) -> None:
    levers = (Lever("AMT_ANNUITY", LEVERS[1].moves),)
    # Term 20: 45 % less a payment is a term of 36.4, 47.5 % less one of 38.1.
    falling = linear(published, {"AMT_ANNUITY": 1e-5})
    assert steps_of(find_changes(falling, LOAN, 0.0551, levers=levers))[0][0] == {"AMT_ANNUITY": 5_500.0}
    assert find_changes(falling, LOAN, 0.0549, levers=levers) == ()
    # Term 10: 25 % more is a term of 8, 27.5 % more one of 7.8.
    rising = linear(published, {"AMT_ANNUITY": -1e-5}, base=1.0)
    short: Application = {**LOAN, "AMT_CREDIT": 100_000.0}
    assert steps_of(find_changes(rising, short, 0.876, levers=levers))[0][0] == {"AMT_ANNUITY": 12_500.0}
    assert find_changes(rising, short, 0.874, levers=levers) == ()


def test_a_term_out_of_range_may_stay_but_not_grow(published: PublishedModel) -> None:
    session = linear(published, {"AMT_ANNUITY": 1e-5})
    levers = (Lever("AMT_CREDIT", (-0.1,)), Lever("AMT_ANNUITY", (-0.1,)))
    # Term 40: a tenth less of the annuity alone would make it 44.4, of the loan, too, leaves it.
    long: Application = {"AMT_CREDIT": 400_000.0, "AMT_ANNUITY": 10_000.0}
    both = {"AMT_CREDIT": 360_000.0, "AMT_ANNUITY": 9_000.0}
    assert steps_of(find_changes(session, long, 0.095, levers=levers)) == [(both, round(2 * math.log(10 / 9), 9))]


def test_the_loan_does_not_come_to_exceed_the_goods(published: PublishedModel) -> None:
    session = linear(published, {"AMT_GOODS_PRICE": 1e-6})
    levers = (Lever("AMT_CREDIT", (-0.2,)), Lever("AMT_GOODS_PRICE", LEVERS[2].moves))
    # As dear as the loan: a lower price alone leaves more loan than goods, with a fifth less loan it may fall as far.
    pair = {"AMT_CREDIT": 160_000.0, "AMT_GOODS_PRICE": 160_000.0}
    assert [changes for changes, _ in steps_of(find_changes(session, LOAN, 0.164, levers=levers))] == [pair]
    assert find_changes(session, LOAN, 0.159, levers=levers) == ()
    # A loan of four fifths of the goods may come to be all of them.
    small: Application = {**LOAN, "AMT_CREDIT": 160_000.0}
    assert steps_of(find_changes(session, small, 0.161, levers=levers[1:]))[0][0] == {"AMT_GOODS_PRICE": 160_000.0}
    assert find_changes(session, small, 0.159, levers=levers[1:]) == ()
    # A loan of more than the goods does not come to be still more of them.
    large: Application = {**LOAN, "AMT_CREDIT": 240_000.0}
    assert find_changes(session, large, 0.199, levers=levers[1:]) == ()


def test_steps_too_small_for_a_whole_unit_are_none(published: PublishedModel) -> None:
    session = linear(published, {"AMT_CREDIT": 0.1})
    # 60 % less of 2 is 0.8, rounded to 1; of 1 it is 0, which is no loan.
    assert steps_of(find_changes(session, {"AMT_CREDIT": 2.0}, 0.15)) == [({"AMT_CREDIT": 1.0}, round(math.log(2), 9))]
    assert find_changes(session, {"AMT_CREDIT": 1.0}, 0.05) == ()


def test_what_is_no_application_is_refused(session: ScoringSession) -> None:
    with pytest.raises(FeatureError, match="no column 'AMT'"):
        find_changes(session, {"AMT": 1.0}, 0.1)
    with pytest.raises(FeatureError, match="AMT_CREDIT holds 'much'"):
        find_changes(session, {"AMT_CREDIT": "much"}, 0.1)
