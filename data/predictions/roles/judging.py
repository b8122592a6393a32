"""What the numbers of a score are: probabilities, percentages, log-odds or points, and who has the higher ones."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from data.definition.evidence import vocabulary as words
from data.predictions.cells import are_classes, are_missing, numbers_of
from data.predictions.roles.answers import SCORES

# A column with a few wrong cells is still the one that is meant: it is taken, and the cells are complained of.
MOSTLY = 0.9
# From so many rows above 1 and such a maximum on, numbers are percentages and not a few wrong ones.
PERCENT_SHARE, PERCENT_MAXIMUM = 0.1, 2.0
_MOST_LOG_ODDS, _LEAST_POINTS = 40.0, 100.0
# A ranking that is so many standard errors from chance is no accident.
_CLEAR = 3.0
_SAYS_GOOD = re.compile(
    r"^p?(rob|roba|robability)?(of)?(good|repay|repaid|repayment|nondefault|nodefault|paid|0)|prob(a|ability)?0$"
)
# A score under these names that ranks the other way is opened and warned of; under others it is asked what it is.
_SAYS_RISK = frozenset({"pd", "probability", "prob", "proba", "default", "wahrscheinlichkeit"})

_MAY_BE_PERCENT = words.PROBABILITIES - words.LOG_ODDS - words.POINTS


@dataclass(frozen=True, slots=True)
class Verdict:
    """The role words (see `SCORES`) that a column's numbers allow, the likeliest first; `why` is said of one."""

    words: tuple[str, ...]
    why: str = ""

    @property
    def is_decided(self) -> bool:
        """Whether there is one only."""
        return len(self.words) == 1

    @property
    def says_pd(self) -> bool:
        """Whether the likeliest reading is a probability of default, however written."""
        return SCORES[self.words[0]][0] != "points"


def judge_score(values: pl.Series, outcomes: pl.Series | None) -> Verdict | None:
    """What the numbers in `values` can be; None where they are no score.

    `outcomes` (Float64: 1, 0, null) tell, where known, who has the higher scores.
    """
    given, is_percent = _given(values)
    if given is None:
        return None
    low, high = float(str(given.min())), float(str(given.max()))
    if is_percent:
        return Verdict(("percent",), "written with a percent sign") if low >= 0 and high <= 100 else None
    is_share = _share(given.is_between(0, 1)) >= MOSTLY
    if is_share and bool(are_classes(given).all()):
        return None
    is_named_points, is_whole = words.has_word(values.name, words.POINTS), _is_whole(given)
    if _is_log_odds(values.name) and max(-low, high) <= _MOST_LOG_ODDS:
        return Verdict(("probability", "log-odds")) if is_share and low >= 0 else _log_odds(values, outcomes)
    if other_unit(values.name):
        return Verdict(_directions(values, outcomes, likely="riskier"))
    if is_share:
        # Percentages of a portfolio with few defaults are below 1, too.
        is_asked = _says_percent(values.name)
        return Verdict(("percent", "probability")) if is_asked else _probability(values, outcomes, "probability")
    if low >= 0 and high <= 100 and high > PERCENT_MAXIMUM and _share(given > 1) >= PERCENT_SHARE:
        name = words.plain(values.name)
        if _says_percent(values.name) or name in _MAY_BE_PERCENT or _SAYS_GOOD.search(name):
            return _probability(values, outcomes, "percent")
        return Verdict(("percent", *_directions(values, outcomes, likely="safer" if is_named_points else "riskier")))
    if low < 0 and 1 < max(-low, high) <= _MOST_LOG_ODDS and not is_whole:
        return _log_odds(values, outcomes)
    if high >= _LEAST_POINTS or (low < 0 and is_named_points):
        return _points(values, outcomes)
    return Verdict(("probability",))


def other_unit(name: str) -> str:
    """What a name says numbers are that can be no PDs as they stand; empty where it says nothing of the kind."""
    if _is_log_odds(name):
        return ""
    return next((what for word in words.words_of(name) if (what := words.OTHER_UNITS.get(word))), "")


