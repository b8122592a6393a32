"""How the amounts of a cash loan depend on one another, read from a real table.

The annuity is the credit times the rate of one of some hundred tariffs, for most loans with the same monthly fee on
top; the credit is the goods price times one plus a multiple of a fixed step (insurance). Amounts are rounded to 4.5.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.home_credit.building import numbers
from data.home_credit.marginals import Floats

AMOUNT_STEP = 4.5
MONTHLY_FEE = 130.5
INSURANCE_STEP = 0.00132
# Whole insurances are multiples of five steps.
INSURANCE_LATTICE = 0.0066
_HALF_STEP = 0.51 * AMOUNT_STEP
_RATE_STEP = 1e-5
_ROUNDS = 3


def read_credit_ratio(frame: pl.DataFrame) -> Floats:
    """Credit to goods price: where rounding explains the rest, one plus a whole number of insurance steps."""
    price = numbers(frame, "AMT_GOODS_PRICE")
    ratio = numbers(frame, "AMT_CREDIT") / price
    near = 1 + np.round((ratio - 1) / INSURANCE_STEP) * INSURANCE_STEP
    return np.asarray(np.round(np.where(np.abs(near - ratio) * price <= _HALF_STEP, near, ratio), 5), np.float64)


def read_tariffs(frame: pl.DataFrame) -> tuple[Floats, NDArray[np.bool_]]:
    """Each loan's rate (annuity less fee, to credit), and whether the fee is in its annuity.

    A loan has the fee if the rate that it then has is the commoner one; rates that are apart by rounding alone become
    their mean, weighted by the credit because larger credits show a rate more exactly.
    """
    credit, annuity = numbers(frame, "AMT_CREDIT"), numbers(frame, "AMT_ANNUITY")
    candidates = np.stack([annuity / credit, (annuity - MONTHLY_FEE) / credit])
    bins = np.round(np.nan_to_num(candidates) / _RATE_STEP).astype(np.intp).clip(0, round(1 / _RATE_STEP))
    counts = np.bincount(bins.ravel())
    for _ in range(_ROUNDS):
        around = np.convolve(counts, np.ones(3), "same")
        with_fee = around[bins[1]] >= around[bins[0]]
        chosen = np.where(with_fee, bins[1], bins[0])
        counts = np.bincount(chosen, minlength=counts.size)
    rate = np.where(with_fee, candidates[1], candidates[0])
    # Neighbouring bins that hold anything are one tariff.
    tariff = np.cumsum(np.diff(counts > 0, prepend=False))[chosen]
    known = np.nan_to_num(credit * np.isfinite(rate))
    total = np.bincount(tariff, known * np.nan_to_num(rate))
    mean = (total / np.maximum(np.bincount(tariff, known), 1e-9))[tariff]
    rounding = np.abs(mean - rate) * credit <= 2 * _HALF_STEP
    return np.asarray(np.round(np.where(rounding, mean, rate), 6), np.float64), with_fee
