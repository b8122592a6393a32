"""Open: bring a file, see what it was taken for, and look at its predictions or train a model on it; the library."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard import cache, choice, state
from dashboard.app_pages.data_quality import render_oddities
from dashboard.components.files import TABLES, TEXTS, ask_how_written, taking_in, written_help
from dashboard.components.findings import Goal, open_page
from dashboard.components.frame import View
from dashboard.components.library_menu import Offer, offers
from dashboard.components.metric_card import card_grid, render_card, render_metric
from dashboard.components.opened import (
    Opening,
    bring,
    build_entry,
    forget_opening,
    forget_training,
    look_at_predictions,
    opening,
    result,
    server_tables,
    show,
    train,
    training,
)
from dashboard.components.table import render_frame
from dashboard.limits import Limits, load_limits
from dashboard.report import catalogue
from dashboard.training import Training
from dashboard.words import labels
from dashboard.words.quality_words import summary
from data.errors import ScoreroomError
from data.library.entries import LONGEST_NAME, Entry, delete_entry, rename_entry
from data.library.opening import Understood
from data.predictions.roles.answers import NOTHING_SAID, OUTCOME, SCORE, SCORES, Answers
from data.predictions.roles.questions import Question
from data.reading.said import said_in

_UPLOAD, _GENERATION, _NAME, _WRITTEN = "open.upload", "open.generation", "open.name", "open.written"
_RETRY = "open.retried"
_EDITED, _NEW_NAME, _DELETED = "open.edited", "open.new", "open.deleted"
_OUTCOME, _SCORE, _KIND = "open.outcome", "open.score", "open.kind"
_BAD, _GOOD, _QUESTION = "open.bad", "open.good", "open.question"
_RECOGNISED, _NO_OUTCOME = "As recognised", "Not in this file"
_LOOK_SECONDS = 0.7
_BARS, _MOST_VALUES = 12, 20


def render(view: View) -> None:
    """Write the page for `view`."""
    job = training()
    if job is not None:
        _render_training(job)
    elif (found := opening()) is not None:
        with st.spinner("Reading ..."):
            problem = found.problem()
        _render_heading(found)
        if problem:
            _render_refused(problem)
            _render_upload(load_limits())
        else:
            _render_opening(found)
    else:
        if result() and result() == cache.chosen():
            _render_result(view)
        _render_upload(load_limits())
    _render_library()


def _render_upload(limits: Limits) -> None:
    st.subheader("Open a file", anchor=False)
    place = cache.base_settings().library
    st.caption(
        "CSV and other text (also packed), Parquet, a workbook, SAS, SPSS or Stata, up to "
        f"{limits.open_bytes // 1_000_000:,} MB and {limits.open_rows:,} rows: "
        "scores with what happened, or applications to train a model on, for which a model has "
        f"{labels.plural(limits.train_seconds // 60, 'minute')}. Nothing leaves this machine; what you open stays in "
        f"{labels.plain(str(place))}."
    )
    # Another key is another uploader: the bytes of the last file go once they are read.
    key = f"{_UPLOAD}.{st.session_state.setdefault(_GENERATION, 0)}"
    uploaded = st.file_uploader(
        "A file of yours",
        type=[each.lstrip(".") for each in TABLES],
        key=key,
        max_upload_size=limits.open_bytes // 1_000_000,
    )
    written = "" if opening() is not None else ask_how_written(_WRITTEN)
    tables = server_tables(limits)
    if tables:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            named = st.selectbox("Or a table on the server", list(tables), index=None, format_func=labels.literal)
            if st.button("Open it", disabled=named is None) and named is not None:
                _take(partial(bring, named, tables[named], written))
                st.rerun()
    if uploaded is None:
        return
    with taking_in("portfolio", uploaded), st.spinner("Reading ..."):
        _take(partial(bring, uploaded.name, uploaded.getvalue(), written))
    # Only now: a click in between starts the page anew, and the file is then still there to be read.
    st.session_state[_GENERATION] += 1
    st.rerun()


def _take(work: Callable[[], None]) -> bool:
    """Do something that may be refused, and say so if it is."""
    try:
        work()
    except ScoreroomError as error:
        state.notify([str(error)], is_refusal=True)
        return False
    state.notify(())
    return True


def _render_heading(found: Opening) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(labels.plain(found.brought.table.name), anchor=False, width="stretch")
        st.button("Close this file", icon=":material/close:", on_click=forget_opening, width="content")
    if found.same is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"This file is in the library already, as {labels.plain(found.same.name)}.", width="stretch")
            st.button("Show it", on_click=_show_instead, args=(found.same,), width="content")


def _render_refused(problem: str) -> None:
    """Write why the file cannot be read, and ask how it is written; it need not be brought again."""
    st.error(labels.plain(problem), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for text in said_in(problem):
            st.button(
                f"Read it with {labels.plain(text)}",
                key=f"open.retry.{text}",
                on_click=_retry,
                args=(shlex.quote(text),),
            )
        typed = st.text_input("How it is written (KEY=VALUE)", key=_RETRY, width=280, help=written_help())
        st.button("Read it again", key="open.retry", on_click=_retry, args=(typed,), disabled=not typed)


def _retry(written: str) -> None:
    found = opening()
    if found is not None:
        _take(partial(found.read_otherwise, written))


def _render_opening(found: Opening) -> None:
    place = st.container()
    try:
        with st.spinner("Reading ..."):
            said = _render_answers(found)
            known = found.understood(said)
    except ScoreroomError as error:
        st.error(labels.plain(str(error)), icon=":material/error:")
        return
    with place:
        _render_understood(known)
    _render_doors(found, known, said)
    _render_columns(known)
    odd = found.oddities(said)
    st.markdown(f"**Data quality** :small[:gray[{summary(odd)}]]")
    if odd:
        render_oddities(odd, {}, name="")


def _show_instead(entry: Entry) -> None:
    forget_opening()
    show(entry)


def _render_understood(known: Understood) -> None:
    table = known.table
    how = _layout(known) if table.path.suffix.lower() in TEXTS else table.path.suffix.lstrip(".").upper()
    st.caption(f"{labels.plural(table.n_rows, 'row')}, {labels.plural(table.frame.width, 'column')}; {how}.")
    render_frame(known.sample, alt="First three rows", name="")
    if table.sample:
        st.caption("The same rows as they stand in the file:")
        st.code("\n".join(table.sample), language=None, wrap_lines=True)
    if known.predictions is not None:
        source = known.predictions.source
        told = " ".join([f"{source.taken[:1].upper()}{source.taken[1:].rstrip('.')}.", *source.notices])
        st.info(f"As predictions: {labels.plain(told)}", icon=":material/insights:")
    elif not known.questions:
        st.warning(f"As predictions: {labels.plain(known.problems[0])}", icon=":material/help:")
    if known.guess is None:
        st.warning(f"To train on: {labels.plain(known.problems[1])}", icon=":material/help:")


def _layout(known: Understood) -> str:
    names = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
    header = "" if known.table.header else ", no header"
    return f"separated by {names.get(known.table.separator, known.table.separator)}, {known.table.encoding}{header}"


def _render_answers(found: Opening) -> Answers:
    """Write what is asked and what can be changed; return what was said."""
    bare = found.understood()
    names = [_RECOGNISED, *bare.table.frame.columns]
    said = _render_questions(found)
    with st.expander("Change what was recognised", key="open-answers"):
        outcome, score, kind = st.columns(3)
        column = outcome.selectbox("Outcome", [*names, _NO_OUTCOME], key=_OUTCOME, format_func=labels.literal)
        if column == _NO_OUTCOME:
            said = said.plus(Answers(has_no_outcome=True))
        elif column != _RECOGNISED:
            said = said.plus(Answers(((column, OUTCOME),)))
        scored = score.selectbox("Score", names, key=_SCORE, format_func=labels.literal)
        how = kind.selectbox("The score is", ["recognised", *SCORES], key=_KIND, disabled=scored == _RECOGNISED)
        if scored != _RECOGNISED:
            said = said.plus(Answers(((scored, SCORE if how == "recognised" else how),), champion=scored))
        if column not in (_RECOGNISED, _NO_OUTCOME):
            values = bare.table.frame[column].drop_nulls().unique().sort().head(_MOST_VALUES).to_list()
            said = said.plus(_render_values("open", values, outcome))
    return said


def _render_questions(found: Opening) -> Answers:
    """Write the questions that the file leaves open, and return what was answered.

    An answer may lead to other questions; those that were answered stay, so that they can be answered otherwise.
    """
    said, asked = NOTHING_SAID, set()
    while True:
        new = [each for each in found.understood(said).questions if each.key not in asked]
        before = said
        for question in new:
            asked.add(question.key)
            said = said.plus(_render_question(question))
        if said == before:
            return said


def _render_question(question: Question) -> Answers:
    with st.container(border=True, key=f"open-question-{len(question.key)}-{question.key}"):
        text = labels.plain(f"{question.text[:1].upper()}{question.text[1:]}")
        by_label = {answer.label: answer.said for answer in question.answers}
        chosen = None
        if by_label:
            chosen = st.radio(
                text,
                list(by_label),
                index=None,
                key=f"{_QUESTION}.{question.key}",
                format_func=labels.plain,
                horizontal=True,
            )
        else:
            st.markdown(text)
        if chosen is not None:
            return by_label[chosen]
        if not question.values:
            return NOTHING_SAID
        counts = dict(question.values)
        role = Answers(tuple((column, OUTCOME) for column in question.columns[:1]))
        values = _render_values(question.key, list(counts), st.container())
        return role.plus(values) if values.bad and values.good else NOTHING_SAID


def _render_values(key: str, values: Sequence[str], place: Any) -> Answers:
    """Write which values of an outcome are bad and which good; all others are open."""
    with place:
        bad = st.multiselect("Values that mean default", values, key=f"{_BAD}.{key}", format_func=labels.literal)
        rest = [value for value in values if value not in bad]
        good = st.multiselect("Values that mean repaid", rest, key=f"{_GOOD}.{key}", format_func=labels.literal)
    return Answers(bad=tuple(bad), good=tuple(good))


def _render_doors(found: Opening, known: Understood, said: Answers) -> None:
    """Write the two ways into the dashboard."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="open-doors"):
        name = st.text_input("Name", found.brought.title, key=_NAME, max_chars=LONGEST_NAME, width=280)
        can_look, can_train = known.predictions is not None, known.is_trainable
        looks = st.button(
            "Look at these predictions",
            key="open.look",
            icon=":material/insights:",
            type="primary" if can_look else "secondary",
            disabled=not can_look,
        )
        trains = st.button(
            "Train a model on these applications",
            key="open.train",
            icon=":material/model_training:",
            type="secondary" if can_look else "primary",
            disabled=not can_train,
            help=_outcome_words(known),
        )
    done = (looks and _take(partial(look_at_predictions, name, said))) or (trains and _take(partial(train, name, said)))
    if looks or trains:
        if done:
            _forget_answers()
        st.rerun()


