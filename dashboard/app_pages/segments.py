"""Segments: which groups of a column fare worse than the others, and how sure that is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard import cache, state
from dashboard.charts.cells import Axis, plot_cells
from dashboard.charts.segment_tables import AGAINST_OTHERS, INTERVAL, LENDING, tabulate_report
from dashboard.charts.segment_words import answer
from dashboard.charts.segments import plot_segments
from dashboard.charts.template import Named, Table
from dashboard.cohort.bins import Bins
from dashboard.components.figure import render_figure
from dashboard.components.frame import View
from dashboard.components.segment_card import Chosen, render_chosen
from dashboard.components.table import render_frame
from dashboard.components.tabs import open_tab
from dashboard.metrics.cells import CellMeasure, cell_grid
from dashboard.metrics.counts import MAX_SEGMENTS
from dashboard.metrics.economics import Costs, Terms
from dashboard.metrics.segments import Measure, Order, Segment, SegmentReport, segment_report
from dashboard.visit import parameters
from dashboard.visit.assumptions import COST_FN, COST_FP, EAD, LGD, MARGIN
from dashboard.visit.links import Cohort
from dashboard.visit.parameters import Parameter
from dashboard.words import labels
from data.predictions.table import CohortColumn, CohortKind

ONE_TAB, TWO_TAB = "One column", "Heat map of two columns"
TAB = parameters.choice("seg.tab", (ONE_TAB, TWO_TAB))
COLUMN = parameters.text("seg.column", longest=200)
BINS = parameters.whole("seg.bins", 10, low=3, high=20)
MEASURE = parameters.choice("seg.measure", tuple(measure.value for measure in Measure))
ORDER = parameters.choice("seg.order", tuple(order.value for order in Order))
BREAK_EVEN = parameters.choice("seg.breakeven", ("Costs", "Margin and LGD"))
# The code of the segment that is set beside the others; none below 0.
CHOSEN = parameters.whole("seg.segment", -1, low=-1, high=MAX_SEGMENTS)
DOWN = parameters.text("seg.x", longest=200)
ACROSS = parameters.text("seg.y", longest=200)
CELL_BINS = parameters.whole("seg.cells", 6, low=3, high=12)
CELL_MEASURE = parameters.choice("seg.cell", tuple(measure.value for measure in CellMeasure))

_CHART, _TABLE = "seg.chart", "seg.table"
_TALLEST_TABLE = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """The segments on the screen: how they are cut, what is drawn of them in which order, and what they are beside."""

    bins: Bins
    report: SegmentReport
    measure: Measure
    order: Order
    against: Named[SegmentReport] | None

    @property
    def ordered(self) -> tuple[Segment, ...]:
        """The segments as they stand in chart and table."""
        return self.report.ordered(self.order, self.measure)

    @property
    def chosen(self) -> Segment | None:
        """The segment that is set beside the others."""
        return next((segment for segment in self.report.segments if segment.code == state.get(CHOSEN)), None)


def render(view: View) -> None:
    """Write the page for `view`."""
    for parameter in (COLUMN, DOWN, ACROSS):
        state.check(parameter, _columns(view), "column")
    opened, place = open_tab(TAB)
    with place:
        if opened == ONE_TAB:
            _render_segments(view)
        else:
            _render_cells(view)


def _render_segments(view: View) -> None:
    shown = _render_choices(view)
    st.markdown(labels.plain(answer(shown.report)))
    chosen = shown.chosen
    if chosen is None:
        st.caption("Click a point in the chart or select a row of the table to set its segment beside the others.")
    else:
        counts = cache.segment_counts(view.dataset, view.cohort.filters, shown.bins)[chosen.code]
        condition = shown.bins.condition(chosen.code)
        render_chosen(
            Chosen(chosen, counts, condition, shown.bins.title, CHOSEN), view.evaluation, shown.report.break_even
        )
    chart = plot_segments(
        shown.report,
        measure=shown.measure,
        order=shown.order,
        against=shown.against,
        chosen=None if chosen is None else chosen.code,
    )
    with st.container(key="wide-segments"):
        points = render_figure(chart, key=_CHART, selectable=True)
        if points:
            held, code = chosen.code if chosen else CHOSEN.default, _code_of(points)
            # A second click takes the choice back.
            _choose(CHOSEN.default if code == held else code, held)
        _render_table(shown)
    n = len(shown.report.segments)
    if n > 1:
        st.caption(
            f"Differences and verdicts against other segments hold for all {n} segments at once: of 100 such tables, "
            "at most 5 have one that is wrong. So do the verdicts on approved applications, taken by themselves. Each "
            "other interval is for 95 %: about one in twenty misses."
        )


def _render_choices(view: View) -> Shown:
    cells = st.container(key="controls-segments").columns(
        [1.3, 0.9, 1.2, 1.4, 1.4], gap="medium", vertical_alignment="bottom"
    )
    with cells[0]:
        column = _render_column("Column", COLUMN, _columns(view), view.usual_segments)
    with cells[1]:
        if column.kind is CohortKind.LEVELS:
            st.caption("One group per level")
        else:
            st.slider(
                "Groups",
                3,
                20,
                **state.value_widget(BINS, also={CHOSEN: CHOSEN.default}),
                help="Into how many groups of like size a number is cut.",
            )
    with cells[2]:
        st.selectbox("Measure", **state.select_widget(MEASURE))
    with cells[3]:
        st.selectbox("Order", help=_HELP["order"], **state.select_widget(ORDER))
    with cells[4]:
        words = {
            basis: f"{labels.brief_percent(_break_even(basis, view.cutoff))} ({basis[:1].lower()}{basis[1:]})"
            for basis in BREAK_EVEN.options
        }
        st.selectbox(
            "Break-even",
            help=_HELP["break_even"],
            format_func=words.__getitem__,
            **state.select_widget(BREAK_EVEN),
        )
    bins = cache.column_bins(view.dataset, column.name, state.get(BINS))
    other = view.against
    return Shown(
        bins,
        _report(view, view.cohort, bins, view.dataset),
        Measure(state.get(MEASURE)),
        Order(state.get(ORDER)),
        None if other is None else Named(other.name, _report(view, other, bins, view.against_dataset), view.own_name),
    )


def _report(view: View, cohort: Cohort, bins: Bins, dataset: cache.Dataset) -> SegmentReport:
    return segment_report(
        cache.segment_counts(dataset, cohort.filters, bins),
        bins.labels,
        cache.cohort_counts(dataset, cohort.filters),
        column=bins.title,
        cutoff=view.cutoff,
        break_even=_break_even(state.get(BREAK_EVEN), view.cutoff),
    )


def _break_even(basis: str, cutoff: float) -> float:
    """The share of defaults at which lending earns nothing; `cutoff` where neither side costs anything."""
    if basis == BREAK_EVEN.default:
        found = Costs(state.get(COST_FN), state.get(COST_FP)).theory_cutoff
    else:
        found = Terms(state.get(MARGIN), state.get(LGD), state.get(EAD)).break_even
    return cutoff if found is None else found


def _columns(view: View) -> dict[str, CohortColumn]:
    return {column.name: column for column in view.predictions.cohort_columns}


def _render_column(
    label: str, parameter: Parameter[str], columns: Mapping[str, CohortColumn], usual: Sequence[str]
) -> CohortColumn:
    """Write the choice of a column and return it; without a choice it is the first of the `usual` that is there."""
    first = next((name for name in usual if name in columns), next(iter(columns)))
    by_label = sorted((name for name in columns if name != first), key=lambda name: columns[name].label)
    if state.get(parameter) not in by_label:
        # It stands first already, or is the other side's.
        state.settle({parameter: ""})
    titles = labels.distinct({name: labels.column_title(columns[name or first]) for name in ("", *by_label)})
    # Another column has segments of its own.
    widget = state.select_widget(parameter, list(titles), also={CHOSEN: CHOSEN.default})
    st.selectbox(label, format_func=titles.__getitem__, **widget)
    return columns[state.get(parameter) or first]


def _version(shown: Shown) -> str:
    # Other segments or another order make another table: what was chosen in the last one is not its own.
    codes = [segment.code for segment in shown.ordered]
    text = f"{shown.bins.column}|{shown.bins.labels}|{codes}|{shown.chosen and shown.chosen.code}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:8]


def _render_table(shown: Shown) -> None:
    """Write all measures of all segments; the selected row is the chosen segment's, however it was chosen."""
    table = tabulate_report(shown.report, order=shown.order, measure=shown.measure, against=shown.against)
    codes, key = [segment.code for segment in shown.ordered], f"{_TABLE}.{_version(shown)}"
    held = shown.chosen.code if shown.chosen else CHOSEN.default
    if key not in st.session_state:
        st.session_state[key] = {"selection": {"rows": [codes.index(held)] if held in codes else []}}
    selected: Any = render_frame(
        table,
        key=key,
        height=38 + 35 * min(len(codes), _TALLEST_TABLE),
        column_config=_formats(shown, table),
        on_select="rerun",
        selection_mode="single-row",
        alt=f"All measures by {shown.bins.title}",
    )
    rows = selected.selection.rows
    _choose(codes[rows[0]] if rows else CHOSEN.default, held)


