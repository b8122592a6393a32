"""Many applications in one JSON body: taken apart first, then judged, then scored one by one and at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import ValidationError

from data.definition.definition import Definition
from data.files.memory import Hold, hold_nothing
from data.files.validate import UnseenLevel, word_unseen
from inference.model.session import ScoringSession
from inference.service.applications import most_bytes
from inference.service.problems import SEND, Fault, ProblemError, fault_of
from inference.service.schemas import Types
from inference.service.tables import MOST_FAULTS
from inference.values import Value


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    # Taking 10,000 applications apart takes 20 ms, during which no other thread runs; reading them takes ten times as
    # long, but one after another, so that others get their turns.
    applications: list[msgspec.Raw]


# A value may hold a comma as well.
_COMMAS_A_COLUMN = 2
# What a value takes up as an object of Python's (`python -m scripts.study_memory service`).
_VALUE_BYTES = 100
_NONE = "There is no application; send at least one."


def read_applications(body: bytes, types: Types, most: int, hold: Hold = hold_nothing) -> list[dict[str, Value]]:
    """The applications of a JSON body, every one of which can be scored; `hold` is told the memory that this takes.

    Time and memory are bounded by `most`, whatever the body holds: it is not taken apart where it has more commas than
    so many applications could, and nothing more is read once 100 faults are found.

    Raises:
        ProblemError: it is no JSON or of another shape, holds more than `most` applications or none, or values that
            their columns cannot hold.
    """
    n_values = body.count(b",")
    if n_values > _COMMAS_A_COLUMN * len(types.definition.columns) * most:
        raise ProblemError.from_many_values(most)
    hold(2 * len(body) + _VALUE_BYTES * n_values)
    found = _taken_apart(body)
    if not found:
        raise ProblemError.from_faults([Fault(field="applications", pointer="/applications", problem=_NONE)])
    if len(found) > most:
        raise ProblemError.from_many_applications(len(found), most)
    applications: list[dict[str, Value]] = []
    faults: list[Fault] = []
    largest = most_bytes(types.definition)
    for place, raw in enumerate(found):
        if len(memoryview(raw)) > largest:
            raise ProblemError.from_large_application(place, largest)
        try:
            applications.append(_read(place, memoryview(raw), types))
        except ValidationError as error:
            faults += _faults(place, error, types.definition)
            if len(faults) > MOST_FAULTS:
                break
    if faults:
        raise ProblemError.from_faults(faults)
    return applications


def _read(place: int, raw: memoryview[int], types: Types) -> dict[str, Value]:
    try:
        return types.application.validate_python(_without(types.definition.target, orjson.loads(raw)))
    except orjson.JSONDecodeError as error:
        raise ProblemError.from_malformed(f"application {place:,} is no JSON ({error})") from None


def _without(outcome: str | None, found: object) -> object:
    # A row of the application table has one; it is not used, in JSON as in tables.
    return {name: value for name, value in found.items() if name != outcome} if isinstance(found, dict) else found


def notices_of(applications: Sequence[Mapping[str, Value]], types: Types) -> list[str]:
    """Sentences on what is doubtful in a batch: categories never seen, by column and with their numbers."""
    levels = types.levels
    unseen = Counter(
        (name, level)
        for application in applications
        for name, level in application.items()
        if name in levels and isinstance(level, str) and level not in levels[name]
    )
    return list(word_unseen([UnseenLevel(*key, count) for key, count in sorted(unseen.items())], "scored as unknown"))


def score_applications(applications: Sequence[Mapping[str, Value]], session: ScoringSession) -> NDArray[np.float32]:
    """PD of each application, float32 (applications,); bit for bit what `session.score` gives for it alone."""
    rows = [session.features.row(application) for application in applications]
    return session.score_matrix(np.concatenate(rows))


def _taken_apart(body: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(body, type=_Body).applications
    except msgspec.ValidationError as error:
        raise ProblemError.from_faults([Fault(pointer="", problem=f"{error}; {SEND}.")]) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProblemError.from_malformed(f"it is no JSON ({error})") from None


def _faults(place: int, error: ValidationError, definition: Definition) -> Iterator[Fault]:
    for item in error.errors(include_url=False, include_context=False):
        yield fault_of(("applications", place, *item["loc"]), item["msg"], item.get("input"), definition)
