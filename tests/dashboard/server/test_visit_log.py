"""Visits in the log: each has an id that a client cannot choose, and begins and ends once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from dashboard import journal
from dashboard.server.visit_log import VisitLog

STREAM = "/_stcore/stream"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The events written so far."""
    monkeypatch.setattr(journal, "_log", None)
    path = tmp_path / "log.jsonl"
    with closing(journal.open_log("info", path)):
        yield lambda: [orjson.loads(line) for line in path.read_bytes().splitlines()]


def call(app: Any, kind: str, path: str, *headers: tuple[bytes, bytes], user_header: str = "x-user") -> None:
    scope = {"type": kind, "path": path, "method": "GET", "headers": list(headers), "client": ("192.0.2.7", 1)}

    async def nothing(*_: object) -> dict[str, Any]:
        return {}

    # In a thread of its own: another test may have left Playwright's loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(VisitLog(app, user_header)(scope, nothing, nothing))).result()


def test_a_visit_is_named_by_the_server_while_it_is_open(log: Callable[[], list[dict[str, Any]]]) -> None:
    seen: list[list[bytes]] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        seen.append([value for name, value in scope["headers"] if name == b"x-scoreroom-visit"])
        assert journal.visits[seen[-1][0].decode()].user == "ann@example.org"
        # That it is over is said even where it breaks off.
        raise ConnectionResetError

    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            call(app, "websocket", STREAM, (b"x-scoreroom-visit", b"mine"), (b"x-user", b"ann@example.org"))
    (first,), (second,) = seen
    assert len({first, second, b"mine"}) == 3
    assert journal.visits == {}
    told = [(line["event"], line["visit"], line["address"], line["user"]) for line in log()]
    assert told == [
        (event, name.decode(), "192.0.2.7", "ann@example.org")
        for name in (first, second)
        for event in ("session_start", "session_end")
    ]


def test_what_is_turned_away_is_told_by_its_kind_alone(log: Callable[[], list[dict[str, Any]]]) -> None:
    async def refuse(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 403})
        elif scope["path"] == STREAM:
            await send({"type": "websocket.http.response.start", "status": 421})
        else:
            await send({"type": "websocket.close"})

    async def answer(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    call(answer, "http", "/zulu")
    call(refuse, "http", "/_stcore/upload_file/zulu/zulu", (b"x-user", b"\xff" * 500), user_header="")
    call(refuse, "http", "/zulu")
    call(refuse, "websocket", STREAM)
    call(refuse, "websocket", "/zulu")
    lines = log()
    assert [(line["event"], line["route"], line["status"], line["user"]) for line in lines] == [
        ("refused", "upload", 403, None),
        ("refused", "page", 403, None),
        ("refused", "stream", 421, None),
        ("refused", "stream", 403, None),
    ]
    assert b"zulu" not in orjson.dumps(lines)
