"""What the service tells about itself: counts that add up, a log without applicants, and an id in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import polars as pl
from prometheus_client.parser import text_string_to_metric_families

from inference.model.session import ScoringSession

if TYPE_CHECKING:
    from tests.inference.service.conftest import CheckProblem, Start

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(client: httpx.Client) -> Samples:
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def of(found: Samples, name: str, **labels: str) -> float:
    return found.get((f"scoreroom_{name}", frozenset(labels.items())), 0.0)


def test_counts_are_of_what_was_asked(start: Start, session: ScoringSession, table: pl.DataFrame) -> None:
    rows = table.head(300)
    with start() as service:
        client = service.client
        client.post("/v1/score/batch", json={"applications": rows.to_dicts()})
        client.post("/v1/score", json={"application": rows.row(0, named=True)})
        client.post("/v1/score", json={"application": {"AMT_CREDIT": 0}})
        client.get("/v1/nothing/of/the/kind")
        client.post("/v1/score", content=b"x", headers={"content-type": "text/plain"})
        client.request("PATCH", "/v1/score")
        found = samples(client)
    assert of(found, "requests_total", route="/v1/score/batch", method="POST", status="200") == 1
    assert of(found, "requests_total", route="/v1/score", method="POST", status="200") == 1
    assert of(found, "requests_total", route="/v1/score", method="POST", status="422") == 1
    assert of(found, "requests_total", route="other", method="GET", status="404") == 1
    # Refused before it reached its route, and still its.
    assert of(found, "requests_total", route="/v1/score", method="POST", status="415") == 1
    assert of(found, "requests_total", route="/v1/score", method="other", status="405") == 1
    assert of(found, "request_seconds_count", route="/v1/score") == 4
    assert of(found, "request_seconds_bucket", route="/v1/score", le="+Inf") == 4
    assert of(found, "requests_in_flight") == 1
    probabilities = [*session.score_frame(rows).tolist(), session.score(rows.row(0, named=True))]
    declined = sum(pd >= session.manifest.cutoff for pd in probabilities)
    scored = {labels: value for (name, labels), value in found.items() if name == "scoreroom_applications_total"}
    assert sum(scored.values()) == 301
    assert sum(value for labels, value in scored.items() if ("decision", "decline") in labels) == declined
    assert sum(value for labels, value in scored.items() if ("risk_band", "A") in labels) == sum(
        pd < 0.02 for pd in probabilities
    )
    sha256 = session.manifest.files["model.onnx"].sha256
    assert of(found, "model_info", sha256=sha256, backend="model.onnx") == 1


def test_the_log_names_requests_and_no_applicant(start: Start, check_problem: CheckProblem) -> None:
    secret = "Level Zulu"
    with start() as service:
        client = service.client
        client.post(
            "/v1/score", json={"application": {"ORGANIZATION_TYPE": secret}}, headers={"X-Request-ID": "mine.1"}
        )
        check_problem(
            client.post("/v1/score", json={"application": {"AMT_CREDIT": secret}}), 422, "invalid-application"
        )
        client.get(f"/v1/{secret}?application={secret}")
        client.post("/v1/score/batch", content=f"{secret}\n{secret}", headers={"content-type": "text/csv"})
        service.stop()
        lines = [line for line in service.events() if line["route"] != "/health/live"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/v1/score", 200),
        ("POST", "/v1/score", 422),
        ("GET", "other", 404),
        ("POST", "/v1/score/batch", 422),
    ]
    assert lines[0].keys() == {
        "timestamp",
        "level",
        "event",
        "request_id",
        "method",
        "route",
        "status",
        "ms",
        "caller",
    }
    assert lines[0]["request_id"] == "mine.1"
    assert all(line["ms"] > 0 for line in lines)
    assert "Zulu" not in service.log.read_text()


def test_a_quiet_log_holds_only_what_went_wrong(start: Start) -> None:
    with start(API_LOG="warning") as service:
        service.client.post("/v1/score", json={"application": {}})
        service.stop()
        assert service.log.read_text() == ""
