"""Questions as lines of a terminal."""

from __future__ import annotations

from pathlib import Path

from data.predictions.roles.answers import Answers
from data.predictions.roles.questions import Answer, Question, QuestionsError


def test_each_question_is_a_line_with_its_flags() -> None:
    which = Question("values", "Which\nis bad?", ("y",), (Answer("N is the default", Answers(bad=("N",))),))
    free = Question("values", "Which are bad?", ("y",), (), (("a", 1), ("b", 2), ("c", 3)))
    error = QuestionsError.from_questions(Path("x.csv"), [which, free])
    assert error.questions == (which, free)
    assert str(error) == (
        "x.csv: Which is bad? Answer with --bad N (N is the default).\n"
        "x.csv: Which are bad? Answer with --bad VALUE ... --good VALUE ..."
        "."
    )
