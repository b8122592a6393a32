"""Counts of the groups of many columns at once, from rows that are coded once for the whole table.

What a page asks of one column, `counts.count_scores_by` answers; this is for whoever asks for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.metrics.counts import MOST_EXACT, BoolArray, FloatArray, IntArray
from dashboard.metrics.row_counts import TableRows

Codes = npt.NDArray[np.uint8]

# Up to so many rows are sorted by PD; of more, the groups are counted in one table a column.
MOST_SORTED = 1 << 20
# Beside this many rows, even a table of 60 groups by bin is small.
_PIECE = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class GroupCounts:
    """What `ScoreCounts` has of a group, with PDs and exposures summed over all of it instead of bin by bin."""

    edges: FloatArray
    good: IntArray
    bad: IntArray
    pd_sum: float
    exposure_sum: float
    is_exact: bool

    @property
    def n_good(self) -> int:
        """Number of applications that did not default."""
        return int(self.good.sum())

    @property
    def n_bad(self) -> int:
        """Number of applications that defaulted."""
        return int(self.bad.sum())

    @property
    def n_applications(self) -> int:
        """Number of applications."""
        return self.n_good + self.n_bad

    @property
    def applications(self) -> IntArray:
        """Number of applications per bin."""
        return self.good + self.bad


Groups = dict[int, GroupCounts]


@dataclass(frozen=True, slots=True, eq=False)
class CodedRows:
    """A table's rows and each row's group by column; of a small table they are by rising PD, `order` are their places.

    `sizes` are the numbers of groups. Cohorts of more than `most_sorted` rows are not sorted.
    """

    rows: TableRows
    codes: Mapping[str, Codes]
    sizes: Mapping[str, int]
    order: IntArray | None
    most_sorted: int

    def counts(self, chosen: BoolArray | None = None) -> Iterator[tuple[str, Groups]]:
        """For each column the counts of its groups, by code, among the `chosen` rows (in the table's order) or all.

        They have the bins of `count_scores_by`; groups without a row are left out.
        """
        n_chosen = self.rows.n_rows if chosen is None else int(np.count_nonzero(chosen))
        if n_chosen > self.most_sorted and self.rows.grid is not None:
            return self._by_table(chosen)
        if self.order is None:
            rows = np.arange(self.rows.n_rows) if chosen is None else np.flatnonzero(chosen)
            return self._by_sorting(rows[_by_pd(self.rows.take(rows))])
        return self._by_sorting(None if chosen is None else np.flatnonzero(chosen[self.order]))

    def _by_sorting(self, rows: IntArray | None) -> Iterator[tuple[str, Groups]]:
        part = self.rows if rows is None else self.rows.take(rows)
        cells = None if part.grid is None else part.cells()
        for name, codes in self.codes.items():
            yield name, _groups(part, cells, codes if rows is None else codes.take(rows))

    def _by_table(self, chosen: BoolArray | None) -> Iterator[tuple[str, Groups]]:
        rows = self.rows
        grid, n_cells = rows.grid, 2 * rows.n_bins
        assert grid is not None
        tables = {name: np.zeros(size * n_cells, dtype=np.int64) for name, size in self.sizes.items()}
        pds, exposures = ({name: np.zeros(size) for name, size in self.sizes.items()} for _ in range(2))
        for places in rows.pieces(chosen, _PIECE):
            part = rows.take(places)
            cells = part.cells()
            own = np.empty_like(cells)
            for name, codes in self.codes.items():
                code = codes.take(places)
                np.multiply(code, n_cells, out=own, casting="unsafe", dtype=np.int64)
                own += cells
                tables[name] += np.bincount(own, minlength=tables[name].size)
                pds[name] += np.bincount(code, weights=part.pd, minlength=pds[name].size)
                if part.exposure is not None:
                    exposures[name] += np.bincount(code, weights=part.exposure, minlength=pds[name].size)
        for name, table in tables.items():
            by_group = table.reshape(self.sizes[name], 2, rows.n_bins)
            n_rows = by_group.sum(axis=(1, 2))
            groups = self._few(name, chosen, n_rows)
            for group in np.flatnonzero(n_rows > MOST_EXACT).tolist():
                good, bad = by_group[group]
                sums = float(pds[name][group]), float(exposures[name][group])
                groups[group] = GroupCounts(grid.edges, good, bad, *sums, grid.is_exact)
            yield name, dict(sorted(groups.items()))

    def _few(self, name: str, chosen: BoolArray | None, n_rows: IntArray) -> Groups:
        """The groups of so few rows that they are counted by distinct PD."""
        is_few = np.zeros(256, dtype=bool)
        is_few[: n_rows.size] = n_rows <= MOST_EXACT
        if not n_rows[is_few[: n_rows.size]].sum():
            return {}
        codes = self.codes[name]
        found = (rows[is_few.take(codes.take(rows))] for rows in self.rows.pieces(chosen))
        rows = np.concatenate(list(found))
        rows = rows[_by_pd(self.rows.take(rows))]
        return _groups(self.rows.take(rows), None, codes.take(rows))


def code_rows(
    rows: TableRows, codes: Mapping[str, Codes], sizes: Mapping[str, int], *, most_sorted: int = MOST_SORTED
) -> CodedRows:
    """The rows with these columns' groups, each numbered from 0 up to, not including, its size."""
    if rows.n_rows > most_sorted:
        return CodedRows(rows, codes, sizes, None, most_sorted)
    order = _by_pd(rows)
    coded = {name: code.take(order) for name, code in codes.items()}
    return CodedRows(rows.take(order), coded, sizes, order, most_sorted)


def _by_pd(rows: TableRows) -> IntArray:
    """The places of the rows by rising PD."""
    if rows.bins is None:
        return np.argsort(rows.pd, kind="stable")
    # NumPy sorts 16 bits by counting; what is then nearly in order, its stable sort finishes in a third of the time.
    order = np.argsort(rows.bins, kind="stable")
    return order.take(np.argsort(rows.pd.take(order), kind="stable"))


def _groups(part: TableRows, cells: IntArray | None, codes: Codes) -> Groups:
    """The groups of rows by rising PD; without `cells` all of them are few."""
    # Eight bits sort by counting, and rows of a group stay by rising PD.
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=1))
    starts = np.concatenate([[0], ends[:-1]])
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    return {code: _group(part, cells, order[low:high]) for code, (low, high) in enumerate(spans) if low < high}


def _group(part: TableRows, cells: IntArray | None, rows: IntArray) -> GroupCounts:
    pds = part.pd.take(rows)
    exposure = 0.0 if part.exposure is None else float(part.exposure.take(rows).sum(dtype=np.float64))
    grid = part.grid
    if grid is None or cells is None or rows.size <= MOST_EXACT:
        is_new = np.concatenate([[True], pds[1:] > pds[:-1]])
        edges, bins, is_exact = pds[is_new], np.cumsum(is_new) - 1 + is_new.sum() * part.outcome.take(rows), True
    else:
        edges, bins, is_exact = grid.edges, cells.take(rows), grid.is_exact
    number = np.bincount(bins, minlength=2 * edges.size)
    return GroupCounts(edges, number[: edges.size], number[edges.size :], float(pds.sum()), exposure, is_exact)
