"""A choice leaves out whole features, with all that is made of a column, and the directions of what is gone."""

from __future__ import annotations

import pytest

from data.definition.definition import Definition
from inference.features.choice import EVERYTHING, ChoiceError, FeatureChoice, choose_features
from inference.features.definition_features import feature_set


def test_nothing_left_out_is_the_definitions_list(home_credit: Definition) -> None:
    whole = feature_set(home_credit)
    assert choose_features(whole.features) == EVERYTHING
    assert feature_set(home_credit, EVERYTHING).digest == whole.digest


def test_a_column_goes_with_all_that_is_made_of_it(home_credit: Definition) -> None:
    whole = feature_set(home_credit)
    choice = choose_features(whole.features, leave_out=["EXT_SOURCE_2"])
    gone = {feature.name for feature in whole.features if "EXT_SOURCE_2" in feature.sources}
    assert len(gone) > 1
    assert set(choice.left_out) == gone
    lean = feature_set(home_credit, choice)
    assert lean.names == tuple(name for name in whole.names if name not in gone)
    assert lean.directions == {name: way for name, way in whole.directions.items() if name != "EXT_SOURCE_2"}
    assert lean.digest != whole.digest


def test_only_keeps_what_is_made_of_nothing_else(home_credit: Definition) -> None:
    whole = feature_set(home_credit)
    named = {"AMT_CREDIT", "AMT_ANNUITY", "EXT_SOURCE_1"}
    kept = feature_set(home_credit, choose_features(whole.features, only=named, leave_out=["EXT_SOURCE_1"])).features
    assert [feature.name for feature in kept] == [
        feature.name for feature in whole.features if set(feature.sources) <= {"AMT_CREDIT", "AMT_ANNUITY"}
    ]
    # A feature may be named itself: it stays, and its columns do not.
    several = next(feature for feature in whole.features if len(feature.sources) > 1)
    alone = feature_set(home_credit, choose_features(whole.features, only=[several.name]))
    assert alone.names == (several.name,)


def test_without_directions_no_feature_is_constrained(home_credit: Definition) -> None:
    assert any(feature_set(home_credit).constraints)
    free = feature_set(home_credit, FeatureChoice(is_constrained=False))
    assert (free.directions, set(free.constraints)) == ({}, {0})


def test_what_cannot_be_chosen_is_said(home_credit: Definition) -> None:
    features = feature_set(home_credit).features
    with pytest.raises(ChoiceError, match=r"'HAT', 'SHOE': no feature .*; there are .* and \d+ more\."):
        choose_features(features, leave_out=["SHOE"], only=["HAT"])
    with pytest.raises(ChoiceError, match="No feature is left to learn from"):
        choose_features(features, only=["EXT_SOURCE_1"], leave_out=["EXT_SOURCE_1"])
