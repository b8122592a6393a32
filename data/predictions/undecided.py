"""What reading leaves open about columns that have a role: how they are written, codes, and rows of totals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from data.definition.evidence import vocabulary as words
from data.definition.evidence.codes import codes_among
from data.definition.evidence.roles import is_prediction
from data.errors import PredictionsError
from data.predictions.cells import are_missing, numbers_of
from data.predictions.roles import answers as say
from data.predictions.roles.answers import SCORE, SCORES, Answers
from data.predictions.roles.assigning import Assigned
from data.predictions.roles.judging import MOSTLY
from data.predictions.roles.questions import Answer, Question
from data.predictions.roles.scores import ScoresFound
from data.reading.cells import Asked
from data.reading.layout import are_totals, are_totals_of_parts
from data.reading.said import NO_CODES, Said, listed

_NUMBERS = (say.EXPOSURE, say.WEIGHT, say.LGD, say.FOLD)
_MOST_SHOWN = 3
_LABELS: Mapping[tuple[str, str], str] = {
    ("decimal", ","): "the comma is the decimal mark",
    ("decimal", "."): "the point is the decimal mark",
    ("dates", "day-first"): "the day comes first",
    ("dates", "month-first"): "the month comes first",
}
# A 0 is a code where it is so far below the other scores, in parts of the range of those.
_GAP_ABOVE_ZERO = 0.25
# The least number of rows of which no sum is equal to the last amount by chance.
_MANY = 20


def numbers_in(assigned: Assigned) -> set[str]:
    """The columns of which the role takes numbers."""
    found = assigned.scores
    return {found.column, *found.others} | {name for role, name in assigned.others.items() if role in _NUMBERS}


def score_like(asked: Iterable[Asked], answers: Answers) -> set[str]:
    """Of the columns that are left as text, those that are said or called to be a score."""
    said = {column for column, role in answers.roles if role in (SCORE, *SCORES)}
    named = words.PROBABILITIES | words.POINTS | words.LOG_ODDS
    return {
        each.column
        for each in asked
        if each.column in said or is_prediction(each.column) or words.plain(each.column) in named
    }


def ask_reading(
    table: pl.DataFrame, asked: Iterable[Asked], numbers: Collection[str], dates: Collection[str] = ()
) -> list[Question]:
    """How the columns of `numbers` and of `dates` are written that nothing in the file decides; one question a flag."""
    wanted = {"decimal": numbers, "dates": dates}
    open_columns: dict[str, list[Asked]] = {}
    for each in asked:
        if each.column in wanted.get(each.key, ()):
            open_columns.setdefault(each.key, []).append(each)
    questions = []
    for key, found in open_columns.items():
        cells = "; ".join(f"{each.column} ({_shown(table[each.column])})" for each in found)
        which = "which mark is the decimal one" if key == "decimal" else "does the day or the month come first"
        answers = tuple(Answer(_LABELS[key, answer], Answers(reading=((key, answer),))) for answer in found[0].answers)
        columns = tuple(each.column for each in found)
        questions.append(Question(key, f"{cells} can be read in two ways; {which}?", columns, answers))
    return questions


def check_alike(path: Path, table: pl.DataFrame, asked: Iterable[Asked], assigned: Assigned) -> None:
    """Raise PredictionsError if the numbers of a role are part percentages, or amounts in several currencies."""
    for each in asked:
        if not each.answers and each.column in numbers_in(assigned):
            cells = table[each.column].drop_nulls()
            shown = _shown(cells.filter(cells.str.replace_all(r"[\d., ']+", "").is_first_distinct()))
            raise PredictionsError(
                f"{path}: column {each.sentence.replace(':', '', 1)}, such as {shown}; "
                f"write its cells alike, or leave it out with --map {each.column}=none."
            )


def without_codes(table: pl.DataFrame, scores: ScoresFound, said: Said) -> pl.DataFrame:
    """`table` with nothing where a score is one of the codes that are said; the same object where there is none."""
    if not (codes := _said_codes(said)):
        return table
    changed = []
    for name in (scores.column, *scores.others):
        is_code = numbers_of(table[name]).is_in(codes).fill_null(value=False)
        if is_code.any():
            changed.append(table[name].set(is_code, None))
    return table.with_columns(changed) if changed else table


def ask_codes(table: pl.DataFrame, scores: ScoresFound, said: Said) -> list[Question]:
    """Whether numbers far from a score's others are codes for no score; nothing once it is said that there are none."""
    if said.get("codes") == NO_CODES:
        return []
    questions = []
    for name, word in {scores.column: scores.word, **scores.others}.items():
        # A probability beyond 0 to 1 is refused with its cell.
        if SCORES[word][0] == "probability":
            continue
        numbers = numbers_of(table[name]).drop_nulls().drop_nans().sort()
        if not (codes := _codes_of(numbers)):
            continue
        counts = ", ".join(f"{code:.0f} ({int((numbers == code).sum()):,} rows)" for code in codes)
        rest = numbers.filter(~numbers.is_in(codes))
        text = f"The other scores in {name} lie between {rest[0]:g} and {rest[-1]:g}; is {counts} a code for no score?"
        given = ",".join(f"{code:.0f}" for code in codes)
        answers = (
            Answer("codes, such rows have no score", Answers(reading=(("codes", given),))),
            Answer("scores like the others", Answers(reading=(("codes", NO_CODES),))),
        )
        questions.append(Question(f"codes.{name}", text, (name,), answers))
    return questions


