"""The outcome of somebody else's table: which column it is, which of its values are bad, and its cells read so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from data.definition.definition import Definition
from data.definition.evidence import vocabulary as words
from data.definition.evidence.outcome_values import OutcomeValues, is_mostly_yes, outcome_values
from data.errors import PredictionsError
from data.predictions.cells import are_missing, numbers_of
from data.predictions.roles.answers import NONE, OUTCOME, Answers
from data.predictions.roles.questions import Answer, Question

# A column of more values is no outcome.
MOST_VALUES = 24
# How a person calls the cells without a value, where those say something.
BLANK = "(blank)"
_MOST_SHOWN, _GLANCE = 8, 10_000
# What a candidate rests on, the strongest first: a name of our own; name and values; the name; values, which may be
# those of a feature.
_OWN, _SURE, _OPEN, _FLAG = range(4)
_OWN_NAME = "isdefault"
# From so many points on values say in words how a loan ended.
_BY_WORDS = 3
_TEXTS = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column that may be the outcome: its values by frequency, and what they say; None where they say nothing."""

    column: str
    counts: Mapping[str, int]
    values: OutcomeValues | None
    rank: int
    n_blank: int = 0

    @property
    def is_decided(self) -> bool:
        """Whether it is plain which values are bad."""
        return self.values is not None and self.values.sure


def values_of(values: pl.Series) -> dict[str, int] | None:
    """The different values as a person would write them, the most frequent first; None where they are too many.

    Spellings that differ by case alone are one value, and so are 1 and 1.0.
    """
    if not (values.dtype.is_numeric() or values.dtype == pl.Boolean or values.dtype in _TEXTS):
        return None
    if values.head(_GLANCE).n_unique() > 2 * MOST_VALUES:
        return None
    counted = values.alias("value").value_counts(name="n")
    if counted.height > 2 * MOST_VALUES:
        return None
    counted = counted.sort("n", "value", descending=[True, False])
    texts, missing = _texts(counted["value"]), are_missing(counted["value"])
    found: dict[str, tuple[str, int]] = {}
    for text, n, is_gap in zip(texts, counted["n"], missing, strict=True):
        if not is_gap:
            shown, number = found.get(_folded(text), (text, 0))
            found[_folded(text)] = shown, number + n
    return dict(sorted(found.values(), key=lambda each: (-each[1], each[0]))) if len(found) <= MOST_VALUES else None


def read_outcomes(values: pl.Series, bad: Sequence[str], good: Sequence[str]) -> pl.Series:
    """1 (Float64) for a bad value, 0 for a good one, null for any other; `BLANK` is what is missing."""
    ends = {_folded(text): end for texts, end in ((bad, 1.0), (good, 0.0)) for text in texts}
    if (blank := ends.pop(BLANK, None)) is not None:
        given = read_outcomes(values, [text for text in bad if text != BLANK], [text for text in good if text != BLANK])
        return given.set(are_missing(values), blank)
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        spoken = {"true": 1.0, "false": 0.0}
        numbers = {spoken.get(text, _number(text)): end for text, end in ends.items()}
        known = [number for number in numbers if number is not None]
        return numbers_of(values).replace_strict(
            known, [numbers[number] for number in known], default=None, return_dtype=pl.Float64
        )
    if values.dtype not in _TEXTS:
        return pl.Series(values.name, [None], dtype=pl.Float64).new_from_index(0, len(values))
    distinct = values.cast(pl.String).unique().drop_nulls()
    said = [ends.get(_folded(text)) for text in distinct]
    return values.cast(pl.String).replace_strict(distinct, said, default=None, return_dtype=pl.Float64)


def find_outcome(
    table: pl.DataFrame, definition: Definition, answers: Answers
) -> tuple[Candidate | None, list[Question]]:
    """The outcome's column with its bad and good values, or the questions that it takes to know them.

    Neither where the table has no outcome. Of a column that `answers` name, 1 and true are bad unless its name says
    good; of another, only where its name says that, too.
    """
    if answers.has_no_outcome:
        return None, []
    said = [column for column, role in answers.roles if role == OUTCOME]
    given = {column for column, _ in answers.roles}
    if said:
        chosen = _candidate(table[said[0]], definition, is_said=True)
    else:
        found = [
            each for name in table.columns if name not in given for each in _maybe(table[name], definition) if each
        ]
        fitting = _competing(table, found)
        if len(fitting) > 1 or (fitting and fitting[0].rank == _FLAG):
            return None, [_which_column(fitting)]
        chosen = fitting[0] if fitting else None
    if chosen is None or not chosen.counts:
        return chosen, []
    return _with_values(chosen, answers)


