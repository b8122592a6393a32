"""Write the figures of `python -m scripts.benchmark all --json docs/performance.json` into docs/performance.md."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from data.settings import ROOT
from data.store.storage import write_atomically
from scripts._cli import run
from scripts.benchmarks.report import fill, render

PAGE = ROOT / "docs" / "performance.md"
FIGURES = PAGE.with_suffix(".json")


def main() -> None:
    """Read the figures and replace the tables between the page's marks."""
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark_report", description=__doc__)
    parser.add_argument(
        "--json", type=Path, default=FIGURES, help="what the benchmark wrote (default: docs/performance.json)"
    )
    parser.add_argument("--page", type=Path, default=PAGE, help="page to write to (default: docs/performance.md)")
    arguments = parser.parse_args()
    figures = json.loads(arguments.json.read_text(encoding="utf-8"))
    page = fill(arguments.page.read_text(encoding="utf-8"), figures)
    with write_atomically(arguments.page) as part:
        part.write_text(page, encoding="utf-8")
    print(*render(figures).values(), sep="\n\n")


if __name__ == "__main__":
    run(main)
