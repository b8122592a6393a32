"""The scoring service: the dashboard's session, for other programs (docs/service.md)."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

import orjson
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from data.definition.definition import Definition
from data.errors import ScoreroomError
from data.files.memory import Budget
from data.settings import Settings
from inference.inventory.entry import CHAMPION
from inference.service.admission import Rates, Workers
from inference.service.applications import most_bytes
from inference.service.direct import Direct, reader_of
from inference.service.documentation import BATCH_BODY, METRICS_ANSWER, batch_answer, documented, problems
from inference.service.guard import JSON, Guard, Lifecycle, Policy, new_id
from inference.service.handlers import (
    Named,
    explain,
    live,
    metrics,
    model,
    models,
    promote,
    ready,
    score,
    score_batch,
)
from inference.service.key_ring import KeyRing
from inference.service.models import Models
from inference.service.problems import MEDIA_TYPE, ProblemError, answer_of, invalid_request, problem_json
from inference.service.processes import let_hang_up
from inference.service.routes import BATCH, EXPLAIN, LIVE, METRICS, MODEL, MODELS, PROMOTE, READY, SCORE
from inference.service.schemas import Types
from inference.service.settings import ServiceSettings
from inference.service.tables import BODIES, MODEL_NAME, MODEL_SHA256, NOTICES
from inference.service.telemetry import OTHER, Metrics
from inference.serving.asgi import Answer, Refusal, Scope
from inference.serving.authority import Authority
from inference.serving.base_path import BasePath, path_below
from inference.serving.forwarded import Forwarded
from inference.serving.gate import Gate
from inference.serving.headers import ResponseHeaders
from inference.serving.log import Log
from inference.serving.settings import WebSettings
from inference.values import Value

T = TypeVar("T")

# FastAPI would send requests, figures and errors with their words to a collector that the environment names.
_NO_REPORTS = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}
# An explanation takes a few milliseconds; so many of them wait for one another.
_MOST_EXPLANATIONS = 32
# How often files are looked at for what was published or taken back.
_LOOK_S = 1.0
_ABOUT = (
    "Scores applications of the portfolio {name}: probability of default, decision and reasons. Any column may be left "
    "out where its value is missing. Where too little is known, an application is referred with a reason instead of "
    "scored."
)


# Looks for changes in some files and takes them up.
Look = Callable[..., Coroutine[Any, Any, None]]


def make_app(
    definition: Definition,
    settings: Settings,
    service_settings: ServiceSettings,
    web: WebSettings,
    hosts: Collection[Authority],
    lifecycle: Lifecycle | None = None,
    *,
    metrics: Metrics | None = None,
    rates: Rates | None = None,
    call_others: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The service under the names `hosts`, for applications as `definition` has them.

    It opens the published model when it starts and not before. Several processes bring `metrics` and `rates` that
    they share, and how one makes all look at once for what is published (`call_others`).

    Raises:
        ScoreroomError: the file of keys that `service_settings` name cannot be read.
    """
    types = Types.of(definition)
    app: FastAPI = FastAPIOffline(
        title="Scoreroom scoring service",
        version="1",
        description=_ABOUT.format(name=definition.name),
        lifespan=partial(_lifespan, types=types, settings=settings, service_settings=service_settings),
        redirect_slashes=False,
        redoc_url=None,
        telemetry=_NO_REPORTS,
    )
    for kind in (HTTPException, ScoreroomError):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(RequestValidationError, partial(_answer_invalid, definition))
    app.state.application_bytes = most_bytes(definition)
    app.state.metrics, app.state.log = metrics or Metrics(), Log(service_settings.log)
    app.state.metrics.name_shadows(service_settings.shadow)
    app.state.lifecycle, app.state.call_others = lifecycle or Lifecycle(), call_others
    keys = None if service_settings.keys is None else KeyRing(service_settings.keys, app.state.metrics, app.state.log)
    app.state.keys = keys
    app.router.route_class = _StrictRoute
    _add_routes(app, types, service_settings, with_keys=keys is not None)
    budget = Budget(service_settings.memory_bytes)
    app.state.metrics.watch_memory(lambda: budget.held)
    app.add_middleware(Direct, path=SCORE, read=reader_of(definition), answer=partial(_score_directly, app))
    app.add_middleware(
        Guard,
        policies=_policies(service_settings, app.state.application_bytes),
        keys=keys,
        rates=rates or (None if service_settings.rate is None else Rates(service_settings.rate)),
        most_in_flight=service_settings.in_flight,
        budget=budget,
        seconds=service_settings.seconds,
        lifecycle=app.state.lifecycle,
        metrics=app.state.metrics,
        log=app.state.log,
    )
    app.openapi = documented(app, types, service_settings)  # type: ignore[method-assign]
    if web.origins:
        # Around the guard, so that a browser may read problems, too.
        app.add_middleware(
            _Cors,
            allow_origins=web.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After", MODEL_NAME, MODEL_SHA256, NOTICES],
        )
    app.add_middleware(ResponseHeaders, policy=_content_policy)
    if web.base_path:
        app.add_middleware(BasePath, base_path=web.base_path, answer=_refused)
    app.add_middleware(
        Gate, hosts=hosts, origins=web.origins, answer=_refused, tell=partial(_tell, app.state.metrics, app.state.log)
    )
    if web.proxies:
        app.add_middleware(Forwarded, proxies=web.proxies)
    return app


