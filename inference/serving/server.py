"""Uvicorn as both servers run it."""

from __future__ import annotations

import signal
import socket
import ssl
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from inference.serving.connection import Connection


class Server(uvicorn.Server):
    """Uvicorn that may go on answering for a moment after SIGTERM, and then ends with code 0.

    `on_listening` is called once connections are taken, `on_drain` when that moment begins. With `drain_seconds` of 0,
    SIGTERM stops at once but in order, as the keyboard does. What is under way is finished as Uvicorn does.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        drain_seconds: int = 0,
        on_listening: Callable[[], None] = lambda: None,
        on_drain: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self._on_listening = on_listening
        self._drain_seconds = drain_seconds
        self._on_drain = on_drain
        self._stop_at = float("inf")

    @property
    def is_draining(self) -> bool:
        """Whether it was asked to end."""
        return self._stop_at < float("inf") or self.should_exit

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._on_listening()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - Uvicorn's own signature
        """Drain on SIGTERM; when asked again or from the keyboard, stop at once but in order; then break off."""
        if sig == signal.SIGTERM and self._stop_at == float("inf"):
            self._on_drain()
            self._stop_at = time.monotonic() + self._drain_seconds
        else:
            self.force_exit = self.should_exit
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Uvicorn asks every tenth of a second whether to stop."""
        self.should_exit |= time.monotonic() >= self._stop_at
        return await super().on_tick(counter)


def configure(
    app: Any,
    host: str,
    port: int,
    tls: ssl.SSLContext | None = None,
    *,
    connection: type[Connection] = Connection,
    **options: Any,
) -> uvicorn.Config:
    """Uvicorn's configuration of `app`, over plain HTTP without `tls`; `options` are Uvicorn's own and win."""
    common: dict[str, Any] = {
        "http": connection,
        "lifespan": "on",
        # Not uvloop: it answers no faster here, and under load it lets some connections wait many times as long.
        "loop": "asyncio",
        "log_config": None,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        # inference/serving/forwarded.py reads them.
        "proxy_headers": False,
        "ssl_context_factory": None if tls is None else lambda _config, _default: tls,
        # Longer than clients usually keep theirs, so that none is closed while a request is on its way.
        "timeout_keep_alive": connection.seconds,
    }
    return uvicorn.Config(app, host=host, port=port, **common | options)
