"""Replacing a portfolio as a whole: it is made ready beside the one in service, takes its place, and can be undone.

Beside the built files, the processed folder may hold

- `.staging`, a portfolio in the making; only the holder of the build lock works in it,
- `.incoming`, one that is ready and is taking its place: whoever gets the lock next finishes that,
- `previous`, the portfolio that was in service before the model changed,
- `held.json`, which keeps builds from undoing a rollback or a restore.

The rename of `.staging` to `.incoming` is the moment from which the new portfolio counts.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from pathlib import Path

import orjson

from data.definition.reading import read_definition
from data.errors import DamageError, FileError, ScoreroomError
from data.settings import DEFINITION, MODELS, Settings
from data.store.build_lock import LOCK, build_lock
from data.store.opening import is_there, read_bytes
from data.store.records import RECORD
from data.store.storage import check_file_place, dead_parts, part_beside, sweep_parts, write_atomically
from inference.model.artifact import CALIBRATOR, CARD, ENTRY, MANIFEST, MODEL_FILES, SCORES, check_place

STAGING, INCOMING, PREVIOUS, HELD = ".staging", ".incoming", "previous", "held.json"
MODEL, RAW = "model", "raw"
FILES = ("applications.parquet", "predictions.parquet", "contributions.parquet", "quality.json", RECORD)
IN_MODEL = (MANIFEST, *MODEL_FILES, DEFINITION, ENTRY, CARD, CALIBRATOR)
# Of a model of the inventory, which keeps its PDs and contributions beside it.
IN_INVENTORY = (*IN_MODEL, SCORES, FILES[2])

Say = Callable[[str], None]


def silent(_: str) -> None:
    """Say nothing."""


class Why(StrEnum):
    """What builds are held for."""

    ROLLED_BACK = "Rolled back to"
    PROMOTED = "Promoted"
    RESTORED = "Restored"


@dataclass(frozen=True, slots=True)
class Hold:
    """That builds are held since `since`: `model` is served instead of what a build would make, or of `instead_of`."""

    why: Why
    model: str
    instead_of: str
    since: str

    @classmethod
    def now(cls, why: Why, model: str, instead_of: str) -> Hold:
        return cls(why, model, instead_of, datetime.now(UTC).isoformat(timespec="seconds"))

    def notice(self) -> str:
        """What a person should know before building."""
        back = " --forward" if self.why is Why.ROLLED_BACK else ""
        other = f"model {self.instead_of}" if self.instead_of else "what was there before"
        return (
            f"{self.why} model {self.model} at {self.since}: builds are held, so that none undoes it. "
            "`python -m scripts.build --release` builds from the data and settings at hand, "
            f"`python -m scripts.rollback{back}` serves {other} again."
        )


def read_hold(settings: Settings) -> Hold | None:
    """Why builds are held, None where they are not.

    Raises:
        FileError: the file that says so cannot be read.
    """
    path = settings.processed / HELD
    try:
        told = orjson.loads(read_bytes(path))
        return Hold(**{**told, "why": Why(told["why"])})
    except (DamageError, ValueError, TypeError, KeyError) as error:
        if not is_there(path):
            return None
        reason = error.reason if isinstance(error, DamageError) else error
        raise FileError.from_unreadable(path, f"cannot be read ({reason})", "remove it to let builds go on") from None


class Staging:
    """A portfolio in the making; `settings` are those under which it is made, with its folders in place of the real."""

    def __init__(self, real: Settings) -> None:
        self._real = real
        self._folder = real.processed / STAGING
        self.settings = replace(real, processed=self._folder, model=self._folder / MODEL)
        self._folder.mkdir()

    def begin_again(self) -> None:
        """Begin the next portfolio with this one, which was put in service."""
        self._folder.mkdir()
        self.take_current()

    def settings_with_raw(self) -> Settings:
        """The settings under which this portfolio is made from the file in its own raw folder."""
        return replace(self.settings, raw=self._folder / RAW)

    def take_current(self) -> None:
        """Begin with the portfolio in service."""
        _link_all(self._real.processed, self._real.model, self._folder)

    def take_previous(self) -> None:
        """Begin with the portfolio that was in service before."""
        previous = self._real.processed / PREVIOUS
        _link_all(previous, previous / MODEL, self._folder)

    def take_inventory(self) -> None:
        """Bring the models beside the champion along, as they are at this moment."""
        for folder in inventory_folders(self._real):
            target = self._folder / MODELS / folder.name
            target.mkdir(parents=True)
            for name in IN_INVENTORY:
                if (folder / name).is_file():
                    _link(folder / name, target / name)

    def make_room_in_inventory(self) -> None:
        """Number each staged model whose name another model of the inventory has."""
        root = self._real.processed / MODELS
        for folder in inventory_folders(self.settings):
            names = (folder.name if number == 1 else f"{folder.name}-{number}" for number in count(1))
            name = next(name for name in names if not is_there(root / name) or _same_files(folder, root / name))
            folder.rename(folder.with_name(name))

    def take_definition(self) -> None:
        """Bring the definition that the staged model was made for along, in place of the folder's own."""
        if self._real.portfolio is not None:
            shutil.copy2(self.settings.model / DEFINITION, self._folder / DEFINITION)

    def commit(self, *, keep_current: bool, hold: Hold | None) -> None:
        """Put this portfolio in service; `keep_current` keeps the one it replaces as the previous one.

        Raises:
            FileError: a place cannot be written; what has not taken its place by then does with the next build.
        """
        if keep_current:
            self._keep_current()
        if hold is not None:
            (self._folder / HELD).write_bytes(orjson.dumps(asdict(hold), option=orjson.OPT_INDENT_2))
        self._folder.rename(self._folder.with_name(INCOMING))
        finish(self._real)

    def _keep_current(self) -> None:
        kept = self._folder / PREVIOUS
        kept.mkdir()
        _link_all(self._real.processed, self._real.model, kept)
        for name in FILES:
            ours, theirs = self._folder / name, kept / name
            # A file that stays in service is copied, so that damage to it leaves the previous portfolio whole.
            if ours.exists() and theirs.exists() and ours.samefile(theirs):
                theirs.unlink()
                shutil.copy2(ours, theirs)


