from __future__ import annotations

from dataclasses import replace

from data.settings import Settings
from inference.inventory.facts import facts_of
from inference.inventory.store import list_models


def test_a_model_that_scores_has_a_size_and_a_time(built: Settings) -> None:
    champion = list_models(built)[0]
    facts = facts_of(built, champion)
    assert facts["kind"] == "lightgbm"
    assert facts["size_bytes"] == (built.model / "model.onnx").stat().st_size
    assert 0 < facts["microseconds_a_row"] < 1e6
    assert facts["has_reasons"] is True


def test_one_that_is_known_by_its_scores_has_neither(built: Settings) -> None:
    facts = facts_of(built, replace(list_models(built)[0], can_score=False))
    assert (facts["size_bytes"], facts["microseconds_a_row"]) == (None, None)


def test_one_that_cannot_be_opened_says_why(built: Settings) -> None:
    facts = facts_of(built, replace(list_models(built)[0], name="nobody"))
    assert "nobody" in facts["problem"]
