"""Try a kind of damage: open the portfolio, and check whether a build restores it."""

from __future__ import annotations

import os
import shutil
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl

from data.errors import ScoreroomError
from data.files.convert import open_applications
from data.home_credit import embedded
from data.predictions.at_hand import open_predictions
from data.predictions.table import own_digest
from data.settings import Settings
from data.store.records import RECORD, PortfolioRecord
from inference.explain.contributions import open_contributions
from inference.model.session import ScoringSession
from inference.publishing.pipeline import Advance, build
from inference.service.explanations import Reasoning
from scripts.damage.kinds import Damage, places

_ROWS = 200
# A sentence names a file or a folder and says what to do about it.
_LEAST_WORDS = 4
_MOST_CHARACTERS = 600


class _Begun(Exception):  # noqa: N818 - no error: a build has something to do
    """A step of a build is about to run."""


@contextmanager
def silent(_: str) -> Iterator[Advance]:
    """A progress that shows nothing."""
    yield lambda *_: None


@contextmanager
def _begin(title: str) -> Iterator[Advance]:
    if title:
        raise _Begun(title)
    yield lambda *_: None


def _pds(settings: Settings) -> tuple[float, list[float]]:
    session = ScoringSession.open_built(settings)
    table = pl.DataFrame(_SAMPLE["table"])
    return session.manifest.cutoff, session.score_frame(table).tolist()


def _contributions(settings: Settings) -> pl.DataFrame:
    return open_contributions(settings, ScoringSession.open_built(settings).manifest).frame


def _reasons(settings: Settings) -> object:
    session = ScoringSession.open_built(settings)
    reasoning = Reasoning.open(settings, session)
    return reasoning.reference, reasoning.explainer.explain(_SAMPLE["table"].row(0, named=True)).fields


# What a portfolio gives when it is opened, each out of another file, or of several.
_ANSWERS: Mapping[str, Callable[[Settings], Any]] = {
    "predictions": lambda settings: open_predictions(settings, embedded.DEFINITION).frame,
    "digest of predictions": own_digest,
    "applications": lambda settings: open_applications(settings, embedded.DEFINITION).collect(),
    "PDs": _pds,
    "contributions": _contributions,
    "reasons": _reasons,
}
_SAMPLE: dict[str, pl.DataFrame] = {}


@dataclass(frozen=True, slots=True)
class Pristine:
    """An undamaged portfolio: a copy of its files, and what it gives when it is opened."""

    settings: Settings
    copy: Path
    answers: Mapping[str, Any]

    @classmethod
    def of(cls, settings: Settings, copy: Path) -> Self:
        """Keep a copy of what was built, and ask it all that is asked of a damaged one."""
        for name in ("processed", "model"):
            shutil.copytree(getattr(settings, name), copy / name)
        _SAMPLE["table"] = pl.read_parquet(settings.applications, n_rows=_ROWS)
        return cls(settings, copy, {name: ask(settings) for name, ask in _ANSWERS.items()})

    def restore(self) -> None:
        """Undo the changes of a damage or a build."""
        for name in ("processed", "model"):
            folder = getattr(self.settings, name)
            folder.chmod(0o700)
            shutil.rmtree(folder)
            shutil.copytree(self.copy / name, folder)

    def is_whole(self, *, but_missing: bool = False) -> bool:
        """Whether every file is as it was; with `but_missing`, a model's may also not be there."""
        for name, path in places(self.settings).items():
            kept = self.copy / ("model" if path.parent == self.settings.model else "processed") / name
            if but_missing and path.parent == self.settings.model and not path.exists():
                continue
            if not path.is_file() or _content(path) != _content(kept):
                return False
        return True


def _content(path: Path) -> object:
    """What a file says; the record is one of facts, however they are laid out."""
    content = path.read_bytes()
    return PortfolioRecord.of_json(content) if path.name == RECORD else content


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a damage: error sentences by question, whether a build is needed, and faults."""

    sentences: Mapping[str, str]
    build: str
    faults: tuple[str, ...]


def try_out(pristine: Pristine, damage: Damage, *, heal: bool = False) -> Outcome:
    """Damage the portfolio, open it in every way, and ask the build about it; with `heal`, build it again.

    Without, reasons are not asked of a portfolio whose predictions are damaged: they do not read them, and take long.
    The portfolio is as it was afterwards.
    """
    settings = pristine.settings
    try:
        damage.act(settings)
        for name in ("processed", "model"):
            # Long ago, so that nothing waits for a build that might be under way.
            os.utime(getattr(settings, name), (0, 0))
        left_out = "reasons" if damage.name.startswith("predictions") and not heal else ""
        sentences, faults = _open(pristine, damage, left_out)
        outcome, wrong = _heal(pristine) if heal else _decide(pristine)
        return Outcome(sentences, outcome, (*faults, *wrong))
    finally:
        pristine.restore()


def _open(pristine: Pristine, damage: Damage, left_out: str) -> tuple[dict[str, str], list[str]]:
    sentences: dict[str, str] = {}
    faults = []
    for name, ask in _ANSWERS.items():
        if name == left_out:
            continue
        try:
            answer = ask(pristine.settings)
        except ScoreroomError as error:
            sentences[name] = str(error)
            faults += [] if _is_sentence(str(error)) else [f"{name}: no sentence: {error}"]
        except BaseException as error:  # noqa: BLE001 - a panic of Polars is no Exception
            faults.append(f"{name}: {_last_line(error)}")
        else:
            if not damage.is_forged and not _is_same(answer, pristine.answers[name]):
                faults.append(f"{name}: another answer, and not a word")
    return sentences, faults


def _decide(pristine: Pristine) -> tuple[str, list[str]]:
    """What a build would do: "begins", one sentence, or nothing, for which all has to be as it was."""
    return _built(pristine, _begin)


def _heal(pristine: Pristine) -> tuple[str, list[str]]:
    outcome, faults = _built(pristine, silent)
    if not faults and outcome == "begins" and not pristine.is_whole(but_missing=True):
        faults.append("build: did not restore what was built")
    return outcome, faults


def _built(pristine: Pristine, progress: Any) -> tuple[str, list[str]]:
    try:
        done = build(pristine.settings, progress)
    except _Begun:
        return "begins", []
    except ScoreroomError as error:
        return str(error), [] if _is_sentence(str(error)) else [f"build: no sentence: {error}"]
    except BaseException as error:  # noqa: BLE001 - as above
        return "", [f"build: {_last_line(error)}"]
    if done:
        return "begins", []
    return "nothing", [] if pristine.is_whole(but_missing=True) else ["build: says that all is up to date"]


def _is_sentence(text: str) -> bool:
    return "\n" not in text and len(text.split()) >= _LEAST_WORDS and len(text) <= _MOST_CHARACTERS and text[-1] == "."


def _last_line(error: BaseException) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {str(error)[:160]} ({Path(place.filename).name}:{place.lineno})"


def _is_same(answer: Any, wanted: Any) -> bool:
    if isinstance(wanted, pl.DataFrame):
        return bool(answer.equals(wanted))
    return bool(np.all(answer == wanted)) if isinstance(wanted, np.ndarray) else bool(answer == wanted)
