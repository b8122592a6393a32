"""Serve the scoring service, after building what is missing."""

from __future__ import annotations

import argparse
import os
import sys

from data.settings import load_settings
from inference.model.session import ScoringSession
from inference.publishing.pipeline import build
from inference.service.server import serve, serve_many
from inference.service.settings import load_service_settings
from inference.serving.settings import load_web_settings
from scripts._cli import (
    LOOPBACK,
    address_of,
    check_port,
    check_trainable,
    offer_portfolio,
    port,
    progress,
    run,
    say_notices,
    say_waiting,
)

MOST_WORKERS = 64


def main() -> None:
    """Build what is missing, check that the model opens, and serve."""
    parser = argparse.ArgumentParser(prog="python -m scripts.serve_api", description=__doc__)
    offer_portfolio(parser)
    parser.add_argument("--port", type=port, default=8000, help="port to serve on (8000)")
    parser.add_argument("--workers", type=_workers, default=1, help="processes that serve, one for a core (1)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    arguments = parser.parse_args()
    check_port(arguments.port, arguments.host)
    settings, service_settings, web = load_settings(), load_service_settings(), load_web_settings()
    if build(settings, progress, say=say_waiting):
        # A process of its own: what building took up in memory is not the service's to hold.
        os.execv(sys.executable, [sys.executable, "-m", "scripts.serve_api", *sys.argv[1:]])  # noqa: S606
    check_trainable(settings)
    say_notices(settings)
    # A model that does not open is one sentence here; inside the server's start-up it would be a stack trace.
    definition = ScoringSession.open_built(settings).definition
    if arguments.host not in LOOPBACK and service_settings.keys is None:
        print("Anybody who reaches this machine can call the service; SCOREROOM_API_KEYS asks for keys.", flush=True)
    address = address_of(arguments.host, arguments.port, web)
    print(f"The scoring service is at {address} (documentation at {web.base_path}/docs)", flush=True)
    if arguments.workers == 1:
        serve(definition, settings, service_settings, web, arguments.host, arguments.port)
    else:
        sys.exit(serve_many(arguments.workers, definition, settings, service_settings, arguments.host, arguments.port))


def _workers(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes; give one from 1 to {MOST_WORKERS}.")
    return number


if __name__ == "__main__":
    run(main)
