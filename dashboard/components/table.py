"""Tables: as Streamlit passes them on without a copy, and small ones as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
import streamlit as st

from dashboard.words import labels

if TYPE_CHECKING:
    import pyarrow as pa


def as_arrow(table: pl.DataFrame | Mapping[str, Sequence[object]]) -> pa.Table:
    """`table` as Arrow: for anything else, Streamlit loads pandas, which takes most of a second."""
    frame = table if isinstance(table, pl.DataFrame) else pl.DataFrame(dict(table), strict=False)
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def render_frame(table: pl.DataFrame | Mapping[str, Sequence[object]], **arguments: Any) -> Any:
    """Write `table` with Streamlit's `arguments` for a dataframe and return what is selected; no value is a dash."""
    frame = table if isinstance(table, pl.DataFrame) else pl.DataFrame(dict(table), strict=False)
    names = labels.distinct({name: name for name in frame.columns})
    config = {names.get(name, name): told for name, told in arguments.pop("column_config", {}).items()}
    shown = frame.rename(names).with_columns(pl.selectors.string().map_batches(_literal, return_dtype=pl.String))
    return st.dataframe(
        as_arrow(shown), hide_index=True, placeholder=labels.NOT_DEFINED, column_config=config, **arguments
    )


def _literal(texts: pl.Series) -> pl.Series:
    suspects = texts.filter(texts.str.contains(r"[^ -~]")).unique()
    return texts.replace(suspects, [labels.literal(text) for text in suspects])


def render_small_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table of a few rows as text that can be read, copied and wrapped; every cell is Markdown."""
    first, *others = (f"| {' | '.join(line)} |" for line in (header, *rows))
    st.markdown("\n".join([first, f"{'|---' * len(header)}|", *others]))
