"""A chart as one value: what it shows, what it says in words, and the data behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import polars as pl

from dashboard.charts.template import Table


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure with its alternative text and its data.

    `name` identifies the chart and names its file; `method` is the heading of the section in docs/metrics.md that says
    how it is computed. `alt` says in a few sentences what the figure shows. `table` is the data: header, with its
    unit, to the values of a column.
    """

    name: str
    method: str
    figure: go.Figure
    alt: str
    table: Table

    @property
    def title(self) -> str:
        """The conclusion that stands above the figure."""
        return self.figure.layout.title.text or ""

    @property
    def subtitle(self) -> str:
        """What is drawn, in smaller letters under the title; may be empty."""
        return self.figure.layout.title.subtitle.text or ""

    def reworded(self, words: Callable[[Any], Any]) -> Chart:
        """The chart with all its texts as `words` puts them: parts of the figure, alternative text, headers, cells."""
        table = {words(name): words(list(values)) for name, values in self.table.items()}
        return replace(self, figure=go.Figure(words(self.figure.to_dict())), alt=words(self.alt), table=table)

    def frame(self) -> pl.DataFrame:
        """The data as a frame with a column per header; undefined values are null."""
        return table_frame(self.table)


def listed(values: npt.NDArray[np.float64]) -> list[float | None]:
    """`values` as a column of a chart's data, NaN as None."""
    return [None if np.isnan(value) else float(value) for value in values]


def table_frame(table: Table) -> pl.DataFrame:
    """A chart's data as a frame; numbers and words in one column become words."""
    return pl.DataFrame(dict(table), strict=False)
