"""Scripts called in this process, and what a benchmark may have measured, small enough to work out by hand."""

from __future__ import annotations

import asyncio
import copy
import shutil
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pytest

from data.settings import Settings
from scripts._cli import run as run_script
from scripts._kills import Portfolios, settings_in

T = TypeVar("T")

_MACHINE = {
    "date": "2026-03-01T10:00:00+00:00",
    "cpu": "Some CPU",
    "cores": 2,
    "memory_gb": 25.3,
    "system": "Linux",
    "machine": "x86_64",
    "python": "3.11.7",
    "libraries": {"polars": "2.1.0", "onnxruntime": "1.32.0"},
}
_DASHBOARD = {
    "browser": "156",
    "rows": 307_511,
    "floor_ms": {"p50": 80.4, "p95": 100.0},
    "interactions": {"cutoff": {"p50": 150.0, "p95": 310.0, "n": 30}, "page": {"p50": 300.0, "p95": 450.0, "n": 30}},
    "server_ms": {"cutoff": {"p50": 20.0, "p95": 30.0}, "page": {"p50": 40.0, "p95": 61.0}},
    "parts_ms": {"floor": {"sent": 5.0, "changed": 40.0, "painted": 80.4, "late": 0, "drawn_p95": 100.0}},
    "healthy_s": 1.2,
    "cold_start_s": 4.5,
    "rss_mb": 412,
    "memory": {"interactions": 1_000, "rss_mb": [412, 420]},
    "drag": {"frames_per_s": 41.5, "late": 2, "frames": 200, "mean_ms": 20.0, "positions": 20, "table_kb": 49.9},
    "concurrent": {"5": {"p50": 400.0, "p95": 900.0, "errors": 1}},
    "scale10": {
        "rows": 3_075_110,
        "load_s": 9.04,
        "usual_load_s": 3.0,
        "rss_mb": 3_100,
        "peak_mb": 4_200,
        "interactions": {"cutoff": {"p50": 180.0, "p95": 400.0, "ratio": 1.2, "server_ms": {"p50": 9.0, "p95": 12.0}}},
    },
}
_APPLICANT = {
    "rows": 10_000,
    "browser": "156",
    "floor_ms": {"p50": 80.4, "p95": 1_100.6},
    "interactions": {
        "edit": {"p50": 210.4, "p95": 300.0, "n": 30},
        "lookup": {"p50": 250.0, "p95": 300.4, "n": 20},
    },
    "server_ms": {"edit": {"p50": 60.2, "p95": 75.5}, "lookup": {"p50": 65.0, "p95": 1_080.0}},
    "counterfactual_ms": {"p50": 101.26, "p95": 250.0, "max": 300.0, "n": 60, "without": 9},
    "neighbours_ms": {"p50": 40.0, "p95": 50.04, "max": 150.1, "n": 60, "brute_force": 5},
    "explain_ms": {"p50": 2.0, "p95": 3.0, "max": 400.0, "n": 60},
    "batch": {
        "rows": 100_000,
        "declined": 30_000,
        "read_s": 2.0,
        "seconds": 15.04,
        "loaded_mb": 700,
        "peak_mb": 1_200,
    },
}
_DATA = {
    "applications": {
        "rows": 1_000,
        "csv_s": 0.5,
        "parquet_s": 0.1,
        "pandas_csv_s": 0.75,
        "ratio": 5.0,
        "pandas_ratio": 7.5,
        "csv_bytes": 157_466_346,
        "parquet_bytes": 29_536_447,
        "csv_peak_mb": 350.8,
        "parquet_peak_mb": 192.7,
        "pandas_csv_peak_mb": 778.0,
    },
    "predictions": {
        "rows": 1_000,
        "csv_s": 0.75,
        "parquet_s": 0.03,
        "pandas_csv_s": 0.18,
        "ratio": 25.0,
        "pandas_ratio": 6.0,
        "csv_bytes": 77_600_000,
        "parquet_bytes": 10_400_000,
        "csv_peak_mb": 117.6,
        "parquet_peak_mb": 38.2,
        "pandas_csv_peak_mb": 1_255.1,
    },
    "load_predictions_s": 0.5,
}
_ONE_ROW = {
    "pickle_us": 600.0,
    "pickle_one_thread_us": 450.0,
    "pickle_frame_us": 1_200.0,
    "pickle_record_us": 3_000.0,
    "native_us": 75.0,
    "onnx_us": 20.0,
    "onnx_record_us": 30.0,
    "speedup": 30.0,
    "speedup_frame": 60.0,
    "speedup_record": 100.0,
}
_INFERENCE = {
    "seed_shaped": {
        "trees": 968,
        "leaves": 64,
        "features": 189,
        "largest_difference": 4e-7,
        **_ONE_ROW,
        "different_rows": {
            "rows": 300,
            **_ONE_ROW,
            "onnx_us": 100.0,
            "onnx_record_us": 110.0,
            "speedup": 6.0,
            "speedup_record": 27.27,
        },
    },
    "product": {
        "trees": 343,
        "features": 86,
        "applicants": 500,
        "pickle_us": 500.0,
        "pickle_frame_us": 700.0,
        "native_us": 43.4,
        "onnx_us": 20.0,
        "features_us": 14.42,
        "speedup": 25.0,
        "applicant_us": {"p50": 150.0, "p95": 160.0},
    },
    "batch": {
        "rows": 307_511,
        "onnx": {"1": {"rows_per_s": 120_000}, "2": {"rows_per_s": 210_000}},
        "lightgbm": {"1": {"rows_per_s": 60_000}, "2": {"rows_per_s": 140_000}},
        "table": {"1": {"rows_per_s": 76_334}, "2": {"rows_per_s": 137_194}},
    },
}
_LOAD = {"p50_ms": 2.5, "p95_ms": 12.0, "p99_ms": 120.4, "requests_per_s": 1_500.0, "requests": 15_000, "errors": 0}
_API = {
    "tool": "wrk 4.1.0",
    "processes": 1,
    "bodies": 500,
    "body_bytes": 3_210,
    "1": {**_LOAD, "server_us": 410.4},
    "64": {**_LOAD, "errors": 1},
    "8": _LOAD,
    "128": {**_LOAD, "errors": 7},
}
_START = {"service_s": 1.04, "dashboard_s": 3.0, "starts": 5}
_DATES = {"data": "2026-03-01T10:01:00+00:00", "api": "2026-03-02T09:00:00+00:00"}


