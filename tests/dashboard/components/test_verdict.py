"""The verdict on calibration: each standing in a colour of its own kind."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.metrics.calibration_verdict import Standing


def page(standing: str) -> None:
    from dashboard.components.verdict import render_verdict
    from dashboard.metrics.calibration_verdict import CalibrationVerdict, Standing

    render_verdict(CalibrationVerdict(Standing(standing), "PDs are *too* low."), consequence="**Mind this.**")


@pytest.mark.parametrize(
    ("standing", "kind"),
    [
        (Standing.OFF, "warning"),
        (Standing.UNCALIBRATED, "error"),
        (Standing.OPEN, "info"),
        (Standing.CLOSE, "info"),
        (Standing.CALIBRATED, "success"),
    ],
)
def test_a_standing_has_its_colour_and_what_follows_from_it(standing: Standing, kind: str) -> None:
    app = AppTest.from_function(page, args=(standing.value,)).run()
    assert not app.exception
    shown = {name: [each.value for each in getattr(app, name)] for name in ("warning", "error", "info", "success")}
    # The message is text, the consequence Markdown.
    assert shown.pop(kind) == ["PDs are \\*too\\* low. **Mind this.**"]
    assert set(map(len, shown.values())) == {0}
