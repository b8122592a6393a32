"""What can be wrong between an application and its PD, each said in one sentence."""

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
    def from_too_large(cls, name: str) -> Self:
        return cls(
            f"Feature {name} nests too many divisions, means, minimums and maximums to be computed; "
            "take some out of its expression in portfolio.toml."
        )

    @classmethod
    def from_missing_columns(cls, names: Iterable[str]) -> Self:
        listed = ", ".join(sorted(names))
        return cls(f"The table lacks columns that the model needs: {listed}; bring the whole application table.")

    @classmethod
    def from_bad_value(cls, column: str, found: object, expected: str) -> Self:
        return cls(f"Column {column} holds {found!r} ({type(found).__name__}); expected {expected} or nothing.")

    @classmethod
    def from_bad_dtype(cls, column: str, found: object, expected: str) -> Self:
        return cls(f"Column {column} is of type {found}; expected {expected}; convert the file first.")

    @classmethod
    def from_width(cls, found: int, expected: int) -> Self:
        return cls(f"The matrix has {found} columns; the model takes {expected}; build it with the same features.")


class DirectionError(InferenceError):
    """A feature that cannot keep the directions in which raw fields may move the PD."""

    @classmethod
    def from_mixed(cls, feature: str, column: str) -> Self:
        return cls(
            f"Feature {feature} can both rise and fall with {column}, in which the PD may move one way only; "
            "take it out of the feature list, or the field out of the directions."
        )

    @classmethod
    def from_conflict(cls, feature: str, columns: Iterable[str]) -> Self:
        return cls(
            f"Feature {feature} is pulled opposite ways by the directions of {' and '.join(columns)}; "
            "take it out of the feature list, or one of the fields out of the directions."
        )


class TrainingError(InferenceError):
    """A table that no model can be trained on."""

    @classmethod
    def from_target(cls, n_good: int, n_bad: int, folds: int, least: int) -> Self:
        return cls(
            f"The table holds {n_good:,} repaid and {n_bad:,} defaulted applications; "
            f"at least {least} of each are needed for {folds} folds."
        )

    @classmethod
    def from_no_outcome(cls) -> Self:
        return cls("The table has no outcome to learn from; name its column in [outcome] of portfolio.toml.")


class ArtifactError(InferenceError):
    """A model directory that is absent, incomplete, altered or of another version."""

    @classmethod
    def from_missing(cls, directory: Path) -> Self:
        return cls(f"{directory}: holds no model (no manifest.json); run `make build` or name another directory.")

    @classmethod
    def from_foreign_directory(cls, directory: Path) -> Self:
        return cls(
            f"{directory}: holds files but no model, and publishing replaces the whole folder; "
            "name another one (SCOREROOM_MODEL) or empty it."
        )

    @classmethod
    def from_no_model_file(cls, directory: Path, names: Iterable[str]) -> Self:
        return cls(f"{directory}: none of {', '.join(names)} is there; run `make build` again.")

    @classmethod
    def from_pickle_alone(cls, directory: Path, names: Iterable[str]) -> Self:
        return cls(
            f"{directory}: {' and '.join(names)} are missing, and model.pkl is not opened because a pickle can run any "
            "code; run `make build` again, or set SCOREROOM_ALLOW_PICKLE=1 if nobody else can write there."
        )

    @classmethod
    def from_pickle(cls, directory: Path) -> Self:
        return cls(
            f"{directory}: model.pkl, which this measures, is not opened because a pickle can run any code; set "
            "SCOREROOM_ALLOW_PICKLE=1 if nobody else can write there."
        )

    @classmethod
    def from_unreadable(cls, path: Path, reason: str) -> Self:
        return cls(f"{path}: cannot be read ({reason}); run `make build` again.")

    @classmethod
    def from_digest(cls, path: Path, found: str, expected: str) -> Self:
        return cls(
            f"{path}: is not the file that was published (SHA-256 {found[:12]}..., the manifest says "
            f"{expected[:12]}...); it was not opened; run `make build` again."
        )

    @classmethod
    def from_version(cls, directory: Path, found: object, expected: int) -> Self:
        return cls(
            f"{directory}: its manifest has schema version {found!r}, this program reads {expected}; "
            "build the model again with this program."
        )

    @classmethod
    def from_other_definition(cls, directory: Path, name: str, wanted: str) -> Self:
        return cls(
            f"{directory}: the model was made for another definition ({name}) than the one at hand ({wanted}); "
            "run `make build` again, or open it with its own."
        )

    @classmethod
    def from_other_features(cls, directory: Path) -> Self:
        return cls(
            f"{directory}: the model was trained on another feature list than this program computes; "
            "run `make build` again."
        )


class ProviderError(InferenceError):
    """An execution provider that this machine does not offer."""

    @classmethod
    def from_unavailable(cls, name: str, available: Iterable[str]) -> Self:
        return cls(f"The execution provider {name!r} is not available; available here: {', '.join(available)}.")


class ScoringError(InferenceError):
    """A place that scores cannot be written to."""

    @classmethod
    def from_suffix(cls, path: Path, suffixes: Iterable[str]) -> Self:
        return cls(f"{path}: the suffix {path.suffix!r} says no format; use {' or '.join(suffixes)}.")

    @classmethod
    def from_own_input(cls, path: Path) -> Self:
        return cls(f"{path}: is the file to be scored; name another place for the scores.")


class ExportError(InferenceError):
    """A model that the ONNX graph cannot say exactly."""

    @classmethod
    def from_node(cls, what: str) -> Self:
        return cls(f"The model cannot be exported exactly: {what}.")


class ParityError(InferenceError):
    """An exported model that does not decide as the trained one does; it is not published."""

    @classmethod
    def from_figures(cls, n_rows: int, max_abs: float, flips: int, tolerance: float) -> Self:
        return cls(
            f"The exported model differs from the trained one: on {n_rows:,} rows max |difference| is {max_abs:.2e} "
            f"(at most {tolerance:.0e} is allowed) and {flips:,} decisions change (none may); nothing was published."
        )


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
        return cls("The contributions are of another model; `make build` computes them again.")

    @classmethod
    def from_other_applications(cls) -> Self:
        return cls("The contributions are of other applications; `make build` computes them again.")

    @classmethod
    def from_foreign_file(cls, path: Path) -> Self:
        return cls(f"{path}: holds no contributions that this program can read; run `make build` again.")


class HoldError(InferenceError):
    """A rollback or a restore that cannot be done, or that holds a portfolio which is not whole any more."""

    @classmethod
    def from_damaged(cls, notice: str) -> Self:
        return cls(f"The portfolio in service is not whole, and nothing was built. {notice}")

    @classmethod
    def from_nothing_kept(cls, folder: Path) -> Self:
        return cls(f"{folder}: no previous portfolio is kept; one is from the first build on that changes the model.")

    @classmethod
    def from_held(cls, notice: str) -> Self:
        return cls(f"One portfolio is kept, and that is the later one; nothing was changed. {notice}")

    @classmethod
    def from_not_held(cls) -> Self:
        return cls("Nothing was rolled back, so that there is nothing to go forward to.")

    @classmethod
    def from_unfit(cls, origin: str, reason: str) -> Self:
        return cls(f"{origin}: cannot be served ({reason}); nothing was changed.")