def _outcome_words(known: Understood) -> str:
    outcome = None if known.guess is None else known.guess.definition.outcome
    if outcome is None or not known.is_trainable:
        return "Say first which column and which of its values mean default"
    bad = ", ".join(map(str, outcome.bad))
    return labels.plain(f"Default is {outcome.column} = {bad}")


def _forget_answers() -> None:
    for key in list(st.session_state):
        if str(key).startswith((_OUTCOME, _SCORE, _KIND, _BAD, _GOOD, _QUESTION, _NAME)):
            del st.session_state[key]


def _render_columns(known: Understood) -> None:
    frame = known.table.frame
    findings = {} if known.guess is None else {each.column: each for each in known.guess.findings}
    st.markdown("**Columns**")
    render_frame(
        {
            "Column": frame.columns,
            "Values": [_histogram(frame[name]) for name in frame.columns],
            "Taken for": [findings[name].guess if name in findings else None for name in frame.columns],
            "Sure?": [findings[name].verdict if name in findings else None for name in frame.columns],
            "Empty": [100 * frame[name].null_count() / max(frame.height, 1) for name in frame.columns],
            "Why": [findings[name].why if name in findings else None for name in frame.columns],
        },
        alt="Columns of the file",
        name="",
        column_config={
            "Values": st.column_config.BarChartColumn(width="small", y_min=0),
            "Empty": st.column_config.NumberColumn(format="%.1f %%", width="small"),
            "Why": st.column_config.TextColumn(width="large"),
        },
    )