def check_values(path: Path, values: pl.Series) -> None:
    """Raise PredictionsError where a column that should be the outcome holds what no outcome is."""
    wanted = f"two values that say who defaulted, of {MOST_VALUES} at most"
    if values.dtype.is_nested() or values.dtype.is_temporal() or values.dtype == pl.Object:
        kind = "lists or structures" if values.dtype.is_nested() else "dates or times"
        raise PredictionsError(
            f"{path}: column {values.name} holds {kind}; expected {wanted}; map another column as the outcome, or take "
            f"this one out with --map {values.name}={NONE}."
        )
    if not are_missing(values).all():
        found = f"{values.drop_nulls().n_unique():,} different values"
        raise PredictionsError.from_kind(path, values.name, found, wanted)


def open_values(candidate: Candidate) -> dict[str, int]:
    """The values that are neither bad nor good, with their numbers of rows."""
    if candidate.values is None:
        return {}
    known = {_folded(text) for text in (*candidate.values.bad, *candidate.values.good)}
    return {value: n for value, n in candidate.counts.items() if _folded(value) not in known}


def _maybe(values: pl.Series, definition: Definition) -> Iterator[Candidate | None]:
    yield _candidate(values, definition, is_said=False)


def _candidate(values: pl.Series, definition: Definition, *, is_said: bool) -> Candidate | None:
    name, counts = words.plain(values.name), values_of(values)
    if counts is None:
        # What is called an outcome and is of a kind that can be none is complained of, not passed over.
        is_odd = _is_called_outcome(name, definition) and not (values.dtype.is_numeric() or values.dtype in _TEXTS)
        return Candidate(values.name, {}, None, _SURE) if is_said or is_odd else None
    if not counts:
        is_called_so = _is_called_outcome(name, definition)
        return Candidate(values.name, {}, None, _SURE) if is_said or is_called_so else None
    found = _defined(values.name, counts, definition) or outcome_values(values.name, counts)
    numbers = {text.lower() for text in counts} <= {"0", "1", "true", "false"}
    if found is not None and is_said and numbers and not words.outcome_said(name) and not is_mostly_yes(counts):
        found = OutcomeValues(found.bad, found.good, found.points, sure=True)
    n_blank = int(are_missing(values).sum())
    if is_said:
        return Candidate(values.name, counts, found, _SURE, n_blank)
    sure = found is not None and found.sure
    if _is_called_outcome(name, definition):
        rank = (_OWN if name == _OWN_NAME else _SURE) if sure else _OPEN
        # A name that says little is no evidence: of many values it may say anything.
        is_evident = found is not None or len(counts) <= 3 or not _is_weak(name)
        return Candidate(values.name, counts, found, rank, n_blank) if is_evident else None
    is_flag = len(counts) == 2 and (
        {text.lower() for text in counts} <= words.YES | words.NO or (found is not None and found.points > 0)
    )
    speaks = found is not None and found.points >= _BY_WORDS
    return Candidate(values.name, counts, found, _FLAG, n_blank) if is_flag or speaks else None


def _is_weak(name: str) -> bool:
    return name in words.WEAK_OUTCOMES


def _is_called_outcome(name: str, definition: Definition) -> bool:
    known = words.OUTCOMES | words.WEAK_OUTCOMES | words.EVENTS
    target = "" if definition.target is None else words.plain(definition.target)
    return name in known or name == target or words.SAYS_BAD.fullmatch(name) is not None


def _defined(column: str, counts: Mapping[str, int], definition: Definition) -> OutcomeValues | None:
    """The values as the portfolio's definition has them, where it names this column and they occur in it."""
    outcome = definition.outcome
    if outcome is None or column != outcome.column or {*outcome.bad, *outcome.good}.isdisjoint(counts):
        return None
    return OutcomeValues(outcome.bad, outcome.good, 3, sure=True)


def _competing(table: pl.DataFrame, found: Sequence[Candidate]) -> list[Candidate]:
    """The candidates of the best rank, without those that say what an earlier one says."""
    found = [each for each in found if each.counts] or found
    best = [each for each in found if each.rank == min(other.rank for other in found)]
    if best and all(words.plain(each.column) in words.WEAK_OUTCOMES - words.EVENTS for each in best):
        # A status may be that of an account; another column whose name says default may be what is meant.
        best += [each for each in found if each.rank == _FLAG and words.outcome_said(words.plain(each.column)) == "bad"]
    kept: list[Candidate] = []
    read: list[pl.Series] = []
    for each in best:
        values = each.values
        said = table[each.column] if values is None else read_outcomes(table[each.column], values.bad, values.good)
        if not any(said.dtype == other.dtype and said.equals(other, null_equal=True) for other in read):
            kept.append(each)
            read.append(said)
    return kept


def _which_column(fitting: Sequence[Candidate]) -> Question:
    shown = fitting[:_MOST_SHOWN]
    listed = " and ".join(f"{each.column} ({_counted(each.counts)})" for each in shown)
    answers = [Answer(f"{each.column} is the outcome", Answers(((each.column, OUTCOME),))) for each in shown]
    if fitting[0].rank == _FLAG:
        text = f"No column is called an outcome; is it {listed}, or is none known yet?"
        answers.append(Answer("no outcome is known", Answers(has_no_outcome=True)))
    else:
        text = f"{listed} could each be the outcome; which column says who defaulted?"
    return Question("outcome", text, tuple(each.column for each in shown), tuple(answers))


