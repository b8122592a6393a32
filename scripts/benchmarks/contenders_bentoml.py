"""The published model served by BentoML, run by `scripts.benchmarks.contenders` in an environment that has it."""

from __future__ import annotations

from typing import Any

import bentoml

from data.settings import load_settings
from inference.model.session import ScoringSession


@bentoml.service(workers=1)
class Scoring:
    """One worker that holds one session."""

    def __init__(self) -> None:
        self._session = ScoringSession.open_built(load_settings())

    @bentoml.api(route="/v1/score")  # type: ignore[untyped-decorator]
    async def score(self, application: dict[str, Any]) -> dict[str, float]:
        """The PD of one application."""
        return {"default_probability": self._session.score(application)}
