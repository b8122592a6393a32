"""The performance report of the earlier system, row by row: what it was, what it claimed, what is measured here."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.benchmarks.api import GOAL_CONNECTIONS, LEAST_PER_S, MOST_P95_MS
from scripts.benchmarks.report_loading import CLAIMED_GAIN, CLAIMED_PARQUET_S, MOST_START_S
from scripts.benchmarks.report_scoring import CLAIMED_ONNX_MS, CLAIMED_SPEEDUP, LEAST_SPEEDUP, MOST_APPLICANT_US
from scripts.benchmarks.report_tables import Figures, largest, libraries, measured_on, significant, table, times, yes

NOT_MEASURED, NOT_CLAIMED = "not measured", "none"


@dataclass(frozen=True, slots=True)
class Claim:
    """A row of that report.

    `before` and `claimed` are its own words. `claim` and `goal` are numbers in `unit`, as is the figure at `place` once
    it is multiplied by `scale`; without a goal of its own, the row is reached where the claim is beaten. A bare bound
    such as "< 0.5 sec" counts as if 0.5 s had been measured, which is as good as the claim can be read. Without claim
    and goal, the figure stands there for comparison only.
    """

    component: str
    metric: str
    before: str
    claimed: str
    place: str
    claim: float | None
    unit: str
    technique: str
    scale: float = 1.0
    goal: float | None = None
    more_is_better: bool = False

    @property
    def section(self) -> str:
        """The section of `python -m scripts.benchmark` that measures it."""
        first = self.place.split(".", maxsplit=1)[0]
        return "dashboard" if first == "interactions" else first

    def better_by(self, value: float, limit: float) -> float:
        """How many times better `value` is than `limit`; above 1 it beats it."""
        return value / limit if self.more_is_better else limit / value


_LOAD, _AT = f"api.{GOAL_CONNECTIONS}", f"{GOAL_CONNECTIONS} connections"
_ROW = "inference.seed_shaped"
_SLOW, _FAST = "5-10 sec", "< 0.5 sec"
CLAIMS = (
    Claim(
        "API",
        f"latency (P95), {_AT}",
        "> 100 ms",
        "42 ms, > 2x",
        f"{_LOAD}.p95_ms",
        42,
        "ms",
        "async endpoints, Pydantic validation, a model that is loaded once",
        goal=MOST_P95_MS,
    ),
    Claim(
        "API",
        f"max throughput, {_AT}",
        "< 50 req/s",
        "120 req/s, > 2x",
        f"{_LOAD}.requests_per_s",
        120,
        "req/s",
        "a request scored where it arrives, no pool and no queue in between",
        goal=LEAST_PER_S,
        more_is_better=True,
    ),
    Claim(
        "Dashboard",
        "interaction, largest p95 of all",
        "> 3 sec",
        "< 1 sec, Instant",
        "interactions.*.p95",
        1_000,
        "ms",
        "counts by score bin instead of rows, bounded caches, figures built in one piece",
    ),
    Claim(
        "Data",
        "loading, applications",
        _SLOW,
        _FAST,
        "data.applications.parquet_s",
        CLAIMED_PARQUET_S,
        "s",
        "Parquet, typed once when it is built",
    ),
    Claim(
        "Data",
        "loading, predictions",
        _SLOW,
        _FAST,
        "data.predictions.parquet_s",
        CLAIMED_PARQUET_S,
        "s",
        "the same",
    ),
    Claim(
        "Data",
        "loading, predictions as the dashboard does",
        _SLOW,
        _FAST,
        "data.load_predictions_s",
        CLAIMED_PARQUET_S,
        "s",
        "the same, checked and with the columns added that every table gets",
    ),
    Claim(
        "Data",
        "gain of Parquet over CSV, applications",
        "",
        "24x",
        "data.applications.ratio",
        CLAIMED_GAIN,
        "x",
        "columnar file, read in parallel",
        more_is_better=True,
    ),
    Claim(
        "Data",
        "gain of Parquet over CSV, predictions",
        "",
        "24x",
        "data.predictions.ratio",
        CLAIMED_GAIN,
        "x",
        "the same",
        more_is_better=True,
    ),
    Claim(
        "Startup",
        "service ready",
        "~min",
        "~3 sec, Fast",
        "start.service_s",
        MOST_START_S,
        "s",
        "one session for the life of the process; no training library imported",
    ),
    Claim(
        "Startup",
        "dashboard ready",
        "~min",
        "~3 sec, Fast",
        "start.dashboard_s",
        MOST_START_S,
        "s",
        "the same; predictions loaded while the reader's browser still starts",
    ),
    Claim(
        "API inference",
        "one row again and again, model of the report's shape",
        "~3.73 ms",
        "~0.06 ms",
        f"{_ROW}.onnx_us",
        CLAIMED_ONNX_MS,
        "ms",
        "ONNX Runtime, one thread, no spinning",
        scale=1e-3,
    ),
    Claim(
        "API inference",
        "gain over the pickle, one row again and again",
        "",
        "~65x",
        f"{_ROW}.speedup",
        CLAIMED_SPEEDUP,
        "x",
        "the same",
        goal=LEAST_SPEEDUP,
        more_is_better=True,
    ),
    Claim(
        "API inference",
        "the same, from values by name",
        "",
        NOT_CLAIMED,
        f"{_ROW}.speedup_record",
        None,
        "x",
        "no data frame on the way",
    ),
    Claim(
        "API inference",
        "the same, different rows",
        "",
        NOT_CLAIMED,
        f"{_ROW}.different_rows.speedup",
        None,
        "x",
        "ONNX Runtime, one thread, no spinning",
    ),
    Claim(
        "API inference",
        "raw values to PD p50, this project's model",
        "",
        NOT_CLAIMED,
        "inference.product.applicant_us.p50",
        None,
        "µs",
        "one definition of the features, compiled for a single applicant",
        goal=MOST_APPLICANT_US,
    ),
)
HEADER = (
    "component",
    "metric",
    "before (report)",
    "report's claim",
    "measured here",
    "better by",
    "goal",
    "reached",
    "technique",
    "command",
)


def render_claims(figures: Figures) -> str:
    """The earlier report's tables with a column of what is measured here; what was not measured says so."""
    where = f"{measured_on(figures)}: {libraries(figures)}."
    return f"{where}\n\n{table(HEADER, [_row(claim, figures) for claim in CLAIMS])}"


def _row(claim: Claim, figures: Figures) -> list[str]:
    return [
        claim.component,
        claim.metric,
        claim.before,
        claim.claimed,
        *_compared(claim, largest(figures, claim.place)),
        claim.technique,
        f"`python -m scripts.benchmark {claim.section}`",
    ]


def _compared(claim: Claim, measured: float | None) -> list[str]:
    """The cells from "measured here" to "reached"."""
    limit = claim.claim if claim.goal is None else claim.goal
    goal = _goal(claim)
    if measured is None:
        return [NOT_MEASURED, "", goal, ""]
    value = claim.scale * measured
    shown = _with_unit(value, claim.unit, significant(value))
    if limit is None:
        return [shown, "", goal, ""]
    gain = "" if claim.claim is None else times(claim.better_by(value, claim.claim))
    ratio = claim.better_by(value, limit)
    return [shown, gain, goal, yes(ratio > 1 if claim.goal is None else ratio >= 1)]


def _goal(claim: Claim) -> str:
    if claim.goal is not None:
        return _with_unit(claim.goal, claim.unit, f"{claim.goal:,g}")
    return "" if claim.claim is None else "the claim"


def _with_unit(value: float, unit: str, text: str) -> str:
    return times(value) if unit == "x" else f"{text} {unit}"
