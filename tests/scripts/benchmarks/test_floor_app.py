from __future__ import annotations

from streamlit.testing.v1 import AppTest

from data.settings import ROOT


def test_four_metrics_follow_the_slider() -> None:
    app = AppTest.from_file(str(ROOT / "scripts" / "benchmarks" / "floor_app.py"), default_timeout=30).run()
    assert not app.exception
    assert [metric.value for metric in app.metric] == ["15,000", "25,000", "35,000", "55,000"]
    app.slider(key="number").set_value(7).run()
    assert [(metric.label, metric.value) for metric in app.metric] == [
        ("Times 3", "21"),
        ("Times 5", "35"),
        ("Times 7", "49"),
        ("Times 11", "77"),
    ]
