"""Tables: as Streamlit passes them on without a copy, and small ones as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
import streamlit as st

from dashboard import state
from dashboard.components.downloads import note_table, unmarked
from dashboard.words import labels

if TYPE_CHECKING:
    import pyarrow as pa


# Formats of the browser that Python writes alike.
_PRINTED = re.compile(r"%\+?\.\d+f(?: %%)?")


def as_arrow(table: pl.DataFrame | Mapping[str, Sequence[object]]) -> pa.Table:
    """`table` as Arrow: for anything else, Streamlit loads pandas, which takes most of a second."""
    frame = table if isinstance(table, pl.DataFrame) else pl.DataFrame(dict(table), strict=False)
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def render_frame(
    table: pl.DataFrame | Mapping[str, Sequence[object]], *, alt: str, name: str | None = None, **arguments: Any
) -> Any:
    """Write `table` with Streamlit's `arguments` for a dataframe and return what is selected; no value is a dash.

    The page offers it to be taken away as `name`, or as what `alt` says; one whose name is empty has its own files.
    """
    frame = table if isinstance(table, pl.DataFrame) else pl.DataFrame(dict(table), strict=False)
    if name is None or name:
        note_table(name or alt, frame)
    names = labels.distinct({name: state.score_words(name) for name in frame.columns})
    config = {names.get(name, name): told for name, told in arguments.pop("column_config", {}).items()}
    shown = frame.rename(names).with_columns(pl.selectors.string().map_batches(_literal, return_dtype=pl.String))
    shown, config = _with_true_minus(shown, config)
    return st.dataframe(
        as_arrow(shown), hide_index=True, placeholder=labels.NOT_DEFINED, column_config=config, alt=alt, **arguments
    )


def _with_true_minus(frame: pl.DataFrame, config: Mapping[str, Any]) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Columns of numbers below 0 in words, aligned as numbers are: the browser would write their sign as a hyphen."""
    changed = dict(config)
    for name, told in config.items():
        form = (told.get("type_config") or {}).get("format") or ""
        if name not in frame.columns or not _PRINTED.fullmatch(form) or not _goes_below_zero(frame[name]):
            continue
        values = [None if value is None else (form % value).replace("-", "−") for value in frame[name].to_list()]
        frame = frame.with_columns(pl.Series(name, values, dtype=pl.String))
        changed[name] = {**told, "type_config": {"type": "text"}, "alignment": "right"}
    return frame, changed


def _goes_below_zero(values: pl.Series) -> bool:
    return values.dtype.is_numeric() and bool((values < 0).any())


def _literal(texts: pl.Series) -> pl.Series:
    suspects = texts.filter(texts.str.contains(r"[^ -~]")).unique()
    return texts.replace(suspects, [labels.literal(text) for text in suspects])


def render_small_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, name: str) -> None:
    """Write a table of a few rows as text that can be read, copied and wrapped; every cell is Markdown.

    The page offers it to be taken away as `name`; one whose name is empty has its own files.
    """
    rows = [tuple(row) for row in rows]
    if name:
        columns = zip(*rows, strict=True) if rows else [()] * len(header)
        note_table(
            name,
            pl.DataFrame({unmarked(each): map(unmarked, cells) for each, cells in zip(header, columns, strict=True)}),
        )
    first, *others = (f"| {' | '.join(line)} |" for line in (header, *rows))
    st.markdown("\n".join([first, f"{'|---' * len(header)}|", *others]))
