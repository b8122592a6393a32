"""What is said of one application: decision, band and reasons agree with the score and with each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from data.facts import describe_table
from data.home_credit import embedded
from inference.errors import FeatureError
from inference.explain.assessment import Assessment, ReferredError, assess
from inference.explain.comparison import Reference, find_reference
from inference.explain.contributions import Contributions, make_contributions
from inference.explain.explainer import Explainer
from inference.explain.reasons import principal_reasons, strongest_supports
from inference.explain.shapley import ShapleyModel
from inference.model.build import PublishedModel
from inference.model.decision import declines
from inference.model.session import ScoringSession
from scripts._embedded import FEATURES

CUTOFF = 0.2


@pytest.fixture(scope="module")
def session(published: PublishedModel) -> ScoringSession:
    return ScoringSession.open(published.directory, embedded.DEFINITION)


@pytest.fixture(scope="module")
def explainer(published: PublishedModel, applications: pl.DataFrame, session: ScoringSession) -> Explainer:
    typical = {name: facts.typical for name, facts in describe_table(applications.lazy(), embedded.DEFINITION).items()}
    # Features are held by identity, and a process that has seen other definitions makes them anew.
    return Explainer.open(published.directory, typical, session.features)


@pytest.fixture(scope="module")
def contributions(published: PublishedModel, applications: pl.DataFrame) -> Contributions:
    text = (published.directory / "model.txt").read_text(encoding="utf-8")
    return make_contributions(applications, ShapleyModel(text), digest="d", features=FEATURES)


@pytest.fixture(scope="module")
def reference(contributions: Contributions, applications: pl.DataFrame, session: ScoringSession) -> Reference:
    return find_reference(contributions, applications.lazy(), session, CUTOFF, n=100)


def test_the_reasons_are_those_of_the_decision(
    applications: pl.DataFrame, session: ScoringSession, explainer: Explainer, reference: Reference
) -> None:
    declined = 0
    for application in applications.head(200).iter_rows(named=True):
        found = assess(application, CUTOFF, session, explainer, reference)
        assert found.default_probability == session.score(application)
        assert found.is_declined == declines(found.default_probability, CUTOFF) == (found.distance >= 0)
        assert found.explanation == explainer.explain(application)
        if found.is_declined:
            wanted = principal_reasons(application, found.explanation, session, reference)
        else:
            wanted = strongest_supports(application, embedded.DEFINITION, found.explanation, reference)
        assert found.reasons == wanted
        assert all((reason.excess > 0) == found.is_declined for reason in wanted)
        declined += found.is_declined
    assert 20 < declined < 180


def test_the_band_is_that_of_the_models_edges(applications: pl.DataFrame, session: ScoringSession) -> None:
    edges = session.manifest.band_edges
    for application in applications.head(100).iter_rows(named=True):
        found = assess(application, CUTOFF, session, None, None)
        assert ord(found.risk_band) - ord("A") == sum(found.default_probability >= edge for edge in edges)


def test_without_trees_or_reference_there_are_no_reasons(
    applications: pl.DataFrame, session: ScoringSession, explainer: Explainer, reference: Reference
) -> None:
    application = applications.row(3, named=True)
    bare = assess(application, CUTOFF, session, None, reference)
    assert (bare.explanation, bare.reasons) == (None, ())
    unreferenced = assess(application, CUTOFF, session, explainer, None)
    assert unreferenced.reasons == ()
    assert unreferenced.explanation == explainer.explain(application)


def test_the_distance_is_from_the_cutoff() -> None:
    assert Assessment(0.75, 0.5, True, "F", None, ()).distance == 0.25
    assert Assessment(0.25, 0.5, False, "E", None, ()).distance == -0.25


def test_a_wrong_value_is_named(session: ScoringSession, explainer: Explainer, reference: Reference) -> None:
    with pytest.raises(FeatureError, match="AMT_CREDIT holds 'much'"):
        assess({"AMT_CREDIT": "much"}, CUTOFF, session, explainer, reference)


def test_too_little_known_is_referred_whatever_explains(
    session: ScoringSession, explainer: Explainer, reference: Reference, applications: pl.DataFrame
) -> None:
    young = {"DAYS_BIRTH": -6_000, "DAYS_EMPLOYED": -7_000}
    application = {**applications.row(0, named=True), **young, "AMT_ANNUITY": None}
    with pytest.raises(
        ReferredError, match=r"^Not enough is known to score: annuity is missing and is needed\.$"
    ) as no:
        assess(application, CUTOFF, session, explainer, reference)
    assert "employed since before the age of 14" in no.value.warnings
    known = {**application, "AMT_ANNUITY": 20_000.0}
    assert "employed since before the age of 14" in assess(known, CUTOFF, session, explainer, reference).warnings


def test_an_application_becomes_a_row_of_features_once(
    applications: pl.DataFrame,
    session: ScoringSession,
    explainer: Explainer,
    reference: Reference,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows: list[NDArray[np.float32]] = []
    own = session.features.row

    def row(application: Mapping[str, object]) -> NDArray[np.float32]:
        rows.append(own(application))
        return rows[-1]

    assert explainer.features is session.features
    monkeypatch.setattr(session.features, "row", row)
    application = applications.drop("SK_ID_CURR", "TARGET").row(0, named=True)
    # Declined and approved: the reasons of the one score changes of the row, those of the other do not.
    for cutoff, is_declined in ((0.001, True), (0.999, False)):
        rows.clear()
        found = assess(application, cutoff, session, explainer, reference)
        assert found.is_declined == is_declined
        assert found.explanation is not None
        assert len(rows) == 1
        assert found.explanation.row is rows[0]
