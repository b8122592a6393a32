"""Pairs of models that are kept, against the rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from dashboard import cache
from dashboard.cache.sources import chosen_rows
from dashboard.cohort.filters import Filters, LevelFilter, ModelsFilter, RangeFilter
from dashboard.components.swap_card import decisions_of
from dashboard.metrics.economics import Terms
from dashboard.metrics.paired_swap import Swap
from data.settings import Settings
from inference.inventory.entry import ModelEntry, ModelKind, UnknownModelError
from inference.inventory.store import applications_digest, delete, now, publish
from tests.dashboard.challengers import add_scores

PENSIONERS = Filters.of([LevelFilter("NAME_INCOME_TYPE", ("Pensioner",))])
TERMS = Terms(0.05, 0.45, 1.0)
Copied = tuple[Settings, cache.Dataset]


@pytest.fixture(name="other")
def other_model(copied: Copied, frame: pl.DataFrame) -> pl.Series:
    """The PDs of a second model of the portfolio, called noisy."""
    rng = np.random.default_rng(3)
    pd = frame["default_probability"].cast(pl.Float64).to_numpy()
    scores = pl.Series("default_probability", np.round(np.clip(pd * np.exp(0.5 * rng.normal(size=pd.size)), 0, 1), 6))
    settings, _ = copied
    entry = ModelEntry("noisy", ModelKind.SCORE, "as imported", "Drawn.", applications_digest(settings), now())
    table = frame.select("application_id", scores, pl.lit(None, pl.UInt8).alias("fold"))
    publish(settings, entry, {}, table)
    return scores


def test_a_pair_is_of_the_cohort_s_rows(copied: Copied, other: pl.Series, frame: pl.DataFrame) -> None:
    key = cache.Pair("champion", "noisy", copied[1], PENSIONERS)
    found = cache.compared(key)
    assert found is not None
    own = (frame["NAME_INCOME_TYPE"].cast(pl.String) == "Pensioner").to_numpy()
    outcome = frame["is_default"].to_numpy()[own]
    auc = found.comparison.auc
    assert auc is not None
    assert auc.two == pytest.approx(roc_auc_score(outcome, other.to_numpy()[own]), abs=1e-9)
    assert found.places is not None
    assert found.places.tolist() == np.flatnonzero(own).tolist()
    # The same key is answered from what is kept.
    assert cache.compared(cache.Pair("champion", "noisy", copied[1], PENSIONERS)) is found
    assert cache.evaluate_model(copied[1], "noisy", PENSIONERS).roc_auc.value == pytest.approx(auc.two, abs=1e-9)


def test_members_of_the_swap_set_are_places_in_the_portfolio(
    copied: Copied, other: pl.Series, frame: pl.DataFrame
) -> None:
    key = cache.Pair("champion", "noisy", copied[1], PENSIONERS)
    swap = cache.swapped(key, (0.07, 0.07), TERMS)
    rows = cache.swapped_rows(key, swap, Swap.IN)
    own = frame.with_columns(other.alias("noisy"), pl.col("default_probability").cast(pl.String).cast(pl.Float64))
    wanted = own.with_row_index("place").filter(
        pl.col("NAME_INCOME_TYPE").cast(pl.String) == "Pensioner",
        pl.col("default_probability") >= 0.07,
        pl.col("noisy") < 0.07,
    )
    assert sorted(rows.tolist()) == wanted["place"].to_list()
    gaps = (own["default_probability"] - own["noisy"]).abs().gather(rows).to_list()
    assert gaps == sorted(gaps, reverse=True)
    apart = cache.swapped_apart(key, (0.07, 0.07), TERMS)
    assert {"default_probability", "pd_band", "observed"}.isdisjoint(each.name for each in apart)


@pytest.mark.parametrize("group", list(Swap))
def test_a_group_of_the_swap_set_is_a_cohort_of_the_same_rows(copied: Copied, other: pl.Series, group: Swap) -> None:
    key = cache.Pair("champion", "noisy", copied[1], PENSIONERS)
    swap = cache.swapped(key, (0.07, 0.09), TERMS)
    decisions = decisions_of(group, ("champion", "noisy"), swap.cutoffs)
    chosen = cache.resolved(copied[1], PENSIONERS.having(ModelsFilter(decisions)), 0.2)
    rows = chosen_rows(copied[1], chosen)
    assert rows is not None
    assert np.flatnonzero(rows).tolist() == sorted(cache.swapped_rows(key, swap, group).tolist())
    assert cache.cohort_counts(copied[1], chosen).n_rows == swap.of(group).n
    # The same rows when the other model is the one that is looked at.
    shown = cache.dataset_of_model(copied[1], "noisy")
    assert cache.cohort_counts(shown, chosen).n_rows == swap.of(group).n


def test_a_model_published_anew_decides_anew(copied: Copied, other: pl.Series, frame: pl.DataFrame) -> None:
    decisions = decisions_of(Swap.IN, ("champion", "noisy"), (0.07, 0.07))
    filters = Filters.of([ModelsFilter(decisions)])
    before = cache.cohort_counts(copied[1], cache.resolved(copied[1], filters, 0.07)).n_rows
    delete(copied[0], "noisy")
    with pytest.raises(UnknownModelError, match="noisy"):
        cache.cohort_counts(copied[1], cache.resolved(copied[1], filters, 0.07))
    add_scores(copied[0], "noisy", other.to_numpy() / 2)
    after = cache.cohort_counts(copied[1], cache.resolved(copied[1], filters, 0.07)).n_rows
    declined = frame["default_probability"].cast(pl.String).cast(pl.Float64) >= 0.07
    assert before == (declined & (other < 0.07)).sum()
    assert after == (declined & (other / 2 < 0.07)).sum() > before


def test_segments_are_those_of_the_columns(copied: Copied, other: pl.Series, frame: pl.DataFrame) -> None:
    found = cache.compared_segments(cache.Pair("champion", "noisy", copied[1], Filters()))
    women = next(each for each in found.segments if (each.column, each.name) == ("CODE_GENDER", "Female"))
    own = (frame["CODE_GENDER"].cast(pl.String) == "F").to_numpy()
    assert women.resolved == own.sum()
    assert women.aucs is not None
    assert women.aucs[1] == pytest.approx(
        roc_auc_score(frame["is_default"].to_numpy()[own], other.to_numpy()[own]), abs=1e-9
    )


def test_an_empty_cohort_is_compared_with_nothing(copied: Copied, other: pl.Series) -> None:
    nobody = Filters.of([RangeFilter("AMT_CREDIT", 1.0, 2.0)])
    assert cache.compared(cache.Pair("champion", "noisy", copied[1], nobody)) is None


def test_facts_of_the_champion_are_measured_once(copied: Copied, other: pl.Series) -> None:
    champion, noisy = cache.models_of(copied[1])
    facts = cache.model_facts(champion)
    assert facts["size_bytes"] == (copied[0].model / "model.onnx").stat().st_size
    assert 0 < facts["microseconds_a_row"] < 1e6
    assert cache.model_facts(champion) is facts
    assert cache.model_facts(noisy)["microseconds_a_row"] is None


def test_other_pages_have_the_differences_of_pairs(copied: Copied, other: pl.Series) -> None:
    key = cache.Pair("champion", "noisy", copied[1], PENSIONERS)
    found = cache.compared(key)
    assert found is not None
    assert cache.paired_difference(key, "roc_auc") == found.comparison.auc_difference
    assert cache.paired_difference(key, "brier") == found.comparison.figure("brier").difference
    assert cache.paired_difference(key, "approval_rate") is None
