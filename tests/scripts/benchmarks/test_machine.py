"""What was measured on, beside what the system and the libraries say of themselves."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import lightgbm
import polars as pl
import pytest
import sklearn

from scripts.benchmarks import machine
from scripts.benchmarks.machine import cpu_model, describe_machine


def test_the_machine_is_described() -> None:
    described: Any = describe_machine()
    assert described["cores"] == os.cpu_count()
    assert described["python"] == ".".join(map(str, sys.version_info[:3]))
    assert described["libraries"]["polars"] == pl.__version__
    assert described["libraries"]["scikit-learn"] == sklearn.__version__
    assert described["libraries"]["lightgbm"] == lightgbm.__version__
    assert timedelta(0) <= datetime.now(UTC) - datetime.fromisoformat(described["date"]) < timedelta(minutes=1)


@pytest.mark.skipif(sys.platform != "linux", reason="asks programs that Linux has")
def test_processor_and_memory_are_those_that_the_system_names() -> None:
    shown = subprocess.run(["cat", "/proc/cpuinfo", "/proc/meminfo"], capture_output=True, text=True, check=True).stdout
    said = dict(line.split(":", 1) for line in shown.splitlines() if ":" in line)
    names = {key.strip(): value.strip() for key, value in said.items()}
    # Not every processor says what it is called.
    assert cpu_model() == names.get("model name", platform.processor())
    kibibytes = int(names["MemTotal"].split()[0])
    assert describe_machine()["memory_gb"] == pytest.approx(kibibytes * 1024 / 1e9, abs=0.06)


def test_a_library_that_is_not_installed_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LIBRARIES", ("polars", "no-such-library"))
    assert machine.versions() == {"polars": pl.__version__}
