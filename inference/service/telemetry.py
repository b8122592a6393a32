"""What the service counts and times for Prometheus; nothing of an application is a label."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

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
            f"{_PREFIX}_request_seconds",
            "From a request's first byte in the application to its answer's last.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(f"{_PREFIX}_requests_in_flight", "Requests being answered.", registry=registry)
        self._memory = Gauge(
            f"{_PREFIX}_memory_held_bytes", "Memory that batches under way hold of what they may.", registry=registry
        )
        self._applications = Counter(
            f"{_PREFIX}_applications", "Applications scored.", ("decision", "risk_band"), registry=registry
        )
        self._model = Info(f"{_PREFIX}_model", "The model that scores.", registry=registry)
        self._since = Gauge(
            f"{_PREFIX}_model_since_seconds", "When it began to score, in Unix time.", registry=registry
        )
        self.refused_models = Counter(
            f"{_PREFIX}_models_refused", "Attempts to load what was published that failed.", registry=registry
        )
        self.key_file_is_damaged = Gauge(
            f"{_PREFIX}_key_file_damaged", "1 while the file of keys cannot be read as one.", registry=registry
        )

    def count_scored(self, decided: Iterable[tuple[tuple[str, str], int]]) -> None:
        """Count applications by decision and risk band."""
        for (decision, risk_band), count in decided:
            self._applications.labels(decision, risk_band).inc(count)

    def watch_memory(self, held: Callable[[], int]) -> None:
        """Say how many bytes `held` says are held, whenever it is asked."""
        self._memory.set_function(held)

    def name_model(self, sha256: str, backend: str, since: datetime) -> None:
        """Say which model scores, and since when."""
        self._model.info({"sha256": sha256, "backend": backend})
        self._since.set(since.timestamp())

    def exposition(self) -> bytes:
        """All of it in the text format of Prometheus."""
        return generate_latest(self._registry)
