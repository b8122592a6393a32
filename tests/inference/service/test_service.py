"""One application over HTTP: scored, explained and refused as the session, the schema and the trees say."""

from __future__ import annotations

import json
import math
import re
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import lightgbm as lgb
import numpy as np
import polars as pl
import pytest

from data.definition.columns import Kind
from data.definition.reading import read_definition
from data.home_credit import HOME_CREDIT_TOML, embedded
from data.settings import Settings
from inference.explain.comparison import find_reference
from inference.explain.contributions import load_contributions
from inference.model.session import ScoringSession
from scripts._embedded import FEATURES

if TYPE_CHECKING:
    from tests.inference.service.conftest import CheckProblem, Running

EXAMPLE = dict(read_definition(HOME_CREDIT_TOML).example)


def score(client: httpx.Client, application: object) -> httpx.Response:
    return client.post("/v1/score", json={"application": application})


def test_live_and_ready_say_so(client: httpx.Client, session: ScoringSession) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    # Once an application was explained, what that takes is loaded.
    assert explain(client, {})["id"] is None
    ready = client.get("/health/ready").json()
    assert datetime.fromisoformat(ready.pop("in_service_since")) < datetime.now(UTC)
    assert ready == {
        "status": "ready",
        "model_sha256": session.manifest.files["model.onnx"].sha256,
        "backend": "model.onnx",
        "fallback_reason": "",
        "explanations": "ready",
        "refused": None,
        "key_file": None,
    }


def test_a_score_is_that_of_the_session(client: httpx.Client, session: ScoringSession, table: pl.DataFrame) -> None:
    decisions = []
    for row in table.head(40).iter_rows(named=True):
        answer = score(client, row)
        pd = session.score(row)
        assert answer.status_code == 200
        assert answer.json() == {
            "id": row["SK_ID_CURR"],
            "default_probability": pd,
            "decision": "decline" if pd >= session.manifest.cutoff else "approve",
            "risk_band": "ABCDEF"[sum(pd >= edge for edge in (0.02, 0.04, 0.08, 0.16, 0.32))],
            "refer_reason": None,
            "warnings": [],
            "notices": [],
            "cutoff": session.manifest.cutoff,
            "model": "champion",
            "model_sha256": session.manifest.files["model.onnx"].sha256,
        }
        decisions.append(answer.json()["decision"])
    assert set(decisions) == {"approve", "decline"}


def test_missing_is_null_or_left_out(client: httpx.Client, session: ScoringSession) -> None:
    given = {**EXAMPLE, "SK_ID_CURR": 7}
    nulls = {column.name: None for column in embedded.COLUMNS if column.kind is not Kind.TARGET} | given
    pd = session.score(given)
    assert score(client, given).json()["default_probability"] == pd
    assert score(client, nulls).json()["default_probability"] == pd


NOTHING = "contract type, credit amount, annuity, income, income type, age and time employed are missing and are needed"


# As a colleague would try it first: nothing, a number alone, and a few fields that look like an application.
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, f"{NOTHING}; none of"),
        ({"SK_ID_CURR": 100_001}, NOTHING),
        ({**EXAMPLE, "AMT_INCOME_TOTAL": None}, "income is missing and is needed."),
        ({**EXAMPLE, "EXT_SOURCE_2": None, "EXT_SOURCE_3": None}, "none of external score 1, external score 2 and"),
    ],
)
def test_too_little_is_referred_with_its_reason_and_without_a_pd(
    client: httpx.Client, session: ScoringSession, given: dict[str, object], words: str
) -> None:
    answer = score(client, given).json()
    (alike,) = client.post("/v1/score/batch", json={"applications": [given]}).json()["scores"]
    explained = explain(client, given)
    for found in (answer, alike, explained):
        assert found["refer_reason"].startswith(f"Not enough is known to score: {words}")
        assert (found["default_probability"], found["decision"], found["risk_band"]) == (None, "refer", None)
    assert {name: explained[name] for name in answer} == answer
    assert explained["contributions"] == explained["supports"] == explained["principal_reasons"] == []
    assert explained["log_odds"] is None
    assert answer["cutoff"] == session.manifest.cutoff


def test_values_that_contradict_one_another_are_told_and_scored(client: httpx.Client, session: ScoringSession) -> None:
    given = {**EXAMPLE, "DAYS_EMPLOYED": -20_000, "AMT_ANNUITY": 9 * float(EXAMPLE["AMT_CREDIT"] or 0)}
    words = [
        "employed since before the age of 14",
        "fewer than 3 annuities repay the credit amount",
        "annuity above the yearly income",
    ]
    (alike,) = client.post("/v1/score/batch", json={"applications": [given]}).json()["scores"]
    for found in (score(client, given).json(), alike, explain(client, given)):
        assert found["warnings"] == words
        assert found["default_probability"] == session.score(given)


