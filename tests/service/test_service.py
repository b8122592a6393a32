"""The scoring service: a real Uvicorn process, asked over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import polars as pl
import pytest

from data.settings import ROOT, Settings
from inference.session import ScoringSession
from scripts.benchmarks.server import free_port

pytestmark = pytest.mark.xdist_group("built")


@pytest.fixture(scope="module")
def client(built: Settings) -> Iterator[httpx.Client]:
    port = free_port()
    command = [sys.executable, "-m", "scripts.serve_api", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        for _ in range(300):
            try:
                client.get("/health/live")
                break
            except httpx.ConnectError:
                assert process.poll() is None, "the service ended before it answered"
                time.sleep(0.1)
        yield client
    process.terminate()
    assert process.wait(30) in (0, -15)
    assert process.stdout is not None
    process.stdout.close()


def test_ready_names_the_backend(client: httpx.Client) -> None:
    assert client.get("/health/ready").json() == {"status": "ready", "backend": "model.onnx", "fallback_reason": ""}


def test_score_is_that_of_the_session(client: httpx.Client, built: Settings) -> None:
    row = pl.read_parquet(built.applications).row(3, named=True)
    row.pop("TARGET")
    answer = client.post("/v1/score", json={"application": row})
    session = ScoringSession.open(built.model)
    pd = session.score(row)
    assert answer.status_code == 200
    assert answer.json()["default_probability"] == pd
    assert answer.json()["declined"] is (pd >= session.manifest.cutoff)
    assert answer.json()["model_sha256"] == session.manifest.files["model.onnx"].sha256


def test_an_unknown_column_is_a_problem_that_names_it(client: httpx.Client) -> None:
    answer = client.post("/v1/score", json={"application": {"AMT_CREDITS": 1.0}})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "AMT_CREDITS" in answer.json()["detail"]


def test_the_model_says_its_metrics(client: httpx.Client) -> None:
    assert client.get("/v1/model").json()["metrics"]["parity_flips"] == 0


@pytest.mark.parametrize("body", [b"", b"[]", b'{"application": 3}', b'{"application": {"AMT_CREDIT": "much"}}'])
def test_a_wrong_body_is_a_problem_of_the_same_shape(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/v1/score", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "detail"}
