"""Uvicorn serving the app, and stopping so that no answer is lost."""

from __future__ import annotations

from http import HTTPStatus

import h11

from data.definition.definition import Definition
from data.settings import Settings
from inference.service.app import make_app
from inference.service.guard import Lifecycle, new_id
from inference.service.problems import MEDIA_TYPE, ProblemError, problem_json
from inference.service.settings import ServiceSettings
from inference.serving.connection import Connection
from inference.serving.descriptors import raise_descriptors
from inference.serving.gate import known_hosts
from inference.serving.log import route_library_logs
from inference.serving.server import Server, configure
from inference.serving.settings import WebSettings


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
    raise_descriptors()
    lifecycle = Lifecycle()
    app = make_app(definition, settings, service_settings, web, known_hosts(host, web.hosts), lifecycle)
    route_library_logs(app.state.log, "uvicorn")
    connection = type("Connection", (_Connection,), {"seconds": service_settings.seconds})
    config = configure(
        app,
        host,
        port,
        web.tls,
        connection=connection,
        ws="none",
        # A body has so long to arrive, and its work as long again.
        timeout_graceful_shutdown=2 * service_settings.seconds + 1,
    )
    server = Server(config, drain_seconds=service_settings.drain_seconds, on_drain=lifecycle.drain)
    lifecycle.n_waiting = lambda: len(server.server_state.tasks)
    server.run()
