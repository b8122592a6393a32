"""Uvicorn serving the dashboard, and what the first page needs, loaded while the first reader's browser starts."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from streamlit import config
from streamlit import logger as streamlit_logger
from streamlit.runtime.runtime_util import get_max_widget_state_size_bytes
from streamlit.web.bootstrap import load_config_options

from dashboard import journal
from dashboard.building import Building
from dashboard.limits import Limits, load_limits, most_visits
from dashboard.server.application import make_app
from dashboard.server.health import Health, product_version
from data.settings import ROOT, load_settings
from inference.serving.asgi import ASGIApp
from inference.serving.authority import Authority
from inference.serving.connection import Websocket
from inference.serving.descriptors import raise_descriptors
from inference.serving.gate import known_hosts
from inference.serving.log import LibraryHandler, Log, route_library_logs
from inference.serving.server import Server, configure
from inference.serving.settings import WebSettings

APP = ROOT / "dashboard" / "app.py"


def serve(
    web: WebSettings,
    host: str,
    port: int,
    arguments: Sequence[str],
    log: Log | None = None,
    user_header: str = "",
    building: Building | None = None,
) -> None:
    """Serve the dashboard until the process is asked to end; `arguments` are the app's own.

    Warnings of libraries go into `log`; a trusted proxy names the signed-in user in the header `user_header`. Until
    `building` has something to show, a page tells how far it is; where it fails, this returns.
    """
    if log is not None:
        route_library_logs(log, "uvicorn")
        _route_streamlit_logs(log)
    journal.note("start", version=product_version(), address=host, port=port)
    load_ahead = partial(_in_background, partial(_load_ahead, arguments, building))
    serve_script(APP, web, host, port, arguments, on_listening=load_ahead, user_header=user_header, building=building)
    journal.note("stop")


def serve_script(
    script: Path,
    web: WebSettings,
    host: str,
    port: int,
    arguments: Sequence[str] = (),
    *,
    on_listening: Callable[[], None] = lambda: None,
    user_header: str = "",
    building: Building | None = None,
) -> None:
    """Serve any Streamlit script as the dashboard is served; call `on_listening` once connections are accepted.

    Until `building` has something to show, a page tells how far it is; where it fails, this returns.
    """
    # Streamlit reads .streamlit/config.toml from the working directory.
    os.chdir(ROOT)
    sys.argv = [str(script), *arguments]
    load_config_options(
        {
            "server.address": host,
            "server.port": port,
            "server.baseUrlPath": web.base_path,
            # The gate decides who may connect before a request reaches Streamlit (inference/serving/gate.py).
            "server.allowedHosts": ["*"],
            "server.corsAllowedOrigins": list(web.origins),
            # Pages of Streamlit's own cloud must not send messages to this one.
            "client.allowedOrigins": [],
        }
    )
    seconds = int(config.get_option("server.websocketPingInterval") or 30)
    health = Health(load_settings(), imported=_imported(arguments))
    hosts = known_hosts(host, web.hosts)
    app: ASGIApp = make_app(script, web, hosts, _limits(), health, user_header)
    if building is not None:
        app = _while_building(app, building, web, hosts)
    uvicorn = configure(
        app,
        host,
        port,
        web.tls,
        ws=Websocket,
        ws_ping_interval=seconds,
        ws_ping_timeout=seconds,
        ws_max_size=get_max_widget_state_size_bytes(),
        ws_per_message_deflate=config.get_option("server.enableWebsocketCompression"),
        # Seconds that browsers with open pages get to take note of the shutdown.
        timeout_graceful_shutdown=2,
    )
    server = Server(uvicorn, on_listening=on_listening)
    if building is not None:
        _in_background(partial(_stop_where_it_fails, server, building))
    server.run()


def _while_building(app: ASGIApp, building: Building, web: WebSettings, hosts: Collection[Authority]) -> ASGIApp:
    from dashboard.server.build_page import WhileBuilding

    return WhileBuilding(app, building, web, hosts)


def _stop_where_it_fails(server: Server, building: Building) -> None:
    if not building.wait():
        building.let_a_page_learn()
        server.should_exit = True


def _limits() -> Limits:
    """The limits in force, with no more visits than the system's descriptors allow."""
    limits = load_limits()
    return replace(limits, visits=min(limits.visits, most_visits(raise_descriptors())))


def _imported(arguments: Sequence[str]) -> Path | None:
    return Path(arguments[arguments.index("--predictions") + 1]) if "--predictions" in arguments else None


def _route_streamlit_logs(log: Log) -> None:
    handler = LibraryHandler(log)

    def take_over(logger: logging.Logger) -> None:
        logger.handlers = [handler]

    # Streamlit gives each of its loggers a console handler, which prints the text of exceptions. Loggers made from now
    # on get this one instead.
    streamlit_logger.setup_formatter = take_over
    streamlit_logger.update_formatter()


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def _load_ahead(arguments: Sequence[str], building: Building | None) -> None:
    # Half a second of imports that must not delay the server.
    from dashboard import app, cache, choice  # noqa: F401

    if building is None or building.wait():
        cache.load_ahead(choice.location(arguments))
