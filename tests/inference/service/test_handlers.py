"""Models by name over HTTP: listed, asked for, refused, and put in service while others are answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest

from data.home_credit import embedded
from data.settings import Settings
from inference.explain.explainer import Explainer
from inference.inventory.entry import ModelKind
from inference.inventory.store import list_models
from inference.model.session import ScoringSession
from inference.service.keys import add_key
from scripts._embedded import FEATURES
from tests.inference.service.conftest import PATIENCE_S, Running, add_model, at, copied, running
from tests.inference.service.test_shadow import wait_for
from tests.inference.service.test_telemetry import of, samples

if TYPE_CHECKING:
    from tests.inference.service.conftest import CheckProblem, Read, Write

ADMIN = frozenset({"champion"})


def digest(session: ScoringSession) -> str:
    return session.manifest.files[session.backend].sha256


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def other(challenger: Path) -> ScoringSession:
    return ScoringSession.open(challenger, embedded.DEFINITION)


@pytest.fixture(scope="module")
def asked(built: Settings, challenger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with two more models, one of which explains nothing."""
    root = tmp_path_factory.mktemp("asked")
    place = copied(built, root)
    add_model(place, "next", challenger)
    add_model(place, "opaque", challenger, kind=ModelKind.IMPORTED, can_explain=False)
    with running(root / "log.jsonl", workers=1, API_DRAIN_SECONDS="0", **at(place)) as started:
        yield started


def test_models_are_listed_the_champion_first(asked: Running, session: ScoringSession, other: ScoringSession) -> None:
    told = asked.client.get("/v1/models").json()
    assert told["faults"] == []
    champion, following, opaque = told["models"]
    since = asked.client.get("/v1/model").json()["in_service_since"]
    assert champion == {
        "name": "champion",
        "kind": "lightgbm",
        "model_sha256": digest(session),
        "since": since,
        "is_champion": True,
        "is_shadow": False,
        "n_features": len(FEATURES.names),
        "explains": True,
    }
    assert (following["name"], following["model_sha256"]) == ("next", digest(other))
    assert (following["is_champion"], following["explains"]) == (False, True)
    assert (opaque["name"], opaque["kind"], opaque["explains"]) == ("opaque", "imported", False)


def test_one_application_is_scored_and_explained_by_the_model_asked_for(
    asked: Running, session: ScoringSession, other: ScoringSession, challenger: Path, table: pl.DataFrame
) -> None:
    client, before = asked.client, samples(asked.client)
    explainer = Explainer.open(challenger, {}, FEATURES)
    # A level never seen goes the long way, the others the direct one.
    rows = [*table.head(5).iter_rows(named=True), {**table.row(5, named=True), "ORGANIZATION_TYPE": "Level Zulu"}]
    for row in rows:
        body = {"application": row}
        found = client.post("/v1/score?model=next", json=body).json()
        assert (found["model"], found["model_sha256"]) == ("next", digest(other))
        assert found["default_probability"] == other.score(row) != session.score(row)
        assert found["cutoff"] == other.manifest.cutoff
        explained = client.post("/v1/explain", params={"model": "next"}, json=body).json()
        assert {name: explained[name] for name in found} == found
        exact = explainer.explain(row)
        assert (explained["base_log_odds"], explained["log_odds"]) == (exact.base, exact.log_odds)
        champion = client.post("/v1/score?model=champion", json=body).json()
        assert champion == client.post("/v1/score", json=body).json()
        assert champion["default_probability"] == session.score(row)
    assert client.get("/v1/model?model=next").json()["model_sha256"] == digest(other)
    after = samples(client)
    # What others decide does not shift the champion's bands.
    assert of(after, "applications_by_name_total") - of(before, "applications_by_name_total") == 2 * len(rows)
    banded = [
        sum(value for (name, _), value in found.items() if name == "scoreroom_applications_total")
        for found in (before, after)
    ]
    assert banded[1] - banded[0] == 2 * len(rows)


@pytest.mark.parametrize(
    "media_type", ["text/csv", "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"]
)
def test_a_table_is_scored_by_the_model_asked_for(
    asked: Running, other: ScoringSession, table: pl.DataFrame, written: Write, read: Read, media_type: str
) -> None:
    rows = table.head(50)
    answer = asked.client.post(
        "/v1/score/batch?model=next", content=written(rows, media_type), headers={"content-type": media_type}
    )
    assert answer.headers["x-scoreroom-model-name"] == "next"
    assert answer.headers["x-scoreroom-model"] == digest(other)
    found = read(answer.content, media_type)["default_probability"].cast(pl.Float32)
    assert found.to_list() == other.score_frame(rows).tolist()


@pytest.mark.parametrize("n_rows", [1, 30])
def test_a_json_batch_is_scored_by_the_model_asked_for(
    asked: Running, other: ScoringSession, table: pl.DataFrame, n_rows: int
) -> None:
    rows = table.head(n_rows).to_dicts()
    found = asked.client.post("/v1/score/batch?model=next", json={"applications": rows}).json()
    assert (found["model"], found["model_sha256"]) == ("next", digest(other))
    assert [each["default_probability"] for each in found["scores"]] == [other.score(row) for row in rows]


@pytest.mark.parametrize("route", ["/v1/score", "/v1/score/batch", "/v1/explain", "/v1/model"])
def test_a_model_that_is_not_there_is_named_with_those_that_are(
    asked: Running, check_problem: CheckProblem, route: str
) -> None:
    sent: dict[str, Any] = {"application": {}} if "batch" not in route else {"applications": [{}]}
    for name in ("nobody", "../model", "Next", "n\u0000\u202e"):
        address = httpx.URL(route, params={"model": name})
        answer = asked.client.get(address) if route == "/v1/model" else asked.client.post(address, json=sent)
        check_problem(answer, 404, "unknown-model", "champion, next, opaque")


