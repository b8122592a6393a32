"""The addresses of the service."""

from __future__ import annotations

SCORE, BATCH, EXPLAIN, MODEL = "/v1/score", "/v1/score/batch", "/v1/explain", "/v1/model"
MODELS, PROMOTE = "/v1/models", "/v1/models/{name}/champion"
LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"
ROUTES = (SCORE, BATCH, EXPLAIN, MODEL, MODELS, PROMOTE, LIVE, READY, METRICS)
_PLAIN = frozenset(ROUTES) - {PROMOTE}
_BEFORE, _AFTER = PROMOTE.split("{name}")


def route_of(path: str) -> str | None:
    """The address that `path` asks for, None where there is none."""
    if path in _PLAIN:
        return path
    name = path.removeprefix(_BEFORE).removesuffix(_AFTER)
    return PROMOTE if name and "/" not in name and path == f"{_BEFORE}{name}{_AFTER}" else None