def ranking(scores: pl.Series, outcomes: pl.Series) -> tuple[float, float] | None:
    """AUC of numbers in which riskier is higher, and by how many standard errors of chance it differs from a half."""
    known = pl.DataFrame({"score": scores, "bad": outcomes}).drop_nulls().filter(~pl.col("score").is_nan())
    n_bad = int(known["bad"].sum())
    n_good = known.height - n_bad
    if not n_bad or not n_good:
        return None
    ranks = float(known.select(pl.col("score").rank("average").filter(pl.col("bad") == 1).sum()).item())
    auc = (ranks - n_bad * (n_bad + 1) / 2) / (n_bad * n_good)
    return auc, (auc - 0.5) / float((n_bad + n_good + 1) / (12 * n_bad * n_good)) ** 0.5


def _probability(values: pl.Series, outcomes: pl.Series | None, word: str) -> Verdict:
    name = words.plain(values.name)
    turned = f"{word}-of-good"
    if not _SAYS_GOOD.search(name):
        is_turned = not words.has_word(values.name, _SAYS_RISK) and _z(values, outcomes) < -_CLEAR
        return Verdict((turned, word) if is_turned else (word,))
    # The name says good, and it has to be so: a name alone is no evidence.
    return Verdict((turned,), "by its name and ranking") if _z(values, outcomes) < -_CLEAR else Verdict((turned, word))


def _log_odds(values: pl.Series, outcomes: pl.Series | None) -> Verdict:
    z, is_named = _z(values, outcomes), _is_log_odds(values.name)
    if z < -_CLEAR:
        return Verdict(("log-odds-of-good", "points"))
    if is_named:
        # Of whose odds a name does not say.
        is_plain = z > _CLEAR
        return (
            Verdict(("log-odds",), "by its name and ranking") if is_plain else Verdict(("log-odds", "log-odds-of-good"))
        )
    likely = ("log-odds", "risk-score")
    return Verdict(likely if z > _CLEAR else (*likely, "log-odds-of-good", "points"))


def _points(values: pl.Series, outcomes: pl.Series | None) -> Verdict:
    directions = _directions(values, outcomes)
    if _z(values, outcomes) < -_CLEAR:
        return Verdict(("points",), "higher is safer, as the outcomes say")
    return Verdict(directions)


def _directions(values: pl.Series, outcomes: pl.Series | None, likely: str = "safer") -> tuple[str, ...]:
    z = _z(values, outcomes)
    is_riskier = z > _CLEAR or (likely == "riskier" and z >= -_CLEAR)
    return ("risk-score", "points") if is_riskier else ("points", "risk-score")


def _is_log_odds(name: str) -> bool:
    return words.has_word(name, words.LOG_ODDS) or "logodds" in words.plain(name)


def _says_percent(name: str) -> bool:
    return "%" in name or words.has_word(name, words.PERCENTS)


def _z(values: pl.Series, outcomes: pl.Series | None) -> float:
    """By how many standard errors defaults have the higher numbers; 0 where nothing tells."""
    found = None if outcomes is None else ranking(numbers_of(values), outcomes)
    return 0.0 if found is None else found[1]


def _given(values: pl.Series) -> tuple[pl.Series | None, bool]:
    """The numbers without gaps, and whether they are written with a percent sign; None where they are no numbers."""
    dtype, is_percent = values.dtype, False
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        values = values.cast(pl.String)
        bare = values.str.strip_chars()
        is_percent = _share(bare.str.ends_with("%").drop_nulls()) >= MOSTLY
        values = bare.str.strip_suffix("%").str.strip_chars() if is_percent else values
    elif not dtype.is_numeric():
        return None, False
    numbers, missing = numbers_of(values), are_missing(values)
    given = numbers.filter(~missing) if missing.any() else numbers
    if not len(given) or given.null_count() > (1 - MOSTLY) * len(given):
        return None, False
    given = given.drop_nulls()
    # A few infinite cells are no reason to take the others for something else; they are complained of.
    finite = given.filter(given.is_finite())
    return (finite, is_percent) if len(finite) and len(finite) >= MOSTLY * len(given) else (None, False)


def _is_whole(given: pl.Series) -> bool:
    return bool((given == given.floor()).all())


def _share(flags: pl.Series) -> float:
    return float(str(flags.mean() or 0.0))
