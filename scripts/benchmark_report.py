"""Write the figures of `python -m scripts.benchmark dashboard applicant --json FILE` into docs/performance.md."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from data.settings import ROOT
from data.storage import write_atomically
from scripts._cli import run
from scripts.benchmarks.report import APPLICANT, DASHBOARD, insert, render, render_applicant

PAGE = ROOT / "docs" / "performance.md"


def main() -> None:
    """Read the figures and replace the tables between the page's marks."""
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark_report", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="what the benchmark wrote")
    parser.add_argument("--page", type=Path, default=PAGE, help="page to write to (default: docs/performance.md)")
    arguments = parser.parse_args()
    figures = json.loads(arguments.json.read_text(encoding="utf-8"))
    page = arguments.page.read_text(encoding="utf-8")
    # One of the two may have been measured alone; what the page holds of the other one stands.
    tables = {DASHBOARD: render(figures)} if "interactions" in figures else {}
    tables |= {APPLICANT: render_applicant(figures)} if APPLICANT in figures else {}
    for section, text in tables.items():
        page = insert(page, text, section)
    with write_atomically(arguments.page) as part:
        part.write_text(page, encoding="utf-8")
    print(*tables.values(), sep="\n\n")


if __name__ == "__main__":
    run(main)
