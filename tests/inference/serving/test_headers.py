"""What answers tell a browser, and the policy of the dashboard's pages against what they are made of."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
import streamlit

from dashboard.server.content_policy import ContentPolicy
from data.settings import ROOT
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


def policy(*framers: str) -> dict[str, list[str]]:
    text = ContentPolicy(framers)({"headers": [(b"host", b"scores.example.com:8443")]})
    return {name: rest for name, *rest in (part.split() for part in text.split(";"))}


def test_a_page_runs_the_two_scripts_that_stand_in_it_and_no_other() -> None:
    shell = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    assert shell.count("<script>") == 1
    own = shell.partition("<script>")[2].partition("</script>")[0]
    visit = (ROOT / "dashboard" / "static" / "visit.js").read_text()
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (own, visit)]
    assert policy()["script-src"] == ["'self'", "'wasm-unsafe-eval'", *(f"'sha256-{digest}'" for digest in digests)]


def test_a_page_speaks_with_its_own_server_alone() -> None:
    told = policy()
    assert told["connect-src"] == ["'self'", "ws://scores.example.com:8443", "wss://scores.example.com:8443"]
    assert told["default-src"] == ["'self'"]
    assert told["object-src"] == told["base-uri"] == ["'none'"]


def test_only_listed_origins_may_frame_the_dashboard() -> None:
    assert policy()["frame-ancestors"] == ["'self'"]
    assert policy("https://portal.example.com")["frame-ancestors"] == ["'self'", "https://portal.example.com"]
