"""Loans as somebody might bring them: scores, what happened, and what was known of the applicants."""

from __future__ import annotations

import numpy as np
import polars as pl


def make_loans(n_rows: int, *, seed: int = 17) -> pl.DataFrame:
    """Loans whose outcome follows `pd`, which follows `income` and `region`."""
    random = np.random.default_rng(seed)
    income = np.round(random.lognormal(10, 0.5, n_rows), 2)
    region = random.choice(["north", "south", "west"], n_rows)
    logit = -1.8 - 1.5 * (np.log(income) - 10) + 0.8 * (region == "west")
    pds = np.round(1 / (1 + np.exp(-logit)), 6)
    return pl.DataFrame(
        {
            "loan": [f"L{n:06d}" for n in range(n_rows)],
            "income": income,
            "region": region,
            "pd": pds,
            "defaulted": (random.random(n_rows) < pds).astype(int),
        }
    )
