"""Which columns of a stranger's table play a part: identifier, outcome, scores, date, exposure, weight, decision."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.evidence import vocabulary as words
from data.definition.evidence.outcome_values import outcome_values
from data.definition.evidence.summaries import Summary

_MOST_OUTCOMES = 12
# What a candidate must have going for it: a name, or being the last of two values in a table without names.
_CANDIDATE = 4
_TURNED = 0.5
_SURE_LEAD = 2


@dataclass(frozen=True)
class OutcomeGuess:
    """A column that may say what happened, its values, and how much speaks for it."""

    column: str
    bad: tuple[str, ...]
    good: tuple[str, ...]
    points: float
    why: str
    sure: bool


@dataclass(frozen=True)
class RolesGuess:
    """What was guessed; `why` by dotted key, `unsure` the keys that a person should look at."""

    outcome: OutcomeGuess | None
    others: tuple[OutcomeGuess, ...]
    roles: dict[str, str]
    scores: dict[str, Mapping[str, str]]
    decisions: tuple[str, ...]
    why: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)


def guess_roles(
    summaries: Sequence[Summary], said: Mapping[str, Any], readable: Collection[str], *, header: bool
) -> RolesGuess:
    """The roles of the columns; those that `said` (a definition, perhaps partial) names are taken from there.

    Only an identifier may be a column that is not `readable`.
    """
    by_name = {each.name: each for each in summaries}
    why: dict[str, str] = {}
    unsure: set[str] = set()
    told = {key: str(name) for key, name in said.get("roles", {}).items()}
    outcome_said = said.get("outcome")
    taken = {*told.values()} | ({str(outcome_said["column"])} if outcome_said else set())
    scores: dict[str, Mapping[str, str]] = {}
    if "scores" in said:
        scores = {name: dict(entry) for name, entry in said["scores"].items()}
        taken |= {str(entry["column"]) for entry in scores.values()}
    usable = [each for each in summaries if not each.name.startswith("~")]
    free = [each for each in usable if each.name not in taken]
    described = {name for name, entry in said.get("columns", {}).items() if "kind" in entry}
    if "scores" not in said:
        scores, score_why = _scores([each for each in free if each.name in readable and each.name not in described])
        why |= score_why
        taken |= {entry["column"] for entry in scores.values()}
    free = [each for each in free if each.name not in taken]
    decisions = tuple(each.name for each in free if each.name in readable and _is_decision(each))
    candidates: list[OutcomeGuess] = []
    if outcome_said:
        outcome: OutcomeGuess | None = OutcomeGuess(
            str(outcome_said["column"]),
            tuple(map(words.bare, outcome_said["bad"])),
            tuple(map(words.bare, outcome_said["good"])),
            99,
            "as said",
            sure=True,
        )
    else:
        eligible = [
            each
            for each in free
            if each.name in readable
            and each.name not in decisions
            and each.name not in described
            and not is_prediction(each.name)
        ]
        candidates = _candidates(
            eligible, len(summaries), [by_name[s["column"]] for s in scores.values()], header=header
        )
        outcome = candidates[0] if candidates else None
        if len(candidates) > 1 and outcome and outcome.points - candidates[1].points < _SURE_LEAD:
            unsure.add("outcome")
        if outcome and not outcome.sure:
            unsure.add("outcome")
    taken |= {outcome.column} if outcome else set()
    free = [each for each in free if each.name not in taken]
    roles = dict(told)
    for key, guess in (("id", _id), ("weight", _weight), ("date", _date), ("exposure", _exposure)):
        if key not in told and (found := guess(_open(free, roles, readable, key))) is not None:
            roles[key], why[f"roles.{key}"], sure = found
            unsure |= set() if sure else {f"roles.{key}"}
    if "decision" not in told and decisions:
        roles["decision"] = max(decisions, key=lambda name: ("final" in words.words_of(name), -by_name[name].place))
        why["roles.decision"] = "its values are decisions"
        if len(decisions) > 1:
            unsure.add("roles.decision")
            rest = [name for name in decisions if name != roles["decision"]]
            why["roles.decision"] += f"; also a decision: {', '.join(rest)}"
    y = None if outcome is None or outcome.column not in by_name else bad_of(by_name[outcome.column], outcome)
    for name, entry in scores.items():
        if y is not None and "higher" not in entry and (score := by_name.get(entry["column"])) is not None:
            scores[name] = {**entry, "higher": "riskier" if auc(score, y) >= _TURNED else "safer"}
    return RolesGuess(outcome, tuple(candidates[1:]), roles, scores, decisions, why, unsure)


def _open(free: Sequence[Summary], roles: Mapping[str, str], readable: Collection[str], key: str) -> list[Summary]:
    """The columns that may still get the role `key`."""
    return [each for each in free if each.name not in roles.values() and (key == "id" or each.name in readable)]


def bad_of(summary: Summary, outcome: OutcomeGuess) -> NDArray[np.float64]:
    """The outcome of every row: 1 for bad, 0 for good, NaN for open."""
    text = summary.text
    value = (
        pl.when(text.is_in(list(outcome.bad))).then(1.0).when(text.is_in(list(outcome.good))).then(0.0).otherwise(None)
    )
    return pl.select(value).to_series().cast(pl.Float64).fill_null(float("nan")).to_numpy()


def auc(summary: Summary, y: NDArray[np.float64]) -> float:
    """How well a number ranks bad above good, over the rows that have both; 0.5 where nothing can be said."""
    if summary.numbers is None:
        return _TURNED
    known = (~summary.numbers.is_null()).to_numpy() & ~np.isnan(y)
    bad = y[known] == 1
    n_bad, n_good = int(bad.sum()), int((~bad).sum())
    if not n_bad or not n_good:
        return _TURNED
    ranks = pl.Series(summary.numbers.filter(pl.Series(known))).rank("average").to_numpy()
    return float((ranks[bad].sum() - n_bad * (n_bad + 1) / 2) / (n_bad * n_good))


def _candidates(free: Sequence[Summary], width: int, scores: Sequence[Summary], *, header: bool) -> list[OutcomeGuess]:
    found = [guess for each in free if (guess := _candidate(each, width, scores, header=header)) is not None]
    return sorted(found, key=lambda guess: -guess.points)


def _candidate(each: Summary, width: int, scores: Sequence[Summary], *, header: bool) -> OutcomeGuess | None:
    if not 2 <= each.n_distinct <= _MOST_OUTCOMES or each.date_format:
        return None
    name, values = words.plain(each.name), list(each.counts)
    points, reasons = 0.0, []
    if name in words.OUTCOMES or words.SAYS_BAD.fullmatch(name):
        points, reasons = 3, ["its name"]
    elif name in words.WEAK_OUTCOMES or (header and _is_called_outcome(each.name)):
        points, reasons = 2, ["its name"]
    said = outcome_values(each.name, each.counts)
    if said is None or (each.n_distinct != 2 and not said.by_words):
        return None
    bad, good, sure = said.bad, said.good, said.sure
    points += said.points
    reasons += ["its values"] if said.by_words else []
    points += each.n_distinct == 2
    if not header and {*values} == {"0", "1"}:
        points, sure = points + 1, False
        reasons.append("its values, 0 and 1, in a table without names")
    if each.place == width - 1:
        points += 1 if header else 3
        reasons.append("its place, the last column" if header else "the last column, with two values")
    if points < _CANDIDATE or not reasons:
        return None
    # A last column of two values may be any flag.
    sure = sure and "its name" in reasons
    guess = OutcomeGuess(each.name, bad, good, points, "", sure)
    for score in scores:
        measured = auc(score, bad_of(each, guess))
        points += abs(measured - 0.5) * 4 - 0.5
        # A score of the table that ranks the other way tells which of two unknown values is bad.
        if not sure and measured < _TURNED and _rises(score):
            guess = OutcomeGuess(each.name, good, bad, points, "", sure=False)
    still_open = [value for value in values if value not in guess.bad and value not in guess.good]
    ends = (("bad", guess.bad), ("good", guess.good), ("open", still_open))
    shares = "; ".join(f"{end}: {_shares(each, found)}" for end, found in ends if found)
    why = f"guessed from {' and '.join(reasons)}; {shares}"
    return OutcomeGuess(each.name, guess.bad, guess.good, points, why, sure)


def _is_called_outcome(name: str) -> bool:
    found = [word for word in words.words_of(name) if word not in ("flag", "ind", "indicator")]
    return bool(found) and (not words.OUTCOMES.isdisjoint(found) or found[-1] in words.WEAK_OUTCOMES)


def _shares(each: Summary, values: Sequence[str]) -> str:
    return ", ".join(f"{value} {100 * each.counts[value] / each.n_given:.1f} %" for value in values)


def _rises(score: Summary) -> bool:
    return not words.SAYS_GOOD.search(words.plain(score.name)) and score.given.size > 0 and score.given[-1] <= 1


def is_prediction(name: str) -> bool:
    """Whether a column is called a prediction."""
    return not {"prediction", "predicted", "pred", "ypred"}.isdisjoint(words.words_of(name))


def _is_decision(each: Summary) -> bool:
    if not 2 <= each.n_distinct <= _MOST_OUTCOMES:
        return False
    decided = [bool(words.DECIDED.match(value.lower())) for value in each.counts]
    named = not {"decision", "approved", "declined", "rejected", "accepted"}.isdisjoint(words.words_of(each.name))
    return sum(decided) >= 2 or (named and (any(decided) or each.n_distinct == 2))


def _id(free: Sequence[Summary]) -> tuple[str, str, bool] | None:
    unique = [
        each
        for each in free
        if each.is_unique and (each.numbers is None or each.has_whole_text) and not each.date_format
    ]
    named = [
        each for each in unique if words.has_word(each.name, words.IDS) and not words.has_word(each.name, words.PERSONS)
    ]
    if named:
        exact = [each for each in named if words.plain(each.name) in words.IDS or words.words_of(each.name)[-1] == "id"]
        return (exact or named)[0].name, "its name, and every row has a value of its own", True
    if unique and unique[0].place == 0 and not words.has_word(unique[0].name, words.PERSONS):
        return unique[0].name, "the first column, and every row has a value of its own", False
    return None


def _weight(free: Sequence[Summary]) -> tuple[str, str, bool] | None:
    for each in free:
        if words.plain(each.name) in words.WEIGHTS and each.given.size and each.given[0] >= 0 and not each.n_missing:
            return each.name, "its name", True
    return None


def _date(free: Sequence[Summary]) -> tuple[str, str, bool] | None:
    dates = [
        each
        for each in free
        if each.date_format and each.n_distinct > 1 and not words.has_word(each.name, words.SENSITIVE)
    ]
    if not dates:
        return None
    best = max(dates, key=lambda each: (words.has_word(each.name, words.APPLIED), -each.n_missing, -each.place))
    why = "its name" if words.has_word(best.name, words.APPLIED) else "its values"
    rest = [each.name for each in dates if each is not best]
    return best.name, why + (f"; also dates: {', '.join(rest)}" if rest else ""), len(dates) == 1


def _exposure(free: Sequence[Summary]) -> tuple[str, str, bool] | None:
    def rank(each: Summary) -> int:
        found = words.words_of(each.name)
        places = [words.EXPOSURES.index(word) for word in found if word in words.EXPOSURES]
        return min(places, default=len(words.EXPOSURES))

    amounts = [each for each in free if is_amount(each) and each.given[0] >= 0 and rank(each) < len(words.EXPOSURES)]
    if not amounts:
        return None
    best = min(amounts, key=lambda each: (rank(each), each.place))
    return (
        best.name,
        "an amount by its name and size",
        words.plain(best.name) in {"exposure", "ead", "loanamount", "loanamnt"},
    )


def is_amount(each: Summary) -> bool:
    """Whether a column holds money, by its name and the size of its values."""
    if each.numbers is None or not each.given.size or words.has_word(each.name, words.NOT_AMOUNTS):
        return False
    return words.has_word(each.name, words.AMOUNTS) and float(np.quantile(np.abs(each.given), 0.95)) >= 100


def _scores(free: Sequence[Summary]) -> tuple[dict[str, Mapping[str, str]], dict[str, str]]:
    scores: dict[str, Mapping[str, str]] = {}
    why: dict[str, str] = {}
    for each in free:
        kind = _score_kind(each)
        if kind is None:
            continue
        name = "_".join(words.words_of(each.name)) or f"score_{len(scores) + 1}"
        name = name if name not in scores else f"{name}_{each.place + 1}"
        entry = {"column": each.name, "kind": kind}
        if kind == "points":
            entry["higher"] = "safer"
        scores[name] = entry
        why[f"scores.{name}"] = f"its name, and its values look like {kind}"
    return scores, why


def _score_kind(each: Summary) -> str | None:
    values = each.given
    few = 10
    if each.n_distinct <= few or not values.size:
        return None
    found, name = set(words.words_of(each.name)), words.plain(each.name)
    called = found & words.PROBABILITIES or name in words.PROBABILITIES
    if not called or found & {"fico", "bureau", "external", "ext", "source", "cibil"}:
        return None
    low, high = float(values[0]), float(values[-1])
    if low >= 0 and high <= 1 and not each.is_whole:
        return "probability"
    if name in words.POINTS and each.is_whole and low >= 0 and high >= 100:
        return "points"
    if low < 0 and high < 50 and name in {"score", *words.LOG_ODDS}:
        return "log-odds"
    if low >= 0 and high <= 100 and not each.is_whole and name != "score":
        return "percent"
    return None
