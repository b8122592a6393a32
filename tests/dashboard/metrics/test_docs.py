from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"
SECTION = re.compile(r"^## (?P<label>.+)\n\nComputed by `(?P<path>[\w.]+)`\n", re.MULTILINE)
MODULES = (
    "rates",
    "discrimination",
    "ranking",
    "calibration",
    "calibration_fit",
    "calibration_scores",
    "calibration_tests",
    "calibration_verdict",
    "distribution",
    "economics",
    "segments",
    "cells",
    "stability",
    "leakage",
    "findings",
    "amounts",
    "differences",
)
NOT_METRICS = {
    "wilson_bounds",
    "wilson_ends",
    "exact_bounds",
    "score_bounds",
    "score_ends",
    "share",
    "delong",
    "missing_outcome",
    "adverse_ranking",
    "mean_loss",
    "realised_at",
    "simultaneous_error",
    "group_facts",
    "auc_estimate",
    "delong_of",
    "p_of_shift",
    "split",
    "linear_combination",
    "correlated_difference",
    "shared_correlation",
    "p_value",
    "word_auc",
}


def documented() -> dict[str, str]:
    return {match["path"]: match["label"] for match in SECTION.finditer(DOCS.read_text(encoding="utf-8"))}


def test_every_section_names_its_function() -> None:
    headings = re.findall(r"^## (.+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert list(documented().values()) == headings


def test_named_functions_exist() -> None:
    for path in documented():
        module, _, name = path.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name)), path


@pytest.mark.parametrize("module_name", MODULES)
def test_every_metric_is_documented(module_name: str) -> None:
    module = importlib.import_module(f"dashboard.metrics.{module_name}")
    names = {
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    missing = {f"{module.__name__}.{name}" for name in names - NOT_METRICS} - set(documented())
    assert not missing
