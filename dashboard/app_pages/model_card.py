"""The model card: what the model at hand is, what it was made from, how good it is, and what it is not for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import streamlit as st

from dashboard import cache
from dashboard.cohort.bins import Bins
from dashboard.cohort.filters import Filters
from dashboard.components.files import offer_file
from dashboard.components.frame import View
from dashboard.components.metric_card import card_grid, render_estimate, render_metric
from dashboard.components.model_menu import KINDS, shown_entry
from dashboard.components.table import render_frame
from dashboard.components.tabs import open_tab
from dashboard.metrics.calibration_verdict import calibration_verdict
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.discrimination import roc_auc
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.rates import default_rate, mean_pd
from dashboard.visit import parameters
from dashboard.words import labels
from dashboard.words import model_facts as facts
from dashboard.words.sections import MODEL_CARD, sections_of, split_sections
from data.definition.definition import Definition
from data.errors import FileError, ScoreroomError
from data.predictions.table import AS_IMPORTED, FOLD_NAME
from inference.inventory.entry import ModelEntry, ModelKind
from inference.model.artifact import MANIFEST, Manifest
from inference.model.session import ScoringSession

SUMMARY, PERFORMANCE, FEATURES, BUILD = "Summary", "Performance", "Features", "Build"
TAB = parameters.choice("card.tab", (SUMMARY, PERFORMANCE, FEATURES, BUILD))
OUTCOME = "What counts as a default"
SYNTHETIC, UNSEEN = "Trained on the embedded portfolio", "Groups that the model does not see"
_GROUPS_OF_A_NUMBER = 5
_LONGEST_TEXT = 100_000
_MOST_IN_FULL, _TALLEST = 20, 640
_SECTIONS_AT_LEFT = 3


def render(view: View) -> None:
    """Write the page for `view`; of the cohort it takes nothing."""
    try:
        session = cache.open_session()
    except ScoreroomError as error:
        st.info(f"There is no model to describe. {labels.notice(str(error))}", icon=":material/info:")
        return
    manifest, entry = session.manifest, shown_entry(view.dataset)
    counts = _counts_of_model(view, manifest, entry)
    _render_head(session, manifest, entry)
    if counts is None:
        _render_other_predictions(view, entry)
    name, box = open_tab(TAB)
    with box:
        match name:
            case "Performance":
                _render_performance(view, session, counts, entry)
            case "Features":
                _render_features(manifest, session.definition)
            case "Build":
                _render_build(session, manifest)
            case _:
                _render_summary(session, counts)


def _counts_of_model(view: View, manifest: Manifest, entry: ModelEntry | None) -> ScoreCounts | None:
    """The counts of the out-of-fold predictions, or None where the predictions at hand are others."""
    # What was open when the model was trained has no PD out of fold.
    counts = view.portfolio_counts.resolved
    if view.dataset.location.imported or _was_made_elsewhere(view, entry) or not facts.describes(manifest, counts):
        return None
    return counts


def _render_head(session: ScoringSession, manifest: Manifest, entry: ModelEntry | None) -> None:
    trees, features = labels.count(manifest.metrics.get("trees", 0)), len(manifest.features)
    text, file = st.columns([4, 1], vertical_alignment="center")
    with text:
        made = f"by Scoreroom {manifest.product_version}. {facts.backend(session)}"
        if entry is None or entry.kind is ModelKind.LIGHTGBM:
            what = f"Gradient-boosted trees (LightGBM): {trees} trees on {features} features, {made}"
        else:
            what = f"{entry.name}, {KINDS[entry.kind]} on {features} features, {made} {entry.said}"
        st.markdown(labels.plain(what))
    with file:
        offer_file(
            "Manifest",
            manifest.to_json,
            MANIFEST,
            "application/json",
            width="stretch",
            key="card.manifest",
            help="Download the manifest as JSON",
            what="manifest",
        )


def _was_made_elsewhere(view: View, entry: ModelEntry | None) -> bool:
    """Whether the PDs shown are those of a model that was imported, or of one that was calibrated from such a model."""
    return not view.dataset.location.imported and entry is not None and entry.how == AS_IMPORTED


def _render_other_predictions(view: View, entry: ModelEntry | None) -> None:
    if _was_made_elsewhere(view, entry):
        told = (
            "This model was made elsewhere and may have been trained on these applications, so the card states no "
            "performance out of fold. How well its PDs fit these applications is on the other pages."
        )
    else:
        imported = view.dataset.location.imported
        whose = (
            f"the imported predictions {view.predictions.source.name}"
            if imported
            else "the predictions on the other pages"
        )
        told = (
            f"This card describes the model at hand, not {whose}: they were not published with it. Its figures are "
            "those that the manifest states, so they come without intervals."
        )
    st.info(labels.plain(told), icon=":material/info:")


def _render_summary(session: ScoringSession, counts: ScoreCounts | None) -> None:
    manifest, definition = session.manifest, session.definition
    _render_cards(manifest, counts)
    data = _training_data(manifest)
    sections = card_sections(definition)
    synthetic = sections.pop(SYNTHETIC, "")
    # Beside the figures that it is about.
    del sections[UNSEEN]
    if data is not None and data.is_synthetic and synthetic:
        st.info(f"**{SYNTHETIC}**\n\n{synthetic}", icon=":material/science:")
    columns = st.columns(2, gap="large")
    with columns[0]:
        _render_section("Training data", f"{labels.plain(definition.name)}: {_worded_training(manifest, data)}")
    for number, (heading, text) in enumerate(sections.items()):
        # In two columns of about the same length.
        with columns[number >= _SECTIONS_AT_LEFT]:
            _render_section(heading, text)


def card_sections(definition: Definition) -> dict[str, str]:
    """The card's text by heading: what holds for any portfolio, or what is said beside this one's definition."""
    sections = dict(sections_of(MODEL_CARD))
    # After what the model is not for.
    place = list(sections).index("Equal treatment")
    ordered = list(sections.items())
    ordered.insert(place, (OUTCOME, facts.worded_outcome(definition)))
    return dict(ordered) | sections_beside(cache.definition_path())


def sections_beside(definition: Path) -> dict[str, str]:
    """The sections of `model-card.md` in the folder of a definition's file; none where there is no such file.

    Pictures are left as text, because they would be fetched from wherever the file says.
    """
    try:
        with definition.with_name(MODEL_CARD).open(encoding="utf-8", errors="replace") as file:
            return split_sections(file.read(_LONGEST_TEXT).replace("![", "!\\["))
    except OSError:
        return {}


def _render_section(heading: str, text: str) -> None:
    st.subheader(heading, anchor=False)
    st.markdown(text)


def _render_cards(manifest: Manifest, counts: ScoreCounts | None) -> None:
    published = manifest.metrics
    specs = (
        (
            "ROC AUC",
            roc_auc,
            "oof_auc",
            labels.decimal,
            "Chance that a random defaulter has a higher PD, out of fold, than a random non-defaulter; "
            "DeLong interval.",
        ),
        (
            "Default rate",
            default_rate,
            "default_rate",
            labels.percent,
            "Share of the training applications that defaulted; Wilson interval.",
        ),
        (
            "Mean PD",
            mean_pd,
            "oof_mean_pd",
            labels.percent,
            "Average predicted probability of default, out of fold; close to the default rate when PDs are calibrated.",
        ),
    )
    with card_grid("model-card", 4):
        render_metric(
            "Training applications",
            labels.count(published.get("n_rows", 0)),
            labels.plural(len(manifest.features), "feature"),
        )
        for label, measure, key, word, help_text in specs:
            render_estimate(
                label, _published(published.get(key)) if counts is None else measure(counts), word, help_text=help_text
            )


def _published(value: float | None) -> Estimate:
    return Estimate.undefined("the manifest does not state it") if value is None else Estimate(value)


def _training_data(manifest: Manifest) -> facts.TrainingData | None:
    try:
        return facts.training_data(manifest, *cache.application_table())
    except FileError:
        return None


def _worded_training(manifest: Manifest, data: facts.TrainingData | None) -> str:
    digest = facts.short(manifest.training_data_sha256)
    if data is None:
        return f"The application table is not at hand; the one trained on has the SHA-256 `{digest}`."
    if not data.is_at_hand:
        return (
            f"The application table at hand is not the one that was trained on, whose SHA-256 is `{digest}`. "
            f"At hand: {labels.plain(data.description)}"
        )
    return f"{labels.plain(data.description)} As a table it has the SHA-256 `{digest}` (whole under {BUILD})."


def _render_performance(
    view: View, session: ScoringSession, counts: ScoreCounts | None, entry: ModelEntry | None
) -> None:
    manifest, is_foreign = session.manifest, _was_made_elsewhere(view, entry)
    if not is_foreign:
        st.subheader("Out of fold, on all training applications", anchor=False)
        if counts is not None:
            st.markdown(labels.plain(calibration_verdict(counts).message))
        _render_table("Performance", _figure_table(manifest, counts), right=(1, 2, 3))
        st.caption(facts.trees_chosen(manifest))
    if counts is not None:
        exact = "from each distinct PD" if counts.is_exact else "from PDs in groups between neighbouring cutoffs"
        st.caption(f"Counted now {exact}; the manifest's figures come from the exact rows when it was made.")
        _render_gaps(view)
        _render_unseen(view, session)
        _render_folds(view)
    _render_out_of_time(manifest)
    st.subheader("Exported against what it was made from" if is_foreign else "Exported against trained", anchor=False)
    st.markdown(labels.plain(facts.parity(manifest, "those of what it was made from" if is_foreign else "LightGBM's")))


def _render_gaps(view: View) -> None:
    """Write how far the PDs on the other pages and the published model's are apart."""
    gaps = cache.published_gaps(view.dataset)
    if gaps is not None:
        median, most, largest = (labels.points(gap, 1) for gap in gaps)
        st.caption(
            f"The portfolio's PDs and the published model's differ by {median} in the median; 99 of 100 applications "
            f"by at most {most}, one by {largest}."
        )


