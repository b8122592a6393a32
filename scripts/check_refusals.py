"""Ask both servers as foreign pages would, where no name resolves, and print what came back and how long others waited.

Runs in a network namespace of its own (Linux, `unshare`), in which the name server takes questions and never answers.
The output is one JSON object.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from scripts._cli import run
from scripts._visitor import visiting
from scripts.benchmarks.server import HEALTH, dashboard_command, free_port, service_command, serving
from scripts.offline.seclusion import ask_names_at, raise_loopback

N = 50
_PATIENCE_S = 60.0
_INSIDE = "--inside"
_NAME_SERVER = "127.0.0.53"
_PROBE_S = 0.02
_ORIGINS = ("https://evil{}.example", "http://localhost:{}", "http://127.0.0.1:{}", "https://localhost.evil{}.example")
_HOSTS = ("evil{}.example", "user@evil{}.example", "evil{}.example:8501", "127.0.0.1.evil{}.example", "a,b{}")


def main() -> None:
    """Enter a namespace, start both servers in it, and ask."""
    if _INSIDE not in sys.argv:
        command = [sys.executable, *sys.orig_argv[1:], _INSIDE]
        os.execvp("unshare", ["unshare", "--map-root-user", "--net", "--mount", *command])  # noqa: S606, S607
    raise_loopback()
    with _silent_name_server() as names_asked, ExitStack() as stack:
        dashboard, service = free_port(), free_port()
        servers = (
            stack.enter_context(serving(dashboard_command(dashboard), dashboard)),
            stack.enter_context(serving(service_command(service), service, "/health/live")),
        )
        own = servers[0].address
        is_shown = _is_shown(own)
        with ThreadPoolExecutor(N) as pool, _probing(dashboard) as waits:
            answers = {
                "dashboard websockets, foreign origins": _ask(pool, dashboard, _websocket, _named("Origin", _ORIGINS)),
                "dashboard uploads, foreign origins": _ask(pool, dashboard, _upload, _named("Origin", _ORIGINS)),
                "dashboard pages, foreign hosts": _ask(pool, dashboard, _page, _named("Host", _HOSTS)),
                "service scores, foreign origins": _ask(pool, service, _score, _named("Origin", _ORIGINS)),
                "service pages, foreign hosts": _ask(pool, service, _page, _named("Host", _HOSTS)),
            }
        document = {
            "own_session_runs": is_shown and _is_shown(own),
            "answers": answers,
            "names_asked_for": names_asked(),
            "health_probes": len(waits),
            "health_slowest_ms": round(1e3 * max(waits), 1),
        }
        print(*(server.log.read_text() for server in servers), sep="", file=sys.stderr)
    print(json.dumps(document, indent=2))


def _is_shown(address: str) -> bool:
    with visiting(address) as visitor:
        return visitor.run().shows("Approval rate")


def _named(header: str, patterns: Sequence[str]) -> list[tuple[str, str]]:
    return [(header, patterns[n % len(patterns)].format(3000 + n)) for n in range(N)]


def _page(host: str, _: str) -> str:
    return f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"


def _websocket(host: str, origin: str) -> str:
    return (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2NvcmVyb29tLXNlc3Npbw==\r\n\r\n"
    )


def _upload(host: str, origin: str) -> str:
    return f"PUT /_stcore/upload_file/a/b HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Length: 9\r\n\r\n"


def _score(host: str, origin: str) -> str:
    return (
        f"POST /v1/score HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Type: application/json\r\n"
        "Content-Length: 9\r\n\r\n"
    )


def _ask(
    pool: ThreadPoolExecutor, port: int, worded: Callable[[str, str], str], named: Sequence[tuple[str, str]]
) -> dict[str, int]:
    """Send all requests at once; how many were answered with which status."""

    def ask(header: tuple[str, str]) -> str:
        name, value = header
        host, origin = (value, "") if name == "Host" else (f"localhost:{port}", value)
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as connection:
            connection.sendall(worded(host, origin).encode())
            return connection.recv(64).decode("latin-1").partition(" ")[2][:3]

    return dict(sorted(Counter(pool.map(ask, named)).items()))


@contextmanager
def _probing(port: int) -> Iterator[list[float]]:
    """The seconds that the dashboard's health took, asked again and again meanwhile."""
    waits: list[float] = []
    is_over = False

    def probe() -> None:
        while not is_over:
            started = time.perf_counter()
            urllib.request.urlopen(f"http://127.0.0.1:{port}{HEALTH}", timeout=_PATIENCE_S).close()
            waits.append(time.perf_counter() - started)
            time.sleep(_PROBE_S)

    with ThreadPoolExecutor(1) as pool:
        probing = pool.submit(probe)
        try:
            yield waits
        finally:
            is_over = True
        probing.result()


@contextmanager
def _silent_name_server() -> Iterator[Callable[[], list[str]]]:
    """A name server in this namespace that never answers; yields a function that lists the names it was asked for."""
    ask_names_at(_NAME_SERVER)
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind((_NAME_SERVER, 53))
        server.setblocking(False)

        def names() -> list[str]:
            asked = []
            while True:
                try:
                    asked.append(_name_asked(server.recv(512)))
                except BlockingIOError:
                    return asked

        yield names


def _name_asked(question: bytes) -> str:
    """The name that a packet of DNS asks for: after its header of 12 bytes, parts with their lengths before them."""
    parts, place = [], 12
    while question[place]:
        parts.append(question[place + 1 : place + 1 + question[place]].decode("latin-1"))
        place += 1 + question[place]
    return ".".join(parts)


if __name__ == "__main__":
    run(main)
