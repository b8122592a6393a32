"""What the page Open is at: a file that was brought, what it was taken for, and a model that trains on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl
import streamlit as st

from dashboard import cache, choice
from dashboard.components.files import TABLES
from dashboard.limits import Limits, load_limits
from dashboard.training import Training
from data.errors import ScoreroomError
from data.library.entries import Entry, LibraryError, check_room, find_entry, list_entries
from data.library.opening import (
    Brought,
    Understood,
    keep_predictions,
    prepare_training,
    same_content,
    understand,
)
from data.predictions.roles.answers import NOTHING_SAID, Answers
from data.quality.oddities import Known, Oddity, find_oddities
from data.reading.said import NOTHING, Said, parse_written, together

_FILE, _TRAINING, _RESULT = "open.file", "open.training", "open.result"


@dataclass
class Opening:
    """A file that was brought; what it was taken for is kept for the answers that it was asked with."""

    brought: Brought
    same: Entry | None
    said: Said = field(default_factory=lambda: NOTHING)
    _known: dict[Answers, Understood | ScoreroomError] = field(default_factory=dict)
    _odd: dict[Answers, tuple[Oddity, ...]] = field(default_factory=dict)

    def understood(self, answers: Answers = NOTHING_SAID) -> Understood:
        """What it is with these answers; raises as `understand`."""
        if answers not in self._known:
            # With nothing said, and with the last answers.
            bare = {NOTHING_SAID: self._known[NOTHING_SAID]} if NOTHING_SAID in self._known else {}
            self._known = {
                **bare,
                answers: self._understand(answers),
            }
        known = self._known[answers]
        if isinstance(known, ScoreroomError):
            raise known
        return known

    def _understand(self, answers: Answers) -> Understood | ScoreroomError:
        try:
            return understand(self.brought, answers, self.said, most_rows=load_limits().open_rows)
        except ScoreroomError as error:
            return error

    def read_otherwise(self, written: str) -> None:
        """Take it as `written` in another way, which adds to what was said; raises SaidError."""
        self.said = together(self.said, parse_written(written).items())
        self._known.clear()
        self._odd.clear()

    def problem(self) -> str:
        """Why it cannot be read as a table; empty if it can."""
        try:
            self.understood()
        except ScoreroomError as error:
            return str(error).replace(f"{self.brought.part}/", "")
        return ""

    def oddities(self, answers: Answers) -> tuple[Oddity, ...]:
        """What is odd about it."""
        if answers not in self._odd:
            self._odd = {answers: file_oddities(self.understood(answers))}
        return self._odd[answers]


def file_oddities(known: Understood) -> tuple[Oddity, ...]:
    """What is odd about the rows that were looked at, each column a number where all its cells are."""
    frame = known.table.frame
    numbers = frame.select(pl.all().cast(pl.Float64, strict=False))
    typed = frame.with_columns(each for each in numbers if each.null_count() == frame[each.name].null_count())
    definition = None if known.guess is None else known.guess.definition
    outcome = None if definition is None else definition.outcome
    if definition is None or outcome is None:
        return find_oddities(typed.lazy(), Known())
    told = frame[outcome.column]
    bad = pl.select(pl.when(told.is_in([*outcome.bad, *outcome.good])).then(told.is_in(outcome.bad))).to_series()
    return find_oddities(typed.lazy(), Known(bad, definition.id, skipped=frozenset({outcome.column})))


def opening() -> Opening | None:
    """The file that this visit has brought."""
    found: Opening | None = st.session_state.get(_FILE)
    return found


def bring(name: str, source: bytes | Path, written: str = "") -> None:
    """Take in a file, in place of the one before; `written` says how it is written (`data.reading.said`).

    Raises:
        ScoreroomError: it cannot be kept, what is said of it says nothing, or the library is full.
    """
    said = parse_written(written)
    forget_opening()
    library, limits = cache.base_settings().library, load_limits()
    n_bytes = len(source) if isinstance(source, bytes) else source.stat().st_size
    check_room(library, n_bytes, limits.library_bytes)
    brought = Brought(library, name, source)
    st.session_state[_FILE] = Opening(brought, same_content(list_entries(library), brought), said)


def forget_opening() -> None:
    """Remove the file that was brought."""
    found = st.session_state.pop(_FILE, None)
    if found is not None:
        found.brought.drop()


def training() -> Training | None:
    """The model that this visit has ordered last."""
    found: Training | None = st.session_state.get(_TRAINING)
    return found


def forget_training() -> None:
    """Say no more about the last model."""
    st.session_state.pop(_TRAINING, None)


def result() -> str:
    """What links call the portfolio that this visit has opened last; empty if it has opened none."""
    return str(st.session_state.get(_RESULT, ""))


def look_at_predictions(name: str, answers: Answers) -> None:
    """Put the file into the library as predictions and show them.

    Raises:
        ScoreroomError: it holds none, or the library cannot be written.
    """
    found = opening()
    if found is None:
        return
    predictions = found.understood(answers).predictions
    if predictions is None:
        return
    entry = keep_predictions(found.brought, name, predictions, answers, found.said, taken=choice.base_slug())
    st.session_state.pop(_FILE)
    show(entry)


def train(name: str, answers: Answers) -> None:
    """Begin to train a model on the file.

    Raises:
        ScoreroomError: it has no outcome, another model is being trained, or the folder cannot be written.
    """
    found = opening()
    if found is None:
        return
    prepare_training(found.brought, name, found.understood(answers))
    seconds = load_limits().train_seconds
    st.session_state[_TRAINING] = Training.on(found.brought, name, seconds, taken=choice.base_slug())
    st.session_state.pop(_FILE)


def build_entry(entry: Entry) -> None:
    """Begin to build a portfolio of the library that was never built.

    Raises:
        ScoreroomError: another model is being trained, or its definition cannot be read.
    """
    seconds = load_limits().train_seconds
    st.session_state[_TRAINING] = Training(entry.folder, entry.name, seconds, keep=partial(_again, entry))


def _again(entry: Entry) -> Entry:
    found = find_entry(entry.folder.parent, entry.key)
    if found is None:
        raise LibraryError.from_unknown(entry.key)
    return found


def show(entry: Entry) -> None:
    """Look at a portfolio that was just opened."""
    st.session_state[_RESULT] = entry.key
    choice.open_portfolio(entry.key)


def server_tables(limits: Limits) -> Mapping[str, Path]:
    """The tables of the folder on the server that the settings name, by their place in it; at most 500."""
    folder = limits.open_folder
    if folder is None or not folder.is_dir():
        return {}
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in TABLES and path.is_file())
    inside = [path for path in found[:500] if path.resolve().is_relative_to(folder.resolve())]
    return {path.relative_to(folder).as_posix(): path for path in inside}
