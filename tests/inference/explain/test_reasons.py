"""Reasons: a field that tells an applicant apart, whose value is not typical, and which by itself lowers the PD."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from data.facts import describe_table
from data.home_credit import embedded
from data.settings import Settings
from data.store.storage import read_parquet
from inference.explain.comparison import Reference, Typical, find_reference, is_typical, typical_value
from inference.explain.contributions import load_contributions
from inference.explain.explainer import Explainer, Explanation
from inference.explain.reasons import (
    COMBINATION,
    MOST_REASONS,
    Reason,
    batch_reasons,
    principal_reasons,
    reason_labels,
    strongest_supports,
)
from inference.explain.shapley import ShapleyModel
from inference.features.encoding import Feature, FeatureSet, raw_feature
from inference.features.expressions import Ratio, Raw
from inference.model.artifact import Manifest
from inference.model.build import PublishedModel
from inference.model.decision import is_declined
from inference.model.session import ScoringSession
from inference.values import Value
from scripts._embedded import FEATURES

FIELDS = ("AMT_CREDIT", "AMT_INCOME_TOTAL", "EXT_SOURCE_1", "DAYS_EMPLOYED", "FLAG_DOCUMENT_3", "FLAG_PHONE")
RAW = FeatureSet(embedded.DEFINITION, (raw_feature(embedded.column(name)) for name in FIELDS))
# Nothing of these is typical but what stands there.
TYPICAL: Mapping[str, Typical] = {
    "AMT_CREDIT": Typical(3.0, 4.0, 5.0, None, 0.0, 0.0),
    "AMT_INCOME_TOTAL": Typical(3.0, 4.0, 5.0, None, 0.0, 0.0),
    "EXT_SOURCE_1": Typical(0.5, 0.6, 0.7, None, 0.0, 0.55),
    "DAYS_EMPLOYED": Typical(-9.0, -8.0, -7.0, None, 0.0, 0.0, (0.1,)),
    "FLAG_DOCUMENT_3": Typical(None, None, None, "0", 0.6, 0.0),
    "FLAG_PHONE": Typical(None, None, None, "1", 0.6, 0.0),
}
REFERENCE = Reference(10, dict.fromkeys(FIELDS, 0.0), TYPICAL)
# All but the income raise the PD as they grow, and a missing score is worth one of 0.25.
SLOPES = {
    "AMT_CREDIT": 0.01,
    "AMT_INCOME_TOTAL": -0.01,
    "EXT_SOURCE_1": -0.4,
    "DAYS_EMPLOYED": 0.01,
    "FLAG_DOCUMENT_3": 0.1,
    "FLAG_PHONE": -0.1,
}
NO_ROW = np.empty((1, 0), dtype=np.float32)
UNUSUAL: dict[str, Value] = {
    "AMT_CREDIT": 9.0,
    "AMT_INCOME_TOTAL": 1.0,
    "EXT_SOURCE_1": 0.1,
    "DAYS_EMPLOYED": -1,
    "FLAG_DOCUMENT_3": 1,
    "FLAG_PHONE": 0,
}


class LinearModel:
    """A model small enough to work out by hand: the sum of slope x feature, of a missing one slope x 0.25."""

    name = "linear"

    def __init__(self, features: FeatureSet, slopes: Mapping[str, float]) -> None:
        self._slopes = np.array([slopes.get(name, 0.0) for name in features.names])

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = (np.where(np.isnan(matrix), 0.25, matrix) @ self._slopes).astype(np.float32)
        return found


@pytest.fixture(scope="module")
def manifest(published: PublishedModel) -> Manifest:
    return Manifest.load(published.directory)


@pytest.fixture(scope="module")
def session(manifest: Manifest) -> ScoringSession:
    return ScoringSession(LinearModel(RAW, SLOPES), manifest, features=RAW)


def explained(**contributions: float) -> Explanation:
    """Of a model whose features are its fields; what is not given is 0."""
    fields = dict.fromkeys(FIELDS, 0.0) | contributions
    return Explanation(-2.0, fields, fields, {name: {name: 1.0} for name in FIELDS}, NO_ROW)


def reasons_of(
    application: Mapping[str, Value],
    explanation: Explanation,
    session: ScoringSession,
    reference: Reference,
    n: int = MOST_REASONS,
) -> tuple[Reason, ...]:
    """The principal reasons where `explanation` lacks the application's features."""
    with_row = dataclasses.replace(explanation, row=session.features.row(application))
    return principal_reasons(application, with_row, session, reference, n=n)


