"""The columns of somebody else's table that may be there: id, exposure, weight, date, decisions, grade, model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import polars as pl

from data.definition.definition import Definition
from data.definition.evidence import vocabulary as words
from data.errors import PredictionsError
from data.predictions.cells import are_missing, numbers_of
from data.predictions.roles import answers as say
from data.predictions.roles.answers import Answers
from data.predictions.roles.dates import dates_in
from data.predictions.roles.ids import LARGEST, identifies
from data.predictions.roles.judging import MOSTLY
from data.predictions.roles.questions import Answer, Question

_MOST_MODELS, _MOST_GRADES = 20, 30
_GLANCE = 1_000
_ID_ENDS = frozenset({"id", "key", "uuid", "guid", "nr", "ref"})
_TEXTS = (pl.String, pl.Categorical, pl.Enum)


def find_optional(
    table: pl.DataFrame, definition: Definition, answers: Answers, taken: Iterable[str]
) -> tuple[dict[str, str], list[Question]]:
    """The column by role, as said or as names and values tell; columns in `taken` do not count.

    Two ids or exposures that differ are a question, unless one has the project's own name.
    """
    decided = {say.SCORE, *say.SCORES, say.OUTCOME, say.NONE, say.SEGMENT}
    roles = {role: column for column, role in answers.roles if role not in decided}
    busy = {*taken, *(column for column, _ in answers.roles)}
    free = [name for name in table.columns if name and name not in busy]
    questions: list[Question] = []
    for role, known, fits in _known_as(definition):
        if role in roles:
            continue
        named = sorted(
            (name for name in free if words.plain(name) in known), key=lambda name: known.index(words.plain(name))
        )
        fitting = _different(table, [name for name in named if fits(table[name])])
        if len(fitting) > 1 and words.plain(fitting[0]) != known[0]:
            questions.append(_which(role, fitting))
        elif named:
            # Where none fits, the first is taken, so that what is wrong with it can be said.
            roles[role] = (fitting or named)[0]
    if say.ID not in roles:
        ids = [name for name in free if _is_called_id(name, table)]
        # Where none names each row, what is called an application's is taken, so that it can be said or is stacked.
        ids += [name for name in free if words.plain(name) in words.OF_APPLICATIONS]
        roles |= {say.ID: ids[0]} if ids else {}
    free = [name for name in free if name not in roles.values()]
    if say.DATE not in roles:
        dates = _dates(table, free)
        if len(dates) > 1:
            questions.append(_which(say.DATE, dates))
        roles |= {say.DATE: dates[0]} if len(dates) == 1 else {}
    for role, fits_role in _BY_VALUES.items():
        if role not in roles and (found := next((name for name in free if fits_role(table[name])), None)):
            roles[role] = found
    roles |= {role: name for role, name in _decisions(table, free).items() if role not in roles}
    return roles, questions


def check_weights(path: Path, values: pl.Series, counted: pl.Series) -> None:
    """Raise PredictionsError where a row that is `counted` has no weight that is usable, or none has one above 0.

    What is weighted for some rows only, or not at all although there are weights, is a wrong figure.
    """
    weights = numbers_of(values)
    wrong = counted & ~(weights.is_finite() & (weights >= 0)).fill_null(value=False)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        n_wrong = "1 row" if wrong.sum() == 1 else f"{wrong.sum():,} rows"
        cell = "an empty cell" if are_missing(values)[row] else repr(values[row])
        problem = f"has {n_wrong} without a finite number from 0 on, for example {cell} in row {row + 1:,}"
    elif not (counted & (weights > 0)).any():
        problem = "is 0 in every row"
    else:
        return
    raise PredictionsError(
        f"{path}: column {values.name}, taken for the weight, {problem}; correct the file, or count each row once with "
        f"--map {values.name}={say.NONE}."
    )


def _known_as(
    definition: Definition,
) -> Iterable[tuple[str, tuple[str, ...], Callable[[pl.Series], bool]]]:
    """Roles, the names by which each is known in order of preference, and what its values have to be."""
    # An amount is one exposure of several: any that says so comes first.
    exposure = definition.roles.exposure
    return (
        (say.ID, _names("applicationid", definition.id, "id"), identifies),
        (say.EXPOSURE, _names("exposure", "ead", "exposureatdefault", exposure), partial(_is_between, high=LARGEST)),
        (say.FOLD, ("fold",), partial(_is_between, high=255)),
        (say.LGD, tuple(sorted(words.LGDS)), partial(_is_between, high=1)),
        (say.WEIGHT, tuple(sorted(words.WEIGHTS)), partial(_is_between, high=LARGEST)),
    )


def _names(*names: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words.plain(name) for name in names if name))


def _is_between(values: pl.Series, high: float) -> bool:
    missing = are_missing(values)
    given = numbers_of(values).filter(~missing)
    share = given.is_between(0, high).fill_null(value=False).mean()
    return bool(len(given)) and float(str(share or 0.0)) >= MOSTLY


def _different(table: pl.DataFrame, names: list[str]) -> list[str]:
    """`names` without columns that are equal to an earlier one."""
    kept: list[str] = []
    for name in names:
        if not any(
            table[name].dtype == table[other].dtype
            and table[name].equals(table[other], check_names=False, null_equal=True)
            for other in kept
        ):
            kept.append(name)
    return kept


def _which(role: str, names: list[str]) -> Question:
    answers = tuple(Answer(name, Answers(((name, role),))) for name in names)
    return Question(role, f"{' and '.join(names)} could each be the {role}; which is it?", tuple(names), answers)


def _is_called_id(name: str, table: pl.DataFrame) -> bool:
    found = words.words_of(name)
    if not found or words.has_word(name, words.PERSONS) or table[name].dtype.is_float():
        return False
    return (words.plain(name) in words.IDS or found[-1] in _ID_ENDS) and identifies(table[name])


def _is_model(values: pl.Series) -> bool:
    is_name = values.dtype in _TEXTS or values.dtype.is_integer()
    return words.plain(values.name) in words.MODELS and is_name and 2 <= _few(values) <= _MOST_MODELS


def _is_grade(values: pl.Series) -> bool:
    is_text = values.dtype in _TEXTS or values.dtype.is_integer()
    return words.plain(values.name) in words.GRADES and is_text and 2 <= _few(values) <= _MOST_GRADES


def _dates(table: pl.DataFrame, free: Iterable[str]) -> list[str]:
    """The columns of which each may say when an application was made.

    Those that say so by their names come first, and then those that are given in most rows; dates of the default
    or of what followed do not count. Of columns that agree on the quarter the first is meant.
    """
    found = {name: dates for name in free if (dates := _dates_of(table[name])) is not None}
    applied = [name for name in found if words.has_word(name, words.APPLIED)]
    kept: list[pl.Series] = []
    for name in applied or list(found):
        quarters = found[name].dt.truncate("1q").alias(name)
        if not any((quarters == other).all() for other in kept):
            kept.append(quarters)
    return [quarters.name for quarters in kept]


def _dates_of(values: pl.Series) -> pl.Series | None:
    """The days in a column that may be when an application was made; None where it holds none."""
    name = words.plain(values.name)
    if words.has_word(values.name, words.SENSITIVE) or words.outcome_said(name) or words.AFTERWARDS.search(name):
        return None
    if dates_in(values.head(_GLANCE)) is None and values.head(_GLANCE).null_count() < min(_GLANCE, len(values)):
        return None
    dates = dates_in(values)
    # What most rows lack happened to some of them only.
    return dates if dates is not None and 2 * dates.null_count() <= len(dates) else None


def _few(values: pl.Series) -> int:
    return (
        values.n_unique() if values.head(_GLANCE).n_unique() <= _GLANCE // 2 or len(values) < _GLANCE else len(values)
    )


def is_decision(values: pl.Series) -> bool:
    """Whether a column holds decisions: two of its values at least are words for one."""
    if values.dtype not in _TEXTS:
        return False
    # What a column of levels can hold is known without looking at its rows.
    if isinstance(values.dtype, pl.Enum) and not _are_decisions(values.dtype.categories):
        return False
    return _few(values) <= _MOST_GRADES and _are_decisions(values.unique().drop_nulls())


def _are_decisions(texts: pl.Series) -> bool:
    return sum(bool(words.DECIDED.match(str(text).strip().lower())) for text in texts) > 1


def _decisions(table: pl.DataFrame, free: Iterable[str]) -> Mapping[str, str]:
    """The final decision, and the model's where one of two says that it is."""
    found = [name for name in free if is_decision(table[name])]
    of_model = [name for name in found if words.has_word(name, _OF_MODEL)]
    final = [name for name in found if name not in of_model]
    final = [name for name in final if words.has_word(name, _FINAL)] or final
    roles = {say.DECISION: final[0]} if len(final) == 1 else {}
    return {**roles, say.MODEL_DECISION: of_model[0]} if roles and len(of_model) == 1 else roles


_OF_MODEL = frozenset({"model", "system", "score", "scorecard", "automatic", "auto", "policy", "recommended"})
_FINAL = frozenset({"final", "actual", "underwriter", "manual"})
_BY_VALUES: Mapping[str, Callable[[pl.Series], bool]] = {
    say.MODEL: _is_model,
    say.GRADE: _is_grade,
}