def check_totals(path: Path, table: pl.DataFrame, assigned: Assigned) -> None:
    """Refuse a table of which a row sums others up: it is called so, or its exposure is their sum.

    Raises:
        PredictionsError: there is such a row, with its number.
    """
    name = assigned.others.get(say.ID, table.columns[0])
    ids = table[name]
    names_rows = ids.dtype == pl.String and (say.ID in assigned.others or ids.n_unique() > ids.len() // 2)
    if names_rows and (found := _are_sums(ids)).any() and not found.all():
        row = int(found.arg_max() or 0)
        raise _sums_up(path, row, f"says {ids[row]!r} in {name}")
    exposure = assigned.others.get(say.EXPOSURE)
    if exposure is None or table.height < 3:
        return
    amounts = numbers_of(table[exposure])
    last, above = amounts[-1], float(amounts.head(table.height - 1).fill_nan(None).sum() or 0)
    if last is None or not last > 0 or abs(last - above) > 1e-9 * above:
        return
    cells = [
        table[name],
        table[assigned.scores.column],
        *([assigned.outcomes] if assigned.outcomes is not None else []),
    ]
    if table.height > _MANY or any(bool(are_missing(each.tail(1))[0]) for each in cells):
        raise _sums_up(path, table.height - 1, f"has the sum of the others in {exposure}")


def _are_sums(ids: pl.Series) -> pl.Series:
    # A company may be called Total Energy; where ids have digits, no other id begins so.
    with_digits = float(str(ids.str.contains(r"\d").mean() or 0.0))
    return are_totals_of_parts(ids) if with_digits >= MOSTLY else are_totals(ids)


def _sums_up(path: Path, row: int, what: str) -> PredictionsError:
    return PredictionsError(
        f"{path}: row {row + 1:,} {what}, so it sums up others and is no application; take such rows out of the file."
    )


def _said_codes(said: Said) -> list[float]:
    text = said.get("codes", NO_CODES)
    return [] if text == NO_CODES else [float(each) for each in listed(text)]


def _codes_of(ordered: pl.Series) -> list[float]:
    """The codes among sorted numbers: of the usual shapes, or a repeated 0 far below the others."""
    found = sorted(codes_among(ordered))
    rest = ordered.filter(~ordered.is_in(found) & (ordered != 0))
    n_zero = int((ordered == 0).sum())
    if n_zero > 1 and len(rest) and rest[0] > 1 and rest[0] > _GAP_ABOVE_ZERO * (rest[-1] - rest[0]):
        found.append(0.0)
    return found


def _shown(values: pl.Series) -> str:
    cells: Sequence[str] = values.drop_nulls().unique(maintain_order=True).head(_MOST_SHOWN).to_list()
    return ", ".join(cell[:40] for cell in cells)
