"""What can be wrong with data, each said in one sentence: what was expected, what was found, what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Self


class DataError(ValueError):
    """Root of every complaint about data; its text is meant for the person who brought the data."""


class SchemaError(DataError):
    """A column that the application table does not have was asked for."""

    @classmethod
    def from_unknown_column(cls, name: str) -> Self:
        return cls(f"There is no column {name!r} in the application table; `data/schema.py` lists those there are.")


class FileError(DataError):
    """A file that cannot be opened, read or written, or that holds no table."""

    @classmethod
    def from_missing(cls, path: Path) -> Self:
        return cls(f"{path}: no such file; check the path.")

    @classmethod
    def from_directory(cls, path: Path) -> Self:
        return cls(f"{path}: is a directory; name the file inside it.")

    @classmethod
    def from_empty(cls, path: Path) -> Self:
        return cls(f"{path}: holds no rows; a header line and at least one row are needed.")

    @classmethod
    def from_unreadable(cls, path: Path, reason: str, fix: str) -> Self:
        return cls(f"{path}: {reason}; {fix}.")

    @classmethod
    def from_unwritable(cls, path: Path, reason: str) -> Self:
        return cls(f"{path}: cannot be written ({reason}); nothing was changed there.")


class TableError(DataError):
    """A table whose columns or values break the schema."""

    @classmethod
    def from_missing_columns(cls, path: Path, names: list[str]) -> Self:
        listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        noun = "column is" if len(names) == 1 else "columns are"
        return cls(f"{path}: {len(names)} {noun} missing: {listed}; bring the whole application_train table.")

    @classmethod
    def from_bad_values(
        cls, path: Path, column: str, n_rows: int, line: int, found: str, expected: str, fix: str
    ) -> Self:
        rows = "1 row" if n_rows == 1 else f"{n_rows:,} rows"
        return cls(
            f"{path}: column {column} has {rows} with a wrong value, for example {found!r} on line {line:,}; "
            f"expected {expected}; {fix}."
        )


class SettingError(DataError):
    """An environment variable that holds something else than it should."""

    @classmethod
    def from_bad_number(cls, name: str, found: str, at_least: int) -> Self:
        return cls(f"{name} is {found!r}; set it to a whole number of at least {at_least:,}, or leave it unset.")


class PredictionsError(DataError):
    """A file that cannot serve as a table of predictions."""

    @classmethod
    def from_missing_role(cls, path: Path, role: str, names: list[str]) -> Self:
        listed = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
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
            f"mend the file or map another column."
        )

    @classmethod
    def from_foreign_file(cls, path: Path) -> Self:
        return cls(f"{path}: was not written by this version of Scoreroom; remove it and run `make build`.")
