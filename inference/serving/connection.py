"""One connection of either server: given up where its client says nothing, broken off where it does not read."""

from __future__ import annotations

import asyncio
import socket
import struct
from functools import partial
from urllib.parse import unquote

import h11
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from inference.serving.plain import PlainCycle, PlainRequest, read_plain

# Bytes a second that a client has to read, beside the patience for any answer.
SLOWEST = 100_000


def break_off(transport: asyncio.Transport) -> None:
    """End a connection at once, and with it what the system holds of what was not read."""
    # Without lingering, the system resets it; otherwise it would go on offering the rest for minutes.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class _Reader:
    """Breaks a connection off whose client stops for `seconds` to read what was sent to it, or reads too slowly.

    To close it would be to wait until all was read.
    """

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport = transport
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Watch from now on, when whoever is told is ready."""
        # So that the transport says at once when it holds anything back, and when it holds nothing any more. With a
        # `high` of 0 that of TLS would say so of nothing at all, too, and never be read out.
        self._transport.set_write_buffer_limits(high=1, low=0)

    def wait(self) -> None:
        """Something is held back."""
        held = self._transport.get_write_buffer_size()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look, held)

    def _look(self, before: int) -> None:
        if before - self._transport.get_write_buffer_size() < self._seconds * SLOWEST:
            break_off(self._transport)
        else:
            self.wait()

    def stop(self) -> None:
        """All was read, or nobody is there any more."""
        if self._timer is not None:
            self._timer.cancel()


class _Watched(asyncio.Protocol):
    """A protocol of Uvicorn's, which follows it among the bases, broken off where its client does not read."""

    seconds = 30

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch the connection."""
        self._reader = _Reader(transport, self.seconds)
        super().connection_made(transport)
        self._reader.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch it no longer."""
        self._reader.stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The transport holds something back."""
        super().pause_writing()
        self._reader.wait()

    def resume_writing(self) -> None:
        """The transport holds nothing back."""
        self._reader.stop()
        super().resume_writing()


class Websocket(_Watched, WebSocketsSansIOProtocol):  # type: ignore[misc]
    """Uvicorn's websocket, which is broken off where its client does not read for `seconds`."""


class Connection(_Watched, H11Protocol):
    """Uvicorn's HTTP/1.1 in plain Python, given up where its client neither says nor reads anything for `seconds`.

    Requests in their plain form are read here at once, all others by h11. What serves it finds how to break it off at
    once as `scope["state"]["abort"]`.

    Its twin in C drops the bodies of requests that offer another protocol, as Java's own client does with each first
    one.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch the connection."""
        # Of a plain request under way the bytes of its body that are still to come, and what came behind it.
        self._to_come, self._behind = 0, b""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": partial(break_off, transport)}
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch it no longer."""
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read a plain request, or more of it, or leave the bytes to h11."""
        if self._is_plain_under_way():
            self._read_more(data)
            return
        # What h11 has begun to read, it reads to the end.
        is_idle = (
            self.conn.our_state is h11.IDLE and self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
        )
        request = read_plain(data) if is_idle else None
        if request is None:
            super().data_received(data)
        else:
            self._begin(request)
            self._read_more(data[request.body_at :])

    def on_response_complete(self) -> None:
        """Make ready for the next request, which may have come already."""
        super().on_response_complete()
        self._go_on()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Watch it no longer: a websocket has pings of its own."""
        self._timer.cancel()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, unless an answer has begun; whoever is at work on one is told that nobody waits."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.refuse(msg)
        else:
            self.transport.close()

    def refuse(self, msg: str) -> None:
        """Send a 400 that says `msg`, and close."""
        super().send_400_response(msg)

    def _is_plain_under_way(self) -> bool:
        return self._to_come > 0 or (isinstance(self.cycle, PlainCycle) and not self.cycle.response_complete)

    def _begin(self, request: PlainRequest) -> None:
        """Hand a request to the application, as Uvicorn does."""
        self._unset_keepalive_if_required()
        raw_path, _, query = request.target.partition(b"?")
        path = raw_path.decode("ascii")
        self.headers = request.headers
        self.scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,  # type: ignore[typeddict-item]
            "method": request.method,
            "root_path": self.root_path,
            "path": self.root_path + (unquote(path) if "%" in path else path),
            "raw_path": self.root_path.encode("ascii") + raw_path,
            "query_string": query,
            "headers": request.headers,
            "state": self.app_state.copy(),
        }
        self.cycle = PlainCycle(
            scope=self.scope,
            conn=self.conn,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            on_response=self.on_response_complete,
        )
        self._to_come = request.length
        if not request.length:
            self.cycle.more_body = False
            self.cycle.message_event.set()
        task = self.loop.create_task(self.cycle.run_asgi(self.app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _read_more(self, data: bytes) -> None:
        """Take what has come of a plain request's body, and keep what is behind it."""
        body, behind = data[: self._to_come], data[self._to_come :]
        self._to_come -= len(body)
        if body and not self.cycle.response_complete:
            self.cycle.body += body
            self.cycle.more_body = self._to_come > 0
            self.cycle.message_event.set()
            if len(self.cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
        if behind:
            self._behind += behind
            self.flow.pause_reading()
            self._go_on()

    def _go_on(self) -> None:
        """Read what came behind a plain request, once that is read and answered."""
        if self._behind and not self._is_plain_under_way() and not self.transport.is_closing():
            behind, self._behind = self._behind, b""
            self.flow.resume_reading()
            self.data_received(behind)

    def _watch(self) -> None:
        # One timer a connection, and none a request.
        self._timer = self.loop.call_later(self.seconds, self._look, self.cycle)

    def _look(self, before: RequestResponseCycle | None) -> None:
        """Close the connection where nothing has begun on it since the last look, and nothing is under way."""
        if self.cycle is before and (before is None or before.response_complete):
            self.transport.close()
        else:
            self._watch()
