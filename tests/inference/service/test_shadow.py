"""What scores in the champion's shadow: counted against the sessions' own answers, logged without ids, never seen."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl
import pytest
from prometheus_client.parser import text_string_to_metric_families

from data.home_credit import embedded
from data.settings import Settings
from inference.model.judgement import judge
from inference.model.session import ScoringSession
from inference.service.challengers import InService
from inference.service.schemas import Types
from inference.service.service import Service
from inference.service.settings import load_service_settings
from inference.service.shadow import MOST_WAITING, Shadow
from inference.service.telemetry import Metrics
from inference.serving.log import Log
from tests.inference.service.conftest import PATIENCE_S, at

if TYPE_CHECKING:
    from tests.inference.service.conftest import Start

# By name, and the values of the labels in the order of their names.
Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture(scope="module")
def other(challenger: Path) -> ScoringSession:
    return ScoringSession.open(challenger, embedded.DEFINITION)


def samples(text: str) -> Samples:
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        if family.name.startswith("scoreroom_shadow")
        for sample in family.samples
    }


def decided(found: Samples) -> dict[tuple[str, str], float]:
    """How many applications by decision of the champion and of the challenger."""
    return {(labels[1], labels[0]): value for (name, labels), value in found.items() if "decisions" in name}


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.01)


@contextmanager
def shadowing(names: tuple[str, ...], metrics: Metrics, log: io.BytesIO, **models: InService) -> Iterator[Shadow]:
    metrics.name_shadows(names)
    shadow = Shadow(names, 1.0, models.get, metrics, Log("info", log))
    try:
        yield shadow
    finally:
        shadow.close()


def in_service(session: ScoringSession, metrics: Metrics, shadow: Shadow | None = None) -> InService:
    types, settings = Types.of(embedded.DEFINITION), load_service_settings({})
    return InService(Service(session, types, settings, metrics, shadow=shadow), None, datetime.now(UTC))


def expected(rows: list[dict[str, Any]], champion: ScoringSession, other: ScoringSession) -> tuple[Any, float, float]:
    """Pairs of decisions, and the sums of both models' PDs where both have one."""
    judged = [(judge(row, champion), judge(row, other)) for row in rows]
    scored = [
        (one.default_probability, two.default_probability)
        for one, two in judged
        if one.default_probability is not None and two.default_probability is not None
    ]
    decisions = Counter((one.decision, two.decision) for one, two in judged)
    return decisions, sum(one for one, _ in scored), sum(two for _, two in scored)


def test_counts_are_those_of_both_models_over_the_same_applications(
    session: ScoringSession, other: ScoringSession, table: pl.DataFrame
) -> None:
    rows = [*table.head(60).to_dicts(), {}]
    metrics, log = Metrics(), io.BytesIO()
    with shadowing(("absent", "next"), metrics, log, next=in_service(other, metrics)) as shadow:
        service = in_service(session, metrics, shadow).service
        answers = [orjson.loads(service.score_to_json(row)) for row in rows[:20]]
        answers += [service.score(row).model_dump() for row in rows[20:40]]
        body = orjson.dumps({"applications": rows[40:]})
        answers += orjson.loads(service.score_json(body))["scores"]
        wait_for(
            lambda: samples(metrics.exposition().decode())["scoreroom_shadow_pd_count", ("next", "champion")] == 60
        )
        wait_for(lambda: samples(metrics.exposition().decode())["scoreroom_shadow_seconds_count", ("next",)] == 61)
    assert [answer["default_probability"] for answer in answers[:60]] == [session.score(row) for row in rows[:60]]
    found = samples(metrics.exposition().decode())
    decisions, ours, theirs = expected(rows, session, other)
    assert decided(found) == decisions
    assert decisions["refer", "refer"] == 1
    assert found["scoreroom_shadow_pd_sum", ("next", "champion")] == pytest.approx(ours, rel=1e-12)
    assert found["scoreroom_shadow_pd_sum", ("next", "challenger")] == pytest.approx(theirs, rel=1e-12)
    assert found["scoreroom_shadow_failures_total", ("absent",)] == 61
    assert found["scoreroom_shadow_failures_total", ("next",)] == 0
    assert found["scoreroom_shadow_dropped_total", ()] == 0
    lines = [orjson.loads(line) for line in log.getvalue().splitlines()]
    assert [line["default_probability"] for line in lines[:60]] == [other.score(row) for row in rows[:60]]
    assert {line["model"] for line in lines} == {"next"}
    assert lines[0].keys() - {"timestamp", "level", "event"} == {
        "model",
        "model_sha256",
        "default_probability",
        "decision",
        "champion_probability",
        "champion_decision",
    }


