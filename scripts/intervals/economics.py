"""Coverage of the intervals of cost and profit at a cutoff."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dashboard.metrics.counts import exact_counts
from dashboard.metrics.economics import Costs, Terms, cost_curve, profit_curve, realised_at
from scripts.intervals.population import PDS, SHARES, Misses, drawn, table

COSTS, TERMS = Costs(10.0, 1.0), Terms(margin=0.05, lgd=0.45, ead=1.0)
CUTOFFS = (0.05, 0.0909, 0.16, 0.4)
DEFAULTS = (20, 50, 100, 500)


@dataclass(frozen=True, slots=True)
class Exposures:
    """Log-normal exposures: the spread of their logarithms, and by how much these fall per unit of PD."""

    spread: float
    slope: float = 0.0


EXPOSURES = (Exposures(0.6), Exposures(1.0), Exposures(0.6, 5.0))
Key = tuple[Exposures | None, float]


def measured(
    n_defaults: int,
    n_samples: int,
    seed: int,
    *,
    exposures: Sequence[Exposures] = EXPOSURES,
    cutoffs: Sequence[float] = CUTOFFS,
) -> dict[Key, Misses]:
    """What the intervals of cost (under None) and of profit (by exposures) miss, at each cutoff."""
    rng = np.random.default_rng(seed)
    misses: dict[Key, Misses] = {(kind, cutoff): Misses() for kind in (None, *exposures) for cutoff in cutoffs}
    truths = {(kind, cutoff): truth(kind, cutoff) for kind, cutoff in misses}
    for _ in range(n_samples):
        pd, outcome = drawn(n_defaults, rng)
        noise = rng.normal(size=pd.size)
        for kind in (None, *exposures):
            amounts = None if kind is None else np.exp(kind.spread * noise - kind.slope * pd)
            counts = exact_counts(outcome, pd, amounts)
            for cutoff, estimate in zip(
                cutoffs, realised_at(counts, COSTS if kind is None else TERMS, cutoffs), strict=True
            ):
                misses[kind, cutoff].count(estimate, truths[kind, cutoff])
    return misses


@dataclass(frozen=True, slots=True)
class AtTheBest:
    """What intervals miss at the cutoff that is best for the sample: of the figure there, and of the best cutoff."""

    figure: Misses = field(default_factory=Misses)
    cutoff: Misses = field(default_factory=Misses)


def at_the_best(n_defaults: int, n_samples: int, seed: int) -> tuple[AtTheBest, AtTheBest]:
    """The misses of cost and of profit."""
    rng, kind = np.random.default_rng(seed), EXPOSURES[0]
    cost, profit = AtTheBest(), AtTheBest()
    for _ in range(n_samples):
        pd, outcome = drawn(n_defaults, rng)
        counts = exact_counts(outcome, pd, np.exp(kind.spread * rng.normal(size=pd.size)))
        for missed, curve, stakes, exposures in (
            (cost, cost_curve(counts, COSTS, cutoff=0.1), COSTS, None),
            (profit, profit_curve(counts, TERMS, cutoff=0.1), TERMS, kind),
        ):
            best = curve.optimum if curve else None
            if curve is None or best is None or best.value is None or best.low is None or curve.theory is None:
                continue
            missed.figure.count(realised_at(counts, stakes, [best.value])[0], truth(exposures, best.value))
            # Cutoffs above the PD before decide as the lower end does.
            before = counts.edges[max(int(np.searchsorted(counts.edges, best.low)) - 1, 0)]
            missed.cutoff.count(replace(best, low=float(before)), curve.theory)
    return cost, profit


def truth(kind: Exposures | None, cutoff: float) -> float:
    """Cost or profit per application of the population."""
    if kind is None:
        each = np.where(cutoff > PDS, COSTS.false_approval * PDS, COSTS.false_decline * (1 - PDS))
    else:
        mean = math.exp(kind.spread**2 / 2) * np.exp(-kind.slope * PDS)
        each = np.where(cutoff > PDS, mean * (TERMS.margin * (1 - PDS) - TERMS.lgd * PDS), 0.0)
    return float((SHARES * each).sum())


def report(n_samples: int, seed: int) -> str:
    """The table of docs/metrics.md."""
    rows = []
    for n_defaults in DEFAULTS:
        misses = measured(n_defaults, n_samples, seed + n_defaults)
        for kind in (None, *EXPOSURES):
            cells = [" · ".join(misses[kind, cutoff].cells()) for cutoff in CUTOFFS]
            rows.append([str(n_defaults), _words(kind), *cells])
    first = table(["defaults", "figure", *(f"cutoff {100 * cutoff:g} %" for cutoff in CUTOFFS)], rows)
    picked = [at_the_best(n_defaults, n_samples, seed + n_defaults) for n_defaults in DEFAULTS]
    second = [
        [str(n_defaults), *(" · ".join(missed.cells()) for each in pair for missed in (each.figure, each.cutoff))]
        for n_defaults, pair in zip(DEFAULTS, picked, strict=True)
    ]
    head = ["defaults", "cost there", "cheapest cutoff", "profit there", "most profitable cutoff"]
    return first + "\n\n" + table(head, second)


def _words(kind: Exposures | None) -> str:
    if kind is None:
        return "cost, 10 to 1"
    return f"profit, spread {kind.spread:g}" + (", falling with PD" if kind.slope else "")
