"""A portfolio in one file, and back: applications, predictions, contributions, models, and the file they came from.

The archive is a plain tar, which any tool unpacks; its tables are compressed already. An index comes first and is named
by its own SHA-256; it lists the others in their order, with size and SHA-256, and is signed where a key is in force.
What is read must be, byte for byte, what is written here: no link, device, path or extension of the format can occur.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

import orjson

from data.errors import FileError
from data.files.raw import find_raw, is_table_name
from data.settings import MODELS, Settings
from data.store.opening import open_readable
from data.store.signing import check_signed, key_in_force, signed
from data.store.storage import check_file_place, sha256_of, write_atomically
from inference.errors import InferenceError
from inference.model.artifact import MANIFEST
from inference.publishing.pipeline import belongs_together, is_current, model_of, source_of
from inference.publishing.rollback import check_fit
from inference.publishing.staging import (
    FILES,
    IN_INVENTORY,
    IN_MODEL,
    MODEL,
    RAW,
    Hold,
    Say,
    Staging,
    Why,
    inventory_folders,
    silent,
    staging,
)

FORMAT = 1
_PURPOSE = "scoreroom.backup"
_INDEX = re.compile(r"scoreroom-backup-([0-9a-f]{64})\.json")
_BLOCK, _CHUNK = tarfile.BLOCKSIZE, 1 << 20
_MOST_INDEX_BYTES = 1 << 20
# What the size field of a tar header holds.
MOST_MEMBER_BYTES = 8**11 - 1
_IN_PROCESSED, _SOURCE = "processed", "source"
_MEMBERS = {*(f"{_IN_PROCESSED}/{name}" for name in FILES), *(f"{MODEL}/{name}" for name in IN_MODEL), _SOURCE}
_OF_INVENTORY = re.compile(
    rf"{MODELS}/[A-Za-z0-9][A-Za-z0-9_.-]{{0,59}}/(?:{'|'.join(re.escape(name) for name in IN_INVENTORY)})"
)
_NEEDED = {f"{_IN_PROCESSED}/{FILES[0]}", f"{_IN_PROCESSED}/{FILES[1]}", f"{MODEL}/{MANIFEST}"}


class BackupError(InferenceError):
    """A portfolio that cannot be backed up, or an archive that cannot be restored."""

    @classmethod
    def from_unbuilt(cls, folder: Path) -> Self:
        return cls(f"{folder}: holds no whole portfolio; run `make build` first; nothing was written.")

    @classmethod
    def from_large(cls, path: Path, size: int) -> Self:
        return cls(
            f"{path}: has {size:,} bytes, and an archive takes files of up to {MOST_MEMBER_BYTES:,}; compress it."
        )

    @classmethod
    def from_damaged(cls, path: Path, reason: str) -> Self:
        return cls(
            f"{path}: is not a whole backup ({reason}); nothing was changed; fetch it again or take another one."
        )

    @classmethod
    def from_format(cls, path: Path, found: object) -> Self:
        return cls(f"{path}: is a backup of format {found!r}, this program reads {FORMAT}; nothing was changed.")

    @classmethod
    def from_full(cls, path: Path, size: int, free: int) -> Self:
        return cls(f"{path}: takes {size:,} bytes and {free:,} are free; nothing was changed; make room.")

    @classmethod
    def from_other_table(cls, folder: Path, found: str, name: str) -> Self:
        return cls(
            f"{folder}: holds {found}, and the backup was made from another table ({name}); nothing was changed; "
            "move it away first."
        )


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Index:
    """What an archive holds: `source` is the name of the file that the applications came from, empty if synthetic."""

    created: str
    model: str
    rows: int
    seed: int
    source: str
    members: tuple[Member, ...]
    format: int = FORMAT

    @property
    def size(self) -> int:
        """Bytes of all members."""
        return sum(member.size for member in self.members)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore put in service, and why builds are held since, if they are."""

    index: Index
    hold: Hold | None


