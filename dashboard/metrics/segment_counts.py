"""Counts of the groups of many columns at once, from rows that are coded once for the whole table.

What a page asks of one column, `counts.count_scores_by` answers; this is for whoever asks for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dashboard.metrics.column_counts import packed
from dashboard.metrics.counts import MOST_EXACT, BoolArray, FloatArray, IntArray, Outcomes
from dashboard.metrics.row_counts import Places, TableRows, at
from data.predictions.pieces import pieces
from data.predictions.scores import ScoreGrid

Codes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

# Up to so many rows are sorted by PD; of more, the groups are counted in one table a column.
MOST_SORTED = 1 << 20
# Beside this many rows, even a table of 60 groups by bin is small; arrays of more would come from the system anew.
_PIECE = 1 << 21
_CACHED = 1 << 16
_WORD = 64


@dataclass(frozen=True, slots=True, eq=False)
class GroupCounts(Outcomes):
    """What `ScoreCounts` has of a group's resolved rows, PDs and exposures summed over all instead of bin by bin."""

    edges: FloatArray
    good: IntArray
    bad: IntArray
    pd_sum: float
    exposure_sum: float
    is_exact: bool


Groups = dict[int, GroupCounts]


def add_groups(one: Groups, other: Groups, grid: ScoreGrid) -> Groups:
    """The counts of each group among the rows of two cohorts of one table that have none in common."""
    both = {code: _added(one[code], other[code], grid) for code in one.keys() & other.keys()}
    return dict(sorted((one | other | both).items()))


def _added(one: GroupCounts, other: GroupCounts, grid: ScoreGrid) -> GroupCounts:
    is_few = one.n_resolved + other.n_resolved <= MOST_EXACT
    edges = np.union1d(one.edges, other.edges) if is_few else grid.edges
    (good, bad), (more_good, more_bad) = (_on(part, edges) for part in (one, other))
    sums = one.pd_sum + other.pd_sum, one.exposure_sum + other.exposure_sum
    return GroupCounts(edges, good + more_good, bad + more_bad, *sums, is_few or grid.is_exact)


def _on(part: GroupCounts, edges: FloatArray) -> tuple[IntArray, IntArray]:
    """The good and bad ones in the bins that begin at `edges`."""
    if part.edges is edges:
        return part.good, part.bad
    bins = np.maximum(np.searchsorted(edges, part.edges, side="right") - 1, 0)
    good, bad = (np.bincount(bins, weights=number, minlength=edges.size) for number in (part.good, part.bad))
    return good.astype(np.int64), bad.astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class PackedCodes:
    """Each row's group by column, in a few bits of a word: a row's codes lie together, and are fetched together.

    `fields` are a column's place among the words, the bit of the word that its code begins at, and its largest code.
    """

    words: tuple[Words, ...]
    fields: Mapping[str, tuple[int, int, int]]

    def at(self, name: str, rows: Places) -> Codes:
        """The codes of a column at these rows."""
        word, start, largest = self.fields[name]
        codes = at(self.words[word], rows) >> np.uint64(start)
        codes &= np.uint64((1 << largest.bit_length()) - 1)
        return codes.astype(np.uint8)

    def take(self, rows: IntArray) -> PackedCodes:
        """The rows at these places, in that order."""
        return replace(self, words=tuple(word.take(rows) for word in self.words))


def pack_codes(codes: Iterable[tuple[str, Codes]], sizes: Mapping[str, int]) -> PackedCodes:
    """The codes of columns, each numbered from 0 up to, not including, its size."""
    words: list[Words] = []
    fields: dict[str, tuple[int, int, int]] = {}
    used = _WORD
    for name, own in codes:
        n_bits = (sizes[name] - 1).bit_length()
        if used + n_bits > _WORD:
            words.append(np.zeros(own.size, dtype=np.uint64))
            used = 0
        for piece in pieces(own.size):
            words[-1][piece] |= own[piece].astype(np.uint64) << np.uint64(used)
        fields[name] = (len(words) - 1, used, sizes[name] - 1)
        used += n_bits
    return PackedCodes(tuple(words), fields)


