"""What is read without h11 means what h11 reads, and is answered with the same bytes."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.h11_impl import H11Protocol

from inference.serving.connection import Connection
from inference.serving.plain import read_plain
from inference.serving.server import Server, configure
from scripts.benchmarks.server import free_port
from tests.extent import at_length
from tests.inference.serving.conftest import run

PLAIN = b"POST /echo?a=%20b HTTP/1.1\r\nHost: localhost\r\nX-A:  b \t\r\nContent-Length: 5\r\n\r\nhello"
ODD = {
    "chunked": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "both lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "list of lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na",
    "signed length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
    "upgrade": b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\na",
    "expects": b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
    "closes": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\nX: a\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "old": b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
    "folded": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "space before colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "bare newline": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare return": b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
    "zero byte": b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
    "beyond ASCII": b"GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n",
    "whole address": b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "half a head": b"GET / HTTP/1.1\r\nHost: a\r\n",
    "other method": b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
}
NAMES = ("Host", "Content-Length", "X-Plain", "x!#$%&'*+.^_`|~-", "Connection", "Transfer-Encoding", "Authorization")
VALUES = ("a", "", "5", "05", " 7 ", "keep-alive", "Keep-Alive", "chunked", "a:b", "\ta b\t", "é", "a\x0bb", "close")


def read_by_h11(data: bytes) -> tuple[h11.Request, bytes]:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    request = connection.next_event()
    assert isinstance(request, h11.Request)
    body = b""
    while isinstance(event := connection.next_event(), h11.Data):
        body += event.data
    return request, body


@settings(max_examples=at_length(100, 3_000))
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "get"]),
    target=st.sampled_from(["/", "/a?b=c", "/%41", "*", "/a b", "//", "/#"]),
    lines=st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES), st.sampled_from(["\r\n", "\r\n", "\n", "\r\n "]))
    ),
    end=st.sampled_from(["\r\n", "\n", ""]),
)
@example(method="POST", target="/", lines=[("Host", "a", "\r\n"), ("Content-Length", "5", "\r\n")], end="\r\n")
def test_what_is_plain_is_what_h11_reads(method: str, target: str, lines: list[tuple[str, str, str]], end: str) -> None:
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}{last}" for name, value, last in lines) + end
    data = head.encode("latin-1") + b"hello, next"
    found = read_plain(data)
    if found is None:
        return
    request, body = read_by_h11(data)
    assert (found.method.encode(), found.target) == (request.method, request.target)
    assert found.headers == [(name.lower(), value) for name, value in request.headers]
    assert body == data[found.body_at :][: found.length]
    assert request.http_version == b"1.1"


def test_a_plain_request_is_read() -> None:
    found = read_plain(PLAIN)
    assert found is not None
    assert (found.method, found.target, found.length) == ("POST", b"/echo?a=%20b", 5)
    assert found.headers == [(b"host", b"localhost"), (b"x-a", b"b"), (b"content-length", b"5")]
    assert PLAIN[found.body_at :] == b"hello"


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_what_is_out_of_the_ordinary_is_left_to_h11(data: bytes) -> None:
    assert read_plain(data) is None


def test_a_head_longer_than_any_client_sends_is_left_to_h11() -> None:
    assert read_plain(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000 + b"\r\n\r\n") is None


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Says what it was asked; how it answers, the path says."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    path, body, more = scope["path"], b"", scope["path"] != "/unread"
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    told = {name: scope[name] for name in ("method", "path", "raw_path", "query_string", "http_version", "headers")}
    text = repr((told, body)).encode()
    headers = [(b"content-type", b"text/plain")]
    if path == "/breaks":
        headers.append((b"x-a", b"b\r\nX-Injected: c"))
    if path == "/closes":
        headers.append((b"Connection", b"close"))
    status = 204 if path == "/nothing" else 200
    if path == "/chunks":
        headers.append((b"Transfer-Encoding", b"chunked"))
    elif path not in ("/streams", "/nothing"):
        headers.append((b"Content-Length", str(len(text) + (path == "/short")).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if path == "/fails":
        raise ValueError("after it had begun")
    if path == "/streams":
        await send({"type": "http.response.body", "body": text[:9], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        text = text[9:]
    await send({"type": "http.response.body", "body": b"" if path == "/nothing" else text})


class ByH11(Connection):
    """As it was without the plain form."""

    data_received = H11Protocol.data_received


async def answers(connection: type[Connection], parts: list[bytes], n_answers: int) -> bytes:
    """All that a new connection is sent once `parts` have been, each after a moment; it is closed after `n_answers`."""
    port = free_port()
    server = Server(configure(application, "127.0.0.1", port, connection=connection))
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.005)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.01)
    came = b""
    async with asyncio.timeout(20):
        while came.count(b"HTTP/1.1 ") < n_answers or not came.endswith((b"\n", b")")):
            more = await reader.read(1 << 20)
            if not more:
                came += b"<closed>"
                break
            came += more
    writer.close()
    server.should_exit = True
    await task
    return re.sub(rb"date: [^\r]*\r\n", b"", came)


def post(path: str, body: bytes = b"hello") -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (path.encode(), len(body), body)


LONG = b"x" * 300_000
CASES: dict[str, tuple[list[bytes], int]] = {
    "one": ([PLAIN], 1),
    "get": ([b"GET /a%2Fb HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"], 1),
    "body in pieces": ([PLAIN[:-4], PLAIN[-4:-2], PLAIN[-2:]], 1),
    "head in pieces": ([PLAIN[:20], PLAIN[20:]], 1),
    "long body": ([post("/", LONG)], 1),
    "one behind another": ([PLAIN + post("/streams") + PLAIN], 3),
    "an odd one behind": ([PLAIN + ODD["closes"]], 2),
    "a plain one behind an odd one": ([ODD["chunked"] + PLAIN], 2),
    "half of one behind": ([PLAIN + PLAIN[:30], PLAIN[30:]], 2),
    "streams": ([post("/streams")], 1),
    "chunks": ([post("/chunks")], 1),
    "nothing": ([post("/nothing"), PLAIN], 2),
    "closes": ([post("/closes") + PLAIN], 1),
    "body left unread": ([post("/unread", LONG)[:1000], post("/unread", LONG)[1000:] + PLAIN], 2),
}


@pytest.mark.parametrize(("parts", "n_answers"), CASES.values(), ids=CASES)
def test_answers_are_h11s_byte_for_byte(parts: list[bytes], n_answers: int) -> None:
    with_h11, plain = run(answers(ByH11, parts, n_answers)), run(answers(Connection, parts, n_answers))
    assert plain == with_h11
    assert plain.count(b"HTTP/1.1 ") == n_answers


@pytest.mark.parametrize("path", ["/breaks", "/short", "/fails"])
def test_an_answer_that_is_wrong_is_not_sent_as_if_it_were_right(path: str) -> None:
    came = run(answers(Connection, [post(path)], 2))
    assert b"X-Injected" not in came
    assert came.endswith(b"<closed>")
    assert not came.startswith(b"HTTP/1.1 200") or path == "/short"


def test_what_is_broken_behind_a_plain_request_is_refused() -> None:
    came = run(answers(Connection, [PLAIN + ODD["two lengths"]], 3))
    assert came.startswith(b"HTTP/1.1 200")
    assert came.count(b"HTTP/1.1 400") == 1
    assert came.endswith(b"<closed>")
