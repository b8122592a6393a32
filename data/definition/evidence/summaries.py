"""A column of a stranger's table in figures: what its cells are, how many differ, and which are gaps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.evidence import vocabulary as words
from data.reading.dates import FORMS

_SAMPLE = 200
_MOSTLY = 0.9


@dataclass(frozen=True)
class Summary:
    """One column: `text` is null in gaps; `numbers` are Float64 and given where every cell is a number or a gap.

    `gaps` are the texts that stood for nothing, as the file spells them; `date_format` is how a date is written.
    """

    name: str
    place: int
    text: pl.Series
    numbers: pl.Series | None
    gaps: tuple[str, ...]
    date_format: str | None

    @cached_property
    def n_missing(self) -> int:
        """Rows without a value."""
        return self.text.null_count()

    @cached_property
    def n_given(self) -> int:
        """Rows with a value."""
        return len(self.text) - self.n_missing

    @cached_property
    def counts(self) -> dict[str, int]:
        """Every text and how often it occurs, the most frequent first."""
        table = self.text.drop_nulls().alias("value").value_counts(name="n")
        return dict(table.sort(["n", "value"], descending=[True, False]).rows())

    @cached_property
    def n_distinct(self) -> int:
        """Different values."""
        return self.text.drop_nulls().n_unique()

    @cached_property
    def given(self) -> NDArray[np.float64]:
        """The numbers without gaps, sorted."""
        return np.zeros(0) if self.numbers is None else np.sort(self.numbers.drop_nulls().to_numpy())

    @cached_property
    def is_whole(self) -> bool:
        """Whether every number is a whole one that 64 bits hold."""
        values = self.given
        return bool(values.size) and bool((values == np.floor(values)).all()) and bool((np.abs(values) < 2.0**53).all())

    @cached_property
    def has_whole_text(self) -> bool:
        """Whether every cell is written as a whole number, of any length."""
        return bool(self.n_given) and self.share(r"^[+-]?\d+$") == 1

    @cached_property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return not self.n_missing and self.n_distinct == len(self.text) > 1

    @cached_property
    def odd_texts(self) -> tuple[str, ...]:
        """The texts of a column that holds numbers in nearly every row, the most frequent first; none of others."""
        if self.numbers is not None or self.date_format or not self.n_given:
            return ()
        odd = [text for text in self.counts if not words.is_number(text)]
        return tuple(odd) if odd and sum(self.counts[text] for text in odd) <= (1 - _MOSTLY) * self.n_given else ()

    @cached_property
    def is_row_number(self) -> bool:
        """Whether the column counts the rows, in any order: whole numbers without a gap, or an index by its name."""
        if not (self.is_unique and self.is_whole):
            return False
        is_called_so = words.words_of(self.name)[:1] in (("unnamed",), ("index",), ("row",))
        return is_called_so or self.given[-1] - self.given[0] + 1 == len(self.text)

    @cached_property
    def has_padding(self) -> bool:
        """Whether some cell is a number with leading zeros."""
        return bool(self.text.str.contains(r"^0\d").any())

    def share(self, pattern: str) -> float:
        """The share of the given cells that match a regular expression."""
        return float(self.text.drop_nulls().str.contains(pattern).mean() or 0.0)  # type: ignore[arg-type]

    def values(self) -> list[Any]:
        """The different texts: numbers by size, others by the alphabet."""
        return sorted(self.counts, key=float) if self.numbers is not None else sorted(self.counts)


def summarise(frame: pl.DataFrame, missing: Iterable[str] = ()) -> list[Summary]:
    """A summary of every column of `frame` (String columns); `missing` are texts known to stand for nothing."""
    known = sorted(missing)
    return [_summary(values, place, known) for place, values in enumerate(frame)]


def _summary(values: pl.Series, place: int, missing: list[str]) -> Summary:
    # Most columns have few different cells: what is true of these is true of all.
    distinct = values.drop_nulls().unique()
    lowered = distinct.str.to_lowercase()
    is_known = distinct.is_in(missing)
    is_gap = lowered.is_in(list(words.GAPS)) | is_known
    numbers = distinct.filter(~is_gap).cast(pl.Float64, strict=False)
    is_number = len(numbers) > 0 and not numbers.null_count() and bool(numbers.is_finite().all())
    is_date = False
    if not is_number:
        is_gap = lowered.is_in(list(words.SURE_GAPS)) | is_known
    gaps = distinct.filter(is_gap).sort().to_list()
    text = values.set(values.is_in(gaps), None) if gaps else values
    date_format = _date_format(values.name, distinct.filter(~is_gap), is_number=is_number)
    is_date = date_format is not None
    column = text.cast(pl.Float64) if is_number and not is_date else None
    if column is not None and distinct.str.contains(words.WHOLE).any():
        # A gap among whole numbers has programs write all of them as 1.0.
        whole = distinct.filter(~is_gap).str.replace(words.WHOLE, "${1}")
        text = text if whole.str.contains(".", literal=True).any() else text.str.replace(words.WHOLE, "${1}")
    return Summary(values.name, place, text, column, tuple(gaps), date_format)


def _date_format(name: str, distinct: pl.Series, *, is_number: bool) -> str | None:
    """The form in which every cell is a date; the forms that numbers have count only under the name of a date."""
    if distinct.is_empty() or (is_number and not words.has_word(name, words.DATES)):
        return None
    forms = [form for form in FORMS.values() if form.is_number == is_number]
    fitting = [form for form in forms if not form.read(distinct.head(_SAMPLE)).null_count()]
    return next((form.written for form in fitting if not form.read(distinct).null_count()), None)
