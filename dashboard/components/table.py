"""Tables in the form that Streamlit passes on as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa


def as_arrow(table: pl.DataFrame | Mapping[str, Sequence[object]]) -> pa.Table:
    """`table` as Arrow: for anything else, Streamlit loads pandas, which takes most of a second."""
    frame = table if isinstance(table, pl.DataFrame) else pl.DataFrame(dict(table), strict=False)
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
