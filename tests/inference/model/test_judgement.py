"""One judge: one application, a table, JSON and a table sent to the service are decided alike, by the manifest."""

from __future__ import annotations

import dataclasses

import numpy as np
import orjson
import polars as pl
import pytest
from numpy.typing import NDArray

from data.home_credit import embedded
from inference.explain.assessment import ReferredError, assess
from inference.model.artifact import ONNX
from inference.model.build import PublishedModel
from inference.model.judgement import JUDGED, judge, judge_table
from inference.model.session import OnnxBackend, ScoringSession
from inference.service.schemas import Types
from inference.service.service import Service
from inference.service.settings import load_service_settings
from inference.service.tables import FORMATS
from inference.service.telemetry import Metrics
from scripts._embedded import FEATURES

EDGES = (0.01, 0.03, 0.05, 0.1, 0.2, 0.4, 0.6)
CUTOFF = 0.15


@pytest.fixture(scope="module")
def session(published: PublishedModel) -> ScoringSession:
    """A model whose bands and cutoff are not the product's own."""
    manifest = dataclasses.replace(published.manifest, band_edges=EDGES, cutoff=CUTOFF)
    return ScoringSession(OnnxBackend((published.directory / ONNX).read_bytes()), manifest, FEATURES)


@pytest.fixture(scope="module")
def table(applications: pl.DataFrame) -> pl.DataFrame:
    """300 applications, the annuity of every seventh of them missing."""
    annuity = pl.when(pl.int_range(pl.len()) % 7 != 0).then("AMT_ANNUITY").alias("AMT_ANNUITY")
    return applications.head(300).drop(embedded.TARGET).with_columns(annuity)


class _WithoutPd:
    """A model made elsewhere that has no PD for every second application."""

    name = ONNX

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.where(np.arange(len(matrix)) % 2, np.float32(0.2), np.float32(np.nan))


def test_an_application_without_a_pd_is_referred(session: ScoringSession, table: pl.DataFrame) -> None:
    without = ScoringSession(_WithoutPd(), session.manifest, FEATURES)
    rows = table.filter(pl.col("AMT_ANNUITY").is_not_null()).head(4)
    alone = judge(rows.row(0, named=True), without)
    assert (alone.default_probability, alone.decision, alone.risk_band) == (None, "refer", None)
    assert alone.refer_reason == "The model gives no PD for these values."
    found = judge_table(rows, without.score_frame(rows), without, CUTOFF)
    assert found["default_probability"].to_list() == [None, 0.2, None, 0.2]
    assert found["decision"].to_list() == ["refer", "decline", "refer", "decline"]
    assert found["refer_reason"].to_list() == [alone.refer_reason, None] * 2
    with pytest.raises(ReferredError, match="gives no PD"):
        assess(rows.row(0, named=True), CUTOFF, without, None, None)


def test_one_and_many_are_judged_alike_by_the_manifest(session: ScoringSession, table: pl.DataFrame) -> None:
    pds = session.score_frame(table)
    found = judge_table(table, pds, session, CUTOFF)
    assert found.schema == JUDGED
    for place, (row, told) in enumerate(zip(table.iter_rows(named=True), found.iter_rows(named=True), strict=True)):
        alone = judge(row, session)
        assert told["warnings"] == ("; ".join(alone.warnings) or None)
        if place % 7 == 0:
            assert (alone.default_probability, alone.decision, alone.risk_band) == (None, "refer", None)
            assert alone.refer_reason == "Not enough is known to score: annuity is missing and is needed."
        else:
            pd = float(str(pds[place]))
            assert (alone.default_probability, alone.refer_reason) == (pd, "")
            assert alone.decision == ("decline" if pd >= CUTOFF else "approve")
            assert alone.risk_band == "ABCDEFGH"[sum(pd >= edge for edge in EDGES)]
        assert (told["default_probability"], told["decision"], told["risk_band"], told["refer_reason"]) == (
            alone.default_probability,
            alone.decision,
            alone.risk_band,
            alone.refer_reason or None,
        )
    assert set(found["decision"]) == {"approve", "decline", "refer"}
    assert found["risk_band"].n_unique() > 4


def test_json_and_tables_of_the_service_agree(session: ScoringSession, table: pl.DataFrame) -> None:
    service = Service(session, Types.of(session.definition), load_service_settings({}), Metrics())
    rows = table.to_dicts()
    scores = orjson.loads(service.score_json(orjson.dumps({"applications": rows})))["scores"]
    parquet = FORMATS["application/vnd.apache.parquet"]
    told = pl.read_parquet(service.score_table(parquet.write(table), parquet)[0]).rename({embedded.ID: "id"})
    for one, each, row in zip(scores, told.iter_rows(named=True), rows[:30], strict=False):
        assert {**one, "warnings": "; ".join(one["warnings"]) or None} == each
        assert {name: value for name, value in service.score(row).model_dump().items() if name in one} == one