def test_reasons_by_hand(session: ScoringSession) -> None:
    found = reasons_of(
        UNUSUAL,
        explained(AMT_CREDIT=0.5, AMT_INCOME_TOTAL=0.25, EXT_SOURCE_1=1.0, DAYS_EMPLOYED=-0.75, FLAG_PHONE=0.125),
        session,
        REFERENCE,
    )
    assert found == (
        Reason("EXT_SOURCE_1", 1.0),
        Reason("AMT_CREDIT", 0.5),
        Reason("AMT_INCOME_TOTAL", 0.25),
        Reason("FLAG_PHONE", 0.125),
    )


def test_what_is_typical_is_no_reason_but_part_of_a_combination(session: ScoringSession) -> None:
    application = {**UNUSUAL, "AMT_CREDIT": 5.0, "EXT_SOURCE_1": None}
    explanation = explained(AMT_CREDIT=0.5, AMT_INCOME_TOTAL=0.25, EXT_SOURCE_1=1.0, DAYS_EMPLOYED=-0.75)
    # In all 1.0 above the just approved, of which the income is a quarter.
    assert reasons_of(application, explanation, session, REFERENCE) == (
        Reason("AMT_INCOME_TOTAL", 0.25),
        Reason(COMBINATION, 0.75),
    )


def test_a_missing_value_is_a_reason_where_few_lack_it(session: ScoringSession) -> None:
    typical = {**TYPICAL, "EXT_SOURCE_1": dataclasses.replace(TYPICAL["EXT_SOURCE_1"], missing_share=0.4)}
    application, explanation = {**UNUSUAL, "EXT_SOURCE_1": None}, explained(EXT_SOURCE_1=1.0)
    few = dataclasses.replace(REFERENCE, typical=typical)
    assert reasons_of(application, explanation, session, few) == (Reason("EXT_SOURCE_1", 1.0),)
    assert reasons_of(application, explanation, session, REFERENCE) == (Reason(COMBINATION, 1.0),)


def test_a_field_whose_typical_value_is_worse_is_no_reason(session: ScoringSession) -> None:
    # A credit of 1 is worth less PD than the typical one of 4, whatever its contribution says.
    application, explanation = {**UNUSUAL, "AMT_CREDIT": 1.0}, explained(AMT_CREDIT=0.5, AMT_INCOME_TOTAL=0.25)
    assert reasons_of(application, explanation, session, REFERENCE) == (
        Reason("AMT_INCOME_TOTAL", 0.25),
        Reason(COMBINATION, 0.5),
    )
    flat = ScoringSession(LinearModel(RAW, {}), session.manifest, features=RAW)
    assert reasons_of(UNUSUAL, explanation, flat, REFERENCE) == (Reason(COMBINATION, 0.75),)


def test_that_a_document_was_given_is_no_reason(session: ScoringSession) -> None:
    explanation = explained(FLAG_DOCUMENT_3=1.0, FLAG_PHONE=0.5)
    assert reasons_of(UNUSUAL, explanation, session, REFERENCE) == (
        Reason("FLAG_PHONE", 0.5),
        Reason(COMBINATION, 1.0),
    )


