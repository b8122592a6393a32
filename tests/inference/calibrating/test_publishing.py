"""A calibrated score as a model of the portfolio: its scores, its lineage, and what scores and explains new ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import onnx
import polars as pl
import pytest

from data.home_credit import embedded
from data.settings import Settings
from data.store.records import FileRecord
from data.store.storage import read_parquet
from inference.calibrating.calibrator import of_json
from inference.calibrating.curves import LogOddsCurve, logit
from inference.calibrating.fitting import Method
from inference.calibrating.out_of_fold import Calibrated, Request, Scored, calibrate
from inference.calibrating.publishing import publish_calibrated
from inference.explain.explainer import Explainer
from inference.inventory.entry import CHAMPION, InventoryError, ModelEntry, ModelKind
from inference.inventory.store import (
    delete,
    find_model,
    folder_of_model,
    list_models,
    open_model,
    publish,
    read_rows,
    read_scores,
)
from inference.model.artifact import CALIBRATOR, MANIFEST, ONNX, Manifest
from inference.model.session import ScoringSession
from tests.conftest import silent


@pytest.fixture(scope="module")
def rows(built: Settings) -> Scored:
    """The champion's PDs of the built portfolio."""
    frame = read_parquet(built.predictions)
    return Scored(
        scores=frame["default_probability"].to_numpy(),
        is_bad=frame["is_default"].to_numpy(),
        is_resolved=np.ones(frame.height, dtype=bool),
        in_cohort=np.ones(frame.height, dtype=bool),
        folds=frame["fold"].to_numpy(),
    )


def made(
    built: Settings, rows: Scored, name: str, request: Request, parent: str = CHAMPION
) -> tuple[ModelEntry, Calibrated]:
    """A calibrated model, published."""
    scored = replace(rows, scores=read_scores(built, parent).to_numpy())
    done = calibrate(scored, request)
    entry = publish_calibrated(
        built, name, parent, done, request, silent, where=("x=1",), folds=("folds of the predictions", rows.folds)
    )
    return entry, done


@pytest.fixture(scope="module")
def platt(built: Settings, rows: Scored) -> Iterator[tuple[ModelEntry, Calibrated]]:
    yield made(built, rows, "platt", Request(Method.PLATT, target_rate=0.05))
    delete(built, "platt")


@pytest.fixture(scope="module")
def isotonic(built: Settings, rows: Scored) -> Iterator[tuple[ModelEntry, Calibrated]]:
    yield made(built, rows, "isotonic", Request(Method.ISOTONIC, floor=0.0005))
    delete(built, "isotonic")


def test_it_is_a_model_with_its_lineage(built: Settings, platt: tuple[ModelEntry, Calibrated]) -> None:
    entry, done = platt
    assert next(each for each in list_models(built) if each.name == "platt") == entry
    assert (entry.kind, entry.parent, entry.how) == (ModelKind.CALIBRATED, CHAMPION, "out of fold")
    assert (entry.can_score, entry.can_explain) == (True, True)
    calibrator, lineage = of_json((folder_of_model(built, "platt") / CALIBRATOR).read_bytes())
    assert calibrator == done.calibrator
    scores = read_parquet(built.predictions)["default_probability"].to_numpy()
    assert lineage.parent_scores_sha256 == hashlib.sha256(scores.tobytes()).hexdigest()
    assert (lineage.parent, lineage.where, lineage.n_resolved) == (CHAMPION, ("x=1",), scores.size)
    assert lineage.mean_pd == pytest.approx(0.05, abs=1e-12)


def test_its_scores_are_those_of_the_calibration(built: Settings, platt: tuple[ModelEntry, Calibrated]) -> None:
    kept = read_rows(built, "platt")
    assert np.array_equal(kept["default_probability"].to_numpy(), platt[1].pds)
    assert kept["default_probability"].mean() == pytest.approx(0.05, abs=1e-12)
    assert kept["fold"].equals(read_parquet(built.predictions)["fold"])


@pytest.mark.parametrize("name", ["platt", "isotonic"])
def test_new_applications_get_the_final_curve(
    built: Settings, platt: tuple[ModelEntry, Calibrated], isotonic: tuple[ModelEntry, Calibrated], name: str
) -> None:
    applications = read_parquet(built.applications).head(500)
    parent = ScoringSession.open(built.model, embedded.DEFINITION).score_frame(applications)
    done = platt[1] if name == "platt" else isotonic[1]
    found = open_model(built, name).score_frame(applications)
    # The parent's PDs as the decimals that they are.
    decimals = np.array([float(str(pd)) for pd in parent])
    assert found == pytest.approx(done.calibrator.pds(decimals), abs=1e-5)
    row = applications.row(0, named=True)
    row.pop(embedded.TARGET)
    assert open_model(built, name).score(row) == float(str(found[0]))