def _refused(refusal: Refusal) -> Answer:
    body = problem_json(ProblemError.from_status(refusal.status, refusal.reason))
    return Answer(refusal.status, {"content-type": MEDIA_TYPE, "x-request-id": new_id()}, body)


def _tell(metrics: Metrics, log: Log, _: Scope, refusal: Refusal) -> None:
    metrics.count_request(OTHER, OTHER, refusal.status)
    log.event("refused", status=refusal.status, reason=refusal.reason)


def _content_policy(scope: Scope) -> str:
    """What a browser may make of an answer: the pages of the documentation load their own files, all else is data."""
    if not path_below(scope).startswith("/docs"):
        return "default-src 'none'; frame-ancestors 'none'"
    # The page is FastAPI's, with a script and styles in it.
    return (
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


@asynccontextmanager
async def _lifespan(
    app: FastAPI, *, types: Types, settings: Settings, service_settings: ServiceSettings
) -> AsyncIterator[None]:
    metrics, log, call_others = app.state.metrics, app.state.log, app.state.call_others
    models = app.state.models = Models(types, settings, service_settings, metrics, log, call_others)
    # The shadow falls on the first application already.
    await models.challengers.look()
    seconds = service_settings.seconds
    app.state.batches = Workers("batches", threads=os.cpu_count() or 1, most=service_settings.batches, seconds=seconds)
    app.state.explained = Workers("explanations", threads=1, most=_MOST_EXPLANATIONS, seconds=seconds)
    # What was loaded stays: taken out of the collector's sight, it makes no later collection longer.
    gc.collect()
    gc.freeze()
    looks: list[Look] = [models.look, models.challengers.look, partial(_note_memory, metrics)]
    if app.state.keys is not None:
        looks.append(app.state.keys.look)
    with _following(looks, log):
        yield
    app.state.batches.close()
    app.state.explained.close()
    await models.close()


async def _note_memory(metrics: Metrics, *, at_once: bool) -> None:  # noqa: ARG001 - as every look
    metrics.note_memory()


@contextmanager
def _following(looks: Sequence[Look], log: Log) -> Iterator[None]:
    """Look for changes every second, and at once on SIGHUP, each of `looks` in a task of its own."""
    asked = [asyncio.Event() for _ in looks]

    def ask() -> None:
        for event in asked:
            event.set()

    # Signals come to the main thread alone; Windows has no SIGHUP.
    can_ask = hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread()
    loop = asyncio.get_running_loop()
    if can_ask:
        loop.add_signal_handler(signal.SIGHUP, ask)
        let_hang_up(is_let=True)
    tasks = [loop.create_task(_keep_looking(look, event, log)) for look, event in zip(looks, asked, strict=True)]
    try:
        yield
    finally:
        if can_ask:
            # A late request to follow does not end the process.
            loop.add_signal_handler(signal.SIGHUP, lambda: None)
        for task in tasks:
            task.cancel()


async def _keep_looking(look: Look, asked: asyncio.Event, log: Log) -> None:
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), _LOOK_S)
        at_once = asked.is_set()
        asked.clear()
        try:
            await look(at_once=at_once)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, a key that is taken back later has to be noticed
            log.fault(error)


