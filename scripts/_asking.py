"""Ask in the terminal what a file of predictions leaves open, as the page Open does on the screen."""

from __future__ import annotations

import sys
from pathlib import Path

from data.definition.definition import Definition
from data.predictions.roles.answers import OUTCOME, Answers
from data.predictions.roles.questions import Question, QuestionsError
from data.predictions.table import Predictions
from data.reading.said import NOTHING, Said
from scripts._at_hand import read_brought


def read_asking(
    path: Path, definition: Definition, answers: Answers, said: Said = NOTHING
) -> tuple[Predictions, Answers]:
    """The predictions in `path`, and with which answers: those given, and those asked for where there is a terminal.

    `said` tells how the file is written.

    Raises:
        QuestionsError: nobody is there to answer; it names the flags that do.
        ScoreroomError: the file cannot be read as predictions.
    """
    is_asked = False
    while True:
        try:
            predictions = read_brought(path, definition, answers, said)
        except QuestionsError as error:
            if not (sys.stdin.isatty() and sys.stderr.isatty()):
                raise
            is_asked = True
            for question in error.questions:
                answers = answers.plus(_ask(question))
        else:
            if is_asked:
                print(f"Next time, add: {answers.worded}", file=sys.stderr)
            return predictions, answers


def _ask(question: Question) -> Answers:
    print(f"\n{_legible(question.text)}", file=sys.stderr)
    for number, answer in enumerate(question.answers, 1):
        print(f"  {number}  {_legible(answer.label)}", file=sys.stderr)
    if question.values and not question.answers:
        return _ask_values(question)
    if question.values:
        print("  0  say which values are which", file=sys.stderr)
    while True:
        said = _line("Number: ")
        if said == "0" and question.values:
            return _ask_values(question)
        if said.isdecimal() and 1 <= int(said) <= len(question.answers):
            return question.answers[int(said) - 1].said
        print(f"Type a number from 1 to {len(question.answers)}.", file=sys.stderr)


def _ask_values(question: Question) -> Answers:
    values = [value for value, _ in question.values]
    for number, (value, n_rows) in enumerate(question.values, 1):
        print(f"  {number}  {_legible(value)} ({n_rows:,} rows)", file=sys.stderr)
    bad = _picked("Numbers of those that mean default: ", values)
    good = _picked("Numbers of those that mean repaid: ", [value for value in values if value not in bad], of=values)
    return Answers(tuple((column, OUTCOME) for column in question.columns[:1]), tuple(bad), tuple(good))


def _picked(prompt: str, allowed: list[str], *, of: list[str] | None = None) -> list[str]:
    values = of or allowed
    while True:
        said = _line(prompt).replace(",", " ").split()
        picked = [values[int(each) - 1] for each in said if each.isdecimal() and 1 <= int(each) <= len(values)]
        if picked and len(picked) == len(said) and {*picked} <= {*allowed}:
            return picked
        print("Type one or more of the numbers above, each for one meaning.", file=sys.stderr)


def _line(prompt: str) -> str:
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        # The terminal was closed.
        raise KeyboardInterrupt
    return line.strip()


def _legible(text: str) -> str:
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
