"""The decision's reasons beside what is typical of those approved, and changes that really change it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from dashboard import cache
from dashboard.components.applicant.decision import word_change, word_changes
from dashboard.visit.visit import APPLICANT, EDITS
from dashboard.words.field_words import word_field
from data.definition.columns import Kind, Sensitivity
from data.home_credit import embedded
from data.settings import Settings
from inference.explain.counterfactuals import Counterfactual, FieldChange, find_changes
from inference.model.session import ScoringSession
from tests.dashboard.applicants import CUTOFF, OpenPage, cards, number_of, opened, said, tables, values_of


@pytest.fixture(name="just_approved")
def fixture_just_approved(built: Settings, session: ScoringSession) -> pl.DataFrame:
    """The 2,000 applications of the table whose PD lies nearest below the cutoff."""
    table = pl.read_parquet(built.applications)
    pds = session.score_frame(table)
    nearest = [int(row) for row in np.argsort(-pds, kind="stable") if pds[row] < CUTOFF]
    assert len(nearest) > 2_000
    return table[nearest[:2_000]]


def is_usual(values: pl.Series, own: Any) -> bool:
    """Whether `own` is the commonest of some levels, in the middle half of some numbers, or missing as half of them."""
    column, held = embedded.column(values.name), values.drop_nulls()
    if own is None:
        return values.null_count() * 2 >= len(values)
    if column.kind is not Kind.NUMERIC:
        return bool((held == own).sum() == max((held == other).sum() for other in held.unique()))
    if column.is_special(own):
        return bool((held == own).sum() * 2 >= len(values))
    numbers = held.filter(~held.cast(pl.Float64).is_in(column.special_values))
    low, high = (numbers.quantile(share, "nearest") for share in (0.25, 0.75))
    assert low is not None
    assert high is not None
    return bool(low <= own <= high)


def test_principal_reasons_stand_beside_what_is_typical_of_the_just_approved(
    ranked: pl.DataFrame, just_approved: pl.DataFrame, open_page: OpenPage
) -> None:
    number = number_of(ranked, 5)
    values = values_of(ranked, number)
    assessed = cache.assess_values(values, CUTOFF)
    app = opened(open_page, number, "Decision")
    assert "Principal reasons" in [head.value for head in app.main.subheader]
    header, *rows = tables(app)[0]
    assert header[1:4] == ["Field", "This applicant", "Typical of the just approved"]
    assert 1 <= len(rows) <= 4
    labels = [embedded.column(reason.field).label for reason in assessed.reasons]
    assert [row[1].rstrip("†").rstrip("*") for row in rows] == labels
    own = [word_field(embedded.column(reason.field), values[reason.field]) for reason in assessed.reasons]
    assert [row[2] for row in rows] == own
    assert [row[4] for row in rows] == [f"× {math.exp(reason.excess):.2f}" for reason in assessed.reasons]
    # Their middle half, by going through them.
    place = next(i for i, reason in enumerate(assessed.reasons) if reason.field.startswith("EXT_SOURCE"))
    field = assessed.reasons[place].field
    held = just_approved[field].drop_nulls()
    low, high = (float(held.quantile(share, "nearest") or 0.0) for share in (0.25, 0.75))
    assert rows[place][3].startswith(f"{low:.4g} to {high:.4g}")


def test_a_sensitive_reason_is_marked(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    sensitive = {column.name for column in embedded.COLUMNS if column.sensitivity is Sensitivity.SENSITIVE}
    for place in range(40):
        number = number_of(ranked, place)
        reasons = cache.assess_values(values_of(ranked, number), CUTOFF).reasons
        if any(reason.field in sensitive for reason in reasons[:3]):
            break
    else:
        pytest.fail("none of the forty riskiest has a sensitive reason")
    app = opened(open_page, number, "Decision")
    marked = {row[1] for row in tables(app)[0][1:] if "†" in row[1]}
    assert len(marked) == sum(reason.field in sensitive for reason in reasons)
    assert "† A sensitive attribute" in said(app)
    # The panel names the first three, with the same mark.
    lines = next(text.value for text in app.sidebar.markdown if "mainly because of" in text.value).splitlines()[1:]
    assert ["**†" in line for line in lines] == [reason.field in sensitive for reason in reasons[:3]]
    noted = any("A sensitive attribute" in caption.value for caption in app.sidebar.caption)
    assert noted == any(reason.field in sensitive for reason in reasons[:3])


def test_what_is_typical_keeps_nobody_approved(ranked: pl.DataFrame, just_approved: pl.DataFrame) -> None:
    explainer, reference = cache.explainer(), cache.reference(CUTOFF)
    assert reference is not None
    n_passed_over = 0
    for number in just_approved["SK_ID_CURR"].gather_every(20).to_list():
        values = values_of(ranked, number)
        reasons = cache.assess_values(values, CUTOFF).reasons
        assert not any(is_usual(just_approved[reason.field], values[reason.field]) for reason in reasons)
        lowering = explainer.explain(values)
        excess = lowering.traced({name: value - reference.features[name] for name, value in lowering.features.items()})
        strongest = sorted((name for name in excess if values[name] is not None), key=excess.__getitem__)[:3]
        n_passed_over += strongest != [reason.field for reason in reasons]
    assert n_passed_over > 0


def test_an_impossible_value_keeps_nobody_approved(ranked: pl.DataFrame) -> None:
    # Employed for 41.1 years: an asset at an age of 61, impossible at 24.6.
    named: dict[int, list[set[str]]] = {-22_280: [], -8_985: []}
    for number in ranked["SK_ID_CURR"].tail(50).to_list():
        for birth, found in named.items():
            values = {**values_of(ranked, number), "DAYS_EMPLOYED": -15_012, "DAYS_BIRTH": birth}
            assessed = cache.assess_values(values, CUTOFF)
            if not assessed.is_declined:
                assert ("employed since before the age of 14" in assessed.warnings) == (birth == -8_985)
                found.append({reason.field for reason in assessed.reasons})
    doubtful = {"DAYS_EMPLOYED", "DAYS_BIRTH"}
    assert any(doubtful & found for found in named[-22_280])
    assert named[-8_985]
    assert not any(doubtful & found for found in named[-8_985])


def test_what_keeps_an_approved_one_approved(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    app = opened(open_page, number_of(ranked, -1), "Decision")
    assert "What keeps it approved" in [head.value for head in app.main.subheader]
    assert all(float(row[4].removeprefix("× ")) < 1 for row in tables(app)[0][1:])
    assert "Approved at 9.09 %: nothing has to change." in said(app)


def test_without_anybody_approved_there_are_no_reasons(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    app = opened(open_page, number_of(ranked, -1), "Decision", cutoff="0")
    assert "There are no reasons to give. No application is approved at this cutoff." in said(app)
    assert "None found: no smaller loan" in said(app)
    assert "bring the PD below 0.00 %. Amounts were tried up to 60 % away." in said(app)


def borderline(ranked: pl.DataFrame, session: ScoringSession) -> tuple[int, int]:
    """An application just above the cutoff that a change brings below it, and how many changes are found."""
    declined = ranked.filter(pl.col("pd").cast(pl.Float64) >= CUTOFF)
    for number in declined["SK_ID_CURR"].tail(20).to_list():
        found = find_changes(session, values_of(ranked, number), CUTOFF)
        if len(found) > 1:
            return number, len(found)
    pytest.fail("no borderline application can be changed")


def test_trying_a_change_really_flips_the_decision(
    ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    number, n_found = borderline(ranked, session)
    values = values_of(ranked, number)
    shown = opened(open_page, number, "Decision")
    assert len([button for button in shown.main.button if str(button.key).startswith("try.")]) == n_found
    for place, change in enumerate(find_changes(session, values, CUTOFF)):
        app = opened(open_page, number, "Decision")
        assert cards(app)["Decision"] == "Declined"
        words = word_changes(change, embedded.DEFINITION)
        assert f"{words}: PD **".replace("\\", "").replace("\u00a0", " ") in said(app)
        app.main.button(key=f"try.{place}").click().run()
        assert cards(app)["Decision"] == "Approved"
        edits = dict(app.session_state["visit"].value(EDITS))
        assert edits == {each.name: each.after for each in change.changes}
        pd = session.score({**values, **edits})
        assert pd < CUTOFF
        assert cards(app)["PD, published model"] == f"{100 * pd:.2f} %"
        assert "Approved at 9.09 %: nothing has to change." in said(app)


def test_trying_a_change_keeps_the_edits_that_are_there(
    ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    number, _ = borderline(ranked, session)
    app = opened(open_page, number, "Decision", edits="FLAG_EMAIL=~missing")
    if cards(app)["Decision"] != "Declined":
        pytest.fail("the edit alone approves it; take another one")
    app.main.button(key="try.0").click().run()
    edits = dict(app.session_state["visit"].value(EDITS))
    assert edits["FLAG_EMAIL"] is None
    assert len(edits) > 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (FieldChange("AMT_CREDIT", 450_000.0, 405_000.0), "**Credit amount** 450,000 → 405,000 (−10.0 %)"),
        (FieldChange("AMT_ANNUITY", 20_000.0, 25_000.0), "**Annuity** 20,000 → 25,000 (+25.0 %)"),
        (FieldChange("FLAG_DOCUMENT_3", 0, 1), "**Document 3 handed in** No → Yes"),
        (FieldChange("FLAG_PHONE", 0, 1), "**Home phone given** No → Yes"),
        (FieldChange("FLAG_PHONE", 1, 0), "**Home phone given** Yes → No"),
    ],
)
def test_a_change_in_words(change: FieldChange, words: str) -> None:
    assert word_change(change, embedded.DEFINITION).replace("\u00a0", " ").replace("\\", "") == words


def test_changes_in_words() -> None:
    changes = tuple(FieldChange(name, 0, 1) for name in ("FLAG_DOCUMENT_3", "FLAG_DOCUMENT_8", "FLAG_PHONE"))
    labels = ("Document 3 handed in", "Document 8 handed in", "Home phone given")
    first, second, third = (f"**{label}** No → Yes" for label in labels)
    expected = [first, f"{first} and {second}", f"{first}, {second} and {third}"]
    assert [word_changes(Counterfactual(changes[:n], {}, 0.0, 0.0), embedded.DEFINITION) for n in (1, 2, 3)] == expected


def test_a_change_drawn_for_another_application_is_tried_on_that_one(
    ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    number, _ = borderline(ranked, session)
    app = opened(open_page, number, "Decision")
    # The side panel is ahead of the page, which is still drawn for the last one.
    app.session_state["visit"] = app.session_state["visit"].with_values(
        {APPLICANT: str(number_of(ranked, -1)), EDITS: (("FLAG_EMAIL", None),)}
    )
    app.main.button(key="try.0").click().run()
    assert app.session_state["visit"].value(APPLICANT) == str(number)
    first = find_changes(session, values_of(ranked, number), CUTOFF)[0]
    assert dict(app.session_state["visit"].value(EDITS)) == {each.name: each.after for each in first.changes}
    assert cards(app)["Decision"] == "Approved"
