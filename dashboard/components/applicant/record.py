"""The decision record: written as one HTML file and as JSON, and a JSON opened again."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any

import streamlit as st

from dashboard import cache, state
from dashboard.choice import own_to_portfolio
from dashboard.components.applicant.analyst import analyst, name_analyst
from dashboard.components.applicant.notes import HumanDecision, decided, notes
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
    LONGEST_NAME,
    LONGEST_NOTE,
    LONGEST_TEXT,
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

_NOTE, _FILE = "record.note", "record.file"
_OPENED, _LATEST = own_to_portfolio("record.opened"), own_to_portfolio("record.latest")
_ANALYST, _DECIDED, _REASON = "record.analyst", "record.choice", "record.reason"
_LARGEST_MB, _MOST_RECORDS = 1, 20
WORDS = {APPROVE: "Approve", DECLINE: "Decline", REFER: "Refer"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A record that was opened as `draft`, and what came of checking it; `filed` is the PD that it has as filed now."""

    draft: Draft
    record: DecisionRecord
    rescored: Rescored
    has_reasons: bool
    filed: float | None


@dataclass(frozen=True, slots=True)
class Written:
    """What the analyst has written: notes and decisions by applicant, as they will be by then, and the own name."""

    notes: Mapping[str, str]
    decisions: Mapping[str, HumanDecision]
    analyst: str = ""


def render_record(view: ApplicantView) -> None:
    """Write the tab."""
    if cache.chosen_model():
        st.info("Records are made of the champion's decisions: show the champion to make one.", icon=":material/info:")
        return
    applicant = view.draft.applicant
    note = notes().get(applicant, "")
    written = Written(notes(), decided(), analyst())
    made = (applicant, _remember(applicant, make_record(view)), written)
    lacking = _render_human(view, written)
    st.text_area(
        "Note of the analyst",
        note,
        key=state.hold(_NOTE, note),
        max_chars=LONGEST_NOTE,
        height=100,
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
            disabled=bool(lacking),
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
            disabled=bool(lacking),
        )
        offer_file(
            "Paper as PDF",
            partial(_pdf, view, Origin.now(cache.predictions(view.dataset), cache.settings()), written),
            f"{name}.pdf",
            "application/pdf",
            what="report",
            after_typing=True,
            icon=":material/picture_as_pdf:",
            key="record.pdf",
            disabled=bool(lacking),
        )
        if lacking:
            st.caption(f":orange[{lacking}]")
        else:
            st.caption(f"Inputs, {_held(view)}, digests of model and data, time, analyst, decision and note.")


def _render_human(view: ApplicantView, written: Written) -> str:
    """Write who decides, what and why; return what a record still lacks, in a sentence."""
    applicant = view.draft.applicant
    human = written.decisions.get(applicant, HumanDecision())
    name, choice = st.columns([1, 1.4], gap="small")
    with name:
        st.text_input(
            "Name of the analyst",
            written.analyst,
            key=state.hold(_ANALYST, written.analyst),
            max_chars=LONGEST_NAME,
            placeholder="Who decides",
            on_change=_take_analyst,
            help="Remembered in this browser.",
        )
    with choice:
        st.segmented_control(
            "Decision of the analyst",
            list(WORDS),
            default=human.decision or None,
            format_func=WORDS.__getitem__,
            key=state.hold(_DECIDED, human.decision or None),
            on_change=_take_decision,
            args=(applicant,),
        )
    model = _decision_of(view)
    is_other = human.decision not in ("", model)
    if human.decision:
        st.text_input(
            f"Reason (required: the model says {WORDS[model].lower()})" if is_other else "Reason",
            human.reason,
            key=state.hold(_REASON, human.reason),
            max_chars=LONGEST_TEXT,
            on_change=_take_reason,
            args=(applicant,),
        )
    if human.decision and not written.analyst:
        return "Give the name of the analyst who decides."
    return (
        f"Say why the decision is not the model's, which is {WORDS[model].lower()}."
        if is_other and not human.reason
        else ""
    )


def _take_analyst() -> None:
    name_analyst(" ".join(str(st.session_state[_ANALYST]).split()))


def _take_decision(applicant: str) -> None:
    chosen = st.session_state[_DECIDED]
    if chosen is None:
        decided().pop(applicant, None)
    else:
        decided()[applicant] = replace(decided().get(applicant, HumanDecision()), decision=chosen)


def _take_reason(applicant: str) -> None:
    held = decided().get(applicant)
    if held is not None:
        decided()[applicant] = replace(held, reason=st.session_state[_REASON].strip())


def render_human(view: ApplicantView) -> None:
    """Write what the analyst decided beside the model's decision, where somebody did."""
    human = decided().get(view.draft.applicant)
    if human is not None:
        other = "" if human.decision == _decision_of(view) else ", against the model"
        why = f": {human.reason}" if human.reason else ""
        told = f"{analyst() or 'The analyst'} decides to {human.decision} it{other}{why}"
        st.info(labels.plain(told), icon=":material/gavel:")


