"""The reasons of two models of a portfolio, against what each names alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dashboard import cache
from dashboard.cohort.filters import Filters, LevelFilter
from dashboard.metrics.economics import Terms
from data.settings import Settings
from inference.inventory.explained import explain_model, name_model_reasons
from inference.model.build import PublishedModel
from scripts._kills import quiet
from tests.dashboard.challengers import add_model, add_scores

Copied = tuple[Settings, cache.Dataset]
TERMS = Terms(0.05, 0.45, 1.0)
CUTOFFS = (0.08, 0.1)
PENSIONERS = Filters.of([LevelFilter("NAME_INCOME_TYPE", ("Pensioner",))])


def test_reasons_of_a_cohort_are_counted_from_what_each_model_names(
    copied: Copied, published: PublishedModel, frame: pl.DataFrame
) -> None:
    settings, dataset = copied
    add_model(settings, "small", Path(published.directory))
    key = cache.Pair("champion", "small", dataset, PENSIONERS)
    assert "small have not been computed yet; the page Models computes them" in cache.why_no_reasons(key)
    explain_model(settings, "small", quiet)
    assert cache.why_no_reasons(key) == ""
    assert not cache.are_reasons_named(key, CUTOFFS)
    found = cache.compared_reasons(key, CUTOFFS, TERMS)
    assert cache.are_reasons_named(cache.Pair("champion", "small", dataset, Filters()), CUTOFFS)
    assert not cache.are_reasons_named(key, (0.08, 0.11))
    one, two = (
        name_model_reasons(settings, name, cutoff, frame["application_id"])
        for name, cutoff in zip(("champion", "small"), CUTOFFS, strict=True)
    )
    names = [[each.fields[first] if first >= 0 else None for first in each.places[:, 0]] for each in (one, two)]
    pds = [cache.scored_by(dataset, name).scores.to_numpy() for name in ("champion", "small")]
    own = (frame["NAME_INCOME_TYPE"].cast(pl.String) == "Pensioner").to_numpy()
    told = own & np.array([None not in pair for pair in zip(*names, strict=True)])
    same = np.array([a == b for a, b in zip(*names, strict=True)])
    declined = told & ((pds[0] >= CUTOFFS[0]) | (pds[1] >= CUTOFFS[1]))
    assert (found.whole.n, found.whole.n_unnamed) == (told.sum(), own.sum() - told.sum())
    assert found.whole.first.value == pytest.approx(same[told].mean())
    assert found.declined.n == declined.sum() > 0
    assert found.declined.first.value == pytest.approx(same[declined].mean())


def test_a_model_of_scores_alone_has_no_reasons_and_says_so(copied: Copied, frame: pl.DataFrame) -> None:
    settings, dataset = copied
    add_scores(settings, "flat", frame["default_probability"].to_numpy()[::-1])
    key = cache.Pair("champion", "flat", dataset, Filters())
    assert "flat gives PDs without the trees" in cache.why_no_reasons(key)