class _StrictRequest(Request):
    """A request whose JSON is read as the standard has it: UTF-8, without NaN, infinities or halves of a pair."""

    async def json(self) -> Any:
        """The body; raises `json.JSONDecodeError` as Starlette's own does."""
        return orjson.loads(await self.body())


class _StrictRoute(APIRoute):
    """A route that reads its body so."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, handed the stricter request."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return handle


class _Cors(CORSMiddleware):
    """CORS whose refusals are problems, too."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Starlette's own answer to a preflight, unless it refuses."""
        answer = super().preflight_response(request_headers)
        if answer.status_code != HTTPStatus.BAD_REQUEST:
            return answer
        detail = f"{bytes(answer.body).decode()}: pages of other origins may not send that."
        return answer_of(ProblemError.from_status(answer.status_code, detail))


async def _answer(_: Request, error: Exception) -> Response:
    return answer_of(error)


async def _answer_invalid(definition: Definition, _: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer_of(invalid_request(error, definition))


def _policies(settings: ServiceSettings, application_bytes: int) -> Mapping[str, Policy]:
    one = Policy((JSON,), application_bytes, settings.seconds)
    return {SCORE: one, EXPLAIN: one, BATCH: Policy((JSON, *BODIES), settings.body_bytes, settings.seconds)}


def _add_routes(app: FastAPI, types: Types, settings: ServiceSettings, *, with_keys: bool) -> None:
    # Keys are checked by the guard, before a body is read; here they are only documented.
    known = [Depends(HTTPBearer(auto_error=False, description="An API key."))] if with_keys else []
    refused = (*((401, 403) if with_keys else ()), *((429,) if settings.rate else ()))
    said = partial(problems, types.definition)
    of_model = said(404, 409, 503, *refused)
    of_body = said(400, 408, 413, 415, 422) | of_model
    watched: Any = {"tags": ["health"]}
    asked: Any = {"dependencies": known, "tags": ["scoring"]}
    app.post(SCORE, summary="Score one application", responses=of_body, **asked)(
        _handling(score, types.score_request, types.score)
    )
    app.post(
        BATCH,
        summary="Score many applications",
        response_class=Response,
        responses=batch_answer(types) | of_body,
        openapi_extra={"requestBody": BATCH_BODY},
        **asked,
    )(score_batch)
    app.post(EXPLAIN, summary="Explain one application", responses=of_body, **asked)(
        _handling(explain, types.score_request, types.explanation)
    )
    app.get(MODEL, summary="The manifest of a model", responses=of_model, **asked)(model)
    app.get(MODELS, summary="The models that score", responses=said(503, *refused), **asked)(models)
    app.post(
        PROMOTE,
        summary="Put another model in service",
        responses=of_model | said(403),
        tags=["models"],
        dependencies=known,
    )(promote)
    app.get(LIVE, summary="Whether the process answers", **watched)(live)
    app.get(READY, summary="Whether applications are scored", responses=said(503), **watched)(ready)
    app.get(
        METRICS,
        summary="Counts and times for Prometheus",
        response_class=Response,
        dependencies=known,
        responses=METRICS_ANSWER | said(*((401, 403) if with_keys else ())),
        **watched,
    )(metrics)


def _handling(
    handler: Callable[[Any, Request, str], Coroutine[Any, Any, T]], request_type: type[Any], answer_type: type[T]
) -> Callable[..., Coroutine[Any, Any, T]]:
    """`handler` with the types of the definition that is open, which FastAPI reads off its annotations."""

    async def handle(body: Any, request: Request, name: Any = CHAMPION) -> T:
        return await handler(body, request, name)

    handle.__annotations__ = {"body": request_type, "request": Request, "name": Named, "return": answer_type}
    handle.__name__, handle.__doc__ = handler.__name__, handler.__doc__
    return handle


def _score_directly(app: FastAPI, application: Mapping[str, Value], query: bytes) -> bytes | None:
    models: Models = app.state.models
    found = models.at_hand(query)
    return None if found is None else found.service.score_to_json(application)