def _decision_of(view: ApplicantView) -> str:
    if view.referral:
        return REFER
    return DECLINE if view.standing.is_declined else APPROVE


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
        "decision": _decision_of(view),
        "reasons": tuple(_recorded(view, reason) for reason in assessed.reasons),
    }


def _recorded(view: ApplicantView, reason: Reason) -> RecordedReason:
    worded = word_reason(reason, view.definition, view.values, cache.typical_of_reference(reason.field, view.cutoff))
    return RecordedReason(reason.field, worded.label, worded.value, worded.typical, reason.excess)


# A file is made when it is asked for, in a thread that belongs to no visit: what it holds is given to it.
def _html(definition: Definition, applicant: str, latest: Mapping[str, DecisionRecord], written: Written) -> bytes:
    return record_html(_latest_record(applicant, latest, written), definition).encode()


def _pdf(view: ApplicantView, origin: Origin, written: Written) -> bytes:
    # Imported here because the paper itself is made of a record.
    from dashboard.components.applicant.paper import applicant_paper

    applicant = view.draft.applicant
    record = _latest_record(applicant, {applicant: make_record(view)}, written)
    return FORMATS["pdf"].write(applicant_paper(view, record, origin), lambda _done, _total: None)


def _json(definition: Definition, applicant: str, latest: Mapping[str, DecisionRecord], written: Written) -> bytes:
    return to_json(_latest_record(applicant, latest, written), definition)


def _latest_record(applicant: str, latest: Mapping[str, DecisionRecord], written: Written) -> DecisionRecord:
    human, record = written.decisions.get(applicant, HumanDecision()), latest[applicant]
    record = replace(record, note=written.notes.get(applicant, ""), human_decision=human.decision)
    return replace(record, human_reason=human.reason, analyst=written.analyst)


def render_opened() -> None:
    """Write whether the record that was opened last holds, while its application is on the screen with its values."""
    opened: Opened | None = st.session_state.get(_OPENED)
    if opened is not None and opened.draft == state.draft():
        _render_opened(opened)


def render_upload(dataset: cache.Dataset) -> None:
    """Write the place where a record is opened again."""
    with st.expander("Open a decision record", key="record-upload", icon=":material/upload_file:"):
        st.file_uploader(
            "Decision record (JSON)",
            type="json",
            key=_FILE,
            on_change=_open,
            args=(dataset,),
            max_upload_size=_LARGEST_MB,
        )


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
    filed = _filed_now(dataset, record)
    st.session_state[_OPENED] = Opened(draft, record, rescored, _has_reasons_of(record, given), filed)
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


def _filed_now(dataset: cache.Dataset, record: DecisionRecord) -> float | None:
    """The PD that the predictions have of the record's application; None where they, or it, have none."""
    if record.application_id is None or record.filed_probability is None:
        return None
    identifier = cache.identifier_of(dataset, applicant_of(record.application_id))
    if identifier is None or not cache.has_application(dataset, identifier):
        return None
    return cache.observed(dataset, identifier).default_probability


def _render_opened(opened: Opened) -> None:
    record, rescored = opened.record, opened.rescored
    whose = "A new applicant" if record.application_id is None else f"Application {record.application_id}"
    then, now = _word_pd(record.default_probability), _word_pd(rescored.default_probability)
    then += f" on {record.made_at[:10]}"
    human = _word_human(record)
    if not rescored.is_same_model:
        st.warning(
            labels.plain(
                f"Not verified. {whose}: another model made the record ({then}); the one in use gives {now} for its "
                f"inputs.{human}"
            ),
            icon=":material/info:",
        )
        return
    wrong = list(_differing(opened, then, now))
    if wrong:
        st.error(
            labels.plain(f"Does not match. {whose}: {'; '.join(wrong)}. The record was altered.{human}"),
            icon=":material/error:",
        )
    else:
        same = "are referred again" if record.default_probability is None else "score to the same PD"
        st.success(
            labels.plain(f"Verified. {whose}: the record's inputs {same}: {then}.{human}"), icon=":material/check:"
        )


def _differing(opened: Opened, then: str, now: str) -> Iterator[str]:
    """What the record says otherwise than the model that made it."""
    record = opened.record
    if not opened.rescored.agrees:
        yield f"the model gives {now} for the record's inputs, and the record says {then}"
    if opened.filed is not None and opened.filed != record.filed_probability:
        filed = _word_pd(record.filed_probability)
        yield f"the PD {record.filed_by} is {_word_pd(opened.filed)}, and the record says {filed}"
    # Of other inputs the reasons are other ones, too.
    if opened.rescored.agrees and not opened.has_reasons:
        yield "its reasons are not those that the model gives for its inputs at its cutoff"


def _word_human(record: DecisionRecord) -> str:
    if not record.human_decision:
        return ""
    why = f": {record.human_reason.rstrip('.')}" if record.human_reason else ""
    other = ", against the model" if record.is_overridden else ""
    return f" {record.analyst} decided to {record.human_decision} it{other}{why}."


def _word_pd(pd: float | None) -> str:
    return "not scored" if pd is None else labels.percent(pd)
