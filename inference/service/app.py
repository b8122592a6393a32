"""The scoring service: the dashboard's session, for other programs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from data.settings import load_settings
from inference.decision import declines, risk_band
from inference.errors import FeatureError
from inference.service.schemas import Application, Problem, Score
from inference.session import ScoringSession


def make_app() -> FastAPI:
    """The service, which opens the published model when it starts and not before."""
    app = FastAPI(title="Scoreroom scoring service", version="1", lifespan=_lifespan)
    app.add_exception_handler(FeatureError, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse)
    app.get("/health/live")(live)
    app.get("/health/ready")(ready)
    app.get("/v1/model")(model)
    app.post("/v1/score", response_model=Score, responses={422: {"model": Problem}})(score)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = load_settings()
    app.state.session = ScoringSession.open(settings.model, provider=settings.provider)
    yield


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    problem = Problem(title="The application cannot be scored", status=422, detail=_worded(error))
    return JSONResponse(problem.model_dump(), 422, media_type="application/problem+json")


def _worded(error: Exception) -> str:
    if not isinstance(error, RequestValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())


def _session(request: Request) -> ScoringSession:
    session: ScoringSession = request.app.state.session
    return session


async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


async def ready(request: Request) -> dict[str, str]:
    """The model is loaded; says which of its files scores, and why where that is not the first choice."""
    session = _session(request)
    return {"status": "ready", "backend": session.backend, "fallback_reason": session.fallback_reason}


async def model(request: Request) -> dict[str, object]:
    """What is known of the model: metrics, cutoff, digests, versions."""
    session = _session(request)
    manifest = session.manifest
    return {
        "metrics": dict(manifest.metrics),
        "cutoff": manifest.cutoff,
        "band_edges": list(manifest.band_edges),
        "training_data_sha256": manifest.training_data_sha256,
        "model_sha256": manifest.files[session.backend].sha256,
        "libraries": dict(manifest.libraries),
    }


async def score(application: Application, request: Request) -> Score:
    """Score one application. A row takes about a tenth of a millisecond, so it is scored where it arrives."""
    session = _session(request)
    manifest = session.manifest
    pd = session.score(application.application)
    return Score(
        default_probability=pd, declined=declines(pd, manifest.cutoff), cutoff=manifest.cutoff,
        risk_band=risk_band(pd, manifest.band_edges), model_sha256=manifest.files[session.backend].sha256,
    )  # fmt: skip