def _histogram(texts: pl.Series) -> list[float]:
    """Counts of a column's values: of numbers in equal steps, of words by level, the commonest first."""
    numbers = texts.cast(pl.Float64, strict=False)
    numbers = numbers.filter(numbers.is_finite())
    if 2 * len(numbers) > len(texts) - texts.null_count() and numbers.n_unique() > 2:
        return [float(n) for n in numbers.hist(bin_count=_BARS)["count"]]
    return [float(n) for n in texts.drop_nulls().value_counts(sort=True, name="~n")["~n"].head(_BARS)]


def _render_training(job: Training) -> None:
    st.subheader(f"Training a model: {labels.plain(job.name)}", anchor=False)
    st.fragment(_render_progress, run_every=_LOOK_SECONDS if job.is_under_way else None)()


def _render_progress() -> None:
    job = training()
    if job is None:
        return
    if job.is_under_way:
        states: Any = job.described()["steps"]
        for step, now in zip(job.steps, states, strict=True):
            took = "" if now["seconds"] is None else f", {now['seconds']:,.0f} s"
            share = 1.0 if now["state"] in ("done", "kept") else float(now["share"])
            st.progress(share, text=f"{step.title}{took} :small[:gray[{step.what.partition(' The dashboard')[0]}]]")
        st.caption("This goes on when you leave the page; the portfolio is then in the library.")
        st.button("Cancel", key="open.cancel", on_click=_cancel, icon=":material/close:")
        return
    forget_training()
    if job.entry is not None:
        show(job.entry)
    elif job.problem:
        state.notify([f"No model was trained. {job.problem}"], is_refusal=True)
    st.rerun()