def test_what_rounds_to_nothing_is_not_said(session: ScoringSession) -> None:
    # ln 1.05 = 0.04879.
    explanation = explained(AMT_CREDIT=1.0, AMT_INCOME_TOTAL=0.0487, EXT_SOURCE_1=0.00005)
    assert reasons_of(UNUSUAL, explanation, session, REFERENCE) == (Reason("AMT_CREDIT", 1.0),)
    explanation = explained(AMT_CREDIT=1.0, AMT_INCOME_TOTAL=0.0489, EXT_SOURCE_1=0.00005)
    named = (Reason("AMT_CREDIT", 1.0), Reason("AMT_INCOME_TOTAL", 0.0489))
    assert reasons_of(UNUSUAL, explanation, session, REFERENCE) == named


def test_without_a_reason_of_weight_the_little_there_is_is_told(session: ScoringSession) -> None:
    found = reasons_of(UNUSUAL, explained(AMT_CREDIT=0.03125, EXT_SOURCE_1=0.015625), session, REFERENCE)
    assert found == (Reason(COMBINATION, 0.046875),)
    assert reasons_of(UNUSUAL, explained(AMT_CREDIT=0.03125, EXT_SOURCE_1=-0.5), session, REFERENCE) == ()


def test_no_more_than_are_asked_for(session: ScoringSession) -> None:
    explanation = explained(AMT_CREDIT=0.5, AMT_INCOME_TOTAL=0.5, EXT_SOURCE_1=1.0)
    # Of equal ones the first.
    two = (Reason("EXT_SOURCE_1", 1.0), Reason("AMT_CREDIT", 0.5))
    assert reasons_of(UNUSUAL, explanation, session, REFERENCE, n=2) == two
    assert len(reasons_of(UNUSUAL, explanation, session, REFERENCE, n=9)) == 3


def test_without_approved_applications_there_are_no_reasons(session: ScoringSession) -> None:
    nobody = Reference(0, {})
    assert reasons_of(UNUSUAL, explained(AMT_CREDIT=3.0), session, nobody) == ()
    assert strongest_supports(UNUSUAL, embedded.DEFINITION, explained(AMT_CREDIT=-3.0), nobody) == ()
    table = pl.DataFrame([UNUSUAL] * 2)
    explainer = Explainer(ShapleyModel(FEW_TREES), {}, FEW)
    assert batch_reasons(table, np.zeros((2, 3), np.float32), explainer, session, nobody).tolist() == [[-1] * 4] * 2


def test_supports_lower_the_risk_below_the_references() -> None:
    reference = dataclasses.replace(REFERENCE, features=dict.fromkeys(FIELDS, 0.25))
    explanation = explained(AMT_CREDIT=-0.5, AMT_INCOME_TOTAL=0.75, FLAG_PHONE=0.25)
    found = strongest_supports(UNUSUAL, embedded.DEFINITION, explanation, reference, n=2)
    assert found == (Reason("AMT_CREDIT", -0.75), Reason("EXT_SOURCE_1", -0.25))


@pytest.mark.parametrize(
    ("edits", "wanted"),
    [
        ({}, ["AMT_CREDIT", "AMT_INCOME_TOTAL", "EXT_SOURCE_1"]),
        # Missing, though fewer than half of the just approved lack it.
        ({"AMT_CREDIT": None}, ["AMT_INCOME_TOTAL", "EXT_SOURCE_1", "DAYS_EMPLOYED"]),
        # On the edge of the middle half; missing like most.
        ({"AMT_CREDIT": 5.0, "EXT_SOURCE_1": None}, ["AMT_INCOME_TOTAL", "DAYS_EMPLOYED", "FLAG_PHONE"]),
        # 51 incomes of credit: both fields of the rule are in doubt.
        ({"AMT_CREDIT": 51.0}, ["EXT_SOURCE_1", "DAYS_EMPLOYED", "FLAG_PHONE"]),
        # Employed for 41.1 years at an age of 24.6; the age is no field of this model.
        (
            {"DAYS_EMPLOYED": -15_012, "DAYS_BIRTH": -8_985, "AMT_CREDIT": None, "AMT_INCOME_TOTAL": 4.0},
            ["EXT_SOURCE_1", "FLAG_PHONE"],
        ),
    ],
)
def test_what_is_missing_typical_or_contradicted_supports_nobody(edits: dict[str, Value], wanted: list[str]) -> None:
    explanation = explained(
        AMT_CREDIT=-0.5,
        AMT_INCOME_TOTAL=-0.4,
        EXT_SOURCE_1=-0.3,
        DAYS_EMPLOYED=-0.2,
        FLAG_PHONE=-0.1,
        FLAG_DOCUMENT_3=0.1,
    )
    found = strongest_supports({**UNUSUAL, **edits}, embedded.DEFINITION, explanation, REFERENCE)
    assert [reason.field for reason in found] == wanted


