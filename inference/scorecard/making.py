"""Bins and a regression -> the card, and the card -> the trees that decide alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np

from data.definition.columns import Column, Kind
from inference.features.encoding import Feature, FeatureSet, level_codes
from inference.features.expressions import UNKNOWN_LEVEL, IsSpecial
from inference.model.training import exact_step
from inference.scorecard.binning import Bins, Floats, trend_of
from inference.scorecard.card import Card, CardBin, CardBinKind, Characteristic, LeftOut
from inference.scorecard.cells import Cells
from inference.scorecard.forest import Leaf, Node, ranges, with_gaps
from inference.scorecard.regression import Regression
from inference.scorecard.settings import ScorecardSettings

_DIGITS = 17
_NO, _YES = "No", "Yes"


def make_card(
    features: FeatureSet,
    cells: Sequence[Cells],
    bins: Sequence[Bins],
    regression: Regression,
    settings: ScorecardSettings,
) -> Card:
    """The card of a regression on the bins of some sources; log-odds are rounded as `training.round_leaves` does."""
    raw = [coefficient * bins[at].woe for at, coefficient in zip(regression.kept, regression.coefficients, strict=True)]
    largest = abs(regression.intercept) + sum(float(np.abs(each).max()) for each in raw)
    step = exact_step(largest)
    intercept = round(regression.intercept / step) * step
    good, bad = bins[0].counts.sum(axis=0).tolist()
    card = Card(
        settings.base_score, settings.base_odds, settings.pdo, good + bad, bad / (good + bad), intercept, 0.0, (), ()
    )
    characteristics = [
        _characteristic(features, cells[at], bins[at], coefficient, np.rint(odds / step) * step, card.factor)
        for at, coefficient, odds in zip(regression.kept, regression.coefficients, raw, strict=True)
    ]
    left_out = [
        LeftOut(feature.name, feature.label, bins[at].total_iv, reason)
        for at, reason in regression.dropped.items()
        for feature in [features.features[cells[at].source.place]]
    ]
    return Card(
        card.base_score,
        card.base_odds,
        card.pdo,
        card.n,
        card.bad_rate,
        intercept,
        card.score_points(intercept),
        tuple(sorted(characteristics, key=lambda each: -each.iv)),
        tuple(sorted(left_out, key=lambda each: -each.iv)),
    )


def card_trees(card: Card, features: FeatureSet) -> list[Node]:
    """One tree for each characteristic; the intercept is in the leaves of the first."""
    places = {name: place for place, name in enumerate(features.names)}
    starts = [card.intercept] + [0.0] * (len(card.characteristics) - 1)
    return [_tree(each, features, places, start) for each, start in zip(card.characteristics, starts, strict=True)]


def roundest(low: float, high: float) -> float:
    """The number with the fewest decimals above `low` and at most `high`; `high` itself if they are next to each other.

    Between whole numbers that is one with as many zeros at its end as possible.
    """
    for decimals in range(-_DIGITS, _DIGITS):
        found = float(np.floor(high * 10.0**decimals)) / 10.0**decimals
        if low < found <= high:
            return found
    return high


def _characteristic(
    features: FeatureSet,
    cells: Cells,
    bins: Bins,
    coefficient: float,
    odds: Floats,
    factor: float,
) -> Characteristic:
    source = cells.source
    feature = features.features[source.place]
    column = features.definition.by_name.get(feature.name)
    lines = [
        CardBin(
            kind,
            words,
            n=int(counts.sum()),
            bad_rate=float(counts[1] / counts.sum()) if counts.any() else None,
            woe=float(woe),
            iv=float(iv),
            log_odds=float(log_odds),
            points=-factor * float(log_odds) + 0.0,
            low=low,
            high=high,
            levels=levels,
            indicator=indicator,
        )
        for (kind, words, low, high, levels, indicator), counts, woe, iv, log_odds in zip(
            _places(features, feature, column, cells, bins), bins.counts, bins.woe, bins.iv, odds, strict=True
        )
    ]
    unit = column.unit.value if column else ""
    return Characteristic(
        feature.name,
        feature.label,
        unit,
        feature.sources,
        trend_of(source),
        bins.total_iv,
        coefficient,
        tuple(lines),
    )


_Place = tuple[CardBinKind, str, float | None, float | None, tuple[str, ...], str]


def _places(features: FeatureSet, feature: Feature, column: Column | None, cells: Cells, bins: Bins) -> list[_Place]:
    """What each bin holds, in the order of the bins."""
    result: list[_Place] = []
    if cells.source.is_category:
        result += _level_places(feature, column, cells, bins)
    else:
        result += _range_places(feature, column, cells, bins)
    for place in cells.source.specials:
        indicator = features.features[place]
        meaning = indicator.label.removeprefix(f"{feature.label}: ")
        result.append((CardBinKind.SPECIAL, meaning, None, None, (), indicator.name))
    result.append((CardBinKind.MISSING, "Missing", None, None, (), ""))
    return result


def _level_places(feature: Feature, column: Column | None, cells: Cells, bins: Bins) -> list[_Place]:
    names = {code: level for level, code in level_codes(feature).items()}
    said = dict(column.level_labels) if column else {}
    own = bins.of_cells[: cells.n_numbers]
    result: list[_Place] = []
    for number in range(bins.n_ranges):
        levels = tuple(names[float(code)] for code in cells.lows[own == number])
        words = ", ".join(said.get(level, level) for level in levels)
        result.append((CardBinKind.LEVELS, words, None, None, levels, ""))
    return [*result, (CardBinKind.OTHERS, "Any other level", None, None, (), "")]


def _range_places(feature: Feature, column: Column | None, cells: Cells, bins: Bins) -> list[_Place]:
    own = bins.of_cells[: cells.n_numbers]
    firsts = np.flatnonzero(np.diff(own)) + 1
    edges = [roundest(float(cells.highs[at - 1]), float(cells.lows[at])) for at in firsts]
    is_flag = isinstance(feature.expression, IsSpecial) or (column is not None and column.kind is Kind.FLAG)
    ends: list[float | None] = [None, *edges, None]
    return [(CardBinKind.RANGE, _range_words(low, high, is_flag), low, high, (), "") for low, high in pairwise(ends)]


def _range_words(low: float | None, high: float | None, is_flag: bool) -> str:
    if low is None and high is None:
        return "Any value"
    if is_flag:
        return _NO if low is None else _YES
    if low is None:
        return f"below {_number(high)}"
    return f"{_number(low)} or more" if high is None else f"{_number(low)} to below {_number(high)}"


def _number(value: float | None) -> str:
    return f"{value:,.9g}".replace("-", "−")


def _tree(each: Characteristic, features: FeatureSet, places: dict[str, int], start: float) -> Node:
    place = places[each.feature]
    codes = level_codes(features.features[place])
    present = _levels(place, codes, each, start) if codes else _numbers(place, each, start)
    specials = [(places[line.indicator], _leaf(line, start)) for line in each.bins if line.indicator]
    (missing,) = (line for line in each.bins if line.kind is CardBinKind.MISSING)
    return with_gaps(place, present, _leaf(missing, start), specials)


def _leaf(line: CardBin, start: float) -> Leaf:
    return Leaf(start + line.log_odds, line.n)


def _numbers(place: int, each: Characteristic, start: float) -> Node:
    lines = [line for line in each.bins if line.kind is CardBinKind.RANGE]
    edges = [line.low for line in lines if line.low is not None]
    return ranges(place, edges, [_leaf(line, start) for line in lines])


def _levels(place: int, codes: dict[str, float], each: Characteristic, start: float) -> Node:
    """A tree over the codes of levels, those of one bin next to each other in one leaf."""
    (others,) = (line for line in each.bins if line.kind is CardBinKind.OTHERS)
    of_level = {level: line for line in each.bins for level in line.levels}
    by_code = [(UNKNOWN_LEVEL, others), *((code, of_level.get(level, others)) for level, code in codes.items())]
    runs = [list(run) for _, run in groupby(by_code, key=lambda pair: id(pair[1]))]
    n_runs = {id(line): sum(run[0][1] is line for run in runs) for line in each.bins}
    edges = [run[0][0] - 0.5 for run in runs[1:]]
    # Only their sum over a bin's leaves counts for contributions.
    leaves = [Leaf(start + line.log_odds, line.n // n_runs[id(line)]) for ((_, line), *_) in runs]
    return ranges(place, edges, leaves)
