"""Refusals as ASGI messages: of requests, of HEAD and of websockets."""

from __future__ import annotations

import pytest

from inference.serving.asgi import Message, Refusal, Scope, plain_answer, send_answer, values_of
from tests.inference.serving.conftest import run

REFUSAL = Refusal(403, "No ö here.")


def sent_for(scope: Scope) -> list[Message]:
    """What `REFUSAL` makes an application send."""
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    run(send_answer(plain_answer(REFUSAL), scope, send))
    return messages


@pytest.mark.parametrize(("method", "body"), [("GET", "No ö here.\n".encode()), ("HEAD", b"")])
def test_a_refusal_has_its_length_in_bytes_and_closes_the_connection(method: str, body: bytes) -> None:
    start, rest = sent_for({"type": "http", "method": method})
    assert (start["type"], start["status"]) == ("http.response.start", 403)
    assert dict(start["headers"]) == {
        b"content-type": b"text/plain; charset=utf-8",
        # Nine letters, one of them of two bytes, a dot and the end of the line: of a HEAD, too.
        b"content-length": b"12",
        b"connection": b"close",
    }
    assert rest == {"type": "http.response.body", "body": body}


def test_a_websocket_is_closed_as_against_the_policy() -> None:
    assert sent_for({"type": "websocket"}) == [{"type": "websocket.close", "code": 1008}]


def test_all_values_of_a_header_are_read() -> None:
    scope = {"headers": [(b"host", b"a"), (b"cookie", b"b"), (b"host", b"\xfc")]}
    assert values_of(scope, b"host") == ["a", "ü"]
    assert values_of(scope, b"origin") == []