def back_up(settings: Settings, place: Path, say: Say = silent) -> tuple[Path, Index]:
    """Write the portfolio in service to `place`, a file or a folder to put one in, and read it back.

    Raises:
        BackupError: no whole portfolio is in service, or what was written is not what was read.
        FileError: a file cannot be read, or the place cannot be written.
    """
    key_in_force()
    with ExitStack() as stack:
        source = settings
        if os.access(settings.processed, os.W_OK):
            # Links, so that a build that comes after this moment changes nothing of what is read.
            stage = stack.enter_context(staging(settings, say))
            stage.take_current()
            stage.take_inventory()
            source = stage.settings
        if not belongs_together(source):
            raise BackupError.from_unbuilt(settings.processed)
        # A portfolio of one's own names its table, which may lie anywhere and stays where it is.
        raw = source_of(settings) if settings.portfolio is None and is_current(settings) else None
        files = _files(source, raw)
        index = _index(settings, source, files, raw)
        for member in index.members:
            if member.size > MOST_MEMBER_BYTES:
                raise BackupError.from_large(files[member.name], member.size)
        target = place
        if place.is_dir():
            target = place / f"scoreroom-{index.model}-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar"
        check_file_place(target)
        with write_atomically(target) as beside:
            # What is in it may be about people.
            beside.touch(mode=0o600, exist_ok=False)
            with beside.open("wb") as stream:
                _write(stream, index, files)
            _verify(beside)
    return target, index


def restore(settings: Settings, archive: Path, say: Say = silent) -> Restored:
    """Put the portfolio in `archive` in service, after all of it was checked; the one before is kept as the previous.

    Builds are held where one at hand would make something else: other settings, or another version of the program.

    Raises:
        BackupError: it is damaged, of another format, does not fit on the disk, or another table is in the raw folder.
        HoldError: its model cannot be opened by this program.
        FileError, SigningError: it cannot be read or is not signed with the key in force, or a place cannot be written.
    """
    index = _verify(archive)
    _check_room(settings, archive, index)
    _check_raw(settings, index)
    with staging(settings, say) as stage:
        _verify(archive, stage)
        check_fit(stage, str(archive))
        stage.take_definition()
        hold = _hold(settings, stage, index)
        stage.make_room_in_inventory()
        stage.commit(keep_current=bool(model_of(settings)), hold=hold)
    return Restored(index, hold)


def _files(source: Settings, raw: Path | None) -> dict[str, Path]:
    places = {f"{_IN_PROCESSED}/{name}": source.processed / name for name in FILES}
    places |= {f"{MODEL}/{name}": source.model / name for name in IN_MODEL}
    for folder in inventory_folders(source):
        places |= {f"{MODELS}/{folder.name}/{name}": folder / name for name in IN_INVENTORY}
    if raw is not None:
        places[_SOURCE] = raw
    return {name: path for name, path in places.items() if path.is_file()}


def _index(settings: Settings, source: Settings, files: Mapping[str, Path], raw: Path | None) -> Index:
    members = tuple(Member(name, sha256_of(path), path.stat().st_size) for name, path in files.items())
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Index(created, model_of(source), settings.rows, settings.seed, raw.name if raw else "", members)


def _write(stream: BinaryIO, index: Index, files: Mapping[str, Path]) -> None:
    content = orjson.dumps(signed(_document(index), _PURPOSE), option=orjson.OPT_INDENT_2)
    name = f"scoreroom-backup-{hashlib.sha256(content).hexdigest()}.json"
    stream.write(_header(name, len(content)) + content + _padding(len(content)))
    for member in index.members:
        stream.write(_header(member.name, member.size))
        with files[member.name].open("rb") as file:
            shutil.copyfileobj(file, stream, _CHUNK)
        stream.write(_padding(member.size))
    stream.write(bytes(2 * _BLOCK))


def _document(index: Index) -> dict[str, Any]:
    return orjson.loads(orjson.dumps(index))  # type: ignore[no-any-return]


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.USTAR_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _verify(archive: Path, stage: Staging | None = None) -> Index:
    """The index of an archive of which every byte was checked, written out to `stage` on the way where one is given."""
    try:
        with open_readable(archive) as stream:
            index = _read_index(archive, stream)
            for member in index.members:
                if stream.read(_BLOCK) != _header(member.name, member.size):
                    raise BackupError.from_damaged(archive, f"{member.name} is not where it should be")
                with ExitStack() as stack:
                    out = stack.enter_context(_opened(stage, index, member)) if stage else None
                    _copy(archive, stream, member, out)
            if stream.read(4 * _BLOCK) != bytes(2 * _BLOCK):
                raise BackupError.from_damaged(archive, "it does not end where it should")
    except FileError:
        raise
    except OSError as error:
        raise BackupError.from_damaged(archive, error.strerror or str(error)) from None
    return index


