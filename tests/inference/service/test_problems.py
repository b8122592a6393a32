"""What each exception means to a client, and where in a body a fault is placed."""

from __future__ import annotations

import json

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from data.errors import FileError, SettingError
from data.files.memory import BusyError
from data.home_credit import embedded
from inference.errors import ArtifactError, FeatureError
from inference.service.problems import (
    Fault,
    ProblemError,
    answer_of,
    fault_of,
    invalid_request,
    problem_json,
    problem_of,
)
from inference.values import ValueFault

SECRET = "income Zulu"


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (ProblemError.from_draining(), 503, "draining"),
        (HTTPException(405, "words of a library"), 405, "method-not-allowed"),
        (BusyError("Too much at once."), 503, "overloaded"),
        (FileError("It is no table."), 400, "malformed-body"),
        (SettingError("Something else."), 422, "invalid-application"),
        (ValueFault("A value is wrong."), 422, "invalid-application"),
        # Everything else is the service's own fault, of which nothing is told.
        (FeatureError(SECRET), 500, "internal-server-error"),
        (ArtifactError(SECRET), 500, "internal-server-error"),
        (KeyError(SECRET), 500, "internal-server-error"),
    ],
)
def test_an_exception_is_mapped_to_its_problem(error: Exception, status: int, kind: str) -> None:
    answer = answer_of(error)
    problem = json.loads(bytes(answer.body))
    assert (answer.status_code, problem["status"]) == (status, status)
    assert problem["type"] == f"urn:scoreroom:problem:{kind}"
    assert answer.media_type == "application/problem+json"
    assert SECRET not in bytes(answer.body).decode()
    assert "words of a library" not in problem["detail"]
    assert "errors" not in problem


def test_headers_of_a_problem_reach_the_answer() -> None:
    assert answer_of(ProblemError.from_rate("3 per 1 minute", 12)).headers["retry-after"] == "12"
    assert answer_of(BusyError("Too much at once.")).headers["retry-after"] == "5"
    assert answer_of(HTTPException(405, headers={"Allow": "GET"})).headers["allow"] == "GET"
    assert answer_of(ProblemError.from_missing_key()).headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("n_faults", "n_listed", "words"),
    [
        (1, 1, "/a: wrong"),
        (2, 2, "/a: wrong 2 faults in all."),
        (100, 100, "/a: wrong 100 faults in all."),
        (101, 100, "/a: wrong More than 100 faults in all."),
    ],
)
def test_at_most_a_hundred_faults_are_listed(n_faults: int, n_listed: int, words: str) -> None:
    problem = ProblemError.from_faults([Fault(pointer="/a", problem="wrong")] * n_faults).problem
    assert (len(problem.errors), problem.detail) == (n_listed, words)


@pytest.mark.parametrize(
    ("place", "field", "pointer"),
    [
        (("application", "AMT_CREDIT"), "AMT_CREDIT", "/application/AMT_CREDIT"),
        (("applications", 3, "a/b~c"), "a/b~c", "/applications/3/a~1b~0c"),
        ((), None, ""),
        (("applications", 3), None, "/applications/3"),
        # A lone surrogate, which JSON cannot hold, and a name without end.
        (("application", "\ud800"), "\\ud800", "/application/\\ud800"),
        (("application", "x" * 999), "x" * 200, "/application/" + "x" * 200),
    ],
)
def test_a_fault_is_placed_by_a_json_pointer(place: tuple[int | str, ...], field: str | None, pointer: str) -> None:
    fault = fault_of(place, "Input should be valid", 1, embedded.DEFINITION)
    assert (fault.field, fault.pointer) == (field, pointer)
    json.loads(problem_json(ProblemError.from_faults([fault])))


def test_a_column_is_described_in_its_own_words_and_the_rest_of_a_body_in_pydantics() -> None:
    said = fault_of(("application", "AMT_CREDIT"), "Input should be valid", -5, embedded.DEFINITION).problem
    assert said.startswith("Credit amount (AMT_CREDIT) is -5; expected a number from 1 to 1,000,000,000")
    outcome = fault_of(("application", "TARGET"), "Extra inputs", 1, embedded.DEFINITION).problem
    assert outcome == "Defaulted (TARGET) is no input of the model; leave it out."
    body = fault_of(("cutoff",), "Extra inputs are not permitted", 1, embedded.DEFINITION).problem
    assert body.startswith('Extra inputs are not permitted; send {"application": {...}}')


def test_a_body_that_fastapi_refuses_is_malformed_or_invalid() -> None:
    broken = {"type": "json_invalid", "loc": ("body", 1), "msg": "", "ctx": {"error": "Expecting value"}}
    missing = {"type": "missing", "loc": ("body",), "msg": "Field required"}
    extra = {"type": "extra", "loc": ("body", "cutoff"), "msg": "Extra inputs", "input": 1}
    for fault, body, status, words in (
        (broken, "{", 400, "Expecting value"),
        (missing, None, 400, "it is empty, or null"),
        (extra, {"cutoff": 1}, 422, "/cutoff: Extra inputs"),
    ):
        problem = invalid_request(RequestValidationError([fault], body=body), embedded.DEFINITION)
        assert problem.status_code == status
        assert words in problem.problem.detail
    assert problem_of(problem) is problem


@pytest.mark.parametrize(("limit", "size"), [(16_384, "16 kB"), (1_000_000, "1 MB"), (100_000_000, "100 MB")])
def test_a_size_is_said_in_its_unit(limit: int, size: str) -> None:
    assert f"larger than {size}," in ProblemError.from_large_body(limit).problem.detail
