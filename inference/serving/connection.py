"""One HTTP connection of either server."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle


class Connection(H11Protocol):
    """Uvicorn's HTTP/1.1 in plain Python, which gives up connections that say nothing for `seconds`.

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

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Watch it no longer: a websocket has pings of its own."""
        self._timer.cancel()
        super().handle_websocket_upgrade(event)

    def _watch(self) -> None:
        # One timer a connection, and none a request.
        self._timer = self.loop.call_later(self.seconds, self._look, self.cycle)

    def _look(self, before: RequestResponseCycle | None) -> None:
        """Close the connection where nothing has begun on it since the last look, and nothing is under way."""
        if self.cycle is before and (before is None or before.response_complete):
            self.transport.close()
        else:
            self._watch()
