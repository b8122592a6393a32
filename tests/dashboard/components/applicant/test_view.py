"""What the pieces of the applicant's page are given: whose values, what was changed, and what is said of it."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard import cache
from dashboard.components.applicant.view import MOST_MAIN, ApplicantView, applicant_view
from dashboard.visit.drafts import NEW, Draft
from data.home_credit import embedded
from data.settings import Settings
from inference.explain.assessment import ReferredError
from inference.model.session import ScoringSession
from tests.dashboard.applicants import CUTOFF, INPUTS, number_of, values_of


def view_of(draft: Draft) -> ApplicantView:
    view = applicant_view(cache.open_dataset(cache.Location()), draft, CUTOFF)
    assert view is not None
    return view


def test_an_application_as_it_is(ranked: pl.DataFrame, frame: pl.DataFrame, session: ScoringSession) -> None:
    number = number_of(ranked, 3)
    view = view_of(Draft(str(number)))
    assert (view.name, view.identifier, view.is_new, view.changed) == (f"Application {number}", number, False, ())
    assert view.values == view.base == values_of(ranked, number)
    assert view.assessed.default_probability == session.score(values_of(ranked, number))
    row = frame.filter(pl.col("application_id") == number).row(0, named=True)
    assert view.filed is not None
    assert (view.filed.default_probability, view.filed.defaulted) == (row["default_probability"], row["is_default"])
    assert view.fields == session.features.sources
    assert len(view.main_fields) == MOST_MAIN
    assert view.referral == ""


def test_what_the_predictions_say_is_not_said_of_a_changed_application(ranked: pl.DataFrame) -> None:
    number = number_of(ranked, 3)
    amount = values_of(ranked, number)["AMT_CREDIT"]
    view = view_of(Draft(str(number), (("AMT_CREDIT", amount / 2), ("FLAG_EMAIL", None))))
    assert view.changed == ("AMT_CREDIT", "FLAG_EMAIL")
    assert (view.values["AMT_CREDIT"], view.base["AMT_CREDIT"]) == (amount / 2, amount)
    assert view.filed is None
    assert view.observed is not None
    # An edit that says what the file says is no change.
    assert view_of(Draft(str(number), (("AMT_CREDIT", amount),))).changed == ()


def test_a_new_application_is_nobody_s(built: Settings) -> None:
    view = view_of(Draft(NEW))
    assert (view.name, view.identifier, view.observed, view.filed) == ("New applicant", None, None, None)
    assert view.base == {name: facts.typical for name, facts in view.facts.items()}


def test_an_application_with_too_little_is_referred_and_not_scored(built: Settings) -> None:
    view = view_of(Draft(NEW, tuple((name, None) for name in INPUTS)))
    assert embedded.column("EXT_SOURCE_2").label.lower() in view.referral
    with pytest.raises(ReferredError):
        _ = view.assessed


def test_of_nobody_there_is_no_view(built: Settings) -> None:
    assert applicant_view(cache.open_dataset(cache.Location()), Draft("1"), CUTOFF) is None
