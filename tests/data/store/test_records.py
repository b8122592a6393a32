from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import DamageError
from data.settings import Settings, load_settings
from data.store import records
from data.store.records import APPLICATIONS, MODEL, PREDICTIONS, FileRecord, PortfolioRecord, Product


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = replace(load_settings({}), processed=tmp_path / "processed", model=tmp_path / "model")
    made.processed.mkdir()
    made.model.mkdir()
    made.applications.write_bytes(b"applications")
    (made.model / "model.onnx").write_bytes(b"trees")
    records.keep(made, APPLICATIONS, ["applications.parquet"], {"seed": 1})
    records.keep(made, MODEL, ["model.onnx"], {"trees": 7})
    # What changed a moment ago may still be settling: a check would wait for that.
    for folder in (made.processed, made.model):
        os.utime(folder, (1, 1))
    return made


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert FileRecord.of_file(path) == FileRecord.of(b"abc") == FileRecord(hashlib.sha256(b"abc").hexdigest(), 3)
    path.write_bytes(b"abd")
    assert FileRecord.of_file(path) == FileRecord.of(b"abd")
    with pytest.raises(ValueError, match="not the digest"):
        FileRecord("x" * 64, 3)
    with pytest.raises(DamageError):
        FileRecord.of_file(tmp_path / "nowhere")


def test_what_was_kept_is_read_again_product_by_product(settings: Settings) -> None:
    record = PortfolioRecord.load(records.record_path(settings))
    assert record.products == {
        APPLICATIONS: Product({"applications.parquet": FileRecord.of(b"applications")}, {"seed": 1}),
        MODEL: Product({"model.onnx": FileRecord.of(b"trees")}, {"trees": 7}),
    }
    assert PortfolioRecord.of_json(record.to_json()) == record
    assert records.is_intact(settings, record, APPLICATIONS)
    assert not records.is_intact(settings, record, PREDICTIONS)


def test_another_byte_or_no_file_is_damage_that_names_the_file(settings: Settings) -> None:
    records.check_built(settings, APPLICATIONS)
    settings.applications.write_bytes(b"applicationz")
    with pytest.raises(DamageError, match=r"applications\.parquet: is not the file that was built"):
        records.check_built(settings, APPLICATIONS)
    settings.applications.unlink()
    os.utime(settings.processed, (1, 1))
    with pytest.raises(DamageError, match="no such file"):
        records.check_built(settings, APPLICATIONS)


def test_a_model_may_lack_a_file_or_come_from_elsewhere(settings: Settings) -> None:
    (settings.model / "model.onnx").unlink()
    os.utime(settings.model, (1, 1))
    records.check_built(settings, MODEL)
    records.record_path(settings).unlink()
    os.utime(settings.processed, (1, 1))
    records.check_built(settings, MODEL)
    with pytest.raises(DamageError, match="there is no record of what was built"):
        records.check_built(settings, APPLICATIONS)


def test_applications_that_the_predictions_were_not_made_from_are_another_table(settings: Settings) -> None:
    settings.predictions.write_bytes(b"predictions")
    records.keep(settings, PREDICTIONS, ["predictions.parquet"], {APPLICATIONS: "0" * 64})
    os.utime(settings.processed, (1, 1))
    with pytest.raises(DamageError, match="is another table than the predictions were made from"):
        records.check_built(settings, APPLICATIONS)


@pytest.mark.parametrize("change", [{"format": 2}, {"products": []}, {"more": 1}])
def test_a_record_of_another_form_is_none(settings: Settings, change: dict[str, object]) -> None:
    path = records.record_path(settings)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **change}))
    with pytest.raises(DamageError, match="there is no record of what was built"):
        PortfolioRecord.load(path)
    assert records.load_record(settings) == PortfolioRecord()
