"""Another model of the portfolio: the same rows with its PDs, its session, and cohorts that stay the same rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk

from dashboard import cache
from dashboard.cohort.bins import make_bins
from dashboard.cohort.filters import Decision, DecisionFilter, Filters, RangeFilter
from dashboard.visit.assumptions import assume
from data.errors import ScoreroomError
from data.settings import Settings
from inference.inventory.entry import UnknownModelError
from inference.inventory.store import delete
from inference.model.build import PublishedModel
from inference.model.session import ScoringSession
from tests.dashboard.challengers import add_model, add_scores

Copied = tuple[Settings, cache.Dataset]


def other_pds(settings: Settings) -> np.ndarray:
    """PDs that order applications otherwise than the champion's."""
    pds = pl.read_parquet(settings.predictions)["default_probability"].to_numpy()
    return np.round(np.clip(pds[::-1] * 0.5 + pds * 0.5, 0.0, 1.0), 5)


def test_figures_of_another_model_are_those_of_its_pds(copied: Copied) -> None:
    settings, dataset = copied
    pds = other_pds(settings)
    add_scores(settings, "flat", pds)
    shown = cache.dataset_of_model(dataset, "flat")
    table = cache.predictions(shown)
    np.testing.assert_array_equal(table.frame["default_probability"].to_numpy(), pds)
    evaluation = cache.evaluate(shown, Filters(), assume(0.1))
    outcome = table.frame["is_default"].to_numpy()
    assert evaluation.roc_auc.value == pytest.approx(sk.roc_auc_score(outcome, pds), abs=1e-9)
    assert cache.model_auc(shown) == evaluation.roc_auc
    assert evaluation.confusion.approved == int((pds < 0.1).sum())
    assert cache.predictions(dataset).frame["default_probability"].to_numpy() is not pds
    assert shown.of_champion == dataset
    assert [entry.name for entry in cache.models_of(shown)] == ["champion", "flat"]


def test_a_cohort_by_pd_stays_the_same_rows_under_the_model_that_it_is_compared_with(copied: Copied) -> None:
    settings, dataset = copied
    pds = other_pds(settings)
    add_scores(settings, "flat", pds)
    own = pl.read_parquet(settings.predictions)["default_probability"].to_numpy()
    beside = replace(cache.dataset_of_model(dataset, "flat"), chosen_by=dataset)
    risky = Filters.of([RangeFilter("default_probability", 0.1, None)])
    counts = cache.cohort_counts(beside, risky)
    assert counts.n_applications == int((own >= 0.1).sum())
    assert counts.pd_sum == pytest.approx(pds[own >= 0.1].sum())
    declined = Filters.of([DecisionFilter((Decision.TRUE_DECLINE, Decision.FALSE_DECLINE))]).at(0.1)
    assert cache.cohort_counts(beside, declined).n_applications == int((own >= 0.1).sum())
    # By itself the other model declines others.
    assert cache.cohort_counts(beside.own, declined).n_applications == int((pds >= 0.1).sum())
    table = cache.predictions(dataset)
    column = next(column for column in table.cohort_columns if column.name == "default_probability")
    bins = make_bins(table.frame["default_probability"], column, 4)
    by_group = cache.segment_counts(beside, Filters(), bins)
    sizes = [segment.n_applications for segment in cache.segment_counts(dataset, Filters(), bins).values()]
    assert [segment.n_applications for segment in by_group.values()] == sizes


def test_the_chosen_model_scores_and_explains(copied: Copied, published: PublishedModel) -> None:
    settings, dataset = copied
    directory = Path(published.directory)
    add_model(settings, "small", directory)
    shown = cache.dataset_of_model(dataset, "small")
    row = pl.read_parquet(settings.applications).row(0, named=True)
    values = {name: row[name] for name in cache.open_session().features.sources}
    champion = cache.assess_values(values, 0.1)
    with cache.judging(shown):
        judged = cache.assess_values(values, 0.1)
        assert "have not been computed yet" in cache.model_contributions().reason
        assert cache.portfolio() is None
    expected = ScoringSession.open(directory, cache.definition()).score(values)
    assert judged.default_probability == expected != champion.default_probability
    assert judged.explanation is not None
    assert 1 / (1 + np.exp(-judged.explanation.log_odds)) == pytest.approx(expected, abs=1e-6)
    assert judged.default_probability == pytest.approx(cache.predictions(shown).frame["default_probability"][0])
    assert cache.explained(dataset).contributions is not None
    assert cache.explained(shown).contributions is None


def test_scores_alone_cannot_score_and_say_so(copied: Copied) -> None:
    settings, dataset = copied
    add_scores(settings, "flat", other_pds(settings))
    with (
        cache.judging(cache.dataset_of_model(dataset, "flat")),
        pytest.raises(ScoreroomError, match="cannot score edited, new or other ones"),
    ):
        cache.open_session()


def test_a_model_that_is_published_anew_is_read_again_and_one_that_is_gone_is_refused(copied: Copied) -> None:
    settings, dataset = copied
    pds = other_pds(settings)
    add_scores(settings, "flat", pds)
    before = cache.dataset_of_model(dataset, "flat")
    cache.predictions(before)
    delete(settings, "flat")
    with pytest.raises(UnknownModelError, match="there are champion"):
        cache.dataset_of_model(dataset, "flat")
    add_scores(settings, "flat", pds / 2)
    after = cache.dataset_of_model(dataset, "flat")
    assert after != before
    np.testing.assert_array_equal(cache.predictions(after).frame["default_probability"].to_numpy(), pds / 2)


def test_further_scores_of_a_file_are_its_models(built: Settings, tmp_path: Path) -> None:
    frame = pl.read_parquet(built.predictions).head(400)
    other = pl.Series("rank", np.linspace(300, 850, 400)).round(1)
    place = tmp_path / "scores.csv"
    table = frame.select("application_id", "is_default", pd="default_probability")
    table.with_columns(other, pd_b=table["pd"] / 2).write_csv(place)
    said = cache.Location(str(place))
    dataset = cache.open_dataset(said)
    names = [entry.name for entry in cache.models_of(dataset)]
    assert names[0] == "champion"
    assert "pd_b" in names
    half = cache.predictions(cache.dataset_of_model(dataset, "pd_b"))
    np.testing.assert_allclose(half.frame["default_probability"], table["pd"] / 2)
    assert half.source.whose == "of pd_b, as imported"
    assert half.why_no_pd == ""
