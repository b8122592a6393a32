"""Many applications at once: a dropped file judged by row and column, its good rows scored and shown as a cohort.

What is dropped lives in the visit's memory alone; it goes with the visit, or when it is removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import polars as pl
import streamlit as st

from dashboard import cache, dropped_files, state
from dashboard.charts.stability import ShiftWords, pd_bin_labels, plot_shift
from dashboard.cohort.rows import DECISIONS
from dashboard.components.applicant.notes import forget_note
from dashboard.components.applicant.standing import word_span
from dashboard.components.figure import render_figure
from dashboard.components.files import TABLES, ask_how_written, offer_file, taking_in
from dashboard.components.frame import View
from dashboard.components.held_file import forget_file, has_lost_file, held_file, hold_file
from dashboard.components.metric_card import card_grid, render_estimate, render_metric
from dashboard.components.row_files import parquet_of
from dashboard.components.table import render_frame, render_small_table
from dashboard.components.tabs import open_tab
from dashboard.metrics.file_scores import (
    band_shares,
    expected_defaults,
    mean_pd_of_approved,
    riskiest_first,
)
from dashboard.metrics.rates import approval_rate, mean_pd
from dashboard.metrics.stability import population_stability
from dashboard.report.paper_book import XLSX_TYPE, table_xlsx
from dashboard.visit import parameters
from dashboard.visit.drafts import NEW, Draft, make_edits
from dashboard.words import labels
from data.definition.definition import ROW_NUMBER
from data.errors import ScoreroomError
from data.files.batch_file import BatchTable, read_batch
from data.files.batch_limits import LIMITS
from data.files.spreadsheets import csv_of
from data.predictions.scores import exact_scores
from data.reading.said import parse_written
from inference.batch import ScoredBatch, noted_rows, score_batch_table
from inference.explain.reasons import reason_labels
from inference.model.decision import risk_band
from inference.model.session import ScoringSession
from inference.values import check_application

RESULTS, ROWS, FAULTS = "Against the portfolio", "Rows", "What was wrong"
TAB = parameters.choice("batch.tab", (RESULTS, ROWS, FAULTS))
_UPLOAD, _GENERATION, _WRITTEN = "batch.file", "batch.generation", "batch.written"
_PORTFOLIO = "Portfolio (out of fold)"
_SHOWN, _FAULTS_SHOWN = 200, 1_000
# A report that a spreadsheet opens; beyond, whoever mends the file mends its source.
_FAULTS_LISTED = 100_000
_LEFT_OUT, _DOUBTED = "left out", "scored"


def render(view: View) -> None:
    """Write the page for `view`."""
    try:
        cache.open_session()
    except ScoreroomError as error:
        st.info(f"Scoring is off. {labels.notice(str(error))}", icon=":material/info:")
        return
    _render_upload(view)
    if has_lost_file():
        st.warning(
            "The file is not in memory any more: others needed its place, and it was looked at longest ago. "
            "Drop it again.",
            icon=":material/memory:",
        )
    batch = held_file()
    if batch is None:
        _render_hint()
        return
    _render_summary(view, batch)
    if cache.scoring_model(batch.portfolio) != cache.chosen_model():
        _render_score_again(view, batch)
    elif batch.cutoff != view.cutoff:
        _render_decide_again(view, batch)
    name, place = open_tab(TAB)
    with place:
        _TABS[name](view, batch)


def _render_upload(view: View) -> None:
    # Another key is another uploader: the bytes of the last file go once they are read.
    key = f"{_UPLOAD}.{st.session_state.setdefault(_GENERATION, 0)}"
    uploaded = st.file_uploader(
        "Applications (CSV, Parquet, a workbook, SAS, SPSS or Stata)",
        type=[each.lstrip(".") for each in TABLES],
        key=key,
        max_upload_size=LIMITS.file_bytes // 1_000_000,
        help="The columns of the application table in any order; other columns are carried through.",
    )
    written = ask_how_written(_WRITTEN)
    if uploaded is None:
        return
    try:
        with taking_in("applications", uploaded) as facts:
            facts["rows"] = _take(view, uploaded.name, uploaded.getvalue(), written)
    except ScoreroomError as error:
        # What was there before stands.
        state.notify([str(error)], is_refusal=True)
    # Only now: a click in between starts the page anew, and the file is then still there to be read.
    st.session_state[_GENERATION] += 1
    st.rerun()


def _take(view: View, name: str, content: bytes, written: str) -> int:
    """Score the file, `written` as somebody says, which the visit then holds; returns how many rows it has."""
    said = parse_written(written)
    bar = st.progress(0.0, "Reading ...")
    with dropped_files.budget().lease() as lease:
        # Without its progress, which comes from other threads than this page's.
        session = cache.open_session()
        table = read_batch(
            name,
            content,
            session.definition,
            session.features.sources,
            hold=lease.hold,
            most_faults=_FAULTS_LISTED,
            said=said,
        )
        digest = hashlib.sha256(content).hexdigest()
        hold_file(cache.ScoredFile(table, _score(table, view.cutoff, bar), view.cutoff, view.dataset, digest))
    dropped_files.give_back()
    state.notify([])
    return table.n_rows


def _score(table: BatchTable, cutoff: float, bar: Any) -> ScoredBatch:
    session = cache.open_session()
    return score_batch_table(
        table,
        session,
        cutoff,
        explain=cache.explain_many(cutoff),
        field_labels=reason_labels(session.definition, session.features.sources),
        progress=lambda done, total: bar.progress(done / max(total, 1), "Scoring ..."),
    )


def _render_hint() -> None:
    st.caption(
        f"Up to {LIMITS.rows:,} rows and {LIMITS.columns:,} columns in {LIMITS.file_bytes // 1_000_000} MB. Rows with "
        "a value that a column cannot hold are listed and left out, all others are scored. A file is kept in the "
        "memory of this visit alone, until it is removed or the visit ends."
    )
    offer_file(
        "Empty table (CSV)",
        partial(_template, cache.open_session()),
        "applications.csv",
        "text/csv",
        what="template",
        key="batch.template",
        help="The header alone: the columns of an application that the model needs, with the number that names it.",
    )


def _template(session: ScoringSession) -> bytes:
    own_id = session.definition.id
    names = [*([] if own_id == ROW_NUMBER else [own_id]), *session.features.sources]
    return csv_of(pl.DataFrame({name: [] for name in names}))


def _render_summary(view: View, batch: cache.ScoredFile) -> None:
    table, counts = batch.table, batch.counts
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(labels.plain(table.name), anchor=False, width="stretch")
        if batch.counts.n_applications and st.button(
            "Show it as a cohort",
            key="batch.show",
            icon=":material/groups:",
            help="Show its rows on all pages of cohorts, until you go back to the portfolio",
        ):
            _show(batch)
        st.button("Remove", on_click=forget_file, icon=":material/delete:", type="tertiary", key="batch.remove")
    for notice in (*table.notices, *batch.scored.notices):
        st.caption(labels.plain(notice))
    with card_grid("batch", 4):
        wrong = f"{labels.plural(table.n_bad_rows, 'row')} left out" if table.n_bad_rows else "no row left out"
        referred = f"{labels.count(batch.scored.n_referred)} referred: too little known"
        render_metric(
            "Applications scored",
            labels.count(counts.n_applications),
            wrong,
            more=referred if batch.scored.n_referred else "",
        )
        usual = mean_pd(view.portfolio_counts).value
        render_metric(
            "Mean PD", labels.percent(mean_pd(counts).value), f"portfolio: {labels.percent(usual)}", more="out of fold"
        )
        found = approval_rate(counts, batch.cutoff)
        render_estimate("Approval rate", found, labels.percent, help_text=_word_share(batch))
        expected = expected_defaults(counts, batch.cutoff)
        share = labels.percent(mean_pd_of_approved(counts, batch.cutoff))
        render_metric("Expected defaults", labels.count(expected), f"{share} of the approved")


def _show(batch: cache.ScoredFile) -> None:
    """Go to the first page with the file in place of the portfolio."""
    try:
        with dropped_files.budget().lease() as lease:
            # Its rows as predictions take about as much again.
            lease.hold(batch.n_bytes)
            batch.predictions  # noqa: B018 - made here, where memory for it is held
    except ScoreroomError as error:
        state.notify([str(error)], is_refusal=True)
        st.rerun()
    state.show_table(batch.token)
    # Pages are told apart by their paths alone; the first one has none.
    st.switch_page(st.Page(_nothing, title="Today", url_path="", default=True))


def _nothing() -> None:
    """Stand for a page that is registered already."""


def _word_share(batch: cache.ScoredFile) -> str:
    """What the approval rate is a share of."""
    told = f"Share of the {labels.plural(batch.counts.n_applications, 'scored row')} with a PD below the cutoff."
    if batch.scored.n_referred:
        told += f" Referred rows ({labels.count(batch.scored.n_referred)}) are not counted."
    return told


def _render_decide_again(view: View, batch: cache.ScoredFile) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.info(
            f"Decisions and reasons are at {labels.cutoff_percent(batch.cutoff, 2)}, the cutoff when the file was "
            "dropped.",
            icon=":material/info:",
            width="stretch",
        )
        if st.button(f"Decide at {labels.cutoff_percent(view.cutoff, 2)}", key="batch.again"):
            bar = st.progress(0.0, "Scoring ...")
            try:
                hold_file(replace(batch, scored=_score(batch.table, view.cutoff, bar), cutoff=view.cutoff))
            except ScoreroomError as error:
                state.notify([str(error)], is_refusal=True)
            st.rerun()


def _render_score_again(view: View, batch: cache.ScoredFile) -> None:
    name = cache.scoring_model(batch.portfolio)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.info(
            f"These PDs are those of {f'the model {labels.plain(name)}' if name else 'the published model'}, which was "
            "shown when the file was dropped. What they are set beside is the shown model's.",
            icon=":material/info:",
            width="stretch",
        )
        if st.button(f"Score it by {labels.plain(cache.model_in_words())}", key="batch.other"):
            bar = st.progress(0.0, "Scoring ...")
            try:
                # Another token, because what is kept of a file holds for its PDs.
                hold_file(
                    cache.ScoredFile(
                        batch.table, _score(batch.table, view.cutoff, bar), view.cutoff, view.dataset, batch.sha256
                    )
                )
            except ScoreroomError as error:
                state.notify([str(error)], is_refusal=True)
            st.rerun()


def _render_results(view: View, batch: cache.ScoredFile) -> None:
    if not batch.counts.n_applications:
        st.info("No row of the file could be scored.", icon=":material/info:")
        return
    found = population_stability(view.portfolio_counts, batch.counts)
    words = ShiftWords("PD", "PSI", pd_bin_labels(found.edges), _PORTFOLIO, batch.table.name)
    render_figure(plot_shift(found.stability, words), key="batch-psi")
    _render_bands(view, batch)
    _render_downloads(batch)


def _render_bands(view: View, batch: cache.ScoredFile) -> None:
    edges = cache.open_session().manifest.band_edges
    rows = []
    sides = [band_shares(counts, edges) for counts in (batch.counts, view.portfolio_counts)]
    for low, own, usual in zip((0.0, *edges), *sides, strict=True):
        cells = (risk_band(low, edges), word_span(low, edges), labels.percent(own, 1), labels.percent(usual, 1))
        rows.append([labels.plain(cell) for cell in cells])
    render_small_table(["Risk band", "PD", "This file", "Portfolio"], rows, name="Risk bands of the file")


def _render_rows(view: View, batch: cache.ScoredFile) -> None:
    scored = batch.scored
    # What is referred has no PD and comes last.
    order = riskiest_first(scored.frame[scored.probability].cast(pl.Float64).to_numpy(), _SHOWN)
    first = [name for name in (cache.definition().id,) if name in batch.table.applications.columns]
    own = (scored.probability, scored.decision, scored.risk_band, *scored.reasons, scored.refer_reason, scored.warnings)
    shown = scored.frame.select(*first, *own)[order]
    place = pl.Series(batch.table.place, batch.table.order[order])
    words = [labels.NOT_DEFINED if pd is None else labels.percent(pd) for pd in shown[scored.probability]]
    decided = pl.col(scored.decision).replace_strict(DECISIONS)
    worded = shown.with_columns(pl.Series(scored.probability, words, dtype=pl.String), decided).rename(
        {
            scored.probability: "PD",
            scored.decision: "Decision",
            scored.risk_band: "Band",
            scored.refer_reason: "Why referred",
            scored.warnings: "Implausible",
        }
        | {name: f"Reason {place}" for place, name in enumerate(scored.reasons, 1)}
    )
    # Another file is another table: a row chosen in the last one is none of this one's.
    key = f"batch.rows.{st.session_state[_GENERATION]}.{batch.cutoff}"
    chosen = render_frame(
        pl.DataFrame([place, *worded]),
        height=420,
        key=key,
        column_config={"PD": st.column_config.TextColumn(alignment="right")},
        on_select="rerun",
        selection_mode="single-row",
        alt="Rows of the file, the riskiest first",
        name="",
    )
    rows: list[int] = chosen["selection"]["rows"]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Look at this applicant",
            disabled=not rows,
            on_click=_open_row,
            icon=":material/person_search:",
            args=(view, batch, int(order[rows[0]]) if rows else 0),
            key="batch.open",
        )
        st.caption(f"{_word_order(shown[scored.probability], scored)}; select one to open it as a new applicant.")
    _render_downloads(batch)


def _word_order(pds: pl.Series, scored: ScoredBatch) -> str:
    """Which rows are shown, of which these are the PDs, and in which order."""
    n_all, n_referred = scored.frame.height, pds.null_count()
    told = f"{labels.count(len(pds))} of {labels.plural(n_all, 'row')}" if len(pds) < n_all else ""
    told = told or labels.plural(n_all, "row")
    if n_referred < len(pds):
        told += ", the riskiest first"
    return told + (f", {labels.count(n_referred)} referred without a PD at the end" if n_referred else "")


def _open_row(view: View, batch: cache.ScoredFile, row: int) -> None:
    values = batch.table.applications.row(row, named=True)
    try:
        base = cache.base_values(view.dataset, NEW) or {}
        given = check_application(cache.definition(), {name: values.get(name) for name in base})
    except ScoreroomError as error:
        state.notify([str(error)], is_refusal=True)
        return
    forget_note(NEW)
    state.put_draft(Draft(NEW, make_edits(given.items(), cache.definition(), base)))
    state.notify(["The row is in the side panel as a new applicant; the page Applicant explains it."])


def _render_noted(batch: cache.ScoredFile) -> None:
    scored = batch.scored
    if not scored.n_referred and not scored.n_implausible:
        return
    found = noted_rows(batch.table, scored, cache.open_session())
    if scored.n_referred:
        st.markdown(f"{labels.plural(scored.n_referred, 'row')} referred, because too little is known.")
    if scored.n_implausible:
        st.markdown(f"{labels.plural(scored.n_implausible, 'row')} with values that contradict one another.")
    render_frame(found.head(_FAULTS_SHOWN), height=240, alt="What to check by row", name="")
    offer_file(
        "To check as CSV",
        partial(csv_of, found),
        "to-check.csv",
        "text/csv",
        key="batch.noted",
        what="to_check",
        facts={"rows": found.height},
    )


def _render_faults(_: View, batch: cache.ScoredFile) -> None:
    table = batch.table
    _render_noted(batch)
    if not table.n_faults and not table.n_doubts:
        if not batch.scored.n_referred:
            st.success("Every row was scored.", icon=":material/check:")
        return
    told = [(fault, _LEFT_OUT) for fault in table.faults] + [(doubt, _DOUBTED) for doubt in table.doubts]
    told.sort(key=lambda each: each[0].row)
    frame = pl.DataFrame(
        {
            table.place: [fault.row for fault, _ in told],
            "Column": [fault.column for fault, _ in told],
            "Found": [labels.MISSING if fault.found is None else fault.found for fault, _ in told],
            "Expected": [fault.expected for fault, _ in told],
            "Row is": [fate for _, fate in told],
        }
    )
    if table.n_faults:
        st.markdown(
            f"{labels.plural(table.n_faults, 'value')} in {labels.plural(table.n_bad_rows, 'row')} of "
            f"{labels.count(table.n_rows)} cannot be used; these rows were left out."
        )
    if table.n_doubts:
        st.markdown(
            f"{labels.plural(table.n_doubts, 'category value')} never seen; these rows were scored, the category as "
            "unknown."
        )
    render_frame(frame.head(_FAULTS_SHOWN), height=420, alt="What was wrong by row and column", name="")
    with st.container(horizontal=True, gap="small"):
        for kind, mime, write in (("CSV", "text/csv", csv_of), ("XLSX", XLSX_TYPE, _faults_xlsx)):
            offer_file(
                f"Report as {kind}",
                partial(write, frame),
                f"left-out.{kind.lower()}",
                mime,
                key=f"batch.faults.{kind.lower()}",
                what="left_out",
                facts={"rows": frame.height},
            )
    n_all = table.n_faults + table.n_doubts
    if n_all > min(len(told), _FAULTS_SHOWN):
        st.caption(
            f"The first {min(len(told), _FAULTS_SHOWN):,} of {n_all:,} are shown, and the first {len(told):,} are in "
            "the report."
        )


def _faults_xlsx(frame: pl.DataFrame) -> bytes:
    return table_xlsx("What was wrong, by row and column", frame.to_dict(as_series=False))


def _with_percent(scored: ScoredBatch) -> pl.DataFrame:
    """The scored rows with the PD in percent beside the PD as a share, under a name that says so."""
    names = scored.frame.columns
    percent = next(free for free in (f"pd_percent{'_' * n}" for n in count()) if free not in names)
    pds = exact_scores(scored.frame[scored.probability].cast(pl.Float32))
    place = names.index(scored.probability) + 1
    # To the digits that 32 bits hold, so that 6.92 % does not become 6.920000000000001 %.
    return scored.frame.clone().insert_column(place, (100 * pds).round_sig_figs(9).alias(percent))


def _render_downloads(batch: cache.ScoredFile) -> None:
    files: tuple[tuple[str, str, Callable[[pl.DataFrame], bytes]], ...] = (
        ("CSV", "text/csv", csv_of),
        ("Parquet", "application/vnd.apache.parquet", parquet_of),
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for kind, mime, write in files:
            offer_file(
                f"Scores as {kind}",
                partial(_written, write, batch.scored),
                f"scores.{kind.lower()}",
                mime,
                key=f"batch.{kind.lower()}",
                what="scores",
                facts={"rows": batch.scored.frame.height},
            )
        st.caption(
            "All scored rows with the file's own columns, PD as a share from 0 to 1 and in percent (pd_percent), "
            f"decision at {labels.cutoff_percent(batch.cutoff, 2)}, "
            "risk band, why referred, what looks implausible and, where declined, up to four reasons."
        )


def _written(write: Callable[[pl.DataFrame], bytes], scored: ScoredBatch) -> bytes:
    return write(_with_percent(scored))


_TABS: dict[str, Callable[[View, cache.ScoredFile], None]] = {
    RESULTS: _render_results,
    ROWS: _render_rows,
    FAULTS: _render_faults,
}
