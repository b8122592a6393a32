"""The service over a table that nobody here has seen: text ids, odd names, dates, several special values."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import numpy as np
import polars as pl
import pytest

from data.definition.reading import parse_definition
from data.settings import load_settings
from inference.model.build import publish_model
from inference.model.session import ScoringSession
from inference.service.app import make_app
from inference.service.settings import load_service_settings
from inference.serving.authority import Authority
from inference.serving.settings import load_web_settings

if TYPE_CHECKING:
    from inference.model.training_settings import TrainingSettings

TOML = """
name = "Own loans"
currency = "EUR"
[outcome]
column = "status"
bad = ["Charged Off"]
good = ["Fully Paid"]
[roles]
id = "loan id"
[columns."loan id"]
kind = "id"
[columns.status]
kind = "category"
levels = ["Charged Off", "Fully Paid"]
[columns.from]
kind = "category"
levels = ["shop", "web"]
[columns."Müller/income"]
kind = "numeric"
whole = true
unit = "currency a year"
minimum = 0
maximum = 900000
special = { "-7" = "not asked", "-9" = "no record" }
[columns."a.b"]
kind = "numeric"
minimum = 0.0
maximum = 1.0
[columns."applied on"]
kind = "date"
[features]
columns = ["from", "Müller/income", "a.b"]
"""
APPLICATION = {"loan id": "L-1", "from": "web", "Müller/income": 30_000, "a.b": 0.25, "applied on": "2024-02-29"}


T = TypeVar("T")


class Loop:
    """An event loop in a thread of its own: one of Playwright's may be running in this one."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._thread.submit(self._runner.run, work).result()

    def close(self) -> None:
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


@dataclass
class Client:
    """Asks the app on its own event loop."""

    runner: Loop
    transport: httpx.ASGITransport

    def ask(self, method: str, path: str, sent: object = None) -> httpx.Response:
        async def answer() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url="http://testserver") as client:
                return await client.request(method, path, json=sent)

        return self.runner.run(answer())


@pytest.fixture(scope="module")
def session_and_client(
    tmp_path_factory: pytest.TempPathFactory, small_settings: TrainingSettings
) -> Iterator[tuple[ScoringSession, Client]]:
    """The model of 1,000 drawn applications, and the service that opened it."""
    folder: Path = tmp_path_factory.mktemp("own")
    (folder / "portfolio.toml").write_text(TOML, encoding="utf-8")
    definition = parse_definition(TOML, folder / "portfolio.toml")
    random = np.random.default_rng(3)
    share, income = random.random(1_000), random.choice([-7, -9, 20_000, 50_000], 1_000)
    table = pl.DataFrame(
        {
            "loan id": [f"L-{place}" for place in range(1_000)],
            "status": (random.random(1_000) < share * 0.6).astype(np.int8),
            "from": random.choice(["shop", "web"], 1_000),
            "Müller/income": income,
            "a.b": share,
            "applied on": ["2024-01-31"] * 1_000,
        }
    ).with_columns(pl.col("applied on").str.to_date())
    table = table.select(pl.col(name).cast(dtype) for name, dtype in definition.polars_schema().items())
    publish_model(table, definition, folder / "model", data_digest="0" * 64, seed=1, settings=small_settings)
    settings = replace(
        load_settings({}), processed=folder, model=folder / "model", definition=folder / "portfolio.toml"
    )
    hosts = [Authority("testserver", None)]
    app = make_app(definition, settings, load_service_settings({}), load_web_settings({}), hosts)
    with closing(Loop()) as runner:
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        yield ScoringSession.open(folder / "model", definition), Client(runner, httpx.ASGITransport(app))
        runner.run(lifespan.__aexit__(None, None, None))


def test_one_and_many_are_scored_alike_and_keep_their_text_ids(
    session_and_client: tuple[ScoringSession, Client],
) -> None:
    session, client = session_and_client
    one = client.ask("POST", "/v1/score", {"application": APPLICATION})
    assert one.status_code == 200, one.text
    assert (one.json()["id"], one.json()["default_probability"]) == ("L-1", session.score(APPLICATION))
    sent = [{**APPLICATION, "loan id": f"L-{place}", "Müller/income": place} for place in (-9, -7, 0, 70_000)]
    many = client.ask("POST", "/v1/score/batch", {"applications": [{**sent[0], "status": "Fully Paid"}, *sent[1:]]})
    assert many.status_code == 200, many.text
    scores = [(each["id"], each["default_probability"]) for each in many.json()["scores"]]
    assert scores == [(each["loan id"], session.score(each)) for each in sent]


@pytest.mark.parametrize(
    ("name", "value", "pointer"),
    [
        ("Müller/income", -8, "/application/Müller~1income"),
        ("Müller/income", 1.5, "/application/Müller~1income"),
        ("a.b", "much", "/application/a.b"),
        ("from", 1, "/application/from"),
        ("loan id", 7, "/application/loan id"),
        ("applied on", "2024-02-30", "/application/applied on"),
        ("applied on", "20240229", "/application/applied on"),
        ("AMT_CREDIT", 1, "/application/AMT_CREDIT"),
        ("status", "Fully Paid", "/application/status"),
    ],
)
def test_what_a_column_cannot_hold_is_refused_by_its_name(
    session_and_client: tuple[ScoringSession, Client], name: str, value: object, pointer: str
) -> None:
    answer = session_and_client[1].ask("POST", "/v1/score", {"application": {**APPLICATION, name: value}})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["field"], fault["pointer"]) == (name, pointer)


def test_the_document_says_the_table_that_is_open_and_its_example_is_answered(
    session_and_client: tuple[ScoringSession, Client],
) -> None:
    client = session_and_client[1]
    document = client.ask("GET", "/openapi.json").json()
    kinds = document["components"]["schemas"]
    columns = kinds["Application"]["properties"]
    assert list(columns) == ["loan id", "from", "Müller/income", "a.b", "applied on"]
    income = columns["Müller/income"]
    numbers = {"type": "integer", "minimum": 0, "maximum": 900_000}
    assert income["anyOf"] == [numbers, {"const": -7}, {"const": -9}, {"type": "null"}]
    assert "Unit: EUR a year. -7 stands for: not asked. -9 stands for: no record." in income["description"]
    assert columns["applied on"]["anyOf"][0] == {"type": "string", "format": "date"}
    assert kinds["Score"]["properties"]["id"]["anyOf"][0] == {"type": "string"}
    for path, name in (("/v1/score", "ScoreRequest"), ("/v1/score/batch", "BatchRequest")):
        (example,) = kinds[name]["examples"]
        assert client.ask("POST", path, example).status_code == 200
    assert "SK_ID" not in str(document)
    assert "AMT_" not in str(document)


def test_a_model_of_another_definition_is_refused_and_the_old_one_stays(
    session_and_client: tuple[ScoringSession, Client],
) -> None:
    session, client = session_and_client
    before = client.ask("GET", "/health/ready").json()
    definition = session.definition
    assert definition.digest != replace(definition, name="Other loans").digest
    models = client.transport.app.state.models  # type: ignore[attr-defined]
    own = models._types
    models._types = replace(own, definition=replace(definition, name="Other loans"))
    try:
        client.runner.run(models.look(at_once=True))
    finally:
        models._types = own
    after = client.ask("GET", "/health/ready").json()
    assert (after["model_sha256"], after["in_service_since"]) == (before["model_sha256"], before["in_service_since"])
    assert "another definition (Own loans)" in after["refused"]["reason"]
