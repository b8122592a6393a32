"""The published model served by MLServer, run by `scripts.benchmarks.contenders` in an environment that has it.

Through a handler of its own, which takes the same body as the other contenders.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from mlserver import MLModel
from mlserver.handlers import custom_handler
from starlette.requests import Request
from starlette.responses import Response

from data.settings import load_settings
from inference.model.session import ScoringSession


class Scoring(MLModel):  # type: ignore[misc]
    """The session behind a route."""

    async def load(self) -> bool:
        """Open the session."""
        self._session = ScoringSession.open_built(load_settings())
        return True

    @custom_handler(rest_path="/v1/score")  # type: ignore[untyped-decorator]
    async def score(self, request: Request) -> Response:
        """The PD of one application."""
        pd = self._session.score(orjson.loads(await request.body())["application"])
        answer: Mapping[str, float] = {"default_probability": pd}
        return Response(orjson.dumps(answer), media_type="application/json")
