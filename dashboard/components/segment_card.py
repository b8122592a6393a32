"""One segment beside the others: its figures with intervals, and the two things to do with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from dashboard import state
from dashboard.charts.segment_words import quoted
from dashboard.cohort.filters import Condition, Filters, LevelFilter, RangeFilter
from dashboard.components.metric_card import card_grid, render_card
from dashboard.metrics.comparison import Comparison
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.segments import Segment
from dashboard.report import catalogue
from dashboard.visit.links import Cohort, clean_name, free_name
from dashboard.visit.parameters import Parameter
from dashboard.visit.visit import AGAINST, COHORTS, REST
from dashboard.words import labels

OTHERS = "Other segments"
_FIGURES = (catalogue.BAD_RATE, catalogue.APPROVAL_RATE, catalogue.OBSERVED_EXPECTED)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A segment of the cohort on the screen: its counts, and the condition that makes it of the cohort.

    `column` is the title of what it is a group of; `parameter` holds its code, or -1 where none is chosen.
    """

    segment: Segment
    counts: ScoreCounts
    condition: Condition
    column: str
    parameter: Parameter[int]

    def narrowed(self) -> Filters:
        """The cohort's filters and the segment's own."""
        shown = state.filters()
        return shown.having(narrowed(shown.on(self.condition.column), self.condition))


def render_chosen(chosen: Chosen, whole: Evaluation, break_even: float) -> None:
    """Write the segment beside the other segments of the cohort, evaluated as `whole`.

    `break_even` is the share of defaults at which lending earns nothing.
    """
    segment = chosen.segment
    other = Evaluation(whole.counts - chosen.counts, whole.assumptions, why_no_pd=whole.why_no_pd)
    comparison = Comparison(OTHERS, Evaluation(chosen.counts, whole.assumptions, why_no_pd=whole.why_no_pd), other)
    with st.container(key="segment-chosen", border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(_heading(segment))
            _render_buttons(chosen)
        # The same interval as in the table and the chart, which holds for all segments.
        rate = replace(catalogue.DEFAULT_RATE, difference=lambda _: segment.difference)
        with card_grid("segment", 1 + len(_FIGURES), is_compared=True):
            render_card(rate, comparison.own, comparison, more_help=" It holds for all segments at once.")
            for metric in _FIGURES:
                render_card(metric, comparison.own, comparison)
        st.caption(_lending(segment, break_even))


def _heading(segment: Segment) -> str:
    share = labels.brief_percent(segment.share.value or 0.0)
    n_open = segment.applications - segment.resolved
    size = f"{labels.plural(segment.applications, 'application')}{_open(n_open)}, {share} of the cohort"
    return f"**{labels.plain(quoted(segment.name))}** {size}, beside the other segments"


def _open(number: int) -> str:
    return f" ({labels.count(number)} open)" if number else ""


def _lending(segment: Segment, break_even: float) -> str:
    threshold = labels.brief_percent(break_even)
    words = f"At the break-even of {threshold}, what is approved: {segment.lending}; were all approved: "
    return f"{words}{segment.lending_to_all}. Both allow for all segments at once."


def _render_buttons(chosen: Chosen) -> None:
    held = next((each.name for each in state.kept(COHORTS) if each.filters == chosen.narrowed()), "")
    is_compared = bool(held) and state.get(AGAINST) == held
    st.button(
        "Filter to it",
        key="segment.filter",
        icon=":material/filter_alt:",
        on_click=partial(_filter_to, chosen, held),
        disabled=chosen.narrowed() == state.filters(),
        help="Show this segment alone, on every page",
    )
    st.button(
        "Compared with it" if is_compared else "Compare with it",
        key="segment.compare",
        icon=":material/compare_arrows:",
        on_click=partial(_compare_with, chosen, held),
        disabled=is_compared,
        help="Set the cohort against this segment, on every page",
    )
    st.button(
        "Close",
        key="segment.close",
        icon=":material/close:",
        type="tertiary",
        on_click=partial(_close, chosen.parameter),
    )


def _filter_to(chosen: Chosen, held: str) -> None:
    # What it was compared with would be the very same.
    against = REST if held and state.get(AGAINST) == held else state.get(AGAINST)
    state.set_filters(chosen.narrowed())
    state.put({chosen.parameter: chosen.parameter.default, AGAINST: against})


def _compare_with(chosen: Chosen, held: str) -> None:
    taken = {each.name for each in state.kept(COHORTS)}
    name = held or free_name(clean_name(f"{chosen.column}: {chosen.segment.name}"), taken)
    if not held:
        state.keep(COHORTS, [Cohort(name, chosen.narrowed())])
    state.put({AGAINST: name})


def _close(parameter: Parameter[int]) -> None:
    state.put({parameter: parameter.default})


def narrowed(held: Condition | None, added: Condition) -> Condition:
    """The rows that meet both; a cohort already cut by the column is cut further, not anew."""
    match held, added:
        case LevelFilter(), LevelFilter():
            both = tuple(level for level in added.levels if level in held.levels)
            return replace(added, levels=both, with_missing=added.with_missing and held.with_missing)
        case RangeFilter(beside_range=False), RangeFilter(beside_range=False):
            lows = [end for end in (held.low, added.low) if end is not None]
            highs = [end for end in (held.high, added.high) if end is not None]
            return replace(added, low=max(lows, default=None), high=min(highs, default=None))
    return added
