"""Uvicorn serving the app, and stopping so that no answer is lost."""

from __future__ import annotations

import os
import signal
from functools import partial
from http import HTTPStatus
from typing import Any

import h11
from fastapi import FastAPI

from data.definition.at_hand import load_definition
from data.definition.definition import Definition
from data.settings import Settings
from inference.service.admission import Rates
from inference.service.app import make_app
from inference.service.challengers import OtherDefinitionError
from inference.service.guard import Lifecycle, new_id
from inference.service.keys import Keys
from inference.service.problems import MEDIA_TYPE, ProblemError, problem_json
from inference.service.processes import BACKLOG, Processes, Shared, listen
from inference.service.settings import ServiceSettings
from inference.service.telemetry import Metrics
from inference.serving.connection import Connection
from inference.serving.descriptors import raise_descriptors
from inference.serving.gate import known_hosts
from inference.serving.log import route_library_logs
from inference.serving.server import Server, configure
from inference.serving.settings import WebSettings, load_web_settings


class _Connection(Connection):
    """A connection whose refusals are problems."""

    def refuse(self, msg: str) -> None:
        """Answer what is no HTTP, or not HTTP/1, in the shape of everything else that goes wrong."""
        detail = f"{msg} Send a request of HTTP/1.1."
        body = problem_json(ProblemError.from_status(HTTPStatus.BAD_REQUEST, detail))
        headers = [
            ("content-type", MEDIA_TYPE),
            ("content-length", str(len(body))),
            ("connection", "close"),
            ("x-request-id", new_id()),
        ]
        events = (
            h11.Response(status_code=HTTPStatus.BAD_REQUEST, headers=headers),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class _ProcessServer(Server):
    """One of several processes, which stops in order, too, where the one that watches them is gone."""

    parent = 0

    async def on_tick(self, counter: int) -> bool:
        """Uvicorn asks every tenth of a second whether to stop."""
        if os.getppid() != self.parent and not self.is_draining:
            self.handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)


def serve(
    definition: Definition,
    settings: Settings,
    service_settings: ServiceSettings,
    web: WebSettings,
    host: str,
    port: int,
) -> None:
    """Serve until SIGTERM or SIGINT; returns when every request under way was answered.

    A client keeps its connection for the next request, which may be on its way when the connection is closed: it would
    get no answer. So while the service drains, each answer tells its client to open another connection, and
    `/health/ready` tells whoever balances the load to send no more.

    Raises:
        ScoreroomError: the file of keys cannot be read.
    """
    lifecycle = Lifecycle()
    app = make_app(definition, settings, service_settings, web, known_hosts(host, web.hosts), lifecycle)
    config = _configure(app, service_settings, web, host, port)
    server = Server(config, drain_seconds=service_settings.drain_seconds, on_drain=lifecycle.drain)
    lifecycle.n_waiting = lambda: len(server.server_state.tasks)
    server.run()


def serve_many(
    number: int,
    definition: Definition,
    settings: Settings,
    service_settings: ServiceSettings,
    host: str,
    port: int,
) -> int:
    """As `serve`, by `number` processes, and the exit code; web settings each of them loads by itself.

    Raises:
        ScoreroomError: the file of keys cannot be read.
        OSError: the port is taken.
    """
    if service_settings.keys is not None:
        Keys.load(service_settings.keys)
    work = partial(_serve_one, host, definition.digest)
    return Processes(number, work, settings, service_settings, listen(host, port)).run()


def _serve_one(host: str, digest: str, settings: Settings, service_settings: ServiceSettings, shared: Shared) -> None:
    definition = load_definition(settings)
    if definition.digest != digest:
        raise OtherDefinitionError.from_name(definition.name)
    web, lifecycle = load_web_settings(), Lifecycle()
    metrics = Metrics(shared.board, shared.place, others=[shared.parent])
    rates = None if service_settings.rate is None else Rates(service_settings.rate, shared.tallies)
    hosts = known_hosts(host, web.hosts)

    def call_others() -> None:
        # Who watches them hands it on to all.
        os.kill(shared.parent, signal.SIGHUP)

    app = make_app(
        definition,
        settings,
        service_settings,
        web,
        hosts,
        lifecycle,
        metrics=metrics,
        rates=rates,
        call_others=call_others,
    )
    # One connection is accepted at a time, so that those that come together do not all go to who looks first.
    config = _configure(app, service_settings, web, host, 0, backlog=1)

    def begun() -> None:
        for each in shared.sockets:
            each.listen(BACKLOG)
        metrics.name_process(os.getpid())

    server = _ProcessServer(
        config, drain_seconds=service_settings.drain_seconds, on_drain=lifecycle.drain, on_listening=begun
    )
    server.parent = shared.parent
    lifecycle.n_waiting = lambda: len(server.server_state.tasks)
    server.run(shared.sockets)


def _configure(
    app: FastAPI, service_settings: ServiceSettings, web: WebSettings, host: str, port: int, **options: Any
) -> Any:
    raise_descriptors()
    route_library_logs(app.state.log, "uvicorn")
    return configure(
        app,
        host,
        port,
        web.tls,
        connection=type("Connection", (_Connection,), {"seconds": service_settings.seconds}),
        ws="none",
        # A body has so long to arrive, and its work as long again.
        timeout_graceful_shutdown=2 * service_settings.seconds + 1,
        **options,
    )
