"""What a model is grown with; apart from training.py so that a manifest can be compared without loading LightGBM."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from data.definition.definition import Definition
from inference.errors import TrainingError

T = TypeVar("T")

# Of each outcome, so that a fold's figures mean something.
LEAST_IN_FOLD = 5
# Below this, threads wait for each other longer than they work.
_ROWS_PER_THREAD = 20_000
# Below these rows a tree has fewer leaves, and a leaf holds a larger share of the rows (docs/data.md).
_FEW_ROWS, _FEWER_ROWS = 10_000, 3_000
_FEW_LEAVES, _FEWER_LEAVES = 7, 4
_SHARE_IN_LEAF, _LEAST_IN_LEAF = 0.01, 20
# Between what a setting that somebody gives has to be.
_ALLOWED = {
    "trees": (1, 5_000),
    "leaves": (2, 1_024),
    "learning_rate": (1e-4, 1.0),
    "min_rows_in_leaf": (1, 1_000_000),
    "feature_fraction": (0.01, 1.0),
    "l2": (0.0, 1e6),
    "max_bin": (2, 255),
    "folds": (2, 20),
    "threads": (1, 256),
    "fixed_trees": (0, 5_000),
}
_METHODS = ("basic", "intermediate", "advanced")


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Chosen by `scripts.study_model settings` (table in docs/data.md); `trees` is the most that are grown.

    `fixed_trees` is their number where the definition says it, 0 where an inner split chooses it.
    """

    trees: int = 400
    leaves: int = 15
    learning_rate: float = 0.05
    min_rows_in_leaf: int = 100
    feature_fraction: float = 0.3
    l2: float = 10.0
    max_bin: int = 127
    monotone_method: str = "basic"
    folds: int = 5
    threads: int = 2
    fixed_trees: int = 0

    def for_rows(self, n_rows: int) -> TrainingSettings:
        """The same for a table of so many rows: small ones get fewer leaves and fewer threads.

        The model does not depend on the number of threads.
        """
        leaves = _FEWER_LEAVES if n_rows < _FEWER_ROWS else _FEW_LEAVES if n_rows < _FEW_ROWS else self.leaves
        return replace(
            self,
            leaves=min(self.leaves, leaves),
            min_rows_in_leaf=min(self.min_rows_in_leaf, max(round(_SHARE_IN_LEAF * n_rows), _LEAST_IN_LEAF)),
            threads=min(self.threads, 1 + n_rows // _ROWS_PER_THREAD),
        )

    def for_definition(self, definition: Definition, n_rows: int) -> TrainingSettings:
        """The same with the number of trees that the definition fixes for so many rows, if it does."""
        training = definition.training
        is_fixed = training.trees and n_rows >= training.from_rows
        return replace(self, fixed_trees=training.trees) if is_fixed else self

    def check(self) -> None:
        """Raise TrainingError where a value makes no model."""
        for name, (least, most) in _ALLOWED.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise TrainingError(f"The setting {name} is {value:g}; it has to be from {least:g} to {most:g}.")
        if self.monotone_method not in _METHODS:
            raise TrainingError(f"The setting monotone_method is one of {', '.join(_METHODS)}.")

    @property
    def most_grown(self) -> int:
        """The most trees that training with these settings grows, over all folds and the published model."""
        in_fold = self.fixed_trees or 2 * self.trees
        return self.folds * in_fold + (self.fixed_trees or self.trees)

    def parameters(self, seed: int, constraints: Sequence[int] = ()) -> dict[str, Any]:
        """LightGBM's names for them; log-loss without class weights, so that the output is a probability.

        `constraints` say for each feature whether the PD may only rise (1) or only fall (-1) with it.
        """
        kept: dict[str, Any] = {}
        if any(constraints):
            kept = {"monotone_constraints": list(constraints), "monotone_constraints_method": self.monotone_method}
        return {
            "objective": "binary",
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_child_samples": self.min_rows_in_leaf,
            "colsample_bytree": self.feature_fraction,
            "reg_lambda": self.l2,
            "max_bin": self.max_bin,
            "random_state": seed,
            "n_jobs": self.threads,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
            **kept,
        }


def with_given(settings: T, given: Mapping[str, str]) -> T:
    """`settings`, a dataclass of numbers and texts, with the values that somebody has `given` by name.

    Raises:
        TrainingError: there is no such setting, or a value is not of its type.
    """
    known = {each.name: type(getattr(settings, each.name)) for each in fields(settings)}  # type: ignore[arg-type]
    found: dict[str, object] = {}
    for name, text in given.items():
        if name not in known:
            raise TrainingError(f"There is no setting {name[:60]!r}; there are {', '.join(known)}.")
        try:
            value = known[name](text)
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError
        except ValueError:
            kind = {int: "a whole number", float: "a number"}.get(known[name], "a text")
            raise TrainingError(f"The setting {name} is {text[:60]!r}; it has to be {kind}.") from None
        found[name] = value
    return replace(settings, **found)  # type: ignore[type-var]
