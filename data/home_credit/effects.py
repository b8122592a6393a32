"""How strongly each column parts defaults from the others, and whether a synthetic table has the effects of a real one.

An effect is the gap between the means of defaults and of the others, in standard deviations of the column (Cohen's d,
with the overall deviation). Numbers are clipped at their 1 % and 99 % quantiles; a level of a category and a missing
value count as a column of zeros and ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.columns import Kind
from data.home_credit import embedded
from data.home_credit.marginals import Floats

# Fewer rows than this on either side make an effect that is mostly chance.
_MIN_ROWS = 50
_NOTICEABLE = 0.1
_CLOSE = 0.15


def effects(table: pl.DataFrame) -> dict[str, float]:
    """The effect of each column, level and blank that enough rows have and enough lack, by name.

    Args:
        table: all 122 columns, with outcomes.
    """
    outcome = table[embedded.TARGET].to_numpy().astype(bool)
    found = {}
    for name, values in _columns(table):
        known = ~np.isnan(values)
        effect = _effect(values[known], outcome[known])
        if effect is not None:
            found[name] = effect
    return found


def effect_slope(real: Mapping[str, float], synthetic: Mapping[str, float]) -> float:
    """Slope through the origin of synthetic on real effects; 1 where they are equal, below where they are shrunk."""
    names = real.keys() & synthetic.keys()
    return sum(real[name] * synthetic[name] for name in names) / sum(real[name] ** 2 for name in names)


def share_close(real: Mapping[str, float], synthetic: Mapping[str, float]) -> float:
    """Share of the effects of at least 0.1 that the synthetic table has to within 15 % of themselves."""
    large = [name for name in real.keys() & synthetic.keys() if abs(real[name]) >= _NOTICEABLE]
    close = [name for name in large if abs(synthetic[name] / real[name] - 1) <= _CLOSE]
    return len(close) / max(len(large), 1)


def _columns(table: pl.DataFrame) -> Iterator[tuple[str, Floats]]:
    for column in embedded.COLUMNS:
        if column.kind is Kind.ID or column.name == embedded.TARGET:
            continue
        series = table[column.name]
        if column.kind is Kind.CATEGORY:
            texts = series.cast(pl.String)
            for level in sorted(texts.drop_nulls().unique().to_list()):
                yield f"{column.name} = {level}", (texts == level).fill_null(value=False).cast(pl.Float64).to_numpy()
        else:
            values = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
            if column.name == "DAYS_EMPLOYED":
                values = np.where(values == embedded.NOT_EMPLOYED, np.nan, values)
            yield column.name, values
        yield f"{column.name} missing", series.is_null().cast(pl.Float64).to_numpy()


def _effect(values: Floats, outcome: NDArray[np.bool_]) -> float | None:
    if (
        values.size == 0
        or np.count_nonzero(values != np.median(values)) < _MIN_ROWS
        or not 0 < outcome.sum() < outcome.size
    ):
        return None
    clipped = np.clip(values, *np.quantile(values, [0.01, 0.99])) if np.unique(values).size > 2 else values
    spread = clipped.std()
    return float((clipped[outcome].mean() - clipped[~outcome].mean()) / spread) if spread else None
