"""The model card through Streamlit's own test harness: all of it is from manifest, counts or text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest
from sklearn.metrics import log_loss, roc_auc_score
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.app_pages.model_card import OUTCOME, SYNTHETIC, UNSEEN, card_sections, sections_beside
from data.definition.definition import Definition, Features, Outcome, Roles
from data.home_credit import embedded
from data.settings import Settings
from data.store.records import MODEL, record_path
from inference.inventory.promotion import promote
from inference.model.artifact import MANIFEST, Manifest
from scripts.damage.kinds import match_record
from tests.conftest import silent
from tests.dashboard.challengers import add_graph

OpenPage = Callable[..., AppTest]
HEADINGS = [
    "Intended use",
    "Not intended for",
    "What counts as a default",
    "Equal treatment",
    UNSEEN,
    "Directions, and what is too little",
    "Limits",
    SYNTHETIC,
]


def opened(open_page: OpenPage, tab: str = "Summary", arguments: tuple[str, ...] = ()) -> AppTest:
    app = open_page("model-card", {"card.tab": tab}, arguments)
    assert [title.value for title in app.title] == ["Model card"]
    return app


def tables(app: AppTest) -> dict[str, pl.DataFrame]:
    return {element.proto.alt: pl.from_pandas(element.value) for element in app.main.dataframe}


def texts(app: AppTest) -> str:
    found = [*app.main.markdown, *app.main.caption, *app.main.info, *app.main.subheader]
    return " ".join(element.value for element in found).replace("\\", "").replace("\u00a0", " ")


@pytest.fixture(name="manifest")
def published_manifest(built: Settings) -> Manifest:
    return Manifest.load(built.model)


@pytest.fixture(name="theirs")
def imported(built: Settings, tmp_path: Path) -> tuple[str, ...]:
    pd = np.random.default_rng(4).beta(1, 11, 500)
    path = tmp_path / "theirs.csv"
    pl.DataFrame({"target": np.arange(500) % 11 == 0, "score": pd}).write_csv(path)
    return "--predictions", str(path)


def test_the_summary_shows_live_figures_and_says_that_the_data_are_synthetic(
    open_page: OpenPage, frame: pl.DataFrame
) -> None:
    app = opened(open_page)
    shown = {metric.label: metric.value for metric in app.main.metric}
    outcome, pd = frame["is_default"].to_numpy(), frame["default_probability"].to_numpy().astype(float)
    assert shown["Training applications"] == f"{frame.height:,}"
    assert float(shown["ROC AUC"]) == pytest.approx(roc_auc_score(outcome, pd), abs=1e-3)
    assert shown["Default rate"] == f"{100 * outcome.mean():.2f} %"
    assert shown["Mean PD"] == f"{100 * pd.mean():.2f} %"
    assert f"{frame.height:,} synthetic applications" in texts(app)
    assert all(heading in texts(app) for heading in HEADINGS)


def test_live_figures_stand_beside_those_of_the_manifest(
    open_page: OpenPage, frame: pl.DataFrame, manifest: Manifest
) -> None:
    app = opened(open_page, "Performance")
    shown = {row["Figure"]: row for row in tables(app)["Performance"].iter_rows(named=True)}
    outcome, pd = frame["is_default"].to_numpy(), frame["default_probability"].to_numpy().astype(float)
    assert shown["ROC AUC"]["In the manifest"] == f"{manifest.metrics['oof_auc']:.4f}"
    assert float(shown["ROC AUC"]["Counted now"]) == pytest.approx(roc_auc_score(outcome, pd), abs=1e-3)
    assert float(shown["Log-loss"]["Counted now"]) == pytest.approx(log_loss(outcome, pd), abs=1e-4)
    assert "–" in shown["ROC AUC"]["95 % interval"]
    gap = f"{manifest.metrics['parity_max_abs']:.1e}"
    assert f"differ from LightGBM's by at most {gap}, and no decision changes" in texts(app)


def test_every_fold_has_its_own_figures(open_page: OpenPage, frame: pl.DataFrame) -> None:
    shown = tables(opened(open_page, "Performance"))["Performance by fold"]
    assert shown["Fold"].to_list() == [str(fold) for fold in sorted(frame["fold"].unique())]
    for row in shown.iter_rows(named=True):
        part = frame.filter(pl.col("fold") == int(row["Fold"]))
        auc = roc_auc_score(part["is_default"].to_numpy(), part["default_probability"].to_numpy())
        assert row["Applications"] == f"{part.height:,}"
        assert row["Defaults"] == f"{part['is_default'].sum():,}"
        assert float(row["ROC AUC"]) == pytest.approx(auc, abs=1.5e-3)
        low, high = map(float, row["ROC AUC, 95 %"].split("–"))
        assert low < auc < high


def test_every_column_is_a_feature_or_left_out_with_a_reason(open_page: OpenPage, manifest: Manifest) -> None:
    shown = tables(opened(open_page, "Features"))
    features, out = shown["Features of the model"], shown["Columns left out"]
    assert features["Name"].to_list() == [feature.name for feature in manifest.features]
    raw = set(features["Name"]) & set(embedded.BY_NAME)
    assert raw | set(out["Name"]) == set(embedded.BY_NAME)
    assert raw & set(out["Name"]) == set()
    reasons = dict(out.select("Name", "Why").iter_rows())
    protected = {name for name, why in reasons.items() if why.startswith("Protected")}
    assert protected == {"CODE_GENDER", "NAME_FAMILY_STATUS", "CNT_FAM_MEMBERS"}
    assert reasons["TARGET"] == "Is the outcome itself"
    assert reasons["FLAG_DOCUMENT_2"] == "Counts only as a part of a derived feature"
    assert reasons["FLAG_MOBIL"] == "Not among the features of the definition"
    watched = set(features.filter(pl.col("Sensitive") == "Watched")["Name"])
    assert {"DAYS_BIRTH", "CNT_CHILDREN", "employed_to_age"} <= watched
    assert "AMT_CREDIT" not in watched


def test_the_build_shows_settings_libraries_and_whole_digests(open_page: OpenPage, manifest: Manifest) -> None:
    app = opened(open_page, "Build")
    shown = tables(app)
    assert dict(shown["Training settings"].iter_rows())["Seed"] == str(manifest.seed)
    assert dict(shown["Versions of libraries"].select("Library", "Trained and exported with").iter_rows()) == dict(
        manifest.libraries
    )
    digests = dict(shown["Digests of the published files"].select("What", "SHA-256").iter_rows())
    assert digests["model.onnx"] == manifest.files["model.onnx"].sha256
    assert digests["Training data (Parquet)"] == manifest.training_data_sha256
    assert "ONNX Runtime scores, from model.onnx." in texts(app)


def test_the_manifest_is_offered_as_it_is(open_page: OpenPage, built: Settings, manifest: Manifest) -> None:
    assert [button.label for button in opened(open_page).download_button] == ["Manifest"]
    assert json.loads(manifest.to_json()) == json.loads((built.model / MANIFEST).read_bytes())


@pytest.mark.parametrize("tab", ["Summary", "Performance", "Features", "Build"])
def test_beside_imported_predictions_the_card_describes_the_model_alone(
    open_page: OpenPage, theirs: tuple[str, ...], manifest: Manifest, tab: str
) -> None:
    app = opened(open_page, tab, theirs)
    assert "describes the model at hand, not the imported predictions theirs.csv" in texts(app)
    shown = {metric.label: metric.value for metric in app.main.metric}
    if tab == "Summary":
        assert shown["ROC AUC"] == f"{manifest.metrics['oof_auc']:.3f}"
    if tab == "Performance":
        figures = tables(app)["Performance"]
        assert figures.columns == ["Figure", "In the manifest"]
        assert dict(figures.iter_rows())["Log-loss"] == f"{manifest.metrics['oof_log_loss']:.4f}"


def test_a_champion_that_was_made_elsewhere_and_has_no_trees_is_told_as_that(
    copied: tuple[Settings, cache.Dataset], open_page: OpenPage
) -> None:
    settings, _ = copied
    add_graph(settings, "theirs")
    promote(settings, "theirs", silent)
    card = texts(open_page("model-card"))
    assert "may have been trained on these applications, so the card states no performance out of fold" in card
    assert "not the imported predictions" not in card
    performance = texts(opened(open_page, "Performance"))
    assert "Exported against what it was made from" in performance
    assert "Out of fold, on all" not in performance
    assert "number of trees" not in performance
    no_trees = "The published model gives PDs without the trees that contributions are computed from."
    assert no_trees in texts(open_page("explanation"))
    applicant = open_page("applicant", {"applicant": str(cache.first_id(cache.open_dataset(cache.Location())))})
    assert no_trees in texts(applicant)
    told = " ".join(caption.value for caption in applicant.caption)
    assert "The published model, which scores edited and new applications, gives" in told
    assert "trained on the whole portfolio" not in told
    assert cache.explain_many(0.1) is None
    assert any("Imported model" in each.proto.body for each in applicant.get("html"))


@pytest.fixture(name="without_model")
def model_out_of_the_way(built: Settings) -> Iterator[None]:
    aside = built.model.with_name("aside")
    built.model.rename(aside)
    yield
    aside.rename(built.model)


@pytest.mark.usefixtures("without_model")
def test_without_a_model_there_is_a_sentence_and_no_error(open_page: OpenPage) -> None:
    app = opened(open_page)
    assert "There is no model to describe." in texts(app)
    assert not app.error


@pytest.mark.usefixtures("without_model")
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("score-file", "holds no model"),
        ("explanation", "Nothing to explain these predictions with. There is no model"),
        ("applicant", "holds no model"),
    ],
)
def test_without_a_model_the_other_pages_of_it_say_so_too(
    open_page: OpenPage, frame: pl.DataFrame, path: str, said: str
) -> None:
    app = open_page(path, {"applicant": str(frame["application_id"][0])} if path == "applicant" else {})
    told = [*app.main.info, *app.main.error]
    assert any(said in element.value.replace("\\", "") for element in told), [element.value for element in told]


@pytest.fixture(name="without_onnx")
def onnx_out_of_the_way(built: Settings) -> Iterator[None]:
    onnx, manifest, record = built.model / "model.onnx", built.model / MANIFEST, record_path(built)
    aside, content, recorded = built.model.parent / "aside.onnx", manifest.read_bytes(), record.read_bytes()
    onnx.rename(aside)
    # Another version of the manifest, so that the session in the cache is not taken for this model's.
    manifest.write_bytes(content + b"\n")
    match_record(built, MODEL, MANIFEST)
    yield
    aside.rename(onnx)
    manifest.write_bytes(content)
    record.write_bytes(recorded)


@pytest.mark.usefixtures("without_onnx")
def test_a_fallback_is_named_with_its_reason(open_page: OpenPage) -> None:
    assert "LightGBM scores, from model.txt, because of a fallback: model.onnx missing" in texts(opened(open_page))


def test_groups_that_the_model_does_not_see_have_their_ratio_with_its_interval(
    open_page: OpenPage, frame: pl.DataFrame
) -> None:
    app = opened(open_page, "Performance")
    table = tables(app)["Calibration of groups that the model does not see"]
    assert set(table["Column"]) == {"Gender", "Family status", "Family members"}
    for word, level in (("Male", "M"), ("Female", "F")):
        rows = frame.filter(pl.col("CODE_GENDER") == level)
        n, bad = rows.height, int(rows["is_default"].sum())
        mean = float(rows["default_probability"].to_numpy().astype(np.float64).mean())
        ends = binomtest(bad, n).proportion_ci(method="wilson")
        (shown,) = table.filter(pl.col("Group") == word).to_dicts()
        assert shown["Applications"] == f"{n:,}"
        assert shown["Observed / expected"] == f"{bad / n / mean:.2f}"
        assert shown["95 % interval"] == f"{ends.low / mean:.2f}–{ends.high / mean:.2f}"
        is_off = not ends.low <= mean <= ends.high
        assert (shown["Meaning"] != "Within chance") == is_off
    assert "What it means for use" in texts(app)
    assert "Observed / expected runs from " in texts(app)


def test_the_text_holds_its_sections_and_no_figure_typed_by_hand(home_credit: Definition) -> None:
    sections = card_sections(home_credit)
    assert list(sections) == HEADINGS
    assert not any(character.isdigit() for text in sections.values() for character in text)


def test_another_portfolio_has_the_text_that_holds_for_any_and_its_own_outcome(
    home_credit: Definition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "definition_path", lambda: tmp_path / "portfolio.toml")
    other = Definition(
        "Loans",
        home_credit.columns[:2],
        Features(()),
        outcome=Outcome("TARGET", ("Charged Off", "<b>"), ("Paid",)),
        roles=Roles(id="SK_ID_CURR"),
    )
    sections = card_sections(other)
    assert list(sections) == HEADINGS[:-1]
    assert "A default is: Charged Off, " in sections["What counts as a default"]
    assert not any("external score" in text.lower() or "gender" in text.lower() for text in sections.values())
    assert "no column that says what happened" in card_sections(replace(other, outcome=None))[OUTCOME]


def test_a_portfolio_brings_text_of_its_own_and_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "model-card.md").write_text("# Ours\n\n## Limits\n\nNone, ![x](http://x/p.png).\n\n## More\n\nText\n")
    assert sections_beside(tmp_path / "portfolio.toml") == {
        "Limits": "None, !\\[x](http://x/p.png).",
        "More": "Text",
    }
    assert sections_beside(tmp_path / "missing" / "portfolio.toml") == {}
