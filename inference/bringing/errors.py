"""What stands in the way of a model that somebody brings, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from inference.errors import InferenceError

_SHOWN = 6
_GRAPH, _EXPORT = "The ONNX graph is refused: ", "export it again as plain ONNX"


class BringingError(InferenceError):
    """A model file that is refused: what it is, why, and what to do instead."""

    @classmethod
    def from_crash(cls, library: str, what: str) -> Self:
        return cls(f"The file is refused: {library} {what} while it read it, in a process of its own.")

    @classmethod
    def from_library(cls, library: str, error: Exception) -> Self:
        return cls(f"The file cannot be read by {library}: {_first_line(error)}.")

    @classmethod
    def from_scoring(cls, error: Exception) -> Self:
        return cls(
            f"The file was read, but its library cannot score these applications with it: {_first_line(error)}; train "
            "it on the definition's features as they are, with missing values filled inside the model."
        )

    @classmethod
    def from_conversion(cls, model: str, error: Exception) -> Self:
        # What a graph's own author is advised is no help to whoever brings an estimator.
        reason = _first_line(error).removeprefix(_GRAPH).removesuffix(f"; {_EXPORT}")
        return cls(
            f"The file was read, but {model} cannot be turned into an ONNX graph that is run here: "
            f"{reason}; train it without that step."
        )

    @classmethod
    def from_trees(cls, what: str) -> Self:
        return cls(f"Its trees are refused: {what}.")

    @classmethod
    def from_graph(cls, what: str, fix: str = _EXPORT) -> Self:
        return cls(f"{_GRAPH}{what}; {fix}.")


class UnsaidError(BringingError):
    """Something that the file leaves open and that a flag of the command answers."""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")


def listed(names: Sequence[object]) -> str:
    """The first few of some names, and how many more there are."""
    shown = ", ".join(str(name)[:60] for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown
