"""What every request passes through before a route sees it, and every answer on its way out."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.files.memory import Budget, Lease
from inference.service.admission import Rates
from inference.service.key_ring import KeyRing
from inference.service.problems import ProblemError, answer_of, problem_of
from inference.service.routes import PROMOTE, route_of
from inference.service.settings import APPLICATION_BYTES
from inference.service.telemetry import GONE, METHODS, OTHER, Metrics
from inference.serving.base_path import path_below
from inference.serving.log import Log
from inference.serving.pieces import send_in_pieces

JSON = "application/json"
# Whoever asks after its health need not know a key, nor whoever reads how to call it.
_SCORING = "/v1/"
_GUARDED = (_SCORING, "/metrics")
_OWN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass
class Lifecycle:
    """Where the process stands: `draining` once it was asked to stop, and how many requests wait or are answered."""

    draining: bool = False
    n_waiting: Callable[[], int] = field(default=lambda: 0)

    def drain(self) -> None:
        """Begin to turn callers to other services."""
        self.draining = True


@dataclass(frozen=True, slots=True)
class Policy:
    """What a route takes: the types of its body, its bytes, and the seconds in which it has to arrive."""

    media_types: Sequence[str]
    body_bytes: int
    seconds: int


class Guard:
    """ASGI middleware: keys, rates, overload, bodies on the way in; ids, metrics, log, problems on the way out."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        policies: Mapping[str, Policy],
        keys: KeyRing | None,
        rates: Rates | None,
        most_in_flight: int,
        budget: Budget,
        seconds: int,
        lifecycle: Lifecycle,
        metrics: Metrics,
        log: Log,
    ) -> None:
        self.app = app
        self.policies = policies
        self.keys = keys
        self.rates = rates
        self.most_in_flight = most_in_flight
        self.budget = budget
        self.seconds = seconds
        self.lifecycle = lifecycle
        self.metrics = metrics
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.metrics.change_in_flight(1)
        try:
            with self.budget.lease() as lease:
                # What a route that takes memory finds as `request.state.lease`.
                scope.setdefault("state", {})["lease"] = lease
                exchange = _Exchange(self, scope, receive, send, lease)
                await exchange.run()
        finally:
            self.metrics.change_in_flight(-1)
        exchange.tell()


class _Exchange:
    """One request and its answer."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send, lease: Lease) -> None:
        self._guard = guard
        self._lease = lease
        self._scope = scope
        # The first of each name.
        self._headers = dict(reversed(scope["headers"]))
        self._receive = receive
        self._send = send
        self._started = time.perf_counter()
        self._id = _request_id(self._header(b"x-request-id"))
        self._path = path_below(scope)
        self._route = route_of(self._path)
        self._policy = guard.policies.get(self._path) if scope["method"] == "POST" else None
        self._caller: str | None = None
        self._status: int | None = None
        self._received = 0
        self._is_gone = False

    async def run(self) -> None:
        """Answer the request, whatever happens."""
        try:
            self._admit()
            receive = self._receive if self._policy is None else self._receive_bounded
            await self._guard.app(self._scope, receive, self._send_marked)
        except ClientDisconnect:
            self._is_gone = True
        except Exception as error:  # noqa: BLE001 - whoever asked gets an answer, and the log its place
            await self._answer(error)

    def tell(self) -> None:
        """Count and log the exchange."""
        guard, seconds = self._guard, time.perf_counter() - self._started
        # Not what a caller can make up: each label's values are a series of their own for as long as the process runs.
        route = self._route or OTHER
        method = self._scope["method"] if self._scope["method"] in METHODS else OTHER
        status = GONE if self._is_gone else self._status
        guard.metrics.count_request(route, method, status, seconds)
        guard.log.event(
            "request",
            request_id=self._id,
            method=method,
            route=route,
            status=status,
            ms=round(1e3 * seconds, 3),
            caller=self._caller,
        )

    def _header(self, name: bytes) -> str | None:
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    def _admit(self) -> None:
        path = self._path
        if not path.startswith(_GUARDED) or self._scope["method"] == "OPTIONS":
            return
        caller = self._check_key()
        # Whoever watches the service sees it under load as well.
        if path.startswith(_SCORING):
            if self._guard.rates is not None:
                self._guard.rates.check(caller)
            if self._guard.lifecycle.n_waiting() > self._guard.most_in_flight:
                raise ProblemError.from_overload(f"More than {self._guard.most_in_flight:,} requests are under way")
        if self._policy is not None:
            self._check_body(self._policy)

    def _check_key(self) -> str:
        """Who calls: the name of the key, or the address where nobody is asked for one."""
        if self._guard.keys is None:
            if self._route == PROMOTE and self._scope["method"] == "POST":
                raise ProblemError.from_no_keys()
            client = self._scope.get("client")
            return client[0] if client else ""
        scheme, _, key = (self._header(b"authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise ProblemError.from_missing_key()
        found = self._guard.keys.find(key.strip())
        if found is None:
            raise ProblemError.from_unknown_key()
        self._caller = found.name
        if found.has_expired(datetime.now(UTC).date()):
            raise ProblemError.from_expired_key()
        if not found.covers(self._route):
            raise ProblemError.from_scope()
        return found.name

    def _check_body(self, policy: Policy) -> None:
        encoding = self._header(b"content-encoding")
        if encoding is not None and encoding.lower() != "identity":
            raise ProblemError.from_encoding(encoding)
        found = self._header(b"content-type")
        if media_type(found) not in policy.media_types:
            raise ProblemError.from_media_type(found, policy.media_types)
        length = self._header(b"content-length") or ""
        # Uvicorn lets nothing else than digits through.
        if length.isdecimal() and int(length) > policy.body_bytes:
            raise ProblemError.from_large_body(policy.body_bytes)

    async def _receive_bounded(self) -> Message:
        assert self._policy is not None
        waited = time.perf_counter() - self._started
        try:
            async with asyncio.timeout(max(0.0, self._policy.seconds - waited)):
                message = await self._receive()
        except TimeoutError:
            raise ProblemError.from_slow_body(self._policy.seconds) from None
        # FastAPI answers that with 400, which nobody is there to read.
        self._is_gone |= message["type"] == "http.disconnect"
        self._received += len(message.get("body", b""))
        if self._received > self._policy.body_bytes:
            raise ProblemError.from_large_body(self._policy.body_bytes)
        # What is no longer than an application is let in however much is under way.
        if self._received > APPLICATION_BYTES:
            self._lease.hold(self._received)
        return message

    async def _send_marked(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            marks = [(b"x-request-id", self._id.encode())]
            if self._guard.lifecycle.draining:
                # The client opens its next connection to a service that stays.
                marks.append((b"connection", b"close"))
            message["headers"] = [*message.get("headers", ()), *marks]
        # What is not read in time has no reader any more.
        self._is_gone |= not await send_in_pieces(message, self._scope, self._send, self._guard.seconds)

    async def _answer(self, error: Exception) -> None:
        if problem_of(error).status_code == 500:
            self._guard.log.fault(error, request_id=self._id)
        # An answer that is under way already is cut off instead, which its reader can tell.
        if self._status is None:
            await answer_of(error)(self._scope, self._receive, self._send_marked)


def media_type(content_type: str | None) -> str:
    """The media type that a Content-Type header names, without its parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


def _request_id(given: str | None) -> str:
    """The caller's own id where it is one that a log can hold, else a new one."""
    return given if given is not None and _OWN_ID.fullmatch(given) else new_id()


def new_id() -> str:
    """An id for a request, 32 hexadecimal digits."""
    return secrets.token_hex(16)
