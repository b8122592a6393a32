"""The decision record: written and read again without losing a bit, and every damaged file refused in one sentence."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.definition.columns import Column, Kind
from data.home_credit import embedded
from data.settings import Settings
from inference.explain.record import (
    LONGEST_NOTE,
    MOST_BYTES,
    Change,
    DecisionRecord,
    RecordedReason,
    RecordError,
    Rescored,
    read_record,
    rescore,
    to_json,
    word_time,
)
from inference.model.build import PublishedModel
from inference.model.decision import declines, risk_band
from inference.model.judgement import APPROVE, DECLINE, REFER, judge
from inference.model.session import ScoringSession
from inference.values import Value, check_application

REASON = RecordedReason("EXT_SOURCE_2", "External score 2", "0.12", "0.45 to 0.63", 0.4375)
RECORD = DecisionRecord(
    application_id=100_002,
    inputs={"AMT_CREDIT": 406_597.5, "CNT_CHILDREN": 0, "CODE_GENDER": "M", "OWN_CAR_AGE": None},
    changes=(Change("CNT_CHILDREN", 1, 0), Change("OWN_CAR_AGE", 3, None)),
    default_probability=float(np.float32(0.1234)),
    cutoff=0.0909,
    decision=DECLINE,
    risk_band="D",
    reasons=(REASON,),
    reasons_method="Contributions less those of the applications just approved.",
    model_sha256="ab" * 32,
    backend="model.onnx",
    data_sha256="0" * 64,
    product_version="0.1.0",
    made_at="2026-01-31T12:00:00Z",
    note="Called the applicant.\nIncome confirmed.",
)


def record_of(session: ScoringSession, inputs: Mapping[str, Value], changes: tuple[Change, ...] = ()) -> DecisionRecord:
    """The record of an application as a page would make it."""
    probability, cutoff = session.score(inputs), session.manifest.cutoff
    return dataclasses.replace(
        RECORD,
        inputs=inputs,
        changes=changes,
        default_probability=probability,
        cutoff=cutoff,
        decision=DECLINE if declines(probability, cutoff) else APPROVE,
        risk_band=risk_band(probability, session.manifest.band_edges),
        model_sha256=session.manifest.files[session.backend].sha256,
        backend=session.backend,
    )


def values_of(column: Column) -> st.SearchStrategy[Value]:
    """Values that `column` may hold."""
    if column.kind is Kind.CATEGORY:
        return st.none() | st.sampled_from((*column.levels, "Astronaut", "<b>~</b>", "é"))
    low, high = column.minimum or 0.0, column.maximum or 0.0
    whole = st.none() | st.integers(int(low), int(high))
    return whole if column.dtype.is_integer() else st.none() | st.floats(low, high)


INPUTS = [column for column in embedded.COLUMNS if column.kind not in (Kind.ID, Kind.TARGET)]
APPLICATIONS = st.lists(st.sampled_from(INPUTS), max_size=20, unique=True).flatmap(
    lambda columns: st.fixed_dictionaries({column.name: values_of(column) for column in columns})
)


@st.composite
def records(draw: st.DrawFn) -> DecisionRecord:
    """Any record that may be written."""
    inputs = check_application(embedded.DEFINITION, draw(APPLICATIONS))
    before = {
        name: check_application(embedded.DEFINITION, {name: draw(values_of(embedded.column(name)))})[name]
        for name in list(inputs)[:4]
    }
    changes = [Change(name, value, inputs[name]) for name, value in before.items() if value != inputs[name]]
    probability = float(np.float32(draw(st.floats(0, 1))))
    cutoff = draw(st.floats(0, 1))
    words = st.text(max_size=40)
    reasons = st.builds(RecordedReason, words, words, words, words, st.floats(allow_nan=False, allow_infinity=False))
    return dataclasses.replace(
        RECORD,
        application_id=draw(st.none() | st.integers(1, 2**31 - 1)),
        inputs=inputs,
        changes=tuple(changes),
        default_probability=probability,
        cutoff=cutoff,
        decision=DECLINE if declines(probability, cutoff) else APPROVE,
        reasons=tuple(draw(st.lists(reasons, max_size=4))),
        data_sha256=draw(st.sampled_from(("", "f" * 64))),
        made_at=word_time(draw(st.datetimes(min_value=datetime(1000, 1, 1)))),  # noqa: DTZ001
        note=draw(st.text(max_size=300)),
    )


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(records())
def test_what_is_written_is_read_again(record: DecisionRecord) -> None:
    found = read_record(to_json(record, embedded.DEFINITION), embedded.DEFINITION)
    assert found == record
    types = {name: type(value) for name, value in found.inputs.items()}
    assert types == {name: type(value) for name, value in record.inputs.items()}


def test_the_file_says_what_it_is_first_and_keeps_the_tables_order() -> None:
    content = json.loads(to_json(RECORD, embedded.DEFINITION))
    assert list(content)[:3] == ["format", "version", "made_at"]
    assert (content["format"], content["version"]) == ("scoreroom.decision", 4)
    assert list(content["inputs"]) == ["CODE_GENDER", "CNT_CHILDREN", "AMT_CREDIT", "OWN_CAR_AGE"]
    assert content["changes"][1] == {"name": "OWN_CAR_AGE", "before": 3, "after": None}
    assert set(content) == {"format", "version", *(field.name for field in dataclasses.fields(RECORD))}
    assert RECORD.changed == ("CNT_CHILDREN", "OWN_CAR_AGE")


def test_records_of_real_applications_score_again_to_the_same_pd(built: Settings) -> None:
    session = ScoringSession.open(built.model, embedded.DEFINITION)
    table = pl.read_parquet(built.applications).drop(embedded.ID, embedded.TARGET).sample(300, seed=5)
    for place, row in enumerate(table.to_dicts()):
        inputs = check_application(embedded.DEFINITION, row)
        after: dict[str, Value] = {"AMT_CREDIT": 250_000.0 + place, "EXT_SOURCE_2": 0.3, "OCCUPATION_TYPE": "Astronaut"}
        edits = {name: value for name, value in after.items() if place % 2 and inputs[name] != value}
        changes = tuple(Change(name, inputs[name], value) for name, value in edits.items())
        record = record_of(session, {**inputs, **edits}, changes)
        found = read_record(to_json(record, embedded.DEFINITION), embedded.DEFINITION)
        assert found == record
        assert session.score(found.inputs) == record.default_probability == found.default_probability
        again = rescore(found, session)
        assert (again.default_probability, again.is_same_model, again.agrees) == (found.default_probability, True, True)


@pytest.fixture(scope="module", name="session")
def fixture_session(published: PublishedModel) -> ScoringSession:
    return ScoringSession.open(published.directory, embedded.DEFINITION)


def test_another_model_and_another_pd_are_told(session: ScoringSession, applications: pl.DataFrame) -> None:
    inputs = check_application(embedded.DEFINITION, applications.drop(embedded.ID, embedded.TARGET).row(0, named=True))
    record = record_of(session, inputs)
    other = dataclasses.replace(record, model_sha256="1" * 64)
    assert (rescore(other, session).is_same_model, rescore(other, session).agrees) == (False, True)
    next_one = float(np.nextafter(np.float32(session.score(inputs)), np.float32(1)))
    altered = dataclasses.replace(record, default_probability=next_one)
    assert (rescore(altered, session).is_same_model, rescore(altered, session).agrees) == (True, False)
    assert rescore(altered, session).default_probability == record.default_probability


def test_times_are_in_utc_to_the_second() -> None:
    moment = datetime(2026, 3, 1, 0, 30, 15, 987_654, tzinfo=timezone(timedelta(hours=2)))
    assert word_time(moment) == "2026-02-28T22:30:15Z"


def altered(**members: object) -> bytes:
    """The record's file with other members; Ellipsis leaves one out."""
    content: dict[str, Any] = {**json.loads(to_json(RECORD, embedded.DEFINITION)), **members}
    return orjson.dumps({name: value for name, value in content.items() if value is not ...})


