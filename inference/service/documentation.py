"""What the OpenAPI document says that cannot be read off the routes: problems, and the bodies of batches."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from data.definition.definition import Definition
from inference.service.applications import wrong_example
from inference.service.guard import JSON
from inference.service.problems import MEDIA_TYPE, Problem, ProblemError, fault_of, problem_json
from inference.service.schemas import BatchRequest, Types
from inference.service.settings import ServiceSettings
from inference.service.tables import FORMATS, MODEL_NAME, MODEL_SHA256, NOTICES

Responses = dict[int | str, dict[str, Any]]
_COMPONENT = "#/components/schemas/{model}"
_OF_FASTAPI = "HTTPValidationError"
_TABLE = {"schema": {"type": "string", "format": "binary"}}
# An empty body is no table of any format.
_SENT_TABLE = {"schema": {**_TABLE["schema"], "minLength": 1}}
_MEANINGS = {
    400: "The body cannot be read.",
    401: "An API key is needed, is not known, or has expired.",
    403: "The API key is not for this address.",
    404: "There is no model of this name.",
    409: "The model of this name cannot be used so.",
    408: "The body took too long to arrive.",
    413: "The body, or the number of applications, is larger than what is taken.",
    415: "The body is of a type, or compressed, that is not taken.",
    422: "The body holds what no application can.",
    429: "More requests than this key may send; Retry-After says when to try again.",
    503: "Not now: overloaded, about to stop, or not at hand; Retry-After says when to try again.",
}
METRICS_ANSWER: Responses = {
    200: {
        "description": "Metrics in the text format of Prometheus.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}
_BATCH_ANSWER: dict[str, Any] = {
    "description": "The scores, in the format that was sent; as CSV where that is only read.",
    "headers": {
        NOTICES: {
            "description": "For a table: a JSON list of sentences on what is not used or doubtful in it.",
            "required": False,
            "schema": {"type": "string"},
        },
        MODEL_NAME: {
            "description": "Name of the model that scored.",
            "required": True,
            "schema": {"type": "string"},
        },
        MODEL_SHA256: {
            "description": "Digest of the model file that scored.",
            "required": True,
            "schema": {"type": "string"},
        },
    },
    # JSON first, as in the body.
    "content": {JSON: {}, **dict.fromkeys(FORMATS, _TABLE)},
}
BATCH_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        JSON: {"schema": {"$ref": _COMPONENT.format(model=BatchRequest.__name__)}},
        **dict.fromkeys(FORMATS, _SENT_TABLE),
    },
}


def batch_answer(types: Types) -> Responses:
    """The answer to a batch."""
    return {200: {**_BATCH_ANSWER, "model": types.batch_score}}


def problems(definition: Definition, *statuses: int) -> Responses:
    """The answers that are problems, by status."""
    schema = {"$ref": _COMPONENT.format(model=Problem.__name__)}
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {MEDIA_TYPE: {"schema": schema, "example": _example(status, definition)}},
        }
        for status in statuses
    }


def _example(status: int, definition: Definition) -> dict[str, Any]:
    error = ProblemError.from_status(status, _MEANINGS[status])
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        name, found_value = wrong_example(definition)
        error = ProblemError.from_faults([fault_of(("application", name), "", found_value, definition)])
    found: dict[str, Any] = orjson.loads(problem_json(error))
    return found


def documented(app: FastAPI, types: Types, settings: ServiceSettings) -> Callable[[], dict[str, Any]]:
    """The OpenAPI document of `app`, with the components that only this module refers to."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        kinds: Any = [(Problem, "serialization"), (types.batch_request, "validation")]
        _, found = models_json_schema(kinds, ref_template=_COMPONENT)
        found["$defs"][BatchRequest.__name__]["properties"]["applications"]["maxItems"] = settings.rows
        document["components"]["schemas"].update(found["$defs"])
        for name in (_OF_FASTAPI, "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        for path in document["paths"].values():
            for operation in path.values():
                # FastAPI's own, of a name in the address: any text may be one.
                if _OF_FASTAPI in str(operation["responses"].get("422")):
                    del operation["responses"]["422"]
                for status, answer in operation["responses"].items():
                    answer["headers"] = {**answer.get("headers", {}), **_headers(int(status))}
        return document

    return openapi


def _headers(status: int) -> dict[str, Any]:
    """The headers that an answer of this status has besides its type."""
    headers = {"X-Request-ID": _header("The id under which the log names the request.", "string")}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = _header("Seconds after which to try again.", "integer")
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = _header("How a key is sent.", "string")
    return headers


def _header(description: str, kind: str) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": {"type": kind}}
