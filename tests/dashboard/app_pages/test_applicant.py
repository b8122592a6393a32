"""The applicant's page through Streamlit's own test harness: every tab, for every kind of applicant."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.app_pages.applicant import TAB
from dashboard.charts.field_sensitivity import plot_field_curve
from dashboard.components.applicant.decision import word_change, word_changes
from dashboard.components.applicant.sensitivity import FIELD, SECOND
from dashboard.components.applicant.what_if import field_curve
from dashboard.components.applicant.why import OF
from dashboard.visit.drafts import read_edits, word_edits
from dashboard.visit.visit import APPLICANT, EDITS
from dashboard.words.field_words import word_field
from data.definition.columns import Kind, Sensitivity
from data.home_credit import embedded
from data.settings import Settings
from inference.explain.counterfactuals import Counterfactual, FieldChange, find_changes
from inference.model.session import ScoringSession
from inference.model.sufficiency import SufficiencyRule
from scripts._embedded import FEATURES

OpenPage = Callable[..., AppTest]
CUTOFF = 0.0909
INPUTS = [column.name for column in embedded.COLUMNS if column.kind not in (Kind.ID, Kind.TARGET)]
# All that may lack without the application being referred.
SUFFICIENCY = SufficiencyRule(embedded.DEFINITION.sufficiency, embedded.DEFINITION)
MUCH_MISSING = word_edits(tuple((name, None) for name in INPUTS if name not in SUFFICIENCY.columns))


@pytest.fixture(name="session")
def fixture_session(built: Settings) -> ScoringSession:
    return ScoringSession.open(built.model, embedded.DEFINITION)


@pytest.fixture(name="ranked")
def fixture_ranked(built: Settings, session: ScoringSession) -> pl.DataFrame:
    """The application table with the published model's PD, the riskiest first."""
    rows = pl.read_parquet(built.applications)
    return rows.with_columns(pl.Series("pd", session.score_frame(rows))).sort("pd", "SK_ID_CURR", descending=True)


def values_of(ranked: pl.DataFrame, identifier: int) -> Mapping[str, Any]:
    found = ranked.filter(pl.col("SK_ID_CURR") == identifier)
    return found.drop("SK_ID_CURR", "TARGET", "pd").row(0, named=True)


def number_of(ranked: pl.DataFrame, place: int) -> int:
    return int(ranked["SK_ID_CURR"][place])


def opened(open_page: OpenPage, applicant: object, tab: str = "Why", **query: str) -> AppTest:
    names = {"tab": "appl.tab", "of": OF.name, "field": FIELD.name, "second": SECOND.name}
    asked = {names.get(name, name): text for name, text in query.items()}
    return open_page("applicant", {"applicant": str(applicant), "appl.tab": tab, **asked})


def turned(app: AppTest, tab: str) -> AppTest:
    """The page with another tab open, as a click on it leaves the visit."""
    app.session_state["visit"] = app.session_state["visit"].with_values({TAB: tab})
    app.run()
    assert not app.exception
    return app


def cards(app: AppTest) -> dict[str, str]:
    return {metric.label: str(metric.value) for metric in app.main.metric}


def card(app: AppTest, label: str) -> str:
    """All that a card says, in plain letters."""
    proto = next(metric.proto for metric in app.main.metric if metric.label == label)
    return " ".join(str(value) for _, value in proto.ListFields()).replace("\\", "").replace("\u00a0", " ")


def field_shown(app: AppTest) -> str:
    """The label of the field that is moved."""
    box = app.selectbox(key="widget.appl.field")
    assert box.index is not None
    return str(box.options[box.index])


def said(app: AppTest) -> str:
    kinds = ("caption", "markdown", "info", "warning", "subheader")
    texts = (str(text.value) for kind in kinds for text in getattr(app.main, kind))
    return " ".join(texts).replace("\\", "").replace("\u00a0", " ")


def tables(app: AppTest) -> list[list[list[str]]]:
    """The cells of every Markdown table, without emphasis and escapes."""
    found = []
    for text in app.main.markdown:
        lines = str(text.value).splitlines()
        if len(lines) > 2 and set(lines[1]) <= set("|-"):
            cells = [re.split(r" ?(?<!\\)\| ?", line)[1:-1] for line in lines]
            plain = [
                [re.sub(r"\\(.)", r"\1", cell).replace("\u00a0", " ").strip("* ") for cell in row] for row in cells
            ]
            found.append([plain[0], *plain[2:]])
    return found


# --- Every tab, everybody


