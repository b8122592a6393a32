"""Show where the time of one interaction goes, in the server's script and on the browser's main thread."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from data.settings import load_settings
from inference.pipeline import build
from scripts._cli import progress, run
from scripts.benchmarks.interactions import INTERACTIONS
from scripts.benchmarks.profiling import profile_browser, profile_server


def main() -> None:
    """Profile the interaction asked for and print both tables."""
    parser = argparse.ArgumentParser(prog="python -m scripts.profile_dashboard", description=__doc__)
    parser.add_argument("interaction", choices=list(INTERACTIONS))
    parser.add_argument("--runs", type=int, default=20, help="repetitions (default: %(default)s)")
    parser.add_argument("--top", type=int, default=40, help="lines of the server's table (default: %(default)s)")
    arguments = parser.parse_args()
    settings = load_settings()
    build(settings, progress)
    browser = profile_browser(settings, arguments.interaction, arguments.runs)
    print(f"Browser, ms a step of {arguments.interaction} (main thread, {arguments.runs} steps)\n")
    print(_table(browser.tasks_ms), "\nOwn time of its scripts by file\n", _table(browser.files_ms), sep="\n")
    print(f"\nServer, script runs of {arguments.runs} steps (cProfile, which makes them slower)")
    print(profile_server(settings, arguments.interaction, arguments.runs, arguments.top))


def _table(milliseconds: Mapping[str, float]) -> str:
    return "\n".join(f"{name:<44} {value:>8.1f}" for name, value in milliseconds.items())


if __name__ == "__main__":
    run(main)
