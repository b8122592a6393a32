"""The scoring service: the dashboard's session, for other programs (docs/service.md)."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
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
from inference.service.tables import FORMATS
from inference.service.telemetry import Log, Metrics
from inference.session import ScoringSession

SCORE, BATCH, EXPLAIN, MODEL = "/v1/score", "/v1/score/batch", "/v1/explain", "/v1/model"
LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"
ROUTES = (SCORE, BATCH, EXPLAIN, MODEL, LIVE, READY, METRICS)
# A batch of so many bytes is scored where it arrives: about twenty applications, which take less than a millisecond.
_INLINE_BYTES = APPLICATION_BYTES
_ABOUT = (
    "Scores applications of the Home Credit table: probability of default, decision and reasons. Columns are those of "
    "`application_train`; any may be left out where its value is missing."
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
            CORSMiddleware, allow_origins=service_settings.origins, allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )  # fmt: skip
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, *, settings: Settings, service_settings: ServiceSettings) -> AsyncIterator[None]:
    session = ScoringSession.open(settings.model, provider=settings.provider)
    app.state.service = Service(session, service_settings, app.state.metrics)
    app.state.explanations = Explanations(settings, session.manifest)
    app.state.workers = Workers(os.cpu_count() or 1, service_settings.batches, service_settings.seconds)
    # What was loaded stays: taken out of the collector's sight, it makes no later collection longer.
    gc.collect()
    gc.freeze()
    yield
    app.state.workers.close()
    await app.state.explanations.close()


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
    app.get(LIVE, tags=["health"])(live)
    app.get(READY, tags=["health"], responses=problems(503))(ready)
    app.get(
        METRICS, tags=["health"], dependencies=known, response_class=Response,
        responses=METRICS_ANSWER | problems(*refused),
    )(metrics)  # fmt: skip
    app.get(MODEL, tags=["model"], dependencies=known, responses=problems(503, *refused))(model)
    app.post(SCORE, tags=["scoring"], dependencies=known, responses=of_body)(score)
    app.post(EXPLAIN, tags=["scoring"], dependencies=known, responses=of_body)(explain)
    app.post(
        BATCH, tags=["scoring"], dependencies=known, response_class=Response, responses=BATCH_ANSWER | of_body,
        openapi_extra={"requestBody": BATCH_BODY},
    )(score_batch)  # fmt: skip


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
    return _service(request).explain(body.application, await explanations.reasoning())


async def score_batch(request: Request) -> Response:
    """Score many applications, as JSON or as a table (CSV, Parquet, Arrow stream); the answer is of the same kind."""
    service, workers = _service(request), request.app.state.workers
    kind = media_type(request.headers.get("content-type"))
    with workers.place():
        body = await request.body()
        work = partial(service.score_json, body) if kind == JSON else partial(service.score_table, body, FORMATS[kind])
        is_small = kind == JSON and len(body) <= _INLINE_BYTES
        return Response(work() if is_small else await workers.run(work), media_type=kind)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service