def test_whole_numbers_may_be_written_as_floats(client: httpx.Client, session: ScoringSession) -> None:
    numbers = {"DAYS_BIRTH": -14_000, "CNT_CHILDREN": 2, "DAYS_EMPLOYED": 365_243, "REGION_RATING_CLIENT_W_CITY": -1}
    whole = {**EXAMPLE, **numbers}
    floats = {**EXAMPLE, **{name: float(value) for name, value in numbers.items()}}
    assert score(client, floats).json() == score(client, whole).json()
    assert score(client, floats).json()["default_probability"] == session.score(whole)


def test_a_category_never_seen_is_scored_as_unknown(client: httpx.Client, session: ScoringSession) -> None:
    found = score(client, {**EXAMPLE, "NAME_EDUCATION_TYPE": "Fünf Freunde"}).json()["default_probability"]
    assert found == session.score({**EXAMPLE, "NAME_EDUCATION_TYPE": "another one"})
    assert found != session.score({**EXAMPLE, "NAME_EDUCATION_TYPE": "Higher education"})


# One value for each way in which a value can be wrong, and the words of its column for it.
WRONG: dict[str, tuple[object, str]] = {
    "AMT_CREDIT": (-5, "Credit amount (AMT_CREDIT) is -5; expected a number from 1 to 1,000,000,000"),
    "AMT_INCOME_TOTAL": ("much", "is 'much'; expected a number"),
    "AMT_ANNUITY": (True, "is True; expected a number"),
    "AMT_GOODS_PRICE": ([1], "is of type list; expected a number"),
    "DAYS_BIRTH": (-14_000.5, "is -14000.5; expected a whole number from -32,000 to -5,000"),
    "CNT_CHILDREN": (2.0000000001, "expected a whole number from 0 to 30"),
    "DAYS_EMPLOYED": (1, "expected a whole number from -30,000 to 0, or 365243 (not employed)"),
    "REGION_RATING_CLIENT_W_CITY": (0, "expected a whole number from 1 to 3, or -1 (not rated)"),
    "FLAG_PHONE": ("Y", "is 'Y'; expected"),
    "CODE_GENDER": (1, "is 1; expected a category"),
    "NAME_INCOME_TYPE": ("  ", "expected a category"),
    "ORGANIZATION_TYPE": ("x" * 81, "expected a category"),
    "OCCUPATION_TYPE": ("Line\nbreak", "expected a category"),
    "SK_ID_CURR": (0, "expected a whole number from 1 to"),
    "TARGET": (1, "Defaulted (TARGET) is no input of the model; leave it out."),
    "AMT_CREDITS": (1, "The application table has no column 'AMT_CREDITS'; leave it out or correct its spelling"),
    "a/b~c": (1, "has no column 'a/b~c'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_named(client: httpx.Client, check_problem: CheckProblem, name: str) -> None:
    value, words = WRONG[name]
    problem = check_problem(score(client, {name: value}), 422, "invalid-application", words)
    pointer = "/application/" + name.replace("~", "~0").replace("/", "~1")
    (fault,) = problem["errors"]
    assert (fault["field"], fault["pointer"]) == (name, pointer)
    assert problem["detail"] == f"{pointer}: {fault['problem']}"


def test_of_many_faults_the_first_hundred_are_named(client: httpx.Client, check_problem: CheckProblem) -> None:
    answer = score(client, {f"k{number}": 1 for number in range(1_000)})
    problem = check_problem(answer, 422, "invalid-application", "More than 100 faults in all.")
    assert [fault["field"] for fault in problem["errors"]] == [f"k{number}" for number in range(100)]


def test_all_that_is_wrong_is_named_at_once(client: httpx.Client, check_problem: CheckProblem) -> None:
    answer = score(client, {name: value for name, (value, _) in WRONG.items()})
    problem = check_problem(answer, 422, "invalid-application", f"{len(WRONG)} faults in all.")
    assert {fault["field"] for fault in problem["errors"]} == set(WRONG)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 500, "0x10", "1_000", "+1"])
def test_numbers_that_json_has_not_are_refused_alone_and_in_a_batch(
    client: httpx.Client, check_problem: CheckProblem, number: str
) -> None:
    application = f'{{"AMT_CREDIT": {number}}}'
    for route, body in (("", f'{{"application": {application}}}'), ("/batch", f'{{"applications": [{application}]}}')):
        answer = client.post(f"/v1/score{route}", content=body, headers={"content-type": "application/json"})
        check_problem(answer, 400, "malformed-body", "no JSON")


