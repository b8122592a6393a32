from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from dashboard.metrics.paired import PairedRows, rank_scores
from dashboard.metrics.paired_ranking import paired_auc
from dashboard.metrics.paired_segments import segment_differences

RNG = np.random.default_rng(6)
N = 6_000
RISK = RNG.normal(size=N)
OUTCOME = (RNG.random(N) < 1 / (1 + np.exp(1.5 - RISK))).astype(np.uint8)
REGION = RNG.choice([0, 1, 2], N, p=[0.596, 0.4, 0.004]).astype(np.uint8)
# The second model sees the risk in the second region and hardly in the first.
ONE = 1 / (1 + np.exp(1.5 - RISK - 0.8 * RNG.normal(size=N)))
TWO = 1 / (1 + np.exp(1.5 - np.where(REGION == 1, RISK, 0.2 * RISK) - 0.3 * RNG.normal(size=N)))
ROWS = PairedRows(rank_scores(ONE), rank_scores(TWO), OUTCOME)
COLUMNS = {
    "region": (REGION, ["north", "south", "islands"]),
    "half": ((np.arange(N) % 2).astype(np.uint8), ["even", "odd"]),
}


@pytest.mark.parametrize("weight", [None, RNG.uniform(0.5, 2, N)], ids=["rows", "weights"])
def test_each_segment_is_compared_as_a_cohort_of_its_own(weight: npt.NDArray[np.float64] | None) -> None:
    rows = PairedRows(ROWS.one, ROWS.two, OUTCOME, weight)
    found = segment_differences(rows.sample, COLUMNS)
    assert found.compared == 4
    quantile = stats.norm.ppf(1 - 0.05 / 4 / 2)
    for segment in found.segments:
        codes, names = COLUMNS[segment.column]
        own = paired_auc(rows.take(np.flatnonzero(codes == names.index(segment.name))).sample)
        assert own is not None
        if segment.name == "islands":
            assert "fewer than 10" in segment.difference.explanation
            continue
        assert segment.aucs == pytest.approx((own.one, own.two), abs=1e-12)
        assert segment.difference.value == pytest.approx(own.difference.value, abs=1e-12)
        reach = (segment.difference.high or 0) - (segment.difference.value or 0)
        # Student's quantile is a little above the normal one.
        assert reach == pytest.approx(quantile * own.standard_error, rel=0.03)
        assert reach > quantile * own.standard_error


def test_the_clearest_difference_comes_first_and_what_is_not_compared_last() -> None:
    found = segment_differences(ROWS.sample, COLUMNS)
    apart = [max(each.difference.low or 0, -(each.difference.high or 0), 0) for each in found.segments[:-1]]
    assert apart == sorted(apart, reverse=True)
    assert apart[0] > 0
    assert found.segments[-1].name == "islands"


def test_many_rows_are_told_apart_in_groups_of_scores() -> None:
    often = np.tile(np.arange(N), 8)
    rng = np.random.default_rng(1)
    noise = 1e-6 * rng.random((2, often.size))
    rows = PairedRows(rank_scores(ONE[often] + noise[0]), rank_scores(TWO[often] + noise[1]), OUTCOME[often])
    found = segment_differences(rows.sample, {"region": (REGION[often], COLUMNS["region"][1])})
    for segment in found.segments:
        own = paired_auc(rows.take(np.flatnonzero(REGION[often] == segment.code)).sample)
        assert own is not None
        assert segment.difference.value == pytest.approx(own.difference.value, abs=2e-5)
