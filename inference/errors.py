"""Errors between an application and its PD, each worded in one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from data.errors import ScoreroomError


class InferenceError(ScoreroomError):
    """Root of this package's errors."""


class FeatureError(InferenceError):
    """An application whose columns or values cannot be made into features."""

    @classmethod
    def from_unknown_keys(cls, names: Iterable[str]) -> Self:
        listed = ", ".join(repr(name) for name in sorted(map(str, names)))
        return cls(
            f"The application table has no column {listed}; leave it out or correct its spelling "
            "(`portfolio.toml` lists the columns)."
        )

    @classmethod
    def from_missing_columns(cls, names: Iterable[str]) -> Self:
        listed = ", ".join(sorted(names))
        return cls(f"The table lacks columns that the model needs: {listed}; provide the whole application table.")

    @classmethod
    def from_bad_value(cls, column: str, value: object, expected: str) -> Self:
        return cls(f"Column {column} holds {value!r} ({type(value).__name__}); expected {expected} or nothing.")

    @classmethod
    def from_bad_dtype(cls, column: str, dtype: object, expected: str) -> Self:
        return cls(f"Column {column} is of type {dtype}; expected {expected}; convert the file first.")

    @classmethod
    def from_width(cls, width: int, expected: int) -> Self:
        return cls(f"The matrix has {width} columns; the model takes {expected}; build it with the same features.")


class DirectionError(InferenceError):
    """A feature that cannot keep the directions in which raw fields may move the PD."""


class TrainingError(InferenceError):
    """A table that cannot be used to train a model."""

    @classmethod
    def from_target(cls, n_good: int, n_bad: int, folds: int, least: int) -> Self:
        return cls(
            f"The table holds {n_good:,} repaid and {n_bad:,} defaulted applications; "
            f"at least {least} of each are needed for {folds} folds."
        )


class ArtifactError(InferenceError):
    """A model directory that is missing, incomplete, altered or of another version."""

    @classmethod
    def from_missing(cls, directory: Path) -> Self:
        return cls(f"{directory}: holds no model (no manifest.json); run `make build` or name another directory.")

    @classmethod
    def from_no_model_file(cls, directory: Path, names: Iterable[str]) -> Self:
        return cls(f"{directory}: has none of {', '.join(names)}; run `make build` again.")

    @classmethod
    def from_unreadable(cls, path: Path, reason: str) -> Self:
        return cls(f"{path}: cannot be read ({reason}); run `make build` again.")

    @classmethod
    def from_other_features(cls, directory: Path) -> Self:
        return cls(
            f"{directory}: the model was trained on another feature list than this program computes; "
            "run `make build` again."
        )


class ProviderError(InferenceError):
    """An execution provider that is not available on this machine."""


class ScoringError(InferenceError):
    """A file that scores cannot be written to."""


class ExportError(InferenceError):
    """A model that cannot be converted to ONNX exactly."""

    @classmethod
    def from_node(cls, what: str) -> Self:
        return cls(f"The model cannot be exported exactly: {what}.")


class ParityError(InferenceError):
    """An exported model whose decisions differ from the trained model's; it is not published."""


class ContributionsError(InferenceError):
    """A model that cannot be explained exactly, or a file that does not hold its contributions."""

    @classmethod
    def from_model(cls, what: str) -> Self:
        return cls(f"The model cannot be explained exactly: {what}.")

    @classmethod
    def from_missing(cls, path: Path) -> Self:
        return cls(f"{path}: no contributions have been computed yet; run `make build`.")

    @classmethod
    def from_other_model(cls) -> Self:
        return cls("The contributions belong to another model; run `make build` again.")

    @classmethod
    def from_foreign_file(cls, path: Path) -> Self:
        return cls(f"{path}: holds no contributions that this program can read; run `make build` again.")


class HoldError(InferenceError):
    """A rollback or restore that cannot be done, or the portfolio that one left in service is damaged."""

    @classmethod
    def from_unfit(cls, origin: str, reason: str) -> Self:
        return cls(f"{origin}: cannot be served ({reason}); nothing was changed.")
