"""Other services beside ours as a table, worked out by hand."""

from __future__ import annotations

from scripts.benchmarks.contenders import CONTENDERS, OURS
from scripts.benchmarks.report_contenders import NAMES, render_contenders

LOAD = {"p50_ms": 2.5, "p95_ms": 12.0, "p99_ms": 120.0, "requests": 15_000, "errors": 0, "server_us": 410}
CONTENDER_FIGURES = {
    "scoreroom": {"8": {**LOAD, "requests_per_s": 3_000.4}, "memory_mb": 250},
    "bentoml": {"8": {**LOAD, "requests_per_s": 400.0, "errors": 3}, "memory_mb": 1_381},
    "mlserver": {"skipped": "no package index"},
}


def test_each_service_beside_ours_and_why_one_is_left_out() -> None:
    table, left_out = render_contenders(CONTENDER_FIGURES).split("\n\n")
    assert table.splitlines()[2:] == [
        "| Scoreroom | 8 | 3,000 | 1.0x | 2.50 | 12.0 | 120 | 0 | 410 | 250 |",
        "| BentoML, ONNX Runtime | 8 | 400 | 7.5x | 2.50 | 12.0 | 120 | 3 | 410 | 1,381 |",
    ]
    assert left_out == "MLServer, ONNX Runtime: not measured (no package index)"


def test_every_contender_has_a_name() -> None:
    assert list(NAMES) == list(CONTENDERS)
    assert OURS in NAMES