def test_a_key_that_stands_twice_counts_with_its_last_value(client: httpx.Client) -> None:
    for body, value in (
        (b'{"AMT_CREDIT": 5, "AMT_CREDIT": 450000}', 450_000),
        (b'{"AMT_CREDIT": 0, "AMT_CREDIT": 7}', 7),
    ):
        answer = client.post(
            "/v1/score", content=b'{"application": %s}' % body, headers={"content-type": "application/json"}
        )
        assert answer.json() == score(client, {"AMT_CREDIT": value}).json()


@pytest.mark.parametrize("route", ["/v1/score", "/v1/explain"])
@pytest.mark.parametrize(
    ("body", "status", "kind", "said"),
    [
        (b"", 400, "malformed-body", "it is empty"),
        (b'{"application": ', 400, "malformed-body", "it is no JSON"),
        (b'{"application": {}}}', 400, "malformed-body", "it is no JSON"),
        (b'{"application": "\xff"}', 400, "malformed-body", "it is no JSON"),
        ('{"application": {}}'.encode("utf-16"), 400, "malformed-body", "it is no JSON"),
        ('{"application": {}}'.encode("utf-8-sig"), 400, "malformed-body", "it is no JSON"),
        (b'{"application": {"CODE_GENDER": "\\ud800"}}', 400, "malformed-body", "it is no JSON"),
        (b"[" * 15_000, 400, "malformed-body", "it is no JSON"),
        (b"null", 400, "malformed-body", "it is empty, or null"),
        (b"[]", 422, "invalid-application", 'send {"application": {...}}'),
        (b"{}", 422, "invalid-application", "/application: Field required; send"),
        (b'{"AMT_CREDIT": 1}', 422, "invalid-application", "/application: Field required; send"),
        (b'{"application": 3}', 422, "invalid-application", "/application: Input should be"),
        (b'{"application": {}, "cutoff": 0.1}', 422, "invalid-application", "/cutoff: Extra inputs"),
    ],
)
def test_a_wrong_body_is_a_problem(
    client: httpx.Client, check_problem: CheckProblem, route: str, body: bytes, status: int, kind: str, said: str
) -> None:
    answer = client.post(route, content=body, headers={"content-type": "application/json"})
    check_problem(answer, status, kind, said)


def test_other_types_and_packed_bodies_are_refused(client: httpx.Client, check_problem: CheckProblem) -> None:
    for given in ({"content-type": "text/plain"}, {"content-type": "application/jsonp"}, {}):
        answer = client.post("/v1/score", content=b'{"application": {}}', headers=given)
        check_problem(answer, 415, "unsupported-media-type", "send one of: application/json.")
    packed = {"content-type": "application/json", "content-encoding": "gzip"}
    check_problem(
        client.post("/v1/score", content=b"{}", headers=packed), 415, "unsupported-media-type", "'gzip'; send the body"
    )


def test_parameters_and_case_of_a_type_do_not_matter(client: httpx.Client) -> None:
    given = {"content-type": "Application/JSON; charset=utf-8"}
    assert client.post("/v1/score", content=b'{"application": {}}', headers=given).status_code == 200


def test_a_body_too_large_is_refused_with_and_without_its_length(
    client: httpx.Client, check_problem: CheckProblem
) -> None:
    body = json.dumps({"application": {"CODE_GENDER": "x" * 20_000}}).encode()
    for content in (body, iter([body[:9_000], body[9_000:]])):
        answer = client.post("/v1/score", content=content, headers={"content-type": "application/json"})
        check_problem(answer, 413, "too-large", "larger than 16 kB")
    # The connection serves on.
    assert client.get("/health/live").status_code == 200


def test_what_is_not_there_is_a_problem(client: httpx.Client, check_problem: CheckProblem) -> None:
    check_problem(client.get("/v1/scores"), 404, "not-found", "nothing at this address")
    check_problem(client.post("/v1/score/", json={}), 404, "not-found")
    answer = client.get("/v1/score")
    check_problem(answer, 405, "method-not-allowed", "Allow")
    assert answer.headers["allow"] == "POST"


