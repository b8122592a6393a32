"""The errors of this package: one sentence each on what was expected, what was found and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Self


class ScoreroomError(ValueError):
    """Root of every error raised on purpose; its text is one sentence for the person who can fix it."""


class SchemaError(ScoreroomError):
    """A column is not in the application table, or the table has other columns than its definition."""

    @classmethod
    def from_unknown_column(cls, name: str, known: Iterable[str]) -> Self:
        return cls(f"There is no column {_shown(name)} in the application table; there are {_listed([*known])}.")

    @classmethod
    def from_other_columns(cls, expected: list[str], found: list[str]) -> Self:
        missing = [name for name in expected if name not in found]
        extra = [name for name in found if name not in expected]
        what = f"{_listed(missing) or 'none'} missing, {_listed(extra) or 'none'} too many"
        return cls(
            f"The application table has {len(expected)} columns in a fixed order, found {len(found)} ({what}); "
            "select the columns that its definition lists."
        )

    @classmethod
    def from_other_dtype(cls, name: str, expected: str, found: str) -> Self:
        return cls(f"Column {name} is {found}, expected {expected}; cast it as its definition says.")


class FileError(ScoreroomError):
    """A file cannot be opened, read or written, or holds no table; `reason` says why, if known.

    It `has_choice` where it is an archive of several tables.
    """

    reason = ""
    has_choice = False

    @classmethod
    def from_missing(cls, path: Path) -> Self:
        return cls.from_unreadable(path, "no such file", "check the path")

    @classmethod
    def from_directory(cls, path: Path) -> Self:
        return cls.from_unreadable(path, "is a directory", "name the file inside it")

    @classmethod
    def from_empty(cls, path: Path) -> Self:
        return cls(f"{path}: holds no rows; a header line and at least one row are needed.")

    @classmethod
    def from_unreadable(cls, path: Path, reason: str, fix: str) -> Self:
        error = cls(f"{path}: {reason}; {fix}.")
        error.reason = reason
        return error

    @classmethod
    def from_no_access(cls, path: Path, reason: str) -> Self:
        return cls.from_unreadable(path, f"cannot be read ({reason})", "check the path and its rights")

    @classmethod
    def from_special(cls, path: Path) -> Self:
        return cls.from_unreadable(path, "is a device or a pipe", "name a file")

    @classmethod
    def from_damaged(cls, path: Path, kind: str) -> Self:
        nouns = {".gz": "gzip file", ".zip": "zip archive", ".bz2": "bzip2 file", ".zst": "zstd file"}
        noun = {**nouns, ".parquet": "Parquet file"}.get(kind, "file")
        return cls.from_unreadable(path, f"is not a whole {noun} (damaged or cut short)", "fetch it again")

    @classmethod
    def from_zip_members(cls, path: Path, names: list[str]) -> Self:
        found = _listed(names) if names else "none"
        error = cls.from_unreadable(
            path, f"an archive with one CSV file is expected, found {found}", "unpack it and name the file"
        )
        error.has_choice = len(names) > 1
        return error

    @classmethod
    def from_no_table(cls, path: Path, reason: str) -> Self:
        return cls.from_unreadable(
            path, f"is not a comma-separated table ({reason})", "bring CSV with a header or Parquet"
        )

    @classmethod
    def from_no_source(cls, path: Path) -> Self:
        return cls.from_unreadable(
            path, "does not say where its rows come from", "write it with `python -m scripts.prepare_data`"
        )

    @classmethod
    def from_own_input(cls, path: Path) -> Self:
        return cls.from_unwritable(path, "it is the input itself; name another file with --out")

    @classmethod
    def from_occupied(cls, path: Path, found: str) -> Self:
        return cls.from_unwritable(path, f"{found} is already there; name another place")

    @classmethod
    def from_unwritable(cls, path: Path, reason: str) -> Self:
        return cls(f"{path}: cannot be written ({reason}); nothing was changed there.")


class DamageError(FileError):
    """A file of the built portfolio is missing, unreadable or changed."""

    @classmethod
    def from_digest(cls, path: Path, found: str, expected: str) -> Self:
        return cls(
            f"{path}: is not the file that was built (SHA-256 {found[:12]}..., the record says {expected[:12]}...); "
            f"{_REBUILD}."
        )

    @classmethod
    def from_record(cls, path: Path, reason: str) -> Self:
        return cls(f"{path}: there is no record of what was built ({_shortened(reason)}); {_REBUILD}.")

    @classmethod
    def from_trouble(cls, path: Path, error: BaseException) -> Self:
        """`error` is what reading `path` raised."""
        message = (
            error.reason if isinstance(error, FileError) else error.strerror if isinstance(error, OSError) else None
        )
        reason = _shortened(message or str(error) or type(error).__name__)
        damage = cls(f"{path}: cannot be read ({reason}); {_REBUILD}.")
        damage.reason = reason
        return damage

    @classmethod
    def from_content(cls, path: Path, what: str) -> Self:
        return cls(f"{path}: {what}; {_REBUILD}.")

    @classmethod
    def from_others(cls, path: Path) -> Self:
        return cls(f"{path}: holds other applications than the predictions on the screen; reload the page.")


_REBUILD = "run `make build`, which builds it again"
_REASON_CHARACTERS = 160


def _shortened(reason: str) -> str:
    """The first line of a library's message, cut so that it fits into a sentence."""
    line = " ".join(reason.strip().splitlines()[:1]).rstrip(".;")
    return "".join(each if each.isprintable() else " " for each in line)[:_REASON_CHARACTERS]


