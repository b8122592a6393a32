"""Single applications that are right in every respect, scored without FastAPI and Pydantic.

One msgspec type, generated from the definition that is open, reads a body and checks it in the same pass. It takes less
than Pydantic's types do and never more: no category that the definition does not list, no blanks around a text. What it
refuses goes the long way, where Pydantic takes it after all or says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from data.definition.columns import Column, Kind
from data.definition.definition import Definition
from inference.serving.asgi import ASGIApp, Message, Receive, Scope, Send
from inference.serving.base_path import path_below
from inference.values import LONGEST_LEVEL, Value, is_allowed_number

Application: TypeAlias = dict[str, Value]
Read: TypeAlias = Callable[[bytes], Application | None]
# Of an application and what stands behind the question mark of its address.
AnswerDirectly: TypeAlias = Callable[[Application, bytes], bytes | None]

# Text in which nothing needs a second look: printable ASCII without blanks around it.
_TEXT = msgspec.Meta(pattern=rf"\A[!-~](?:[ -~]{{0,{LONGEST_LEVEL - 2}}}[!-~])?\Z")
_DATE = msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_INT64 = msgspec.Meta(ge=-(2**63), le=2**63 - 1)
# msgspec cannot look for a field with such a name.
_UNNAMEABLE = re.compile(r'["\\\x00-\x1f]')


def reader_of(definition: Definition) -> Read:
    """Makes the function that reads a body: the application's value of every column, or None where it may be wrong."""
    columns = [column for column in definition.columns if column.name != definition.target]
    names = tuple(column.name for column in columns)
    if any(map(_UNNAMEABLE.search, names)):
        return lambda _: None
    places = {f"c{place}": name for place, name in enumerate(names)}
    fields = [(place, _type(column) | None, None) for place, column in zip(places, columns, strict=True)]
    application = msgspec.defstruct("Application", fields, rename=places, forbid_unknown_fields=True)
    body = msgspec.defstruct("Body", [("application", application)], forbid_unknown_fields=True)
    decode, values = msgspec.json.Decoder(body).decode, msgspec.structs.astuple
    looks = [(column.name, look) for column in columns if (look := _second_look(column))]

    def read(content: bytes) -> Application | None:
        try:
            found = dict(zip(names, values(decode(content).application), strict=True))  # type: ignore[attr-defined]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return found if all(found[name] is None or look(found[name]) for name, look in looks) else None

    return read


def _type(column: Column) -> Any:
    if column.kind is Kind.DATE:
        return Annotated[str, _DATE]
    if column.kind is Kind.CATEGORY:
        # Others may be right as well, and are told of.
        return Literal[tuple(level for level in column.levels if level == level.strip())] if column.levels else None
    if not column.dtype.is_numeric():
        return Annotated[str, _TEXT]
    if column.kind is Kind.ID and column.maximum is None:
        return Annotated[int, _INT64]
    whole = 1.0 if column.dtype.is_integer() else None
    # Special values lie outside the range.
    low, high = (None, None) if column.special else (_end(column.minimum), _end(column.maximum))
    return Annotated[float, msgspec.Meta(ge=low, le=high, multiple_of=whole)]


def _end(number: float | None) -> float | None:
    return None if number is None else float(number)


def _second_look(column: Column) -> Callable[[Any], bool] | None:
    if column.kind is Kind.DATE:
        return _is_date
    return (lambda number: is_allowed_number(column, number)) if column.special else None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


class Direct:
    """ASGI middleware that answers `POST path` where `read` reads the body, with the JSON that `answer` makes of it.

    What either of them gives None for goes the long way.
    """

    def __init__(self, app: ASGIApp, *, path: str, read: Read, answer: AnswerDirectly) -> None:
        self._app, self._path, self._read, self._answer = app, path, read, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or path_below(scope) != self._path:
            await self._app(scope, receive, send)
            return
        came: list[Message] = []
        while not came or came[-1].get("more_body", False):
            came.append(await receive())
        # Who went away before the body was whole is left to the long way as well.
        is_whole = came[-1]["type"] == "http.request"
        application = self._read(b"".join(message["body"] for message in came)) if is_whole else None
        body = None if application is None else self._answer(application, scope["query_string"])
        if body is None:
            await self._app(scope, _again(came, receive), send)
            return
        headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _again(came: list[Message], receive: Receive) -> Receive:
    """What was received, once more, and then what comes."""
    messages = iter(came)

    async def once_more() -> Message:
        message = next(messages, None)
        return await receive() if message is None else message

    return once_more