NOT_A_RECORD = "This is not a decision record: "
IN_RECORD = "In the decision record, "


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", NOT_A_RECORD + "it does not hold JSON; choose the JSON file that the applicant's page wrote."),
        (b"\xff\xfe{", NOT_A_RECORD + "it does not hold JSON"),
        (b'{"format": NaN}', NOT_A_RECORD + "it does not hold JSON"),
        (b"[" * 100_000, NOT_A_RECORD + "it does not hold JSON"),
        (b"[1, 2]", NOT_A_RECORD + 'it lacks "format": "scoreroom.decision"'),
        (altered(format="scoreroom.cohorts"), NOT_A_RECORD + 'it lacks "format": "scoreroom.decision"'),
        (b" " * (MOST_BYTES + 1), NOT_A_RECORD + "it has 1,000,001 bytes, and a record has at most 1,000,000"),
        (altered(version=5), "The decision record is of version 5, and 4 is read here; open it with the version of"),
        (altered(version=...), "The decision record is of version None, and 4 is read here"),
        (altered(version=True), "The decision record is of version True, and 4 is read here"),
        (altered(cutoff=...), 'The decision record has no "cutoff"; download the record again.'),
        (altered(extra=1), 'The decision record has "extra", which is no part of one; download the record again.'),
        (altered(**{"<b>" * 20: 1}), f"The decision record has '{('<b>' * 20)[:38]}…, which is no part of one"),
        (altered(default_probability=1.5), IN_RECORD + '"default_probability" is 1.5; expected a number from 0 to 1;'),
        (altered(default_probability=-0.1), IN_RECORD + '"default_probability" is -0.1; expected a number from'),
        (altered(default_probability="0.1"), IN_RECORD + "\"default_probability\" is '0.1'; expected a number from"),
        (altered(default_probability=None), IN_RECORD + "\"decision\" is 'decline'; expected 'refer', by the PD and"),
        (altered(default_probability=None, decision="refer"), IN_RECORD + "\"risk_band\" is 'D'; expected nothing"),
        (
            altered(default_probability=None, decision="refer", risk_band=None),
            IN_RECORD + "\"refer_reason\" is ''; expected why it is not scored",
        ),
        (altered(refer_reason="Too little."), IN_RECORD + "\"refer_reason\" is 'Too little.'; expected an empty text"),
        (altered(risk_band=None), IN_RECORD + '"risk_band" is None; expected a letter from A to Z'),
        (altered(warnings="x"), IN_RECORD + "\"warnings\" is 'x'; expected a list of at most 50 entries"),
        (altered(warnings=[1]), IN_RECORD + '"warnings" is of type list; expected a list of texts of at most 500'),
        (altered(default_probability=True), IN_RECORD + '"default_probability" is True; expected a number from'),
        (altered(cutoff=[[]]), IN_RECORD + '"cutoff" is of type list; expected a number from 0 to 1;'),
        (altered(decision="approve"), IN_RECORD + "\"decision\" is 'approve'; expected 'decline', by the PD and the"),
        (altered(risk_band="DD"), IN_RECORD + "\"risk_band\" is 'DD'; expected a letter from A to Z"),
        (altered(application_id=0), IN_RECORD + '"application_id" is 0; expected a whole number from 1 to 2,147,483'),
        (altered(application_id=1.0), IN_RECORD + '"application_id" is 1.0; expected a whole number'),
        (altered(application_id=True), IN_RECORD + '"application_id" is True; expected a whole number'),
        (
            altered(model_sha256="x" * 64),
            IN_RECORD + f'"model_sha256" is \'{"x" * 38}…; expected 64 hexadecimal digits',
        ),
        (altered(model_sha256=""), IN_RECORD + "\"model_sha256\" is ''; expected 64 hexadecimal digits"),
        (altered(data_sha256=7), IN_RECORD + '"data_sha256" is 7; expected 64 hexadecimal digits, or an empty text'),
        (altered(backend=3), IN_RECORD + '"backend" is 3; expected a text of at most 500 letters'),
        (altered(made_at="yesterday"), IN_RECORD + "\"made_at\" is 'yesterday'; expected a time such as 2026-01-31T12"),
        (altered(made_at="2026-1-31T12:00:00Z"), IN_RECORD + "\"made_at\" is '2026-1-31T12:00:00Z'; expected a time"),
        (altered(made_at="2026-02-30T12:00:00Z"), IN_RECORD + "\"made_at\" is '2026-02-30T12:00:00Z'; expected"),
        (altered(note="x" * 5_001), IN_RECORD + f'"note" is \'{"x" * 38}…; expected a text of at most 5,000 letters'),
        (altered(reasons={}), IN_RECORD + '"reasons" is of type dict; expected a list of at most 20 entries'),
        (altered(reasons=[1]), IN_RECORD + 'entry 1 of "reasons" is 1; expected an object'),
        (altered(reasons=[{}]), 'The decision record has no "field" in entry 1 of "reasons"; download'),
        (
            altered(reasons=[{**dataclasses.asdict(REASON), "excess": None}]),
            IN_RECORD + '"excess" in entry 1 of "reasons" is None; expected a number;',
        ),
        (altered(inputs=[]), IN_RECORD + '"inputs" is of type list; expected an object'),
        (
            altered(inputs={"AMT_KREDIT": 1}),
            IN_RECORD + "\"inputs\" cannot be scored: The application table has no column 'AMT_KREDIT'",
        ),
        (altered(inputs={"TARGET": 1}), IN_RECORD + '"inputs" cannot be scored: Defaulted (TARGET) is no input of'),
        (altered(inputs={"AMT_CREDIT": "1"}), IN_RECORD + '"inputs" cannot be scored: Credit amount (AMT_CREDIT) is'),
        (
            altered(changes=[{"name": "CNT_CHILDREN", "before": 1, "after": 2}]),
            IN_RECORD + '"after" in entry 1 of "changes" is 2; expected the value of CNT_CHILDREN in "inputs"',
        ),
        (
            altered(changes=[{"name": "DAYS_BIRTH", "before": -9_000, "after": None}]),
            IN_RECORD + '"after" in entry 1 of "changes" is None; expected the value of DAYS_BIRTH in "inputs"',
        ),
        (
            altered(changes=[{"name": "CNT_CHILDREN", "before": 0, "after": 0}]),
            IN_RECORD + '"before" in entry 1 of "changes" is 0; expected another value than "after"',
        ),
        (
            altered(changes=[{"name": "CNT_CHILDREN", "before": n, "after": 0} for n in (1, 2)]),
            IN_RECORD + '"name" in entry 2 of "changes" is \'CNT_CHILDREN\'; expected every column once',
        ),
        (
            altered(changes=[{"name": "CNT_CHILDREN", "before": "<b>", "after": 0}]),
            IN_RECORD
            + '"before" in entry 1 of "changes" cannot be scored: Children (CNT_CHILDREN) is \'<b>\'; expected',
        ),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_what_is_no_record_is_refused_in_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(RecordError) as raised:
        read_record(content, embedded.DEFINITION)
    assert str(raised.value).startswith(sentence)
    assert len(str(raised.value)) < 300


