"""Print a benchmark's figures, one a line, under their names in the JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_DIGITS = 3


def show(title: str, figures: Mapping[str, object], console: Console) -> None:
    """Write `figures` to `console` as a table."""
    table = Table("figure", title=title, title_justify="left")
    table.add_column("value", justify="right", overflow="fold")
    table.columns[0].overflow = "fold"
    for name, value in flatten(figures):
        # As text: what a figure says may hold what the console takes for markup.
        table.add_row(Text(name), Text(value))
    console.print(table)


def flatten(figures: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each single value with its dotted name, in the order of `figures`; values as `worded` puts them."""
    for key, value in figures.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(value, Mapping):
            yield from flatten(value, name)
        else:
            yield name, worded(value)


def worded(value: object) -> str:
    """A value for a reader: three significant digits or all before the point, thousands apart, series on one line."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _rounded(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(worded, value))
    return str(value)


def _rounded(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    # From the rounded value: 9.996 has one digit before the point, and two once it is rounded.
    magnitude = math.floor(math.log10(abs(float(f"{value:.{_DIGITS - 1}e}")))) if value else 0
    return f"{value:,.{max(0, _DIGITS - 1 - magnitude)}f}"