def test_the_model_says_all_of_its_manifest(client: httpx.Client, built: Settings) -> None:
    manifest = json.loads((built.model / "manifest.json").read_text())
    found = client.get("/v1/model").json()
    assert {name: found[name] for name in manifest} == manifest
    since = client.get("/health/ready").json()["in_service_since"]
    assert {name: value for name, value in found.items() if name not in manifest} == {
        "in_service_since": since,
        "backend": "model.onnx",
        "fallback_reason": "",
        "model_sha256": manifest["files"]["model.onnx"]["sha256"],
    }


def explain(client: httpx.Client, application: object) -> dict[str, Any]:
    answer = client.post("/v1/explain", json={"application": application})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_explanation_adds_up_to_the_score(client: httpx.Client, built: Settings, table: pl.DataFrame) -> None:
    rows = table.head(20)
    booster = lgb.Booster(model_file=built.model / "model.txt")
    # LightGBM's own contributions, the last of which is the base.
    own = np.asarray(booster.predict(FEATURES.matrix(rows), pred_contrib=True))
    for row, values in zip(rows.iter_rows(named=True), own, strict=True):
        found = explain(client, row)
        scored = score(client, row).json()
        assert {name: found[name] for name in scored} == scored
        assert found["base_log_odds"] == pytest.approx(values[-1], abs=1e-9)
        assert found["log_odds"] == pytest.approx(values.sum(), abs=1e-9)
        amounts = [each["log_odds"] for each in found["contributions"]]
        assert found["base_log_odds"] + math.fsum(amounts) == pytest.approx(found["log_odds"], abs=1e-9)
        assert 1 / (1 + math.exp(-found["log_odds"])) == pytest.approx(found["default_probability"], abs=1e-6)
        assert amounts == sorted(amounts, key=abs, reverse=True)
        assert {each["field"] for each in found["contributions"]} == set(FEATURES.sources)
        assert {each["field"]: each["value"] for each in found["contributions"]} == {
            name: row[name] for name in FEATURES.sources
        }


def test_reasons_are_of_the_decision_and_against_the_just_approved(
    client: httpx.Client, built: Settings, session: ScoringSession, table: pl.DataFrame
) -> None:
    contributions = load_contributions(built.contributions)
    reference = find_reference(contributions, table.lazy(), session, session.manifest.cutoff)
    seen = set()
    for row in table.head(40).iter_rows(named=True):
        found = explain(client, row)
        seen.add(found["decision"])
        declined = found["decision"] == "decline"
        given, other = found["principal_reasons"], found["supports"]
        if not declined:
            given, other = other, given
        assert other == []
        assert 1 <= len(given) <= 4 if declined else len(given) == 3
        singles = [reason for reason in given if reason["reason_code"] != "COMBINATION"]
        excess = [reason["excess_log_odds"] for reason in given]
        assert excess[: len(singles)] == sorted(excess[: len(singles)], key=abs, reverse=True)
        assert all(value > 0 if declined else value < 0 for value in excess)
        for reason in given[len(singles) :]:
            assert (reason["label"], reason["value"]) == ("A combination of several values", None)
        for reason in singles:
            column = embedded.column(reason["reason_code"])
            assert (reason["label"], reason["value"]) == (column.label, row[column.name])
        assert found["n_compared"] == reference.n_applications == 2_000
    assert seen == {"approve", "decline"}


def test_whole_values_are_said_as_whole_numbers(client: httpx.Client) -> None:
    answer = client.post(
        "/v1/explain", json={"application": {**EXAMPLE, "DAYS_BIRTH": -14_000.0, "AMT_CREDIT": 450_000}}
    )
    # As text: to Python, -14000.0 and -14000 are equal.
    assert '"value":-14000,' in answer.text
    assert '"field":"AMT_CREDIT","label":"Credit amount","value":450000.0,' in answer.text


def test_what_is_no_http_is_a_problem_too(service: Running) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(b"SCORE ME\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4_096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json\r\n" in head
    assert re.search(rb"x-request-id: [0-9a-f]{32}\r\n", head + b"\r\n")
    assert json.loads(body) == {
        "type": "urn:scoreroom:problem:bad-request",
        "title": "Bad Request",
        "status": 400,
        "detail": "Invalid HTTP request received. Send a request of HTTP/1.1.",
    }


def test_a_client_that_offers_another_protocol_is_answered(client: httpx.Client, session: ScoringSession) -> None:
    # As Java's own client does, with each first request.
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAA"}
    answer = client.post("/v1/score", json={"application": EXAMPLE}, headers=offer)
    assert answer.json()["default_probability"] == session.score(EXAMPLE)


def test_the_documentation_asks_for_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs").text
    assert "swagger-ui-bundle.js" in page
    assert "http://" not in page
    assert "https://" not in page
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200
