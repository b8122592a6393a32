"""The scoring service: the dashboard's session, for other programs (docs/service.md)."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from data.errors import DataError
from data.settings import Settings
from inference.service.admission import Rates, Workers
from inference.service.documentation import BATCH_ANSWER, BATCH_BODY, METRICS_ANSWER, documented, problems
from inference.service.explanations import Explanations
from inference.service.guard import JSON, Guard, Lifecycle, Policy, media_type
from inference.service.keys import Keys
from inference.service.problems import ProblemError, answer_of
from inference.service.schemas import Explanation, Live, ModelManifest, Ready, Score, ScoreRequest
from inference.service.service import Service
from inference.service.settings import APPLICATION_BYTES, ServiceSettings
from inference.service.tables import FORMATS, NOTICES, notices_header
from inference.service.telemetry import Log, Metrics
from inference.session import ScoringSession

SCORE, BATCH, EXPLAIN, MODEL = "/v1/score", "/v1/score/batch", "/v1/explain", "/v1/model"
LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"
ROUTES = (SCORE, BATCH, EXPLAIN, MODEL, LIVE, READY, METRICS)
# A batch no longer than an application may be, with no more objects in it than so many, is scored where it arrives: it
# takes about as long as one.
_INLINE_OBJECTS = 10
# An explanation takes a few milliseconds; so many of them wait for one another.
_MOST_EXPLANATIONS = 32
_ABOUT = (
    "Scores applications of the Home Credit table: probability of default, decision and reasons. Columns are those of "
    "`application_train`; any may be left out where its value is missing. Where too "
    "little is known, an application is referred with a reason instead of scored."
)


def make_app(settings: Settings, service_settings: ServiceSettings, lifecycle: Lifecycle | None = None) -> FastAPI:
    """The service, which opens the published model when it starts and not before.

    Raises:
        DataError: the file of keys that `service_settings` name cannot be read.
    """
    keys = None if service_settings.keys is None else Keys.load(service_settings.keys)
    app: FastAPI = FastAPIOffline(
        title="Scoreroom scoring service", version="1", description=_ABOUT,
        lifespan=partial(_lifespan, settings=settings, service_settings=service_settings),
        redirect_slashes=False, redoc_url=None,
    )  # fmt: skip
    for kind in (HTTPException, RequestValidationError, DataError):
        app.add_exception_handler(kind, _answer)
    app.state.metrics, app.state.log = Metrics(), Log(service_settings.log)
    app.state.lifecycle = lifecycle or Lifecycle()
    app.router.route_class = _StrictRoute
    _add_routes(app, service_settings, with_keys=keys is not None)
    app.add_middleware(
        Guard,
        routes=ROUTES,
        policies=_policies(service_settings),
        keys=keys,
        rates=None if service_settings.rate is None else Rates(service_settings.rate),
        most_in_flight=service_settings.in_flight,
        lifecycle=app.state.lifecycle,
        metrics=app.state.metrics,
        log=app.state.log,
    )
    app.openapi = documented(app, service_settings)  # type: ignore[method-assign]
    if service_settings.origins:
        # Outermost, so that a browser may read problems, too.
        app.add_middleware(
            _Cors, allow_origins=service_settings.origins, allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After", NOTICES],
        )  # fmt: skip
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, *, settings: Settings, service_settings: ServiceSettings) -> AsyncIterator[None]:
    session = ScoringSession.open_built(settings)
    app.state.service = Service(session, service_settings, app.state.metrics)
    app.state.explanations = Explanations(settings, session)
    seconds = service_settings.seconds
    app.state.batches = Workers(
        "batches", threads=os.cpu_count() or 1, most=service_settings.batches, seconds=seconds
    )  # fmt: skip
    app.state.explained = Workers("explanations", threads=1, most=_MOST_EXPLANATIONS, seconds=seconds)
    # What was loaded stays: taken out of the collector's sight, it makes no later collection longer.
    gc.collect()
    gc.freeze()
    yield
    app.state.batches.close()
    app.state.explained.close()
    await app.state.explanations.close()


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
        detail = f"{bytes(answer.body).decode()}: the service was not told to answer it; see SCOREROOM_API_ORIGINS."
        return answer_of(ProblemError.from_status(answer.status_code, detail))


async def _answer(_: Request, error: Exception) -> Response:
    return answer_of(error)


def _policies(settings: ServiceSettings) -> Mapping[str, Policy]:
    one = Policy((JSON,), APPLICATION_BYTES, settings.seconds)
    return {SCORE: one, EXPLAIN: one, BATCH: Policy((JSON, *FORMATS), settings.body_bytes, settings.seconds)}


def _add_routes(app: FastAPI, settings: ServiceSettings, *, with_keys: bool) -> None:
    # Keys are checked by the guard, before a body is read; here they are only documented.
    known = [Depends(HTTPBearer(auto_error=False, description="An API key."))] if with_keys else []
    refused = (*((401,) if with_keys else ()), *((429,) if settings.rate else ()))
    of_body = problems(400, 408, 413, 415, 422, 503, *refused)
    watched: Any = {"tags": ["health"]}
    asked: Any = {"dependencies": known, "tags": ["scoring"]}
    app.post(SCORE, summary="Score one application", responses=of_body, **asked)(score)
    app.post(
        BATCH, summary="Score many applications", response_class=Response, responses=BATCH_ANSWER | of_body,
        openapi_extra={"requestBody": BATCH_BODY}, **asked,
    )(score_batch)  # fmt: skip
    app.post(EXPLAIN, summary="Explain one application", responses=of_body, **asked)(explain)
    app.get(MODEL, summary="The manifest of the model", responses=problems(503, *refused), **asked)(model)
    app.get(LIVE, summary="Whether the process answers", **watched)(live)
    app.get(READY, summary="Whether applications are scored", responses=problems(503), **watched)(ready)
    app.get(
        METRICS, summary="Counts and times for Prometheus", response_class=Response, dependencies=known,
        responses=METRICS_ANSWER | problems(*((401,) if with_keys else ())), **watched,
    )(metrics)  # fmt: skip


async def live() -> Live:
    """Whether the process answers."""
    return Live(status="live")


async def ready(request: Request) -> Ready:
    """Whether applications are scored: which file of the model scores, and why where that is not the first choice."""
    state = request.app.state
    if state.lifecycle.draining:
        raise ProblemError.from_draining()
    session: ScoringSession = state.service.session
    return Ready(
        status="ready", backend=session.backend, fallback_reason=session.fallback_reason,
        explanations=state.explanations.state,
    )  # fmt: skip


async def metrics(request: Request) -> Response:
    """Counts and times since the start, for Prometheus."""
    found: Metrics = request.app.state.metrics
    return Response(found.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def model(request: Request) -> ModelManifest:
    """The manifest of the published model, and which of its files scores."""
    return _service(request).describe_model()


async def score(body: ScoreRequest, request: Request) -> Score:
    """Score one application. It takes a fraction of a millisecond, less than handing it to a thread would."""
    return _service(request).score(body.application)


async def explain(body: ScoreRequest, request: Request) -> Explanation:
    """Score one application and say what each column adds to the log-odds of default, and the principal reasons."""
    explanations: Explanations = request.app.state.explanations
    workers: Workers = request.app.state.explained
    with workers.place():
        reasoning = await explanations.reasoning()
        return await workers.run(partial(_service(request).explain, body.application, reasoning))


async def score_batch(request: Request) -> Response:
    """Score many applications, as JSON or as a table (CSV, Parquet, Arrow stream); the answer is of the same kind."""
    service, workers = _service(request), request.app.state.batches
    kind = media_type(request.headers.get("content-type"))
    if kind == JSON and _is_short(request):
        body = await request.body()
        if body.count(b"{") <= _INLINE_OBJECTS:
            return Response(service.score_json(body), media_type=kind)
    with workers.place():
        body = await request.body()
        if kind == JSON:
            return Response(await workers.run(partial(service.score_json, body)), media_type=kind)
        content, notices = await workers.run(partial(service.score_table, body, FORMATS[kind]))
        return Response(content, headers=notices_header(notices), media_type=kind)


def _is_short(request: Request) -> bool:
    """Whether a body is known to be no longer than an application: it need not take a place to be read."""
    length = request.headers.get("content-length", "")
    return length.isdecimal() and int(length) <= APPLICATION_BYTES


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service
