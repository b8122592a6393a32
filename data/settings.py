"""Settings of a Scoreroom checkout, each declared once and read from the environment (docs/architecture.md)."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from data.errors import SettingError

ROOT = Path(__file__).resolve().parent.parent
HOME_CREDIT = ROOT / "data" / "home_credit" / "portfolio.toml"
DEFINITION, MODELS = "portfolio.toml", "models"
PROFILE = ROOT / "data" / "home_credit" / "profile.json"
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
PORTFOLIO_ROWS = 307_511
PORTFOLIO_SEED = 2026


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, what holds without it, and what it does."""

    name: str
    default: str
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "SCOREROOM_PORTFOLIO",
        "",
        "folder of a portfolio of your own, with its portfolio.toml; what is built goes there too",
    ),
    Setting("SCOREROOM_LIBRARY", "portfolios", "folder of the portfolios that the page Open offers and adds to"),
    Setting("SCOREROOM_RAW", str(Path("data") / "raw"), "folder in which application_train is dropped"),
    Setting("SCOREROOM_PROCESSED", str(Path("data") / "processed"), "folder of the Parquet files that are built"),
    Setting("SCOREROOM_MODEL", str(Path("inference") / "artifacts"), "folder of the model that scores"),
    Setting("SCOREROOM_ROWS", str(PORTFOLIO_ROWS), "applications in the embedded portfolio"),
    Setting("SCOREROOM_SEED", str(PORTFOLIO_SEED), "seed of the embedded portfolio, the folds and the model"),
    Setting("SCOREROOM_PROVIDER", "CPUExecutionProvider", "ONNX Runtime execution provider of the scoring session"),
    Setting(
        "SCOREROOM_ALLOW_PICKLE",
        "",
        "`1` lets `model.pkl` be opened where `model.onnx` and `model.txt` are missing; a pickle can run any code",
    ),
    Setting(
        "SCOREROOM_SIGNING_KEY_FILE",
        "",
        "key that signs what is built; with it, what is unsigned or signed by another key is not opened",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force; relative folders are seen from the project's root."""

    raw: Path
    processed: Path
    model: Path
    rows: int
    seed: int
    provider: str
    allow_pickle: bool = False
    definition: Path = HOME_CREDIT
    portfolio: Path | None = None
    library: Path = ROOT / "portfolios"

    @property
    def applications(self) -> Path:
        """The application table, as validated Parquet."""
        return self.processed / "applications.parquet"

    @property
    def predictions(self) -> Path:
        """The out-of-fold predictions of every application."""
        return self.processed / "predictions.parquet"

    @property
    def contributions(self) -> Path:
        """What each feature adds to the log-odds of every application."""
        return self.processed / "contributions.parquet"

    @property
    def quality(self) -> Path:
        """What is odd about the application table, as JSON."""
        return self.processed / "quality.json"


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `environment`, defaults for what it does not name.

    Raises:
        SettingError: a value is not an integer or a switch, `SCOREROOM_ROWS` is below 1,000, or a folder is something
            else or may not be read.
    """
    values = values_in_force(SETTINGS, environment)
    portfolio = _folder("SCOREROOM_PORTFOLIO", values) if values["SCOREROOM_PORTFOLIO"] else None
    definition = HOME_CREDIT if portfolio is None else portfolio / DEFINITION
    return Settings(
        definition=definition,
        portfolio=portfolio,
        library=_folder("SCOREROOM_LIBRARY", values),
        raw=_folder("SCOREROOM_RAW", values),
        processed=portfolio or _folder("SCOREROOM_PROCESSED", values),
        model=portfolio / MODELS / _champion(definition) if portfolio else _folder("SCOREROOM_MODEL", values),
        rows=read_whole("SCOREROOM_ROWS", values["SCOREROOM_ROWS"], at_least=1_000),
        seed=read_whole("SCOREROOM_SEED", values["SCOREROOM_SEED"], at_least=0),
        provider=values["SCOREROOM_PROVIDER"],
        allow_pickle=read_switch("SCOREROOM_ALLOW_PICKLE", values["SCOREROOM_ALLOW_PICKLE"]),
    )


def _champion(definition: Path) -> str:
    """The folder of the champion's model as its definition names it; reading the definition reports errors."""
    try:
        name = tomllib.loads(definition.read_text(encoding="utf-8")).get("champion")
    except (OSError, ValueError, RecursionError):
        name = None
    return name if isinstance(name, str) and _MODEL_NAME.fullmatch(name) else "champion"


def _folder(name: str, values: Mapping[str, str]) -> Path:
    """The folder that a setting names, which need not be there yet."""
    path = ROOT / values[name]
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return path
    except OSError as error:
        raise SettingError.from_bad_folder(name, path, f"cannot be read ({error.strerror})") from None
    if not is_folder:
        raise SettingError.from_bad_folder(name, path, "is not a folder")
    if not os.access(path, os.R_OK | os.X_OK):
        raise SettingError.from_bad_folder(name, path, "may not be read")
    return path


def values_in_force(declared: Iterable[Setting], environment: Mapping[str, str]) -> dict[str, str]:
    """The text of each declared setting by its name; one that is empty counts as not set."""
    return {setting.name: environment.get(setting.name) or setting.default for setting in declared}


def read_whole(name: str, text: str, *, at_least: int) -> int:
    """The whole number that the setting `name` holds.

    Raises:
        SettingError: `text` is not an integer, or is below `at_least`.
    """
    try:
        value = int(text)
    except ValueError:
        raise SettingError.from_bad_number(name, text, at_least) from None
    if value < at_least:
        raise SettingError.from_bad_number(name, text, at_least)
    return value


def read_switch(name: str, text: str) -> bool:
    """Whether the setting `name` is on: 1 is, 0 and nothing are off.

    Raises:
        SettingError: `text` is something else.
    """
    if text not in ("", "0", "1"):
        raise SettingError.from_bad_text(name, text, "1 or 0")
    return text == "1"
