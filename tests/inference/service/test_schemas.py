"""The types of requests and answers, narrowed to a definition and checked without a service."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from data.home_credit import embedded
from inference.service.schemas import Score, Types

SCORED: dict[str, Any] = {
    "id": 100_001,
    "default_probability": 0.25,
    "decision": "decline",
    "risk_band": "E",
    "refer_reason": None,
    "warnings": [],
    "cutoff": 0.1,
    "model": "champion",
    "model_sha256": "0" * 64,
    "notices": [],
}


@pytest.fixture(scope="module")
def types() -> Types:
    return Types.of(embedded.DEFINITION)


def test_a_narrowed_type_keeps_its_name_and_base(types: Types) -> None:
    assert types.score.__name__ == "Score"
    assert issubclass(types.score, Score)


@pytest.mark.parametrize(
    ("name", "value"), [("id", "L-1"), ("default_probability", 1.5), ("decision", "perhaps"), ("cutoff", -0.1)]
)
def test_an_answer_that_breaks_the_document_is_not_made(types: Types, name: str, value: object) -> None:
    assert types.score(**SCORED).model_dump() == SCORED
    with pytest.raises(ValidationError) as caught:
        types.score(**{**SCORED, name: value})
    assert [fault["loc"] for fault in caught.value.errors()] == [(name,)]


def test_a_request_takes_the_columns_of_the_definition_and_nothing_else(types: Types) -> None:
    request = types.score_request(application={"AMT_CREDIT": 450_000, "AMT_ANNUITY": None})
    assert request.application == {"AMT_CREDIT": 450_000.0, "AMT_ANNUITY": None}
    for sent, place in (
        ({"application": {"AMT_CREDITS": 1}}, ("application", "AMT_CREDITS")),
        ({"application": {}, "cutoff": 0.1}, ("cutoff",)),
        ({}, ("application",)),
    ):
        with pytest.raises(ValidationError) as caught:
            types.score_request(**sent)
        assert [fault["loc"] for fault in caught.value.errors()] == [place]


def test_a_batch_holds_at_least_one_and_places_what_is_wrong(types: Types) -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        types.batch_request(applications=[])
    with pytest.raises(ValidationError) as caught:
        types.batch_request(applications=[{}, {"CNT_CHILDREN": 0.5}])
    assert [fault["loc"] for fault in caught.value.errors()] == [("applications", 1, "CNT_CHILDREN")]


def test_levels_are_those_of_categories_alone(types: Types) -> None:
    assert types.levels["NAME_CONTRACT_TYPE"] == {"Cash loans", "Revolving loans"}
    assert "AMT_CREDIT" not in types.levels
    assert "FLAG_PHONE" not in types.levels
