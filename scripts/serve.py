"""Serve the dashboard, after building what is missing; or serve predictions that you bring."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from dashboard.server import serve
from data.imports import import_predictions, parse_mapping
from data.settings import load_settings
from inference.pipeline import build
from scripts._cli import check_port, port, progress, run, say_notices, say_waiting


def main() -> None:
    """Check the input, say the address, and hand over to Streamlit."""
    arguments = _parse()
    check_port(arguments.port)
    if arguments.predictions is None:
        settings = load_settings()
        if build(settings, progress, say=say_waiting):
            # A process of its own: what building took up in memory is not the server's to hold.
            os.execv(sys.executable, [sys.executable, "-m", "scripts.serve", *sys.argv[1:]])  # noqa: S606
        say_notices(settings)
    else:
        source = import_predictions(arguments.predictions, parse_mapping(arguments.map)).source
        print(f"{source.name}: {source.taken}", *source.notices, sep="\n")
    print(f"Scoreroom is at http://localhost:{arguments.port}", flush=True)
    told = [] if arguments.predictions is None else _told_to_app(arguments)
    serve(arguments.port, told)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.serve", description=__doc__)
    parser.add_argument("--port", type=port, default=8501, help="port to serve on (8501)")
    parser.add_argument("--predictions", type=Path, help="Parquet or CSV with an outcome and a probability")
    parser.add_argument(
        "--map", action="append", default=[], metavar="COLUMN=ROLE",
        help="what a column is: id, outcome, probability, percent, fold or exposure; may be repeated",
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
