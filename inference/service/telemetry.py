"""What the service tells about itself: counts and times for Prometheus, and a log of one JSON line an event.

Neither holds anything of an application: of a request they name its route, never its address or body, and of a fault
where it happened, not what it says.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, BinaryIO

import orjson
import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from inference.session import ScoringSession

_PREFIX = "scoreroom"
# Around the milliseconds of one application and the seconds of a batch.
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counts and times since the process was started."""

    def __init__(self) -> None:
        # When a series began tells nothing here, and doubles the page.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        self.requests = Counter(
            f"{_PREFIX}_requests", "Requests answered.", ("route", "method", "status"), registry=registry
        )
        self.seconds = Histogram(
            f"{_PREFIX}_request_seconds", "From a request's first byte in the application to its answer's last.",
            ("route",), buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.in_flight = Gauge(f"{_PREFIX}_requests_in_flight", "Requests being answered.", registry=registry)
        self._memory = Gauge(
            f"{_PREFIX}_memory_held_bytes", "Memory that batches under way hold of what they may.", registry=registry
        )
        self._applications = Counter(
            f"{_PREFIX}_applications", "Applications scored.", ("decision", "risk_band"), registry=registry
        )
        self._model = Info(f"{_PREFIX}_model", "The model that scores.", registry=registry)

    def count_scored(self, decided: Iterable[tuple[tuple[str, str], int]]) -> None:
        """Count applications by decision and risk band."""
        for (decision, risk_band), count in decided:
            self._applications.labels(decision, risk_band).inc(count)

    def watch_memory(self, held: Callable[[], int]) -> None:
        """Say how many bytes `held` says are held, whenever it is asked."""
        self._memory.set_function(held)

    def name_model(self, session: ScoringSession, sha256: str) -> None:
        """Say which model scores."""
        self._model.info({"sha256": sha256, "backend": session.backend})

    def exposition(self) -> bytes:
        """All of it in the text format of Prometheus."""
        return generate_latest(self._registry)


class Log:
    """Events as JSON, a line each, with the time in UTC."""

    def __init__(self, level: str, stream: BinaryIO | None = None) -> None:
        """Write events of at least `level` to `stream`, to stderr where there is none."""
        self._logger: Any = structlog.wrap_logger(
            structlog.BytesLogger(stream or sys.stderr.buffer),
            processors=[*_STAMPS, structlog.processors.JSONRenderer(serializer=_dumped)],
            wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
            cache_logger_on_first_use=True,
        )

    def event(self, name: str, **told: object) -> None:
        """Something that happened as it should."""
        # Where nobody can read the log any more, requests are answered all the same.
        with suppress(OSError):
            self._logger.info(name, **told)

    def fault(self, error: BaseException, **told: object) -> None:
        """An exception that nobody expected: its type and where it was, but not its words, which may quote values."""
        places = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        with suppress(OSError):
            self._logger.error("fault", exception=type(error).__name__, places=places, **told)


def route_library_logs() -> None:
    """Let what Uvicorn warns of come as lines of the same form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=list(_STAMPS),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=lambda *args, **rest: _dumped(*args, **rest).decode()),
            ],
        )
    )
    logger = logging.getLogger("uvicorn")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)


_STAMPS = (
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def _dumped(told: object, **_: object) -> bytes:
    # A line is written whatever an event holds.
    return orjson.dumps(told, default=repr)
