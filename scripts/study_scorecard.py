"""Make a scorecard of the applications at hand and compare it, row by row, with optbinning and scikit-learn themselves.

Usage: python -m scripts.study_scorecard [--seed 1]
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.definition.at_hand import load_definition
from data.files.convert import open_applications
from data.settings import load_settings
from inference.features.definition_features import feature_set
from inference.features.encoding import FeatureSet, level_codes
from inference.model.training import outcomes, with_outcome
from inference.scorecard.card import CardBin, CardBinKind, Characteristic
from inference.scorecard.settings import ScorecardSettings
from inference.scorecard.training import TrainedScorecard, train_scorecard
from scripts._cli import progress, run

Floats = NDArray[np.float64]
# A special value is told by an indicator; it is written as this number again, which no column holds.
_SPECIAL, _BEYOND = -1e30, 1e29


def main() -> None:
    """Train, print what came of it, and the largest difference to the reference."""
    parser = argparse.ArgumentParser(prog="python -m scripts.study_scorecard", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=None, help="of the folds (default: SCOREROOM_SEED)")
    arguments = parser.parse_args()
    own = load_settings()
    definition = load_definition(own)
    applications = with_outcome(open_applications(own, definition).collect(), definition)
    seed = own.seed if arguments.seed is None else arguments.seed
    started = perf_counter()
    with progress("Training") as advance:
        trained = train_scorecard(applications, feature_set(definition), seed=seed, progress=advance)
    print(f"{trained.quality.n_rows:,} applications, {perf_counter() - started:.1f} s")
    print(f"characteristics {trained.trees}, left out {len(trained.card.left_out)}")
    print(f"AUC out of fold {trained.quality.roc_auc:.5f}, mean PD {trained.quality.mean_probability:.5f}")
    matrix = trained.features.matrix(applications)
    expected = reference_probabilities(trained, matrix, outcomes(applications, definition))
    found = np.asarray(trained.booster.predict(matrix))
    print(f"largest difference to optbinning and scikit-learn {np.abs(found - expected).max():.1e}")


def reference_probabilities(
    trained: TrainedScorecard, matrix: NDArray[np.float32], target: NDArray[np.uint8]
) -> Floats:
    """PDs of the rows by optbinning's transformation into the card's bins and scikit-learn's regression on them.

    Both are fitted anew on the rows: nothing but the edges and levels of the bins is taken from the card.
    """
    from sklearn.linear_model import LogisticRegression

    woe = np.column_stack(
        [_woe(each, trained.features, matrix, target, trained.settings) for each in trained.card.characteristics]
    )
    model = LogisticRegression(C=trained.settings.inverse_penalty, solver="newton-cholesky", tol=1e-10)
    result: Floats = model.fit(woe, target).predict_proba(woe)[:, 1]
    return result


def _woe(
    each: Characteristic,
    features: FeatureSet,
    matrix: NDArray[np.float32],
    target: NDArray[np.uint8],
    settings: ScorecardSettings,
) -> Floats:
    from optbinning import OptimalBinning

    places = {name: place for place, name in enumerate(features.names)}
    codes = level_codes(features.features[places[each.feature]])
    lines = {kind: [line for line in each.bins if line.kind is kind] for kind in CardBinKind}
    values = matrix[:, places[each.feature]].astype(np.float64)
    specials = {}
    for number, line in enumerate(lines[CardBinKind.SPECIAL]):
        specials[line.words] = _SPECIAL * (number + 1)
        values[np.isnan(values) & (matrix[:, places[line.indicator]] == 1)] = specials[line.words]
    binning = OptimalBinning(
        monotonic_trend=None, special_codes=specials or None, min_prebin_size=1e-6, **_bins(lines, codes)
    )
    binning.fit(values, target)
    woe: Floats = binning.transform(values, metric="woe", metric_special="empirical", metric_missing="empirical")
    few = settings.least_rows
    for line in (*lines[CardBinKind.SPECIAL], *lines[CardBinKind.MISSING]):
        is_missing = line.kind is CardBinKind.MISSING
        if line.n < few:
            woe[np.isnan(values) if is_missing else values == specials[line.words]] = 0.0
    if codes:
        known = [codes[level] for line in each.bins for level in line.levels]
        woe[~np.isin(values, known) & ~np.isnan(values)] = 0.0
    return woe


def _bins(lines: Mapping[CardBinKind, list[CardBin]], codes: Mapping[str, float]) -> dict[str, Any]:
    """optbinning's arguments for bins that are given."""
    if codes:
        groups = [[codes[level] for level in line.levels] for line in lines[CardBinKind.LEVELS]]
        given = np.empty(len(groups), dtype=object)
        given[:] = groups
        return {"dtype": "categorical", "user_splits": given, "user_splits_fixed": [True] * len(groups)}
    edges = [line.low for line in lines[CardBinKind.RANGE] if line.low is not None]
    # optbinning takes no empty list; it drops an edge with nothing above it.
    return {"user_splits": edges, "user_splits_fixed": [True] * len(edges)} if edges else {"user_splits": [_BEYOND]}


if __name__ == "__main__":
    run(main)
