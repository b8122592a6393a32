from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from data.home_credit.residuals import draw_scores, fit_links, normal_quantile, normal_share, score_rows
from data.home_credit.trees import Leaf

N = 4_000


def test_the_normal_distribution_function_is_that_of_the_standard_library() -> None:
    grid = np.linspace(-4, 4, 161)
    exact = [NormalDist().cdf(x) for x in grid]
    np.testing.assert_allclose(normal_share(grid), exact, atol=1e-6)
    np.testing.assert_allclose(normal_quantile(np.array(exact)), grid, atol=0.005)


def test_scores_say_where_in_its_leaf_a_row_lies() -> None:
    # Codes 0 and 1 have a quarter and three quarters of the leaf; the rows lie in the middle of each.
    leaf = (Leaf((1, 3)), np.array([0, 1], np.int32))
    scores = score_rows([leaf], np.array([0, 1], np.uint8), np.array([0.5, 0.5]), 2, np.random.default_rng(1))
    np.testing.assert_allclose(scores, [NormalDist().inv_cdf(0.125), NormalDist().inv_cdf(0.625)], atol=1e-3)


def test_links_find_the_slope_inside_leaves_and_leave_noise_out() -> None:
    rng = np.random.default_rng(2)
    cause, noise = rng.standard_normal((2, N))
    own = 0.6 * cause + 0.8 * rng.standard_normal(N)
    # A shift between leaves is explained by the tree and must not count again.
    own[: N // 2] += 50
    cause[: N // 2] += 50
    leaves = [(Leaf((1,)), np.arange(N // 2)), (Leaf((1,)), np.arange(N // 2, N))]
    links = fit_links(own, {"cause": cause, "noise": noise}, leaves)  # type: ignore[arg-type]
    assert links == {"cause": pytest.approx(0.6, abs=0.04)}
    assert fit_links(own, {}, leaves) == {}  # type: ignore[arg-type]


def test_drawn_scores_have_spread_one_and_the_correlation_of_the_link() -> None:
    rng = np.random.default_rng(3)
    cause = rng.standard_normal(20_000).astype(np.float32)
    scores = draw_scores({"cause": 0.6}, {"cause": cause}, cause.size, rng)
    assert float(np.std(scores)) == pytest.approx(1.0, abs=0.02)
    assert float(np.corrcoef(scores, cause)[0, 1]) == pytest.approx(0.6, abs=0.02)