def test_contributions_are_the_parents_scaled(built: Settings, platt: tuple[ModelEntry, Calibrated]) -> None:
    application = read_parquet(built.applications).drop(embedded.TARGET).row(3, named=True)
    features = Manifest.load(built.model).features_in(embedded.DEFINITION)
    typical = dict(application)
    own, parent = (
        Explainer.open(folder, typical, features).explain(application)
        for folder in (folder_of_model(built, "platt"), built.model)
    )
    curve = platt[1].calibrator.curve
    assert isinstance(curve, LogOddsCurve)
    slope = curve.of_log_pd
    assert own.fields == pytest.approx({name: slope * value for name, value in parent.fields.items()}, abs=1e-12)
    pd = open_model(built, "platt").score(application)
    assert own.log_odds == pytest.approx(float(logit(np.array([pd]))[0]), abs=1e-5)
    assert own.base == pytest.approx(slope * parent.base + curve.intercept + platt[1].calibrator.shift, abs=1e-12)


def test_a_curve_with_steps_scores_and_explains_nothing(
    built: Settings, isotonic: tuple[ModelEntry, Calibrated]
) -> None:
    assert (isotonic[0].can_score, isotonic[0].can_explain) == (True, False)
    assert read_scores(built, "isotonic").min() == 0.0005
    manifest = Manifest.load(folder_of_model(built, "isotonic"))
    assert manifest.metrics["parity_rows"] == read_parquet(built.applications).height
    assert manifest.metrics["oof_mean_pd"] == pytest.approx(isotonic[1].pds.mean(), abs=1e-12)
    assert not any(name.startswith("oot_") for name in manifest.metrics)


def test_a_calibrated_model_is_calibrated_again(
    built: Settings, rows: Scored, platt: tuple[ModelEntry, Calibrated]
) -> None:
    entry, done = made(built, rows, "shifted", Request(Method.TARGET, target_rate=0.1), parent="platt")
    try:
        assert (entry.parent, entry.can_score, entry.can_explain) == ("platt", True, True)
        applications = read_parquet(built.applications).head(200)
        above = open_model(built, "platt").score_frame(applications)
        decimals = np.array([float(str(pd)) for pd in above])
        assert open_model(built, "shifted").score_frame(applications) == pytest.approx(
            done.calibrator.pds(decimals), abs=1e-6
        )
    finally:
        delete(built, "shifted")


def test_grades_by_hand_are_scores_alone(built: Settings, rows: Scored) -> None:
    graded = replace(rows, scores=np.digitize(rows.scores, [0.05, 0.1]).astype(np.float64))
    request = Request(Method.GRADES, edges=(0.5, 1.5), levels=("A", "B", "C"))
    done = calibrate(graded, request)
    entry = publish_calibrated(built, "graded", CHAMPION, done, request, silent, folds=("by id", rows.folds))
    try:
        assert (entry.can_score, entry.can_explain) == (False, False)
        assert sorted(path.name for path in folder_of_model(built, "graded").iterdir()) == [
            CALIBRATOR,
            "entry.json",
            "scores.parquet",
        ]
    finally:
        delete(built, "graded")


def test_a_graph_that_cannot_carry_a_calibrator_leaves_scores_that_say_so(built: Settings, rows: Scored) -> None:
    manifest, files = Manifest.load(built.model), {path.name: path.read_bytes() for path in built.model.iterdir()}
    graph = onnx.load_from_string(files[ONNX])
    graph.opset_import[0].version = 9
    files[ONNX] = graph.SerializeToString()
    older = replace(manifest, files={**manifest.files, ONNX: FileRecord.of(files[ONNX])})
    files[MANIFEST] = older.to_signed_json()
    entry = replace(find_model(built, CHAMPION), name="older")
    publish(built, entry, files, read_rows(built, CHAMPION))
    try:
        child, done = made(built, rows, "of-older", Request(Method.PLATT), parent="older")
        assert (child.can_score, child.can_explain) == (False, False)
        assert "Only these PDs are known of it" in child.said
        assert "opset 9" in child.said
        assert read_scores(built, "of-older").to_list() == done.pds.tolist()
    finally:
        for name in ("older", "of-older"):
            delete(built, name)


def test_a_name_that_is_taken_is_refused(built: Settings, rows: Scored, platt: tuple[ModelEntry, Calibrated]) -> None:
    with pytest.raises(InventoryError, match="already"):
        made(built, rows, "platt", Request(Method.TARGET, target_rate=0.1))
    assert read_scores(built, "platt").equals(pl.Series("default_probability", platt[1].pds))