# Who is looked at, and what else the link says.
KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "declined": ("riskiest", {}),
    "approved": ("safest", {}),
    "new": ("new", {}),
    "much missing": ("new", {"edits": MUCH_MISSING}),
    "edited": ("riskiest", {"edits": "NAME_INCOME_TYPE=%3Cb%3E%7C&DAYS_EMPLOYED=365243&AMT_CREDIT=1"}),
    "cutoff 0": ("safest", {"cutoff": "0"}),
    "cutoff 100": ("riskiest", {"cutoff": "100"}),
    "sentinel": ("not employed", {}),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_tab_stands_for_everybody(
    kind: str, ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    who, query = KINDS[kind]
    not_employed = ranked.filter(pl.col("DAYS_EMPLOYED") == 365_243)
    numbers = {
        "riskiest": number_of(ranked, 0),
        "safest": number_of(ranked, -1),
        "not employed": number_of(not_employed, 0),
    }
    applicant = str(numbers.get(who, "new"))
    app = open_page("applicant", {"applicant": applicant, **query})
    typical = {name: facts.typical for name, facts in cache.column_facts().items()}
    base = typical if applicant == "new" else values_of(ranked, int(applicant))
    pd = session.score({**base, **dict(read_edits(query.get("edits", ""), embedded.DEFINITION))})
    cutoff = float(query.get("cutoff", "9.09")) / 100
    seen = set()
    for tab in TAB.options:
        turned(app, tab)
        assert not app.main.error
        assert cards(app)["PD, published model"] == f"{100 * pd:.2f} %"
        assert cards(app)["Decision, published model"] == ("Declined" if pd >= cutoff else "Approved")
        seen.add(said(app))
    assert len(seen) == len(TAB.options)


def test_the_cards_say_where_the_applicant_stands(
    ranked: pl.DataFrame, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    number = number_of(ranked, 3_000)
    app = opened(open_page, number, **{"f.NAME_INCOME_TYPE": "Working"})
    pd = float(ranked["pd"][3_000])
    shares = []
    for rows in (frame, frame.filter(pl.col("NAME_INCOME_TYPE") == "Working")):
        bins = np.floor(rows["default_probability"].to_numpy().astype(np.float64) * 10_000)
        own = math.floor(pd * 10_000)
        shares.append(f"{100 * ((bins < own).sum() + (bins == own).sum() / 2) / rows.height:.0f} %")
    assert cards(app)["Riskier than, published model"] == shares[0]
    assert "of the portfolio" in card(app, "Riskier than, published model")
    assert f"{shares[1]} of the cohort" in card(app, "Riskier than, published model")


def test_a_changed_pd_stands_beside_the_one_before_and_the_one_out_of_fold(
    ranked: pl.DataFrame, frame: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    number = number_of(ranked, 0)
    values = values_of(ranked, number)
    app = opened(open_page, number, edits="EXT_SOURCE_3=0.9&FLAG_PHONE=~missing")
    after = session.score({**values, "EXT_SOURCE_3": 0.9, "FLAG_PHONE": None})
    assert cards(app)["PD, published model"] == f"{100 * after:.2f} %"
    assert f"before: {100 * session.score(values):.2f} % " in card(app, "PD, published model")
    own = frame.filter(pl.col("application_id") == number)["default_probability"][0]
    assert f"out of fold, as filed: {100 * own:.2f} %" in card(app, "PD, published model")
    assert "cutoff 9.09 %" in card(app, "Decision, published model")


@pytest.mark.parametrize(
    ("applicant", "sentence"),
    [
        ("", "Choose an application in the side panel, or one of these."),
        ("1", "There is no application 1 in these predictions."),
        ("12a", "An application number holds digits only."),
    ],
)
def test_without_an_application_one_can_be_chosen(
    applicant: str, sentence: str, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    app = opened(open_page, applicant)
    assert sentence in said(app)
    assert not app.main.metric
    app.main.button(key="page.FIRST").click().run()
    assert f"Application {frame['application_id'][0]}" in said(app)
    assert cards(app)["PD, published model"]


def test_edits_of_nobody_are_kept_until_somebody_is_chosen(open_page: OpenPage) -> None:
    app = open_page("applicant", {"edits": "FLAG_PHONE=1"})
    assert "Choose an application" in said(app)
    app.main.button(key="page.new").click().run()
    assert "edits" not in app.query_params


def test_the_page_and_the_panel_say_the_same(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    app = opened(open_page, number_of(ranked, 0))
    app.number_input(key="form.AMT_CREDIT").set_value(25_000.5).run()
    assert app.sidebar.metric[-1].value == cards(app)["PD, published model"]
    app.sidebar.button(key="panel.FIRST").click().run()
    assert app.sidebar.metric[-1].value == cards(app)["PD, published model"]
    assert said(app).count("1 change") == 0


def test_pds_of_an_applicant_are_said_to_be_the_published_model_s(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    app = opened(open_page, number_of(ranked, 0))
    assert "PDs are the published model's, those of the portfolio out of fold" in said(app)
    assert "published model's, those" not in said(open_page("overview"))
    assert "PDs are out of fold" in said(open_page("overview"))


def test_an_imported_pd_stands_beside_the_published_model_s(
    ranked: pl.DataFrame, session: ScoringSession, tmp_path: Path, open_page: OpenPage
) -> None:
    path, ids = tmp_path / "theirs.csv", ranked["SK_ID_CURR"].head(1_000)
    pl.DataFrame({"number": ids, "y": [0, 1] * 500, "p": [0.0125] * 1_000}).write_csv(path)
    names = [part for pair in ("number=id", "y=outcome", "p=probability") for part in ("--map", pair)]
    app = open_page("applicant", {"applicant": str(ids[0])}, ("--predictions", str(path), *names))
    assert "PDs are the published model's, those of the portfolio as imported" in said(app)
    assert cards(app)["PD, published model"] == f"{100 * session.score(values_of(ranked, ids[0])):.2f} %"
    assert next(metric.label for metric in app.main.metric) == "PD, as imported"
    assert "1.25 % approved in tables" in card(app, "PD, as imported")
    # The one is approved and the other declined, but of which data theirs was made nobody here knows.
    assert "two models disagree" not in said(app)


@pytest.mark.parametrize("is_declined", [True, False])
@pytest.mark.parametrize("is_close", [True, False])
def test_an_application_that_the_model_out_of_fold_decides_otherwise_is_said_to_be_disputed(
    is_declined: bool, is_close: bool, ranked: pl.DataFrame, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    unseen = dict(frame.select("application_id", "default_probability").iter_rows())
    pds = dict(ranked.select("SK_ID_CURR", "pd").iter_rows())
    number = next(
        each
        for each, pd in pds.items()
        if (pd >= CUTOFF) == is_declined
        and (unseen[each] >= CUTOFF) != is_declined
        and (max(abs(pd - CUTOFF), abs(unseen[each] - CUTOFF)) <= 0.01) == is_close
    )
    other, decided = ("approved", "Declined") if is_declined else ("declined", "Approved")
    app = opened(open_page, number)
    # Two models, two decisions: each says whose it is, and the one that the tables show comes first.
    assert list(cards(app))[:3] == ["PD, out of fold", "PD, published model", "Decision, published model"]
    assert f"{other} in tables" in card(app, "PD, out of fold")
    assert cards(app)["Decision, published model"] == decided
    assert [metric.label for metric in app.sidebar.metric] == ["PD, out of fold", "PD, published model"]
    badges = [text.value for text in app.sidebar.markdown if "-badge[" in text.value]
    assert [words.capitalize() in badge for words, badge in zip((other, decided), badges, strict=True)] == [True, True]
    warning = said_as(app, "warning")
    verbs = ("approves", "declines") if is_declined else ("declines", "approves")
    found = re.fullmatch(
        rf"{'A close case, on which the' if is_close else 'The'} two models disagree: the one that had not seen this "
        rf"application gives a PD of ([0-9.]+) % and {verbs[0]} it, the published model gives a PD of ([0-9.]+) % and "
        rf"{verbs[1]} it\. What follows explains the published model, which was trained on the whole portfolio, this "
        r"outcome included\.",
        warning,
    )
    assert found is not None
    worded, own = float(found[1]), float(found[2])
    assert (worded, own) == pytest.approx((100 * unseen[number], 100 * pds[number]), abs=0.005)
    panel = [str(text.value).replace("\\", "") for text in app.sidebar.markdown]
    assert any(text.startswith("Published model: ") and " the cutoff of 9.09" in text for text in panel)
    assert worded != 100 * CUTOFF
    # What is scored once it was changed has no PD of a model that had not seen it.
    changed = opened(open_page, number, edits="FLAG_EMAIL=~missing")
    assert said_as(changed, "warning") == ""
    # At another cutoff both may decide alike.
    assert said_as(opened(open_page, number, cutoff="0"), "warning") == ""


def test_applications_that_both_models_decide_alike_are_not_close(
    ranked: pl.DataFrame, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    unseen = dict(frame.select("application_id", "default_probability").iter_rows())
    for place in (0, -1):
        number = number_of(ranked, place)
        assert (unseen[number] >= CUTOFF) == (ranked["pd"][place] >= CUTOFF)
        assert said_as(opened(open_page, number), "warning") == ""


def said_as(app: AppTest, kind: str) -> str:
    texts = " ".join(str(text.value) for text in getattr(app.main, kind))
    return texts.replace("\\", "").replace("\u00a0", " ")


def test_nobody_has_all_typical_values_at_once(open_page: OpenPage) -> None:
    assert "Nobody has all of them at once" in said(opened(open_page, "new"))
    assert "Nobody has all of them at once" not in said(opened(open_page, "new", edits="AMT_CREDIT=25000.5"))


@pytest.mark.parametrize("name", ["RANDOM", "BORDERLINE"])
@pytest.mark.parametrize("place", ["page", "panel"])
def test_beside_a_number_beyond_all_numbers_another_one_can_be_picked(
    place: str, name: str, ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    app = opened(open_page, 999_999_999_999)
    app.button(key=f"{place}.{name}").click().run()
    assert [error.value for error in app.exception] == []
    assert int(app.session_state["visit"].value(APPLICANT)) in ranked["SK_ID_CURR"].to_list()
    assert cards(app)["PD, published model"]


# --- Why


def test_the_waterfall_speaks_of_the_field_that_moves_most(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    number = number_of(ranked, 0)
    explanation = cache.explainer().explain(values_of(ranked, number))
    app = opened(open_page, number)
    most, least = (
        embedded.column(find(explanation.fields, key=explanation.fields.__getitem__)).label for find in (max, min)
    )
    assert f"{most} raises it most, {least} lowers it most" in said(app)
    features = {feature.name: feature.label for feature in FEATURES.features}
    app = opened(open_page, number, of="Features of the model")
    most = features[max(explanation.features, key=explanation.features.__getitem__)]
    assert f"{most} raises it most" in said(app)
    assert "feature by feature" in said(app)


# --- Decision


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
        assert cards(app)["Decision, published model"] == "Declined"
        words = word_changes(change, embedded.DEFINITION)
        assert f"{words}: PD **".replace("\\", "").replace("\u00a0", " ") in said(app)
        app.main.button(key=f"try.{place}").click().run()
        assert cards(app)["Decision, published model"] == "Approved"
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
    if cards(app)["Decision, published model"] != "Declined":
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
        (FieldChange("FLAG_DOCUMENT_3", 0, 1), "**Document 3** provided"),
        (FieldChange("FLAG_PHONE", 0, 1), f"**{embedded.column('FLAG_PHONE').label}**"),
    ],
)
def test_a_change_in_words(change: FieldChange, words: str) -> None:
    assert word_change(change, embedded.DEFINITION).replace("\u00a0", " ").replace("\\", "") == words


def test_changes_in_words() -> None:
    changes = tuple(FieldChange(name, 0, 1) for name in ("FLAG_DOCUMENT_3", "FLAG_DOCUMENT_8", "FLAG_PHONE"))
    first, second, third = "**Document 3** provided", "**Document 8** provided", "**Home phone given**"
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
    assert cards(app)["Decision, published model"] == "Approved"


# --- Sensitivity


FIELDS = ("EXT_SOURCE_3", "DAYS_BIRTH", "DAYS_EMPLOYED", "NAME_EDUCATION_TYPE", "FLAG_PHONE", "CNT_FAM_MEMBERS")


@pytest.mark.parametrize("name", [name for name in FIELDS if name in FEATURES.sources])
def test_a_curve_is_what_scoring_one_by_one_gives(
    name: str, ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    number = number_of(ranked, 50)
    app = opened(open_page, number, "Sensitivity", field=name)
    assert field_shown(app) == embedded.column(name).label
    assert f"as {embedded.column(name).label} alone changes" in said(app)
    values = values_of(ranked, number)
    grid = cache.field_range(name).grid
    assert len(grid) > 1
    wanted = np.array([session.score({**values, name: value}) for value in grid], dtype=np.float32)
    assert cache.curve_pds(values, name).tolist() == wanted.tolist()


def test_a_map_is_what_scoring_pair_by_pair_gives(
    ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    number, names = number_of(ranked, 50), ("AMT_CREDIT", "NAME_EDUCATION_TYPE")
    app = opened(open_page, number, "Sensitivity", field=names[0], second=names[1])
    assert all(embedded.column(name).label in said(app) for name in names)
    values = values_of(ranked, number)
    down, across = (cache.field_range(name, cache.N_MAP).grid for name in names)
    wanted = [[session.score({**values, names[0]: y, names[1]: x}) for x in across] for y in down]
    assert cache.map_pds(values, *names).tolist() == np.array(wanted, dtype=np.float32).tolist()


def test_a_field_with_itself_is_a_curve(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    app = opened(open_page, number_of(ranked, 50), "Sensitivity", field="AMT_CREDIT", second="AMT_CREDIT")
    assert "as Credit amount alone changes" in said(app)
    assert SECOND.name not in app.query_params


@pytest.mark.parametrize(
    "query", [{"field": "NOPE"}, {"second": "NOPE"}, {"field": "CODE_GENDER"}, {"field": "TARGET", "second": "<b>"}]
)
def test_a_field_of_a_link_that_is_none_is_left_out_with_a_notice(
    query: dict[str, str], ranked: pl.DataFrame, open_page: OpenPage
) -> None:
    app = opened(open_page, number_of(ranked, 50), "Sensitivity", **query)
    for name in query.values():
        assert f"There is no field of the model {name}." in said(app)
    assert cards(app)["PD, published model"]
    assert field_shown(app) == embedded.column(next(iter(cache.portfolio().weights))).label  # type: ignore[union-attr]


def test_every_field_of_the_model_can_be_moved(
    ranked: pl.DataFrame, session: ScoringSession, open_page: OpenPage
) -> None:
    number = number_of(ranked, 50)
    offered = opened(open_page, number, "Sensitivity").selectbox(key="widget.appl.field").options
    assert len(offered) == len(set(offered)) == len(FEATURES.sources)
    for values in (values_of(ranked, number), dict.fromkeys(INPUTS)):
        pd = session.score(values)
        for name in FEATURES.sources:
            found = cache.field_range(name)
            curve = field_curve(found, cache.curve_pds(values, name), values[name], pd)
            assert curve.density.sum() <= ranked.height
            assert found.column.label in plot_field_curve(curve, cutoff=CUTOFF).alt
            assert plot_field_curve(curve, cutoff=CUTOFF).figure.data


# --- People like this one


def test_people_like_this_one_are_counted(ranked: pl.DataFrame, built: Settings, open_page: OpenPage) -> None:
    number = number_of(ranked, 100)
    values = values_of(ranked, number)
    found = cache.nearest(values, number)
    assert found is not None
    rows = pl.read_parquet(built.applications)[found.rows.tolist()]
    assert (rows.height, number in rows["SK_ID_CURR"]) == (200, False)
    app = opened(open_page, number, "People like this one")
    n_bad = int(rows["TARGET"].sum())
    assert f"{n_bad} of the 200 most similar applicants defaulted: {100 * n_bad / 200:.1f} %" in said(app)
    listed = tables(app)[1][1:]
    assert [row[0] for row in listed] == [str(each) for each in rows["SK_ID_CURR"][:8]]
    assert [row[3] for row in listed] == ["defaulted" if bad else "repaid" for bad in rows["TARGET"][:8]]
    pds = dict(ranked.select("SK_ID_CURR", "pd").iter_rows())
    assert [float(row[2]) for row in listed] == [round(100 * pds[int(row[0])], 2) for row in listed]
    weights = cache.portfolio().weights  # type: ignore[union-attr]
    assert [row[0] for row in tables(app)[0][1:]] == [embedded.column(name).label for name in list(weights)[:10]]


def test_a_new_applicant_leaves_nobody_out(ranked: pl.DataFrame) -> None:
    number = number_of(ranked, 100)
    values = values_of(ranked, number)
    found = cache.nearest(values, None)
    assert found is not None
    ids = cache.portfolio().ids  # type: ignore[union-attr]
    assert (ids[int(found.rows[0])], found.distances[0]) == (number, 0.0)


def test_scoring_that_is_off_says_why(tmp_path: Any, open_page: OpenPage) -> None:
    path = tmp_path / "theirs.csv"
    pl.DataFrame({"target": [0] * 99 + [1], "pd": [0.01] * 99 + [0.2]}).write_csv(path)
    app = open_page("applicant", {"applicant": "100020"}, ("--predictions", str(path)))
    assert "Scoring is off. These predictions carry no application id" in said(app)
    assert not app.main.metric
