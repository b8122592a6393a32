"""The decision record as an HTML file: what it says, and that nothing from outside becomes markup."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.report.record_page import record_html
from data.home_credit import embedded
from inference.explain.record import Change, DecisionRecord, RecordedReason, RecordError, to_json
from inference.values import check_application

REASON = RecordedReason("EXT_SOURCE_2", "External score 2", "0.12", "0.45 to 0.63", 0.4375)
RECORD = DecisionRecord(
    application_id=100_002,
    inputs={
        "AMT_CREDIT": 406_597.5,
        "CNT_CHILDREN": 0,
        "CODE_GENDER": "M",
        "OWN_CAR_AGE": None,
        "DAYS_EMPLOYED": 365_243,
        "DAYS_BIRTH": -15_998,
        "FLAG_DOCUMENT_3": 1,
        "EXT_SOURCE_2": 0.262_948_59,
    },
    changes=(Change("CNT_CHILDREN", 1, 0), Change("OWN_CAR_AGE", 3, None), Change("DAYS_BIRTH", -15_999, -15_998)),
    default_probability=float(np.float32(0.1234)),
    cutoff=0.0909,
    decision="decline",
    risk_band="D",
    reasons=(REASON, dataclasses.replace(REASON, field="AMT_CREDIT", label="Credit amount", excess=0.03125)),
    reasons_method="Contributions less those of the applications just approved.",
    model_sha256="ab" * 32,
    backend="model.onnx",
    data_sha256="cd" * 32,
    product_version="0.1.0",
    made_at="2026-01-31T12:00:05Z",
    note="Called the applicant.\nIncome confirmed.",
)


class Parsed(HTMLParser):
    """A document as its elements with their attributes, the texts of its cells row by row, and all texts."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.rows: list[list[str]] = []
        self.texts: dict[str, list[str]] = {}
        self.others: list[str] = []
        self._open: list[str] = []
        self.feed(document)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))
        if tag != "meta":
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]][-1] += data
            if self._open[-1] in ("th", "td"):
                self.rows[-1][-1] += data

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)

    def after(self, first: str) -> list[str]:
        """The other cells of the row that begins with `first`."""
        return next(row[1:] for row in self.rows if row[0] == first)


def replaced(**members: object) -> Parsed:
    return Parsed(record_html(dataclasses.replace(RECORD, **members), embedded.DEFINITION))  # type: ignore[arg-type]


def test_the_decision_is_said_with_its_distance() -> None:
    page = Parsed(record_html(RECORD, embedded.DEFINITION))
    assert page.texts["title"] == ["Decision record: Application 100002"]
    assert "Declined on the PD of the published model" in page.texts["p"]
    assert page.after("PD, published model") == ["12.34 %"]
    assert page.after("Cutoff") == ["9.09 %; a PD at or above it is declined"]
    assert page.after("Distance to the cutoff") == ["3.25 points above it"]
    assert page.after("Risk band") == ["D"]


@pytest.mark.parametrize(
    ("pd", "cutoff", "decision", "shown", "distance"),
    [
        (0.05, 0.0909, "approve", "5.00 %", "4.09 points below it"),
        (0.09089, 0.0909, "approve", "9.089 %", "0.001 points below it"),
        (0.0909001, 0.0909, "decline", "9.09001 %", "0.00001 points above it"),
        (0.125, 0.125, "decline", "12.50 %", "none, the PD is the cutoff"),
    ],
)
def test_a_borderline_pd_gets_the_digits_it_takes(
    pd: float, cutoff: float, decision: str, shown: str, distance: str
) -> None:
    page = replaced(default_probability=pd, cutoff=cutoff, decision=decision)
    assert (page.after("PD, published model"), page.after("Distance to the cutoff")) == ([shown], [distance])
    said = "Approved" if decision == "approve" else "Declined"
    assert f"{said} on the PD of the published model" in page.texts["p"]


