"""The folder in which an application table is dropped: which of its files is the table, and which are not used."""

from __future__ import annotations

import re
from pathlib import Path

from data.errors import FileError

# As Kaggle calls it, in any case, and as a browser or a copy renames it: "application_train (1).csv".
_TABLE = re.compile(r"application[ _-]?train\b.*?\.(csv|csv\.gz|csv\.zip|zip|parquet)", re.IGNORECASE)
_MOST_NAMED = 5


def is_table_name(name: str) -> bool:
    """Whether a file of this name (without a path) is taken for an application table."""
    return Path(name).name == name and _TABLE.fullmatch(name) is not None


def find_raw(folder: Path) -> Path | None:
    """The application table dropped into `folder`, or None.

    Raises:
        FileError: more than one file is called so, or it is no folder that may be read.
    """
    paths = [path for path in _files(folder) if _TABLE.fullmatch(path.name)]
    if len(paths) > 1:
        names = " and ".join(path.name for path in paths)
        raise FileError.from_unreadable(folder, f"holds {names}", "keep one of them")
    return paths[0] if paths else None


def unused_notice(folder: Path) -> str:
    """A sentence that names what lies in `folder` and is not used; empty where nothing does."""
    names = [path.name for path in _files(folder) if not _TABLE.fullmatch(path.name)]
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return (
        f"{folder}: not used: {', '.join(names[:_MOST_NAMED])}{more}; the application table is a file called "
        "application_train (.csv, .csv.gz, .zip or .parquet)."
    )


def _files(folder: Path) -> list[Path]:
    try:
        paths = list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError.from_no_access(folder, error.strerror or str(error)) from error
    # Hidden files are those of systems and editors, and nobody drops them.
    return sorted(path for path in paths if not path.name.startswith("."))
