"""Run every part without network and with an empty home, and list what it looked up, connected to and wrote elsewhere.

Usage: python -m scripts.check_offline [--seconds 60] [--json seen.json]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts._cli import run
from scripts.offline.journeys import LEAST_SECONDS, UNTAMED, Journey, Place, as_json, run_journeys
from scripts.offline.seclusion import ask_names_at, raise_loopback, secluded_command

FOREIGN = 1


def main() -> None:
    """Begin anew in namespaces of its own, run the journeys there, and end with 1 where one did what it should not."""
    parser = argparse.ArgumentParser(prog="python -m scripts.check_offline", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=LEAST_SECONDS, help="how long servers run (%(default)s)")
    parser.add_argument("--json", type=Path, help="where to write what was seen")
    parser.add_argument("--secluded", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.secluded:
        command = secluded_command([sys.executable, "-m", "scripts.check_offline", *sys.argv[1:], "--secluded"])
        sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603
    raise_loopback()
    # Nobody answers there, so that a trace shows each name.
    ask_names_at("127.0.0.1", "attempts:1", "timeout:1")
    with tempfile.TemporaryDirectory(prefix="scoreroom-offline-") as folder:
        journeys = run_journeys(Place(Path(folder), arguments.seconds))
    if arguments.json:
        arguments.json.write_text(as_json(journeys), encoding="utf-8")
    Console().print(_table(journeys))
    if any(journey.seen for journey in journeys[: -len(UNTAMED)]):
        sys.exit(FOREIGN)


def _table(journeys: list[Journey]) -> Table:
    table = Table("part", "what it did", "what it did besides", show_lines=True)
    for journey in journeys:
        seen = "\n".join(f"{seen.kind}: {seen.name}" for seen in journey.seen)
        table.add_row(journey.name, f"{journey.did}; exit code {journey.ended}", seen or "nothing")
    return table


if __name__ == "__main__":
    run(main)