@dataclass(frozen=True, slots=True, eq=False)
class CodedRows:
    """A table's rows and each row's group by column; of a small table they are by rising PD, `order` are their places.

    What is checked of groups needs outcomes: of a small table, rows without one are left out from the start. `sizes`
    are the numbers of groups. Cohorts of more than `most_sorted` rows are not sorted.
    """

    rows: TableRows
    codes: PackedCodes
    sizes: Mapping[str, int]
    order: IntArray | None
    most_sorted: int

    def counts(self, chosen: BoolArray | None = None) -> Iterator[tuple[str, Groups]]:
        """For each column the counts of its groups, by code, among the `chosen` rows (in the table's order) or all.

        They have the bins of `count_scores_by`; groups without a row are left out, and so are open rows.
        """
        if self.rows.has_open and self.order is None:
            chosen = self.rows.is_resolved if chosen is None else chosen & self.rows.is_resolved
        n_chosen = self.rows.n_rows if chosen is None else int(np.count_nonzero(chosen))
        if n_chosen > self.most_sorted and self.rows.grid is not None:
            return self.groups(lambda: self.rows.pieces(chosen, _PIECE), is_sorted=False)
        part = self
        if chosen is not None:
            part = self.take(np.flatnonzero(chosen if self.order is None else chosen[self.order]))
        if self.order is None:
            # Of the cohort's own rows: in this order, those of a large table would be all over the memory.
            part = part.take(_by_pd(part.rows))
        return part.groups(lambda: part.rows.pieces(None, max(n_chosen, 1)), is_sorted=True)

    def take(self, rows: IntArray) -> CodedRows:
        """The rows at these places, in that order."""
        return replace(self, rows=self.rows.take(rows), codes=self.codes.take(rows))

    def groups(self, parts: Callable[[], Iterator[Places]], *, is_sorted: bool) -> Iterator[tuple[str, Groups]]:
        """The groups of the rows in `parts`, which `is_sorted` says are by rising PD."""
        sums = self._sums(parts())
        are_few = {name: (each[0] <= MOST_EXACT) | (self.rows.grid is None) for name, each in sums.items()}
        tables = self._tables(parts(), are_few)
        for name, (number, pds, exposures) in sums.items():
            groups = {}
            if number[are_few[name]].any():
                for code, counted in self._few(name, parts(), are_few[name], is_sorted=is_sorted):
                    groups[code] = GroupCounts(*counted, float(pds[code]), float(exposures[code]), is_exact=True)
            for code, (good, bad) in zip(np.flatnonzero(~are_few[name]).tolist(), tables[name], strict=True):
                grid = self.rows.grid
                assert grid is not None
                own = float(pds[code]), float(exposures[code])
                groups[code] = GroupCounts(grid.edges, good, bad, *own, grid.is_exact)
            yield name, {code: groups[code] for code in sorted(groups) if number[code]}

    def _sums(self, parts: Iterator[Places]) -> Mapping[str, tuple[IntArray, FloatArray, FloatArray]]:
        """For each column, each group's number of rows, PDs and exposures."""
        joined = packed(self.sizes)
        shapes = [tuple(self.sizes[name] for name in names) for names in joined]
        sums = [np.zeros((3, math.prod(shape))) for shape in shapes]
        for large in parts:
            for places in _cut(large):
                part = self.rows.take(places)
                for names, shape, found in zip(joined, shapes, sums, strict=True):
                    cells = np.zeros(part.n_rows, dtype=np.uint16)
                    for name in names:
                        cells *= np.uint16(self.sizes[name])
                        cells += self.codes.at(name, places)
                    own = cells.astype(np.intp)
                    found[0] += np.bincount(own, minlength=math.prod(shape))
                    found[1] += np.bincount(own, weights=part.pd, minlength=math.prod(shape))
                    if part.exposure is not None:
                        found[2] += np.bincount(own, weights=part.exposure, minlength=math.prod(shape))
        margins = {}
        for names, shape, found in zip(joined, shapes, sums, strict=True):
            for axis, name in enumerate(names):
                others = tuple(other + 1 for other in range(len(shape)) if other != axis)
                number, pds, exposures = found.reshape(3, *shape).sum(axis=others)
                margins[name] = (number.astype(np.int64), pds, exposures)
        return {name: margins[name] for name in self.sizes}

    def _tables(self, parts: Iterator[Places], are_few: Mapping[str, BoolArray]) -> Mapping[str, IntArray]:
        """For each column the rows of each group that is not few, by outcome and bin."""
        n_cells = 2 * self.rows.n_bins
        # What is few is counted together, in front of the others.
        starts = {name: np.where(few, 0, np.cumsum(~few) * n_cells) for name, few in are_few.items()}
        n_large = {name: int((~few).sum()) for name, few in are_few.items()}
        tables = {name: np.zeros((1 + n) * n_cells, dtype=np.int64) for name, n in n_large.items()}
        large = [name for name, few in are_few.items() if not few.all()]
        for places in parts if large else ():
            cells = self.rows.take(places).cells()
            for name in large:
                own = np.take(starts[name], self.codes.at(name, places), mode="clip")
                own += cells
                tables[name] += np.bincount(own, minlength=tables[name].size)
        return {name: table[n_cells:].reshape(n_large[name], 2, self.rows.n_bins) for name, table in tables.items()}

    def _few(
        self, name: str, parts: Iterator[Places], is_few: BoolArray, *, is_sorted: bool
    ) -> Iterator[tuple[int, tuple[FloatArray, IntArray, IntArray]]]:
        """The distinct PDs of each group of few rows, and the outcomes at each."""
        found = []
        for places in parts:
            rows = np.flatnonzero(np.take(is_few, self.codes.at(name, places), mode="clip"))
            found.append(rows + places.start if isinstance(places, slice) else places.take(rows))
        rows = np.concatenate(found)
        if not is_sorted:
            rows = rows.take(_by_pd(self.rows.take(rows)))
        codes = self.codes.at(name, rows)
        # Eight bits sort by counting, and rows of a group stay by rising PD.
        rows = rows.take(np.argsort(codes, kind="stable"))
        pds, outcomes = self.rows.pd.take(rows), self.rows.outcome.take(rows)
        ends = np.cumsum(np.bincount(codes, minlength=1))
        starts = np.concatenate([[0], ends[:-1]])
        for code, (low, high) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            if low < high:
                yield code, _exact(pds[low:high], outcomes[low:high])


