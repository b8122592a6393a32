"""Settings of the dashboard's server for its operator, each declared once (docs/operations.md)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.errors import SettingError
from data.settings import ROOT, Setting, values_in_force

LOG_SETTINGS: tuple[Setting, ...] = (
    Setting("SCOREROOM_LOG", "info", "`info` logs each event of the dashboard, `warning` only refusals and failures"),
    Setting("SCOREROOM_LOG_FILE", "", "file to whose end the dashboard's events are written; without one, stderr"),
    Setting("SCOREROOM_USER_HEADER", "", "header in which a trusted proxy names who is signed in; goes into the log"),
)
_LEVELS = ("info", "warning")
_HEADER = re.compile("[A-Za-z0-9-]{0,64}")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The values in force; `user_header` is in lower case, and empty if users are not logged."""

    level: str
    file: Path | None
    user_header: str


def load_log_settings(environment: Mapping[str, str] = os.environ) -> LogSettings:
    """Read the settings from `environment`; a relative path starts at the project's root.

    Raises:
        SettingError: the level is unknown, or the header's name is malformed.
    """
    values = values_in_force(LOG_SETTINGS, environment)
    level, file, header = (values[setting.name] for setting in LOG_SETTINGS)
    if level not in _LEVELS:
        raise SettingError.from_bad_text("SCOREROOM_LOG", level, " or ".join(_LEVELS))
    if not _HEADER.fullmatch(header):
        raise SettingError.from_bad_text("SCOREROOM_USER_HEADER", header, "a name such as X-Forwarded-User")
    return LogSettings(level, ROOT / file if file else None, header.lower())
