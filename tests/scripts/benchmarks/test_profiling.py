from __future__ import annotations

from scripts.benchmarks import profiling


def frame(url: str, name: str = "") -> dict[str, str]:
    return {"url": url, "functionName": name}


def test_milliseconds_are_added_up_by_script_without_idle_time() -> None:
    profile = {
        "nodes": [
            {"id": 1, "callFrame": frame("http://localhost:8501/static/js/plotly.min.js?v=3", "draw")},
            {"id": 2, "callFrame": frame("http://localhost:8501/static/js/plotly.min.js", "scale")},
            {"id": 3, "callFrame": frame("", "(garbage collector)")},
            {"id": 4, "callFrame": frame("")},
            {"id": 5, "callFrame": frame("", "(idle)")},
        ],
        "samples": [1, 2, 3, 4, 5, 1],
        "timeDeltas": [1_000, 2_000, 500, 250, 90_000, 4_000],
    }
    assert profiling._by_file(profile) == {"plotly.min.js": 7.0, "(garbage collector)": 0.5, "(native)": 0.25}
