"""Show where the time goes of scoring, or of an interaction in the server's script and on the browser's main thread.

Prints tables, and draws a flame graph where one is asked for.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from data.errors import ScoreroomError
from data.settings import Settings, load_settings
from data.store.storage import check_file_place, write_atomically
from inference.publishing.pipeline import build
from scripts._cli import positive, progress, run
from scripts.benchmarks.interactions import INTERACTIONS
from scripts.benchmarks.profiling import draw_server, profile_browser, profile_server
from scripts.benchmarks.profiling_scoring import draw_scoring, profile_scoring

SCORING = "scoring"
SUFFIX = ".json"


class FlameError(ScoreroomError):
    """A flame graph cannot be written to this place."""


def main() -> None:
    """Profile what is asked for, print the tables, and draw the flame graph where one is wanted."""
    arguments = _parse()
    if arguments.flame:
        _check(arguments.flame)
    settings = load_settings()
    build(settings, progress)
    show = _show_scoring if arguments.subject == SCORING else _show_interaction
    show(settings, arguments)
    if arguments.flame:
        text = _draw(settings, arguments.subject, arguments.runs)
        with write_atomically(arguments.flame) as part:
            part.write_text(text, encoding="utf-8")
        print(f"Flame graph in {arguments.flame}; https://www.speedscope.app opens it without sending it anywhere.")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.profile_performance", description=__doc__)
    parser.add_argument("subject", choices=[SCORING, *INTERACTIONS])
    parser.add_argument("--runs", type=positive, default=20, help="repetitions (default: %(default)s)")
    parser.add_argument("--top", type=positive, default=40, help="lines of cProfile's table (default: %(default)s)")
    parser.add_argument(
        "--flame", type=Path, metavar="OUT", help="also draw a flame graph of the same work into OUT.speedscope.json"
    )
    return parser.parse_args()


def _check(flame: Path) -> None:
    if flame.suffix != SUFFIX:
        raise FlameError(f"{flame}: a flame graph is written as JSON; name a file that ends in {SUFFIX}.")
    check_file_place(flame)


def _show_scoring(settings: Settings, arguments: argparse.Namespace) -> None:
    for scored, table in profile_scoring(settings, arguments.runs, arguments.top).items():
        print(f"Scoring {scored} (cProfile, which makes it slower)\n\n{table}\n")


def _show_interaction(settings: Settings, arguments: argparse.Namespace) -> None:
    name, runs = arguments.subject, arguments.runs
    browser = profile_browser(settings, name, runs)
    print(f"Browser, ms a step of {name} (main thread, {runs} steps)\n")
    print(_table(browser.tasks_ms), "\nOwn time of its scripts by file\n", _table(browser.files_ms), sep="\n")
    print(f"\nServer, script runs of {runs} steps (cProfile, which makes them slower)\n")
    print(profile_server(settings, name, runs, arguments.top), "\n")


def _draw(settings: Settings, subject: str, runs: int) -> str:
    return draw_scoring(settings, runs) if subject == SCORING else draw_server(settings, subject, runs)


def _table(milliseconds: Mapping[str, float]) -> str:
    return "\n".join(f"{name:<44} {value:>8.1f}" for name, value in milliseconds.items())


if __name__ == "__main__":
    run(main)
