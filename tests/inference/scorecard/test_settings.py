from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inference.errors import TrainingError
from inference.scorecard.settings import ScorecardSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_odds", 0.0), ("pdo", -20.0), ("prebins", 1), ("least_share", 0.6), ("least_rows", 0),
        ("least_iv", -0.1), ("most_correlation", 0.0), ("inverse_penalty", 0.0), ("folds", 1), ("threads", 0),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_scorecard_is_refused_by_name(name: str, value: Any) -> None:
    ScorecardSettings().check()
    with pytest.raises(TrainingError, match=rf"The scorecard setting {name} is {value}; it has to be"):
        replace(ScorecardSettings(), **{name: value}).check()
