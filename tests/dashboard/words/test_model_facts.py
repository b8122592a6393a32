"""What a model card says of a manifest, of counts and of provenance: by hand, and against a published model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dashboard.metrics.counts import exact_counts
from dashboard.words import model_facts as facts
from data.settings import Settings
from inference.model.artifact import Manifest


@pytest.fixture(name="manifest")
def published_manifest(built: Settings) -> Manifest:
    return Manifest.load(built.model)


def test_counts_of_other_predictions_are_told_from_the_models_own(manifest: Manifest, frame: pl.DataFrame) -> None:
    outcome, pd = frame["is_default"].to_numpy(), frame["default_probability"].to_numpy()
    assert facts.describes(manifest, exact_counts(outcome, pd))
    assert not facts.describes(manifest, exact_counts([False, True], [0.1, 0.2]))
    assert not facts.describes(manifest, exact_counts(outcome, np.clip(pd + 0.001, 0, 1)))


def test_training_data_are_described_by_their_provenance(manifest: Manifest) -> None:
    digest = manifest.training_data_sha256
    made = facts.training_data(manifest, digest, {"kind": "synthetic", "rows": 10_000, "seed": 3, "profile": "ab" * 32})
    assert made.is_synthetic
    assert made.is_at_hand
    assert "10,000 synthetic applications, drawn with seed 3" in made.description
    brought = facts.training_data(
        manifest, "0" * 64, {"kind": "file", "rows": 48_744, "name": "bank_train.csv", "sha256": "cd" * 32}
    )
    assert not brought.is_synthetic
    assert not brought.is_at_hand
    assert brought.description.startswith("bank_train.csv: 48,744 applications")


def test_a_manifest_that_says_little_is_no_error(manifest: Manifest) -> None:
    bare = replace(manifest, metrics={})
    assert "does not say" in facts.parity(bare)
    assert all(figure.published is None for figure in facts.figures(bare, None))
    assert not facts.describes(bare, exact_counts([False], [0.1]))


def test_a_changed_decision_is_counted(manifest: Manifest) -> None:
    changed = replace(manifest, metrics={**manifest.metrics, "parity_flips": 2})
    assert "and 2 decisions changed at the cutoff" in facts.parity(changed)


def test_what_is_said_of_a_group_by_hand() -> None:
    # 100 expected of 1,000 and 130 seen: Wilson's interval is 0.1106 to 0.1523.
    high = facts.GroupCalibration("Gender", "Male", exact_counts([1] * 130 + [0] * 870, [0.1] * 1_000))
    alike = facts.GroupCalibration("Gender", "Female", exact_counts([1] * 95 + [0] * 905, [0.1] * 1_000))
    small = facts.GroupCalibration("Gender", "Not recorded", exact_counts([1] * 4, [0.1] * 4))
    assert [group.words for group in (high, alike, small)] == [
        "30 % more than PDs say",
        "Within chance",
        "Too few to conclude",
    ]
    assert facts.summarise_groups([high, small, alike]) == (
        "Observed / expected runs from 0.95 for gender “Female” (95 %: 0.78–1.15) to 1.30 for gender “Male” "
        "(95 %: 1.11–1.52). In 1 of 2 groups the interval excludes 1; chance alone would do so in about 0.1."
    )
    assert facts.summarise_groups([high, small]) == ""


def test_out_of_time_figures_are_shown_where_the_manifest_has_them(manifest: Manifest) -> None:
    assert facts.out_of_time(manifest) is None
    metrics = {
        **manifest.metrics,
        "oot_auc": 0.71234,
        "oot_log_loss": 0.25,
        "oot_default_rate": 0.081,
        "oot_mean_pd": 0.0785,
        "oot_rows": 2_000.0,
        "oot_earlier_rows": 8_000.0,
    }
    found = facts.out_of_time(replace(manifest, metrics=metrics, first_later="2024-07-01"))
    assert found is not None
    assert "8,000 applications from before 2024-07-01 gives the PDs of 2,000 applications" in found.words
    assert found.figures == (
        ("ROC AUC", "0.7123"),
        ("Log-loss", "0.2500"),
        ("Default rate", "8.10 %"),
        ("Mean PD", "7.85 %"),
    )


def test_the_card_says_how_the_number_of_trees_was_chosen(manifest: Manifest) -> None:
    fixed = replace(manifest, settings={**manifest.settings, "fixed_trees": 377})
    assert facts.trees_chosen(fixed).startswith("The definition fixes the number of trees")
    free = replace(manifest, settings={**manifest.settings, "fixed_trees": 0})
    assert facts.trees_chosen(free).startswith("An inner split of each fold")
