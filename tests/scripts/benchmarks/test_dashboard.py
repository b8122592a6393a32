from __future__ import annotations

from typing import Any

from scripts.benchmarks import dashboard
from scripts.benchmarks.browser import Timing


def timing(painted: float, **more: float) -> Timing:
    known = dict.fromkeys((name for name in Timing.__dataclass_fields__ if name != "painted"), None)
    return Timing(painted=painted, **{**known, **more})  # type: ignore[arg-type]


def test_figures_are_percentiles_of_the_steps_by_interaction() -> None:
    floor = [timing(10.0), timing(20.0), timing(30.0)]
    samples = {"cutoff": [timing(100.0, script=40.0, charts=150.0), timing(200.0, script=60.0, charts=180.0)]}
    figures: Any = dashboard.described(floor, samples)
    assert figures["floor_ms"]["p50"] == 20.0
    assert (figures["interactions"]["cutoff"]["p50"], figures["interactions"]["cutoff"]["n"]) == (150.0, 2)
    assert figures["server_ms"]["cutoff"]["p50"] == 50.0
    # Only the first was drawn after it was painted.
    assert (figures["parts_ms"]["cutoff"]["late"], figures["parts_ms"]["cutoff"]["painted"]) == (1, 150.0)


def test_more_rows_are_compared_by_their_medians() -> None:
    compared = dashboard._compared([timing(100.0, script=1.0)], [timing(100.0, script=2.0), timing(150.0, script=4.0)])
    assert (compared["ratio"], compared["n"]) == (1.25, 2)
