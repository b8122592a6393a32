"""Messages of a run go out together, in order, and a reader who is gone is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.server import bundles
from dashboard.server.bundles import Bundles

Act = Callable[[Send, list[bytes]], Awaitable[None]]


def text(words: str) -> bytes:
    message = ForwardMsg(hash=words)
    message.delta.new_element.text.body = words
    return bytes(message.SerializeToString())


def over(hash_: str = "0" * 32) -> bytes:
    """The message that a run is over; its status is the default, which is still said."""
    message = ForwardMsg(hash=hash_)
    message.script_finished = ForwardMsg.FINISHED_SUCCESSFULLY
    return bytes(message.SerializeToString())


def sent_in(act: Act, *, breaks: bool = False) -> list[bytes]:
    """What had gone out when a websocket's application, which sends by `act`, was done."""
    out: list[bytes] = []

    async def send(message: Message) -> None:
        if breaks:
            raise ConnectionResetError
        out.append(message.get("bytes", message["type"].encode()))

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await act(send, out)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    # In a thread of its own: another test may have left Playwright's loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(Bundles(app)({"type": "websocket"}, receive, send))).result()
    return out


async def put(send: Send, *messages: bytes) -> None:
    for each in messages:
        await send({"type": "websocket.send", "bytes": each})


def test_a_run_goes_out_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "LONGEST_S", 60)

    async def act(send: Send, out: list[bytes]) -> None:
        await put(send, text("a"), text("b"))
        assert out == []
        await put(send, over())
        assert out == [text("a"), text("b"), over()]
        await put(send, text("c"))
        assert len(out) == 3
        # The websocket's own messages are not overtaken.
        await send({"type": "websocket.close"})

    assert sent_in(act) == [text("a"), text("b"), over(), text("c"), b"websocket.close"]


def test_the_first_figures_of_a_long_run_are_not_held_until_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "LONGEST_S", 0.02)

    async def act(send: Send, out: list[bytes]) -> None:
        for begun in (1, 2):
            await put(send, text("a"), text("b"))
            while len(out) < 2 * begun:
                await asyncio.sleep(0.005)
        assert out == 2 * [text("a"), text("b")]

    sent_in(act)


def test_a_reader_who_is_gone_is_noticed_with_the_next_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "LONGEST_S", 0.01)

    async def act(send: Send, _: list[bytes]) -> None:
        await put(send, text("a"))
        await asyncio.sleep(0.1)
        with pytest.raises(ConnectionResetError):
            await put(send, text("b"))

    sent_in(act, breaks=True)
