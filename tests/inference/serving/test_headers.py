"""What answers tell a browser, and the policy of the dashboard's pages against what they are made of."""

from __future__ import annotations

import pytest

from inference.serving.asgi import Message, Receive, Scope, Send
from inference.serving.headers import ResponseHeaders


def answered(*headers: tuple[bytes, bytes], scheme: str = "http") -> dict[bytes, bytes]:
    """The headers of an answer that has `headers` of its own."""
    sent: list[Message] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    middleware = ResponseHeaders(app, policy=lambda _: "default-src 'none'")
    # Nothing in it waits for anything, so that it is done in one step.
    with pytest.raises(StopIteration):
        middleware({"type": "http", "scheme": scheme, "headers": []}, receive, send).send(None)
    return dict(sent[0]["headers"])


def test_an_answer_is_neither_guessed_at_nor_framed_nor_embedded() -> None:
    told = answered((b"content-type", b"text/csv"))
    assert told[b"content-type"] == b"text/csv"
    assert told[b"x-content-type-options"] == b"nosniff"
    assert told[b"x-frame-options"] == b"SAMEORIGIN"
    assert told[b"referrer-policy"] == b"same-origin"
    assert told[b"cross-origin-resource-policy"] == b"same-origin"
    assert told[b"content-security-policy"] == b"default-src 'none'"


def test_what_an_answer_says_itself_stays() -> None:
    assert answered((b"Referrer-Policy", b"no-referrer")).get(b"referrer-policy") is None


@pytest.mark.parametrize(
    ("scheme", "cookie", "sent"),
    [
        ("http", b"a=1", b"a=1"),
        ("https", b"a=1; Path=/", b"a=1; Path=/; Secure"),
        ("https", b"a=1; Secure; Path=/", b"a=1; Secure; Path=/"),
        ("https", b"a=1; secure", b"a=1; secure"),
    ],
)
def test_a_cookie_set_over_tls_stays_there(scheme: str, cookie: bytes, sent: bytes) -> None:
    assert answered((b"set-cookie", cookie), scheme=scheme)[b"set-cookie"] == sent
