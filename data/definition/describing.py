"""Write a guessed definition where a person edits it: never over an edit, and new columns merged in when asked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from data.definition.building import build_definition
from data.definition.definition import Definition
from data.definition.errors import Place
from data.definition.guessing import Finding, Guess, guess_definition
from data.definition.peeking import header_of, peek
from data.definition.reading import Said, check_said, parse_definition, parse_said, read_said
from data.definition.writing import said_text
from data.errors import FileError
from data.store.storage import check_file_place, write_atomically

FILE_NAME = "portfolio.toml"
_FIRST_LINE = "# Written by `python -m scripts.describe`; edit it freely. SHA-256 of what follows: {digest}"
_MARK = re.compile(re.escape(_FIRST_LINE).replace(re.escape("{digest}"), "([0-9a-f]{64})"))
_INTRODUCTION = """\
# Each guess has its reason above it. Ranges are rounded up from twice what was seen, so that later files fit as well;
# narrow them where you know better. Run describe again with --update to add columns that the table has gained.
"""
_TABLES = (".csv", ".gz", ".zip", ".parquet", ".data", ".txt", ".tsv")
_BUILT = frozenset({"applications.parquet", "predictions.parquet", "contributions.parquet"})


@dataclass(frozen=True)
class Described:
    """What was written where: a line for each column, how the table is encoded, and which columns are new or gone."""

    path: Path
    findings: Sequence[Finding]
    has_outcome: bool
    encoding: str
    added: Sequence[str] = ()
    gone: Sequence[str] = ()


def describe(file: Path, folder: Path, *, update: bool = False, told: Sequence[str] = ()) -> Described:
    """Guess the definition of the table `file` and write it to `folder`; with `update`, add what is new to that there.

    `told` says how the file is written, as `--read` takes it; the definition keeps it.

    Raises:
        FileError: the table cannot be read, `folder` cannot be written, or a definition that was edited stands there.
        DefinitionError: the definition to update is no valid one.
    """
    path = folder / FILE_NAME
    if folder.exists() and not folder.is_dir():
        raise FileError.from_unwritable(folder, "it is a file; name a folder with --out")
    check_file_place(path)
    before = _text_of(path)
    if before is not None and not update and not is_as_written(before):
        raise FileError.from_unwritable(path, "it was edited; add --update to keep the edits and merge new columns in")
    reading = {"read": [*told]} if told else {}
    table = peek(file, reading)
    if before is None or not update:
        guess = guess_definition(table, {"table": {"file": _seen_from(folder, file), **reading}}, path)
        described = Described(path, guess.findings, guess.definition.outcome is not None, table.encoding)
        text = _INTRODUCTION + "\n" + said_text(guess.said, guess.comments)
    else:
        said = check_said(parse_said(before, path), path)
        table = peek(file, {**said.get("table", {}), **reading})
        said = _with_names(said, table.header, table.frame.columns)
        gone = [name for name in said.get("columns", {}) if name not in (*table.frame.columns, *table.unreadable)]
        guess = guess_definition(table, _without(said, gone), path)
        added = [name for name in guess.said["columns"] if name not in said.get("columns", {})]
        left = [name for name in guess.said.get("left_out", ()) if name not in said.get("left_out", ())]
        text = _merged(before, said, guess, added, left, _seen_from(folder, file))
        has_outcome = "outcome" in said or guess.definition.outcome is not None
        described = Described(path, guess.findings, has_outcome, table.encoding, (*added, *left), gone)
        if not is_as_written(before):
            _write(path, text, text)
            return described
        text = text.partition("\n")[2]
    _write(path, text, f"{_FIRST_LINE.format(digest=_digest(text))}\n{text}")
    return described


def complete_definition(path: Path) -> Definition:
    """The definition in the file at `path`; what it leaves unsaid is guessed from its table.

    The table is what `[table] file` names, or else the only table in the folder. It is read only if some of its columns
    are not described.

    Raises:
        FileError: the definition or its table cannot be read.
        DefinitionError: the definition is invalid or does not fit its table.
    """
    said = check_said(read_said(path), path)
    columns = said.get("columns", {})
    if columns and "file" not in said.get("table", {}):
        return build_definition(said, path)
    file = _table_of(path, said)
    said = {**said, "table": {"file": _seen_from(path.parent, file), **said.get("table", {})}}
    known = {*columns, *said.get("left_out", ())}
    roles = {said.get("outcome", {}).get("column"), said.get("roles", {}).get("id")}
    is_described = all("kind" in entry or name in roles for name, entry in columns.items())
    if columns and is_described and (not file.exists() or known.issuperset(header_of(file, said["table"]))):
        return build_definition(said, path)
    return guess_definition(peek(file, said["table"]), said, path).definition


def is_as_written(text: str) -> bool:
    """Whether a definition is still the one that `describe` wrote."""
    first, _, rest = text.partition("\n")
    match = _MARK.fullmatch(first)
    return match is not None and match[1] == _digest(rest)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write(path: Path, checked: str, text: str) -> None:
    parse_definition(checked, path)
    with write_atomically(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _text_of(path: Path) -> str | None:
    """The text of the definition that stands there, whatever it is; None where there is none."""
    try:
        return path.read_bytes().decode("utf-8-sig", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FileError.from_no_access(path, error.strerror or str(error)) from error


def _seen_from(folder: Path, file: Path) -> str:
    inside, outside = file.resolve(), folder.resolve()
    return inside.relative_to(outside).as_posix() if inside.is_relative_to(outside) else str(inside)


def _table_of(path: Path, said: Said) -> Path:
    named = said.get("table", {}).get("file")
    if named:
        return path.parent / str(named)
    tables = [each for each in _files(path.parent) if each.suffix.lower() in _TABLES and each.name not in _BUILT]
    if len(tables) != 1:
        found = "no table stands" if not tables else f"{len(tables)} tables stand"
        raise (Place(path) / "table").error(f"has no file, and {found} beside it", 'write file = "..." in [table]')
    return tables[0]


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))


def _with_names(said: Said, header: bool, names: Sequence[str]) -> Said:
    return said if header else {**said, "table": {**said.get("table", {}), "names": list(names)}}


def _without(said: Said, gone: Sequence[str]) -> Said:
    """What guesses rest on, without the columns that the table has lost."""
    kept: Said = {key: said[key] for key in ("name", "left_out", "table") if key in said}
    if "outcome" in said and said["outcome"]["column"] not in gone:
        kept["outcome"] = said["outcome"]
    for key in ("columns", "roles", "scores"):
        entries = said.get(key, {}).items()
        kept[key] = {
            name: each
            for name, each in entries
            if (name if key == "columns" else each["column"] if key == "scores" else each) not in gone
        }
    return kept if said.get("scores") else {key: each for key, each in kept.items() if key != "scores"}


def _merged(before: str, said: Said, guess: Guess, added: Sequence[str], left: Sequence[str], file: str) -> str:
    """The text `before` with columns that are new described at its end; every line that stands there stays."""
    document = tomlkit.parse(before)
    features: Any = document.get("features", {})
    wanted = [name for name in guess.features if name in added]
    if "columns" in features:
        _extend(features["columns"], wanted)
    if "left_out" in document:
        _extend(document["left_out"], left)
    elif left:
        # Before the first table, where keys of no table stand.
        document = tomlkit.parse(f"{said_text({'left_out': list(left)})}{tomlkit.dumps(document)}")
    table: Any = document.get("table")
    if table is not None and table.get("file") != file:
        table["file"] = file
    # A part that is not there although columns are was taken out by somebody.
    parts = {} if "columns" in said else guess.said
    new = {
        key: each for key, each in parts.items() if isinstance(each, dict) and each and key not in (*said, "columns")
    }
    if added:
        new["columns"] = {name: guess.said["columns"][name] for name in added}
    if not new:
        return tomlkit.dumps(document)
    return f"{tomlkit.dumps(document).rstrip()}\n\n{said_text(new, guess.comments)}"


def _extend(array: Any, names: Sequence[str]) -> None:
    for name in names:
        if name not in array:
            array.append(name)
