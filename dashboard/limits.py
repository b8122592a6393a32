"""Limits on what visitors may use of the machine, each declared once and read from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.settings import ROOT, Setting, read_whole, values_in_force

_MEGABYTE = 1_000_000
# A visit holds one descriptor for its websocket and three for the event loop that Streamlit keeps for its script. The
# latter also stay open for up to 128 visits that ended recently and may reconnect.
_EACH, _REST = 4, 600

LIMIT_SETTINGS: tuple[Setting, ...] = (
    Setting("SCOREROOM_VISITS", "100", "most visits of the dashboard at once (open tabs); more are told to come again"),
    Setting("SCOREROOM_UPLOADS_MB", "500", "MB of dropped files that may be on their way to the dashboard at once"),
    Setting(
        "SCOREROOM_FILES_MB",
        "1500",
        "MB of memory for the dropped files of all visits; beyond, those looked at longest ago go",
    ),
    Setting("SCOREROOM_REPORTS", "2", "reports that the dashboard makes at once; more wait for their turn"),
    Setting("SCOREROOM_LIBRARY_MB", "20000", "MB of files in the library; beyond, nothing more is opened"),
    Setting("SCOREROOM_OPEN_MB", "100", "MB of a file that is dropped on the page Open"),
    Setting("SCOREROOM_OPEN_ROWS", "5000000", "rows of a file that is opened"),
    Setting("SCOREROOM_OPEN_FOLDER", "", "folder on the server whose tables the page Open offers; none without it"),
    Setting("SCOREROOM_TRAIN_MINUTES", "60", "minutes that a model may train that was ordered on Open or Models"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The values in force."""

    visits: int
    uploads_bytes: int
    files_bytes: int
    reports: int
    library_bytes: int = 20_000_000_000
    open_rows: int = 5_000_000
    open_bytes: int = 100_000_000
    open_folder: Path | None = None
    train_seconds: int = 3_600


def load_limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """Limits from `environment`, defaults for what it does not name.

    Raises:
        SettingError: a value is not a whole number of at least 1.
    """
    values = values_in_force(LIMIT_SETTINGS, environment)
    visits = read_whole("SCOREROOM_VISITS", values["SCOREROOM_VISITS"], at_least=1)
    uploads = read_whole("SCOREROOM_UPLOADS_MB", values["SCOREROOM_UPLOADS_MB"], at_least=1)
    files = read_whole("SCOREROOM_FILES_MB", values["SCOREROOM_FILES_MB"], at_least=1)
    reports = read_whole("SCOREROOM_REPORTS", values["SCOREROOM_REPORTS"], at_least=1)
    library = read_whole("SCOREROOM_LIBRARY_MB", values["SCOREROOM_LIBRARY_MB"], at_least=0)
    rows = read_whole("SCOREROOM_OPEN_ROWS", values["SCOREROOM_OPEN_ROWS"], at_least=1)
    dropped = read_whole("SCOREROOM_OPEN_MB", values["SCOREROOM_OPEN_MB"], at_least=1)
    minutes = read_whole("SCOREROOM_TRAIN_MINUTES", values["SCOREROOM_TRAIN_MINUTES"], at_least=1)
    folder = ROOT / values["SCOREROOM_OPEN_FOLDER"] if values["SCOREROOM_OPEN_FOLDER"] else None
    return Limits(
        visits=visits,
        uploads_bytes=_MEGABYTE * uploads,
        files_bytes=_MEGABYTE * files,
        reports=reports,
        library_bytes=_MEGABYTE * library,
        open_rows=rows,
        open_bytes=_MEGABYTE * dropped,
        open_folder=folder,
        train_seconds=60 * minutes,
    )


def most_visits(descriptors: int) -> int:
    """How many visits fit into this many descriptors of one process."""
    return max(1, (descriptors - _REST) // _EACH)
