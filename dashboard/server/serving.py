"""Uvicorn serving the dashboard, and what the first page needs, loaded while the first reader's browser starts."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from streamlit import config
from streamlit.web.bootstrap import load_config_options

from dashboard.server.application import make_app
from data.settings import ROOT
from inference.serving.server import Server, configure

APP = ROOT / "dashboard" / "app.py"
_MEGABYTE = 1 << 20


def serve(host: str, port: int, arguments: Sequence[str]) -> None:
    """Serve the dashboard until the process is asked to end; `arguments` are the app's own."""
    serve_script(APP, host, port, arguments, on_listening=partial(_in_background, _load_ahead, arguments))


def serve_script(
    script: Path,
    host: str,
    port: int,
    arguments: Sequence[str] = (),
    *,
    on_listening: Callable[[], None] = lambda: None,
) -> None:
    """Serve any Streamlit script as the dashboard is served; `on_listening` is called once connections are taken."""
    # Streamlit reads .streamlit/config.toml from the working directory.
    os.chdir(ROOT)
    sys.argv = [str(script), *arguments]
    load_config_options({"server.address": host, "server.port": port})
    seconds = int(config.get_option("server.websocketPingInterval") or 30)
    uvicorn = configure(
        make_app(script), host, port,
        ws="websockets-sansio", ws_ping_interval=seconds, ws_ping_timeout=seconds,
        ws_max_size=config.get_option("server.maxMessageSize") * _MEGABYTE,
        ws_per_message_deflate=config.get_option("server.enableWebsocketCompression"),
        # Browsers whose pages are open get word that the server ends, and so long to take it.
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    Server(uvicorn, on_listening=on_listening).run()


def _in_background(work: Callable[[Sequence[str]], None], arguments: Sequence[str]) -> None:
    threading.Thread(target=work, args=(arguments,), daemon=True).start()


def _load_ahead(arguments: Sequence[str]) -> None:
    # Half a second of imports, for which the server is not to wait.
    from dashboard import app, cache, state  # noqa: F401

    cache.load_ahead(state.location(arguments))
