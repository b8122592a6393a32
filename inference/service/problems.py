"""What the service answers where it cannot do as asked: one shape for all of it, problem details (RFC 9457).

A problem names what is wrong and where; it never holds more of an application than the value that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Self

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from data.definition.columns import Kind
from data.definition.definition import Definition
from data.errors import FileError, ScoreroomError
from data.files.arrow_stream import DamagedStreamError
from data.files.batch_judge import CellFault, TableFaultsError
from data.files.batch_limits import ExcessError
from data.files.memory import BusyError
from data.files.validate import shown
from inference.errors import InferenceError
from inference.service.tables import MOST_FAULTS
from inference.values import ValueFault

MEDIA_TYPE = "application/problem+json"
SEND = 'send {"application": {...}}, a batch as {"applications": [{...}, ...]}'
_KIND = "urn:scoreroom:problem:"


class Fault(BaseModel):
    """One thing that is wrong with what was sent."""

    field: str | None = Field(
        default=None, description="Column of the application table, or another field of the body."
    )
    pointer: str | None = Field(
        default=None, description="Where it stands in a JSON body, as a JSON pointer (RFC 6901)."
    )
    row: int | None = Field(
        default=None, description="Where it stands in a table: the line of a CSV, the row of another one."
    )
    problem: str = Field(description="What is wrong with it, and what to do.")


class Problem(BaseModel):
    """What went wrong, in the shape of RFC 9457."""

    type: str = Field(description="Kind of problem, a URN that a program can tell it by.")
    title: str = Field(description="The kind in words, the same for all problems of it.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong, where, and what to do.")
    errors: list[Fault] = Field(default=[], description=f"Each fault, {MOST_FAULTS} at the most; left out if none.")


class ProblemError(HTTPException):
    """A request that cannot be answered as asked; raised anywhere between the socket and the answer."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        listed = {"errors": list(errors[:MOST_FAULTS])} if errors else {}
        self.problem = Problem(type=f"{_KIND}{kind}", title=title, status=status, detail=detail, **listed)

    @classmethod
    def from_status(cls, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Self:
        """A problem of which the status says all."""
        title = HTTPStatus(status).phrase
        return cls(status, title.lower().replace(" ", "-"), title, detail, headers=headers)

    @classmethod
    def from_malformed(cls, reason: str) -> Self:
        return cls(400, "malformed-body", "Malformed body", f"The body cannot be read: {reason}.")

    @classmethod
    def from_faults(cls, faults: Sequence[Fault]) -> Self:
        """A problem of JSON with `faults`, at least one; those beyond the first 100 need not be all there are."""
        many = f" More than {MOST_FAULTS} faults in all." if len(faults) > MOST_FAULTS else ""
        more = many or ("" if len(faults) == 1 else f" {len(faults):,} faults in all.")
        return cls.from_invalid(f"{faults[0].pointer or 'The body'}: {faults[0].problem}{more}", faults)

    @classmethod
    def from_invalid(cls, detail: str, errors: Sequence[Fault] = ()) -> Self:
        return cls(422, "invalid-application", "Invalid application", detail, errors=errors)

    @classmethod
    def from_media_type(cls, found: str | None, taken: Iterable[str]) -> Self:
        told = "missing" if found is None else repr(found[:80])
        return cls.from_status(415, f"The Content-Type is {told}; send one of: {', '.join(taken)}.")

    @classmethod
    def from_encoding(cls, found: str) -> Self:
        return cls.from_status(415, f"The Content-Encoding is {found[:80]!r}; send the body as it is.")

    @classmethod
    def from_large_body(cls, limit: int) -> Self:
        size = f"{limit / 1e6:,g} MB" if limit >= 1e6 else f"{limit // 1000:,} kB"
        detail = f"The body is larger than {size}, the most that is taken here; send less at once."
        return cls(413, "too-large", "Too large", detail)

    @classmethod
    def from_many_applications(cls, found: int, limit: int) -> Self:
        detail = f"The body holds {found:,} applications, the most that is taken is {limit:,}; send several batches."
        return cls(413, "too-large", "Too large", detail)

    @classmethod
    def from_many_values(cls, limit: int) -> Self:
        detail = f"The body holds more values than {limit:,} applications, the most that is taken; send less at once."
        return cls(413, "too-large", "Too large", detail)

    @classmethod
    def from_large_application(cls, place: int, limit: int) -> Self:
        detail = f"/applications/{place}: is larger than {limit // 1000:,} kB, the most that one application may be."
        return cls(413, "too-large", "Too large", detail)

    @classmethod
    def from_missing_key(cls) -> Self:
        detail = "An API key is needed; send it as `Authorization: Bearer KEY`."
        return cls.from_status(401, detail, {"WWW-Authenticate": "Bearer"})

    @classmethod
    def from_unknown_key(cls) -> Self:
        return cls.from_status(401, "The API key is not known here.", {"WWW-Authenticate": "Bearer"})

    @classmethod
    def from_expired_key(cls) -> Self:
        return cls.from_status(401, "The API key has expired; ask for a new one.", {"WWW-Authenticate": "Bearer"})

    @classmethod
    def from_scope(cls) -> Self:
        return cls.from_status(403, "The API key is not for this address; ask for one that is.")

    @classmethod
    def from_no_keys(cls) -> Self:
        detail = (
            "Another model is put in service with a key of the scope `champion` alone, and this service asks nobody "
            "for a key; set SCOREROOM_API_KEYS."
        )
        return cls.from_status(403, detail)

    @classmethod
    def from_unknown_model(cls, name: str, known: Sequence[str]) -> Self:
        detail = f"There is no model {_printable(name)[:80]!r} to score with; those that there are: {', '.join(known)}."
        return cls(404, "unknown-model", "Unknown model", detail)

    @classmethod
    def from_unusable_model(cls, name: str, reason: str) -> Self:
        detail = f"The model {name} cannot be used: {reason}"
        return cls(409, "unusable-model", "Model cannot be used", detail)

    @classmethod
    def from_unexplained_model(cls, name: str) -> Self:
        detail = f"The model {name} has no trees that would explain it; it scores, and /v1/models says which explain."
        return cls(409, "unusable-model", "Model cannot be used", detail)

    @classmethod
    def from_rate(cls, rate: str, wait_s: int) -> Self:
        detail = f"More than {rate} were sent; try again in {wait_s:,} s."
        return cls.from_status(429, detail, {"Retry-After": str(wait_s)})

    @classmethod
    def from_slow_body(cls, seconds: int) -> Self:
        return cls.from_status(408, f"The body did not arrive within {seconds:,} s; send it faster, or less of it.")

    @classmethod
    def from_unavailable(cls, kind: str, title: str, detail: str, wait_s: int = 1) -> Self:
        return cls(503, kind, title, detail, headers={"Retry-After": str(wait_s)})

    @classmethod
    def from_overload(cls, what: str) -> Self:
        return cls.from_unavailable("overloaded", "Overloaded", f"{what}; try again in a second.")

    @classmethod
    def from_long_work(cls, seconds: int) -> Self:
        detail = f"It was not done within {seconds:,} s; try again later, or with fewer applications."
        return cls.from_unavailable("took-too-long", "Took too long", detail, wait_s=seconds)

    @classmethod
    def from_draining(cls) -> Self:
        detail = "The service is about to stop; ask another one."
        return cls.from_unavailable("draining", "About to stop", detail)

    @classmethod
    def from_no_explanations(cls, reason: str) -> Self:
        detail = f"Applications are scored, but cannot be explained for now: {reason}"
        return cls.from_unavailable("not-explainable", "Explanations are not at hand", detail, wait_s=60)

    @classmethod
    def from_own_fault(cls) -> Self:
        detail = "This is a fault of the service; its log names it under the id in the header X-Request-ID."
        return cls.from_status(500, detail)


def problem_of(error: Exception) -> ProblemError:
    """The problem that an exception means to who asked; what is not known is a fault of the service itself."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, HTTPException):
        return ProblemError.from_status(error.status_code, _DETAILS.get(error.status_code, error.detail), error.headers)
    if isinstance(error, InferenceError) and not isinstance(error, ValueFault):
        # What was sent has been checked by then.
        return ProblemError.from_own_fault()
    if isinstance(error, ScoreroomError):
        return _of_data(error)
    return ProblemError.from_own_fault()


_DETAILS = {
    404: "There is nothing at this address; /docs lists what there is.",
    405: "This address does not answer to this method; the header Allow names those that it does.",
    400: "The body cannot be read as JSON in UTF-8; correct it and send it again.",
}


def answer_of(error: Exception) -> Response:
    """The answer to a request that ended in `error`."""
    told = problem_of(error)
    return Response(problem_json(told), told.status_code, told.headers, media_type=MEDIA_TYPE)


def problem_json(error: ProblemError) -> bytes:
    """The body of an answer that is a problem."""
    return error.problem.model_dump_json(exclude_none=True, exclude_unset=True).encode()


def fault_of(place: Sequence[int | str], message: str, found: object, definition: Definition) -> Fault:
    """What Pydantic says of a value, in the words that the whole project has for its column.

    `place` leads from the body's root to the value.
    """
    name = _printable(place[-1]) if place and isinstance(place[-1], str) else None
    pointer = "".join(f"/{_escaped(str(step))}" for step in place)
    # A column stands inside an application, and so not at the first step.
    problem = f"{message}; {SEND}." if name is None or len(place) == 1 else _column_words(name, found, definition)
    return Fault(field=name, pointer=pointer, problem=problem)


def _column_words(name: str, found: object, definition: Definition) -> str:
    column = definition.by_name.get(name)
    if column is None:
        return str(ValueFault.from_unknown_column(name))
    told = ValueFault.from_no_input(column) if column.kind is Kind.TARGET else ValueFault.from_value(column, found)
    return str(told)


def invalid_request(error: RequestValidationError, definition: Definition) -> ProblemError:
    """The problem of a body that FastAPI refuses."""
    told: Sequence[Mapping[str, Any]] = error.errors()
    if told[0]["type"] == "json_invalid":
        return ProblemError.from_malformed(f"it is no JSON ({told[0]['ctx']['error']})")
    if error.body is None:
        return ProblemError.from_malformed("it is empty, or null")
    # The first step of each place is the word "body". One more than are listed tells that there are more.
    told = told[: MOST_FAULTS + 1]
    return ProblemError.from_faults(
        [fault_of(item["loc"][1:], item["msg"], item.get("input"), definition) for item in told]
    )


def _of_data(error: ScoreroomError) -> ProblemError:
    detail = str(error)
    if isinstance(error, BusyError):
        return ProblemError.from_unavailable("overloaded", "Overloaded", detail, wait_s=5)
    if isinstance(error, ExcessError):
        return ProblemError(413, "too-large", "Too large", detail)
    if isinstance(error, FileError | DamagedStreamError):
        return ProblemError(400, "malformed-body", "Malformed body", detail)
    faults: list[Fault] = []
    if isinstance(error, TableFaultsError):
        faults = [_of_cell(fault) for fault in error.faults]
    return ProblemError.from_invalid(detail, faults)


def _of_cell(fault: CellFault) -> Fault:
    found = "empty" if fault.found is None else repr(shown(fault.found))
    problem = f"is {found}; expected {fault.expected}; correct it or leave the row out"
    return Fault(field=fault.column, row=fault.row, problem=problem)


def _escaped(step: str) -> str:
    return _printable(step).replace("~", "~0").replace("/", "~1")


def _printable(text: str) -> str:
    """`text` without lone surrogates, which JSON readers reject."""
    return text.encode(errors="backslashreplace").decode()[:200]
