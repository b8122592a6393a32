"""The two locks and what they pin, read with the standard library alone: `scripts.install` runs before all else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from data.errors import ScoreroomError

RUN = "requirements.txt"
DEVELOP = "requirements-dev.txt"

_PIN = re.compile(r"([a-z0-9-]+)==(\S+)(?: ; (.+?))?((?: --hash=sha256:[0-9a-f]{64})+)")


class LockError(ScoreroomError):
    """A lock cannot be read, or packages cannot be locked or installed."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock: normalised name, version, environment marker (empty for any), and the line itself."""

    name: str
    version: str
    marker: str
    line: str


def normalised(name: str) -> str:
    """A package's name as locks write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path) -> list[Pin]:
    """The pins of a lock. Raises LockError if there is no lock, or a line is not one version with SHA-256 hashes."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LockError(f"{path}: no such file; restore it from the repository.") from None
    pins = []
    for line in re.sub(r" \\\n *", " ", text).splitlines():
        if line and not line.startswith(("#", "--only-binary ")):
            matched = _PIN.fullmatch(line)
            if matched is None:
                raise LockError(
                    f"{path}: '{line[:60]}' is not a package pinned to one version with hashes; run 'make lock'."
                )
            pins.append(Pin(matched[1], matched[2], matched[3] or "", line))
    return pins
