"""Serve the scoring service, after building what is missing."""

from __future__ import annotations

import argparse

import uvicorn

from data.settings import load_settings
from inference.pipeline import build
from inference.service.app import make_app
from inference.session import ScoringSession
from scripts._cli import check_port, port, progress, run


def main() -> None:
    """Build what is missing, check that the model opens, and serve."""
    parser = argparse.ArgumentParser(prog="python -m scripts.serve_api", description=__doc__)
    parser.add_argument("--port", type=port, default=8000, help="port to serve on (8000)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    arguments = parser.parse_args()
    check_port(arguments.port)
    settings = load_settings()
    build(settings, progress)
    # A model that does not open is one sentence here; inside the server's start-up it would be a stack trace.
    ScoringSession.open(settings.model, provider=settings.provider)
    print(f"The scoring service is at http://localhost:{arguments.port} (documentation at /docs)", flush=True)
    uvicorn.run(make_app(), host=arguments.host, port=arguments.port, log_level="warning")


if __name__ == "__main__":
    run(main)
