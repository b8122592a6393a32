"""Models of the inventory as the service opens them: replaced, renamed, damaged, stale and gone."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from data.definition.reading import parse_definition
from data.home_credit import embedded
from data.settings import Settings
from inference.inventory.store import delete, rename
from inference.model.session import ScoringSession
from inference.service.challengers import Challengers, InService, OtherDefinitionError, check_definition
from inference.service.explanations import Explanations
from inference.service.problems import ProblemError
from inference.service.schemas import Types
from inference.service.service import Service
from inference.service.settings import load_service_settings
from inference.service.telemetry import Metrics
from inference.serving.log import Log
from tests.inference.service.conftest import add_model
from tests.inference.service.test_applications import TOML

Check = Callable[[Challengers], Coroutine[Any, Any, None]]


def run(settings: Settings, check: Check, *, shadow: str = "") -> list[dict[str, Any]]:
    """What is logged while `check` uses the challengers of a portfolio."""
    stream = io.BytesIO()

    async def use() -> None:
        chosen = load_service_settings({"SCOREROOM_API_SHADOW": shadow})
        challengers = Challengers(Types.of(embedded.DEFINITION), settings, chosen, Metrics(), Log("info", stream))
        await check(challengers)
        await challengers.close()

    # A browser of other tests may hold this thread's loop.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, use()).result()
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


async def refused(challengers: Challengers, name: str) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        await challengers.find(name)
    return caught.value


def sha256_of(folder: Path) -> str:
    found = ScoringSession.open(folder, embedded.DEFINITION)
    return found.manifest.files["model.onnx"].sha256


def test_one_is_opened_once_however_many_ask_at_the_same_time(place: Settings, challenger: Path) -> None:
    async def check(challengers: Challengers) -> None:
        assert challengers.at_hand("next") is None
        found = await asyncio.gather(*(challengers.find("next") for _ in range(8)))
        assert {id(each) for each in found} == {id(challengers.at_hand("next"))}
        assert found[0].service.model_sha256 == sha256_of(challenger)

    told = run(place, check)
    assert [(line["event"], line["model"]) for line in told] == [("model_opened", "next")]


def test_what_takes_a_name_is_taken_up_and_what_loses_it_is_let_go(
    place: Settings, challenger: Path, built: Settings
) -> None:
    async def check(challengers: Challengers) -> None:
        first = await challengers.find("next")
        await challengers.look()
        assert challengers.at_hand("next") is first
        add_model(place, "next", built.model)
        await challengers.look()
        second = challengers.at_hand("next")
        assert second is not None
        assert (first.service.model_sha256, second.service.model_sha256) == (
            sha256_of(challenger),
            sha256_of(built.model),
        )
        rename(place, "next", "later")
        await challengers.look()
        assert challengers.at_hand("next") is None
        assert (await refused(challengers, "next")).problem.type.endswith(":unknown-model")
        assert (await challengers.find("later")).service.model_sha256 == sha256_of(built.model)
        delete(place, "later")
        await challengers.look()
        assert "There is no model 'later'" in (await refused(challengers, "later")).problem.detail

    run(place, check)


def test_what_cannot_be_opened_is_refused_with_the_reason_and_listed_as_a_fault(
    place: Settings, challenger: Path
) -> None:
    add_model(place, "stale", challenger, data_sha256="0" * 64)
    add_model(place, "scores", challenger, can_score=False)
    add_model(place, "broken", challenger)
    graph = place.processed / "models" / "broken" / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")
    (place.processed / "models" / "next" / "entry.json").write_bytes(b"{")

    async def check(challengers: Challengers) -> None:
        for name, reason in (
            ("stale", "was scored on other applications"),
            ("scores", "it cannot score"),
            ("broken", "is not the file that was published"),
            ("next", "cannot be used"),
        ):
            problem = (await refused(challengers, name)).problem
            assert (problem.status, problem.type) == (409, "urn:scoreroom:problem:unusable-model")
            assert reason in problem.detail
        session = ScoringSession.open(place.model, embedded.DEFINITION)
        service = Service(session, Types.of(embedded.DEFINITION), load_service_settings({}), Metrics())
        explanations = Explanations(lambda: pytest.fail("nobody asked"), Log("info", io.BytesIO()))
        told = await challengers.list_models(InService(service, explanations, datetime.now(UTC)))
        # The damaged graph is found when it is opened.
        assert [each.name for each in told.models] == ["champion", "broken"]
        assert [each.name for each in told.faults] == ["next", "stale"]

    run(place, check)


def test_the_shadow_is_opened_by_itself_and_its_absence_told_once(place: Settings) -> None:
    async def check(challengers: Challengers) -> None:
        for _ in range(3):
            await challengers.look()
        assert challengers.at_hand("next") is not None
        assert challengers.at_hand("gone") is None

    told = run(place, check, shadow="next,gone")
    assert [(line["event"], line["model"]) for line in told] == [("model_opened", "next"), ("model_unusable", "gone")]


def test_a_model_of_another_definition_is_refused(place: Settings) -> None:
    session = ScoringSession.open(place.model, embedded.DEFINITION)
    check_definition(session, embedded.DEFINITION)
    with pytest.raises(OtherDefinitionError, match="start the service again"):
        check_definition(session, parse_definition(TOML, place.model / "portfolio.toml"))