def _with_values(chosen: Candidate, answers: Answers) -> tuple[Candidate | None, list[Question]]:
    """The candidate with the bad and good values that are said or plain, or the question which these are."""
    by_text = {_folded(value): value for value in (*chosen.counts, *([BLANK] if chosen.n_blank else []))}
    bad = tuple(by_text.get(_folded(value), "") for value in answers.bad)
    good = tuple(by_text.get(_folded(value), "") for value in answers.good)
    if unknown := [flag for flag, found in zip((*answers.bad, *answers.good), (*bad, *good), strict=True) if not found]:
        return None, [
            Question(
                "values",
                f"column {chosen.column} has no value {unknown[0]!r} (it has {_counted(chosen.counts)}); "
                "which of its values is the default?",
                (chosen.column,),
                (),
                tuple(chosen.counts.items()),
            )
        ]
    values = chosen.values
    if bad or good:
        values = _completed(bad, good, tuple(chosen.counts), values)
    elif not chosen.is_decided:
        values = None
    if values is None:
        return None, [_which_values(chosen, answers)]
    if not (bad or good) and set(map(_folded, values.good)).isdisjoint(by_text):
        return None, [_only_bad(chosen, values)]
    return replace(chosen, values=values), []


def _completed(
    bad: tuple[str, ...], good: tuple[str, ...], values: tuple[str, ...], guess: OutcomeValues | None
) -> OutcomeValues | None:
    """Bad and good values of which a person said some; None where that leaves it open."""
    if bad and good:
        return OutcomeValues(bad, good, 0, sure=True)
    rest = tuple(value for value in values if value not in (*bad, *good))
    if len(rest) > 1 and guess is not None and guess.by_words:
        # Words that are known to say how a loan ended; others are open.
        rest = tuple(value for value in rest if value in (guess.good if bad else guess.bad))
    elif len(rest) > 1:
        return None
    return OutcomeValues(bad or rest, good or rest, 0, sure=True)


def _which_values(chosen: Candidate, answers: Answers) -> Question:
    values, said = list(chosen.counts), Answers(((chosen.column, OUTCOME),))
    listed = _counted(chosen.counts)
    if answers.bad or answers.good or len(values) > 2:
        guess = chosen.values
        choices = [said.plus(Answers(bad=guess.bad, good=guess.good))] if guess and not answers.bad else []
        choices += [said.plus(Answers(bad=("1",), good=("0",)))] if {"0", "1"} <= {*values} and not choices else []
        answered = tuple(Answer("the others are open", each) for each in choices)
        if "0" in values and all(value.isdigit() for value in values) and not (answers.bad or answers.good):
            above = tuple(value for value in values if value != "0")
            answered += (Answer("0 is no default, more is one", said.plus(Answers(bad=above, good=("0",)))),)
        text = f"column {chosen.column} holds {listed}; which are defaults, and which repaid?"
        return Question("values", text, (chosen.column,), answered, tuple(chosen.counts.items()))
    answered = tuple(Answer(f"{value} is the default", said.plus(Answers(bad=(value,)))) for value in values)
    if len(values) == 1:
        answered += (Answer(f"{values[0]} is no default", said.plus(Answers(good=(values[0],)))),)
    text = f"column {chosen.column} holds {listed}; which value is the default?"
    return Question(
        "values", text, (chosen.column,), answered, tuple(chosen.counts.items()) if len(values) == 1 else ()
    )


def _only_bad(chosen: Candidate, values: OutcomeValues) -> Question:
    """Whether all are defaults; where others were left blank, they are no defaults or not known yet."""
    bad = tuple(value for value in chosen.counts if _folded(value) in set(map(_folded, values.bad)))
    said = Answers(((chosen.column, OUTCOME),), bad=bad)
    text = f"column {chosen.column} holds {_counted(chosen.counts)} and no value that says no default"
    if not chosen.n_blank:
        every = (Answer("all are defaults", said),)
        return Question("values", f"{text}; did all of them default?", (chosen.column,), every)
    answers = (
        Answer("blank is no default", said.plus(Answers(good=(BLANK,)))),
        Answer("blank is not known yet", said),
    )
    text += f", and {chosen.n_blank:,} cells are blank; what does blank say?"
    return Question("values", text, (chosen.column,), answers)


def _counted(counts: Mapping[str, int]) -> str:
    shown = [f"{value}: {n:,}" for value, n in [*counts.items()][:_MOST_SHOWN]]
    return ", ".join(shown) + (f" and {len(counts) - _MOST_SHOWN} more" if len(counts) > _MOST_SHOWN else "")


def _texts(values: pl.Series) -> list[str]:
    texts = values.cast(pl.String).str.strip_chars().fill_null("")
    return [words.bare(text) for text in texts]


def _folded(text: str) -> str:
    return words.bare(text.strip()).lower()


def _number(text: str) -> float | None:
    return float(text) if words.is_number(text) else None
