"""The profile behind the synthetic portfolio: statistics of a real table, and never a row of it.

For every variable of `data/home_credit/variables.py` the profile holds its own distribution
(`data/home_credit/marginals.py`) and a tree that says how it depends on the variables before it
(`data/home_credit/trees.py`); beside them the constants that tie the building figures, and the risk model. Every leaf
rests on at least 20 applications, every atom on at least 15.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from data.errors import FileError
from data.home_credit.variables import VARIABLES
from data.settings import PROFILE
from data.store.storage import write_atomically

Profile = dict[str, Any]

DEFAULT_PATH = PROFILE
FORMAT = 2
# More rows than this would slow the fit and sharpen nothing that the stored precision can show.
_MAX_ROWS = 60_000
_MIN_ROWS = 1000
_NAMES = tuple(variable.name for variable in VARIABLES)
_ORDERED = frozenset(variable.name for variable in VARIABLES if variable.ordered or variable.rising)
# Code 0 and two levels: two levels have an order of a kind, more do not.
_BINARY_CODES = 3


def save_profile(profile: Profile, path: Path = DEFAULT_PATH) -> None:
    """Write a profile as JSON, one variable a line; the file appears whole or not at all."""
    lines = [json.dumps(step, separators=(",", ":")) for step in profile["variables"]]
    rest = {key: value for key, value in profile.items() if key != "variables"}
    text = json.dumps(rest, indent=1)[:-2] + ',\n "variables": [\n' + ",\n".join(lines) + "\n ]\n}\n"
    with write_atomically(path) as beside:
        beside.write_text(text, encoding="utf-8")


def load_profile(path: Path = DEFAULT_PATH) -> Profile:
    """Read a profile written by `save_profile`.

    Raises:
        FileError: no such file, or not a profile of this format.
    """
    if not path.is_file():
        raise FileError.from_missing(path)
    try:
        profile: Profile = json.loads(path.read_text(encoding="utf-8"))
        known = profile["format"] == FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise FileError.from_unreadable(path, "is not a profile", "fit it with scripts.fit_profile") from error
    if not known:
        raise FileError.from_unreadable(path, "is a profile of another format", "fit it anew with scripts.fit_profile")
    return profile
