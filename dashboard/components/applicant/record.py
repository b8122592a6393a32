"""The decision record: written as one HTML file and as JSON, and a JSON opened again."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import Any

import streamlit as st

from dashboard import cache, state
from dashboard.components.applicant.notes import notes
from dashboard.components.applicant.view import ApplicantView, assess_or_refer
from dashboard.components.files import offer_file, taking_in
from dashboard.report.formats import FORMATS
from dashboard.report.paper import Origin
from dashboard.report.record_page import record_html
from dashboard.visit.drafts import NEW, Draft, applicant_of, make_edits
from dashboard.words import labels
from dashboard.words.reason_words import REASONS_METHOD, word_reason
from data.definition.definition import Definition
from data.errors import ScoreroomError
from inference.explain.assessment import Assessment, ReferredError
from inference.explain.reasons import Reason
from inference.explain.record import (
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
from inference.model.judgement import APPROVE, DECLINE, REFER

_NOTE, _FILE, _OPENED, _LATEST = "record.note", "record.file", "record.opened", "record.latest"
_LARGEST_MB, _MOST_RECORDS = 1, 20


def render_record(view: ApplicantView) -> None:
    """Write the tab."""
    applicant = view.draft.applicant
    note = notes().get(applicant, "")
    made = (applicant, _remember(applicant, make_record(view)), notes())
    st.text_area(
        "Note of the analyst",
        note,
        key=state.hold(_NOTE, note),
        max_chars=LONGEST_NOTE,
        height=140,
        placeholder="What was considered, asked or agreed; it goes into the record as it is.",
        on_change=_take_note,
        args=(applicant,),
    )
    name = f"decision-{_in_file_name(view)}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        offer_file(
            "Record as HTML",
            partial(_html, view.definition, *made),
            f"{name}.html",
            "text/html",
            what="decision_record",
            after_typing=True,
            icon=":material/description:",
            key="record.html",
        )
        offer_file(
            "Record as JSON",
            partial(_json, view.definition, *made),
            f"{name}.json",
            "application/json",
            what="decision_record",
            after_typing=True,
            icon=":material/data_object:",
            key="record.json",
        )
        offer_file(
            "Paper as PDF",
            partial(_pdf, view, Origin.now(cache.predictions(view.dataset), cache.settings()), notes()),
            f"{name}.pdf",
            "application/pdf",
            what="report",
            after_typing=True,
            icon=":material/picture_as_pdf:",
            key="record.pdf",
        )
        st.caption(f"Inputs, {_held(view)}, digests of model and data, time, and the note.")


def _in_file_name(view: ApplicantView) -> str:
    """The application's id in letters that every file system takes."""
    return re.sub(r"[^\w.-]", "_", view.draft.identifier or NEW)


def _held(view: ApplicantView) -> str:
    """What a record holds of the decision."""
    if view.referral:
        return "cutoff, referral and why"
    return f"PD, cutoff, decision{', reasons' if view.assessed.reasons else ''}"


# By applicant, so that a button drawn before the last edit hands out what came after it, and of nobody else.
def _remember(applicant: str, record: DecisionRecord) -> Mapping[str, DecisionRecord]:
    """The records of this visit as the page last showed them, with that of `applicant` as it is now."""
    latest: dict[str, DecisionRecord] = st.session_state.setdefault(_LATEST, {})
    latest.pop(applicant, None)
    latest[applicant] = record
    for first in list(latest)[:-_MOST_RECORDS]:
        del latest[first]
    return latest


def _take_note(applicant: str) -> None:
    notes()[applicant] = st.session_state[_NOTE]


def make_record(view: ApplicantView, note: str = "") -> DecisionRecord:
    """The record of the decision as it stands on the screen, made now."""
    session, judged = cache.open_session(), view.judged
    return DecisionRecord(
        application_id=view.identifier,
        inputs=dict(view.values),
        changes=tuple(Change(name, view.base.get(name), value) for name, value in view.draft.edits),
        cutoff=view.cutoff,
        warnings=judged.warnings,
        reasons_method=REASONS_METHOD,
        model_sha256=session.manifest.files[session.backend].sha256,
        backend=session.backend,
        data_sha256=cache.application_table()[0],
        product_version=version("scoreroom"),
        made_at=word_time(dt.datetime.now(dt.UTC)),
        note=note,
        filed_probability=None if view.observed is None else view.observed.default_probability,
        filed_by="" if view.observed is None else view.observed.whose,
        **_decided(view),
    )


def _decided(view: ApplicantView) -> dict[str, Any]:
    """What a record says of a decision, and of none."""
    if view.referral:
        nothing = dict.fromkeys(("default_probability", "risk_band"))
        return {**nothing, "decision": REFER, "reasons": (), "refer_reason": view.referral}
    assessed = view.assessed
    return {
        "default_probability": assessed.default_probability,
        "decided_on": view.standing.whose,
        "risk_band": view.standing.risk_band,
        "decision": DECLINE if view.standing.is_declined else APPROVE,
        "reasons": tuple(_recorded(view, reason) for reason in assessed.reasons),
    }