def _render_out_of_time(manifest: Manifest) -> None:
    found = facts.out_of_time(manifest)
    if found is None:
        return
    st.subheader("Out of time", anchor=False)
    st.markdown(labels.plain(found.words))
    names, values = zip(*found.figures, strict=True)
    _render_table("Performance out of time", {"Figure": names, "In the manifest": values}, right=(1,))


def _figure_table(manifest: Manifest, counts: ScoreCounts | None) -> Mapping[str, Sequence[str]]:
    found = facts.figures(manifest, counts)
    published = [labels.NOT_DEFINED if f.published is None else f.word(f.published) for f in found]
    if counts is None:
        stated = [(f.label, text) for f, text in zip(found, published, strict=True) if f.published is not None]
        return {"Figure": [label for label, _ in stated], "In the manifest": [text for _, text in stated]}
    values, intervals = zip(*(_worded(f.live or _published(None), f) for f in found), strict=True)
    return {
        "Figure": [f.label for f in found],
        "Counted now": values,
        "95 % interval": intervals,
        "In the manifest": published,
    }


def _worded(estimate: Estimate, figure: facts.Figure) -> tuple[str, str]:
    if estimate.value is None:
        return labels.NOT_DEFINED, estimate.explanation
    return figure.word(estimate.value), _worded_interval(estimate, figure)


