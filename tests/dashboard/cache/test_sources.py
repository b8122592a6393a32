"""Predictions and model as they are on disk now: read once, again when they have changed, and damage in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import cache, choice
from data.errors import ScoreroomError
from data.predictions.table import own_digest
from data.settings import Settings
from data.store.records import MODEL
from inference.model.artifact import MANIFEST
from scripts.damage.kinds import match_record, places


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("predictions.parquet", "overview"),
        ("applications.parquet", "applicant"),
        ("model.onnx", "model-card"),
        ("contributions.parquet", "explanation"),
        ("portfolio.json", "overview"),
    ],
)
def test_a_page_says_in_one_sentence_what_is_damaged(
    copied: tuple[Settings, cache.Dataset], open_page: Callable[..., AppTest], name: str, page: str
) -> None:
    path = places(copied[0])[name]
    path.write_bytes(path.read_bytes()[:-100] + b"x" * 100)
    app = open_page(page)
    said = [each.value for kind in (app.error, app.info, app.warning, app.caption) for each in kind]
    assert [text for text in said if name in text.replace("\\", "") and "make build" in text]


def test_predictions_opened_beside_a_damaged_table_have_its_columns_once_it_is_whole(
    copied: tuple[Settings, cache.Dataset],
) -> None:
    settings, dataset = copied
    st.cache_resource.clear()
    whole = settings.applications.read_bytes()
    settings.applications.write_bytes(whole[:-100] + b"x" * 100)
    assert "APARTMENTS_AVG" not in cache.predictions(dataset).filter_columns
    settings.applications.write_bytes(whole)
    assert "APARTMENTS_AVG" in cache.predictions(dataset).filter_columns
    assert cache.predictions(dataset) is cache.predictions(dataset)


def test_a_model_is_opened_once_and_again_when_another_one_is_published(copied: tuple[Settings, cache.Dataset]) -> None:
    settings, _ = copied
    session = cache.open_session()
    assert cache.open_session() is session
    manifest = settings.model / MANIFEST
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    with pytest.raises(ScoreroomError, match=MANIFEST):
        cache.open_session()
    match_record(settings, MODEL, MANIFEST)
    assert cache.open_session() is not session
    assert cache.open_session().manifest == session.manifest
    manifest.unlink()
    with pytest.raises(ScoreroomError, match="holds no model"):
        cache.open_session()


def test_two_versions_of_a_file_are_two_datasets(built: Settings, tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    location = choice.location(["--predictions", str(path), "--map", "score=probability"])
    sizes = []
    for rows in ("0,0.1\n1,0.2\n", "0,0.1\n1,0.2\n1,0.3\n"):
        path.write_text("target,score\n" + rows)
        dataset = cache.open_dataset(location)
        assert cache.open_dataset(location) == dataset
        sizes.append((dataset.digest, cache.predictions(dataset).frame.height))
    assert [n for _, n in sizes] == [2, 3]
    assert sizes[0][0] != sizes[1][0]
    path.unlink()
    with pytest.raises(ScoreroomError, match=r"theirs\.csv"):
        cache.open_dataset(location)


def test_the_project_s_own_predictions_are_known_by_their_digest(copied: tuple[Settings, cache.Dataset]) -> None:
    settings, dataset = copied
    assert dataset == cache.Dataset(cache.Location(), own_digest(settings))
    assert cache.definition_path() == settings.definition
    settings.predictions.unlink()
    with pytest.raises(ScoreroomError, match=r"predictions\.parquet"):
        cache.open_dataset(cache.Location())
