"""What each address of the service does with a request."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, TypeVar, cast

from fastapi import Query, Request
from fastapi.responses import Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from data.files.memory import Lease, give_back
from data.reading.said import parse_written
from inference.inventory.entry import CHAMPION
from inference.service.challengers import InService
from inference.service.guard import JSON, media_type
from inference.service.models import Models
from inference.service.problems import ProblemError
from inference.service.schemas import (
    Explanation,
    Live,
    ModelList,
    ModelManifest,
    Promoted,
    Ready,
    RefusedModel,
    Score,
    ScoreRequest,
)
from inference.service.tables import BODIES, MODEL_NAME, MODEL_SHA256, notices_header
from inference.service.telemetry import Metrics

T = TypeVar("T")
# What an address says after `?model=`.
Named = Annotated[
    str,
    Query(alias="model", description="Name of the model that scores, as /v1/models lists them."),
]

# A batch no longer than an application may be, with no more objects in it than so many, is scored where it arrives: it
# takes about as long as one.
_INLINE_OBJECTS = 10


async def live() -> Live:
    """Whether the process answers."""
    return Live(status="live")


async def ready(request: Request) -> Ready:
    """Whether applications are scored: by which model since when, and what could not be taken up in its place."""
    state = request.app.state
    if state.lifecycle.draining:
        raise ProblemError.from_draining()
    current, refused = state.models.current, state.models.refused
    session = current.service.session
    return Ready(
        status="ready",
        model_sha256=current.service.model_sha256,
        in_service_since=current.since,
        backend=session.backend,
        fallback_reason=session.fallback_reason,
        explanations="unavailable" if current.explanations is None else current.explanations.state,
        refused=None if refused is None else RefusedModel(at=refused.at, reason=refused.reason),
        key_file=None if state.keys is None else "damaged" if state.keys.is_damaged else "read",
    )


async def metrics(request: Request) -> Response:
    """Counts and times since the start, for Prometheus."""
    found: Metrics = request.app.state.metrics
    return Response(found.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def model(request: Request, name: Named = CHAMPION) -> ModelManifest:
    """The manifest of a model, and which of its files scores."""
    found = await _named(request, name)
    return found.service.describe_model(found.since)


async def models(request: Request) -> ModelList:
    """The models that can be asked for by name, the one in service first."""
    known = _models(request)
    return await known.challengers.list_models(known.current)


async def promote(name: str, request: Request) -> Promoted:
    """Put another model in service. Requests under way end with the model that they began with."""
    return await _models(request).promote(name)


async def score(body: ScoreRequest, request: Request, name: str) -> Score:
    """Score one application. It takes a fraction of a millisecond, less than handing it to a thread would."""
    return (await _named(request, name)).service.score(body.application)


async def explain(body: ScoreRequest, request: Request, name: str) -> Explanation:
    """Score one application and say what each column adds to the log-odds of default, and the principal reasons."""
    current, workers = await _named(request, name), request.app.state.explained
    if current.explanations is None:
        raise ProblemError.from_unexplained_model(name)
    with workers.place():
        reasoning = await current.explanations.reasoning()
        answer: Explanation = await workers.run(partial(current.service.explain, body.application, reasoning))
        return answer


async def score_batch(request: Request, name: Named = CHAMPION) -> Response:
    """Score many applications, as JSON or as a table; the answer is of the same kind, or CSV where a workbook came.

    Workbooks and files of SAS, SPSS and Stata are taken as well, under their own types. `?read=KEY=VALUE`, which may be
    repeated, says how a table is written where that is not as it looks.
    """
    service, workers = (await _named(request, name)).service, request.app.state.batches
    named = {MODEL_NAME: service.name, MODEL_SHA256: service.model_sha256}
    lease: Lease = request.state.lease
    kind = media_type(request.headers.get("content-type"))
    if kind == JSON and _is_short(request):
        body = await request.body()
        if body.count(b"{") <= _INLINE_OBJECTS:
            return Response(service.score_json(body), headers=named, media_type=kind)
    with workers.place():
        body = await _read_body(request)
        notices: Sequence[str] = ()
        if kind == JSON:
            content = await workers.run(_leasing(lease, partial(service.score_json, body, lease.hold)))
        else:
            said = parse_written(shlex.join(request.query_params.getlist("read")))
            work = partial(service.score_table, body, BODIES[kind], lease.hold, said)
            content, notices = await workers.run(_leasing(lease, work))
            kind = BODIES[kind].answer_type or kind
    # Until it is read, the answer is all that is left.
    lease.hold(len(content))
    return Response(content, headers=named | notices_header(notices), media_type=kind)


async def _read_body(request: Request) -> bytes:
    """The body of a request, which is held once and not twice while it is put together."""
    body = bytearray()
    async for part in request.stream():
        body += part
    # Nobody writes to it any more.
    return cast("bytes", body)


def _leasing(lease: Lease, work: Callable[[], T]) -> Callable[[], T]:
    """`work`, which keeps `lease` until it is done; then the memory that it took is the system's again."""

    def run() -> T:
        with lease.use():
            try:
                return work()
            finally:
                give_back()

    return run


def _is_short(request: Request) -> bool:
    """Whether a body is known to be no longer than an application: it need not take a place to be read."""
    length = request.headers.get("content-length", "")
    return length.isdecimal() and int(length) <= request.app.state.application_bytes


def _models(request: Request) -> Models:
    found: Models = request.app.state.models
    return found


async def _named(request: Request, name: str) -> InService:
    """The model of this name; a request that takes it once is answered by it alone."""
    return await _models(request).find(name)
