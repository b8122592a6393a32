"""Portfolios in the library's folder: list, find, add, rename and delete them.

A folder there is a portfolio that was built (`portfolio.toml`, applications, predictions, models), or a table of
predictions that was imported, beside `entry.json`, which says how it was read.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import chain, count
from pathlib import Path
from typing import Any, Self

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from data.definition.writing import said_text
from data.errors import FileError, ScoreroomError
from data.predictions.roles.answers import Answers
from data.settings import DEFINITION, Settings, load_settings
from data.store.opening import DAMAGE, is_there, read_bytes
from data.store.records import PREDICTIONS, load_record
from data.store.storage import part_beside, sweep_parts, write_atomically

ENTRY = "entry.json"
# What links call the embedded portfolio where the server was started on another one; no folder takes the name.
EMBEDDED = "embedded"
LONGEST_NAME = 80
_FORMAT, _LONGEST_KEY = 1, 60
# What a link calls an entry is the name of its folder, which is never changed.
_KEY = re.compile(r"[^\W_.~-][\w.-]{0,99}")


class Kind(StrEnum):
    """What an entry holds."""

    PREDICTIONS = "predictions"
    PORTFOLIO = "portfolio"


class LibraryError(ScoreroomError):
    """An entry is not there any more, has no usable name, or does not fit into the library."""

    @classmethod
    def from_unknown(cls, key: str) -> Self:
        return cls(f"There is no portfolio {key[:_LONGEST_KEY]!r} in the library; it may have been deleted.")

    @classmethod
    def from_bad_name(cls) -> Self:
        return cls(f"A portfolio needs a name of 1 to {LONGEST_NAME} letters.")

    @classmethod
    def from_full(cls, used: int, most: int) -> Self:
        return cls(
            f"The library holds {used / 1e6:,.0f} MB of the {most / 1e6:,.0f} MB that it may; delete a portfolio that "
            "is not needed any more, or raise SCOREROOM_LIBRARY_MB."
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """How an imported table is read: its file, what was said of its columns and its form, and what came of it."""

    file: str
    answers: Answers
    said: tuple[tuple[str, str], ...]
    n_rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A portfolio in the library; `key` is its folder's name, and `reading` is None where it was built here.

    `n_rows` is None and `digest` empty where a portfolio was not built yet.
    """

    key: str
    name: str
    folder: Path
    made: dt.datetime
    n_rows: int | None
    digest: str
    reading: Reading | None = None

    @property
    def kind(self) -> Kind:
        """What it holds."""
        return Kind.PORTFOLIO if self.reading is None else Kind.PREDICTIONS

    @property
    def table(self) -> Path | None:
        """The imported table; None for a portfolio that was built."""
        return None if self.reading is None else self.folder / self.reading.file

    @property
    def is_built(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.digest)

    def settings(self, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings under which it is shown and built."""
        return load_settings({**environment, "SCOREROOM_PORTFOLIO": str(self.folder)})


def list_entries(library: Path) -> tuple[Entry, ...]:
    """The portfolios in the folder `library`, the latest first; folders that hold none are passed over."""
    try:
        names = [each.name for each in library.iterdir()]
    except OSError:
        return ()
    found = [entry for name in names if (entry := find_entry(library, name)) is not None]
    return tuple(sorted(found, key=lambda entry: (entry.made, entry.key), reverse=True))


def has_entries(library: Path, *, besides: Path | None = None) -> bool:
    """Whether `library` holds a portfolio other than the folder `besides`, without opening any; every run asks."""
    try:
        return any(_is_entry(each) and each != besides for each in library.iterdir())
    except OSError:
        return False


def _is_entry(folder: Path) -> bool:
    key = folder.name
    return bool(_KEY.fullmatch(key)) and key != EMBEDDED and is_there(folder / DEFINITION)


def find_entry(library: Path, key: str) -> Entry | None:
    """The portfolio that links call `key`; None if there is none."""
    folder = library / key
    if folder.name != key or not _is_entry(folder):
        return None
    try:
        made = dt.datetime.fromtimestamp((folder / DEFINITION).stat().st_mtime, dt.UTC)
        told = _told(folder)
        if told is None:
            return _of_portfolio(key, folder, key, made)
        at = dt.datetime.fromisoformat(told["made"])
        if told.get("reading") is None:
            return _of_portfolio(key, folder, told["name"], at)
        reading = _reading_of(told["reading"])
    except (OSError, FileError, ValueError, KeyError, TypeError):
        return None
    return Entry(key, told["name"], folder, at, reading.n_rows, reading.digest, reading)


def _told(folder: Path) -> Mapping[str, Any] | None:
    """What `entry.json` says; None where a portfolio came here in another way."""
    if not is_there(folder / ENTRY):
        return None
    told: Mapping[str, Any] = orjson.loads(read_bytes(folder / ENTRY))
    if told["format"] != _FORMAT:
        raise ValueError(ENTRY)
    return told


def _reading_of(told: Mapping[str, Any]) -> Reading:
    said = told["answers"]
    answers = Answers(
        _pairs(said["roles"]),
        tuple(map(str, said["bad"])),
        tuple(map(str, said["good"])),
        str(said["champion"]),
        bool(said["has_no_outcome"]),
    )
    # A file of this folder, whatever somebody wrote there.
    return Reading(Path(told["file"]).name, answers, _pairs(told["said"]), int(told["n_rows"]), str(told["digest"]))


def _pairs(told: Iterable[tuple[object, object]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(one), str(other)) for one, other in told)


def _of_portfolio(key: str, folder: Path, name: str, made: dt.datetime) -> Entry:
    entry = Entry(key, name, folder, made, None, "")
    settings = entry.settings()
    product = load_record(settings).products.get(PREDICTIONS)
    if product is None or not is_there(settings.predictions):
        return entry
    digest = next(iter(product.files.values())).sha256
    try:
        n_rows = pq.read_metadata(settings.predictions).num_rows
    except (*DAMAGE, pa.ArrowException):
        return entry
    return replace(entry, n_rows=n_rows, digest=digest)


def neutral_definition(name: str) -> str:
    """The text of a definition that says nothing of a table's columns, so that they are described as they are."""
    # A definition lists at least one column; no table has one of this name.
    return said_text({"name": name, "columns": {"(none described)": {"label": "Not described"}}})


def begin_entry(library: Path) -> Path:
    """A new folder in which a portfolio is made before it takes its place; what dead processes left there goes.

    Raises:
        FileError: the library's folder cannot be written.
    """
    try:
        library.mkdir(parents=True, exist_ok=True)
        sweep_parts(library)
        part = part_beside(library / "opening")
        # What somebody brought is its owner's alone.
        part.mkdir(mode=0o700)
    except OSError as error:
        raise FileError.from_unwritable(library, error.strerror or str(error)) from None
    return part


def finish_entry(library: Path, part: Path, name: str, reading: Reading | None, *, taken: str = "") -> Entry:
    """Give the finished folder `part` its place in the library; its key is new there, and not in `taken`.

    Raises:
        LibraryError: the name is empty.
        FileError: the library's folder cannot be written.
    """
    name = clean_name(name)
    now = dt.datetime.now(dt.UTC)
    _write(part, name, now, reading)
    key = _slug(name)
    for each in chain([key], (f"{key}-{n}" for n in count(2))):
        place = library / each
        if each in (EMBEDDED, taken) or place.exists():
            continue
        try:
            part.rename(place)
        except OSError as error:
            if place.exists():
                continue
            raise FileError.from_unwritable(place, error.strerror or str(error)) from None
        break
    found = find_entry(library, place.name)
    if found is None:
        raise LibraryError.from_unknown(place.name)
    return found


def rename_entry(entry: Entry, name: str) -> None:
    """Call `entry` by another name; links keep meaning it.

    Raises:
        LibraryError: the name is empty, or the entry is gone.
        FileError: the folder cannot be written.
    """
    if not is_there(entry.folder / DEFINITION):
        raise LibraryError.from_unknown(entry.key)
    _write(entry.folder, clean_name(name), entry.made, entry.reading)


def delete_entry(entry: Entry) -> None:
    """Delete `entry` with all its files, in one step for whoever looks.

    Raises:
        FileError: the folder cannot be written.
    """
    aside = part_beside(entry.folder)
    try:
        entry.folder.rename(aside)
        shutil.rmtree(aside)
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileError.from_unwritable(entry.folder, error.strerror or str(error)) from None


def clean_name(text: str) -> str:
    """A name as it is kept: printable, on one line, of at most 80 characters.

    Raises:
        LibraryError: nothing is left of it.
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_NAME].rstrip()
    if not name:
        raise LibraryError.from_bad_name()
    return name


def used_bytes(library: Path) -> int:
    """How many bytes the files in the library take up, those that are just arriving among them."""
    total = 0
    for folder, _, names in os.walk(library):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - of thousands of files
            except OSError:
                continue
    return total


def check_room(library: Path, more: int, most: int) -> None:
    """Raise LibraryError where `more` bytes do not fit into a library of at most `most`."""
    if (used := used_bytes(library)) + more > most:
        raise LibraryError.from_full(used, most)


def _write(folder: Path, name: str, made: dt.datetime, reading: Reading | None) -> None:
    told = {
        "format": _FORMAT,
        "name": name,
        "made": made.isoformat(),
        "reading": None if reading is None else asdict(reading),
    }
    with write_atomically(folder / ENTRY) as beside:
        beside.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))


def _slug(name: str) -> str:
    words = re.findall(r"[^\W_]+", name.lower())
    return "-".join(words)[:_LONGEST_KEY].strip("-") or "portfolio"