def _choose(code: int, held: int) -> None:
    """Set another segment beside the others than the one that is, from now on."""
    if code != held:
        # The table is another one then (see `_version`), in which nothing or the new one is selected.
        state.settle({CHOSEN: code})
        st.rerun()


def _code_of(points: Sequence[Mapping[str, Any]]) -> int:
    facts = points[0]["customdata"]
    return int(facts["0"] if isinstance(facts, Mapping) else facts[0])


def _render_cells(view: View) -> None:
    cells = st.container(key="controls-cells").columns([1.4, 1.4, 1.2, 1], gap="medium", vertical_alignment="bottom")
    columns = _columns(view)
    if len(columns) < 2:
        st.info("These predictions have one column; a heat map takes two.", icon=":material/grid_view:")
        return
    with cells[0]:
        down = _render_column("Down", DOWN, columns, view.definition.screen.pair[:1])
    with cells[1]:
        others = {name: column for name, column in columns.items() if name != down.name}
        across = _render_column("Across", ACROSS, others, view.definition.screen.pair[1:])
    with cells[2]:
        st.selectbox("Measure", **state.select_widget(CELL_MEASURE))
    with cells[3]:
        st.slider("Groups of a number", 3, 12, **state.value_widget(CELL_BINS))
    _render_map(view, (down, across))


