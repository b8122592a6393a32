"""Settings of the scoring service, each declared once and read from the environment (docs/service.md)."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from limits import RateLimitItem, parse

from data.errors import SettingError
from data.settings import ROOT, Setting, read_whole, values_in_force
from inference.inventory.entry import InventoryError, check_name

MEGABYTE = 1_000_000
# One application of 121 columns takes about 3,300 bytes; written with indents, twice that. What is much longer is
# not an application, and takes time to be refused.
APPLICATION_BYTES = 16_000

SERVICE_SETTINGS: tuple[Setting, ...] = (
    Setting("SCOREROOM_API_KEYS", "", "file of API keys' digests; without one, nobody is asked for a key"),
    Setting("SCOREROOM_API_RATE", "", "requests that one key, or without keys one address, may send: `600/minute`"),
    Setting(
        "SCOREROOM_API_LOG",
        "info",
        "`info` logs each request, `warning` only faults and what Uvicorn warns of",
    ),
    Setting(
        "SCOREROOM_API_BODY_MB",
        "100",
        "largest body of a batch in MB; a single application may have 16 kB, more in a table of very many columns",
    ),
    Setting("SCOREROOM_API_ROWS", "10000", "most applications of a JSON batch"),
    Setting("SCOREROOM_API_TABLE_ROWS", "200000", "most applications of a table (CSV, Parquet, Arrow stream)"),
    Setting("SCOREROOM_API_SECONDS", "30", "seconds in which a body has to arrive, and then its work to be done"),
    Setting("SCOREROOM_API_IN_FLIGHT", "256", "most requests under way at once; more are turned away"),
    Setting("SCOREROOM_API_BATCHES", "4", "most batches under way at once: being read, waiting or being scored"),
    Setting("SCOREROOM_API_MEMORY_MB", "1500", "MB of memory that all batches under way may take up together"),
    Setting("SCOREROOM_API_DRAIN_SECONDS", "1", "time after SIGTERM in which requests are still answered"),
    Setting(
        "SCOREROOM_API_SHADOW", "", "names of up to 4 models that score besides and answer nobody: `scorecard,next`"
    ),
    Setting("SCOREROOM_API_SHADOW_LOG", "0", "share of what these score that is logged, from 0 to 1"),
)
LOG_LEVELS = ("info", "warning")
MOST_SHADOWS = 4


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The values in force; `keys` is None where nobody is asked for one, `rate` where nobody is held back."""

    keys: Path | None
    rate: RateLimitItem | None
    log: str
    body_bytes: int
    rows: int
    table_rows: int
    seconds: int
    in_flight: int
    batches: int
    memory_bytes: int
    drain_seconds: int
    shadow: tuple[str, ...] = ()
    shadow_log: float = 0.0


def load_service_settings(environment: Mapping[str, str] = os.environ) -> ServiceSettings:
    """Settings from `environment`, defaults for what it does not name; a relative path is seen from the project's root.

    Raises:
        SettingError: a value is not the whole number, rate, log level, share or list of names that it should be.
    """
    values = {name.removeprefix("SCOREROOM_API_"): text for name, text in _texts(environment).items()}

    def whole(name: str, *, at_least: int = 1) -> int:
        return read_whole(f"SCOREROOM_API_{name}", values[name], at_least=at_least)

    return ServiceSettings(
        keys=ROOT / values["KEYS"] if values["KEYS"] else None,
        rate=_rate(values["RATE"]),
        log=_level(values["LOG"]),
        body_bytes=MEGABYTE * whole("BODY_MB"),
        rows=whole("ROWS"),
        table_rows=whole("TABLE_ROWS"),
        seconds=whole("SECONDS"),
        in_flight=whole("IN_FLIGHT"),
        batches=whole("BATCHES"),
        memory_bytes=MEGABYTE * whole("MEMORY_MB"),
        drain_seconds=whole("DRAIN_SECONDS", at_least=0),
        shadow=_shadow(values["SHADOW"]),
        shadow_log=_share("SCOREROOM_API_SHADOW_LOG", values["SHADOW_LOG"]),
    )


def _texts(environment: Mapping[str, str]) -> Mapping[str, str]:
    return values_in_force(SERVICE_SETTINGS, environment)


def _rate(text: str) -> RateLimitItem | None:
    try:
        return parse(text) if text else None
    except ValueError:
        raise SettingError.from_bad_text("SCOREROOM_API_RATE", text, "a rate such as 600/minute") from None


def _shadow(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    expected = f"names of up to {MOST_SHADOWS} models besides the champion, separated by commas"
    try:
        for name in names:
            check_name(name)
    except InventoryError:
        raise SettingError.from_bad_text("SCOREROOM_API_SHADOW", text, expected) from None
    if len(names) > MOST_SHADOWS:
        raise SettingError.from_bad_text("SCOREROOM_API_SHADOW", text, expected)
    return names


def _share(name: str, text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise SettingError.from_bad_text(name, text, "a number from 0 to 1")
    return share


def _level(text: str) -> str:
    if text not in LOG_LEVELS:
        raise SettingError.from_bad_text("SCOREROOM_API_LOG", text, " or ".join(LOG_LEVELS))
    return text
