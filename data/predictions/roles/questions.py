"""What cannot be decided about a file of predictions: questions, with the answers that a page or a flag can give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from data.errors import PredictionsError
from data.predictions.roles.answers import Answers


@dataclass(frozen=True, slots=True)
class Answer:
    """A possible answer in words, and what it says about the file."""

    label: str
    said: Answers


@dataclass(frozen=True, slots=True)
class Question:
    """`text` is one sentence that ends in a question mark; `key` tells questions of a file apart.

    `answers` are what to choose from. Where those do not say all that may be so, `values` are the values of the
    outcome's column, each with its number of rows, of which some are bad, some good, and the others open.
    """

    key: str
    text: str
    columns: tuple[str, ...]
    answers: tuple[Answer, ...]
    values: tuple[tuple[str, int], ...] = ()

    @property
    def worded(self) -> str:
        """The question with the flags that answer it, as one line."""
        flags = [f"{answer.said.worded} ({answer.label})" for answer in self.answers]
        flags += ["--bad VALUE ... --good VALUE ..."] if self.values else []
        return " ".join(self.text.split()) + (f" Answer with {' or '.join(flags)}." if flags else "")


class QuestionsError(PredictionsError):
    """A file leaves open what some of its columns are; `questions` are all that can be asked of it at once."""

    questions: tuple[Question, ...] = ()

    @classmethod
    def from_questions(cls, path: Path, questions: Sequence[Question]) -> Self:
        """One line a question, with the flags that answer it."""
        error = cls("\n".join(f"{path}: {question.worded}" for question in questions))
        error.questions = tuple(questions)
        return error
