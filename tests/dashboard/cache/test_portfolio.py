"""The model's own applications: in the order of their table, kept for as long as its files stay what they are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard import cache
from data.errors import ScoreroomError
from data.home_credit import embedded
from data.settings import Settings
from data.store.records import MODEL
from inference.model.artifact import MANIFEST, TEXT
from inference.model.session import ScoringSession
from scripts.damage.kinds import match_record

CUTOFF = 0.0909


@pytest.fixture(name="rows")
def application_rows(built: Settings) -> pl.DataFrame:
    return pl.read_parquet(built.applications)


def test_pds_ids_and_outcomes_are_those_of_the_table_s_rows(built: Settings, rows: pl.DataFrame) -> None:
    portfolio = cache.portfolio()
    assert portfolio is not None
    assert cache.portfolio() is portfolio
    assert portfolio.ids.to_list() == rows[embedded.ID].to_list()
    assert portfolio.defaulted.to_list() == (rows[embedded.TARGET] == 1).to_list()
    pds = ScoringSession.open(built.model, embedded.DEFINITION).score_frame(rows)
    np.testing.assert_allclose(portfolio.probabilities, pds, atol=2e-4)
    assert list(portfolio.weights.values()) == sorted(portfolio.weights.values(), reverse=True)
    # A few are scored again, bit for bit.
    assert cache.published_pds((9, 3)).tolist() == pds[[9, 3]].tolist()
    assert cache.field_values("AMT_CREDIT").to_list() == rows["AMT_CREDIT"].to_list()


def test_those_just_approved_are_approved(built: Settings) -> None:
    compared = cache.reference(CUTOFF)
    assert compared is not None
    assert 0 < compared.n_applications < 10_000
    assert cache.typical_of_reference("AMT_CREDIT", CUTOFF) == compared.typical["AMT_CREDIT"]
    assert cache.typical_of_reference("CODE_GENDER", CUTOFF) is None
    assert cache.why_no_portfolio().startswith("The contributions are of another application table")


def test_without_trees_an_application_is_scored_and_not_explained(
    copied: tuple[Settings, cache.Dataset], rows: pl.DataFrame
) -> None:
    settings, _ = copied
    values = rows.drop(embedded.ID, embedded.TARGET).row(4, named=True)
    whole = cache.assess_values(values, CUTOFF)
    assert whole.explanation is not None
    assert cache.explain_many(CUTOFF) is not None
    (settings.model / TEXT).unlink()
    # Published again, without the trees.
    manifest = settings.model / MANIFEST
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    match_record(settings, MODEL, MANIFEST)
    with pytest.raises(ScoreroomError, match=TEXT):
        cache.explainer()
    bare = cache.assess_values(values, CUTOFF)
    assert bare.default_probability == whole.default_probability
    assert (bare.explanation, bare.reasons) == (None, ())
    assert cache.explain_many(CUTOFF) is None


def test_without_contributions_there_is_nothing_to_compare_with_and_a_sentence_why(
    copied: tuple[Settings, cache.Dataset],
) -> None:
    settings, _ = copied
    settings.contributions.unlink()
    assert cache.portfolio() is None
    assert cache.reference(CUTOFF) is None
    assert cache.neighbours() is None
    assert cache.typical_of_reference("AMT_CREDIT", CUTOFF) is None
    assert cache.why_no_portfolio().startswith("The contributions have not been computed yet")
    settings.applications.unlink()
    with pytest.raises(ScoreroomError, match=r"applications\.parquet"):
        cache.column_facts()
