"""Every address from end to end, and that none of them keeps another one waiting."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import polars as pl
import pytest

from data.definition.reading import read_definition
from data.home_credit import HOME_CREDIT_TOML, embedded
from data.settings import ROOT, Settings
from inference.model.session import ScoringSession
from scripts.benchmarks.server import free_port, service_command

if TYPE_CHECKING:
    from tests.inference.service.conftest import Running

EXAMPLE = dict(read_definition(HOME_CREDIT_TOML).example)

APPLICATION = {name: value for name, value in EXAMPLE.items() if name != "SK_ID_CURR"}


def test_one_application_is_told_the_same_by_every_address(client: httpx.Client) -> None:
    one = client.post("/v1/score", json={"application": APPLICATION}).json()
    many = client.post("/v1/score/batch", json={"applications": [APPLICATION]}).json()
    explained = client.post("/v1/explain", json={"application": APPLICATION}).json()
    model = client.get("/v1/model").json()
    assert {**many["scores"][0], **{name: many[name] for name in ("cutoff", "model", "model_sha256", "notices")}} == one
    assert {name: explained[name] for name in one} == one
    assert (model["cutoff"], model["model_sha256"]) == (one["cutoff"], one["model_sha256"])


class Order:
    """Notes what is done in the order in which it is."""

    def __init__(self, client: httpx.Client) -> None:
        self.done: list[str] = []
        self._client = client
        self._lock = threading.Lock()

    def ask(self, name: str, method: str, route: str, **sent: Any) -> httpx.Response:
        answer = self._client.request(method, route, **sent)
        with self._lock:
            self.done.append(name)
        assert answer.status_code == 200, answer.text
        return answer


class TestPerformance:
    """Responsiveness as an order of events: seconds would say more of the machine than of the service."""

    def test_it_is_ready_before_it_answers_the_first_request(self, built: Settings, tmp_path: Path) -> None:
        # Nobody waits for it to be healthy here: whoever is let in at all gets a score, not an excuse.
        port = free_port()
        with (
            (tmp_path / "log").open("wb") as log,
            subprocess.Popen(service_command(port), cwd=ROOT, stdout=log, stderr=log) as process,
        ):
            until = time.monotonic() + 60
            while (answer := _first_answer(port)) is None:
                time.sleep(0.005)
                assert process.poll() is None
                assert time.monotonic() < until
            process.terminate()
        assert answer.status_code == 200
        assert answer.json()["default_probability"] == ScoringSession.open(built.model, embedded.DEFINITION).score(
            APPLICATION
        )

    @pytest.mark.parametrize("media_type", ["application/json", "text/csv"])
    def test_a_large_batch_keeps_nobody_waiting(self, service: Running, table: pl.DataFrame, media_type: str) -> None:
        order = Order(service.client)
        body = pl.concat([table] * 12).write_csv().encode() if media_type == "text/csv" else _json(table)
        with ThreadPoolExecutor(1) as pool:
            batch: Future[httpx.Response] = pool.submit(
                order.ask, "batch", "POST", "/v1/score/batch", content=body, headers={"content-type": media_type}
            )
            service.wait_until_read(batch)
            order.ask("health", "GET", "/health/live")
            order.ask("score", "POST", "/v1/score", json={"application": APPLICATION})
            batch.result()
        # What is asked while the batch is under way is answered before it.
        assert order.done == ["health", "score", "batch"]

    @pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core scores one batch at a time")
    def test_batches_are_scored_beside_one_another(self, service: Running, table: pl.DataFrame) -> None:
        order = Order(service.client)
        large, small = (pl.concat([table] * n).write_csv().encode() for n in (12, 1))
        given = {"content-type": "text/csv"}
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(order.ask, "large", "POST", "/v1/score/batch", content=large, headers=given)
            service.wait_until_read(first)
            wait([pool.submit(order.ask, "small", "POST", "/v1/score/batch", content=small, headers=given), first])
        assert order.done == ["small", "large"]

    def test_many_callers_at_once_are_all_answered(self, service: Running) -> None:
        order = Order(service.client)
        with ThreadPoolExecutor(32) as pool:
            asked = [
                pool.submit(
                    order.ask,
                    f"{n}",
                    "POST",
                    "/v1/score",
                    json={"application": {**APPLICATION, "AMT_CREDIT": 300_000 + n}},
                )
                for n in range(500)
            ]
            answers = [each.result().json() for each in asked]
        assert len(order.done) == 500
        alone = [
            service.client.post("/v1/score", json={"application": {**APPLICATION, "AMT_CREDIT": 300_000 + n}}).json()
            for n in range(0, 500, 50)
        ]
        assert answers[::50] == alone


def _first_answer(port: int) -> httpx.Response | None:
    try:
        return httpx.post(
            f"http://127.0.0.1:{port}/v1/score", json={"application": APPLICATION}, timeout=30, trust_env=False
        )
    except httpx.ConnectError:
        return None


def _json(table: pl.DataFrame) -> bytes:
    return orjson.dumps({"applications": table.to_dicts()})
