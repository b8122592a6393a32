"""What a model is grown with; apart from training.py so that a manifest can be compared without loading LightGBM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

# Below this, threads wait for each other longer than they work.
_ROWS_PER_THREAD = 20_000


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Chosen by `scripts.study_model settings` (table in docs/data.md); `trees` is the most that are grown."""

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

    def for_rows(self, n_rows: int) -> TrainingSettings:
        """The same with no more threads than the rows keep busy; the model does not depend on their number."""
        return replace(self, threads=min(self.threads, 1 + n_rows // _ROWS_PER_THREAD))

    def parameters(self, seed: int, constraints: Sequence[int] = ()) -> dict[str, Any]:
        """LightGBM's names for them; log-loss without class weights, so that the output is a probability.

        `constraints` say for each feature whether the PD may only rise (1) or only fall (-1) with it.
        """
        kept: dict[str, Any] = {}
        if any(constraints):
            kept = {"monotone_constraints": list(constraints), "monotone_constraints_method": self.monotone_method}
        return {
            "objective": "binary", "num_leaves": self.leaves, "learning_rate": self.learning_rate,
            "min_child_samples": self.min_rows_in_leaf, "colsample_bytree": self.feature_fraction,
            "reg_lambda": self.l2, "max_bin": self.max_bin, "random_state": seed, "n_jobs": self.threads,
            "deterministic": True, "force_col_wise": True, "verbosity": -1, **kept,
        }  # fmt: skip
