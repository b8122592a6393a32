"""Numbers of a column that stand for a meaning, such as -9 for "no record"."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

# -9, 99, 888, 9998 and the like; 365243 days are a thousand years.
CODE_SHAPES = (
    365_243,
    -1,
    *(sign * int(digit * n) for sign in (1, -1) for digit in "56789" for n in range(1, 13)),
    *(sign * int("9" * n + digit) for sign in (1, -1) for digit in "5678" for n in range(1, 6)),
)
_SHAPES = [float(shape) for shape in CODE_SHAPES]
_LEAST_REPEATS, _LEAST_SHARE = 3, 5_000
_LEAST_POSITIVE = 90
_SPREADS = 3


def codes_among(values: pl.Series) -> list[float]:
    """Whole numbers that stand for a meaning: repeated, of a usual shape, and far outside the other `values`.

    `values` are Float64 without nulls. The codes farthest from zero come first. A column is passed over a few times,
    never sorted: of thirty million rows that would take longer than reading them.
    """
    shaped = values.filter(values.is_in(_SHAPES)).value_counts()
    least = max(_LEAST_REPEATS, len(values) // _LEAST_SHARE)
    counts = {value: n for value, n in shaped.iter_rows() if n >= least}
    found: list[float] = []
    for value in sorted(counts, key=lambda value: (-abs(value), value)):
        # 5 and 77 are quantities as often as codes.
        if 0 < value < _LEAST_POSITIVE:
            continue
        # Codes come in families, of which none is among the quantities that another is held against.
        apart = {*found, *(each for each in counts if (each < 0) == (value < 0))}
        n_bulk = len(values) - sum(counts[each] for each in apart)
        if _is_apart(value, values, apart, counts[value], n_bulk):
            found.append(value)
    return found


def _is_apart(value: float, values: pl.Series, apart: Collection[float], n: int, n_bulk: int) -> bool:
    """Whether `value`, of `n` rows, is far outside the `n_bulk` rows that are not `apart`."""
    if n_bulk < _LEAST_REPEATS:
        return False
    low, high = _end(values, apart, is_high=False), _end(values, apart, is_high=True)
    if low == high:
        return False
    spread = max(high - low, 1.0)
    if value < 0:
        # Quantities that are never negative: a repeated -9 among them is a code, however near.
        return low >= 0 or value < low - _SPREADS * spread
    if value > high + _SPREADS * spread:
        return True
    # 99 among ages of up to 79: a gap, and more rows than any value near it has.
    return value > high + 0.2 * spread and n > 5 * n_bulk / (values.n_unique() - len(apart))


def _end(values: pl.Series, apart: Collection[float], *, is_high: bool) -> float:
    """The highest or the lowest of `values` that is not `apart`; there is one."""
    left = values
    while True:
        end = float(str(left.max() if is_high else left.min()))
        if end not in apart:
            return end
        left = left.filter(left < end if is_high else left > end)
