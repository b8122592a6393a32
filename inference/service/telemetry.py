"""What the service counts and times for Prometheus; nothing of an application is a label.

Several processes write to one board, and each tells of them all.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from itertools import product

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from inference.service.board import Board
from inference.service.routes import ROUTES
from inference.service.settings import MOST_SHADOWS

_PREFIX = "scoreroom"
# Around the milliseconds of one application and the seconds of a batch.
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BOUNDS = (*map(floatToGoString, _SECONDS), "+Inf")
OTHER, GONE = "other", 499
METHODS = frozenset({"GET", "POST"})
_ROUTES = (*ROUTES, OTHER)
_REQUESTS = [
    (route, method, status)
    for route in _ROUTES
    for method in (*sorted(METHODS), OTHER)
    for status in (*HTTPStatus, GONE)
]
_DECISIONS = ("approve", "decline", "refer")
# A band is a letter, or what follows them; a referred application has none.
_DECIDED = [(decision, band) for decision in _DECISIONS for band in ("", *map(chr, range(ord("A"), ord("A") + 100)))]
_GAUGES = ("in_flight", "held", "since", "models_refused", "key_file_damaged", "process", "by_name", "shadow_dropped")
_SHADOWS = range(MOST_SHADOWS)
_COMPARED = ("champion", "challenger")
_KEYS = [
    *(("request", *each) for each in _REQUESTS),
    *(("within", route, bound) for route in _ROUTES for bound in range(len(_BOUNDS))),
    *(("seconds", route) for route in _ROUTES),
    *(("applications", *each) for each in _DECIDED),
    *(("gauge", name) for name in _GAUGES),
    *(("shadow", n, "decisions", *pair) for n in _SHADOWS for pair in product(_DECISIONS, repeat=2)),
    *(("shadow", n, "within", bound) for n in _SHADOWS for bound in range(len(_BOUNDS))),
    *(("shadow", n, what) for n in _SHADOWS for what in ("seconds", "failed", "compared", *_COMPARED)),
]
_PLACES: Mapping[tuple[object, ...], int] = {key: place for place, key in enumerate(_KEYS)}
# What ends with the process that said it.
_OF_THE_LIVING = [_PLACES["gauge", name] for name in ("in_flight", "held", "process")]


def make_board(n_places: int = 1) -> Board:
    """A board for the counts of so many processes."""
    return Board(len(_KEYS), n_places)


def forget_process(board: Board, place: int) -> None:
    """Take back what ended with the process that wrote to `place`; what it counted stays."""
    numbers = board.numbers(place)
    for each in _OF_THE_LIVING:
        numbers[each] = 0.0


def is_serving(board: Board, place: int) -> bool:
    """Whether a process has begun to serve that writes to `place`."""
    return board.numbers(place)[_PLACES["gauge", "process"]] > 0


class Metrics:
    """Counts and times since the service was started, this process's at `place` of the board."""

    def __init__(self, board: Board | None = None, place: int = 0, others: Collection[int] = ()) -> None:
        """`others` are processes of the service that write to no board."""
        self._board = board = board or make_board()
        self._place = place
        self._own = board.numbers(place)
        self._held: Callable[[], int] = lambda: 0
        self.shadows: tuple[str, ...] = ()
        self._registry = registry = CollectorRegistry()
        if board.n_places == 1:
            for collector in (ProcessCollector, PlatformCollector, GCCollector):
                collector(registry=registry)
        else:
            registry.register(_Processes(lambda: {*others, *map(int, self._all("process"))} - {0}))
            PlatformCollector(registry=registry)
        registry.register(_Counted(self))

    def count_request(self, route: str, method: str, status: int | None, seconds: float | None = None) -> None:
        """Count a request, and its time where it has one; a status that HTTP does not name is not counted."""
        place = _PLACES.get(("request", route, method, status))
        if place is not None:
            self._own[place] += 1
        if seconds is not None:
            self._own[_PLACES["within", route, bisect_left(_SECONDS, seconds)]] += 1
            self._own[_PLACES["seconds", route]] += seconds

    def count_scored(self, decided: Iterable[tuple[tuple[str, str], int]]) -> None:
        """Count applications by decision and risk band."""
        for (decision, risk_band), count in decided:
            self._own[_PLACES["applications", decision, risk_band]] += count

    def count_scored_by_name(self, decided: Iterable[tuple[tuple[str, str], int]]) -> None:
        """Count applications that another model than the champion scored because it was asked for."""
        self._own[_PLACES["gauge", "by_name"]] += sum(count for _, count in decided)

    def name_shadows(self, names: Sequence[str]) -> None:
        """Say which models score in the champion's shadow; what is counted of each goes by its place here."""
        self.shadows = tuple(names)

    def is_answering(self) -> bool:
        """Whether this process is answering anybody."""
        return self._own[_PLACES["gauge", "in_flight"]] > 0

    def count_shadow(
        self,
        shadow: int,
        decisions: Mapping[tuple[str, str], int],
        n_compared: int,
        sums: tuple[float, float],
        seconds: float,
    ) -> None:
        """Count what a challenger scored besides, which took so many `seconds`.

        By decision of the champion and of the challenger how many applications; then how many have a PD of both, and
        the sums of the champion's PDs and of the challenger's.
        """
        own = self._own
        for pair, count in decisions.items():
            own[_PLACES["shadow", shadow, "decisions", *pair]] += count
        own[_PLACES["shadow", shadow, "compared"]] += n_compared
        for of, total in zip(_COMPARED, sums, strict=True):
            own[_PLACES["shadow", shadow, of]] += total
        own[_PLACES["shadow", shadow, "within", bisect_left(_SECONDS, seconds)]] += 1
        own[_PLACES["shadow", shadow, "seconds"]] += seconds

    def count_shadow_failed(self, shadow: int, count: int) -> None:
        """Count applications that a challenger could not score."""
        self._own[_PLACES["shadow", shadow, "failed"]] += count

    def count_shadow_dropped(self, count: int) -> None:
        """Count applications that no challenger scored because too many were waiting."""
        self._own[_PLACES["gauge", "shadow_dropped"]] += count

    def count_refused_model(self) -> None:
        """Count an attempt to load a model that failed."""
        self._own[_PLACES["gauge", "models_refused"]] += 1

    def change_in_flight(self, more: int) -> None:
        """Say that so many requests more are being answered."""
        self._own[_PLACES["gauge", "in_flight"]] += more

    def name_process(self, process: int) -> None:
        """Say which process writes here."""
        self._own[_PLACES["gauge", "process"]] = process

    def watch_memory(self, held: Callable[[], int]) -> None:
        """Say how many bytes `held` says are held, whenever this process is asked or `note_memory` is called."""
        self._held = held

    def note_memory(self) -> None:
        """Leave for other processes to tell how much memory is held."""
        self._own[_PLACES["gauge", "held"]] = self._held()

    def say_key_file(self, *, is_damaged: bool) -> None:
        """Say whether the file of keys could be read."""
        self._own[_PLACES["gauge", "key_file_damaged"]] = is_damaged

    def name_model(self, sha256: str, backend: str, since: datetime) -> None:
        """Say which model scores, and since when."""
        self._board.write_text(self._place, f"{sha256} {backend}")
        self._own[_PLACES["gauge", "since"]] = since.timestamp()

    def exposition(self) -> bytes:
        """All of it, of all processes, in the text format of Prometheus."""
        self.note_memory()
        return generate_latest(self._registry)

    def models(self) -> list[tuple[str, str]]:
        """Digest and file of each model that scores: more than one while processes change over one by one."""
        named = sorted({text for text in self._board.texts() if text})
        return [(sha256, backend) for sha256, _, backend in (text.partition(" ") for text in named)]

    def _all(self, gauge: str) -> list[float]:
        at = _PLACES["gauge", gauge]
        return [self._board.numbers(place)[at] for place in range(self._board.n_places)]

    def sums(self) -> list[float]:
        """Each number of the board, added up over all processes."""
        return list(map(math.fsum, zip(*map(self._board.numbers, range(self._board.n_places)), strict=True)))

    def most(self, gauge: str) -> float:
        """The largest value that a process has for `gauge`."""
        return max(self._all(gauge))


