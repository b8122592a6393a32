from __future__ import annotations

from scripts.intervals.separation import DEFAULTS, MODELS, measured, report


def test_intervals_of_a_usual_model_cover_its_true_auc() -> None:
    auc, ks = measured(*MODELS["usual"], 50, n_samples=300, seed=6)
    assert (auc.samples, ks.samples) == (300, 300)
    assert auc.coverage is not None
    assert auc.coverage > 0.95 - 3 * (0.05 * 0.95 / 300) ** 0.5


def test_the_report_has_two_lines_for_each_model() -> None:
    lines = report(2, 7).splitlines()
    assert len(lines) == 2 + 2 * len(MODELS)
    assert {line.count("|") for line in lines} == {len(DEFAULTS) + 2}
