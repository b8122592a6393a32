"""The dashboard under hostile requests, frames and links: never a fault of its own, never a wrong figure."""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from urllib.parse import quote, urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import WebSocketException

from dashboard.visit import parameters
from data.home_credit import embedded
from data.settings import Settings
from scripts._measure import held_mb
from scripts._visitor import visiting
from scripts.benchmarks.server import HEALTH, Server, dashboard_command, free_port, serving
from tests.hostile.service_fuzz import CONTROL_EACH, Outcome, bodies_of, judge
from tests.hostile.shapes import Maker, ask
from tests.hostile.texts import mutated

# Streamlit's own, and what a proxy or Uvicorn says; 206 and 416 answer a Range, 403 a foreign host or origin.
DOCUMENTED = frozenset(
    {
        100,
        101,
        200,
        204,
        206,
        301,
        302,
        303,
        304,
        307,
        308,
        400,
        401,
        403,
        404,
        405,
        408,
        411,
        413,
        414,
        415,
        416,
        421,
        422,
        426,
        429,
        431,
        503,
    }
)
# What a visitor could read of the machine if a path led out of the served folder.
_FOREIGN = (b"root:x:0", b"[build-system]", b"[server]\naddress")
_ORDERS = (
    "clear_cache",
    "stop_script",
    "load_git_info",
    "set_run_on_save",
    "app_heartbeat",
    "debug_disconnect_websocket",
    "debug_shutdown_runtime",
)
_PAGES = (
    "",
    "discrimination",
    "calibration",
    "cutoff",
    "segments",
    "stability",
    "explanation",
    "applications",
    "applicant",
    "score-file",
    "model-card",
    "no-such-page",
)


def links(seed: int) -> Iterator[str]:
    """Query strings without end: every parameter, filters, cohorts and scenarios, with hostile names and values."""
    source = random.Random(seed)
    texts = mutated(source)
    names = [*parameters.DECLARED, *(f"f.{name}" for name in embedded.BY_NAME), "f.", "c.", "s.", "c.x", "s.x"]
    numbers = (
        "nan",
        "inf",
        "-1",
        "1e999",
        "0x1",
        "..",
        "1..",
        "..-1",
        "2..1",
        "~missing",
        "new",
        "9" * 400,
        "",
        "~rest",
    )
    while True:
        pairs = []
        for _ in range(source.choice((1, 3, 8, 8, 200))):
            name = source.choice(
                (source.choice(names), next(texts)[:80], f"c.{next(texts)[:80]}", f"s.{next(texts)[:80]}")
            )
            value = source.choice(
                (
                    source.choice(numbers),
                    next(texts)[:400],
                    urlencode({"applicant": next(texts)[:60]}),
                    f"applicant=new&{source.choice(names)}={quote(next(texts)[:60])}",
                )
            )
            pairs.append((name, value))
        query = urlencode(pairs, errors="replace")
        yield source.choice((query, query, query.replace("%", "%25", 5), query.replace("=", "", 2), next(texts)[:500]))


def frames(seed: int) -> Iterator[bytes | str]:
    """Websocket frames without end: messages with hostile fields, damaged messages, noise, text, and large ones."""
    source, queries = random.Random(seed), links(seed)
    texts = mutated(source)
    while True:
        told = BackMsg()
        rerun = told.rerun_script
        rerun.query_string = next(queries)
        rerun.page_name = source.choice((*_PAGES, next(texts)[:60])).encode("utf-8", "replace").decode()
        rerun.page_script_hash = source.choice(("", "0" * 32, next(texts)[:40])).encode("utf-8", "replace").decode()
        for _ in range(source.choice((0, 1, 5))):
            state = rerun.widget_states.widgets.add()
            state.id = (
                source.choice(("widget.cutoff", "$$ID-x-None", next(texts)[:60])).encode("utf-8", "replace").decode()
            )
            value = source.choice((1, "x", b"\xff", True))
            if isinstance(value, bool):
                state.trigger_value = value
            elif isinstance(value, int):
                state.int_value = source.choice((0, -1, 1 << 62))
            elif isinstance(value, str):
                state.string_value = next(texts)[:2_000].encode("utf-8", "replace").decode()
            else:
                state.bytes_value = source.randbytes(50)
        whole = told.SerializeToString()
        other = BackMsg()
        setattr(other, source.choice(_ORDERS), True)
        at = source.randrange(len(whole) + 1)
        yield source.choice(
            (
                whole,
                whole,
                whole[:at],
                whole[:at] + source.randbytes(4) + whole[at:],
                whole + whole,
                other.SerializeToString(),
                source.randbytes(200),
                b"",
                next(texts)[:300].encode("utf-8", "replace").decode(),
                b"\x0a" * 100_000,
            )
        )