def test_what_exceeds_the_reference_is_traced_to_the_fields(session: ScoringSession) -> None:
    features = {"a": 0.5, "credit_to_income": 1.0}
    shares = {"a": {"AMT_CREDIT": 1.0}, "credit_to_income": {"AMT_CREDIT": 0.25, "AMT_INCOME_TOTAL": 0.75}}
    explanation = Explanation(-2.0, features, dict.fromkeys(FIELDS, 0.0), shares, NO_ROW)
    reference = Reference(10, {"a": 0.25, "credit_to_income": 0.5}, TYPICAL)
    # Beyond the reference: 0.25 and 0.5.
    assert reasons_of(UNUSUAL, explanation, session, reference) == (
        Reason("AMT_CREDIT", 0.375),
        Reason("AMT_INCOME_TOTAL", 0.375),
    )
    opposite = Reference(10, {"a": 0.5, "credit_to_income": 1.5}, TYPICAL)
    assert strongest_supports(UNUSUAL, embedded.DEFINITION, explanation, opposite) == (
        Reason("AMT_INCOME_TOTAL", -0.375),
        Reason("AMT_CREDIT", -0.125),
    )


INCOME, CREDIT, ANNUITY = (Raw(name) for name in ("AMT_INCOME_TOTAL", "AMT_CREDIT", "AMT_ANNUITY"))
FEW = FeatureSet(
    embedded.DEFINITION,
    (
        raw_feature(embedded.column("AMT_CREDIT")),
        Feature("credit_to_income", "Credit to income", Ratio(CREDIT, INCOME)),
        Feature("credit_to_annuity", "Credit to annuity", Ratio(CREDIT, ANNUITY)),
    ),
)
# One split on each feature, half of the rows on either side.
FEW_TREES = "tree\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=2\n" + "".join(
    f"\nTree={feature}\nnum_leaves=2\nsplit_feature={feature}\nthreshold={threshold}\ndecision_type=2\nleft_child=-1\n"
    f"right_child=-2\nleaf_value={-gain} {gain}\nleaf_count=50 50\ninternal_count=100\n"
    for feature, (threshold, gain) in enumerate(((3.5, 0.5), (1.5, 0.25), (2.5, 0.75)))
)
FEW_EXPLAINED = Explainer(
    ShapleyModel(FEW_TREES), {"AMT_CREDIT": 4.0, "AMT_INCOME_TOTAL": 2.0, "AMT_ANNUITY": 1.0}, FEW
)


