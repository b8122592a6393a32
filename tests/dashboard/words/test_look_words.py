"""What has changed since the last look, in words."""

from __future__ import annotations

import time

from dashboard.words.look_words import changes, date, unchanged

WORDS = {"default_rate": ("Default rate", "%"), "roc_auc": ("ROC AUC", ""), "bad_rate": ("Bad rate", "%")}


def test_differences_are_told_in_points_with_their_signs() -> None:
    told = changes(
        time.mktime((2020, 11, 12, 9, 0, 0, 0, 0, -1)),
        {"default_rate": 0.08, "roc_auc": 0.762},
        {"default_rate": 0.083, "roc_auc": 0.758, "bad_rate": 0.05},
        WORDS,
    )
    assert told == "Since 12 Nov 2020: Default rate +0.30 points, ROC AUC −0.004."
    assert changes(0.0, {}, {"default_rate": 0.08}, WORDS) == ""


def test_a_day_is_named_as_it_is_said() -> None:
    now = time.time()
    assert date(now).endswith(" today")
    assert unchanged(now).startswith("Unchanged since ")