class TableError(ScoreroomError):
    """A table does not fit its definition."""

    @classmethod
    def from_too_few(cls, n_rows: int, at_least: int, purpose: str) -> Self:
        return cls(f"The table has {n_rows:,} rows; {purpose} needs at least {at_least:,}; bring a longer table.")

    @classmethod
    def from_missing_columns(cls, path: Path, names: list[str]) -> Self:
        noun = "column is" if len(names) == 1 else "columns are"
        return cls(f"{path}: {len(names)} {noun} missing: {_listed(names)}; bring a table with all columns.")

    @classmethod
    def from_separator(cls, path: Path, found: str, expected: str) -> Self:
        return cls(f"{path}: the header is separated by {found!r}; expected {expected!r}; save it again with that.")

    @classmethod
    def from_repeated_column(cls, path: Path, name: str) -> Self:
        return cls(f"{path}: column {name} stands more than once in the header; keep one of them.")

    @classmethod
    def from_wrong_type(cls, path: Path, column: str, n_rows: int, found: str, expected: str) -> Self:
        return cls(
            f"{path}: column {column} holds {found} in all {_rows(n_rows)}, from row 1 on; "
            f"expected {expected}; convert the column and write the file again."
        )

    @classmethod
    def from_bad_values(
        cls, path: Path, column: str, n_rows: int, place: str, found: str, expected: str, others: list[str]
    ) -> Self:
        return cls(
            f"{path}: column {column} has {_rows(n_rows)} with a wrong value, for example {_shown(found)} {place}; "
            f"expected {expected}; correct them or leave those rows out.{_also(others)}"
        )

    @classmethod
    def from_missing_values(
        cls, path: Path, column: str, n_rows: int, place: str, expected: str, others: list[str]
    ) -> Self:
        return cls(
            f"{path}: column {column} has {_rows(n_rows)} without a value, for example {place}; "
            f"expected {expected} in every row; fill them or leave those rows out.{_also(others)}"
        )

    @classmethod
    def from_repeated_ids(cls, path: Path, column: str, n_rows: int, place: str, first: str, found: str) -> Self:
        return cls(
            f"{path}: column {column} has {_rows(n_rows)} with a number that an earlier row has, for example {found} "
            f"{place} and {first}; expected every number once; leave the repeated rows out."
        )

    @classmethod
    def from_no_outcome(cls, path: Path, column: str, found: list[str], expected: list[str]) -> Self:
        there = _listed([_shown(text) if text else "nothing" for text in found])
        return cls(
            f"{path}: column {column} has no outcome in any row: it holds {there}; the definition's [outcome] has "
            f"{_listed([_shown(text) for text in expected])} as bad and good; correct it, or leave [outcome] out."
        )

    @classmethod
    def from_ragged(cls, path: Path, n_rows: int, line: int, n_fields: int, n_columns: int) -> Self:
        return cls(
            f"{path}: {_rows(n_rows)} with another number of fields than the header, which has {n_columns}, for "
            f"example {n_fields} on line {line:,}; put fields that hold a comma in quotation marks."
        )

    @classmethod
    def from_open_quote(cls, path: Path, line: int) -> Self:
        return cls(
            f"{path}: after line {line:,} a quotation mark is opened and not closed where the field ends; "
            "close it, or double the marks inside the text."
        )

    @classmethod
    def from_encoding(cls, path: Path, column: str, n_rows: int, line: int) -> Self:
        where = f"column {column} has" if column else "there is"
        return cls(
            f"{path}: {where} text that is not UTF-8, {_rows(n_rows)} in all, for example on line {line:,}; "
            "save the file as UTF-8."
        )