def _render_map(view: View, columns: Sequence[CohortColumn]) -> None:
    measure = CellMeasure(state.get(CELL_MEASURE))
    pair = [cache.column_bins(view.dataset, column.name, state.get(CELL_BINS)) for column in columns]
    # A figure on which the cutoff has no bearing is not counted anew for each of its values.
    cutoff = view.cutoff if measure.needs_cutoff else 1.0
    grid = cell_grid(cache.cell_counts(view.dataset, view.cohort.filters, pair[0], pair[1], cutoff), measure)
    down, across = (Axis(bins.title, bins.labels) for bins in pair)
    render_figure(plot_cells(grid, down=down, across=across))
    if view.against is not None:
        name = labels.plain(view.against.name)
        st.caption(f"The map is of the cohort alone; “{ONE_TAB}” sets its segments against those of {name}.")


def _formats(shown: Shown, table: Table) -> dict[str, Any]:
    number, words = st.column_config.NumberColumn, st.column_config.TextColumn
    formats: dict[str, Any] = {
        "Segment": words(labels.literal(shown.bins.title), pinned=True),
        "Applications": number(format="localized"),
        AGAINST_OTHERS: words(
            help="Whether the default rate differs from that of all other applications of the cohort."
        ),
        LENDING: words(help="The bad rate of what is approved at the cutoff, against the break-even."),
    }
    for measure in Measure:
        digits = 3 if measure is Measure.ROC_AUC else labels.column_decimals(table.get(measure.value, ()))
        form = f"%.{digits}f"
        unit = "" if measure is Measure.ROC_AUC else " (%)"
        if measure in (Measure.DIFFERENCE, Measure.CALIBRATION_GAP):
            form, unit = "%+.2f", " (points)"
        formats[measure.value] = number(f"{_BRIEF.get(measure, measure)}{unit}", format=form)
        formats[f"{measure} {INTERVAL}"] = words(
            "95 %, all at once" if measure is Measure.DIFFERENCE else INTERVAL, width=124
        )
        if shown.against is not None and measure is shown.measure:
            formats[f"{shown.against.name}: {measure}"] = number(format=form)
            formats[f"{shown.against.name}: {INTERVAL}"] = words(width=124)
    return formats


_BRIEF = {Measure.SHARE: "Share", Measure.DIFFERENCE: "Difference"}
_HELP = {
    "order": "Worst first ranks by how much more often than the other segments one defaults at least (the lower end of "
    "the interval), so that a few defaults do not put a small segment on top.",
    "break_even": "Share of defaults at which lending earns nothing, from the costs of the two errors or from margin "
    "and loss given default (LGD) as they are set on the page Cutoff.",
}
