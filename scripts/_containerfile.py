"""Read a Containerfile and the list of what a build leaves out, as far as deploy/ uses them."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import ScoreroomError

KNOWN = ("RUN", "COPY", "ENV", "WORKDIR", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD")


class ContainerError(ScoreroomError):
    """A Containerfile is not understood, or one of its steps failed."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One image of the build: what it starts from, its name (maybe empty), and (instruction, argument) in order."""

    base: str
    name: str
    steps: list[tuple[str, str]]

    def all(self, instruction: str) -> list[str]:
        """The arguments of every `instruction`."""
        return [argument for known, argument in self.steps if known == instruction]

    def last(self, instruction: str) -> str:
        """The last argument of `instruction`; empty if there is none."""
        return next(iter(reversed(self.all(instruction))), "")

    def environment(self) -> dict[str, str]:
        """The variables of an image, each set by a line of its own."""
        return dict(argument.split("=", 1) for argument in self.all("ENV"))


def read_containerfile(path: Path) -> list[Stage]:
    """The stages in order. Raises ContainerError for an instruction that is not among `KNOWN`."""
    stages: list[Stage] = []
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for line in filter(None, re.sub(r" *\\\n *", " ", text).splitlines()):
        instruction, _, argument = line.partition(" ")
        start = re.fullmatch(r"FROM (\S+)(?: AS (\S+))?", line)
        if start:
            stages.append(Stage(start[1], start[2] or "", []))
        elif instruction in KNOWN and stages:
            stages[-1].steps.append((instruction, argument))
        else:
            raise ContainerError(f"{path}: '{line[:60]}' is not understood; known are FROM, {', '.join(KNOWN)}.")
    return stages


def command_of(argument: str) -> list[str]:
    """The words of a CMD or HEALTHCHECK that is written as a list."""
    words: list[str] = json.loads(argument[argument.index("[") :])
    return words


def is_left_out(path: str, patterns: Sequence[str]) -> bool:
    """Whether a build leaves out `path` of the repository: the last pattern that fits it or a parent of it decides."""
    left_out = False
    parts = path.split("/")
    for pattern in patterns:
        glob = pattern.removeprefix("!")
        if glob.startswith("**/"):
            fits = any(fnmatch.fnmatchcase(part, glob[3:]) for part in parts)
        else:
            depth = glob.count("/") + 1
            fits = fnmatch.fnmatchcase("/".join(parts[:depth]), glob)
        if fits:
            left_out = not pattern.startswith("!")
    return left_out


def read_ignored(path: Path) -> list[str]:
    """The patterns of a list of what a build leaves out."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
