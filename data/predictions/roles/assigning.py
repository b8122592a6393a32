"""Assign roles to the columns of an imported table, and raise together whatever has to be asked about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data.definition.definition import Definition
from data.definition.evidence import vocabulary as words
from data.definition.evidence.roles import is_prediction
from data.errors import PredictionsError
from data.predictions.cells import are_missing
from data.predictions.roles import answers as say
from data.predictions.roles.answers import Answers
from data.predictions.roles.models import ask_repeated, is_stacked, known_outcomes
from data.predictions.roles.optional import check_weights, find_optional, is_decision
from data.predictions.roles.outcomes import BLANK, Candidate, check_values, find_outcome, open_values, read_outcomes
from data.predictions.roles.questions import QuestionsError
from data.predictions.roles.scores import ScoresFound, ask_unnamed, find_scores, models_of, word_score


@dataclass(frozen=True, slots=True)
class Assigned:
    """The roles of a table's columns: the outcome with its values, the scores, and the others by role.

    `outcomes` is 1 for a default, 0 for none and null where open (Float64); None where no column is the outcome.
    """

    outcome: Candidate | None
    outcomes: pl.Series | None
    scores: ScoresFound
    others: Mapping[str, str]
    segments: tuple[str, ...]

    @property
    def columns(self) -> dict[str, str]:
        """The column by role, the score's under the word for what it is."""
        found = {} if self.outcome is None else {say.OUTCOME: self.outcome.column}
        return {**found, self.scores.word: self.scores.column, **self.others}


def assign_roles(path: Path, table: pl.DataFrame, definition: Definition, answers: Answers) -> Assigned:
    """The roles of the columns of `table`: as `answers` say, else as names and values tell together.

    Raises:
        QuestionsError: something cannot be decided; all that can be asked at once.
        PredictionsError: `answers` name a column that is not there, or no column could be a score.
    """
    if unknown := [name for name, _ in answers.roles if name not in table.columns]:
        raise PredictionsError.from_bad_mapping(
            f"{unknown[0]}=...", f"{path.name} has no such column", f"its columns are {', '.join(table.columns[:8])}"
        )
    if answers.champion and answers.champion not in {*table.columns, *models_of(table)}:
        raise PredictionsError(f"--champion {answers.champion}: {path.name} has no such column and no such model.")
    outcome, questions = find_outcome(_maybe_outcomes(table, answers), definition, answers)
    values = None if outcome is None else outcome.values
    if outcome is not None and not outcome.counts:
        check_values(path, table[outcome.column])
    outcomes = None
    if outcome is not None and values is not None:
        outcomes = read_outcomes(table[outcome.column], values.bad, values.good)
    asked = {column for question in questions for column in question.columns}
    taken = {*asked, *([outcome.column] if outcome is not None else [])}
    scores, more = find_scores(table, answers, outcomes, sorted(taken))
    questions += more
    taken |= {column for question in more for column in question.columns}
    taken |= {scores.column, *scores.others} if scores is not None else set()
    others, more = find_optional(table, definition, answers, sorted(taken))
    questions += more
    if not any(column == others.get(say.ID) for column, _ in answers.roles):
        questions += ask_repeated(table.drop(taken), others, outcomes)
    if scores is None and not any(question.key in ("score", "kind") for question in questions):
        # So that what is wrong with its values can be said.
        if only := [name for name in table.columns if name not in taken and _is_called_prediction(name)]:
            scores = ScoresFound(only[0], "probability")
        elif (question := ask_unnamed(table, {*taken, *others.values()})) is not None:
            questions.append(question)
        else:
            raise PredictionsError.from_missing_role(path, "probability", table.columns)
    if questions or scores is None:
        raise QuestionsError.from_questions(path, questions)
    if (weights := others.get(say.WEIGHT)) is not None:
        check_weights(path, table[weights], ~are_missing(table[scores.column]))
    ids, models = (others.get(role) for role in (say.ID, say.MODEL))
    is_open = outcomes is not None and outcomes.has_nulls()
    if outcomes is not None and is_open and ids and models and is_stacked(table[ids], table[models], outcomes):
        outcomes = known_outcomes(table[ids], outcomes)
    segments = tuple(column for column, role in answers.roles if role == say.SEGMENT)
    return Assigned(outcome, outcomes, scores, others, segments)


def word_roles(assigned: Assigned, used: Mapping[str, str], percents: Collection[str] = ()) -> str:
    """What was taken for which role, in a few words; `used` are the others of the roles that came to something.

    Columns in `percents` have been read as shares of cells with a percent sign.
    """
    outcome, scores = assigned.outcome, assigned.scores
    parts = []
    if outcome is not None and outcome.values is not None:
        is_plain = {text.lower() for text in outcome.counts} <= {"0", "1", "true", "false"} and (
            {text.lower() for text in outcome.values.bad} <= {"1", "true"} and BLANK not in outcome.values.good
        )
        parts.append(f"outcome from {outcome.column}" + ("" if is_plain else f" ({_word_values(outcome)})"))
    what = "" if scores.word == "probability" else f" ({word_score(scores.word)})"
    what = " (percent)" if not what and scores.column in percents else what
    parts.append(f"{'score' if scores.word in ('points', 'risk-score') else 'PD'} from {scores.column}{what}")
    parts += [f"{_ON_SCREEN.get(role, role)} from {name}" for role, name in used.items()]
    if assigned.segments:
        parts.append(f"segments from {', '.join(assigned.segments)}")
    if scores.others:
        parts.append(f"further scores: {', '.join(scores.others)}")
    return ", ".join(parts)


_ON_SCREEN = {say.DECISION: "final decision", say.MODEL_DECISION: "model's decision", say.LGD: "LGD"}


def _word_values(outcome: Candidate) -> str:
    assert outcome.values is not None
    bad = [value for value in outcome.counts if value in outcome.values.bad]
    still_open = open_values(outcome)
    words_for = [f"{' or '.join(bad or outcome.values.bad)} = default"] if bad or outcome.values.bad else []
    words_for += [f"{' or '.join(outcome.values.good)} = no default"] * (not words_for or BLANK in outcome.values.good)
    return "; ".join([*words_for, *([f"{' or '.join(list(still_open)[:5])} = open"] if still_open else [])])


def _is_called_prediction(name: str) -> bool:
    return is_prediction(name) or words.plain(name) in words.PROBABILITIES


def _maybe_outcomes(table: pl.DataFrame, answers: Answers) -> pl.DataFrame:
    """The columns that may be the outcome: decisions and predictions are not, unless a person says so."""
    said = {column for column, _ in answers.roles}
    return table.select(
        name
        for name in table.columns
        if name in said
        or not (is_prediction(name) or words.plain(name) in {"fold", *words.MODELS} or is_decision(table[name]))
    )
