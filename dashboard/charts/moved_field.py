"""A field that is varied while all others stay: its values, the applicant's own, and parts that such charts share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.charts.template import LONGEST_HINT, FigureTheme, set_axis, worded_name
from dashboard.metrics.counts import FloatArray
from dashboard.words.labels import amount, brief_percent
from inference.model.decision import is_declined

_LONGEST_TICK = 22
# Up to this many numbers get a tick each; with more, Plotly chooses.
_MOST_TICKS = 8
# PDs from a session are float32, computed ones float64.
PdArray: TypeAlias = npt.NDArray[np.floating[Any]]
# Hover labels have no decimals if numbers reach this far.
_WHOLE_FROM = 1_000


@dataclass(frozen=True, slots=True)
class MovedField:
    """A field that is moved: its values in `unit`, rising, or its levels in words; with the applicant's own.

    `current` is None if the applicant's own value is missing or special; `current_words` says which.
    """

    label: str
    unit: str
    values: tuple[float, ...] | tuple[str, ...]
    current: float | str | None
    current_words: str

    def __post_init__(self) -> None:
        numbers = self.numbers
        if numbers.size and not (np.isfinite(numbers).all() and (np.diff(numbers) > 0).all()):
            raise ValueError(f"The values of {self.label} must be finite and rising.")

    @property
    def is_number(self) -> bool:
        """Whether the values are numbers."""
        return not any(isinstance(value, str) for value in self.values)

    @property
    def numbers(self) -> FloatArray:
        """The values as numbers; empty for levels."""
        return np.array(self.values if self.is_number else (), dtype=np.float64)

    @property
    def title(self) -> str:
        """The label, with the unit where there is one."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def words(self) -> tuple[str, ...]:
        """The values in words, without the unit."""
        return tuple(value if isinstance(value, str) else amount(value) for value in self.values)

    @property
    def places(self) -> FloatArray:
        """Where the values stand on an axis: numbers at themselves, levels in a row."""
        return self.numbers if self.is_number else np.arange(len(self.values), dtype=np.float64)

    @property
    def current_place(self) -> float | None:
        """Place of the applicant's own value; None if it is not one of the levels or lies outside the values."""
        if isinstance(self.current, str):
            return float(self.values.index(self.current)) if self.current in self.values else None
        if self.current is None or not self.is_number or not self.values:
            return None
        inside = float(self.values[0]) <= self.current <= float(self.values[-1])
        return float(self.current) if inside else None


def decisions(pds: PdArray, cutoff: float) -> list[str]:
    """The decision on each PD in a word."""
    return ["declined" if declined else "approved" for declined in is_declined(pds, cutoff)]


def own_mark(x: float, y: float, own_pd: float, theme: FigureTheme) -> go.Scatter:
    """A diamond where the applicant stands; the legend says the PD."""
    name = f"This applicant: {brief_percent(own_pd)}"
    return go.Scatter(
        name=name,
        x=np.array([x], dtype=np.float32),
        y=np.array([y], dtype=np.float32),
        mode="markers",
        marker={"symbol": "diamond", "size": 13, "color": theme.surface, "line": {"color": theme.text, "width": 2.5}},
        hovertemplate=name + "<extra></extra>",
    )


def set_field_axis(figure: go.Figure, side: str, moved: MovedField, **settings: object) -> None:
    """Give the axis ("x", "y") the field's title and, where it has levels, their words."""
    ticks: dict[str, object] = {}
    if moved.is_number:
        ticks["hoverformat"] = ",.0f" if np.abs(moved.numbers).max() >= _WHOLE_FROM else ".4~g"
        if len(moved.values) <= _MOST_TICKS:
            ticks |= {"tickvals": moved.places.tolist(), "ticktext": list(moved.words)}
    else:
        ticks |= {"tickvals": moved.places.tolist(), "ticktext": [worded_name(w, _LONGEST_TICK) for w in moved.words]}
        if side == "x":
            ticks["tickangle"] = -40
    set_axis(figure, side, title=worded_name(moved.title, LONGEST_HINT), **ticks, **settings)
