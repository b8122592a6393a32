"""Uvicorn serving the app, and stopping so that no answer is lost."""

from __future__ import annotations

import asyncio
import signal
import time
from http import HTTPStatus
from types import FrameType

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from data.settings import Settings
from inference.service.app import make_app
from inference.service.guard import Lifecycle, new_id
from inference.service.problems import MEDIA_TYPE, ProblemError, problem_json
from inference.service.settings import ServiceSettings
from inference.serving.log import route_library_logs


class _Protocol(H11Protocol):
    """Uvicorn's HTTP/1.1 in plain Python, whose refusals are problems, and which gives up connections that say nothing.

    Its twin in C drops the bodies of requests that offer another protocol, as Java's own client does with each first
    one.
    """

    seconds = 30

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch the connection."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch it no longer."""
        self._timer.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or not HTTP/1, in the shape of everything else that goes wrong."""
        detail = f"{msg} Send a request of HTTP/1.1."
        body = problem_json(ProblemError.from_status(HTTPStatus.BAD_REQUEST, detail))
        headers = [
            ("content-type", MEDIA_TYPE), ("content-length", str(len(body))), ("connection", "close"),
            ("x-request-id", new_id()),
        ]  # fmt: skip
        events = (
            h11.Response(status_code=HTTPStatus.BAD_REQUEST, headers=headers),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        # One timer a connection, and none a request.
        self._timer = self.loop.call_later(self.seconds, self._look, self.cycle)

    def _look(self, before: RequestResponseCycle | None) -> None:
        """Close the connection where nothing has begun on it since the last look, and nothing is under way."""
        if self.cycle is before and (before is None or before.response_complete):
            self.transport.close()
        else:
            self._watch()


class _Server(uvicorn.Server):
    """Uvicorn that goes on answering for a moment after SIGTERM.

    A client keeps its connection for the next request, which may be on its way when the connection is closed: it would
    get no answer. So each answer of that moment tells its client to open another connection, and `/health/ready` tells
    whoever balances the load to send no more. What is under way after it is finished as Uvicorn does.
    """

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, drain_seconds: int) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._drain_seconds = drain_seconds
        self._stop_at = float("inf")
        lifecycle.n_waiting = lambda: len(self.server_state.tasks)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - Uvicorn's own signature
        """Drain on SIGTERM; when asked again or from the keyboard, stop at once but in order; then break off."""
        if sig == signal.SIGTERM and self._stop_at == float("inf"):
            self._lifecycle.draining = True
            self._stop_at = time.monotonic() + self._drain_seconds
        else:
            self.force_exit = self.should_exit
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Uvicorn asks every tenth of a second whether to stop."""
        self.should_exit |= time.monotonic() >= self._stop_at
        return await super().on_tick(counter)


def serve(settings: Settings, service_settings: ServiceSettings, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; returns when every request under way was answered.

    Raises:
        DataError: the file of keys cannot be read.
    """
    lifecycle = Lifecycle()
    app: FastAPI = make_app(settings, service_settings, lifecycle)
    route_library_logs()
    protocol = type("Protocol", (_Protocol,), {"seconds": service_settings.seconds})
    config = uvicorn.Config(
        app, host=host, port=port, http=protocol, lifespan="on", ws="none",
        # Not uvloop: it answers no faster here, and under load it lets some connections wait many times as long.
        loop="asyncio",
        log_config=None, access_log=False, server_header=False,
        proxy_headers=bool(service_settings.proxies), forwarded_allow_ips=list(service_settings.proxies),
        # Longer than clients usually keep theirs, so that none is closed while a request is on its way.
        timeout_keep_alive=service_settings.seconds,
        # A body has so long to arrive, and its work as long again.
        timeout_graceful_shutdown=2 * service_settings.seconds + 1,
    )  # fmt: skip
    _Server(config, lifecycle, service_settings.drain_seconds).run()
