from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from data.store.records import FileRecord
from inference.errors import ArtifactError
from inference.model.artifact import CARD, MANIFEST, Manifest
from inference.model.build import PublishedModel
from inference.scorecard.card import Card, CardBinKind, card_bytes, read_card
from inference.scorecard.training import TrainedScorecard


def publish(card: Card, published: PublishedModel, folder: Path) -> Path:
    """A model's folder with a card in it."""
    shutil.copytree(published.directory, folder)
    content = card_bytes(card)
    manifest = replace(published.manifest, files={**published.manifest.files, CARD: FileRecord.of(content)})
    (folder / CARD).write_bytes(content)
    (folder / MANIFEST).write_bytes(manifest.to_signed_json())
    return folder


def test_a_card_is_read_back_as_it_was_written(
    trained: TrainedScorecard, published: PublishedModel, tmp_path: Path
) -> None:
    assert read_card(publish(trained.card, published, tmp_path / "model")) == trained.card


def test_a_model_that_is_no_scorecard_has_no_card(published: PublishedModel) -> None:
    assert read_card(published.directory) is None


def test_an_altered_card_is_refused(trained: TrainedScorecard, published: PublishedModel, tmp_path: Path) -> None:
    folder = publish(trained.card, published, tmp_path / "model")
    (folder / CARD).write_bytes(card_bytes(replace(trained.card, base_points=1.0)))
    with pytest.raises(ArtifactError, match="is not the file that was published"):
        read_card(folder)


def test_a_card_of_another_shape_is_refused(
    trained: TrainedScorecard, published: PublishedModel, tmp_path: Path
) -> None:
    folder = publish(trained.card, published, tmp_path / "model")
    content = orjson.dumps({**orjson.loads(card_bytes(trained.card)), "pdo": "twenty"})
    (folder / CARD).write_bytes(content)
    manifest = Manifest.load(folder)
    changed = replace(manifest, files={**manifest.files, CARD: FileRecord.of(content)})
    (folder / MANIFEST).write_bytes(changed.to_signed_json())
    with pytest.raises(ArtifactError, match=r"Card\.pdo is 'twenty', expected float"):
        read_card(folder)


def test_the_scale_by_hand(trained: TrainedScorecard) -> None:
    """600 points at 50 good to one bad, 20 more at 100, 20 fewer at 25."""
    odds = {50: 600, 100: 620, 25: 580}
    assert [trained.card.score_points(-math.log(good)) for good in odds] == pytest.approx(list(odds.values()))


def test_points_of_an_application_add_up_to_its_log_odds(trained: TrainedScorecard, applications: pl.DataFrame) -> None:
    matrix = trained.features.matrix(applications)
    log_odds = trained.booster.predict(matrix, raw_score=True)
    met = set()
    for row, expected in zip(matrix[:300], log_odds, strict=False):
        lines = [line for _, line in trained.card.lines(trained.features, row)]
        met |= {line.kind for line in lines}
        # The log-odds are added without an error, the points are as exact as a float.
        assert trained.card.intercept + math.fsum(line.log_odds for line in lines) == expected
        points = trained.card.base_points + math.fsum(line.points for line in lines)
        assert points == pytest.approx(600 + 20 / math.log(2) * (-expected - math.log(50)), abs=1e-9)
    assert met >= {CardBinKind.RANGE, CardBinKind.LEVELS, CardBinKind.SPECIAL, CardBinKind.MISSING}


def test_an_unseen_level_is_in_the_line_of_the_others(trained: TrainedScorecard) -> None:
    row = trained.features.row({"ORGANIZATION_TYPE": "Somewhere new"})[0]
    found = {each.feature: line for each, line in trained.card.lines(trained.features, row)}
    assert found["ORGANIZATION_TYPE"].kind is CardBinKind.OTHERS
    assert found["EXT_SOURCE_2"].kind is CardBinKind.MISSING
    assert np.isnan(row[trained.features.names.index("EXT_SOURCE_2")])


def test_a_card_of_other_features_is_refused(trained: TrainedScorecard) -> None:
    other = replace(trained.card, characteristics=(replace(trained.card.characteristics[0], feature="gone"),))
    with pytest.raises(ArtifactError, match="uses gone, which is no feature"):
        list(other.lines(trained.features, trained.features.row({})[0]))
