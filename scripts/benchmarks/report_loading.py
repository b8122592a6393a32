"""Loading and starting as tables."""

from __future__ import annotations

from collections.abc import Callable

from scripts.benchmarks.report_tables import (
    Figures,
    measured_on,
    megabytes,
    significant,
    table,
    times,
    whole,
    yes,
)

TABLES = ("applications", "predictions")
ROWS: dict[str, tuple[str, Callable[[float], str]]] = {
    "parquet_s": ("Parquet, s", significant),
    "csv_s": ("CSV by Polars, s", significant),
    "ratio": ("gain of Parquet over that", times),
    "pandas_csv_s": ("CSV by pandas, s", significant),
    "pandas_ratio": ("gain of Parquet over that", times),
    "parquet_bytes": ("Parquet file, MB", megabytes),
    "csv_bytes": ("CSV file, MB", megabytes),
    "parquet_peak_mb": ("memory at the peak of reading Parquet, MB", whole),
    "csv_peak_mb": ("memory at the peak of reading CSV by Polars, MB", whole),
    "pandas_csv_peak_mb": ("memory at the peak of reading CSV by pandas, MB", whole),
}
# What the earlier system's report claims of both.
CLAIMED_CSV_S, CLAIMED_PARQUET_S, CLAIMED_GAIN = "5-10", 0.5, 24
MOST_START_S = 3
STARTS = {
    "service_s": "Service: process start until `/health/ready` answers",
    "dashboard_s": "Dashboard: process start until `/_stcore/health` answers",
}


def render_data(figures: Figures) -> str:
    """The table of what `python -m scripts.benchmark data --json` wrote."""
    data = {name: figures["data"][name] for name in TABLES}
    rows = [[label, *(shown(data[name][key]) for name in TABLES)] for key, (label, shown) in ROWS.items()]
    rows.append(["read and checked as the dashboard does, s", "", significant(figures["data"]["load_predictions_s"])])
    return f"{measured_on(figures, 'data')}.\n\n{table(['', *TABLES], rows)}\n\n{_explained(figures['data'])}"


def _explained(data: Figures) -> str:
    """Why the gain is not the report's, in figures of both."""
    applications = data["applications"]
    pandas, polars, parquet = (applications[name] for name in ("pandas_csv_s", "csv_s", "parquet_s"))
    return (
        f"The report's {CLAIMED_GAIN}x compares CSV read in {CLAIMED_CSV_S} s with Parquet read in less than "
        f"{CLAIMED_PARQUET_S:g} s. Here pandas reads the applications' CSV in {significant(pandas)} s, Polars in "
        f"{significant(polars)} s, and Parquet takes {significant(parquet)} s: {times(CLAIMED_PARQUET_S / parquet)} as "
        f"fast as was claimed, and beside a CSV that is read that fast a gain of {times(polars / parquet)}."
    )


def render_start(figures: Figures) -> str:
    """The table of what `python -m scripts.benchmark start --json` wrote."""
    start = figures["start"]
    rows = [
        [label, f"{significant(start[name])} s", f"{MOST_START_S} s", yes(start[name] < MOST_START_S)]
        for name, label in STARTS.items()
    ]
    median = f"median of {start['starts']} starts, the operating system having read the files before"
    return f"{measured_on(figures, 'start')}, {median}.\n\n{table(['', 'measured', 'goal', 'reached'], rows)}"