def test_a_table_is_scored_as_its_rows_are_and_too_long_a_one_all_over(
    session: ScoringSession, other: ScoringSession, table: pl.DataFrame
) -> None:
    metrics, log = Metrics(), io.BytesIO()
    long = table.head(3 * MOST_WAITING)
    with shadowing(("next",), metrics, log, next=in_service(other, metrics)) as shadow:
        scored = pl.DataFrame(
            {"default_probability": session.score_frame(long).astype("float64"), "decision": ["approve"] * long.height}
        )
        shadow.take_table(long, scored)
        wait_for(lambda: log.getvalue().count(b"\n") == MOST_WAITING)
    found = samples(metrics.exposition().decode())
    assert found["scoreroom_shadow_dropped_total", ()] == 2 * MOST_WAITING
    lines = [orjson.loads(line) for line in log.getvalue().splitlines()]
    # Every third row, from the first to the last; one of whom too little is known has no PD.
    rows = np.linspace(0, long.height - 1, MOST_WAITING).round().astype(int)
    judged = [judge(long.row(int(row), named=True), other) for row in rows]
    assert [(line["default_probability"], line["decision"]) for line in lines] == [
        (each.default_probability, each.decision) for each in judged
    ]
    n_scored = sum(each.default_probability is not None for each in judged)
    assert found["scoreroom_shadow_pd_count", ("next", "challenger")] == n_scored
    assert [line["champion_probability"] for line in lines] == scored["default_probability"].gather(rows).to_list()


def test_while_others_are_answered_it_waits_and_what_has_no_place_is_dropped(
    session: ScoringSession, other: ScoringSession, table: pl.DataFrame
) -> None:
    metrics, row = Metrics(), table.row(0, named=True)
    with shadowing(("next",), metrics, io.BytesIO(), next=in_service(other, metrics)) as shadow:
        metrics.change_in_flight(1)
        found = judge(row, session)
        for _ in range(MOST_WAITING + 70):
            shadow.take(row, found)
        # One is scored at most every tenth of a second, and its place is free then.
        assert 60 <= samples(metrics.exposition().decode())["scoreroom_shadow_dropped_total", ()] <= 70


class Broken:
    """A session that fails."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_a_challenger_that_fails_is_counted_told_once_and_harms_nobody(
    session: ScoringSession, table: pl.DataFrame
) -> None:
    metrics, log = Metrics(), io.BytesIO()
    broken = in_service(session, metrics)
    broken.service.session = Broken()  # type: ignore[assignment]
    with shadowing(("bad",), metrics, log, bad=broken) as shadow:
        service = in_service(session, metrics, shadow).service
        rows = table.head(5).to_dicts()
        answers = [orjson.loads(service.score_to_json(row)) for row in rows]
        wait_for(lambda: samples(metrics.exposition().decode())["scoreroom_shadow_failures_total", ("bad",)] == 5)
    assert [answer["default_probability"] for answer in answers] == [session.score(row) for row in rows]
    (line,) = [orjson.loads(line) for line in log.getvalue().splitlines()]
    assert (line["event"], line["model"], line["exception"]) == ("fault", "bad", "RuntimeError")


def test_over_http_answers_are_the_champions_alone(
    start: Start, place: Settings, session: ScoringSession, other: ScoringSession, table: pl.DataFrame
) -> None:
    rows = table.head(30)
    with start(API_SHADOW="next", API_SHADOW_LOG="1", **at(place)) as service:
        client = service.client
        listed = {each["name"]: each["is_shadow"] for each in client.get("/v1/models").json()["models"]}
        assert listed == {"champion": False, "next": True}
        for row in rows.to_dicts():
            answer = client.post("/v1/score", json={"application": row}).json()
            assert (answer["model"], answer["default_probability"]) == ("champion", session.score(row))
        csv = client.post("/v1/score/batch", content=rows.write_csv(), headers={"content-type": "text/csv"})
        assert csv.headers["x-scoreroom-model-name"] == "champion"
        # Whoever asks for a model by name casts no shadow.
        client.post("/v1/score?model=next", json={"application": rows.row(0, named=True)})
        wait_for(lambda: samples(client.get("/metrics").text)["scoreroom_shadow_pd_count", ("next", "champion")] == 60)
        found = samples(client.get("/metrics").text)
        lines = service.events("shadow")
        service.stop()
    decisions, ours, theirs = expected(rows.to_dicts(), session, other)
    assert decided(found) == {pair: 2 * count for pair, count in decisions.items()}
    assert found["scoreroom_shadow_pd_sum", ("next", "champion")] == pytest.approx(2 * ours, rel=1e-12)
    assert found["scoreroom_shadow_pd_sum", ("next", "challenger")] == pytest.approx(2 * theirs, rel=1e-12)
    assert found["scoreroom_shadow_seconds_count", ("next",)] == 31
    assert [line["default_probability"] for line in lines[:30]] == [other.score(row) for row in rows.to_dicts()]
