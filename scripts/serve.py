"""Serve the dashboard, after building what is missing; or serve predictions that you bring."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from data.imports import import_predictions, parse_mapping
from data.settings import ROOT, load_settings
from inference.pipeline import build
from scripts._cli import check_port, port, progress, run


def main() -> None:
    """Check the input, say the address, and hand this process over to Streamlit."""
    arguments = _parse()
    check_port(arguments.port)
    if arguments.predictions is None:
        build(load_settings(), progress)
    else:
        import_predictions(arguments.predictions, parse_mapping(arguments.map))
    print(f"Scoreroom is at http://localhost:{arguments.port}", flush=True)
    app = str(ROOT / "dashboard" / "app.py")
    passed_on = [] if arguments.predictions is None else ["--", *_told_to_app(arguments)]
    command = ["-m", "streamlit", "run", app, "--server.port", str(arguments.port), *passed_on]
    # Streamlit reads .streamlit/config.toml from the working directory.
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.serve", description=__doc__)
    parser.add_argument("--port", type=port, default=8501, help="port to serve on (8501)")
    parser.add_argument("--predictions", type=Path, help="Parquet or CSV with an outcome and a probability")
    parser.add_argument(
        "--map", action="append", default=[], metavar="COLUMN=ROLE",
        help="what a column is: id, outcome, probability, fold or exposure; may be repeated",
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.map and arguments.predictions is None:
        parser.error("--map says what a column of --predictions is; name the file too")
    return arguments


def _told_to_app(arguments: argparse.Namespace) -> list[str]:
    mapped = [word for text in arguments.map for word in ("--map", text)]
    return ["--predictions", str(arguments.predictions.resolve()), *mapped]


if __name__ == "__main__":
    run(main)