class _Counted(Collector):
    """The board's numbers as Prometheus has them."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        metrics, sums = self._metrics, self._metrics.sums()
        requests = CounterMetricFamily(
            f"{_PREFIX}_requests", "Requests answered.", labels=("route", "method", "status")
        )
        for key in _REQUESTS:
            if count := sums[_PLACES["request", *key]]:
                requests.add_metric([*map(str, key[:2]), str(int(key[2]))], count)
        yield requests
        seconds = HistogramMetricFamily(
            f"{_PREFIX}_request_seconds",
            "From a request's first byte in the application to its answer's last.",
            labels=("route",),
        )
        for route in _ROUTES:
            _add_times(seconds, route, sums, _PLACES["within", route, 0], _PLACES["seconds", route])
        yield seconds
        yield _gauge("requests_in_flight", "Requests being answered.", sums[_PLACES["gauge", "in_flight"]])
        held = sums[_PLACES["gauge", "held"]]
        yield _gauge("memory_held_bytes", "Memory that batches under way hold of what they may.", held)
        applications = CounterMetricFamily(
            f"{_PREFIX}_applications", "Applications scored.", labels=("decision", "risk_band")
        )
        for decided in _DECIDED:
            if count := sums[_PLACES["applications", *decided]]:
                applications.add_metric(decided, count)
        yield applications
        by_name = sums[_PLACES["gauge", "by_name"]]
        yield _counter("applications_by_name", "Applications scored by a model that was asked for by name.", by_name)
        if metrics.shadows:
            yield from _of_shadows(metrics.shadows, sums)
        model = InfoMetricFamily(f"{_PREFIX}_model", "The model that scores.", labels=())
        for sha256, backend in metrics.models():
            model.add_metric([], {"sha256": sha256, "backend": backend})
        yield model
        yield _gauge("model_since_seconds", "When it began to score, in Unix time.", metrics.most("since"))
        # Each process tries what was published once.
        refused = "Attempts to load what was published that failed."
        yield _counter("models_refused", refused, metrics.most("models_refused"))
        is_damaged = metrics.most("key_file_damaged")
        yield _gauge("key_file_damaged", "1 while the file of keys cannot be read as one.", is_damaged)


def _of_shadows(names: Sequence[str], sums: Sequence[float]) -> Iterator[Metric]:
    decisions = CounterMetricFamily(
        f"{_PREFIX}_shadow_decisions",
        "Applications that a challenger scored besides, by what the champion decided and what it would.",
        labels=("model", "champion", "challenger"),
    )
    pds = SummaryMetricFamily(
        f"{_PREFIX}_shadow_pd", "PDs of applications that have one of both models.", labels=("model", "of")
    )
    seconds = HistogramMetricFamily(
        f"{_PREFIX}_shadow_seconds", "How long a challenger took for what came at once.", labels=("model",)
    )
    failed = CounterMetricFamily(
        f"{_PREFIX}_shadow_failures", "Applications that a challenger could not score.", labels=("model",)
    )
    for n, name in enumerate(names):
        for pair in product(_DECISIONS, repeat=2):
            if count := sums[_PLACES["shadow", n, "decisions", *pair]]:
                decisions.add_metric([name, *pair], count)
        n_compared = int(sums[_PLACES["shadow", n, "compared"]])
        for of in _COMPARED:
            pds.add_metric([name, of], n_compared, sums[_PLACES["shadow", n, of]])
        _add_times(seconds, name, sums, _PLACES["shadow", n, "within", 0], _PLACES["shadow", n, "seconds"])
        failed.add_metric([name], sums[_PLACES["shadow", n, "failed"]])
    yield from (decisions, pds, seconds, failed)
    dropped = "Applications that challengers did not score because too many were waiting."
    yield _counter("shadow_dropped", dropped, sums[_PLACES["gauge", "shadow_dropped"]])


def _add_times(family: HistogramMetricFamily, label: str, sums: Sequence[float], first: int, total: int) -> None:
    within = [math.fsum(sums[first : first + n]) for n in range(1, len(_BOUNDS) + 1)]
    if within[-1]:
        family.add_metric([label], list(zip(_BOUNDS, within, strict=True)), sums[total])


def _counter(name: str, documentation: str, value: float) -> Metric:
    return CounterMetricFamily(f"{_PREFIX}_{name}", documentation, value)


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", documentation, value)


class _Processes(Collector):
    """What Prometheus has of a process, added up over several; of when they began and may have open, the least."""

    _LEAST = ("process_start_time_seconds", "process_max_fds")

    def __init__(self, processes: Callable[[], Collection[int]]) -> None:
        self._processes = processes

    def collect(self) -> Iterator[Metric]:
        values: defaultdict[str, list[float]] = defaultdict(list)
        families: dict[str, Metric] = {}
        for process in self._processes():
            for family in ProcessCollector(pid=lambda process=process: process, registry=None).collect():  # type: ignore[misc]
                families.setdefault(family.name, family)
                values[family.name] += [sample.value for sample in family.samples]
        for name, family in families.items():
            (first, *_) = family.samples
            value = min(values[name]) if name in self._LEAST else math.fsum(values[name])
            family.samples = [first._replace(value=value)]
            yield family