@given(st.data())
def test_a_damaged_file_is_read_the_same_or_refused(data: st.DataObject) -> None:
    whole = bytearray(to_json(RECORD, embedded.DEFINITION))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    try:
        found = read_record(bytes(whole), embedded.DEFINITION)
    except RecordError:
        return
    assert read_record(to_json(found, embedded.DEFINITION), embedded.DEFINITION) == found


@pytest.mark.parametrize(
    ("member", "value", "sentence"),
    [
        ("note", "x" * (LONGEST_NOTE + 1), "expected a text of at most 5,000 letters"),
        ("note", "\ud800", "The decision record cannot be written: "),
        ("default_probability", float("nan"), "expected 'refer', by the PD and the cutoff"),
        ("decision", APPROVE, "expected 'decline', by the PD and the cutoff"),
    ],
    ids=["long", "surrogate", "nan", "decision"],
)
def test_a_record_that_could_not_be_read_again_is_not_written(member: str, value: object, sentence: str) -> None:
    replaced: dict[str, Any] = {member: value}
    with pytest.raises(RecordError) as raised:
        to_json(dataclasses.replace(RECORD, **replaced), embedded.DEFINITION)
    assert sentence in str(raised.value)


def test_a_file_on_disk_is_the_record(tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    path.write_bytes(to_json(RECORD, embedded.DEFINITION))
    assert read_record(path.read_bytes(), embedded.DEFINITION) == RECORD
    assert path.read_text(encoding="utf-8").startswith('{\n  "format": "scoreroom.decision",\n  "version": 4,\n')
    # Records of earlier versions, which were decided on the published model's PD, are opened, too.
    third = json.loads(to_json(RECORD, embedded.DEFINITION)) | {"version": 3}
    del third["analyst"], third["human_decision"], third["human_reason"]
    assert read_record(orjson.dumps(third), embedded.DEFINITION) == RECORD
    second = third | {"version": 2, "out_of_fold_probability": 0.0625}
    del second["filed_probability"], second["filed_by"], second["decided_on"]
    filed = dataclasses.replace(RECORD, filed_probability=0.0625, filed_by="out of fold")
    assert read_record(orjson.dumps(second), embedded.DEFINITION) == filed
    first = second | {"version": 1, "out_of_fold_probability": None}
    del first["refer_reason"], first["warnings"]
    assert read_record(orjson.dumps(first), embedded.DEFINITION) == RECORD


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"filed_by": "out of fold"}, "\"filed_by\" is 'out of fold'; expected one of ''"),
        ({"filed_probability": 0.05}, "\"filed_by\" is ''; expected one of 'out of fold', 'as imported'"),
        ({"decided_on": "out of fold"}, "\"decided_on\" is 'out of fold'; expected one of 'published model'"),
        # What was edited has no PD but the published model's.
        (
            {"filed_probability": 0.05, "filed_by": "out of fold", "decided_on": "out of fold"},
            "\"decided_on\" is 'out of fold'; expected one of 'published model'",
        ),
        (
            {"filed_probability": 0.05, "filed_by": "as imported", "decided_on": "as imported", "changes": ()},
            "\"decision\" is 'decline'; expected 'approve'",
        ),
    ],
)
def test_a_decision_follows_from_the_pd_that_it_names(members: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RecordError) as raised:
        to_json(dataclasses.replace(RECORD, **members), embedded.DEFINITION)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (
            {"human_decision": "maybe"},
            "\"human_decision\" is 'maybe'; expected one of '', 'approve', 'decline', 'refer'",
        ),
        ({"human_decision": "decline"}, "\"analyst\" is ''; expected the name of who decided"),
        (
            {"human_decision": "approve", "analyst": "A. Analyst", "human_reason": " "},
            "\"human_reason\" is ' '; expected why",
        ),
        ({"human_reason": "Because."}, "\"human_reason\" is 'Because.'; expected an empty text, where nobody decided"),
        ({"analyst": "x" * 101}, "expected a text of at most 100 letters"),
    ],
)
def test_another_decision_than_the_model_s_has_a_name_and_a_reason(members: dict[str, str], sentence: str) -> None:
    with pytest.raises(RecordError) as raised:
        to_json(dataclasses.replace(RECORD, **members), embedded.DEFINITION)  # type: ignore[arg-type]
    assert sentence in str(raised.value)