def _recorded(view: ApplicantView, reason: Reason) -> RecordedReason:
    worded = word_reason(reason, view.definition, view.values, cache.typical_of_reference(reason.field, view.cutoff))
    return RecordedReason(reason.field, worded.label, worded.value, worded.typical, reason.excess)


# A file is made when it is asked for, in a thread that belongs to no visit: what it holds is given to it.
def _html(
    definition: Definition, applicant: str, latest: Mapping[str, DecisionRecord], written: Mapping[str, str]
) -> bytes:
    return record_html(_latest_record(applicant, latest, written), definition).encode()


def _pdf(view: ApplicantView, origin: Origin, written: Mapping[str, str]) -> bytes:
    # Imported here because the paper itself is made of the record.
    from dashboard.components.applicant.paper import applicant_paper

    paper = applicant_paper(view, written.get(view.draft.applicant, ""), origin)
    return FORMATS["pdf"].write(paper, lambda _done, _total: None)


def _json(
    definition: Definition, applicant: str, latest: Mapping[str, DecisionRecord], written: Mapping[str, str]
) -> bytes:
    return to_json(_latest_record(applicant, latest, written), definition)


def _latest_record(applicant: str, latest: Mapping[str, DecisionRecord], written: Mapping[str, str]) -> DecisionRecord:
    return replace(latest[applicant], note=written.get(applicant, ""))


def render_upload(dataset: cache.Dataset) -> None:
    """Write the place where a record is opened again, and what was found about the last one."""
    with st.expander("Open a decision record", key="record-upload", icon=":material/upload_file:"):
        st.file_uploader(
            "Decision record (JSON)",
            type="json",
            key=_FILE,
            on_change=_open,
            args=(dataset,),
            max_upload_size=_LARGEST_MB,
        )
        opened = st.session_state.get(_OPENED)
        # What was found is said of that application with these values, and of no other.
        if opened is not None and opened[0] == state.draft():
            _render_opened(*opened[1:])


def _open(dataset: cache.Dataset) -> None:
    uploaded = st.session_state[_FILE]
    st.session_state.pop(_OPENED, None)
    if uploaded is None:
        return
    try:
        with taking_in("decision_record", uploaded):
            record = read_record(uploaded.getvalue(), cache.definition())
            rescored = rescore(record, cache.open_session())
            draft = _draft_of(dataset, record)
            given = assess_or_refer(record.inputs, record.cutoff)
    except ScoreroomError as error:
        state.notify([str(error)])
        return
    st.session_state[_OPENED] = draft, record, rescored, _has_reasons_of(record, given)
    notes()[draft.applicant] = record.note
    state.put_draft(draft)
    if draft.applicant == NEW and record.application_id is not None:
        state.notify(
            [
                f"There is no application {record.application_id} in these predictions; the record's values are shown "
                "as those of a new applicant."
            ]
        )


def _has_reasons_of(record: DecisionRecord, given: Assessment | ReferredError) -> bool:
    if isinstance(given, ReferredError):
        return not record.reasons
    # Without trees or contributions nobody can tell.
    can_tell = given.explanation is not None and cache.reference(record.cutoff) is not None
    return not can_tell or [reason.field for reason in record.reasons] == [reason.field for reason in given.reasons]


def _draft_of(dataset: cache.Dataset, record: DecisionRecord) -> Draft:
    """The record's application where these predictions have it, else a new one, with its inputs."""
    filed = "" if record.application_id is None else applicant_of(record.application_id)
    base = cache.base_values(dataset, filed)
    applicant = filed if base is not None else NEW
    if base is None:
        base = cache.base_values(dataset, NEW) or {}
    # A value that the record does not hold was missing when it was scored.
    values = {name: record.inputs.get(name) for name in base} | dict(record.inputs)
    return Draft(applicant, make_edits(values.items(), cache.definition(), base))


def _render_opened(record: DecisionRecord, rescored: Rescored, same_reasons: bool) -> None:
    whose = "A new applicant" if record.application_id is None else f"Application {record.application_id}"
    then, now = _word_pd(record.default_probability), _word_pd(rescored.default_probability)
    then += f" on {record.made_at[:10]}"
    if not rescored.is_same_model:
        st.warning(
            f"{whose}: another model made the record ({then}); the one in use gives {now} for its inputs.",
            icon=":material/info:",
        )
    elif not rescored.agrees:
        st.error(
            f"{whose}: the same model gives {now} for the record's inputs, and the record says {then}: it was altered.",
            icon=":material/error:",
        )
    elif not same_reasons:
        st.warning(
            f"{whose}: the record's inputs score to the same PD ({then}), but its reasons are not those that the model "
            "gives for them at its cutoff.",
            icon=":material/info:",
        )
    else:
        same = "are referred again" if record.default_probability is None else "score to the same PD"
        st.success(f"{whose}: the record's inputs {same}: {then}.", icon=":material/check:")


def _word_pd(pd: float | None) -> str:
    return "not scored" if pd is None else labels.percent(pd)
