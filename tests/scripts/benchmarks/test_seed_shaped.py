"""A model shaped like the report's, small: its shape, its contenders, and what counts as the same PD."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from scripts._measure import DifferenceError
from scripts.benchmarks.seed_shaped import (
    CHECKED_ROWS,
    REPORTED,
    TOLERANCE,
    SeedShaped,
    Shape,
    ShapeError,
    _always_first,
    _contenders,
    _medians_us,
    check_same,
    measure_seed_shaped,
)

SHAPE = Shape(trees=7, leaves=5, features=6)


@pytest.fixture(scope="module")
def model() -> SeedShaped:
    return SeedShaped.grow(SHAPE, training_rows=2_000)


def test_the_reported_shape() -> None:
    assert Shape(968, 64, 189) == REPORTED


def test_the_model_is_of_the_shape_asked_for(model: SeedShaped) -> None:
    text = model.wrapper.booster_.model_to_string()
    assert text.count("\nTree=") == 7
    assert text.count("\nnum_leaves=5\n") == 7
    assert model.wrapper.n_features_in_ == 6
    assert model.rows.shape == (CHECKED_ROWS, 6)
    assert model.rows.dtype == np.float32
    # 6,000 values, a tenth missing.
    assert np.isnan(model.rows).mean() == pytest.approx(0.1, abs=0.02)
    assert (model.wrapper.n_jobs, model.one_thread.n_jobs) == (None, 1)


def test_a_model_that_cannot_become_so_large_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"2 trees of \d+ to \d+ leaves were grown for Shape\(trees=2, leaves=60"):
        SeedShaped.grow(Shape(2, 60, 3), training_rows=200)


def pd_of(model: SeedShaped, row: int) -> float:
    """By walking the trees as LightGBM's own dump of them says, in plain Python."""
    values = model.rows[row]
    log_odds = 0.0
    for tree in model.wrapper.booster_.dump_model()["tree_info"]:
        node = tree["tree_structure"]
        while "split_index" in node:
            value = float(values[node["split_feature"]])
            if math.isnan(value) and node["missing_type"] == "NaN":
                is_left = node["default_left"]
            else:
                is_left = (0.0 if math.isnan(value) else value) <= node["threshold"]
            node = node["left_child" if is_left else "right_child"]
        log_odds += node["leaf_value"]
    return 1 / (1 + math.exp(-log_odds))


def test_every_contender_gives_the_pd_that_the_trees_say(model: SeedShaped) -> None:
    contenders = _contenders(model, 40)
    for row in range(40):
        found = [contender(row) for contender in contenders.values()]
        assert found == pytest.approx([pd_of(model, row)] * len(contenders), abs=TOLERANCE)


@pytest.mark.parametrize("wrong", [lambda pd: pd + 2e-6, lambda _: math.nan])
def test_another_pd_is_noticed(model: SeedShaped, wrong: Any) -> None:
    contenders = _contenders(model, 3)
    assert check_same(model, contenders, 3) <= TOLERANCE
    right: Any = contenders["onnx_us"]
    with pytest.raises(DifferenceError, match="onnx_us differs from the unpickled wrapper"):
        check_same(model, contenders | {"onnx_us": lambda row: wrong(right(row)) if row == 2 else right(row)}, 3)


def test_gains_are_ratios_of_the_medians(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    taken = {"pickle_us": 600, "pickle_frame_us": 1_200, "pickle_record_us": 3_000, "onnx_us": 20, "onnx_record_us": 30}

    def contender(microseconds: int) -> Any:
        def call(row: int) -> None:
            # The last row is slow; a median does not mind.
            now[0] += 1e-6 * microseconds * (10 if row == 4 else 1)

        return call

    figures = _medians_us({name: contender(each) for name, each in taken.items()}, 5, 1)
    assert figures == {**taken, "speedup": 30.0, "speedup_frame": 60.0, "speedup_record": 100.0}


def test_one_row_is_timed_again_and_again_and_different_ones_in_turn(model: SeedShaped) -> None:
    assert [_always_first(lambda row: 10 + row)(row) for row in range(3)] == [10, 10, 10]
    figures: Any = measure_seed_shaped(model, rows=3, rounds=1)
    different = figures.pop("different_rows")
    assert {name: figures.pop(name) for name in ("trees", "leaves", "features")} == asdict(SHAPE)
    assert different.pop("rows") == 3
    assert 0 < figures.pop("largest_difference") <= TOLERANCE
    assert figures.keys() == different.keys() == {*_contenders(model, 1), "speedup", "speedup_frame", "speedup_record"}
    assert min(*figures.values(), *different.values()) > 0
