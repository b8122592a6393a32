"""How many portfolios with nothing to find show a finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dashboard.metrics.counts import exact_counts
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.file_scores import unseen_counts
from dashboard.metrics.findings import Findings, find_faults
from dashboard.metrics.group_facts import Group, GroupFacts, group_facts
from dashboard.metrics.shift_findings import file_findings, shift_findings
from dashboard.metrics.stability import population_stability, stability_index
from dashboard.visit.assumptions import assume
from scripts.intervals.population import table

N_APPLICATIONS = 8_000
COLUMNS = (4, 8, 12)
MOST_GROUPS = max(COLUMNS)
N_IN_FILE = 500
# Break-even of the default terms, margin 5 % and LGD 45 %: the best cutoff where every PD is right.
BEST_CUTOFF = 0.1
_EXPOSURE = 1_000.0
_PD = Group("pd", "PD", 0, "")
# So many distinct PDs, from 0.4 % to 73 %, around 6 %.
_LOG_ODDS, _MEAN, _SPREAD = np.linspace(-5.5, 1.0, 300), -2.7, 0.9


def drawn(seed: int, *, n: int = N_APPLICATIONS, columns: Sequence[int] = COLUMNS) -> Findings:
    """The findings on a portfolio of right PDs, the best cutoff, and columns of so many groups that mean nothing."""
    rng = np.random.default_rng(seed)
    places = np.searchsorted(_LOG_ODDS, rng.normal(_MEAN, _SPREAD, n)).clip(max=_LOG_ODDS.size - 1)
    pd = 1 / (1 + np.exp(-_LOG_ODDS[places]))
    outcome = rng.random(n) < pd
    evaluation = Evaluation(exact_counts(outcome, pd, np.full(n, _EXPOSURE)), assume(BEST_CUTOFF))
    codes = {f"column {place}": rng.integers(0, size, n) for place, size in enumerate(columns)}
    groups = [facts for name, of_rows in codes.items() for facts in grouped(name, of_rows, outcome, pd, evaluation)]
    # The first of five folds beside the others, and a file of applications like these.
    is_first = rng.random(n) < 0.2
    shifts = {
        name: stability_index(*(np.bincount(of_rows[side], minlength=MOST_GROUPS) for side in (~is_first, is_first)))
        for name, of_rows in codes.items()
    }
    named = {name: Group(name, name, 0, "") for name in shifts}
    arrived = unseen_counts(pd[rng.integers(0, n, N_IN_FILE)])
    of_file = file_findings("file", N_IN_FILE, 0, population_stability(evaluation.counts, arrived).stability, _PD)
    return find_faults(evaluation, groups, (*shift_findings(shifts, named), *of_file))


def grouped(
    column: str, codes: npt.NDArray[np.int64], outcome: npt.ArrayLike, pd: npt.ArrayLike, evaluation: Evaluation
) -> tuple[GroupFacts, ...]:
    """The facts on the groups of a column, given each application's group, outcome and PD, all of one exposure."""
    outcomes, pds = np.asarray(outcome), np.asarray(pd)
    names = [str(code) for code in range(int(codes.max()) + 1)]
    parts = {
        code: exact_counts(outcomes[codes == code], pds[codes == code], np.full((codes == code).sum(), _EXPOSURE))
        for code in range(len(names))
    }
    return group_facts(column, column, names, parts, evaluation.counts)


def report(n_samples: int, seed: int) -> str:
    """The share of docs/metrics.md, and what was found."""
    found = [drawn(seed * n_samples + place) for place in range(n_samples)]
    kinds = Counter(fault.value for each in found for fault, _ in each.by_fault)
    share = sum(bool(each.by_fault) for each in found) / n_samples
    return table(
        ["portfolios", "checks", "with a finding", "kinds"],
        [[f"{n_samples:,}", str(found[0].n_checks), f"{100 * share:.1f} %", str(dict(kinds))]],
    )