def test_a_decision_of_a_person_is_read_again() -> None:
    for decision, reason in (("decline", ""), ("refer", "Payslip missing.")):
        decided = dataclasses.replace(RECORD, analyst="A. Analyst", human_decision=decision, human_reason=reason)
        assert read_record(to_json(decided, embedded.DEFINITION), embedded.DEFINITION) == decided
        assert decided.is_overridden == (decision == "refer")


def test_a_referred_application_is_recorded_and_opens_again(session: ScoringSession) -> None:
    inputs = check_application(embedded.DEFINITION, {"AMT_CREDIT": 450_000, "AMT_ANNUITY": 400_000})
    found = judge(inputs, session)
    assert found.decision == "refer"
    record = dataclasses.replace(
        RECORD,
        inputs=inputs,
        changes=(),
        default_probability=None,
        decision=REFER,
        risk_band=None,
        reasons=(),
        refer_reason=found.refer_reason,
        warnings=found.warnings,
        model_sha256=session.manifest.files[session.backend].sha256,
    )
    assert record.warnings == ("fewer than 3 annuities repay the credit amount",)
    again = read_record(to_json(record, embedded.DEFINITION), embedded.DEFINITION)
    assert again == record
    assert rescore(again, session) == Rescored(None, is_same_model=True, agrees=True)
    claimed = dataclasses.replace(record, default_probability=0.01, decision=APPROVE, risk_band="A", refer_reason="")
    assert rescore(claimed, session) == Rescored(None, is_same_model=True, agrees=False)
