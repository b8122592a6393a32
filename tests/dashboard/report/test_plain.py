from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from dashboard.metrics.estimate import Estimate
from dashboard.report.plain import plain


@dataclass(frozen=True)
class Result:
    number: float
    values: object


def test_results_become_what_json_holds() -> None:
    told = plain(Result(float("nan"), (np.array([1.5, np.inf]), {"a": Estimate(0.5, 0.4, 0.6)})))
    assert told == {"number": None, "values": [[1.5, None], {"a": {"value": 0.5, "low": 0.4, "high": 0.6}}]}
    json.dumps(told, allow_nan=False)


def test_what_is_not_defined_says_why() -> None:
    assert plain(Estimate.undefined("nobody defaulted")) == {
        "value": None,
        "low": None,
        "high": None,
        "reason": "not defined because nobody defaulted",
    }