def _worded_interval(estimate: Estimate, figure: facts.Figure) -> str:
    if estimate.low is None or estimate.high is None:
        return labels.NOT_DEFINED
    return labels.interval(figure.word(estimate.low), figure.word(estimate.high))


def _render_folds(view: View) -> None:
    st.subheader("By fold", anchor=False)
    if FOLD_NAME not in view.predictions.frame.columns:
        st.markdown("The predictions do not say which fold an application was in.")
        return
    bins = cache.column_bins(view.dataset, FOLD_NAME, 1)
    by_fold = _resolved_by(view, bins)
    rows = [(bins.labels[code], counts, facts.figures_of_fold(counts)) for code, counts in by_fold]
    table = {
        "Fold": [name for name, _, _ in rows],
        "Applications": [labels.count(counts.n_applications) for _, counts, _ in rows],
        "Defaults": [labels.count(counts.n_bad) for _, counts, _ in rows],
    }
    for place, label in enumerate(facts.FOLD_FIGURES):
        worded = [_worded(figures[place].live or _published(None), figures[place]) for _, _, figures in rows]
        table[label] = [value for value, _ in worded]
        if any(interval != labels.NOT_DEFINED for _, interval in worded):
            table[f"{label}, 95 %"] = [interval for _, interval in worded]
    _render_table("Performance by fold", table, right=range(1, len(table)))
    st.caption(
        "Each fold is scored by a model grown on the others. Intervals that overlap widely say that the folds do not "
        "differ by more than chance."
    )


def _resolved_by(view: View, bins: Bins) -> list[tuple[int, ScoreCounts]]:
    """The counts of each group of `bins` whose outcomes are known, by code."""
    counted = cache.segment_counts(view.dataset, Filters(), bins)
    return [(code, counts.resolved) for code, counts in sorted(counted.items()) if counts.n_resolved]