@pytest.fixture
def figures() -> dict[str, Any]:
    """Figures of every section."""
    sections = {"data": _DATA, "inference": _INFERENCE, "api": _API, "start": _START, "applicant": _APPLICANT}
    return copy.deepcopy({"dates": _DATES, "machine": _MACHINE, **sections, **_DASHBOARD})


def _in_thread(work: Callable[..., T], *arguments: object) -> T:
    """What `work` returns; done in a thread of its own, since a browser of other tests may hold this one's loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *arguments).result()


@pytest.fixture(name="in_thread")
def in_thread_fixture() -> Callable[..., Any]:
    """Calls a function that runs a loop of its own."""
    return _in_thread


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine."""
    return partial(_in_thread, asyncio.run)


@dataclass(frozen=True)
class Called:
    """How a script ended and what it printed."""

    code: object
    out: str
    err: str


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Called]]:
    """Calls a script in this process as `python -m scripts.NAME` does: its module, then its arguments."""
    before = signal.getsignal(signal.SIGTERM)

    def called(script: ModuleType, *arguments: str | Path) -> Called:
        monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, arguments)])
        code: object = 0
        try:
            run_script(script.main)
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        return Called(code, printed.out, printed.err)

    yield called
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def in_force(portfolios: Portfolios, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of two small portfolios, the later in service and the earlier kept, that scripts work on."""
    settings = settings_in(Path(shutil.copytree(portfolios.template, tmp_path / "work")), portfolios.SEEDS[1])
    for name, value in (
        ("RAW", settings.raw),
        ("PROCESSED", settings.processed),
        ("MODEL", settings.model),
        ("ROWS", settings.rows),
        ("SEED", settings.seed),
    ):
        monkeypatch.setenv(f"SCOREROOM_{name}", str(value))
    return settings
