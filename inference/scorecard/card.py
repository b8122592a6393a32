"""A scorecard as a person reads it: points for each bin of each characteristic, and the file that holds them.

With `factor` = points to double the odds / ln 2 and `offset` = base score - factor x ln(base odds), the score is
offset - factor x log-odds of default. `base_points` are those of the regression's intercept; a bin's points are
-factor x its coefficient x its weight of evidence, so that a bin like the whole portfolio has 0 points, and base points
and the points of an application's bins add up to its score (Siddiqi 2006, "Credit Risk Scorecards", chapter 6).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from data.typed import read_typed
from inference.errors import ArtifactError
from inference.features.encoding import FeatureSet, level_codes
from inference.model.artifact import CARD, Manifest, read_published, read_verified


class CardBinKind(StrEnum):
    """What a bin of a scorecard holds."""

    RANGE = "range"
    LEVELS = "levels"
    OTHERS = "others"
    SPECIAL = "special"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class CardBin:
    """One line of a scorecard.

    A range holds values from `low` up to below `high`, None where it has no end; `levels` are those of a category.
    `indicator` is the feature that tells a special value. `n` and `bad_rate` are of the training rows (None where there
    is none). `log_odds` is what the bin adds to the log-odds of default, `points` the same in points.
    """

    kind: CardBinKind
    words: str
    n: int
    bad_rate: float | None
    woe: float
    iv: float
    log_odds: float
    points: float
    low: float | None = None
    high: float | None = None
    levels: tuple[str, ...] = ()
    indicator: str = ""


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A feature of a scorecard with its bins; `columns` are the raw ones behind it.

    `trend` is optbinning's word for how the default rate may move along the bins.
    """

    feature: str
    label: str
    unit: str
    columns: tuple[str, ...]
    trend: str
    iv: float
    coefficient: float
    bins: tuple[CardBin, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A feature that the scorecard does not use, and why."""

    feature: str
    label: str
    iv: float
    reason: str


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard; characteristics by falling information value.

    `n` training rows with `bad_rate`; `intercept` and the log-odds of an application's bins add up to its log-odds of
    default, `base_points` and their points to its score.
    """

    base_score: float
    base_odds: float
    pdo: float
    n: int
    bad_rate: float
    intercept: float
    base_points: float
    characteristics: tuple[Characteristic, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def factor(self) -> float:
        """Points for a factor e of the odds."""
        return self.pdo / math.log(2)

    def score_points(self, log_odds: float) -> float:
        """The score that log-odds of default are; higher is safer."""
        return self.base_score - self.factor * (math.log(self.base_odds) + log_odds)

    def lines(self, features: FeatureSet, row: NDArray[np.float32]) -> Iterator[tuple[Characteristic, CardBin]]:
        """The bin of each characteristic that an application falls in, whose features are `row`, float32 (features,).

        Raises:
            ArtifactError: the card has a characteristic that is no feature.
        """
        places = {name: place for place, name in enumerate(features.names)}
        for each in self.characteristics:
            if each.feature not in places:
                raise ArtifactError(f"The scorecard uses {each.feature}, which is no feature of the definition.")
            codes = level_codes(features.features[places[each.feature]])
            names = {code: level for level, code in codes.items()}
            value = float(row[places[each.feature]])
            marked = {name for name in (line.indicator for line in each.bins) if name and row[places[name]] == 1}
            yield each, _line(each, value, names, marked)


def _line(characteristic: Characteristic, value: float, names: dict[float, str], marked: set[str]) -> CardBin:
    by_kind: dict[CardBinKind, list[CardBin]] = {kind: [] for kind in CardBinKind}
    for line in characteristic.bins:
        by_kind[line.kind].append(line)
    if math.isnan(value):
        special = (line for line in by_kind[CardBinKind.SPECIAL] if line.indicator in marked)
        return next(special, by_kind[CardBinKind.MISSING][0])
    if by_kind[CardBinKind.OTHERS]:
        level = names.get(value)
        known = (line for line in by_kind[CardBinKind.LEVELS] if level in line.levels)
        return next(known, by_kind[CardBinKind.OTHERS][0])
    return next(line for line in by_kind[CardBinKind.RANGE] if line.high is None or value < line.high)


def card_bytes(card: Card) -> bytes:
    """The card as it is published."""
    return orjson.dumps(asdict(card), option=orjson.OPT_INDENT_2)


def read_card(directory: Path) -> Card | None:
    """The scorecard published with the model of a directory; None where that is no scorecard.

    Raises:
        ArtifactError: no model there, or its card is altered or cannot be read.
    """

    def read() -> Card | None:
        manifest = Manifest.load(directory)
        content = read_verified(directory, manifest, CARD)
        if content is None:
            return None
        try:
            return read_typed(Card, orjson.loads(content))
        except ValueError as error:
            raise ArtifactError.from_unreadable(directory / CARD, str(error)) from None

    return read_published(directory, read)
