from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dashboard.metrics.counts import FloatArray, exact_counts
from dashboard.metrics.economics import Costs, Terms
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.metrics.paired import PairedRows, rank_scores
from dashboard.metrics.paired_comparison import Better, PairedComparison, PairedFigure
from dashboard.metrics.paired_segments import SegmentDifference, SegmentDifferences
from dashboard.words import paired_words

ASSUMED = Assumptions(0.1, Costs(10, 1), Terms(0.05, 0.45, 10_000.0), beta=2.0, n_groups=10)
RNG = np.random.default_rng(4)
PD = RNG.beta(1.2, 9, 12_000)
OUTCOME = (RNG.random(12_000) < PD).astype(np.uint8)
NOISY = np.clip(PD * np.exp(0.7 * RNG.normal(size=12_000)), 0.001, 0.999)
NAMES = ("old", "new")


def compared(one: FloatArray, two: FloatArray, outcome: npt.NDArray[np.uint8] = OUTCOME) -> PairedComparison:
    evaluations = [Evaluation(exact_counts(outcome, pd), ASSUMED) for pd in (one, two)]
    rows = PairedRows(rank_scores(one), rank_scores(two), outcome)
    return PairedComparison(NAMES, rows, (evaluations[0], evaluations[1]))


def test_the_better_ranking_is_named_whichever_stands_first() -> None:
    one, two = (paired_words.ranking_verdict(compared(*pair)) for pair in ((NOISY, PD), (PD, NOISY)))
    assert one.startswith("By AUC, new ranks better than old, by 0.0")
    assert two == one.replace("new", "?").replace("old", "new").replace("?", "old")


def test_what_chance_may_explain_is_said() -> None:
    found = compared(PD, np.clip(PD + 0.001 * RNG.normal(size=PD.size), 1e-4, 1))
    assert "which chance may explain" in paired_words.ranking_verdict(found)
    assert paired_words.ranking_verdict(compared(PD, PD / 2)) == "The applications are ranked by new exactly as by old."


def test_whose_pds_are_closer() -> None:
    assert "PDs of new are closer" in paired_words.pd_verdict(compared(NOISY, PD))
    assert "PDs of old are closer" in paired_words.pd_verdict(compared(PD, PD / 4))


def test_the_swap_set_in_words() -> None:
    found = compared(NOISY, PD)
    swap = found.swap((0.1, 0.1), ASSUMED.terms)
    said = paired_words.swap_verdict(swap, NAMES, "EUR")
    into, out = (int(((PD < 0.1) & (NOISY >= 0.1)).sum()), int(((PD >= 0.1) & (NOISY < 0.1)).sum()))
    assert said.startswith(f"{into:,} applicants would be swapped in (approved by new alone), of whom ")
    assert f"; {out:,} applicants would be swapped out (approved by old alone), of whom " in said
    assert "Those swapped in default less often, by " in said
    assert " EUR" in said
    same = compared(PD, PD)
    assert "nobody is swapped" in paired_words.swap_verdict(same.swap((0.1, 0.1), ASSUMED.terms), NAMES)


@pytest.mark.parametrize(
    ("better", "one", "two", "for_second"),
    [
        (Better.HIGHER, 0.7, 0.8, True),
        (Better.LOWER, 0.7, 0.8, False),
        (Better.ZERO, -0.3, 0.1, True),
        (Better.ONE, 0.9, 1.3, False),
    ],
)
def test_which_value_is_better(better: Better, one: float, two: float, for_second: bool) -> None:
    gap = Estimate(two - one, two - one - 0.01, two - one + 0.01)
    assert paired_words.is_for_second(PairedFigure("x", "X", better, Estimate(one), Estimate(two), gap)) is for_second
    unsure = Estimate(two - one, two - one - 1, two - one + 1)
    assert paired_words.is_for_second(PairedFigure("x", "X", better, Estimate(one), Estimate(two), unsure)) is None


def test_segments_in_which_the_models_surely_differ_are_counted() -> None:
    def segment(name: str, found: Estimate) -> SegmentDifference:
        return SegmentDifference("region", 0, name, 100, 20, (0.7, 0.7), found)

    found = SegmentDifferences(
        (segment("north", Estimate(-0.1, -0.15, -0.05)), segment("south", Estimate(0.1, -0.05, 0.2))), 2
    )
    said = paired_words.segments_verdict(found, NAMES, str.title)
    assert said.startswith(
        "In 1 of 2 segments the models rank differently beyond chance, most clearly in “north” of Region: there old"
    )
    none = SegmentDifferences(found.segments[1:], 1)
    assert paired_words.segments_verdict(none, NAMES, str.title).startswith("In none of 1 segment ")
    assert "enough" in paired_words.segments_verdict(SegmentDifferences((), 0), NAMES, str.title)