def test_a_model_without_trees_scores_and_is_not_explained(
    asked: Running, other: ScoringSession, table: pl.DataFrame, check_problem: CheckProblem
) -> None:
    body = {"application": table.row(0, named=True)}
    found = asked.client.post("/v1/score?model=opaque", json=body).json()
    assert found["default_probability"] == other.score(body["application"])
    answer = asked.client.post("/v1/explain?model=opaque", json=body)
    check_problem(answer, 409, "unusable-model", "The model opaque has no trees")


def test_without_a_key_for_it_no_model_is_put_in_service(
    asked: Running, session: ScoringSession, check_problem: CheckProblem
) -> None:
    answer = asked.client.post("/v1/models/next/champion")
    check_problem(answer, 403, "forbidden", "SCOREROOM_API_KEYS")
    assert asked.client.get("/health/ready").json()["model_sha256"] == digest(session)


@dataclass
class Caller:
    """Sends one request after another, on a new connection now and then, until it is told to stop."""

    base_url: httpx.URL
    route: str
    sent: dict[str, Any]
    stop: threading.Event
    answers: list[httpx.Response] = field(default_factory=list)

    def run(self) -> None:
        while not self.stop.is_set():
            # Another connection may be another process's.
            with httpx.Client(base_url=self.base_url, timeout=PATIENCE_S, trust_env=False) as client:
                for _ in range(20):
                    self.answers.append(client.post(self.route, **self.sent))


def test_the_champion_is_switched_to_and_fro_under_load_and_no_answer_is_lost_or_mixed(
    built: Settings,
    place: Settings,
    session: ScoringSession,
    other: ScoringSession,
    table: pl.DataFrame,
    check_problem: CheckProblem,
    tmp_path: Path,
) -> None:
    sessions = {digest(each): each for each in (session, other)}
    rows = table.head(100)
    application = rows.row(0, named=True)
    keys = tmp_path / "keys"
    desk, admin = bearer(add_key(keys, "desk")), bearer(add_key(keys, "admin", scopes=ADMIN))
    one: dict[str, Any] = {"json": {"application": application}, "headers": desk}
    csv: dict[str, Any] = {"content": rows.write_csv().encode(), "headers": desk | {"content-type": "text/csv"}}
    stop = threading.Event()
    with (
        running(tmp_path / "log", workers=2, API_KEYS=str(keys), API_DRAIN_SECONDS="0", **at(place)) as service,
        ThreadPoolExecutor(4) as pool,
    ):
        client, url = service.client, service.client.base_url
        wait_for(lambda: len(service.events("model_in_service")) == 2)
        check_problem(client.post("/v1/models/next/champion", headers=desk), 403, "forbidden", "not for this address")
        check_problem(client.post("/v1/models/next/champion"), 401, "unauthorized")
        check_problem(client.post("/v1/score", json=one["json"], headers=admin), 403, "forbidden")
        check_problem(client.post("/v1/models/nobody/champion", headers=admin), 404, "unknown-model", "champion, next")
        callers = [Caller(url, "/v1/score", one, stop), Caller(url, "/v1/score?model=champion", one, stop)]
        callers += [Caller(url, "/v1/score/batch", csv, stop), Caller(url, "/v1/score?model=next", one, stop)]
        begun = [pool.submit(each.run) for each in callers]
        try:
            served = []
            for _ in range(2):
                (name,) = {each.name for each in list_models(place)} - {"champion"}
                told = client.post(f"/v1/models/{name}/champion", headers=admin)
                assert told.status_code == 200, told.text
                assert told.json()["promoted"] == name
                assert told.json()["everywhere"]
                served.append(told.json()["model_sha256"])
                # From then on, everybody answers with it.
                n_before = len(callers[0].answers)
                wait_for(lambda enough=n_before + 41: len(callers[0].answers) >= enough)  # type: ignore[misc]
                late = callers[0].answers[n_before + 1 : n_before + 41]
                assert {answer.json()["model_sha256"] for answer in late} == {served[-1]}
        finally:
            stop.set()
            for each in begun:
                each.result()
        faults = service.events("fault")
        in_service = [line["model_sha256"] for line in service.events("model_in_service")]
    assert served == [digest(other), digest(session)]
    # Two processes each.
    assert in_service == [digest(each) for each in (session, other, session) for _ in range(2)]
    assert faults == []
    assert {answer.status_code for each in callers for answer in each.answers} == {200}
    for caller in callers[:2]:
        answers = [answer.json() for answer in caller.answers]
        assert {answer["model_sha256"] for answer in answers} == sessions.keys()
        for answer in answers:
            assert answer["default_probability"] == sessions[answer["model_sha256"]].score(application)
    scored = {name: known.score_frame(rows).tolist() for name, known in sessions.items()}
    assert {answer.headers["x-scoreroom-model"] for answer in callers[2].answers} == sessions.keys()
    for answer in callers[2].answers:
        found = pl.read_csv(answer.content, schema_overrides={"default_probability": pl.Float32})
        assert found["default_probability"].to_list() == scored[answer.headers["x-scoreroom-model"]]
    # By its name a model is the same, whoever is in service.
    assert {answer.json()["default_probability"] for answer in callers[3].answers} == {other.score(application)}