def _render_unseen(view: View, session: ScoringSession) -> None:
    unseen = facts.unseen_columns(session.manifest, session.definition, view.predictions.cohort_columns)
    groups = [
        facts.GroupCalibration(column.label, bins.labels[code], counts)
        for column in unseen
        for bins in [cache.column_bins(view.dataset, column.name, _GROUPS_OF_A_NUMBER)]
        for code, counts in _resolved_by(view, bins)
    ]
    if not groups:
        return
    st.subheader(UNSEEN, anchor=False)
    st.markdown(labels.plain(facts.summarise_groups(groups)))
    cells = {
        "Column": [group.column for group in groups],
        "Group": [group.name for group in groups],
        "Applications": [labels.count(group.counts.n_applications) for group in groups],
        "Defaults": [labels.count(group.counts.n_bad) for group in groups],
        "Mean PD": [labels.percent(mean_pd(group.counts).value) for group in groups],
        "Default rate": [labels.percent(default_rate(group.counts).value) for group in groups],
        "Observed / expected": [labels.decimal(group.ratio.value, 2) for group in groups],
        "95 % interval": [_worded_ends(group.ratio) for group in groups],
        "Meaning": [group.words for group in groups],
    }
    _render_table("Calibration of groups that the model does not see", cells, right=range(2, 8))
    st.markdown(card_sections(session.definition)[UNSEEN])


def _worded_ends(ratio: Estimate) -> str:
    if ratio.low is None or ratio.high is None:
        return labels.NOT_DEFINED
    return labels.interval(labels.decimal(ratio.low, 2), labels.decimal(ratio.high, 2))


def _render_features(manifest: Manifest, definition: Definition) -> None:
    features = manifest.features
    st.subheader(labels.plural(len(features), "feature"), anchor=False)
    _render_table(
        "Features of the model",
        {
            "Feature": [feature.label for feature in features],
            "Name": [feature.name for feature in features],
            "How": [facts.worded_kind(feature) for feature in features],
            "Computed from": [facts.worded_sources(feature, definition) for feature in features],
            "Sensitive": ["Watched" if facts.is_watched(feature, definition) else "" for feature in features],
        },
    )
    st.caption(
        "Watched features use a column that is marked sensitive: they are in the model, and groups are compared by it."
    )
    out = facts.left_out(manifest, definition)
    st.subheader(f"{len(out)} columns that are no feature of their own", anchor=False)
    _render_table(
        "Columns left out",
        {
            "Column": [column.label for column in out],
            "Name": [column.name for column in out],
            "Why": [column.reason for column in out],
        },
    )


def _render_build(session: ScoringSession, manifest: Manifest) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Settings", anchor=False)
        settings = {"seed": manifest.seed, **manifest.settings}
        _render_table(
            "Training settings",
            {
                "Setting": [facts.worded_setting(name) for name in settings],
                "Value": [str(value) for value in settings.values()],
            },
            right=(1,),
        )
        if "trees" in manifest.metrics:
            st.caption(facts.trees_chosen(manifest))
        st.subheader("Decision", anchor=False)
        edges = ", ".join(labels.percent(edge, 0) for edge in manifest.band_edges)
        st.markdown(
            labels.plain(
                f"Cutoff as published: {labels.cutoff_percent(manifest.cutoff, 2)}. Risk bands begin at PDs of {edges}."
            )
        )
    with right:
        st.subheader("Libraries", anchor=False)
        _render_table(
            "Versions of libraries",
            {
                "Library": list(manifest.libraries),
                "Trained and exported with": list(manifest.libraries.values()),
                "Installed here": [facts.installed(name) for name in manifest.libraries],
            },
        )
        st.subheader("Scoring", anchor=False)
        st.markdown(labels.plain(facts.backend(session)))
    st.subheader("Files and digests", anchor=False)
    _render_digests(manifest, session.definition)


def _render_digests(manifest: Manifest, definition: Definition) -> None:
    digests = {name: (facts.worded_size(record.size), record.sha256) for name, record in manifest.files.items()}
    digests["Training data (Parquet)"] = (labels.NOT_DEFINED, manifest.training_data_sha256)
    digests[f"Definition of {labels.literal(definition.name)}"] = (labels.NOT_DEFINED, definition.digest)
    digests["Feature definitions"] = (labels.NOT_DEFINED, manifest.features_sha256)
    _render_table(
        "Digests of the published files",
        {
            "What": list(digests),
            "Size": [size for size, _ in digests.values()],
            "SHA-256": [digest for _, digest in digests.values()],
        },
        right=(1,),
        narrow=(2,),
    )
    st.caption("A digest is shown as far as there is room; select the cell and copy it to have it whole.")


def _render_table(
    alt: str, table: Mapping[str, Sequence[str]], *, right: Collection[int] = (), narrow: Collection[int] = ()
) -> None:
    n_rows = max((len(values) for values in table.values()), default=0)
    render_frame(
        table,
        alt=alt,
        height="content" if n_rows <= _MOST_IN_FULL else _TALLEST,
        column_config={
            name: st.column_config.TextColumn(
                name, alignment="right" if place in right else "left", width="medium" if place in narrow else None
            )
            for place, name in enumerate(table)
        },
    )
