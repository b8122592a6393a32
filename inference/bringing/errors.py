"""What stands in the way of a model that somebody brings, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from inference.errors import InferenceError

_SHOWN = 6


class BringingError(InferenceError):
    """A model file that is refused: what it is, why, and what to do instead."""

    @classmethod
    def from_crash(cls, library: str, what: str) -> Self:
        return cls(f"The file is refused: {library} {what} while it read it, in a process of its own.")

    @classmethod
    def from_library(cls, library: str, error: Exception) -> Self:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
        return cls(f"The file cannot be read by {library}: {reason}.")

    @classmethod
    def from_trees(cls, what: str) -> Self:
        return cls(f"Its trees are refused: {what}.")

    @classmethod
    def from_graph(cls, what: str, fix: str = "export it again as plain ONNX") -> Self:
        return cls(f"The ONNX graph is refused: {what}; {fix}.")


class UnsaidError(BringingError):
    """Something that the file leaves open and that a flag of the command answers."""


def listed(names: Sequence[object]) -> str:
    """The first few of some names, and how many more there are."""
    shown = ", ".join(str(name)[:60] for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown
