"""What a scorecard is made with; apart from training.py so that it can be named without loading the libraries."""

from __future__ import annotations

from dataclasses import dataclass

from inference.errors import TrainingError


@dataclass(frozen=True, slots=True)
class ScorecardSettings:
    """`base_score` points mean odds of `base_odds` good to one bad; `pdo` more points double the odds.

    `prebins` and `least_share`, the least share of the rows in a bin, bound optbinning's search. A level, a special
    value or a gap with fewer than `least_rows` rows says nothing: its weight of evidence is 0. A feature is kept if its
    information value is `least_iv` or more, and its weights of evidence correlate by `most_correlation` or less with
    those of each kept feature of higher information value. `inverse_penalty` is scikit-learn's C.
    """

    base_score: float = 600.0
    base_odds: float = 50.0
    pdo: float = 20.0
    prebins: int = 20
    least_share: float = 0.05
    least_rows: int = 50
    least_iv: float = 0.02
    most_correlation: float = 0.9
    inverse_penalty: float = 1.0
    folds: int = 5
    threads: int = 2

    def check(self) -> None:
        """Raise TrainingError where a value makes no scorecard."""
        wrong = {
            "base_odds": self.base_odds <= 0,
            "pdo": self.pdo <= 0,
            "prebins": not 2 <= self.prebins <= 100,
            "least_share": not 0 < self.least_share <= 0.5,
            "least_rows": self.least_rows < 1,
            "least_iv": self.least_iv < 0,
            "most_correlation": not 0 < self.most_correlation <= 1,
            "inverse_penalty": self.inverse_penalty <= 0,
            "folds": self.folds < 2,
            "threads": self.threads < 1,
        }
        for name in (name for name, is_wrong in wrong.items() if is_wrong):
            raise TrainingError(f"The scorecard setting {name} is {getattr(self, name)}; {_ALLOWED[name]}.")


_ALLOWED = {
    "base_odds": "it has to be above 0",
    "pdo": "it has to be above 0",
    "prebins": "it has to be from 2 to 100",
    "least_share": "it has to be above 0 and at most 0.5",
    "least_rows": "it has to be 1 or more",
    "least_iv": "it has to be 0 or more",
    "most_correlation": "it has to be above 0 and at most 1",
    "inverse_penalty": "it has to be above 0",
    "folds": "it has to be 2 or more",
    "threads": "it has to be 1 or more",
}
