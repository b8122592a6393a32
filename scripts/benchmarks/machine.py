"""The machine that figures were measured on: hardware, system, and versions of libraries."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    "fastapi",
    "starlette",
    "uvicorn",
    "h11",
    "pydantic",
    "orjson",
    "polars",
    "pyarrow",
    "pandas",
    "numpy",
    "scikit-learn",
    "lightgbm",
    "onnx",
    "onnxmltools",
    "onnxruntime",
    "streamlit",
    "plotly",
    "playwright",
)
_CPU = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, object]:
    """Processor, cores, memory in GB of 1,000,000,000 bytes, system, versions, and the time in UTC."""
    return {
        "date": now(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.system(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "libraries": versions(),
    }


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def cpu_model() -> str:
    """The processor as it calls itself."""
    lines = _CPU.read_text(encoding="utf-8").splitlines() if _CPU.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def versions() -> Mapping[str, str]:
    """Versions of the libraries that take part, of those that are installed: some only come where they exist."""
    versions = {name: _version(name) for name in LIBRARIES}
    return {name: text for name, text in versions.items() if text}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
