"""Serve the dashboard, after building what is missing; or serve predictions that you bring."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from dashboard import journal
from dashboard.build_process import BuildProcess
from dashboard.rights import load_model_changes
from dashboard.server.serving import serve
from dashboard.server.settings import load_log_settings
from data.definition.at_hand import load_definition
from data.errors import ScoreroomError
from data.predictions.roles.answers import Answers
from data.predictions.roles.flags import answers_of
from data.reading.said import Said, parse_said, together, word_said
from data.settings import Settings, load_settings
from inference.publishing.pipeline import is_settled
from inference.serving.settings import load_web_settings
from scripts._asking import read_asking
from scripts._cli import (
    LOOPBACK,
    STOPPED,
    address_of,
    check_port,
    offer_portfolio,
    offer_predictions,
    port,
    run,
    say_notices,
    take_predictions,
)


def main() -> None:
    """Check the input, say the address, and serve."""
    arguments = _parse()
    check_port(arguments.port, arguments.host)
    web, log_settings = load_web_settings(), load_log_settings()
    # A wrong word is told now and not on a page.
    load_model_changes()
    log = journal.open_log(log_settings.level, log_settings.file)
    build, answers = None, answers_of(arguments)
    said: Said = parse_said(arguments.read)
    if arguments.predictions is None:
        build = _begin_build(load_settings())
    else:
        definition = load_definition(load_settings())
        read, answers = read_asking(arguments.predictions, definition, answers, said)
        answers, said = answers.of_columns, together(said, answers.reading)
        source = read.source
        del read
        print(f"{source.name}: {source.taken}", *source.notices, sep="\n")
    if arguments.host not in LOOPBACK:
        print(
            "Anybody who reaches this machine can open the dashboard; docs/deployment.md tells what to put before it."
        )
    print(f"Scoreroom is at {address_of(arguments.host, arguments.port, web)}", flush=True)
    flags = [] if arguments.predictions is None else _told_to_app(arguments.predictions, answers, said)
    building = None if build is None else build.building
    try:
        serve(web, arguments.host, arguments.port, flags, log, log_settings.user_header, building)
    finally:
        code = 0 if build is None else build.end()
    if building is None or building.is_usable:
        return
    if code == STOPPED:
        raise KeyboardInterrupt
    sys.exit(code)


def _begin_build(settings: Settings) -> BuildProcess | None:
    """A build beside the server, which shows how far it is; None where there is nothing to build."""
    began = time.perf_counter()
    try:
        settled = is_settled(settings)
    except ScoreroomError as error:
        journal.warn("build", verdict="refused", problem=type(error).__name__)
        raise
    if settled:
        journal.note("build", steps=(), verdict="done", ms=round(1e3 * (time.perf_counter() - began), 1))
        say_notices(settings)
        return None
    return BuildProcess(settings)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.serve", description=__doc__)
    offer_portfolio(parser)
    parser.add_argument("--port", type=port, default=8501, help="port to serve on (8501)")
    parser.add_argument("--host", default=LOOPBACK[0], help=f"address to listen on ({LOOPBACK[0]})")
    offer_predictions(
        parser, "a table with a score, and an outcome where one is known: text, Parquet, a workbook, SAS, SPSS or Stata"
    )
    arguments = parser.parse_args()
    take_predictions(parser, arguments)
    return arguments


def _told_to_app(predictions: Path, answers: Answers, said: Said) -> list[str]:
    flags = [word for text in word_said(said) for word in ("--read", text)]
    return ["--predictions", str(predictions.resolve()), *answers.flags, *flags]


if __name__ == "__main__":
    run(main)
