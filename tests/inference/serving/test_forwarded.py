"""Whose word is taken for a caller's address, scheme and host: that of trusted proxies alone."""

from __future__ import annotations

from inference.serving.asgi import ASGIApp, Message, Receive, Scope, Send, values_of
from inference.serving.forwarded import Forwarded
from tests.inference.serving.conftest import run

PROXY, STRANGER = "10.0.0.1", "203.0.113.9"
HEADERS = (
    (b"host", b"inside:8000"),
    (b"x-forwarded-host", b"scores.example.com"),
    (b"x-forwarded-for", b"198.51.100.7, 10.0.0.2"),
    (b"x-forwarded-proto", b"https"),
    (b"x-user", b"anna"),
)


def reached(sender: str, headers: tuple[tuple[bytes, bytes], ...] = HEADERS) -> Scope:
    """The request as the application gets it, sent by `sender`, of which it believes 10.0.0.0/8."""
    scopes: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        scopes.append(scope)

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    async def send(_: Message) -> None:
        raise AssertionError("nothing is sent")

    forwarded: ASGIApp = Forwarded(app, ["10.0.0.0/8"], believed=["x-user"])
    scope = {"type": "http", "scheme": "http", "client": (sender, 1), "headers": list(headers)}

    async def ask() -> None:
        await forwarded(scope, receive, send)

    run(ask())
    return scopes[0]


def test_a_proxy_is_believed() -> None:
    scope = reached(PROXY)
    # The last address before our own proxies.
    assert (scope["client"][0], scope["scheme"]) == ("198.51.100.7", "https")
    assert values_of(scope, b"host") == ["scores.example.com"]
    assert values_of(scope, b"x-user") == ["anna"]


def test_a_stranger_is_not_and_names_no_user() -> None:
    scope = reached(STRANGER)
    assert (scope["client"][0], scope["scheme"]) == (STRANGER, "http")
    assert values_of(scope, b"host") == ["inside:8000"]
    assert values_of(scope, b"x-user") == []


def test_without_a_host_of_its_own_the_proxy_s_request_keeps_the_first() -> None:
    assert values_of(reached(PROXY, HEADERS[:1]), b"host") == ["inside:8000"]


def test_two_hosts_stay_two_so_that_the_gate_refuses_them() -> None:
    scope = reached(PROXY, (*HEADERS, (b"x-forwarded-host", b"evil.example")))
    assert values_of(scope, b"host") == ["scores.example.com", "evil.example"]
