"""Who may change models on the pages: everybody where the dashboard serves its own machine, else as a setting says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum

from data.errors import SettingError
from data.settings import Setting, values_in_force

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# What is set where a proxy serves others, or another name leads here.
_FOR_OTHERS = (
    "SCOREROOM_HOSTS",
    "SCOREROOM_ORIGINS",
    "SCOREROOM_BASE_PATH",
    "SCOREROOM_TRUSTED_PROXIES",
    "SCOREROOM_USER_HEADER",
)
MODEL_CHANGES = "SCOREROOM_MODEL_CHANGES"
RIGHTS_SETTINGS: tuple[Setting, ...] = (
    Setting(
        MODEL_CHANGES,
        "local",
        "who may train, import, calibrate, rename, promote and delete models on the pages: `local` readers where "
        "nobody else is served, `all`, or `none`",
    ),
)


class ModelChanges(StrEnum):
    """Who may change models on the pages."""

    LOCAL = "local"
    ALL = "all"
    NONE = "none"


def load_model_changes(environment: Mapping[str, str] = os.environ) -> ModelChanges:
    """The setting in force.

    Raises:
        SettingError: its value is another word.
    """
    text = values_in_force(RIGHTS_SETTINGS, environment)[MODEL_CHANGES]
    try:
        return ModelChanges(text)
    except ValueError:
        raise SettingError.from_bad_text(MODEL_CHANGES, text, ", ".join(ModelChanges)) from None


def is_local(address: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a server that listens on `address` serves this machine alone, as far as settings tell.

    A proxy in front of it serves others; it is known by the settings that it needs.
    """
    return address in _LOOPBACK and not any(environment.get(name) for name in _FOR_OTHERS)


def why_no_changes(changes: ModelChanges, command: str, *, served_locally: bool) -> str:
    """Why a reader may not change models, in sentences that name the `command` that does it; empty if he may."""
    if changes is ModelChanges.ALL or (changes is ModelChanges.LOCAL and served_locally):
        return ""
    why = (
        "because this dashboard is served to others"
        if changes is ModelChanges.LOCAL
        else f"because {MODEL_CHANGES} is `none`"
    )
    return (
        f"Models are not changed on this page, {why}. Run `python -m scripts.{command}` on the server, or have "
        f"{MODEL_CHANGES} set to `all` there."
    )
