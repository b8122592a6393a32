from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from inference.errors import TrainingError
from inference.model.training import train
from inference.model.training_settings import TrainingSettings, with_given
from scripts._embedded import FEATURES


def test_small_tables_get_one_thread() -> None:
    settings = TrainingSettings(threads=4)
    assert [settings.for_rows(n).threads for n in (1_000, 19_999, 20_000, 45_000, 1_000_000)] == [1, 1, 2, 3, 4]


def test_small_tables_get_fewer_leaves_and_a_larger_share_of_rows_a_leaf() -> None:
    settings = TrainingSettings()
    rows = (690, 1_000, 2_999, 3_000, 9_999, 10_000, 10_000_000)
    grown = [settings.for_rows(n) for n in rows]
    assert [each.leaves for each in grown] == [4, 4, 4, 7, 7, 15, 15]
    assert [each.min_rows_in_leaf for each in grown] == [20, 20, 30, 30, 100, 100, 100]


def test_the_model_does_not_depend_on_the_number_of_threads(
    applications: pl.DataFrame, small_settings: TrainingSettings
) -> None:
    table = pl.concat([applications] * 7)
    settings = replace(small_settings, trees=3, folds=2)
    one, two = (train(table, FEATURES, seed=1, settings=replace(settings, threads=threads)) for threads in (1, 2))
    trees = [model.booster.model_to_string().partition("parameters:")[0] for model in (one, two)]
    assert trees[0] == trees[1]
    assert (one.probabilities == two.probabilities).all()


def test_given_settings_are_read_by_their_types() -> None:
    found = with_given(TrainingSettings(), {"leaves": "31", "learning_rate": "0.1", "monotone_method": "advanced"})
    assert found == TrainingSettings(leaves=31, learning_rate=0.1, monotone_method="advanced")
    found.check()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"leafs": "31"}, "There is no setting 'leafs'; there are trees, leaves, learning_rate"),
        ({"leaves": "31.5"}, "The setting leaves is '31.5'; it has to be a whole number"),
        ({"l2": "inf"}, "The setting l2 is 'inf'; it has to be a number"),
        ({"leaves": "1"}, "The setting leaves is 1; it has to be from 2 to 1024"),
        ({"folds": "1"}, "The setting folds is 1; it has to be from 2 to 20"),
        ({"monotone_method": "none"}, "monotone_method is one of basic, intermediate, advanced"),
    ],
)
def test_settings_that_make_no_model_are_said(given: dict[str, str], said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        with_given(TrainingSettings(), given).check()
