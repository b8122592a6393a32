"""How a server begins to listen and stops: its callbacks, the moment it drains, and being asked again."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import httpx

from inference.serving.server import Server, configure
from scripts.benchmarks.server import free_port
from tests.inference.serving.conftest import run


async def app(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})


def test_it_drains_for_a_moment_and_then_stops() -> None:
    port, order = free_port(), list[str]()
    answers = list[httpx.Response]()

    async def serve() -> None:
        listening = asyncio.Event()

        def begin() -> None:
            order.append("listening")
            listening.set()

        server = Server(
            configure(app, "127.0.0.1", port, lifespan="off"),
            drain_seconds=1,
            on_listening=begin,
            on_drain=lambda: order.append("draining"),
        )
        # `serve` itself would take this process's signals.
        serving = asyncio.create_task(server._serve())
        await asyncio.wait_for(listening.wait(), 30)
        server.handle_exit(signal.SIGTERM, None)
        async with httpx.AsyncClient(trust_env=False) as client:
            answers.append(await client.get(f"http://127.0.0.1:{port}/"))
        assert not server.should_exit
        await asyncio.wait_for(serving, 30)
        order.append("stopped")

    run(serve())
    assert order == ["listening", "draining", "stopped"]
    assert [answer.text for answer in answers] == ["here"]
    # Who it is made with is nobody's business.
    assert "server" not in answers[0].headers


def test_asked_again_it_stops_at_once_and_then_breaks_off() -> None:
    server = Server(configure(app, "127.0.0.1", 0), drain_seconds=600)
    steps = []
    for _ in range(3):
        server.handle_exit(signal.SIGTERM, None)
        steps.append((server.should_exit, server.force_exit))
    assert steps == [(False, False), (True, False), (True, True)]


def test_the_keyboard_waits_for_no_drain() -> None:
    server = Server(configure(app, "127.0.0.1", 0), drain_seconds=600)
    server.handle_exit(signal.SIGINT, None)
    assert (server.should_exit, server.force_exit) == (True, False)


def test_options_win_over_ours() -> None:
    assert configure(app, "127.0.0.1", 0).lifespan == "on"
    assert configure(app, "127.0.0.1", 0, lifespan="off").lifespan == "off"
