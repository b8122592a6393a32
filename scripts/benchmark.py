"""Measure loading, scoring, comparing models, the service and the dashboard; results are checked beside each timing.

Tables go to the terminal. In the JSON, the dashboard's figures stand at the top, those of the other sections under
their names; what is finished is written at once, so that nothing is lost if a later section fails.
"""

from __future__ import annotations

import argparse
import json
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from data.definition.at_hand import load_definition
from data.errors import ScoreroomError
from data.settings import PORTFOLIO_ROWS, Settings, load_settings
from data.store.storage import check_file_place, write_atomically
from inference.publishing.pipeline import build, why_no_model
from scripts._cli import count, offer_portfolio, positive, progress, run, telling
from scripts._measure import Say
from scripts.benchmarks.machine import describe_machine, now
from scripts.benchmarks.shown import show

ALL, DASHBOARD = "all", "dashboard"


class KeepError(ScoreroomError):
    """A file's figures cannot be mixed with new ones."""


class PortfolioError(ScoreroomError):
    """A portfolio of one's own that a section cannot be measured on."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section's measurement, and a check of its requirements that runs before anything is measured.

    One that `is_embedded` measures the embedded portfolio only.
    """

    measure: Callable[[Settings, Namespace, Say], Mapping[str, object]]
    check: Callable[[], object] = lambda: None
    is_embedded: bool = False


def main() -> None:
    """Measure the sections asked for, show each when it is done, and write them down where that is wanted."""
    arguments = _parse()
    settings = load_settings()
    names = _chosen(arguments.sections, settings)
    figures = _begin(arguments, settings)
    for name in names:
        SECTIONS[name].check()
    build(settings, progress)
    if reason := why_no_model(settings, load_definition(settings)):
        raise PortfolioError(f"{reason} Without a model there is nothing to measure.")
    console = Console()
    show("machine", figures["machine"], console)
    for turn, name in enumerate(names, start=1):
        with telling(f"[{turn}/{len(names)}] {name}") as say:
            measured = SECTIONS[name].measure(settings, arguments, say)
        figures |= measured if name == DASHBOARD else {name: measured}
        figures["dates"][name] = now()
        show(name, measured, console)
        if arguments.json:
            _write(arguments.json, figures)


def _chosen(asked: list[str], settings: Settings) -> list[str]:
    """The sections to measure, in order.

    Raises:
        PortfolioError: one that was asked for is measured on the embedded portfolio alone, and another one is open.
    """
    able = [name for name, section in SECTIONS.items() if settings.portfolio is None or not section.is_embedded]
    if ALL in asked:
        return able
    if unable := [name for name in dict.fromkeys(asked) if name not in able]:
        raise PortfolioError(
            f"{' and '.join(unable)}: measured on the embedded portfolio alone, whose columns the steps name; "
            f"with --portfolio ask for {', '.join(able)}."
        )
    return list(dict.fromkeys(asked))


