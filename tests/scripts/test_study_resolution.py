from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripts import study_resolution


def test_counting_in_bins_costs_little(call: Callable[..., Any]) -> None:
    done = call(study_resolution, "--rows", "20000", "--portfolios", "1")
    head, *lines = done.out.splitlines()
    assert head.startswith("1 portfolios of 20,000 applications in at most ")
    gaps = {line[:28].strip(): float(line[28:].split()[0]) for line in lines}
    assert set(gaps) == set(study_resolution.FIGURES)
    assert gaps["ROC AUC"] < 1e-4
    assert gaps["Brier score"] < 1e-4
    assert gaps["Expected loss"] < 1e-9
