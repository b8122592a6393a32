from __future__ import annotations

from inference.bringing.errors import BringingError, listed


def test_a_library_is_quoted_in_one_line() -> None:
    error = BringingError.from_library("XGBoost", RuntimeError("[12:00] bad magic.\n  Stack trace:\n (0) libxgboost"))
    assert str(error) == "The file cannot be read by XGBoost: [12:00] bad magic."


def test_many_names_are_counted() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(at) for at in range(9)]) == "0, 1, 2, 3, 4, 5 and 3 more"
