"""The addresses of the service."""

from __future__ import annotations

SCORE, BATCH, EXPLAIN, MODEL = "/v1/score", "/v1/score/batch", "/v1/explain", "/v1/model"
LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"
ROUTES = (SCORE, BATCH, EXPLAIN, MODEL, LIVE, READY, METRICS)
