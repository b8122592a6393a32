"""A file that somebody brings: kept aside, understood, and then put into the library or prepared for training.

Nothing of it is in the library before it is finished; what was not is removed when nobody holds it any more.
"""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from data.definition.definition import Definition
from data.definition.guessing import Guess, guess_definition
from data.definition.peeking import Peeked, peek
from data.definition.reading import check_said, parse_definition, read_definition
from data.definition.writing import said_text
from data.errors import FileError, ScoreroomError
from data.library.entries import Entry, LibraryError, Reading, begin_entry, finish_entry, neutral_definition
from data.predictions.imports import MOST_LEVELS, import_predictions
from data.predictions.roles.answers import NOTHING_SAID, OUTCOME, Answers
from data.predictions.roles.questions import Question, QuestionsError
from data.predictions.table import Predictions
from data.reading.said import NOTHING, Said, together
from data.reading.table import read_table
from data.settings import DEFINITION
from data.store.storage import sha256_of

_LONGEST_FILE_NAME = 100
# The questions about which rows are defaults (data/predictions/roles/outcomes.py).
_OF_OUTCOME = ("outcome", "values")
_SUFFIXES = (".csv.gz", ".csv.zip")


class Brought:
    """A file in a folder of its own, which goes when nobody holds this any more and it was not put into the library."""

    def __init__(self, library: Path, name: str, source: bytes | Path) -> None:
        """Keep `source`, a file's content or the path of one on this machine, under its `name`.

        Raises:
            FileError: it cannot be read, or the library cannot be written.
        """
        self.library = library
        self.part = begin_entry(library)
        self._gone = weakref.finalize(self, shutil.rmtree, self.part, ignore_errors=True)
        self.table = self.part / _file_name(name)
        try:
            if isinstance(source, bytes):
                self.table.write_bytes(source)
            else:
                shutil.copyfile(source, self.table)
        except OSError as error:
            raise FileError.from_unwritable(self.table, error.strerror or str(error)) from None
        self.n_bytes = self.table.stat().st_size
        self.sha256 = sha256_of(self.table)

    @property
    def title(self) -> str:
        """What its portfolio is called unless somebody says otherwise: the file's name without its endings."""
        return self.table.name.split(".")[0] or self.table.name

    def drop(self) -> None:
        """Remove it."""
        self._gone()


@dataclass(frozen=True)
class Understood:
    """What a file was taken for: as predictions and as applications to train on, or why it is not.

    `predictions` and `guess` are None where it cannot be taken for them; `problems` say why, in the same order. Where
    `questions` have to be answered first, they are the reason.
    """

    table: Peeked
    predictions: Predictions | None
    guess: Guess | None
    problems: tuple[str, str]
    questions: tuple[Question, ...] = ()

    @property
    def sample(self) -> pl.DataFrame:
        """Its first three rows, as text."""
        return self.table.frame.head(3)

    @property
    def is_trainable(self) -> bool:
        """Whether a model can be trained on it: which rows are defaults is known, and no question is open about it."""
        is_asked = any(each.key in _OF_OUTCOME for each in self.questions)
        return self.guess is not None and self.guess.definition.outcome is not None and not is_asked


def understand(
    brought: Brought, answers: Answers = NOTHING_SAID, said: Said = NOTHING, *, most_rows: int
) -> Understood:
    """Read the file; `answers` say what its columns do not tell, `said` how it is written.

    Raises:
        ScoreroomError: it is no table, or has more than `most_rows` rows.
    """
    said = together(said, answers.reading)
    problems = ["", ""]
    try:
        table = peek(brought.table, _table_of(said))
    except ScoreroomError as error:
        # Names that cannot be told apart are in the way of a definition, and not of looking at scores.
        problems[1] = _without_folder(error, brought)
        table = _read(brought, said)
    if table.n_rows > most_rows:
        raise LibraryError(
            f"{brought.table.name}: has {table.n_rows:,} rows, and at most {most_rows:,} are opened; bring a part of "
            "them, or raise SCOREROOM_OPEN_ROWS."
        )
    guess, predictions = None, None
    questions: tuple[Question, ...] = ()
    try:
        if not problems[1]:
            guess = guess_definition(
                table,
                check_said({**_outcome_of(answers, table), "table": _table_of(said)}, brought.table),
                brought.table,
            )
    except ScoreroomError as error:
        problems[1] = _without_folder(error, brought)
    try:
        predictions = import_predictions(brought.table, _neutral(brought), answers, said)
    except QuestionsError as error:
        questions = error.questions
        problems[0] = "A question has to be answered first."
    except ScoreroomError as error:
        problems[0] = _without_folder(error, brought)
    return Understood(table, predictions, guess, (problems[0], problems[1]), questions)


