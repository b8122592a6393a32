"""Importing someone else's predictions: any table that holds a score, and an outcome where one is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from data.definition.definition import Definition
from data.errors import FileError, PredictionsError
from data.predictions.days import DayColumns
from data.predictions.roles import answers as say
from data.predictions.roles.answers import NOTHING_SAID, Answers, parse_answers
from data.predictions.roles.assigning import Assigned, assign_roles, word_roles
from data.predictions.roles.dates import dates_in
from data.predictions.roles.models import Stacked, is_stacked, unstack
from data.predictions.roles.outcomes import open_values
from data.predictions.roles.questions import QuestionsError
from data.predictions.roles.scores import SAID, as_pds, check_score, word_score
from data.predictions.scale import Scale
from data.predictions.shaping import (
    MOST_LEVELS,
    cohort_columns,
    count_rows,
    ordered_grades,
    role_columns,
    shape_columns,
    special_in,
    whole_levels,
    with_special,
)
from data.predictions.table import (
    EXPOSURE,
    FOLD,
    ID,
    OUTCOME,
    PROBABILITY,
    WEIGHT,
    Predictions,
    PredictionsSource,
    describe_columns,
)
from data.predictions.undecided import (
    ask_codes,
    ask_reading,
    check_alike,
    check_totals,
    numbers_in,
    score_like,
    without_codes,
)
from data.reading.said import NOTHING, Said, together, word_said
from data.reading.table import Reading, read_table
from data.reading.text import Progress
from data.store.storage import sha256_of

__all__ = ["MOST_LEVELS", "cohort_columns", "import_predictions", "parse_answers", "version_of"]


def import_predictions(
    path: Path,
    definition: Definition,
    answers: Answers = NOTHING_SAID,
    said: Said = NOTHING,
    progress: Progress | None = None,
) -> Predictions:
    """Open `path`, a table of any usual format, as predictions; `said` tells how it is written (`data.reading.said`).

    `answers` say of its columns what names and values do not tell. `progress` gets (done, total) while text is read.

    A column that is called as one of the `definition` is described in its words.

    Every column that has no role becomes a cohort column where it can: text of up to 256 levels, flags, numbers and
    periods. Rows without a score are left out and counted; what was taken for what, and whatever is not as the file has
    it, is said in the source.

    Raises:
        FileError: the file is missing, empty or no table.
        QuestionsError: a role cannot be decided; with all that can be asked at once.
        PredictionsError: no column could be a score, or one holds values that cannot be used.
    """
    said, answers = together(said, answers.reading), answers.of_columns
    reading = read_table(path, said, None if progress is None else _most_of(progress))
    table, answers = reading.frame, _as_read(answers, reading)
    notices = [*reading.assumed.sentences(), *_notices_of_gaps(reading.gaps)]
    table, assigned = _assigned(path, reading, definition, answers, said)
    _check_names(path, reading, assigned)
    check_totals(path, table, assigned)
    scored = _score(path, table, assigned, answers)
    columns = {values.name: values for values in table}
    # The columns of a large table are only held while each is turned into what it becomes.
    percents = reading.percents
    del table, reading
    kept = _kept(path, assigned, scored)
    notices += [*_notices_of_rows(assigned, scored, kept), *_notices_of_scores(assigned, scored)]
    frame, days, more = _shape(columns, kept.rows, assigned, scored, has_outcomes=kept.has_outcomes)
    used = {role: name for role, name in assigned.others.items() if _COLUMN_OF.get(role, name) in frame.columns}
    used |= {say.MODEL: assigned.others[say.MODEL]} if scored.stacked is not None else {}
    codes = special_in(frame, (name for name in frame.columns if name not in _COLUMN_OF.values()))
    notices += [*more, *_notices_of_roles(used), *_notices_of_codes(codes)]
    source = PredictionsSource(
        path.name,
        _digest(path, assigned, answers, said),
        is_imported=True,
        notices=tuple(notices),
        taken=word_roles(assigned, used, percents),
        n_open=kept.n_open,
        has_outcomes=kept.has_outcomes,
    )
    described = tuple(
        with_special(column, frame, codes[column.name]) if column.name in codes and not column.special else column
        for column in describe_columns(frame, definition)
    )
    by_word = {word: name for word, name in assigned.columns.items() if word not in assigned.others or word in used}
    return Predictions(
        frame,
        source,
        described,
        by_word,
        more=DayColumns(days) if days else None,
        others={name: values.filter(kept.rows) for name, values in scored.others.items()},
        scale=scored.scale,
        champion=assigned.scores.column if scored.stacked is None else scored.stacked.champion,
        other_scales=scored.other_scales,
        segments=tuple(name for name in assigned.segments if name in frame.columns),
    )


def _most_of(progress: Progress) -> Progress:
    """`progress` of the whole for the reading of the text, beyond which the columns are judged."""
    return lambda done, total: progress(4 * done, 5 * total)


def version_of(path: Path) -> str:
    """A text that changes when the file does, without reading it.

    Raises:
        FileError: there is no such file.
    """
    try:
        stat = path.stat()
    except OSError:
        raise FileError.from_missing(path) from None
    return f"{path}:{stat.st_size}:{stat.st_mtime_ns}"


def _as_read(answers: Answers, reading: Reading) -> Answers:
    """`answers` for columns of percentages that have been read as shares, because each cell has a percent sign."""
    read = {"percent": "probability", "percent-of-good": "probability-of-good"}
    return replace(
        answers,
        roles=tuple((name, read.get(role, role) if name in reading.percents else role) for name, role in answers.roles),
    )


def _assigned(
    path: Path, reading: Reading, definition: Definition, answers: Answers, said: Said
) -> tuple[pl.DataFrame, Assigned]:
    """The table, without codes in its scores where they are said, and its roles; all that has to be asked is raised."""
    table, asked = reading.frame, reading.assumed.asked
    try:
        assigned = assign_roles(path, table, definition, answers)
        blanked = without_codes(table, assigned.scores, said)
        if blanked is not table:
            # Codes tell nothing of who has the higher scores.
            table, assigned = blanked, assign_roles(path, blanked, definition, answers)
    except QuestionsError as error:
        more = ask_reading(table, asked, score_like(asked, answers))
        raise QuestionsError.from_questions(path, [*more, *error.questions]) from None
    except PredictionsError:
        if more := ask_reading(table, asked, score_like(asked, answers)):
            raise QuestionsError.from_questions(path, more) from None
        raise
    check_alike(path, table, asked, assigned)
    questions = [
        *ask_reading(table, asked, numbers_in(assigned), [assigned.others.get(say.DATE, "")]),
        *ask_codes(table, assigned.scores, said),
    ]
    if questions:
        raise QuestionsError.from_questions(path, questions)
    return table, assigned


@dataclass(frozen=True, slots=True)
class _Scored:
    """Each row's PD or place on the `scale`, where it has none, and the other models'; `stacked` is how rows are."""

    pds: pl.Series
    is_missing: pl.Series
    scale: Scale | None
    others: Mapping[str, pl.Series]
    other_scales: Mapping[str, Scale]
    stacked: Stacked | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """Which rows are shown, how many are open, and whether the outcome of any is known."""

    rows: pl.Series
    n_open: int
    has_outcomes: bool


# What the columns of the table are called that some roles become; the other roles keep their column as it is.
_COLUMN_OF = {
    say.ID: ID,
    say.FOLD: FOLD,
    say.EXPOSURE: EXPOSURE,
    say.WEIGHT: WEIGHT,
    say.OUTCOME: OUTCOME,
    "": PROBABILITY,
}


def _check_names(path: Path, reading: Reading, assigned: Assigned) -> None:
    for role, name in assigned.columns.items():
        if name in reading.repeated:
            raise PredictionsError.from_repeated_role(path, name, role)


def _score(path: Path, table: pl.DataFrame, assigned: Assigned, answers: Answers) -> _Scored:
    found = assigned.scores
    is_missing = check_score(path, table[found.column], found.word)
    pds, scale = as_pds(table[found.column], found.word)
    pds = pds.set(is_missing, None)
    others: dict[str, pl.Series] = {}
    scales: dict[str, Scale] = {}
    for name, word in found.others.items():
        missing = check_score(path, table[name], word)
        places, own = as_pds(table[name], word)
        others[name] = places.set(missing, None)
        scales |= {} if own is None else {name: own}
    ids, models = (assigned.others.get(role) for role in (say.ID, say.MODEL))
    if ids is None or models is None or not is_stacked(table[ids], table[models], assigned.outcomes):
        return _Scored(pds, is_missing, scale, others, scales, None)
    stacked = unstack(table[ids], table[models], pds, answers.champion)
    # In the order of the table's rows, of which only the champion's are kept.
    spread = {
        name: pl.Series(name, [None], dtype=pl.Float64).new_from_index(0, table.height).scatter(stacked.rows, values)
        for name, values in stacked.others.items()
    }
    # The models of a stacked table share its one column of scores.
    scales |= {} if scale is None else dict.fromkeys(spread, scale)
    return _Scored(pds, is_missing, scale, {**others, **spread}, scales, stacked)


def _kept(path: Path, assigned: Assigned, scored: _Scored) -> _Kept:
    rows = ~scored.is_missing
    if scored.stacked is not None:
        places = pl.Series(range(len(rows)), dtype=pl.UInt32)
        rows &= places.is_in(scored.stacked.rows)
    if not rows.any():
        raise FileError.from_unreadable(path, "no row has a score", "bring one that does")
    if assigned.outcomes is None:
        return _Kept(rows, int(rows.sum()), has_outcomes=False)
    n_open = int((rows & assigned.outcomes.is_null()).sum())
    return _Kept(rows, n_open, has_outcomes=n_open < int(rows.sum()))


def _digest(path: Path, assigned: Assigned, answers: Answers, said: Said) -> str:
    values = None if assigned.outcome is None else assigned.outcome.values
    ends = None if values is None else (sorted(values.bad), sorted(values.good))
    listed = (
        sorted(assigned.columns.items()),
        ends,
        sorted(assigned.scores.others.items()),
        assigned.segments,
        answers.champion,
        word_said(said),
    )
    return hashlib.sha256(sha256_of(path).encode() + repr(listed).encode()).hexdigest()


def _notices_of_gaps(gaps: Mapping[str, Mapping[str, int]]) -> Iterable[str]:
    if gaps:
        listed = "; ".join(f"{name}: {_counted(words)}" for name, words in gaps.items())
        yield f"Read as missing in columns of numbers: {listed}."


def _counted(words: Mapping[str, int]) -> str:
    return ", ".join(f"{word} ({n:,})" for word, n in words.items())


def _notices_of_rows(assigned: Assigned, scored: _Scored, kept: _Kept) -> Iterable[str]:
    if n_unscored := int(scored.is_missing.sum()):
        yield f"Left out: {count_rows(n_unscored)} of {len(scored.is_missing):,} without a score."
    if assigned.outcome is not None and (values := open_values(assigned.outcome)):
        yield f"Taken for no outcome yet in {assigned.outcome.column}: {_counted(values)}."
    if not kept.has_outcomes:
        why = (
            "no column says who defaulted (--map COLUMN=outcome names one)"
            if assigned.outcome is None
            else f"{assigned.outcome.column} says of no row whether it defaulted"
        )
        yield f"No outcome is known: {why}; what compares scores with outcomes is not defined."
    if scored.stacked is not None:
        names = ", ".join(scored.stacked.others)
        yield (
            f"One row for each model and application: {scored.stacked.champion} is shown; further scores of the same "
            f"applications: {names} (--champion {next(iter(scored.stacked.others))} shows another)."
        )
        if scored.stacked.n_left:
            yield f"Left out: {scored.stacked.n_left:,} applications that {scored.stacked.champion} has not scored."


def _notices_of_scores(assigned: Assigned, scored: _Scored) -> Iterable[str]:
    found = assigned.scores
    if scored.scale is not None:
        yield (
            f"{found.column} is read as {word_score(found.word)}: it ranks, but it is no probability, so that "
            "calibration, expected losses and money are not defined until it is calibrated (`python -m "
            "scripts.calibrate --predictions FILE` writes a table of probabilities). Pages show its place "
            f"between {scored.scale.score(0):g} (0 %) and {scored.scale.score(1):g} (100 %)."
        )
    elif found.word != "probability":
        yield f"{found.column} is read as {SAID[found.word]}."
    if found.others:
        listed = ", ".join(f"{name} ({word_score(word)})" for name, word in found.others.items())
        yield f"Further scores: {listed}; --champion {next(iter(found.others))} shows another."


def _notices_of_roles(used: Mapping[str, str]) -> Iterable[str]:
    if name := used.get(say.LGD):
        yield f"{name} holds LGDs; figures use one LGD for all, which is assumed."


def _notices_of_codes(codes: Mapping[str, Mapping[float, int]]) -> Iterable[str]:
    if codes:
        listed = "; ".join(
            f"{name}: {_counted({f'{code:.0f}': n for code, n in found.items()})}" for name, found in codes.items()
        )
        yield f"Taken for codes and no quantities, by how far they are from the other numbers: {listed}."


def _shape(
    columns: dict[str, pl.Series], is_kept: pl.Series, assigned: Assigned, scored: _Scored, *, has_outcomes: bool
) -> tuple[pl.DataFrame, list[pl.Series], list[str]]:
    """The kept rows of `columns`, taken out one by one, as predictions; days by name; and what is odd about them."""
    notices: list[str] = []
    keeps_all = bool(is_kept.all())

    def rows(values: pl.Series) -> pl.Series:
        # In one piece: arrays of what is in many are copies.
        return values.rechunk() if keeps_all else values.filter(is_kept)

    roles = assigned.others
    named = {role: rows(columns[name]) for role, name in roles.items()}
    pds = rows(scored.pds).alias(PROBABILITY)
    outcomes = pl.Series(OUTCOME, [None], dtype=pl.Boolean).new_from_index(0, len(pds))
    if has_outcomes and assigned.outcomes is not None:
        outcomes = (rows(assigned.outcomes) == 1).alias(OUTCOME)
    shaped = [outcomes, pds, *role_columns(named, notices)]
    # The others stay cohort columns where their names are free: cohorts are cut by an amount, and by a further score.
    gone = {roles.get(role) for role in (say.ID, say.FOLD, say.WEIGHT)} | {assigned.scores.column}
    gone |= {assigned.outcome.column} if assigned.outcome is not None else set()
    gone |= {EXPOSURE} if roles.get(say.EXPOSURE) == EXPOSURE else set()
    gone |= {roles.get(say.MODEL)} if scored.stacked is not None else set()
    days: list[pl.Series] = []

    def cut() -> Iterable[pl.Series]:
        for name in [name for name in columns if name not in gone]:
            values = rows(columns.pop(name))
            if (found := dates_in(values)) is not None:
                days.append(found)
            yield values

    kept, more = shape_columns(cut())
    # Here, because other levels are put in the order of the alphabet.
    kept = [ordered_grades(values, pds) if values.name == roles.get(say.GRADE) else values for values in kept]
    kept = [whole_levels(values) if values.name in assigned.segments else values for values in kept]
    present = {values.name for values in kept}
    return pl.DataFrame([*shaped, *kept]), [each for each in days if each.name in present], [*notices, *more]
