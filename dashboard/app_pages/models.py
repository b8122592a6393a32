"""Models: which models of the portfolio there are, how well they rank, and training, importing or keeping another."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import cache, state
from dashboard.components.files import taking_in
from dashboard.components.frame import View
from dashboard.components.model_menu import KINDS, title_of
from dashboard.components.model_work import is_refused, order, ordered, render_work, why_refused
from dashboard.components.scorecard import render_card
from dashboard.components.table import render_frame
from dashboard.metrics.estimate import Estimate
from dashboard.visit.visit import AGAINST, AGAINST_MODEL, MODEL
from dashboard.words import labels
from data.errors import ScoreroomError
from data.files.batch_limits import LIMITS
from inference.features.definition_features import feature_set
from inference.inventory.entry import CHAMPION, ModelEntry, ModelKind, check_name
from inference.inventory.store import delete, folder_of_model, rename
from inference.scorecard.card import read_card

_OF, _NEW_NAME, _ASKED = "models.of", "models.new", "models.asked"
_KIND, _NAME, _LEFT_OUT, _KEPT, _SETTINGS = (
    "models.kind",
    "models.name",
    "models.left",
    "models.directions",
    "models.settings",
)
_FILE, _FILE_NAME, _OUTPUT = "models.file", "models.file.name", "models.file.output"
_TREES, _IN_ORDER = "models.file.trees", "models.file.order"
_LIGHTGBM, _SCORECARD = "LightGBM", "Scorecard"
_TRAINED = {_LIGHTGBM: ModelKind.LIGHTGBM, _SCORECARD: ModelKind.SCORECARD}
_LONGEST_NAME = 40
# Renames and deletes.
_BY_COMMAND = "models"
_FILES = ["txt", "model", "json", "ubj", "cbm", "onnx", "skops"]


def render(view: View) -> None:
    """Write the page for `view`; of the cohort it takes nothing."""
    entries = _entries(view)
    _render_list(view, entries)
    if not view.dataset.location.imported:
        for fault in cache.model_faults().values():
            st.warning(labels.plain(fault), icon=":material/report:")
    render_work()
    _render_one(view, entries)
    if view.dataset.location.imported:
        st.caption("These predictions are a file's: models are trained on a portfolio of applications (page Open).")
    elif reason := cache.why_untrained():
        st.caption(labels.notice(f"Nothing can be trained here. {reason}"))
    elif reason := why_refused("train"):
        st.caption(labels.notice(reason))
    else:
        _render_training(view)
        _render_import()


def _entries(view: View) -> tuple[ModelEntry, ...]:
    if view.dataset.location.imported:
        return cache.models_of(view.dataset)
    return cache.all_models()


def _render_list(view: View, entries: Sequence[ModelEntry]) -> None:
    aucs = [_auc(view, entry) for entry in entries]
    render_frame(
        {
            "Model": [title_of(entry) for entry in entries],
            "Kind": [KINDS[entry.kind] for entry in entries],
            "ROC AUC": [auc.value for auc in aucs],
            "95 % interval": [_ends(auc) for auc in aucs],
            "PDs": [entry.how for entry in entries],
            "Features": [entry.n_features for entry in entries],
            "Monotone": [_yes(is_so=entry.is_monotone) if entry.n_features else None for entry in entries],
            "Scores": [_yes(is_so=entry.can_score) for entry in entries],
            "Explains": [_yes(is_so=entry.can_explain) for entry in entries],
            "From": [entry.parent or None for entry in entries],
            "Made": [entry.made_at[:10] or None for entry in entries],
            "How": [_said(entry) for entry in entries],
        },
        alt="Models of the portfolio",
        name="Models",
        column_config={
            "ROC AUC": st.column_config.NumberColumn(format="%.4f", help="Over all applications with an outcome."),
            "Scores": st.column_config.TextColumn(help="Whether it can score edited, new and other applications."),
            "Explains": st.column_config.TextColumn(help="Whether contributions and reasons can be had."),
            "From": st.column_config.TextColumn(help="The model that it was calibrated from."),
            "How": st.column_config.TextColumn(width="large"),
        },
    )


def _auc(view: View, entry: ModelEntry) -> Estimate:
    if entry.is_stale:
        return Estimate.undefined("it was scored on other applications")
    try:
        return cache.model_auc(cache.dataset_of_model(view.dataset, entry.name))
    except ScoreroomError as error:
        return Estimate.undefined(str(error))


def _ends(auc: Estimate) -> str | None:
    if auc.low is None or auc.high is None:
        return None
    return labels.interval(labels.decimal(auc.low, 4), labels.decimal(auc.high, 4))


def _yes(*, is_so: bool) -> str:
    return "yes" if is_so else "no"


def _said(entry: ModelEntry) -> str:
    stale = "Not used: it was scored on other applications than those at hand. " if entry.is_stale else ""
    return f"{stale}{entry.said}"


def _render_one(view: View, entries: Sequence[ModelEntry]) -> None:
    """Write what can be done with one model."""
    shown = view.dataset.model or CHAMPION
    names = [entry.name for entry in entries]
    if len(names) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="models-one"):
        titles = labels.distinct({entry.name: title_of(entry) for entry in entries})
        chosen = st.selectbox(
            "Model", names, names.index(shown), key=f"{_OF}.{shown}", format_func=titles.__getitem__, width=260
        )
        entry = entries[names.index(chosen)]
        key = "" if entry.is_champion else entry.name
        st.button(
            "Show it",
            key="models.show",
            icon=":material/visibility:",
            disabled=entry.name == shown or entry.is_stale,
            on_click=state.put,
            args=({MODEL: key},),
            help="On every page, until another one is shown",
        )
        st.button(
            "Compare with it",
            key="models.compare",
            icon=":material/compare_arrows:",
            disabled=entry.name == shown or entry.is_stale,
            on_click=state.put,
            args=({AGAINST: AGAINST_MODEL + entry.name},),
            help="Set the shown model against it on every page",
        )
    if view.dataset.location.imported:
        return
    if not entry.is_champion and not why_refused("promote"):
        _render_changes(entry)
    if entry.kind is ModelKind.SCORECARD and not entry.is_stale:
        _render_card(view, entry)


def _render_card(view: View, entry: ModelEntry) -> None:
    box = st.expander(f"Points of {labels.plain(entry.name)}", key="models-card", on_change="rerun")
    if not box.open:
        return
    with box:
        try:
            card = read_card(folder_of_model(cache.settings(), entry.name))
        except ScoreroomError as error:
            st.error(labels.notice(str(error)), icon=":material/error:")
            return
        if card is not None:
            render_card(card, view.definition)


def _render_changes(entry: ModelEntry) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="models-changes"):
        key = f"{_NEW_NAME}.{entry.name}"
        st.text_input("Another name", entry.name, key=key, max_chars=_LONGEST_NAME, width=260)
        st.button("Rename", key="models.rename", on_click=_rename, args=(entry, key))
        is_busy = ordered() is not None
        if entry.can_explain and not entry.is_stale and not cache.has_contributions(entry.name):
            st.button(
                "Compute its contributions",
                key="models.explain",
                icon=":material/insights:",
                on_click=order,
                args=(f"Explaining every prediction of {entry.name}", "explain_model", [entry.name]),
                disabled=is_busy,
            )
        if entry.can_score and not entry.is_stale:
            _ask(
                "Make it the champion",
                "champion",
                entry,
                partial(_promote, entry),
                icon=":material/workspace_premium:",
                disabled=is_busy,
            )
        _ask("Delete", "delete", entry, partial(_delete, entry), icon=":material/delete:")
    if st.session_state.get(_ASKED) == f"champion.{entry.name}":
        st.warning(
            labels.plain(
                f"{entry.name} then scores and decides here, in the service and in records. The champion before it "
                "stays in this list, `python -m scripts.rollback` goes back to it, and builds are held until "
                "`python -m scripts.build --release`."
            ),
            icon=":material/workspace_premium:",
        )


def _ask(
    label: str, what: str, entry: ModelEntry, act: Callable[[], None], *, icon: str, disabled: bool = False
) -> None:
    """Write a button that acts when it is pressed a second time."""
    asked = f"{what}.{entry.name}"
    if st.session_state.get(_ASKED) == asked:
        st.button(f"{label}: yes", key=f"models.{what}.yes", type="primary", icon=icon, on_click=act, disabled=disabled)
    else:
        st.button(
            f"{label} ...", key=f"models.{what}", icon=icon, on_click=_note_asked, args=(asked,), disabled=disabled
        )


def _note_asked(asked: str) -> None:
    st.session_state[_ASKED] = asked


def _rename(entry: ModelEntry, key: str) -> None:
    if is_refused(_BY_COMMAND):
        return
    name = str(st.session_state[key]).strip()
    try:
        rename(cache.settings(), entry.name, name)
    except ScoreroomError as error:
        state.notify([str(error)], is_refusal=True)
        return
    if state.get(MODEL) == entry.name:
        state.settle({MODEL: name})
    if state.get(AGAINST) == AGAINST_MODEL + entry.name:
        state.settle({AGAINST: AGAINST_MODEL + name})
    state.notify([f"{entry.name} is called {name} now; links that name it by the old name no longer show it."])


def _delete(entry: ModelEntry) -> None:
    st.session_state.pop(_ASKED, None)
    if is_refused(_BY_COMMAND):
        return
    try:
        delete(cache.settings(), entry.name)
    except ScoreroomError as error:
        state.notify([str(error)], is_refusal=True)
        return
    if state.get(MODEL) == entry.name:
        state.settle({MODEL: ""})
    if state.get(AGAINST) == AGAINST_MODEL + entry.name:
        state.settle({AGAINST: ""})
    state.notify([f"{entry.name} was deleted."])


def _promote(entry: ModelEntry) -> None:
    st.session_state.pop(_ASKED, None)
    order(f"Making {entry.name} the champion", "promote", [entry.name], shows="")


def _render_training(view: View) -> None:
    st.subheader("Train another model", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="models-training"):
        kind = st.segmented_control("Kind", list(_TRAINED), default=_LIGHTGBM, required=True, key=_KIND)
        st.text_input("Name", key=_NAME, max_chars=_LONGEST_NAME, width=220, placeholder="challenger")
        st.toggle("Keep the definition's directions", value=True, key=_KEPT)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        known = view.definition
        titles = labels.distinct({name: known.column(name).label for name in feature_set(known).sources})
        st.multiselect("Columns that it does not see", list(titles), key=_LEFT_OUT, format_func=titles.__getitem__)
    with right:
        st.text_input(
            "Settings",
            key=_SETTINGS,
            placeholder="leaves=31 learning_rate=0.05" if kind == _LIGHTGBM else "pdo=20 base_score=600",
            help="Each as name=value, with blanks between; without any, those of builds. A name that is not known is "
            "refused with the list of those that are.",
        )
    st.button(
        "Train it",
        key="models.train",
        icon=":material/model_training:",
        on_click=_train,
        disabled=ordered() is not None,
    )
    st.caption(
        "It trains in the background on the portfolio's applications, in the champion's folds, and is checked over all "
        "of them; it is then in the list, beside the champion."
    )


def _train() -> None:
    name, kind = str(st.session_state[_NAME]).strip(), _TRAINED[st.session_state[_KIND]]
    try:
        check_name(name)
    except ScoreroomError as error:
        state.notify([str(error)], is_refusal=True)
        return
    arguments = [f"--kind={kind}", f"--name={name}"]
    arguments += [f"--leave-out={column}" for column in st.session_state[_LEFT_OUT]]
    arguments += [f"--set={each}" for each in str(st.session_state[_SETTINGS]).split()]
    arguments += [] if st.session_state[_KEPT] else ["--unconstrained"]
    order(f"Training {name}", "train", arguments, shows=name)


def _render_import() -> None:
    st.subheader("Bring a model", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="models-import"):
        uploaded = st.file_uploader(
            "A model's file: LightGBM text, XGBoost JSON or UBJ, CatBoost cbm, skops, ONNX",
            type=_FILES,
            key=_FILE,
            max_upload_size=LIMITS.file_bytes // 1_000_000,
        )
        st.text_input("Name", key=_FILE_NAME, max_chars=_LONGEST_NAME, width=220)
        st.text_input(
            "Output", key=_OUTPUT, width=120, help="Of an ONNX model with several outputs, the one that is the PD."
        )
        st.selectbox(
            "Trees",
            ["", "best", "all"],
            key=_TREES,
            width=120,
            format_func=lambda trees: trees or "as saved",
            help="Of an XGBoost model that stopped early, those that count.",
        )
        st.toggle("Columns are the features in their order", key=_IN_ORDER, help="Whatever the file calls them.")
        st.button(
            "Import it",
            key="models.import",
            icon=":material/upload:",
            on_click=_import,
            disabled=uploaded is None or ordered() is not None,
        )
    st.caption(
        "It is converted, and its PDs are compared with the file's own over all applications before it is in the list. "
        "Pickles are never opened here, because to open one runs whatever it says."
    )


def _import() -> None:
    uploaded, name = st.session_state[_FILE], str(st.session_state[_FILE_NAME]).strip()
    if uploaded is None:
        return
    try:
        with taking_in("model", uploaded):
            check_name(name)
            folder = Path(tempfile.mkdtemp(prefix="scoreroom-model-"))
            # Its own name is the reader's; only the end of it says what it is.
            path = folder / f"{name}{Path(uploaded.name).suffix.lower()}"
            path.write_bytes(uploaded.getvalue())
    except ScoreroomError as error:
        state.notify([str(error)], is_refusal=True)
        return
    output, trees = str(st.session_state[_OUTPUT]).strip(), st.session_state[_TREES]
    arguments = [str(path), f"--name={name}"]
    arguments += [f"--output={output}"] if output else []
    arguments += [f"--trees={trees}"] if trees else []
    arguments += ["--in-order"] if st.session_state[_IN_ORDER] else []
    order(
        f"Importing {name}",
        "import_model",
        arguments,
        shows=name,
        on_end=partial(shutil.rmtree, folder, ignore_errors=True),
    )
