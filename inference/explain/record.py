"""The decision record: what was scored, what came of it and why, as a JSON file that scores again to the same PD."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Self

import numpy as np
import orjson

from data.definition.columns import Column
from data.definition.definition import Definition
from data.predictions.table import AS_IMPORTED, OUT_OF_FOLD
from inference.errors import InferenceError
from inference.model.decision import declines
from inference.model.judgement import APPROVE, DECLINE, REFER, judge
from inference.model.session import ScoringSession
from inference.values import Value, ValueFault, check_application, shown_value

FORMAT = "scoreroom.decision"
VERSION = 4
# What records of earlier versions say of what they did not know: referrals and warnings, and what a person decided.
_SINCE_VERSION_1: Mapping[str, Any] = {"refer_reason": "", "warnings": []}
_SINCE_VERSION_3: Mapping[str, Any] = {"analyst": "", "human_decision": "", "human_reason": ""}
# Beside OUT_OF_FOLD and AS_IMPORTED: whose the PD is that an application was decided on.
PUBLISHED = "published model"
MOST_BYTES = 1_000_000
LONGEST_NOTE = 5_000
LONGEST_NAME = 100
LONGEST_TEXT = 500
MOST_REASONS = 20
MOST_WARNINGS = 50
_FIX = "download the record again"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BAND = re.compile(r"[A-Z]")
LONGEST_ID = 200
_LARGEST_ID = 2**63 - 1


class RecordError(InferenceError):
    """A file that is no decision record, or a record that cannot be written as one."""

    @classmethod
    def from_file(cls, reason: str) -> Self:
        return cls(f"This is not a decision record: {reason}; choose the JSON file that the applicant's page wrote.")

    @classmethod
    def from_version(cls, found: object) -> Self:
        return cls(
            f"The decision record is of version {shown_value(found)}, and {VERSION} is read here; "
            "open it with the version of the program that wrote it."
        )

    @classmethod
    def from_missing_member(cls, place: str) -> Self:
        return cls(f"The decision record has no {place}; {_FIX}.")

    @classmethod
    def from_unknown_member(cls, place: str) -> Self:
        return cls(f"The decision record has {place}, which is no part of one; {_FIX}.")

    @classmethod
    def from_member(cls, place: str, found: object, expected: str) -> Self:
        return cls(f"In the decision record, {place} is {shown_value(found)}; expected {expected}; {_FIX}.")

    @classmethod
    def from_values(cls, place: str, fault: ValueFault) -> Self:
        return cls(f"In the decision record, {place} cannot be scored: {fault}")

    @classmethod
    def from_unwritable(cls, reason: str) -> Self:
        return cls(f"The decision record cannot be written: {reason}; take the text out that was pasted last.")


@dataclass(frozen=True, slots=True)
class RecordedReason:
    """A principal reason in words; `excess` is its log-odds beyond those of the applications just approved."""

    field: str
    label: str
    value: str
    typical: str
    excess: float


@dataclass(frozen=True, slots=True)
class Change:
    """A column whose value is not the application table's: what stands there, and what was scored instead."""

    name: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One scored application and its decision.

    `inputs` are all raw values that were scored, edits included, by column; `application_id` is None for an applicant
    who is not in the table. `default_probability` is the published model's PD of the inputs, `filed_probability` the
    one that the predictions have of the unedited application, and `filed_by` whose that is; None and empty where there
    is none. `decided_on` says from which of the two `decision` and `risk_band` follow: as long as nothing is edited
    from the one filed, in records before version 3 always from the published model's. `decision` is `approve`,
    `decline` or `refer`; a referred application has neither PD nor risk band nor reasons, but a `refer_reason`.
    `warnings` are values that contradict one another. `analyst` says who decided, and `human_decision` what; it is
    empty where nobody did, and another one than `decision` has a `human_reason`. `made_at` is UTC in ISO 8601 to the
    second (`word_time`), `data_sha256` the digest of the table that the application was taken from, or empty.
    """

    application_id: int | str | None
    inputs: Mapping[str, Value]
    changes: tuple[Change, ...]
    default_probability: float | None
    cutoff: float
    decision: str
    risk_band: str | None
    reasons: tuple[RecordedReason, ...]
    reasons_method: str
    model_sha256: str
    backend: str
    data_sha256: str
    product_version: str
    made_at: str
    note: str = ""
    filed_probability: float | None = None
    filed_by: str = ""
    decided_on: str = PUBLISHED
    refer_reason: str = ""
    warnings: tuple[str, ...] = ()
    analyst: str = ""
    human_decision: str = ""
    human_reason: str = ""

    @property
    def is_overridden(self) -> bool:
        """Whether a person decided otherwise than the model."""
        return self.human_decision not in ("", self.decision)

    @property
    def deciding_probability(self) -> float | None:
        """The PD from which the decision follows; None where it is referred."""
        return self.default_probability if self.decided_on == PUBLISHED else self.filed_probability

    @property
    def changed(self) -> tuple[str, ...]:
        """Columns whose value differs from the application table's."""
        return tuple(change.name for change in self.changes)


