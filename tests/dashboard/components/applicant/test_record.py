"""The decision record on its way: made of what is on the screen, written, dropped on the page again, and refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.app_pages.applicant import TAB
from dashboard.components.applicant.notes import HumanDecision
from dashboard.components.applicant.record import Written, _draft_of, _html, _json, make_record
from dashboard.components.applicant.view import ApplicantView, applicant_view
from dashboard.report.record_page import record_html
from dashboard.visit.drafts import NEW, Draft, make_edits, read_edits, word_edits
from dashboard.words.field_words import word_field
from data.definition.columns import Kind
from data.home_credit import embedded
from data.predictions.table import OUT_OF_FOLD
from data.settings import Settings
from inference.explain.record import PUBLISHED, Change, DecisionRecord, read_record, to_json
from inference.model.session import ScoringSession
from inference.values import Value
from tests.dashboard.components.applicant.test_notes import NOTE

OpenPage = Callable[..., AppTest]
CUTOFF = 0.0909
INPUTS = [column.name for column in embedded.COLUMNS if column.kind not in (Kind.ID, Kind.TARGET)]
# All that may lack without the application being referred.
_RULES = embedded.DEFINITION.sufficiency
NEEDED = (*_RULES.required, *_RULES.one_of, *_RULES.counted)
MUCH_MISSING = tuple((name, None) for name in INPUTS if name not in NEEDED)


def view_of(draft: Draft, cutoff: float = CUTOFF) -> ApplicantView:
    """What the page has to say of `draft`."""
    view = applicant_view(cache.open_dataset(cache.Location()), draft, cutoff)
    assert view is not None
    return view


def kinds(ranked: pl.DataFrame) -> Mapping[str, Draft]:
    declined, approved = str(ranked["SK_ID_CURR"][0]), str(ranked["SK_ID_CURR"][-1])
    edits = [("AMT_CREDIT", 25_000.5), ("DAYS_BIRTH", -14_611), ("OCCUPATION_TYPE", None), ("CODE_GENDER", "<b>")]
    return {
        "declined": Draft(declined),
        "approved": Draft(approved),
        "edited": Draft(declined, make_edits(edits, embedded.DEFINITION, {})),
        "new": Draft(NEW),
        "new and edited": Draft(NEW, make_edits([*edits, ("DAYS_EMPLOYED", 365_243)], embedded.DEFINITION, {})),
        "much missing": Draft(NEW, make_edits(MUCH_MISSING, embedded.DEFINITION, {})),
    }


KINDS = ("declined", "approved", "edited", "new", "new and edited", "much missing")


def dropped(open_page: OpenPage, content: bytes, name: str = "decision.json", **query: str) -> AppTest:
    """The page of a fresh visit on which a file is dropped."""
    return drop(open_page("applicant", query), content, name)


def drop(app: AppTest, content: bytes, name: str = "decision.json") -> AppTest:
    app.file_uploader(key="record.file").set_value((name, content, "application/json")).run()
    assert [error.value for error in app.exception] == []
    return app


def draft_of(app: AppTest) -> Draft:
    """The draft that the address says."""
    found = {name: app.query_params.get(name, "") for name in ("applicant", "edits")}
    applicant, edits = (text if isinstance(text, str) else text[0] for text in found.values())
    return Draft(applicant, read_edits(edits, embedded.DEFINITION))


def pd_of(app: AppTest) -> str:
    return next(str(metric.value) for metric in app.main.metric if metric.label.startswith("PD, "))


def pd_in(record: DecisionRecord) -> float:
    assert record.default_probability is not None
    return record.default_probability


def told(app: AppTest, kind: str) -> str:
    texts = " ".join(str(text.value) for text in getattr(app.main, kind))
    return texts.replace("\\", "").replace("\u00a0", " ")


def turned(app: AppTest, tab: str) -> AppTest:
    app.session_state["visit"] = app.session_state["visit"].with_values({TAB: tab})
    app.run()
    assert not app.exception
    return app


# --- What it says


def test_a_record_says_what_is_on_the_screen(ranked: pl.DataFrame, built: Settings, session: ScoringSession) -> None:
    draft = kinds(ranked)["edited"]
    view, number = view_of(draft), int(ranked["SK_ID_CURR"][0])
    values = ranked.drop("SK_ID_CURR", "TARGET", "pd").row(0, named=True)
    record = make_record(view, NOTE)
    assert record.application_id == number
    assert record.inputs == {**values, **dict(draft.edits)}
    assert record.changes == tuple(Change(name, values[name], after) for name, after in draft.edits)
    pd = session.score(record.inputs)
    assert (record.default_probability, record.cutoff) == (pd, CUTOFF)
    assert record.decision == ("decline" if pd >= CUTOFF else "approve")
    assert record.model_sha256 == hashlib.sha256((built.model / "model.onnx").read_bytes()).hexdigest()
    assert record.data_sha256 == hashlib.sha256(built.applications.read_bytes()).hexdigest()
    assert record.note == NOTE
    wanted = view.assessed.reasons
    assert [(reason.field, reason.excess) for reason in record.reasons] == [
        (each.field, each.excess) for each in wanted
    ]
    words = [word_field(embedded.column(each.field), record.inputs[each.field]) for each in wanted]
    assert [reason.value for reason in record.reasons] == words


def test_a_referred_application_is_said_recorded_and_opened_again(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    base = view_of(kinds(ranked)["approved"])
    annuity = 9.0 * float(base.values["AMT_CREDIT"] or 0)
    # Of a revolving loan there would be a second thing to say.
    wrong = {"NAME_CONTRACT_TYPE": "Cash loans", "AMT_INCOME_TOTAL": None, "AMT_ANNUITY": annuity}
    edits = make_edits(wrong.items(), embedded.DEFINITION, base.base)
    view = view_of(Draft(base.draft.applicant, edits))
    reason = "Not enough is known to score: income is missing and is needed."
    assert view.referral == reason
    record = make_record(view, NOTE)
    assert (record.default_probability, record.decision, record.risk_band, record.reasons) == (None, "refer", None, ())
    assert (record.refer_reason, record.warnings) == (reason, ("fewer than 3 annuities repay the credit amount",))
    page = record_html(record, embedded.DEFINITION)
    assert "Referred, not scored" in page
    assert reason in page
    assert "Fewer than 3 annuities repay the credit amount." in page
    app = dropped(open_page, to_json(record, embedded.DEFINITION), **{"appl.tab": "Record"})
    assert draft_of(app) == view.draft
    then = f"not scored on {record.made_at[:10]}"
    assert (
        told(app, "success")
        == f"Verified. Application {record.application_id}: the record's inputs are referred again: {then}."
    )
    # What the files hold, of a referred application and of one that is scored.
    held = "digests of model and data, time, analyst, decision and note."
    captions = [caption.value for caption in app.main.caption]
    assert f"Inputs, cutoff, referral and why, {held}" in captions
    scored = open_page("applicant", {"applicant": str(base.draft.applicant), "appl.tab": "Record"})
    assert f"Inputs, PD, cutoff, decision, reasons, {held}" in [caption.value for caption in scored.main.caption]
    for place in (app.main, app.sidebar):
        assert any("Referred, not scored" in str(text.value) for text in place.markdown)
        assert any("fewer than 3 annuities" in str(text.value) for text in place.warning)
        assert "PD" not in [metric.label for metric in place.metric]
    for tab in ("Why", "Decision", "Sensitivity", "People like this one"):
        assert told(turned(app, tab), "info") == "Referred, not scored: nothing can be said here."
    assert not turned(app, "Scenarios").exception


def test_reasons_raise_the_risk_of_a_declined_one_and_lower_that_of_an_approved_one(ranked: pl.DataFrame) -> None:
    declined, approved = (make_record(view_of(kinds(ranked)[kind]), "") for kind in ("declined", "approved"))
    assert (declined.decision, approved.decision) == ("decline", "approve")
    assert 1 <= len(declined.reasons) <= 4
    assert all(reason.excess > 0 for reason in declined.reasons)
    assert 1 <= len(approved.reasons) <= 3
    assert all(reason.excess < 0 for reason in approved.reasons)
    assert all(reason.label and reason.typical != "–" for reason in (*declined.reasons, *approved.reasons))


def test_a_pd_that_is_the_cutoff_is_recorded_as_declined(ranked: pl.DataFrame) -> None:
    draft = kinds(ranked)["approved"]
    pd = view_of(draft).assessed.default_probability
    assert make_record(view_of(draft, pd), "").decision == "decline"
    assert (
        read_record(
            to_json(make_record(view_of(draft, pd), ""), embedded.DEFINITION), embedded.DEFINITION
        ).default_probability
        == pd
    )


def test_edits_that_say_what_the_file_says_are_no_changes_of_a_record(ranked: pl.DataFrame) -> None:
    number, credit = str(ranked["SK_ID_CURR"][0]), float(ranked["AMT_CREDIT"][0])
    record = make_record(view_of(Draft(number, (("AMT_CREDIT", credit), ("FLAG_PHONE", None)))), "")
    assert record.changed == ("FLAG_PHONE",)
    assert read_record(to_json(record, embedded.DEFINITION), embedded.DEFINITION) == record


@pytest.mark.parametrize("kind", ["edited", "much missing"])
def test_the_files_hold_the_record_with_the_note_of_their_applicant(kind: str, ranked: pl.DataFrame) -> None:
    view = view_of(kinds(ranked)[kind])
    record, applicant = make_record(view), view.draft.applicant
    other = dataclasses.replace(record, application_id=1, default_probability=0.01, decision="approve")
    decisions = {applicant: HumanDecision("refer", "Payslip missing."), "1": HumanDecision("decline", "somebody else")}
    written = Written({applicant: NOTE, "1": "somebody else's"}, decisions, "A. Analyst")
    held = ({applicant: record, "1": other}, written)
    assert read_record(_json(embedded.DEFINITION, applicant, *held), embedded.DEFINITION) == dataclasses.replace(
        record, note=NOTE, human_decision="refer", human_reason="Payslip missing.", analyst="A. Analyst"
    )
    page = _html(embedded.DEFINITION, applicant, *held).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;income" in page
    assert "<script" not in page
    assert f"{100 * view.assessed.default_probability:.2f}" in page
    assert "somebody else" not in page


# --- On the page again


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_that_is_dropped_gives_the_same_draft_pd_and_note(
    kind: str, ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    view = view_of(kinds(ranked)[kind])
    record = make_record(view, NOTE)
    app = dropped(open_page, to_json(record, embedded.DEFINITION), **{"appl.tab": "Record"})
    assert draft_of(app) == view.draft
    assert record.deciding_probability is not None
    assert pd_of(app) == f"{100 * record.deciding_probability:.2f} %"
    whose = "A new applicant" if view.draft.applicant == NEW else f"Application {view.draft.applicant}"
    then = f"{100 * pd_in(record):.2f} % on {record.made_at[:10]}"
    assert told(app, "success") == f"Verified. {whose}: the record's inputs score to the same PD: {then}."
    assert app.text_area(key="record.note").value == NOTE
    assert (told(app, "error"), told(app, "info")) == ("", "")
    # And the record of that is the same but for its time.
    again = make_record(view_of(draft_of(app)), NOTE)
    assert {**as_members(again), "made_at": ""} == {**as_members(record), "made_at": ""}


def as_members(record: DecisionRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(record, embedded.DEFINITION))
    return found


def test_of_an_application_that_is_not_there_the_inputs_make_a_new_one(
    ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    record = make_record(view_of(kinds(ranked)["edited"]), "")
    members = as_members(record) | {"application_id": 7}
    app = dropped(open_page, json.dumps(members).encode())
    assert draft_of(app).applicant == NEW
    assert told(app, "info") == (
        "There is no application 7 in these predictions; the record's values are shown as those of a new applicant."
    )
    typical = {name: facts.typical for name, facts in cache.column_facts().items()}
    assert draft_of(app).values(typical) == record.inputs
    assert pd_of(app) == f"{100 * pd_in(record):.2f} %"
    # The record says whose it was.
    assert told(app, "success").startswith("Verified. Application 7: the record's inputs score to the same PD: ")


def test_what_a_record_does_not_hold_was_missing(ranked: pl.DataFrame, session: ScoringSession) -> None:
    members = as_members(make_record(view_of(kinds(ranked)["declined"]), ""))
    found = {name: members["inputs"][name] for name in NEEDED}
    inputs: dict[str, Value] = {name: value for name, value in found.items() if value is not None}
    pd = session.score(inputs)
    decision = "decline" if pd >= CUTOFF else "approve"
    members |= {"inputs": inputs, "changes": [], "default_probability": pd, "decision": decision}
    dataset = cache.open_dataset(cache.Location())
    draft = _draft_of(dataset, read_record(json.dumps(members).encode(), embedded.DEFINITION))
    values = view_of(draft).values
    assert {name: value for name, value in values.items() if value is not None} == inputs
    assert view_of(draft).assessed.default_probability == pd


def altered(record: DecisionRecord, **members: object) -> bytes:
    return json.dumps(as_members(record) | members).encode()


def test_an_altered_pd_is_said_to_be(ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage) -> None:
    record = make_record(view_of(kinds(ranked)["declined"]), "")
    higher = float(np.nextafter(np.float32(record.default_probability), np.float32(1)))
    for wrong in (0.2, higher):
        app = dropped(open_page, altered(record, default_probability=wrong))
        assert f"the record says {100 * wrong:.2f} % on" in told(app, "error")
        assert told(app, "error").endswith("The record was altered.")
        assert told(app, "success") == ""
        # Its inputs are shown all the same, with the PD that they really have.
        assert f"gives {100 * session.score(record.inputs):.2f} %" in told(app, "error")


def test_an_altered_input_is_said_to_be(ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage) -> None:
    record = make_record(view_of(kinds(ranked)["declined"]), "")
    inputs = dict(record.inputs) | {"EXT_SOURCE_2": 0.99}
    app = dropped(open_page, altered(record, inputs=inputs))
    assert told(app, "error").endswith("The record was altered.")
    assert draft_of(app).edits == (("EXT_SOURCE_2", 0.99),)
    assert pd_of(app) == f"{100 * session.score(inputs):.2f} %"


def test_a_record_of_another_model_is_said_to_be(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    record = make_record(view_of(kinds(ranked)["declined"]), "")
    own = pd_in(record)
    # Its PD may be another one or, by chance, the same.
    for then in (0.5, own):
        app = dropped(open_page, altered(record, model_sha256="ab" * 32, default_probability=then))
        assert told(app, "warning") == (
            f"Not verified. Application {record.application_id}: another model made the record ({100 * then:.2f} % on "
            f"{record.made_at[:10]}); the one in use gives {100 * own:.2f} % for its inputs."
        )
        assert (told(app, "success"), told(app, "error")) == ("", "")


@pytest.mark.parametrize("kind", ["declined", "approved"])
@pytest.mark.parametrize("spoil", [lambda found: found[:-1], lambda found: found[::-1], lambda _: []])
def test_altered_reasons_are_said_to_be(
    kind: str, spoil: Callable[[list[Any]], list[Any]], ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    view = view_of(kinds(ranked)[kind])
    record = make_record(view)
    assert len(record.reasons) > 1
    app = dropped(open_page, altered(record, reasons=spoil(as_members(record)["reasons"])))
    whose = "A new applicant" if kind == "new" else f"Application {view.draft.applicant}"
    assert told(app, "error") == (
        f"Does not match. {whose}: its reasons are not those that the model gives for its inputs at its cutoff. "
        "The record was altered."
    )
    assert told(app, "success") == ""


def test_an_altered_pd_as_filed_is_said_to_be(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    record = make_record(view_of(kinds(ranked)["declined"]))
    assert record.decided_on == OUT_OF_FOLD
    app = dropped(open_page, altered(record, filed_probability=0.5, risk_band="F"))
    filed = f"{100 * (record.filed_probability or 0):.2f} %"
    assert f"the PD out of fold is {filed}, and the record says 50.00 %" in told(app, "error")


def test_what_a_person_decided_is_told_with_the_check(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    record = make_record(view_of(kinds(ranked)["declined"]))
    human = {"analyst": "A. Analyst", "human_decision": "approve", "human_reason": "Guarantor <b>signed</b>."}
    app = dropped(open_page, altered(record, **human))
    wanted = "A. Analyst decided to approve it, against the model: Guarantor <b>signed</b>."
    assert told(app, "success").endswith(wanted)


def test_another_decision_than_the_model_s_needs_a_name_and_a_reason(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    view = view_of(kinds(ranked)["declined"])
    app = open_page("applicant", {"applicant": view.draft.applicant, "appl.tab": "Record"})
    app.segmented_control(key="record.choice").set_value("approve").run()
    assert "Give the name of the analyst" in told(app, "caption")
    app.text_input(key="record.analyst").input("  A.  Analyst ").run()
    assert "Say why the decision is not the model's, which is decline" in told(app, "caption")
    app.text_input(key="record.reason").input("Guarantor signed.").run()
    assert "Say why" not in told(app, "caption")
    assert "A. Analyst decides to approve it, against the model: Guarantor signed." in told(app, "info")
    # The model's own decision needs none.
    app.segmented_control(key="record.choice").set_value("decline").run()
    app.text_input(key="record.reason").input("").run()
    assert "Say why" not in told(app, "caption")


def test_a_record_is_judged_at_its_own_cutoff(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    draft = kinds(ranked)["declined"]
    strict, usual = (make_record(view_of(draft, cutoff)) for cutoff in (0.5, CUTOFF))
    app = dropped(open_page, to_json(strict, embedded.DEFINITION), cutoff="9.09")
    assert "score to the same PD" in told(app, "success")
    # Beside others that are just approved there are other reasons, or in another order.
    assert [reason.excess for reason in strict.reasons] != [reason.excess for reason in usual.reasons]


def test_what_was_found_of_a_record_is_said_while_its_draft_is_on_the_screen(
    ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    view = view_of(kinds(ranked)["edited"])
    app = dropped(open_page, to_json(make_record(view, NOTE), embedded.DEFINITION))
    assert "score to the same PD" in told(app, "success")
    app.number_input(key="form.AMT_CREDIT").set_value(30_000.0).run()
    assert told(app, "success") == ""
    app.number_input(key="form.AMT_CREDIT").set_value(25_000.5).run()
    assert draft_of(app) == view.draft
    assert "score to the same PD" in told(app, "success")
    app.sidebar.button(key="panel.new").click().run()
    assert told(app, "success") == ""


def test_a_record_of_few_values_is_opened(ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage) -> None:
    record = make_record(view_of(kinds(ranked)["declined"]))
    inputs = {name: record.inputs[name] for name in NEEDED if record.inputs[name] is not None}
    pd = session.score(inputs)
    given = cache.assess_values(inputs, CUTOFF).reasons
    members = {
        "inputs": inputs,
        "changes": [],
        "default_probability": pd,
        "decided_on": PUBLISHED,
        "decision": "decline" if pd >= CUTOFF else "approve",
        "reasons": [dict(as_members(record)["reasons"][0], field=reason.field) for reason in given],
    }
    app = dropped(open_page, altered(record, **members))
    assert "score to the same PD" in told(app, "success")
    assert pd_of(app) == f"{100 * pd:.2f} %"
    assert {name for name, value in view_of(draft_of(app)).values.items() if value is not None} == set(inputs)


def test_a_record_of_what_was_filed_is_decided_by_a_model_that_had_not_seen_the_outcome(
    ranked: pl.DataFrame, frame: pl.DataFrame, session: ScoringSession
) -> None:
    unseen = dict(frame.select("application_id", "default_probability").iter_rows())
    for kind in ("declined", "approved", "edited"):
        draft = kinds(ranked)[kind]
        record = make_record(view_of(draft))
        assert (record.filed_probability, record.filed_by) == (unseen[int(draft.applicant)], OUT_OF_FOLD)
        deciding = session.score(record.inputs) if draft.edits else unseen[int(draft.applicant)]
        assert (record.deciding_probability, record.decided_on) == (
            deciding,
            PUBLISHED if draft.edits else OUT_OF_FOLD,
        )
        assert record.decision == ("decline" if deciding >= CUTOFF else "approve")
        assert read_record(to_json(record, embedded.DEFINITION), embedded.DEFINITION) == record
    new = make_record(view_of(kinds(ranked)["new"]))
    assert (new.filed_probability, new.filed_by, new.decided_on) == (None, "", PUBLISHED)


WRONG: Mapping[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another version": (lambda found: found | {"version": 5}, "is of version 5, and 4 is read here"),
    "a text in a number": (
        lambda found: found | {"inputs": found["inputs"] | {"AMT_CREDIT": "much"}},
        "Credit amount (AMT_CREDIT) is 'much'; expected a number from 1 to 1,000,000,000",
    ),
    "a text for a PD": (
        lambda found: found | {"default_probability": "<b>low</b>"},
        "\"default_probability\" is '<b>low</b>'; expected a number from 0 to 1",
    ),
    "another decision": (lambda found: found | {"decision": "approve"}, "by the PD and the cutoff"),
    "a column of another table": (
        lambda found: found | {"inputs": found["inputs"] | {"<img>": 1}},
        "has no column '<img>'",
    ),
    "no inputs": (lambda found: {n: v for n, v in found.items() if n != "inputs"}, 'has no "inputs"'),
    "another format": (lambda _: {"format": "scoreroom.cohorts", "version": 1}, 'it lacks "format"'),
    "a list": (lambda _: [1, 2], 'it lacks "format"'),
}


@pytest.mark.parametrize("fault", list(WRONG))
def test_a_wrong_record_is_answered_in_a_sentence_and_the_page_stands(
    fault: str, ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    change, sentence = WRONG[fault]
    record = make_record(view_of(kinds(ranked)["declined"]), NOTE)
    other = str(ranked["SK_ID_CURR"][7])
    content = json.dumps(change(as_members(record))).encode()
    app = dropped(open_page, content, applicant=other, edits="AMT_CREDIT=25000.5")
    assert sentence in told(app, "info")
    assert draft_of(app) == Draft(other, (("AMT_CREDIT", 25_000.5),))
    assert pd_of(app)
    assert (told(app, "success"), told(app, "error")) == ("", "")
    assert "record" not in told(app, "warning")


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"hello", b"[" * 100_000, b'{"format": "scoreroom.decision"'])
def test_what_is_no_json_is_answered_in_a_sentence(content: bytes, open_page: OpenPage) -> None:
    app = dropped(open_page, content, applicant=NEW)
    assert "This is not a decision record: it does not hold JSON" in told(app, "info")
    assert draft_of(app) == Draft(NEW)


def test_an_infinite_number_is_no_json(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    members = as_members(make_record(view_of(kinds(ranked)["declined"]), ""))
    members["inputs"]["AMT_CREDIT"] = float("inf")
    app = dropped(open_page, json.dumps(members).encode(), applicant=NEW)
    assert "it does not hold JSON" in told(app, "info")


def test_a_wrong_record_takes_back_what_was_said_of_the_last_one(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    view = view_of(kinds(ranked)["edited"])
    content = to_json(make_record(view, NOTE), embedded.DEFINITION)
    app = dropped(open_page, content)
    drop(app, b"{}")
    assert told(app, "success") == ""
    assert draft_of(app) == view.draft
    drop(app, content)
    assert "same PD" in told(app, "success")
    assert told(app, "info") == ""
    app.file_uploader(key="record.file").clear().run()
    assert told(app, "success") == ""
    assert draft_of(app) == view.draft


def test_a_record_can_be_dropped_where_nobody_was_chosen(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    view = view_of(kinds(ranked)["approved"])
    app = open_page("applicant")
    assert not app.main.metric
    assert draft_of(drop(app, to_json(make_record(view, ""), embedded.DEFINITION))) == view.draft


def test_a_record_of_imported_predictions_without_it_makes_a_new_one(
    ranked: pl.DataFrame, tmp_path: Path, open_page: OpenPage
) -> None:
    record = make_record(view_of(kinds(ranked)["declined"]), "")
    others = ranked["SK_ID_CURR"][1:1_001]
    random = np.random.default_rng(6)
    theirs = {"number": others, "y": (random.random(1_000) < 0.1).astype(int), "p": random.beta(1, 11, 1_000)}
    path = tmp_path / "theirs.csv"
    pl.DataFrame(theirs).write_csv(path)
    told_names = [part for pair in ("number=id", "y=outcome", "p=probability") for part in ("--map", pair)]
    app = open_page("applicant", arguments=("--predictions", str(path), *told_names))
    drop(app, to_json(record, embedded.DEFINITION))
    assert draft_of(app).applicant == NEW
    assert pd_of(app) == f"{100 * pd_in(record):.2f} %"


def test_a_link_says_all_that_a_record_needs(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    draft = kinds(ranked)["much missing"]
    app = open_page("applicant", {"applicant": NEW, "edits": word_edits(draft.edits), "appl.tab": "Record"})
    assert draft_of(app) == draft
    assert {button.label for button in app.main.download_button} == {"Record as HTML", "Record as JSON", "Paper as PDF"}
