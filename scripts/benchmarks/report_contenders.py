"""Other services under the same load as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.benchmarks.contenders import OURS
from scripts.benchmarks.report_tables import Figures, significant, table, times, whole

NAMES = {
    OURS: "Scoreroom",
    "report": "the report's design: FastAPI, Pydantic, a data frame a request, pickled wrapper",
    "fastapi": "bare FastAPI, ONNX Runtime",
    "bentoml": "BentoML, ONNX Runtime",
    "mlserver": "MLServer, ONNX Runtime",
}
HEADER = [
    "service, one process that scores",
    "connections",
    "requests/s",
    "Scoreroom's, times that",
    "p50, ms",
    "p95, ms",
    "p99, ms",
    "errors",
    "processor time a request, µs",
    "memory, MB",
]


def render_contenders(contenders: Figures) -> str:
    """The table, and a line for each service that was left out."""
    measured = {name: found for name, found in contenders.items() if "skipped" not in found}
    rows = [row for name, found in measured.items() for row in _rows(name, found, contenders.get(OURS, {}))]
    left_out = [
        f"{NAMES[name]}: not measured ({found['skipped']})" for name, found in contenders.items() if "skipped" in found
    ]
    return "\n\n".join([table(HEADER, rows), *left_out])


def _rows(name: str, found: Figures, ours: Figures) -> Iterator[list[str]]:
    loads: Mapping[str, Any] = {connections: load for connections, load in found.items() if connections.isdecimal()}
    for connections, load in loads.items():
        rate = load["requests_per_s"]
        yield [
            NAMES[name],
            connections,
            whole(rate),
            times(ours[connections]["requests_per_s"] / rate) if connections in ours and rate else "",
            *(significant(load[f"p{share}_ms"]) for share in (50, 95, 99)),
            f"{load['errors']:,}",
            whole(load["server_us"]),
            whole(found["memory_mb"]),
        ]