@given(
    values=arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(0, 6).map(float)),
    means=st.tuples(*[st.integers(-3, 3).map(lambda value: value / 4)] * 3),
    slopes=st.tuples(*[st.integers(-1, 1)] * 3),
    n=st.integers(1, 5),
)
@settings(max_examples=150)
def test_many_at_once_have_the_reasons_of_each_alone(
    values: NDArray[np.float64], means: tuple[float, ...], slopes: tuple[int, ...], n: int, manifest: Manifest
) -> None:
    table = pl.DataFrame(values, schema=["AMT_CREDIT", "AMT_INCOME_TOTAL", "AMT_ANNUITY"], orient="row")
    typical = {name: Typical(2.0, 3.0, 4.0, None, 0.0, 0.0) for name in table.columns}
    reference = Reference(10, dict(zip(FEW.names, means, strict=True)), typical)
    session = ScoringSession(LinearModel(FEW, dict(zip(FEW.names, slopes, strict=True))), manifest, features=FEW)
    found = batch_reasons(table, FEW.matrix(table), FEW_EXPLAINED, session, reference, n=n)
    assert found.shape == (len(values), n)
    for positions, application in zip(found.tolist(), table.iter_rows(named=True), strict=True):
        explanation = FEW_EXPLAINED.explain(application)
        excess = dict.fromkeys(FEW.sources, 0.0)
        for feature, shares in explanation.shares.items():
            for name, share in shares.items():
                excess[name] += share * (explanation.features[feature] - reference.features[feature])
        named = [
            name
            for name in sorted(excess, key=lambda name: -np.float32(excess[name]))
            if excess[name] > math.log(1.05)
            and not 2 <= application[name] <= 4
            and session.score({**application, name: 3.0}) < session.score(application)
        ][:n]
        left = sum(excess.values()) - sum(excess[name] for name in named)
        wanted = [*named, COMBINATION] if len(named) < n and left > (math.log(1.05) if named else 0.001) else named
        assert [[*FEW.sources, COMBINATION][place] for place in positions if place >= 0] == wanted
        alone = principal_reasons(application, explanation, session, reference, n=n)
        assert [reason.field for reason in alone] == wanted
        assert [reason.excess for reason in alone] == pytest.approx([{**excess, COMBINATION: left}[x] for x in wanted])


def test_every_reason_of_a_portfolio_holds_alone_and_among_all(built: Settings) -> None:
    applications = read_parquet(built.applications)
    session, contributions = (
        ScoringSession.open(built.model, embedded.DEFINITION),
        load_contributions(built.contributions),
    )
    facts = describe_table(applications.lazy(), embedded.DEFINITION)
    explainer = Explainer.open(built.model, {name: found.typical for name, found in facts.items()}, FEATURES)
    cutoff = session.manifest.cutoff
    reference = find_reference(contributions, applications.lazy(), session, cutoff)
    declined = np.flatnonzero(is_declined(session.score_frame(applications), cutoff))[:600]
    table = applications[declined]
    told: list[tuple[int, int]] = []
    found = batch_reasons(
        table, FEATURES.matrix(table), explainer, session, reference, advance=lambda *done: told.append(done)
    )
    assert told == [(600, 600)]
    # A declined application's total lies above the reference's: something can always be said.
    assert np.all(found[:, 0] >= 0)
    n_combined = n_reasons = 0
    for positions, application in zip(found, table.iter_rows(named=True), strict=True):
        reasons = principal_reasons(application, explainer.explain(application), session, reference)
        names = [*explainer.fields, COMBINATION]
        assert [reason.field for reason in reasons] == [names[i] for i in positions if i >= 0]
        single = [reason for reason in reasons if reason.field != COMBINATION]
        assert [reason.excess for reason in single] == sorted((reason.excess for reason in single), reverse=True)
        assert all(reason.excess > math.log(1.05) for reason in single)
        assert single == list(reasons[: len(single)])
        n_reasons, n_combined = n_reasons + len(single), n_combined + len(reasons) - len(single)
        for name in (reason.field for reason in single):
            column, typical = embedded.column(name), reference.typical[name]
            assert not is_typical(column, application[name], typical)
            moved = session.score({**application, name: typical_value(column, typical)})
            assert moved < session.score(application)
            assert not (name.startswith("FLAG_DOCUMENT") and application[name] == 1)
    # Both happen, so that the loop above has seen each.
    assert n_combined > 10
    assert n_reasons > 1_200


def test_labels_are_those_of_the_positions() -> None:
    assert reason_labels(embedded.DEFINITION, ("AMT_CREDIT", "EXT_SOURCE_1")) == [
        "Credit amount",
        "External score 1",
        "A combination of several values",
    ]
