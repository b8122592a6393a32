from __future__ import annotations

import pytest

from data.definition.at_hand import load_definition
from data.settings import Settings
from inference.bringing.errors import BringingError, UnsaidError
from inference.bringing.matching import match_columns
from inference.features.definition_features import feature_set
from inference.features.encoding import FeatureSet


@pytest.fixture
def features(loans: Settings) -> FeatureSet:
    return feature_set(load_definition(loans))


def test_names_decide_in_any_order_and_features_may_be_left_out(features: FeatureSet) -> None:
    assert match_columns(("age", "income"), 2, features) == (2, 0)


def test_a_column_that_is_no_feature_is_named(features: FeatureSet) -> None:
    with pytest.raises(BringingError, match=r"takes 1 columns that are no features of the definition: colour; of the"):
        match_columns(("income", "colour"), 2, features)


def test_a_column_of_the_table_that_is_no_feature_is_told_apart(features: FeatureSet) -> None:
    with pytest.raises(BringingError, match=r"of these, status are columns of the table: name them under \[features\]"):
        match_columns(("income", "status"), 2, features)


def test_other_names_of_the_right_number_are_a_question_until_their_order_is_said(features: FeatureSet) -> None:
    names = ("a", "b", "c", "shop")
    with pytest.raises(UnsaidError, match="--in-order"):
        match_columns(names, 4, features)
    assert match_columns(names, 4, features, in_order=True) == (0, 1, 2, 3)


def test_a_file_without_names_goes_by_order_only_if_that_is_said(features: FeatureSet) -> None:
    with pytest.raises(UnsaidError, match="does not name its 4 columns; say --in-order"):
        match_columns((), 4, features)
    assert match_columns((), None, features, in_order=True) == (0, 1, 2, 3)
    with pytest.raises(BringingError, match="takes 3 columns without names, and the definition has 4 features"):
        match_columns((), 3, features, in_order=True)


def test_a_name_twice_is_refused(features: FeatureSet) -> None:
    with pytest.raises(BringingError, match="twice: age"):
        match_columns(("age", "age"), 2, features)