def _cancel() -> None:
    job = training()
    if job is not None:
        job.cancel()
        forget_training()
        state.notify(["Training was cancelled; nothing is left of it."])


def _render_result(view: View) -> None:
    """Write what was opened last, and what to look at first."""
    source = view.predictions.source
    with st.container(border=True, key="open-result"):
        st.subheader(f"{labels.plain(choice.shown_name(source.name))} is open", anchor=False)
        st.caption(
            "Its scores are shown as the file has them."
            if source.is_imported
            else "A model was trained and checked. Each application has the PD of a model that has not seen it."
        )
        figures = [catalogue.DEFAULT_RATE, catalogue.MEAN_PD, catalogue.ROC_AUC] if source.has_outcomes else []
        with card_grid("opened", 1 + len(figures)):
            render_metric("Applications", labels.count(view.counts.n_applications))
            for metric in figures:
                render_card(metric, view.evaluation, None)
        with st.container(horizontal=True, gap="small"):
            for title, path, why in _FIRST:
                if st.button(f"{title} :small[:gray[{why}]]", key=f"open.first.{path or 'today'}"):
                    open_page(Goal(title, path, {}))


_FIRST = (
    ("Today", "", "what stands out"),
    ("Calibration", "calibration", "do PDs hold?"),
    ("Data quality", "data-quality", "what is odd in the data"),
)


def _render_library() -> None:
    st.subheader("Library", anchor=False)
    with st.container(key="library-list", gap="xsmall"):
        for offer in offers():
            _render_offer(offer)


def _render_offer(offer: Offer) -> None:
    entry = offer.entry
    is_shown = offer.key == cache.chosen()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        told = offer.told if entry is None or not entry.digest else f"{offer.told}, version {entry.digest[:8]}"
        shown = " · shown now" if is_shown else ""
        st.markdown(f"**{labels.plain(offer.name)}** :small[:gray[{labels.plain(told)}{shown}]]", width="stretch")
        if entry is not None and not entry.is_built:
            st.button("Build", key=f"open.build.{offer.key}", on_click=_build, args=(entry,))
        else:
            st.button(
                "Open",
                key=f"open.entry.{offer.key}",
                disabled=is_shown,
                on_click=choice.open_portfolio,
                args=(offer.key,),
            )
        if entry is not None:
            st.button("Edit", key=f"open.edit.{offer.key}", type="tertiary", on_click=_edit, args=(offer.key,))
    if entry is not None and st.session_state.get(_EDITED) == offer.key:
        _render_editing(entry)


def _build(entry: Entry) -> None:
    _take(partial(build_entry, entry))


def _edit(key: str) -> None:
    st.session_state[_EDITED] = None if st.session_state.get(_EDITED) == key else key
    st.session_state.pop(_DELETED, None)


def _render_editing(entry: Entry) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", border=True):
        key = f"{_NEW_NAME}.{entry.key}"
        st.text_input("Name in the library", entry.name, key=key, max_chars=LONGEST_NAME, width=280)
        st.button("Rename", key="open.rename", on_click=_rename, args=(entry, key))
        if st.session_state.get(_DELETED) == entry.key:
            st.button(
                "Delete it with all its files",
                key="open.really",
                type="primary",
                icon=":material/delete_forever:",
                on_click=_delete,
                args=(entry,),
            )
        else:
            st.button("Delete ...", key="open.delete", icon=":material/delete:", on_click=_ask, args=(entry.key,))
    st.caption(f"Its files lie in {labels.plain(str(entry.folder))}.")


def _ask(key: str) -> None:
    st.session_state[_DELETED] = key


def _rename(entry: Entry, key: str) -> None:
    if _take(partial(rename_entry, entry, str(st.session_state[key]))):
        st.session_state[_EDITED] = None


def _delete(entry: Entry) -> None:
    st.session_state[_EDITED] = None
    if cache.chosen() == entry.key:
        choice.open_portfolio("", f"{entry.name} was deleted.")
    _take(partial(delete_entry, entry))
