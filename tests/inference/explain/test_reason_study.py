"""The counts of reasons and changes find what is wrong, and nothing is wrong with ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from data.settings import Settings
from inference.explain import reason_study
from inference.explain.comparison import Typical
from inference.explain.counterfactuals import Counterfactual, FieldChange, find_changes
from inference.explain.reason_study import Study
from inference.model.decision import is_declined


@pytest.fixture(scope="module")
def study(built: Settings) -> Study:
    return Study.open(built)


def test_the_sample_is_declined_and_repeatable(study: Study) -> None:
    sample = study.sample(50, 3)
    assert sample.height == 50
    assert is_declined(study.session.score_frame(sample), study.cutoff).all()
    assert sample.equals(study.sample(50, 3))
    assert not sample.equals(study.sample(50, 4))
    assert study.sample(10**6, 3).height == int(is_declined(study.probabilities, study.cutoff).sum())


def test_no_reason_is_wrong(study: Study) -> None:
    sample = study.sample(250, 1)
    found = study.count_reasons(sample)
    assert (found.typical, found.equal, found.not_lower, found.raises, found.given) == (0, 0, 0, 0, 0)
    assert (found.unexplained, found.differ, found.just_approved_declined) == (0, 0, 0)
    assert found.n_applications == 250
    assert 2 < found.mean <= 4
    assert 0 < found.combined < 0.5
    lacking = study.table["EXT_SOURCE_1"][study.closest].null_count()
    assert ("EXT_SOURCE_1" in found.missing) <= (2 * lacking < study.closest.size)


def test_reasons_that_do_not_hold_are_counted(study: Study) -> None:
    # With all that is typical moved away, the reasons found are not those of the just approved.
    nowhere = Typical(-1e9, -1e9, -1e9, None, 0.0, 0.0)
    typical = {
        name: nowhere if name.startswith(("AMT_", "EXT_", "DAYS_")) else each
        for name, each in study.reference.typical.items()
    }
    wrong = replace(study, reference=replace(study.reference, typical=typical))
    found = wrong.count_reasons(study.sample(250, 1))
    assert found.typical > 0.1
    assert found.differ == 0


def test_no_change_is_wrong(study: Study) -> None:
    told: list[tuple[int, int]] = []
    found = study.count_changes(study.sample(40, 1), lambda *done: told.append(done))
    assert (found.declined, found.implausible, found.shrinkable) == (0, 0, 0)
    assert found.n_applications == 40
    assert found.shown > 15
    assert 0 < found.without < 40
    assert told == [(n, 40) for n in range(1, 41)]
    assert list(found.ms) == sorted(found.ms)


def test_changes_that_are_wrong_are_counted(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    table = study.sample(2_000, 1).filter(
        (pl.col("NAME_CONTRACT_TYPE").cast(pl.String) == "Cash loans") & (pl.col("AMT_CREDIT") > 150_000)
    )
    wrong = {
        "AMT_GOODS_PRICE": [1.1, 0.5],
        "AMT_CREDIT": [0.5, 1.2],
        "AMT_ANNUITY": [0.2, 6.0],
    }
    for name, factors in wrong.items():
        for factor in factors:

            def changes(_: Any, row: dict[str, Any], __: float, *, at: tuple[str, float] = (name, factor)) -> Any:
                change = FieldChange(at[0], row[at[0]], row[at[0]] * at[1])
                return (Counterfactual((change,), {}, 0.0, 0.0),)

            monkeypatch.setattr(reason_study, "find_changes", changes)
            found = study.count_changes(table.head(5))
            assert (found.shown, found.implausible) == (5, 5), (name, factor)


def test_a_step_too_far_is_counted(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = study.sample(60, 1)
    found = [find_changes(study.session, row, study.cutoff, n=1) for row in sample.iter_rows(named=True)]
    smaller = [row for row, each in enumerate(found) if each and set(each[0].steps) == {"size"}]
    too_far = iter([(replace(found[row][0], steps={"size": found[row][0].steps["size"] + 1}),) for row in smaller])
    monkeypatch.setattr(reason_study, "find_changes", lambda *_: next(too_far))
    assert study.count_changes(sample[smaller]).shrinkable == len(smaller) > 2


def test_arrays_are_of_the_table(study: Study) -> None:
    np.testing.assert_array_equal(study.probabilities, study.session.score_frame(study.table))
    assert study.closest.size == study.reference.n_applications == 2_000
