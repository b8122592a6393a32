"""The words of ASGI, and turning a request or a websocket away before an application sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
_POLICY = 1008


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is turned away: an HTTP status and one sentence, which holds nothing that a caller made up."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def plain_answer(refusal: Refusal) -> Answer:
    """A refusal as a line of text."""
    return Answer(refusal.status, {"content-type": "text/plain; charset=utf-8"}, f"{refusal.reason}\n".encode())


async def send_answer(answer: Answer, scope: Scope, send: Send) -> None:
    """Send `answer` to a request and end the connection; a websocket is not accepted, which Uvicorn answers with 403.

    It could have the whole answer, too, but Uvicorn takes that for a fault of the application and logs one each time.
    """
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY})
        return
    told = {**answer.headers, "content-length": str(len(answer.body)), "connection": "close"}
    headers = [(name.encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope.get("method") == "HEAD" else answer.body})


def values_of(scope: Scope, name: bytes) -> list[str]:
    """Each value of the header `name` (in small letters) that a request came with."""
    return [value.decode("latin-1") for each, value in scope["headers"] if each == name]
