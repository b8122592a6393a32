"""Uvicorn serving the app, and stopping so that no answer is lost."""

from __future__ import annotations

import signal
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI

from data.settings import Settings
from inference.service.app import make_app
from inference.service.guard import Lifecycle
from inference.service.settings import ServiceSettings
from inference.service.telemetry import route_library_logs


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
    config = uvicorn.Config(
        app, host=host, port=port, lifespan="on", ws="none", log_config=None, access_log=False, server_header=False,
        # What is under way has its own limit of time.
        timeout_graceful_shutdown=service_settings.seconds + 1,
    )  # fmt: skip
    _Server(config, lifecycle, service_settings.drain_seconds).run()
