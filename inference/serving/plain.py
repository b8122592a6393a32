"""Requests in the plain form that almost every client sends, read and answered without h11; h11 reads all others.

h11 spends most of its time on checks one header at a time. What is read here is a part
of what h11 accepts, and means the same there: `read_plain` returns None wherever anything is out of the ordinary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, RequestResponseCycle

from inference.serving.asgi import Message

# No body in other methods, no other versions, no address but a path, nothing beyond ASCII, no lines that go on.
_HEAD = re.compile(
    rb"(GET|POST) (/[!-~]*) HTTP/1\.1\r\n"
    rb"((?:[0-9A-Za-z!#$%&'*+.^_`|~-]+:[\t -~]*\r\n)+)\r\n"
)
# Far below what h11 takes.
_LONGEST_HEAD = 16_384
# They change how a body is read, or ask for more than an answer.
_ODD = frozenset({b"transfer-encoding", b"upgrade", b"expect"})
_MOST_DIGITS = 15
_FRAMING = frozenset({b"connection", b"content-length", b"transfer-encoding"})
_BODILESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """The head of a request: `headers` with names in small letters, its body's `length`, and where that begins."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    length: int
    body_at: int


def read_plain(data: bytes) -> PlainRequest | None:
    """The request at whose first byte `data` begins, None where its head is not all there or not plain."""
    found = _HEAD.match(data, 0, _LONGEST_HEAD)
    if found is None:
        return None
    method, target, lines = found.groups()
    headers, hosts, length = [], 0, None
    for line in lines.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            if length is not None or not value.isdigit() or len(value) > _MOST_DIGITS:
                return None
            length = int(value)
        elif name in _ODD or (name == b"connection" and value.lower() != b"keep-alive"):
            return None
        headers.append((name, value))
    return PlainRequest(method.decode(), target, headers, length or 0, found.end()) if hosts == 1 else None


class PlainCycle(RequestResponseCycle):
    """Uvicorn's exchange of one request for one answer, which is written as it is; a short one in one piece."""

    _head = b""
    _left: int | None = None
    _is_bodiless = _closes = False

    async def send(self, message: Any) -> None:
        """Take a part of the answer.

        Raises:
            RuntimeError: it is out of turn, its headers break a line, or its body is not as long as it was said to be.
        """
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        kind = "http.response.body" if self.response_started else "http.response.start"
        if self.response_complete or message["type"] != kind:
            raise RuntimeError(f"{message['type']} is out of turn.")
        if self.response_started:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
        else:
            # Written with the first of the body, so that it is one packet, and wakes its reader once.
            self._head, self.response_started = self._worded(message), True

    def _worded(self, message: Message) -> bytes:
        status, headers = message["status"], [*self.default_headers, *message.get("headers", ())]
        self._is_bodiless = status in _BODILESS
        framing = {name.lower(): value for name, value in headers if name.lower() in _FRAMING}
        self._closes = framing.get(b"connection", b"").lower() == b"close"
        if b"content-length" in framing:
            self._left = int(framing[b"content-length"])
        elif b"transfer-encoding" not in framing and not self._is_bodiless:
            headers.append((b"Transfer-Encoding", b"chunked"))
        lines = [b"HTTP/1.1 %d %b\r\n" % (status, STATUS_PHRASES[status])]
        lines += [b"%b: %b\r\n" % header for header in headers]
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            raise RuntimeError("A header of the answer breaks its line.")
        return head + b"\r\n"

    def _send_body(self, body: bytes, *, more: bool) -> None:
        head, self._head = self._head, b""
        if self._is_bodiless:
            body = b""
        elif self._left is None:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        else:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                # Its reader waits for the rest, or would take what is too much for the next answer.
                self.transport.close()
                raise RuntimeError("The answer is not as long as its Content-Length.")
        self.transport.write(head + body)
        if more:
            return
        self.response_complete = True
        self.message_event.set()
        if self._closes or not self.keep_alive:
            self.transport.close()
        self.on_response()