@contextmanager
def staging(settings: Settings, say: Say = silent) -> Iterator[Staging]:
    """Hold the build lock, clear up after whoever died, and yield an empty portfolio to be filled and committed.

    Raises:
        ArtifactError: the model's folder holds something else.
        FileError: a place cannot be written.
    """
    check_place(settings.model)
    for name in FILES:
        check_file_place(settings.processed / name)
    with build_lock(settings.processed, say):
        try:
            finish(settings)
            _sweep(settings)
            made = Staging(settings)
        except OSError as error:
            raise FileError.from_unwritable(settings.processed, error.strerror or str(error)) from error
        try:
            yield made
        finally:
            shutil.rmtree(settings.processed / STAGING, ignore_errors=True)


def finish(settings: Settings) -> None:
    """Let a portfolio that is ready take its place, file by file; done again after an interruption it changes nothing.

    Raises:
        FileError: a place cannot be written.
    """
    incoming = settings.processed / INCOMING
    if not incoming.is_dir():
        return
    for name in (*FILES[:-1], HELD):
        _put(incoming / name, settings.processed / name)
    model = incoming / MODEL
    if model.is_dir() and not _same_files(model, settings.model):
        _put_folder(model, settings.model)
    for folder in inventory_folders(replace(settings, processed=incoming)):
        if not _same_files(folder, settings.processed / MODELS / folder.name):
            _put_folder(folder, settings.processed / MODELS / folder.name)
    # A build leaves the definition alone: somebody may have edited it meanwhile.
    staged = incoming / DEFINITION
    # One that says the same keeps its comments and its layout.
    if staged.exists() and not _says_the_same(staged, settings.definition):
        _put(staged, settings.definition)
    # Last: whoever reads in between waits for the record that fits.
    _put(incoming / RECORD, settings.processed / RECORD)
    for source in _files(incoming / RAW):
        _put(source, settings.raw / source.name)
    if (incoming / PREVIOUS).is_dir():
        _put_folder(incoming / PREVIOUS, settings.processed / PREVIOUS)
    # Out of the way in one step: half a portfolio must never be taken for one that is ready.
    gone = part_beside(incoming)
    incoming.rename(gone)
    shutil.rmtree(gone)


def inventory_folders(settings: Settings) -> list[Path]:
    """The folders of the models beside the champion, by name."""
    root = settings.processed / MODELS
    try:
        found = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    except OSError:
        return []
    # A portfolio of one's own has its champion in the same folder.
    return [path for path in found if (path / ENTRY).is_file() and path != settings.model]


def has_leftovers(settings: Settings) -> bool:
    """Whether another build is under way, or one that died left something behind."""
    processed = settings.processed
    names = (LOCK, STAGING, INCOMING)
    return any((processed / name).exists() for name in names) or bool(_dead(settings))


def _dead(settings: Settings) -> list[Path]:
    inventory = settings.processed / MODELS
    return [
        *dead_parts(settings.processed),
        *dead_parts(settings.model.parent, settings.model.name),
        *(dead_parts(inventory) if inventory != settings.model.parent else ()),
    ]


def _sweep(settings: Settings) -> None:
    # Nobody else works in it: the lock is ours.
    shutil.rmtree(settings.processed / STAGING, ignore_errors=True)
    sweep_parts(settings.processed)
    sweep_parts(settings.model.parent, settings.model.name)
    sweep_parts(settings.processed / MODELS)


def _link_all(files: Path, model: Path, target: Path) -> None:
    """Give `target` the built files in `files` and the model in `model`; what cannot be read counts as missing."""
    for name in FILES:
        if (files / name).is_file():
            with suppress(OSError):
                _link(files / name, target / name)
    # A folder, pipe, device or link to itself in place of a file would pass for one that is missing, which a model may
    # lack.
    try:
        if model.is_dir() and all((model / name).is_file() or not is_there(model / name) for name in IN_MODEL):
            (target / MODEL).mkdir()
            for name in IN_MODEL:
                if (model / name).is_file():
                    # Small, and so copied: a model in service shares no file with one that is kept.
                    shutil.copy2(model / name, target / MODEL / name)
    except OSError:
        shutil.rmtree(target / MODEL, ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # File systems without links, and files of another owner.
        shutil.copy2(source, target)


def _says_the_same(one: Path, other: Path) -> bool:
    try:
        return read_definition(one).digest == read_definition(other).digest
    except ScoreroomError:
        return False


def _put(source: Path, place: Path) -> None:
    if not source.exists():
        place.unlink(missing_ok=True)
    elif not (place.exists() and source.samefile(place)):
        with write_atomically(place) as beside:
            _link(source, beside)


def _put_folder(source: Path, place: Path) -> None:
    with write_atomically(place) as beside:
        beside.mkdir()
        for file in (path for path in source.rglob("*") if path.is_file()):
            target = beside / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(file, target)


def _same_files(one: Path, other: Path) -> bool:
    names = {path.name for path in _files(one)}
    if names != {path.name for path in _files(other)}:
        return False
    try:
        return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)
    except OSError:
        return False


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
