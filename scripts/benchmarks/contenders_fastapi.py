"""Two FastAPI services to compare with: the earlier system's design, and the least that scores with ONNX Runtime.

`python -m scripts.benchmarks.contenders_fastapi DESIGN PORT`, run by `scripts.benchmarks.contenders`. Both compute the
features by the product's own compiled function and answer with the PD alone.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Mapping
from typing import Any

from data.definition.columns import Kind
from data.settings import load_settings
from inference.errors import ArtifactError
from inference.model.artifact import PICKLE, Manifest, read_verified
from inference.model.session import ScoringSession


def main() -> None:
    """Serve one design until told to stop."""
    import uvicorn

    design, port = sys.argv[1:]
    uvicorn.run(DESIGNS[design](), host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


def report_design() -> Any:
    """Pydantic checks each column, then a data frame of one row goes through the pickled scikit-learn wrapper."""
    import pandas as pd  # type: ignore[import-untyped]
    from fastapi import FastAPI
    from pydantic import BaseModel, Field, create_model

    settings = load_settings()
    session = ScoringSession.open_built(settings)
    content = read_verified(settings.model, Manifest.load(settings.model), PICKLE)
    if content is None:
        raise ArtifactError.from_no_model_file(settings.model, (PICKLE,))
    # Its digest is the published one; the contenders are compared only where pickles may be opened.
    wrapper = pickle.loads(content)  # noqa: S301
    names = wrapper.feature_name_
    kinds = {
        column.name: str if column.kind in {Kind.CATEGORY, Kind.DATE} else float for column in session.definition.inputs
    }
    # Through aliases, since a column may be called what no attribute may.
    fields: dict[str, Any] = {
        f"column_{at}": (kind | None, Field(None, alias=name)) for at, (name, kind) in enumerate(kinds.items())
    }
    application = create_model("Application", **fields)
    body: type[BaseModel] = create_model("Body", application=(application, ...))

    async def score(body: Any) -> dict[str, float]:
        given = body.application.model_dump(by_alias=True)
        frame = pd.DataFrame(session.features.row(given), columns=names)
        return {"default_probability": float(wrapper.predict_proba(frame)[0, 1])}

    score.__annotations__["body"] = body
    return _app(FastAPI(), score)


def bare() -> Any:
    """The body as a mapping that nobody checks, and ONNX Runtime."""
    from fastapi import Body, FastAPI

    session = ScoringSession.open_built(load_settings())

    async def score(application: Any) -> dict[str, float]:
        return {"default_probability": session.score(application)}

    score.__annotations__["application"] = dict[str, Any]
    score.__defaults__ = (Body(embed=True),)
    return _app(FastAPI(), score)


def _app(app: Any, score: Callable[..., Any]) -> Any:
    async def ready() -> Mapping[str, bool]:
        return {"ready": True}

    app.post("/v1/score", response_model=None)(score)
    app.get("/ready", response_model=None)(ready)
    return app


DESIGNS: Mapping[str, Callable[[], Any]] = {"report": report_design, "bare": bare}


if __name__ == "__main__":
    main()