def test_an_unedited_application_is_decided_on_the_pd_that_it_was_filed_with() -> None:
    filed = {"filed_probability": 0.05, "filed_by": "out of fold", "decided_on": "out of fold", "decision": "approve"}
    page = replaced(changes=(), **filed)
    assert "Approved on the PD of a model that had not seen this application" in page.texts["p"]
    assert page.after("PD, out of fold") == ["5.00 %"]
    assert page.after("Distance to the cutoff") == ["4.09 points below it"]
    assert page.after("Published model, for comparison") == ["12.34 % (+7.34 points), would decline"]
    # Once it is edited, the PD that it was filed with is no longer of these values.
    page = replaced(filed_probability=0.05, filed_by="out of fold")
    assert page.after("PD, published model") == ["12.34 %"]
    assert page.after("As filed, out of fold, for comparison") == ["5.00 %"]


def test_reasons_are_listed_with_their_method() -> None:
    page = Parsed(record_html(RECORD, embedded.DEFINITION))
    assert "Principal reasons" in page.texts["h2"]
    assert page.after("External score 2 (EXT_SOURCE_2)") == ["0.12", "0.45 to 0.63", "×\u00a01.55"]
    assert page.after("Credit amount (AMT_CREDIT)") == ["0.12", "0.45 to 0.63", "×\u00a01.03"]
    assert RECORD.reasons_method in page.texts["p"]
    approved = replaced(
        default_probability=0.01, decision="approve", reasons=(dataclasses.replace(REASON, excess=-0.5),)
    )
    assert "What speaks for approval" in approved.texts["h2"]
    assert approved.after("External score 2 (EXT_SOURCE_2)")[-1] == "×\u00a00.61"
    assert "None are recorded." in replaced(reasons=()).texts["p"]


def test_what_a_person_decided_stands_beside_the_model_s_decision() -> None:
    assert "None is recorded." in replaced().texts["p"]
    page = replaced(analyst="A. <Analyst>", human_decision="approve", human_reason="Guarantor signed.")
    assert "Approved, against the model" in page.texts["p"]
    assert (page.after("Analyst"), page.after("Reason")) == (["A. <Analyst>"], ["Guarantor signed."])
    page = replaced(analyst="A. Analyst", human_decision="decline")
    assert "Declined, as the model decides" in page.texts["p"]


def test_edits_are_shown_before_and_after() -> None:
    page = Parsed(record_html(RECORD, embedded.DEFINITION))
    assert page.after("Children (people)") == ["1", "0", "CNT_CHILDREN"]
    assert page.after("Age of the car (years)") == ["3 years", "Missing", "OWN_CAR_AGE"]
    assert page.after("Age (years)") == ["-15999 (as stored)", "-15998 (as stored)", "DAYS_BIRTH"]
    assert "Nothing: the application table says the same." in replaced(changes=()).texts["p"]
    entered = replaced(changes=(), application_id=None)
    assert "Nothing: all values are the typical ones that a new applicant begins with." in entered.texts["p"]
    assert entered.texts["title"] == ["Decision record: New applicant"]


def test_inputs_are_worded_and_grouped() -> None:
    page = replaced(changes=(Change("CNT_CHILDREN", 1, 0),))
    values = {row[2]: row[:2] for row in page.rows if len(row) == 3}
    assert values == {
        "Column": ["Field", "Value"],
        "AMT_CREDIT": ["Credit amount (currency units)", "406,597.5"],
        "CNT_CHILDREN": ["Children (people)", "0 (edited)"],
        "CODE_GENDER": ["Gender", "Male"],
        "OWN_CAR_AGE": ["Age of the car (years)", "Missing"],
        "DAYS_EMPLOYED": ["Time employed (years)", "Not employed"],
        "DAYS_BIRTH": ["Age (years)", "43.8 years"],
        "FLAG_DOCUMENT_3": ["Document 3 handed in", "Yes"],
        "EXT_SOURCE_2": ["External score 2 (normalised, 0 to 1)", "0.2629"],
    }
    assert page.texts["h3"] == ["Person", "Work and income", "Credit", "External scores", "Documents"]
    assert "112 columns not given; such a value counts as missing." in page.texts["p"]


