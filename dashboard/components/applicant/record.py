"""The decision record: written as one HTML file and as JSON, and a JSON opened again."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version

import streamlit as st

from dashboard import cache, labels, state
from dashboard.components.applicant.view import ApplicantView
from dashboard.drafts import NEW, Draft, make_edits
from dashboard.field_words import word_field
from dashboard.reason_words import REASONS_METHOD, word_typical
from dashboard.record_page import record_html
from data import schema
from data.errors import DataError
from inference.reasons import Reason
from inference.record import (
    LONGEST_NOTE,
    Change,
    DecisionRecord,
    RecordedReason,
    Rescored,
    read_record,
    rescore,
    to_json,
    word_time,
)
from inference.scoring import APPROVE, DECLINE

_NOTE, _NOTES, _FILE, _OPENED = "record.note", "record.notes", "record.file", "record.opened"
_LARGEST_MB = 1
# A click on a file's button ends the typing of the note, too; how long that takes to arrive beside the click itself.
_TAKE_OVER_SECONDS = 0.2


def render_record(view: ApplicantView) -> None:
    """Write the tab."""
    notes, applicant = _notes(), view.draft.applicant
    note = notes.get(applicant, "")
    st.text_area(
        "Note of the analyst", note, key=state.hold(_NOTE, note), max_chars=LONGEST_NOTE, height=140,
        placeholder="What was considered, asked or agreed; it goes into the record as it is.",
        on_change=_take_note, args=(applicant,),
    )  # fmt: skip
    name = f"decision-{applicant}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.download_button(
            "Record as HTML", partial(_html, view, notes), f"{name}.html", "text/html", on_click="ignore",
            icon=":material/description:", key="record.html",
        )  # fmt: skip
        st.download_button(
            "Record as JSON", partial(_json, view, notes), f"{name}.json", "application/json", on_click="ignore",
            icon=":material/data_object:", key="record.json",
        )  # fmt: skip
        st.caption("Inputs, PD, cutoff, decision, reasons, digests of model and data, time, and the note.")


def _notes() -> dict[str, str]:
    """The analyst's notes of this visit by applicant, which outlast the box that they are written in."""
    found: dict[str, str] = st.session_state.setdefault(_NOTES, {})
    return found


def _take_note(applicant: str) -> None:
    _notes()[applicant] = st.session_state[_NOTE]


def make_record(view: ApplicantView, note: str) -> DecisionRecord:
    """The record of the decision as it stands on the screen."""
    session, assessed = cache.open_session(), view.assessed
    reasons = [_recorded(view, reason) for reason in assessed.reasons] if assessed.is_declined else []
    return DecisionRecord(
        application_id=view.draft.identifier,
        inputs=dict(view.values),
        changes=tuple(Change(name, view.base.get(name), value) for name, value in view.draft.edits),
        default_probability=assessed.default_probability,
        cutoff=assessed.cutoff,
        decision=DECLINE if assessed.is_declined else APPROVE,
        risk_band=assessed.risk_band,
        reasons=tuple(reasons),
        reasons_method=REASONS_METHOD,
        model_sha256=session.manifest.files[session.backend].sha256,
        backend=session.backend,
        data_sha256=cache.application_table()[0],
        product_version=version("scoreroom"),
        made_at=word_time(dt.datetime.now(dt.UTC)),
        note=note,
    )


def _recorded(view: ApplicantView, reason: Reason) -> RecordedReason:
    column = schema.column(reason.field)
    typical = cache.typical_of_approved(column.name, view.page.cutoff)
    words = labels.NOT_DEFINED if typical is None else word_typical(column, typical)
    return RecordedReason(
        column.name, column.label, word_field(column, view.values.get(column.name)), words, reason.excess
    )


# A file is made when it is asked for, in a thread that belongs to no visit: what it holds is given to it.
def _html(view: ApplicantView, notes: Mapping[str, str]) -> bytes:
    return record_html(_latest_record(view, notes)).encode()


def _json(view: ApplicantView, notes: Mapping[str, str]) -> bytes:
    return to_json(_latest_record(view, notes))


def _latest_record(view: ApplicantView, notes: Mapping[str, str]) -> DecisionRecord:
    time.sleep(_TAKE_OVER_SECONDS)
    return make_record(view, notes.get(view.draft.applicant, ""))


def render_upload(dataset: cache.Dataset) -> None:
    """Write the place where a record is opened again, and what was found about the last one."""
    with st.expander("Open a decision record", key="record-upload", icon=":material/upload_file:"):
        st.file_uploader(
            "Decision record (JSON)", type="json", key=_FILE, on_change=_open, args=(dataset,),
            max_upload_size=_LARGEST_MB,
        )  # fmt: skip
        opened = st.session_state.get(_OPENED)
        if opened is not None:
            _render_opened(*opened)


def _open(dataset: cache.Dataset) -> None:
    uploaded = st.session_state[_FILE]
    st.session_state.pop(_OPENED, None)
    if uploaded is None:
        return
    try:
        record = read_record(uploaded.getvalue())
        rescored = rescore(record, cache.open_session())
        draft = _draft_of(dataset, record)
    except DataError as error:
        state.notify([str(error)])
        return
    st.session_state[_OPENED] = record, rescored
    _notes()[draft.applicant] = record.note
    state.put_draft(draft)


def _draft_of(dataset: cache.Dataset, record: DecisionRecord) -> Draft:
    """The record's application where these predictions have it, else a new one, with its inputs."""
    number = "" if record.application_id is None else str(record.application_id)
    base = cache.base_values(dataset, number)
    applicant = number if base is not None else NEW
    if base is None:
        base = cache.base_values(dataset, NEW) or {}
    # A value that the record does not hold was missing when it was scored.
    values = {name: record.inputs.get(name) for name in base} | dict(record.inputs)
    return Draft(applicant, make_edits(values.items(), base))


def _render_opened(record: DecisionRecord, rescored: Rescored) -> None:
    then = f"{labels.percent(record.default_probability)} on {record.made_at[:10]}"
    if rescored.agrees:
        st.success(f"The record's inputs score to the same PD: {then}.", icon=":material/check:")
    elif rescored.is_same_model:
        st.error(
            f"The same model gives {labels.percent(rescored.default_probability)} for the record's inputs, and the "
            f"record says {then}: it was altered.", icon=":material/error:",
        )  # fmt: skip
    else:
        st.warning(
            f"Another model made the record ({then}); the one in use gives "
            f"{labels.percent(rescored.default_probability)}.", icon=":material/info:",
        )  # fmt: skip
