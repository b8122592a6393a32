from __future__ import annotations

import math

import pytest

from inference.scorecard.card import CardBin, CardBinKind, Characteristic
from inference.scorecard.making import roundest
from inference.scorecard.training import TrainedScorecard


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (29.97, 30.02, 30), (29.0, 34.0, 30), (0.251, 0.2549, 0.254), (3, 4, 4), (-7.0, -5.5, -6), (-3, 8, 0),
        (998_000, 1_004_000, 1_000_000), (0.1, math.nextafter(0.1, 1), math.nextafter(0.1, 1)),
        (-1_240_000.0, -1_190_000.0, -1_200_000),
    ],
)  # fmt: skip
def test_an_edge_is_the_roundest_number_between_two_cells(low: float, high: float, expected: float) -> None:
    assert roundest(low, high) == expected


def lines(trained: TrainedScorecard, feature: str) -> tuple[Characteristic, dict[CardBinKind, list[CardBin]]]:
    (found,) = (each for each in trained.card.characteristics if each.feature == feature)
    return found, {kind: [line for line in found.bins if line.kind is kind] for kind in CardBinKind}


def test_ranges_follow_one_another_and_keep_the_direction_asked_for(trained: TrainedScorecard) -> None:
    found, by_kind = lines(trained, "EXT_SOURCE_2")
    own = by_kind[CardBinKind.RANGE]
    assert found.trend == "descending"
    assert len(own) >= 3
    assert [line.high for line in own[:-1]] == [line.low for line in own[1:]]
    assert own[0].low is own[-1].high is None
    rates = [line.bad_rate or 0.0 for line in own]
    assert rates == sorted(rates, reverse=True)
    points = [line.points for line in own]
    assert points == sorted(points)
    assert own[0].words == f"below {own[0].high:,.9g}"
    assert own[1].words == f"{own[1].low:,.9g} to below {own[1].high:,.9g}"
    assert own[-1].words == f"{own[-1].low:,.9g} or more"


def test_a_special_value_has_a_line_in_its_own_words(trained: TrainedScorecard) -> None:
    found, by_kind = lines(trained, "DAYS_EMPLOYED")
    (special,) = by_kind[CardBinKind.SPECIAL]
    (missing,) = by_kind[CardBinKind.MISSING]
    assert (special.words, special.indicator) == ("Not employed", "is_not_employed")
    assert special.n > 200
    assert (missing.n, missing.bad_rate, missing.points) == (0, None, 0)
    assert found.columns == ("DAYS_EMPLOYED",)


def test_every_level_is_in_one_line(trained: TrainedScorecard) -> None:
    found, by_kind = lines(trained, "ORGANIZATION_TYPE")
    levels = [level for line in by_kind[CardBinKind.LEVELS] for level in line.levels]
    column = trained.features.definition.column("ORGANIZATION_TYPE")
    assert len(levels) == len(set(levels))
    assert set(levels) <= set(column.levels)
    (others,) = by_kind[CardBinKind.OTHERS]
    assert others.n == trained.card.n - sum(line.n for line in found.bins if line is not others)
    assert others.points == 0


def test_lines_add_up_to_the_rows_and_to_the_information_value(trained: TrainedScorecard) -> None:
    for each in trained.card.characteristics:
        assert sum(line.n for line in each.bins) == trained.card.n == 3_000
        bad = sum(line.n * (line.bad_rate or 0) for line in each.bins)
        assert bad == pytest.approx(trained.card.bad_rate * 3_000)
        assert math.fsum(line.iv for line in each.bins) == pytest.approx(each.iv, abs=1e-15)
        assert each.coefficient < 0
        factor = 20 / math.log(2)
        for line in each.bins:
            # Rounded to the grid on which float32 adds exactly, about 1e-6 of log-odds.
            assert line.points == pytest.approx(-factor * each.coefficient * line.woe, abs=1e-4)