def code_rows(
    rows: TableRows, codes: Iterable[tuple[str, Codes]], sizes: Mapping[str, int], *, most_sorted: int = MOST_SORTED
) -> CodedRows:
    """The rows with these columns' groups, each numbered from 0 up to, not including, its size."""
    found = CodedRows(rows, pack_codes(codes, sizes), sizes, None, most_sorted)
    if rows.n_rows > most_sorted:
        return found
    order = _by_pd(rows)
    if rows.has_open:
        order = order[rows.is_resolved[order]]
    return replace(found.take(order), order=order)


def _by_pd(rows: TableRows) -> IntArray:
    """The places of the rows by rising PD."""
    if rows.bins is None:
        return np.argsort(rows.pd, kind="stable")
    # NumPy sorts 16 bits by counting; what is then nearly in order, its stable sort finishes in a third of the time.
    order = np.argsort(rows.bins, kind="stable")
    return order.take(np.argsort(rows.pd.take(order), kind="stable"))


def _cut(places: Places) -> Iterator[Places]:
    """The places in pieces whose sums stay in the processor's cache."""
    if not isinstance(places, slice):
        return (places[start : start + _CACHED] for start in range(0, places.size, _CACHED))
    return (slice(start, min(start + _CACHED, places.stop)) for start in range(places.start, places.stop, _CACHED))


def _exact(pds: FloatArray, outcomes: Codes) -> tuple[FloatArray, IntArray, IntArray]:
    """The distinct PDs of rows by rising PD, and how many of each outcome have them."""
    is_new = np.concatenate([[True], pds[1:] > pds[:-1]])
    n_bins = int(np.count_nonzero(is_new))
    cells = np.cumsum(is_new) - 1 + np.multiply(outcomes, n_bins, dtype=np.int64)
    number = np.bincount(cells, minlength=2 * n_bins)
    return pds[is_new], number[:n_bins], number[n_bins:]
