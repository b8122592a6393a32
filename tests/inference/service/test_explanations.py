"""A model without its graph still scores and says so; without its trees or contributions it scores and says so too."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from data.definition.reading import read_definition
from data.home_credit import HOME_CREDIT_TOML
from data.settings import Settings
from inference.model.session import ScoringSession

if TYPE_CHECKING:
    from tests.inference.service.conftest import CheckProblem, Start

EXAMPLE = dict(read_definition(HOME_CREDIT_TOML).example)


@pytest.fixture
def model(built: Settings, tmp_path: Path) -> Path:
    """A copy of the published model that may be changed."""
    return Path(shutil.copytree(built.model, tmp_path / "model"))


@pytest.mark.parametrize(
    ("missing", "used"), [(["model.onnx"], "model.txt"), (["model.onnx", "model.txt"], "model.pkl")]
)
def test_without_its_graph_it_starts_on_the_fallback_and_says_so(
    start: Start, session: ScoringSession, table: pl.DataFrame, model: Path, missing: list[str], used: str
) -> None:
    for name in missing:
        (model / name).unlink()
    with start(MODEL=str(model), ALLOW_PICKLE="1") as service:
        ready, described = (service.client.get(route).json() for route in ("/health/ready", "/v1/model"))
        for told in (ready, described):
            assert told["backend"] == used
            assert (
                told["fallback_reason"] == f"{' and '.join(missing)} missing in {model}; using {used}, which is slower"
            )
        assert described["model_sha256"] == session.manifest.files[used].sha256
        rows = table.head(30).to_dicts()
        found = service.client.post("/v1/score/batch", json={"applications": rows}).json()
        assert found["model_sha256"] == session.manifest.files[used].sha256
        scored = [each["default_probability"] for each in found["scores"]]
        assert scored == pytest.approx([session.score(row) for row in rows], abs=1e-6)


def test_without_its_trees_it_scores_and_does_not_explain(
    start: Start, session: ScoringSession, check_problem: CheckProblem, model: Path
) -> None:
    (model / "model.txt").unlink()
    body = {"application": EXAMPLE}
    with start(MODEL=str(model)) as service:
        answer = service.client.post("/v1/explain", json=body)
        check_problem(answer, 503, "not-explainable", "Applications are scored, but cannot be explained", "model.txt")
        assert answer.headers["retry-after"] == "60"
        assert service.client.get("/health/ready").json()["explanations"] == "unavailable"
        scored = service.client.post("/v1/score", json=body)
        assert scored.json()["default_probability"] == session.score(EXAMPLE)
