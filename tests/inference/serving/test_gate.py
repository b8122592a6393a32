"""Who may ask: hosts and origins as requests and websockets name them, without a server."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from inference.serving.asgi import Message, Receive, Scope, Send
from inference.serving.authority import Authority
from inference.serving.gate import Gate, known_hosts

Headers = Sequence[tuple[str, str]]


class Asked:
    """An application behind the gate that remembers whether it was reached, and what was sent instead."""

    def __init__(self) -> None:
        named = (Authority("scores.example.com", None), Authority("other.example.com", 8443))
        self._gate = Gate(self._app, hosts=known_hosts("10.1.2.3", named), origins=["https://portal.example.com"])
        self.reached = False
        self.sent: list[Message] = []

    async def _app(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self.reached = True

    def status(self, kind: str, headers: Headers, *, path: str = "/", scheme: str = "http", method: str = "GET") -> int:
        """200 where the application is reached, else the status that is sent; 403 for a websocket not accepted."""

        async def send(message: Message) -> None:
            self.sent.append(message)

        async def receive() -> Message:
            raise AssertionError("nothing is read of what is refused")

        scope = {
            "type": kind,
            "scheme": scheme if kind == "http" else scheme.replace("http", "ws"),
            "path": path,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
            **({"method": method} if kind == "http" else {}),
        }
        # Nothing in the gate waits for anything, so that it is done in one step.
        with pytest.raises(StopIteration):
            self._gate(scope, receive, send).send(None)
        assert self.reached == (not self.sent)
        if self.reached:
            return 200
        return int(self.sent[0]["status"]) if kind == "http" else {"websocket.close": 403}[self.sent[0]["type"]]


@pytest.fixture
def asked() -> Asked:
    return Asked()


KINDS = pytest.mark.parametrize("kind", ["http", "websocket"])


@KINDS
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8501", 200),
        ("LOCALHOST", 200),
        ("localhost.:8501", 200),
        ("127.0.0.1:9", 200),
        ("[::1]:8501", 200),
        ("[0:0::1]", 200),
        ("10.1.2.3:8501", 200),
        ("Scores.Example.com", 200),
        ("scores.example.com:443", 200),
        ("other.example.com:8443", 200),
        ("other.example.com", 421),
        ("other.example.com:8501", 421),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("evil-localhost", 421),
        ("127.0.0.1.evil.example", 421),
        ("10.1.2.4", 421),
        ("127.0.0.2", 421),
        ("127.1", 421),
        ("0.0.0.0", 421),
        ("[::]", 421),
        ("[::ffff:127.0.0.1]", 421),
        ("", 400),
        ("user@localhost", 400),
        ("localhost:8501@evil.example", 400),
        ("localhost,evil.example", 400),
        ("::1", 400),
        ("localhost:99999", 400),
        ("localhost/", 400),
    ],
)
def test_only_known_hosts_are_answered(asked: Asked, kind: str, host: str, status: int) -> None:
    assert asked.status(kind, [("host", host)]) == (status if kind == "http" or status == 200 else 403)


@pytest.mark.parametrize(("kind", "status"), [("http", 400), ("websocket", 403)])
@pytest.mark.parametrize("named", [0, 2])
def test_a_host_is_named_once(asked: Asked, kind: str, status: int, named: int) -> None:
    assert asked.status(kind, [("host", "localhost")] * named) == status


@KINDS
@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost:8501", "http://localhost:8501", 200),
        ("LOCALHOST.:8501", "http://localhost:8501", 200),
        ("[::1]:8501", "http://[::1]:8501", 200),
        ("localhost", "http://localhost", 200),
        ("localhost:80", "http://localhost", 200),
        ("scores.example.com", "https://scores.example.com", 200),
        ("localhost:8501", "https://portal.example.com", 200),
        ("localhost:8501", "https://portal.example.com:443", 200),
        ("localhost:8501", "http://localhost:3000", 403),
        ("localhost:8501", "http://localhost", 403),
        ("localhost", "http://localhost:8501", 403),
        ("localhost:8501", "http://127.0.0.1:8501", 403),
        ("127.0.0.1:8501", "http://localhost:8501", 403),
        ("scores.example.com", "https://scores.example.com:8443", 403),
        ("localhost:8501", "http://portal.example.com", 403),
        ("localhost:8501", "https://portal.example.com.evil.example", 403),
        ("localhost:8501", "https://evil.example", 403),
        ("localhost:8501", "null", 403),
        ("localhost:8501", "", 403),
        ("localhost:8501", "http://localhost:8501/", 403),
        ("localhost:8501", "http://evil.example@localhost:8501", 403),
        ("localhost:8501", "http://localhost:8501 https://evil.example", 403),
    ],
)
def test_only_own_and_listed_origins_may_ask(asked: Asked, kind: str, host: str, origin: str, status: int) -> None:
    assert asked.status(kind, [("host", host), ("origin", origin)]) == status


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_foreign_origins_are_refused_for_every_method(asked: Asked, method: str) -> None:
    assert asked.status("http", [("host", "localhost"), ("origin", "https://evil.example")], method=method) == 403


def test_two_origins_are_none(asked: Asked) -> None:
    headers = [("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://localhost")]
    assert asked.status("http", headers) == 403


@pytest.mark.parametrize(("scheme", "status"), [("http", 200), ("https", 403)])
def test_a_plain_page_may_not_call_what_is_served_over_tls(asked: Asked, scheme: str, status: int) -> None:
    headers = [("host", "scores.example.com"), ("origin", "http://scores.example.com")]
    assert asked.status("http", headers, scheme=scheme) == status


def test_an_address_with_a_host_in_it_is_refused(asked: Asked) -> None:
    assert asked.status("http", [("host", "localhost")], path="http://evil.example/") == 400


def test_a_refusal_is_one_sentence_that_quotes_only_names_of_hosts(asked: Asked) -> None:
    asked.status("http", [("host", "evil.example:81")])
    start, body = asked.sent
    assert dict(start["headers"])[b"content-type"] == b"text/plain; charset=utf-8"
    assert dict(start["headers"])[b"connection"] == b"close"
    said = "This server does not answer to the name evil.example:81; SCOREROOM_HOSTS lists those that it answers to.\n"
    assert body["body"].decode() == said


def test_a_wildcard_address_is_no_name() -> None:
    assert [str(host) for host in known_hosts("0.0.0.0", ())] == ["localhost", "127.0.0.1", "[::1]"]
    assert [str(host) for host in known_hosts("::", ())] == ["localhost", "127.0.0.1", "[::1]"]
    assert str(known_hosts("fe80::1", ())[-1]) == "[fe80::1]"