def test_every_input_of_a_whole_application_appears_once(applications: pl.DataFrame) -> None:
    inputs = check_application(embedded.DEFINITION, applications.drop(embedded.ID, embedded.TARGET).row(0, named=True))
    page = replaced(inputs=inputs, changes=())
    assert sorted(row[2] for row in page.rows if len(row) == 3 and row[2] != "Column") == sorted(inputs)
    assert page.texts["h3"] == [name for name in embedded.DEFINITION.groups if name != "Record"]
    assert not any("not given" in text for text in page.texts["p"])
    assert len(inputs) == 120


def test_provenance_names_the_files() -> None:
    page = Parsed(record_html(RECORD, embedded.DEFINITION))
    assert page.after("Made") == ["2026-01-31 at 12:00:05 UTC"]
    assert page.after("Its SHA-256") == ["ab" * 32]
    assert page.after("Application table, SHA-256") == ["cd" * 32]
    assert page.after("Model that scored") == ["model.onnx"]
    assert page.after("PD with all its digits") == ["0.1234000027179718"]
    assert page.after("This record as JSON, SHA-256") == [
        hashlib.sha256(to_json(RECORD, embedded.DEFINITION)).hexdigest()
    ]


def test_the_note_keeps_its_lines() -> None:
    assert Parsed(record_html(RECORD, embedded.DEFINITION)).texts["div"] == ["Called the applicant.\nIncome confirmed."]
    assert "white-space: pre-wrap" in record_html(RECORD, embedded.DEFINITION)
    assert "None." in replaced(note=" \n").texts["p"]


MARKUP = "</td></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;<!-- --><?x ?><![CDATA[x]]>"


def test_markup_from_outside_stays_text() -> None:
    reason = RecordedReason(MARKUP, MARKUP, MARKUP, MARKUP, 0.5)
    level = MARKUP[:80]
    hostile = {
        "note": MARKUP,
        "reasons": (reason,),
        "reasons_method": MARKUP,
        "backend": MARKUP,
        "product_version": MARKUP,
        "inputs": {"CODE_GENDER": level, "NAME_INCOME_TYPE": level},
        "changes": (Change("CODE_GENDER", "<b>F</b>", level),),
    }
    harmless = {
        "note": "x",
        "reasons": (RecordedReason("x", "x", "x", "x", 0.5),),
        "reasons_method": "x",
        "backend": "x",
        "product_version": "x",
        "inputs": {"CODE_GENDER": "x", "NAME_INCOME_TYPE": "x"},
        "changes": (Change("CODE_GENDER", "y", "x"),),
    }
    page = replaced(**hostile)
    assert page.elements == replaced(**harmless).elements
    assert page.others == []
    assert page.texts["div"] == [MARKUP]
    assert page.after("Gender")[:2] == ["<b>F</b>", level]
    assert page.after("Income type")[0] == level
    assert page.after(f"{MARKUP} ({MARKUP})")[:2] == [MARKUP, MARKUP]
    assert page.after("Model that scored") == page.after("Scoreroom") == [MARKUP]


@given(st.text(max_size=200))
def test_no_note_changes_the_page_around_it(note: str) -> None:
    page = replaced(note=f"x{note}")
    assert page.elements == replaced(note="x").elements
    assert page.others == []


def test_letters_that_would_act_are_not_written() -> None:
    assert replaced(note="a\x00b\x1b[31mc\u202ed\te\r\nf").texts["div"] == ["a�b�[31mc�d\te\r\nf"]


def test_the_file_refers_to_nothing_and_forbids_itself_the_rest() -> None:
    document = record_html(RECORD, embedded.DEFINITION)
    page = Parsed(document)
    assert document.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "link", "img", "iframe", "a", "form", "base"})
    names = {name for _, attributes in page.elements for name, _ in attributes}
    assert names == {"lang", "charset", "http-equiv", "content", "name", "class", "scope"}
    digest = base64.b64encode(hashlib.sha256(page.texts["style"][0].encode()).digest()).decode()
    policy = next(
        dict(found)["content"] for tag, found in page.elements if ("http-equiv", "Content-Security-Policy") in found
    )
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not any(word in page.texts["style"][0] for word in ("url(", "@import", "http"))


def test_a_record_that_could_not_be_filed_is_not_printed() -> None:
    with pytest.raises(RecordError, match="at most 5,000 letters"):
        record_html(dataclasses.replace(RECORD, note="x" * 5_001), embedded.DEFINITION)