def _parse() -> Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark", description=__doc__)
    offer_portfolio(parser)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, ALL], default=ALL)
    parser.add_argument("--json", type=Path, metavar="OUT", help="file to write the figures to as well")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep what OUT holds of other sections, if it is of this machine and these libraries",
    )
    parser.add_argument(
        "--runs",
        type=count,
        default=30,
        help="repetitions of each interaction, of the sections dashboard and applicant (default: %(default)s)",
    )
    of_api = parser.add_argument_group("the section api")
    of_api.add_argument(
        "--seconds", type=positive, default=10, help="of load with each number of connections (default: %(default)s)"
    )
    of_api.add_argument(
        "--workers", type=count, default=2, help="processes of a second service to measure (default: %(default)s)"
    )
    of_api.add_argument(
        "--contenders",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="measure other services too, in environments that are installed when first needed (default: yes)",
    )
    of_dashboard = parser.add_argument_group("the section dashboard")
    for name, default, text in (
        ("interactions", 1_000, "interactions over which the server's memory is followed; 0 leaves it out"),
        ("readers", 5, "readers at once; 0 leaves them out"),
        ("crowd-seconds", 300, "seconds that 20 readers go on, and memory is followed; 0 leaves them out"),
        ("rows", 0, f"rows of a larger portfolio to compare with, for example {100 * PORTFOLIO_ROWS}; 0 leaves it out"),
    ):
        of_dashboard.add_argument(f"--{name}", type=count, default=default, help=f"{text} (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.keep and not arguments.json:
        parser.error("--keep needs --json OUT")
    return arguments


def _begin(arguments: Namespace, settings: Settings) -> dict[str, Any]:
    """The figures that new ones are added to.

    Raises:
        FileError: they could not be written in the end.
        KeepError: those to be kept cannot stand beside new ones.
    """
    machine: dict[str, object] = {**describe_machine()}
    if settings.portfolio is not None:
        machine["portfolio"] = load_definition(settings).name
    if arguments.json:
        check_file_place(arguments.json)
    kept = _kept(arguments.json, machine) if arguments.keep and arguments.json.exists() else {}
    return {"dates": {}} | kept | {"machine": machine}


def _kept(path: Path, machine: Mapping[str, object]) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        before = kept["machine"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeepError(
            f"{path}: holds no figures to keep ({type(error).__name__}: {error}); name another file, or "
            "leave --keep out."
        ) from error
    names = [name for name in dict.fromkeys([*machine, *before]) if name != "date"]
    other = [name for name in names if machine.get(name) != before.get(name)]
    if other:
        raise KeepError(
            f"{path}: was measured on something else ({', '.join(other)} differ); measure all of it anew without "
            "--keep, or write to another file."
        )
    return kept


def _write(path: Path, figures: Mapping[str, object]) -> None:
    with write_atomically(path) as part:
        part.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


# Each section loads what it measures alone: a browser's driver or a model is of no use to the others.
def _data(settings: Settings, _: Namespace, say: Say) -> Mapping[str, object]:
    from scripts.benchmarks.data import measure_data

    return measure_data(settings, say)


def _inference(settings: Settings, _: Namespace, say: Say) -> Mapping[str, object]:
    from scripts.benchmarks.inference import measure_inference

    return measure_inference(settings, say=say)


def _api(settings: Settings, arguments: Namespace, say: Say) -> Mapping[str, object]:
    from scripts.benchmarks.api import measure_api
    from scripts.benchmarks.contenders import measure_contenders

    figures = measure_api(settings, seconds=arguments.seconds, workers=arguments.workers, say=say)
    if not arguments.contenders:
        return figures
    return figures | {"contenders": measure_contenders(settings, seconds=arguments.seconds, say=say)}


def _comparison(settings: Settings, _: Namespace, say: Say) -> Mapping[str, object]:
    from scripts.benchmarks.comparison import measure_comparison

    return measure_comparison(settings, say)


def _start(_: Settings, __: Namespace, say: Say) -> Mapping[str, object]:
    from scripts.benchmarks.start import measure_start

    return measure_start(say=say)


def _dashboard(settings: Settings, arguments: Namespace, say: Say) -> Mapping[str, object]:
    from scripts.benchmarks.dashboard import Options, measure_dashboard

    options = Options(
        arguments.runs, arguments.interactions, arguments.readers, arguments.rows, arguments.crowd_seconds
    )
    return measure_dashboard(settings, options, say)


def _applicant(settings: Settings, arguments: Namespace, say: Say) -> Mapping[str, object]:
    from scripts.benchmarks.applicant import measure_applicant

    return measure_applicant(settings, arguments.runs, say)


def _check_load_tool() -> None:
    from scripts.benchmarks.api import find_tool

    find_tool()


def _check_browser() -> None:
    from scripts.benchmarks.browser import find_chromium

    find_chromium()


SECTIONS: Mapping[str, Section] = {
    "data": Section(_data),
    "inference": Section(_inference),
    "comparison": Section(_comparison),
    "api": Section(_api, _check_load_tool),
    "start": Section(_start),
    DASHBOARD: Section(_dashboard, _check_browser, is_embedded=True),
    "applicant": Section(_applicant, _check_browser, is_embedded=True),
}


if __name__ == "__main__":
    run(main)