def _table_of(said: Said) -> dict[str, Any]:
    """What is said of how a file is written, as a part of a definition."""
    return {"read": [f"{key}={value}" for key, value in said.items()]} if said else {}


def _read(brought: Brought, said: Said) -> Peeked:
    """The table as it is read for predictions, as text."""
    try:
        frame = read_table(brought.table, said).frame
    except ScoreroomError as error:
        raise LibraryError(_without_folder(error, brought)) from None
    texts = [each.cast(pl.String, strict=False) for each in frame if not each.dtype.is_nested()]
    return Peeked(brought.table, pl.DataFrame(texts), frame.height)


def _outcome_of(answers: Answers, table: Peeked) -> dict[str, Any]:
    """What answers say of the outcome, as a part of a definition; all values but the bad ones are good unless said."""
    column = next((name for name, role in answers.roles if role == OUTCOME), None)
    if column not in table.frame.columns or not answers.bad:
        return {}
    others = table.frame[column].drop_nulls().unique().sort().head(MOST_LEVELS).to_list()
    good = [*(answers.good or (value for value in others if value not in answers.bad))]
    return {"outcome": {"column": column, "bad": [*answers.bad], "good": good}} if good else {}


def _without_folder(error: ScoreroomError, brought: Brought) -> str:
    """An error's sentence; the folder that the file lies in for now means nothing to anybody."""
    return str(error).replace(f"{brought.part}/", "")


def _neutral(brought: Brought) -> Definition:
    return parse_definition(neutral_definition(brought.title), brought.table)


def keep_predictions(
    brought: Brought, name: str, predictions: Predictions, answers: Answers, said: Said = NOTHING, *, taken: str = ""
) -> Entry:
    """Put the file into the library as the `predictions` that it holds.

    Raises:
        LibraryError: the name is empty.
        FileError: the library cannot be written.
    """
    (brought.part / DEFINITION).write_text(neutral_definition(name), encoding="utf-8")
    said = together(said, answers.reading)
    reading = Reading(
        brought.table.name,
        answers.of_columns,
        tuple(sorted(said.items())),
        predictions.frame.height,
        predictions.source.digest,
    )
    return finish_entry(brought.library, brought.part, name, reading, taken=taken)


def prepare_training(brought: Brought, name: str, understood: Understood) -> None:
    """Write the definition that was guessed, under which a build makes a portfolio of the file's folder.

    Raises:
        LibraryError: nothing says how the loans ended.
    """
    guess = understood.guess
    if guess is None or not understood.is_trainable:
        raise LibraryError("No column says how loans ended, so no model can be trained; say which one does.")
    said = {**guess.said, "name": name, "table": {**guess.said.get("table", {}), "file": brought.table.name}}
    (brought.part / DEFINITION).write_text(said_text(said, guess.comments), encoding="utf-8")
    read_definition(brought.part / DEFINITION)


def keep_trained(brought: Brought, name: str, *, taken: str = "") -> Entry:
    """Put the file's folder, in which a portfolio was built, into the library; raises as `keep_predictions`."""
    return finish_entry(brought.library, brought.part, name, None, taken=taken)


def same_content(entries: Sequence[Entry], brought: Brought) -> Entry | None:
    """The imported table among `entries` that holds the same bytes."""
    for entry in entries:
        table = entry.table
        if table is not None and _size(table) == brought.n_bytes and sha256_of(table) == brought.sha256:
            return entry
    return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _file_name(name: str) -> str:
    """A name for the file that no folder or system trips over; its endings stay."""
    bare = Path(name.replace("\\", "/")).name
    kept = "".join(each if each.isalnum() or each in "._- " else "_" for each in bare).strip(". ") or "table"
    if len(kept) > _LONGEST_FILE_NAME:
        ending = next((each for each in _SUFFIXES if kept.endswith(each)), Path(kept).suffix)[:20]
        kept = kept[: _LONGEST_FILE_NAME - len(ending)] + ending
    # What is built must not take its place.
    tables = {f"{name}.parquet" for name in ("applications", "predictions", "contributions")}
    built = {*tables, DEFINITION, "entry.json", "quality.json", "portfolio.json", "models"}
    return f"table-{kept}" if kept in built else kept