@dataclass(frozen=True, slots=True)
class Rescored:
    """A record's inputs scored again; `agrees` is whether the PD is the record's to the last bit, or referred again.

    With the same model it must be; with another one it need not. The PD is None where they are referred.
    """

    default_probability: float | None
    is_same_model: bool
    agrees: bool


def word_time(moment: datetime) -> str:
    """A moment, with its time zone, as a record says it."""
    return moment.astimezone(UTC).strftime(_TIME)


def rescore(record: DecisionRecord, session: ScoringSession) -> Rescored:
    """Score the record's inputs with `session`, and compare."""
    probability = judge(record.inputs, session).default_probability
    same = session.manifest.files[session.backend].sha256 == record.model_sha256
    # As the model's own float32: records of before say it with all digits of its widening.
    pds = [None if pd is None else np.float32(pd) for pd in (probability, record.default_probability)]
    return Rescored(probability, same, pds[0] == pds[1])


def to_json(record: DecisionRecord, definition: Definition) -> bytes:
    """The record as an indented JSON file, from which `read_record` makes it again; floats keep every bit.

    Raises:
        RecordError: a member is out of its range, for example a note that is too long.
    """
    order = {name: place for place, name in enumerate(definition.by_name)}
    inputs = dict(sorted(record.inputs.items(), key=lambda pair: order.get(pair[0], len(order))))
    content = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": record.made_at,
        "product_version": record.product_version,
        "application_id": record.application_id,
        "default_probability": record.default_probability,
        "filed_probability": record.filed_probability,
        "filed_by": record.filed_by,
        "decided_on": record.decided_on,
        "cutoff": record.cutoff,
        "decision": record.decision,
        "risk_band": record.risk_band,
        "refer_reason": record.refer_reason,
        "analyst": record.analyst,
        "human_decision": record.human_decision,
        "human_reason": record.human_reason,
        "warnings": list(record.warnings),
        "reasons": [asdict(reason) for reason in record.reasons],
        "reasons_method": record.reasons_method,
        "changes": [asdict(change) for change in record.changes],
        "inputs": inputs,
        "note": record.note,
        "model_sha256": record.model_sha256,
        "backend": record.backend,
        "data_sha256": record.data_sha256,
    }
    try:
        written = orjson.dumps(content, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError as error:
        raise RecordError.from_unwritable(str(error)) from None
    # A file that could not be read again is never handed out.
    read_record(written, definition)
    return written


def read_record(content: bytes, definition: Definition) -> DecisionRecord:
    """The record in a JSON file, of an application to the portfolio that `definition` is of.

    Raises:
        RecordError: no JSON, more than 1 MB, another format or version, a member that is missing, unknown or out of
            its range, or inputs that an application cannot have.
    """
    root = _Object(_checked_root(content), DecisionRecord, extra=("format", "version"))
    inputs = root.application("inputs", definition)
    record = DecisionRecord(
        application_id=root.identifier("application_id", definition.column(definition.id)),
        inputs=inputs,
        changes=_changes(root.listed("changes", Change, len(definition.columns)), definition, inputs),
        default_probability=root.optional_number("default_probability", 0.0, 1.0),
        cutoff=root.number("cutoff", 0.0, 1.0),
        decision=root.text("decision"),
        risk_band=root.optional_matching("risk_band", _BAND, "a letter from A to Z, or nothing"),
        reasons=tuple(_reason(entry) for entry in root.listed("reasons", RecordedReason, MOST_REASONS)),
        reasons_method=root.text("reasons_method"),
        model_sha256=root.matching("model_sha256", _DIGEST, "64 hexadecimal digits"),
        backend=root.text("backend"),
        data_sha256=root.matching("data_sha256", _DIGEST, "64 hexadecimal digits, or an empty text", or_empty=True),
        product_version=root.text("product_version"),
        made_at=root.time("made_at"),
        note=root.text("note", LONGEST_NOTE),
        filed_probability=root.optional_number("filed_probability", 0.0, 1.0),
        filed_by=root.text("filed_by"),
        decided_on=root.text("decided_on"),
        refer_reason=root.text("refer_reason"),
        warnings=root.texts("warnings", MOST_WARNINGS),
        analyst=root.text("analyst", LONGEST_NAME),
        human_decision=root.text("human_decision"),
        human_reason=root.text("human_reason"),
    )
    _check_decision(record)
    _check_human(record)
    return record


def _check_decision(record: DecisionRecord) -> None:
    filed_by = (OUT_OF_FOLD, AS_IMPORTED) if record.filed_probability is not None else ("",)
    if record.filed_by not in filed_by:
        expected = f'one of {", ".join(map(repr, filed_by))}, by "filed_probability"'
        raise RecordError.from_member('"filed_by"', record.filed_by, expected)
    decided_on = (PUBLISHED,) if record.changes or not record.filed_by else (PUBLISHED, record.filed_by)
    if record.decided_on not in decided_on:
        expected = f'one of {", ".join(map(repr, decided_on))}, by "filed_by" and "changes"'
        raise RecordError.from_member('"decided_on"', record.decided_on, expected)
    pd = None if record.default_probability is None else record.deciding_probability
    decision = REFER if pd is None else DECLINE if _declines(record, pd) else APPROVE
    if record.decision != decision:
        raise RecordError.from_member('"decision"', record.decision, f"{decision!r}, by the PD and the cutoff")
    is_referred = decision == REFER
    if is_referred != (record.risk_band is None):
        expected = "nothing, where there is no PD" if is_referred else "a letter from A to Z"
        raise RecordError.from_member('"risk_band"', record.risk_band, expected)
    if is_referred != bool(record.refer_reason):
        expected = "why it is not scored" if is_referred else "an empty text, where there is a PD"
        raise RecordError.from_member('"refer_reason"', record.refer_reason, expected)


def _check_human(record: DecisionRecord) -> None:
    known = ("", APPROVE, DECLINE, REFER)
    if record.human_decision not in known:
        expected = f"one of {', '.join(map(repr, known))}"
        raise RecordError.from_member('"human_decision"', record.human_decision, expected)
    if record.human_decision and not record.analyst.strip():
        raise RecordError.from_member('"analyst"', record.analyst, "the name of who decided")
    if record.is_overridden and not record.human_reason.strip():
        expected = "why the decision is another one than the model's"
        raise RecordError.from_member('"human_reason"', record.human_reason, expected)
    if record.human_reason and not record.human_decision:
        raise RecordError.from_member('"human_reason"', record.human_reason, "an empty text, where nobody decided")


def _declines(record: DecisionRecord, pd: float) -> bool:
    """Whether the PD that decides is at or above the cutoff; the published model's counts as the decimal it names."""
    return declines(pd, record.cutoff) if record.decided_on == PUBLISHED else pd >= record.cutoff


def _checked_root(content: bytes) -> dict[str, Any]:
    if len(content) > MOST_BYTES:
        raise RecordError.from_file(f"it has {len(content):,} bytes, and a record has at most {MOST_BYTES:,}")
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise RecordError.from_file("it does not hold JSON") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise RecordError.from_file(f'it lacks "format": "{FORMAT}"')
    version = found.get("version")
    # True equals 1 in Python.
    if isinstance(version, bool) or version not in (1, 2, 3, VERSION):
        raise RecordError.from_version(version)
    if version == VERSION:
        return found
    if version == 3:
        return {**found, **_SINCE_VERSION_3}
    unseen = found.get("out_of_fold_probability")
    since = {"filed_probability": unseen, "filed_by": "" if unseen is None else OUT_OF_FOLD, "decided_on": PUBLISHED}
    kept = {name: value for name, value in found.items() if name != "out_of_fold_probability"}
    return {**kept, **since, **_SINCE_VERSION_3, **(_SINCE_VERSION_1 if version == 1 else {})}


def _changes(entries: list[_Object], definition: Definition, inputs: Mapping[str, Value]) -> tuple[Change, ...]:
    changes: dict[str, Change] = {}
    for entry in entries:
        change = _change(entry, definition, inputs)
        if change.name in changes:
            raise RecordError.from_member(entry.place("name"), change.name, "every column once")
        changes[change.name] = change
    return tuple(changes.values())


def _change(entry: _Object, definition: Definition, inputs: Mapping[str, Value]) -> Change:
    name = entry.text("name")
    before, after = (entry.value(name, member, definition) for member in ("before", "after"))
    if name not in inputs or after != inputs[name]:
        raise RecordError.from_member(entry.place("after"), after, f'the value of {name} in "inputs"')
    if before == after:
        raise RecordError.from_member(entry.place("before"), before, 'another value than "after"')
    return Change(name, before, after)


def _reason(entry: _Object) -> RecordedReason:
    words = {name: entry.text(name) for name in ("field", "label", "value", "typical")}
    return RecordedReason(**words, excess=entry.number("excess", -math.inf, math.inf))


class _Object:
    """A JSON object with exactly the members of a dataclass, each taken by its kind; `where` names the object."""

    def __init__(self, found: object, kind: type, *, where: str = "", extra: tuple[str, ...] = ()) -> None:
        self._where = where
        if not isinstance(found, dict):
            raise RecordError.from_member(where, found, "an object")
        known = (*extra, *(field.name for field in fields(kind)))
        for name in known:
            if name not in found:
                raise RecordError.from_missing_member(self.place(name))
        for name in found:
            if name not in known:
                raise RecordError.from_unknown_member(self.place(name))
        self._found: dict[str, Any] = found

    def place(self, name: str) -> str:
        """A member in words."""
        shown = f'"{name}"' if len(name) <= 40 and name.isprintable() else shown_value(name)
        return f"{shown} in {self._where}" if self._where else shown

    def _refuse(self, name: str, expected: str) -> RecordError:
        return RecordError.from_member(self.place(name), self._found[name], expected)

    def text(self, name: str, most: int = LONGEST_TEXT) -> str:
        found = self._found[name]
        if not isinstance(found, str) or len(found) > most:
            raise self._refuse(name, f"a text of at most {most:,} letters")
        return found

    def matching(self, name: str, pattern: re.Pattern[str], expected: str, *, or_empty: bool = False) -> str:
        found = self._found[name]
        if not isinstance(found, str) or not (pattern.fullmatch(found) or (or_empty and not found)):
            raise self._refuse(name, expected)
        return found

    def optional_matching(self, name: str, pattern: re.Pattern[str], expected: str) -> str | None:
        return None if self._found[name] is None else self.matching(name, pattern, expected)

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        found = self._found[name]
        if not isinstance(found, list) or len(found) > most:
            raise self._refuse(name, f"a list of at most {most} entries")
        if not all(isinstance(each, str) and len(each) <= LONGEST_TEXT for each in found):
            raise self._refuse(name, f"a list of texts of at most {LONGEST_TEXT:,} letters")
        return tuple(found)

    def time(self, name: str) -> str:
        found = self.text(name)
        try:
            moment = datetime.strptime(found, _TIME).replace(tzinfo=UTC)
        except ValueError:
            raise self._refuse(name, "a time such as 2026-01-31T12:00:00Z") from None
        if word_time(moment) != found:
            raise self._refuse(name, "a time such as 2026-01-31T12:00:00Z")
        return found

    def number(self, name: str, low: float, high: float) -> float:
        found = self._found[name]
        if isinstance(found, bool) or not isinstance(found, int | float) or not low <= found <= high:
            ends = "a number" if math.isinf(high) else f"a number from {low:g} to {high:g}"
            raise self._refuse(name, ends)
        return float(found)

    def optional_number(self, name: str, low: float, high: float) -> float | None:
        return None if self._found[name] is None else self.number(name, low, high)

    def identifier(self, name: str, column: Column) -> int | str | None:
        """An application's id, as the column `column` has it, or None."""
        found = self._found[name]
        if found is None:
            return None
        if not column.dtype.is_integer():
            return self.text(name, LONGEST_ID)
        low = -_LARGEST_ID if column.minimum is None else int(column.minimum)
        high = _LARGEST_ID if column.maximum is None else int(column.maximum)
        if isinstance(found, bool) or not isinstance(found, int) or not low <= found <= high:
            raise self._refuse(name, f"a whole number from {low:,} to {high:,}, or nothing")
        return found

    def listed(self, name: str, kind: type, most: int) -> list[_Object]:
        found = self._found[name]
        if not isinstance(found, list) or len(found) > most:
            raise self._refuse(name, f"a list of at most {most} entries")
        return [_Object(entry, kind, where=f'entry {place} of "{name}"') for place, entry in enumerate(found, 1)]

    def application(self, name: str, definition: Definition) -> dict[str, Value]:
        found = self._found[name]
        if not isinstance(found, dict):
            raise self._refuse(name, "an object")
        return self._checked(name, found, definition)

    def value(self, column: str, member: str, definition: Definition) -> Value:
        return self._checked(member, {column: self._found[member]}, definition)[column]

    def _checked(self, name: str, values: Mapping[str, object], definition: Definition) -> dict[str, Value]:
        try:
            return check_application(definition, values)
        except ValueFault as fault:
            raise RecordError.from_values(self.place(name), fault) from None