_SHOWN = 5
_SHOWN_CHARACTERS = 40


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _shown(value: str) -> str:
    return repr(value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "\u2026")


def _also(others: list[str]) -> str:
    return f" Also wrong: {_listed(others)}." if others else ""


class SettingError(ScoreroomError):
    """A setting or a command-line option has an invalid value."""

    @classmethod
    def from_bad_folder(cls, name: str, path: Path, reason: str) -> Self:
        return cls(f"{name} is {path}, which {reason}; set it to a folder that may be read.")

    @classmethod
    def from_bad_number(cls, name: str, found: str, at_least: int) -> Self:
        return cls(f"{name} is {found!r}; set it to a whole number of at least {at_least:,}, or leave it unset.")

    @classmethod
    def from_bad_text(cls, name: str, found: str, expected: str) -> Self:
        return cls(f"{name} is {found!r}; set it to {expected}, or leave it unset.")


class PredictionsError(ScoreroomError):
    """A file cannot be read as a table of predictions."""

    @classmethod
    def from_missing_role(cls, path: Path, role: str, names: list[str]) -> Self:
        # A name may hold line breaks.
        listed = ", ".join(" ".join(name.split()) for name in names[:8]) + (" ..." if len(names) > 8 else "")
        return cls(
            f"{path}: no column could be taken for the {role}; say which with --map COLUMN={role} (columns: {listed})."
        )

    @classmethod
    def from_bad_mapping(cls, text: str, problem: str, fix: str) -> Self:
        return cls(f"--map {text}: {problem}; {fix}.")

    @classmethod
    def from_bad_column(cls, path: Path, column: str, n_rows: int, found: str, expected: str) -> Self:
        rows = "1 row" if n_rows == 1 else f"{n_rows:,} rows"
        return cls(
            f"{path}: column {column} has {rows} that cannot be used, for example {found}; expected {expected}; "
            "correct the file or map another column."
        )

    @classmethod
    def from_bare_column(cls, path: Path, column: str, n_rows: int, expected: str) -> Self:
        rows = "its only row" if n_rows == 1 else f"any of its {n_rows:,} rows"
        return cls(
            f"{path}: column {column} has no value in {rows}; expected {expected}; fill it or map another column."
        )

    @classmethod
    def from_repeated_role(cls, path: Path, column: str, role: str) -> Self:
        return cls(
            f"{path}: column {column}, taken for the {role}, stands in the header more than once; rename or remove the "
            "others."
        )

    @classmethod
    def from_two_candidates(cls, path: Path, role: str, names: list[str]) -> Self:
        flags = " or ".join(f"--map {name}={role}" for name in names)
        return cls(f"{path}: {' and '.join(names)} could each be the {role}; say which with {flags}.")

    @classmethod
    def from_kind(cls, path: Path, column: str, found: str, expected: str) -> Self:
        return cls(
            f"{path}: column {column} holds {found}; expected {expected}; write it as a plain column or map another."
        )

    @classmethod
    def from_foreign_file(cls, path: Path) -> Self:
        return cls(f"{path}: was not written by this version of Scoreroom; remove it and run `make build`.")
