"""The predictions that a command works on, those at hand or in a file, and the cutoff that it is given."""

from __future__ import annotations

from pathlib import Path

from data.definition.definition import Definition
from data.errors import FileError, PredictionsError, SettingError
from data.predictions.at_hand import open_predictions
from data.predictions.imports import import_predictions
from data.predictions.roles.answers import Answers
from data.predictions.scale import Scale
from data.predictions.table import Predictions
from data.reading.said import Said
from data.settings import Settings
from data.store.opening import is_there
from inference.publishing.pipeline import why_no_model
from scripts._cli import progress

# Of a smaller text a bar would be gone before it is seen.
_LONG = 1 << 24


def read_brought(path: Path, definition: Definition, answers: Answers, said: Said) -> Predictions:
    """The predictions in somebody's file, with a bar on stderr while a large text is read.

    Raises:
        ScoreroomError: see `import_predictions`.
    """
    if not path.is_file() or path.stat().st_size < _LONG:
        return import_predictions(path, definition, answers, said)
    with progress(f"Reading {path.name}") as advance:
        predictions = import_predictions(path, definition, answers, said, advance)
        advance(1, 1)
    return predictions


def load_at_hand(settings: Settings, definition: Definition) -> Predictions:
    """The portfolio's own predictions.

    Raises:
        ScoreroomError: there are none.
    """
    if not is_there(settings.predictions):
        if is_there(settings.applications) and (reason := why_no_model(settings, definition)):
            raise PredictionsError(f"{reason} Name a file of predictions to evaluate.")
        raise FileError.from_unreadable(
            settings.predictions, "there are no predictions yet", "name a file, or run `make build`"
        )
    return open_predictions(settings, definition)


def read_score(text: str, scale: Scale) -> float:
    """A cutoff in a score's own unit out of a command line, as its place on the scale.

    Raises:
        SettingError: the text is not a number between the ends of the scale.
    """
    try:
        score = float(text)
    except ValueError:
        score = float("nan")
    if not scale.least <= score <= scale.most:
        ends = f"{scale.least:g} to {scale.most:g}"
        raise SettingError(f"--cutoff {text}: is not a score from {ends}; the file's scores are no PDs.")
    return scale.place(score)


def read_cutoff(text: str) -> float:
    """A cutoff out of a command line, a PD.

    Raises:
        SettingError: the text is not a number from 0 to 1.
    """
    try:
        cutoff = float(text)
    except ValueError:
        cutoff = -1.0
    if not 0 <= cutoff <= 1:
        raise SettingError(f"--cutoff {text}: is not a PD from 0 to 1; write 0.16 for 16 %.")
    return cutoff