def _read_index(archive: Path, stream: BinaryIO) -> Index:
    try:
        entry = tarfile.TarInfo.frombuf(stream.read(_BLOCK), "ascii", "strict")
    except (tarfile.TarError, ValueError):
        raise BackupError.from_damaged(archive, "it does not begin as one") from None
    match = _INDEX.fullmatch(entry.name)
    if match is None or not 0 < entry.size <= _MOST_INDEX_BYTES:
        raise BackupError.from_damaged(archive, "it does not begin as one")
    content, padding = stream.read(entry.size), _padding(entry.size)
    if hashlib.sha256(content).hexdigest() != match[1] or stream.read(len(padding)) != padding:
        raise BackupError.from_damaged(archive, "its index was changed")
    try:
        document = check_signed(orjson.loads(content), _PURPOSE, archive)
        if document.get("format") != FORMAT:
            raise BackupError.from_format(archive, document.get("format"))
        members = tuple(Member(**each) for each in document["members"])
        index = Index(**{**document, "members": members})
        _check_index(index)
    except (KeyError, TypeError, AttributeError, orjson.JSONDecodeError):
        raise BackupError.from_damaged(archive, "its index cannot be read") from None
    return index


def _check_index(index: Index) -> None:
    """Raise TypeError unless the index is one that this program writes."""
    texts = (
        index.created,
        index.model,
        index.source,
        *(text for each in index.members for text in (each.name, each.sha256)),
    )
    numbers = (index.rows, index.seed, *(member.size for member in index.members))
    names = [member.name for member in index.members]
    if not all(isinstance(text, str) for text in texts) or not all(type(number) is int for number in numbers):
        raise TypeError
    # What is said of it is no order to a terminal.
    if not "".join(texts).isprintable():
        raise TypeError
    if min(numbers) < 0 or len(set(names)) != len(names) or not set(names) >= _NEEDED:
        raise TypeError
    if not all(name in _MEMBERS or _OF_INVENTORY.fullmatch(name) for name in names):
        raise TypeError
    if max(member.size for member in index.members) > MOST_MEMBER_BYTES:
        raise TypeError
    if (_SOURCE in names) != bool(index.source) or (index.source and not is_table_name(index.source)):
        raise TypeError


def _copy(archive: Path, stream: BinaryIO, member: Member, out: BinaryIO | None) -> None:
    digest, left = hashlib.sha256(), member.size
    while left:
        part = stream.read(min(_CHUNK, left))
        if not part:
            raise BackupError.from_damaged(archive, "it was cut short")
        digest.update(part)
        left -= len(part)
        if out is not None:
            out.write(part)
    padding = _padding(member.size)
    if digest.hexdigest() != member.sha256 or stream.read(len(padding)) != padding:
        raise BackupError.from_damaged(archive, f"{member.name} was changed")


def _opened(stage: Staging, index: Index, member: Member) -> BinaryIO:
    folder, _, name = member.name.rpartition("/")
    processed = stage.settings.processed
    places = {_IN_PROCESSED: processed, MODEL: stage.settings.model, "": processed / RAW}
    place = places.get(folder, processed / folder) / (name if folder else index.source)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place.open("xb")


def _check_room(settings: Settings, archive: Path, index: Index) -> None:
    there = next(folder for folder in (settings.processed, *settings.processed.parents) if folder.exists())
    # The model is written twice, and a source once more where the raw folder is on another disk.
    free, needed = shutil.disk_usage(there).free, 2 * index.size
    if needed > free:
        raise BackupError.from_full(archive, needed, free)


def _check_raw(settings: Settings, index: Index) -> None:
    found = find_raw(settings.raw) if settings.portfolio is None else None
    if found is None:
        return
    source = next((member for member in index.members if member.name == _SOURCE), None)
    if source is None or found.name != index.source or sha256_of(found) != source.sha256:
        raise BackupError.from_other_table(settings.raw, found.name, index.source or "none, it is synthetic")


def _hold(settings: Settings, stage: Staging, index: Index) -> Hold | None:
    staged = stage.settings_with_raw() if index.source else stage.settings
    return None if is_current(staged) else Hold.now(Why.RESTORED, model_of(staged), model_of(settings))
