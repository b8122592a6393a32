"""Scoring in the champion's shadow: challengers score what it scored, are counted and logged, and answer nobody.

One thread does it behind the answers. It begins with an application when nobody is being answered, or after a moment
where somebody always is; what finds no place in its queue is dropped and counted.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl

from data.errors import ScoreroomError
from inference.model.judgement import DECISION, PROBABILITY, Judgement, judge, judge_table
from inference.model.session import ScoringSession
from inference.service.settings import ServiceSettings
from inference.service.telemetry import Metrics
from inference.serving.log import Log
from inference.values import Value

if TYPE_CHECKING:
    from inference.service.challengers import InService

# Applications that may wait: one of 121 columns takes about 10 kB.
MOST_WAITING = 2_000
_LOOK_S, _BUSY_LOOK_S = 0.005, 0.001
# How long an application waits at most while others are answered.
_LONGEST_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class _One:
    application: Mapping[str, Value]
    found: Judgement

    @property
    def height(self) -> int:
        return 1

    def judged(self) -> Iterable[tuple[float | None, str]]:
        return [(self.found.default_probability, self.found.decision)]

    def judged_by(self, session: ScoringSession) -> Iterable[tuple[float | None, str]]:
        found = judge(self.application, session)
        return [(found.default_probability, found.decision)]


@dataclass(frozen=True, slots=True)
class _Table:
    applications: pl.DataFrame
    scored: pl.DataFrame

    @property
    def height(self) -> int:
        return self.applications.height

    def judged(self) -> Iterable[tuple[float | None, str]]:
        return self.scored.rows()

    def judged_by(self, session: ScoringSession) -> Iterable[tuple[float | None, str]]:
        cutoff = session.manifest.cutoff
        judged = judge_table(self.applications, session.score_frame(self.applications), session, cutoff)
        return judged.select(PROBABILITY, DECISION).rows()


class Shadow:
    """Challengers that score besides; `take` and `take_table` are any thread's, and cost next to nothing."""

    def __init__(
        self,
        names: tuple[str, ...],
        logged: float,
        at_hand: Callable[[str], InService | None],
        metrics: Metrics,
        log: Log,
    ) -> None:
        """Let the models `names`, where they are `at_hand`, score; a share of `logged` of it is logged."""
        self._names = names
        self._logged = logged
        self._at_hand = at_hand
        self._metrics = metrics
        self._log = log
        self._waiting: deque[_One | _Table] = deque()
        self._n_waiting = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        # Faults that were told of, by model and kind: each once.
        self._told: set[tuple[str, str]] = set()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    @classmethod
    def of(
        cls, settings: ServiceSettings, at_hand: Callable[[str], InService | None], metrics: Metrics, log: Log
    ) -> Self | None:
        """The shadow that the settings ask for, None where they do not."""
        return cls(settings.shadow, settings.shadow_log, at_hand, metrics, log) if settings.shadow else None

    def take(self, application: Mapping[str, Value], found: Judgement) -> None:
        """One application, and what the champion found."""
        if self._admitted(1):
            self._waiting.append(_One(application, found))

    def take_table(self, applications: pl.DataFrame, scored: pl.DataFrame) -> None:
        """Many, and what the champion found in columns of `JUDGED`; where not all have a place, rows from all over."""
        n = self._admitted(applications.height)
        if n:
            rows = np.linspace(0, applications.height - 1, n).round().astype(np.uint32)
            # Taken out, so that the whole table does not stay in memory.
            self._waiting.append(_Table(applications[rows], scored.select(PROBABILITY, DECISION)[rows]))

    def close(self) -> None:
        """Stop, with what is being scored done and what waits left."""
        self._ended.set()
        self._thread.join()

    def _admitted(self, n: int) -> int:
        with self._lock:
            admitted = min(n, MOST_WAITING - self._n_waiting)
            self._n_waiting += admitted
            if admitted < n:
                self._metrics.count_shadow_dropped(n - admitted)
        return admitted

    def _run(self) -> None:
        while not self._ended.is_set():
            if not self._waiting:
                # Nobody who answers has to wake it.
                self._ended.wait(_LOOK_S)
                continue
            asked = self._waiting.popleft()
            for place, name in enumerate(self._names):
                self._let_pass()
                self._score(place, name, asked)
            with self._lock:
                self._n_waiting -= asked.height

    def _let_pass(self) -> None:
        until = time.monotonic() + _LONGEST_PAUSE_S
        while self._metrics.is_answering() and time.monotonic() < until and not self._ended.is_set():
            time.sleep(_BUSY_LOOK_S)

    def _score(self, place: int, name: str, asked: _One | _Table) -> None:
        model = self._at_hand(name)
        if model is None:
            self._metrics.count_shadow_failed(place, asked.height)
            return
        begun = time.perf_counter()
        try:
            theirs = list(asked.judged_by(model.service.session))
        except Exception as error:  # noqa: BLE001 - whatever a challenger does, the next one is scored
            self._metrics.count_shadow_failed(place, asked.height)
            self._tell(name, error)
            return
        seconds = time.perf_counter() - begun
        pairs = list(zip(asked.judged(), theirs, strict=True))
        self._count(place, pairs, seconds)
        for (pd, decision), (other, other_decision) in pairs:
            if self._logged and random.random() < self._logged:  # noqa: S311 - a sample
                self._log.event(
                    "shadow",
                    model=name,
                    model_sha256=model.service.model_sha256,
                    default_probability=other,
                    decision=other_decision,
                    champion_probability=pd,
                    champion_decision=decision,
                )

    def _count(
        self, place: int, pairs: list[tuple[tuple[float | None, str], tuple[float | None, str]]], seconds: float
    ) -> None:
        both = [(pd, other) for (pd, _), (other, _) in pairs if pd is not None and other is not None]
        self._metrics.count_shadow(
            place,
            Counter((decision, other) for (_, decision), (_, other) in pairs),
            len(both),
            (sum(pd for pd, _ in both), sum(other for _, other in both)),
            seconds,
        )

    def _tell(self, name: str, error: Exception) -> None:
        key = (name, type(error).__name__)
        if key in self._told:
            return
        self._told.add(key)
        if isinstance(error, ScoreroomError):
            self._log.warning("shadow_failed", model=name, reason=str(error))
        else:
            self._log.fault(error, model=name)