class Figures:
    """What the first page shows of the portfolio, as a quiet server showed it before: the same ever after."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._wanted = self._seen()
        assert self._wanted[0]["ROC AUC"]
        assert not self._wanted[1]

    def _seen(self) -> tuple[dict[str, str], list[str]]:
        with visiting(self._address) as visitor:
            screen = visitor.run("", {"cutoff": "9.09"})
        return screen.metrics, screen.exceptions

    def check(self, outcome: Outcome) -> None:
        """Look once more."""
        outcome.controls += 1
        try:
            seen = self._seen()
        except (OSError, WebSocketException) as error:
            outcome.problems.append(f"control: {type(error).__name__}: {str(error)[:300]}")
            return
        if seen != self._wanted:
            outcome.problems.append(f"control: {seen}, expected {self._wanted}")


def fuzz(server: Server, settings: Settings, *, requests: int, seed: int, say: Callable[[str], None]) -> Outcome:
    """Send `requests` to a running dashboard: half over HTTP, a third as frames, the rest as links that it renders."""
    figures = Figures(server.address)
    outcome = Outcome(memory_mb={"before": held_mb(server.process.pid)})
    http, socketed = requests // 2, requests // 3
    for at, shape in enumerate(islice(Maker(seed, bodies_of(settings)), http)):
        try:
            answer = ask(server.port, shape)
        except OSError as error:
            outcome.problems.append(f"{shape.kind}: {type(error).__name__} {error} to {shape.content[:200]!r}")
            continue
        judge(outcome, shape.kind, answer, DOCUMENTED)
        outcome.problems += [f"{shape.kind}: {text!r} is given out" for text in _FOREIGN if text in answer]
        if at % CONTROL_EACH == CONTROL_EACH - 1:
            figures.check(outcome)
            say(f"dashboard {at + 1:,}/{requests:,}, {len(outcome.problems)} problems")
    _send_frames(server, outcome, islice(frames(seed), socketed))
    figures.check(outcome)
    _follow_links(server, outcome, islice(links(seed), requests - http - socketed))
    figures.check(outcome)
    outcome.close(server)
    return outcome


def _send_frames(server: Server, outcome: Outcome, sent: Iterator[bytes | str]) -> None:
    """Ten frames a connection, without waiting for what comes back; the last one is hung up on."""
    while batch := list(islice(sent, 10)):
        outcome.requests += len(batch)
        outcome.answers["frame"] += len(batch)
        # What was sent before may have ended the connection; the frames left are then sent to nobody.
        with suppress(WebSocketException, OSError), visiting(server.address) as visitor:
            for frame in batch:
                visitor.send(frame)


def _follow_links(server: Server, outcome: Outcome, queries: Iterator[str]) -> None:
    """Each as a visit of its own, on the pages in turn; a link may be ignored, but never be a fault."""
    for at, query in enumerate(queries):
        outcome.requests += 1
        outcome.answers["link"] += 1
        try:
            with visiting(server.address) as visitor:
                screen = visitor.run(_PAGES[at % len(_PAGES)], query)
        except (OSError, WebSocketException) as error:
            outcome.problems.append(f"link {query[:300]}: {type(error).__name__}: {str(error)[:200]}")
            continue
        outcome.problems += [f"link {query[:300]}: {told}" for told in screen.exceptions]


def foreign(port: int) -> list[str]:
    """What of a foreign Host and a foreign Origin is let in, as sentences; empty where both are turned away."""
    page = b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    key = b"Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    stream = (
        b"GET /_stcore/stream HTTP/1.1\r\nHost: localhost:%d\r\nOrigin: %b\r\nConnection: Upgrade\r\n" + key + b"\r\n"
    )
    asked = {
        "Host evil.example": page,
        "Origin http://evil.example": stream % (port, b"http://evil.example"),
        "Origin null": stream % (port, b"null"),
        "Origin of another port": stream % (port, b"http://localhost:1"),
    }
    let_in = []
    for name, content in asked.items():
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(content)
            head = connection.recv(200)
        if re.match(rb"HTTP/1.1 (101|200)", head):
            let_in.append(f"{name}: {head[:12].decode()}")
    return let_in


def run(settings: Settings, folder: Path, *, requests: int, seed: int, say: Callable[[str], None]) -> Outcome:
    """Start a dashboard, attack it, and end it."""
    port = free_port()
    with serving(dashboard_command(port), port, HEALTH, folder / "dashboard.log") as server:
        return fuzz(server, settings, requests=requests, seed=seed, say=say)
