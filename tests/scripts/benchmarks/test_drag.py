from __future__ import annotations

import polars as pl
import pytest

from scripts.benchmarks import drag
from scripts.benchmarks.browser import ScreenError
from scripts.benchmarks.drag import Frame, described
from scripts.benchmarks.expected import Portfolio


def test_frames_count_where_the_number_is_another_one() -> None:
    frames = [
        Frame(0.0, 9.0, "70.00 %"),
        Frame(16.0, 10.0, "72.00 %"),
        # The slider did not move, moved without another number, and was drawn late.
        Frame(32.0, 10.0, "72.00 %"),
        Frame(48.0, 11.0, "72.00 %"),
        Frame(100.0, 12.0, "75.00 %"),
    ]
    assert described(frames) == {"frames_per_s": 20.0, "late": 1, "frames": 4, "mean_ms": 25.0, "longest_ms": 52.0}


def test_a_frame_that_shows_the_number_of_another_position_is_an_error() -> None:
    pds = pl.DataFrame({"default_probability": [0.05, 0.15], "is_default": [False, True]})
    drag._check([Frame(0.0, 10.0, "50.00 %"), Frame(16.0, 20.0, "100.00 %")], Portfolio(pds))
    with pytest.raises(ScreenError, match="A frame at 20 % showed"):
        drag._check([Frame(0.0, 20.0, "50.00 %")], Portfolio(pds))
