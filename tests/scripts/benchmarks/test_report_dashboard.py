"""The dashboard's and the applicant's tables, worked out by hand."""

from __future__ import annotations

from typing import Any

from scripts.benchmarks.report_dashboard import render_applicant, render_dashboard


def test_what_was_measured_of_the_dashboard_and_what_was_reached(figures: dict[str, Any]) -> None:
    tables = render_dashboard(figures)
    assert tables.startswith("Measured on 2 cores (Some CPU, 25.3 GB, Linux x86_64, Python 3.11.7) over 307,511 appl")
    rows = [line for line in tables.splitlines() if line.startswith("| ")]
    assert "| cutoff | 30 | 150 | 310 | 3.1 | 300 ms, 3 floors | **no** | 20 / 30 (yes) |" in rows
    assert "| page | 30 | 300 | 450 | 4.5 | 500 ms | yes | 40 / 61 (**no**) |" in rows
    assert "| Process start to the first page painted, first start | 4.5 s | 4 s | **no** |" in rows
    assert "| Memory of the server, loaded and each interaction done once | 412 MB | 700 MB | yes |" in rows
    assert "| Memory on the way, over 1,000 interactions | 412, 420 MB | not growing | |" in rows
    assert (
        "| 5 readers at once, painted p50 / p95 | 400 / 900 ms, errors: 1 | p95 1,000 ms, no error | **no** |" in rows
    )
    dragged = "The cutoff dragged, frames/s with a new number; 20 positions compared"
    assert f"| {dragged} | 41.5 of 50, late (over 50 ms): 2 of 200 | 30 frames/s | yes |" in rows
    assert "| Its table by cutoff, gzip | 49.9 kB | 100 kB | yes |" in rows
    assert "| floor | 5 | 40 | | | 80 | 0 | 100 |" in rows
    assert "| cutoff | 180 | 400 | 1.20 | yes | 9 / 12 |" in rows


def test_what_was_measured_of_an_applicant(figures: dict[str, Any]) -> None:
    tables = render_applicant(figures)
    assert tables.splitlines()[0].endswith("over 10,000 applications in Chromium 156.")
    rows = [line for line in tables.splitlines() if line.startswith("| ")]
    assert rows == [
        "| applicant's page | n | painted p50, ms | p95, ms | goal | reached | script run p50 / p95, ms |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| floor app | | 80 | 1,101 | | | |",
        "| edit | 30 | 210 | 300 | 300 ms | yes | 60 / 76 |",
        "| lookup | 20 | 250 | 300 | 300 ms | **no** | 65 / 1,080 |",
        "| | measured | goal | reached |",
        "| --- | --- | --- | --- |",
        # The slowest one counts.
        "| What would change the decision, p50 / p95 / largest of 60 | 101.3 / 250.0 / 300.0 ms | 300 ms | yes |",
        "| The 200 most similar, p50 / p95 / largest of 60 | 40.0 / 50.0 / 150.1 ms | 150 ms | **no** |",
        "| Contributions of one application, p50 / p95 / largest of 60 | 2.0 / 3.0 / 400.0 ms | | |",
        "| Declined applications for which no change is found | 9 of 60 | | |",
        "| 100,000 applications as CSV, read and scored with reasons | 15.0 s | 15 s | **no** |",
        "| Memory of that, at its peak (before) | 1,200 (700) MB | | |",
    ]
