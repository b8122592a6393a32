"""A scorecard of a few features of the 3,000 applications, made once."""

from __future__ import annotations

import polars as pl
import pytest

from data.definition.definition import Definition
from inference.features.definition_features import feature_set
from inference.features.encoding import FeatureSet
from inference.scorecard.settings import ScorecardSettings
from inference.scorecard.training import TrainedScorecard, train_scorecard

# A column that may only fall, one that may only rise and has a special value, categories, a derived feature, noise.
NAMES = (
    "EXT_SOURCE_2", "EXT_SOURCE_3", "DAYS_EMPLOYED", "is_not_employed", "ORGANIZATION_TYPE", "NAME_CONTRACT_TYPE",
    "AMT_CREDIT", "ext_source_mean", "FLAG_PHONE",
)  # fmt: skip


@pytest.fixture(scope="session")
def few_features(home_credit: Definition) -> FeatureSet:
    whole = feature_set(home_credit)
    return FeatureSet(home_credit, (f for f in whole.features if f.name in NAMES), home_credit.features.directions)


@pytest.fixture(scope="session")
def card_settings() -> ScorecardSettings:
    # Features of no use stay, so that every kind of bin is there to be looked at.
    return ScorecardSettings(least_iv=0.0, most_correlation=1.0, folds=3, threads=1)


@pytest.fixture(scope="session")
def trained(applications: pl.DataFrame, few_features: FeatureSet, card_settings: ScorecardSettings) -> TrainedScorecard:
    return train_scorecard(applications, few_features, seed=5, settings=card_settings)
