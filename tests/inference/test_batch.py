"""The good rows of a dropped file scored: the same PDs as one by one, and columns that keep out of each other's way."""

from __future__ import annotations

import dataclasses
import gzip
import io
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from data.files.batch_file import BatchTable, read_batch
from data.home_credit import embedded
from data.predictions.scores import exact_scores
from data.settings import Settings
from inference.batch import CHUNK_ROWS, noted_rows, score_batch_table
from inference.errors import FeatureError
from inference.features.encoding import FeatureSet
from inference.model.artifact import ONNX
from inference.model.build import PublishedModel
from inference.model.decision import BAND_EDGES, DEFAULT_CUTOFF, declines, risk_band
from inference.model.judgement import judge
from inference.model.session import OnnxBackend, ScoringSession
from scripts._embedded import FEATURES

OURS = ["default_probability", "decision", "risk_band", "refer_reason", "warnings"]
REASONS = ["reason_1", "reason_2", "reason_3", "reason_4"]


@pytest.fixture(scope="module")
def session(published: PublishedModel) -> ScoringSession:
    return ScoringSession.open(published.directory, embedded.DEFINITION)


def read(table: pl.DataFrame, needed: Sequence[str] = FEATURES.sources) -> BatchTable:
    return read_batch("mine.csv", table.write_csv().encode(), embedded.DEFINITION, needed)


def in_parquet(table: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    table.write_parquet(out)
    return out.getvalue()


@pytest.mark.parametrize("dress", ["csv", "gzip", "parquet"])
def test_a_batch_and_single_applications_agree_bit_for_bit(built: Settings, dress: str) -> None:
    applications = pl.read_parquet(built.processed / "applications.parquet")
    text = applications.write_csv().encode()
    content = {"csv": text, "gzip": gzip.compress(text, 1), "parquet": in_parquet(applications)}[dress]
    session = ScoringSession.open(built.model, embedded.DEFINITION)
    batch = read_batch("mine", content, embedded.DEFINITION, session.features.sources)
    scored = score_batch_table(batch, session, DEFAULT_CUTOFF)
    rows = list(applications.drop("SK_ID_CURR", "TARGET").iter_rows(named=True))
    # Of these, only the external scores are ever all missing.
    is_known = [any(row[f"EXT_SOURCE_{place}"] is not None for place in (1, 2, 3)) for row in rows]
    singles = [session.score(row) if known else None for row, known in zip(rows, is_known, strict=True)]
    assert len(singles) == 10_000
    frame = scored.frame
    assert frame.schema["default_probability"] == pl.Float64
    assert frame["default_probability"].to_list() == singles
    assert frame["decision"].to_list() == [
        "refer" if pd is None else "decline" if declines(pd, DEFAULT_CUTOFF) else "approve" for pd in singles
    ]
    assert frame["risk_band"].to_list() == [None if pd is None else risk_band(pd, BAND_EDGES) for pd in singles]
    assert frame["refer_reason"].is_not_null().to_list() == [not known for known in is_known]
    assert scored.n_referred == is_known.count(False)
    assert scored.n_declined == frame["decision"].to_list().count("decline") > 0
    assert frame.columns == [*applications.columns, *OURS]
    assert frame.drop("TARGET", *OURS).equals(applications.drop("TARGET"))


def test_reasons_are_those_of_each_application_alone(applications: pl.DataFrame, session: ScoringSession) -> None:
    labels = session.features.names

    def largest(_: pl.DataFrame, matrix: NDArray[np.float32]) -> NDArray[np.intp]:
        """The three largest features, those above 1 alone: any rule serves that tells rows apart."""
        values = np.nan_to_num(matrix)
        order = np.argsort(-values, axis=1, kind="stable")[:, :3]
        return np.where(np.take_along_axis(values, order, axis=1) > 1, order, -1)

    scored = score_batch_table(read(applications), session, 0.1, explain=largest, field_labels=labels)
    assert scored.reasons == tuple(REASONS)
    found = set()
    rows = scored.frame.select("decision", *REASONS).iter_rows()
    for (decision, *reasons), application in zip(rows, applications.iter_rows(named=True), strict=True):
        own = largest(pl.DataFrame(), session.features.row(application))[0] if decision == "decline" else [-1] * 3
        assert reasons == [*(labels[index] if index >= 0 else None for index in own), None]
        found.add((decision, *reasons))
    # Otherwise a mix-up of rows would not be seen.
    assert len(found) > 10


def test_only_declined_rows_are_explained(applications: pl.DataFrame, session: ScoringSession) -> None:
    explained: list[NDArray[np.float32]] = []
    ids: list[int] = []

    def explain(rows: pl.DataFrame, matrix: NDArray[np.float32]) -> NDArray[np.intp]:
        explained.append(matrix)
        ids.extend(rows["SK_ID_CURR"])
        return np.array([[1, -1, 0, -1]] * len(matrix))

    batch = read(applications.head(500))
    scored = score_batch_table(batch, session, 0.2, explain=explain, field_labels=("first", "second"))
    declined = scored.frame["decision"] == "decline"
    assert 0 < scored.n_declined == declined.sum() < 500
    expected = session.features.matrix(applications.head(500).filter(declined))
    np.testing.assert_array_equal(np.concatenate(explained), expected)
    assert ids == applications.head(500).filter(declined)["SK_ID_CURR"].to_list()
    reasons = scored.frame.select(REASONS)
    assert set(reasons.filter(declined).rows()) == {("second", None, "first", None)}
    assert set(reasons.filter(~declined).rows()) == {(None, None, None, None)}
    # Nobody is declined: nothing is explained, and the columns are there all the same.
    none = score_batch_table(batch, session, 1.1, explain=explain, field_labels=("first", "second"))
    assert (len(explained), none.n_declined, none.frame["reason_1"].null_count()) == (1, 0, 500)


def test_shuffled_columns_and_extra_ones_change_no_score(applications: pl.DataFrame, session: ScoringSession) -> None:
    table = applications.head(300)
    plain = score_batch_table(read(table), session, 0.1).frame
    own = {
        "": [f"{row:03}" for row in range(300)],
        "formula": ["=1+1", "@SUM(A1)", "-2+3"] * 100,
        "^reason.*$": ["<script>"] * 300,
    }
    wide = {**table.to_dict(), **{name: pl.Series(name, values) for name, values in own.items()}}
    names = list(np.random.default_rng(8).permutation(list(wide)).tolist())
    shuffled = pl.DataFrame({name: wide[name] for name in names})
    batch = read(shuffled)
    assert batch.n_faults == 0
    scored = score_batch_table(batch, session, 0.1).frame
    assert scored.columns == ["SK_ID_CURR", *(name for name in names if name != "SK_ID_CURR"), *OURS]
    assert names[0] != "SK_ID_CURR"
    for name in plain.columns:
        assert scored[name].to_list() == plain[name].to_list()
    for name, values in own.items():
        assert scored[name].to_list() == values


def test_columns_of_the_file_keep_their_names(applications: pl.DataFrame, session: ScoringSession) -> None:
    table = applications.head(20).with_columns(
        pl.lit("mine").alias(name) for name in ("decision", "decision_2", "reason_3")
    )

    def explain(_: pl.DataFrame, matrix: NDArray[np.float32]) -> NDArray[np.intp]:
        return np.zeros((len(matrix), 4), dtype=np.intp)

    scored = score_batch_table(read(table), session, 0.0, explain=explain, field_labels=("Why",))
    names = (
        scored.probability,
        scored.decision,
        scored.risk_band,
        scored.refer_reason,
        scored.warnings,
        *scored.reasons,
    )
    assert names == (
        "default_probability",
        "decision_3",
        "risk_band",
        "refer_reason",
        "warnings",
        "reason_1",
        "reason_2",
        "reason_3_2",
        "reason_4",
    )
    assert scored.frame.columns == [*table.columns, *names]
    assert set(scored.frame["decision"]) == set(scored.frame["decision_2"]) == {"mine"}
    assert set(scored.frame["decision_3"]) == {"decline"}
    assert set(scored.frame["reason_3_2"]) == {"Why"}
    assert scored.notices == (
        "The file has a column decision of its own, which is kept; ours is called decision_3.",
        "The file has a column reason_3 of its own, which is kept; ours is called reason_3_2.",
    )


def test_bad_rows_are_left_out_and_the_others_scored(applications: pl.DataFrame, session: ScoringSession) -> None:
    bad = [3, 77, 399]
    row = pl.int_range(pl.len())
    wrong = pl.when(row.is_in(bad)).then(pl.lit("much")).otherwise(pl.col("AMT_CREDIT").cast(pl.String))
    batch = read(applications.head(400).with_columns(wrong.alias("AMT_CREDIT")))
    scored = score_batch_table(batch, session, 0.1).frame
    expected = session.score_frame(applications.head(400).filter(~row.is_in(bad)))
    assert [fault.row for fault in batch.faults] == [place + 2 for place in bad]
    assert (scored["default_probability"].to_numpy() == exact_scores(pl.Series(expected)).to_numpy()).all()


def test_a_file_with_the_needed_columns_alone(applications: pl.DataFrame, session: ScoringSession) -> None:
    table = applications.head(50).with_columns(pl.lit("Barter").alias("NAME_CONTRACT_TYPE"))
    batch = read(table.select(FEATURES.sources))
    scored = score_batch_table(batch, session, 0.1)
    assert scored.frame.columns == [*FEATURES.sources, *OURS]
    assert scored.frame["default_probability"].to_list() == [
        session.score(row) for row in table.select(FEATURES.sources).iter_rows(named=True)
    ]
    assert any("'Barter' (50 rows)" in notice for notice in batch.notices)


def test_what_is_too_little_known_or_implausible_is_noted_by_row(
    applications: pl.DataFrame, session: ScoringSession
) -> None:
    table = applications.head(3).with_columns(
        AMT_INCOME_TOTAL=pl.Series([1e8, None, 1e8]),
        AMT_CREDIT=pl.Series([100_000.0, 100_000.0, 900_000.0]),
        AMT_GOODS_PRICE=pl.Series([100_000.0, 90_000.0, None]),
        AMT_ANNUITY=pl.Series([9_000.0, 9_000.0, 400_000.0]),
        DAYS_BIRTH=pl.Series([-12_000] * 3),
        DAYS_EMPLOYED=pl.Series([-400, -400, -12_100]),
        CNT_CHILDREN=pl.lit(0),
        FLAG_OWN_CAR=pl.lit("Y"),
        OCCUPATION_TYPE=pl.lit("Drivers"),
        NAME_CONTRACT_TYPE=pl.lit("Cash loans"),
        **{name: pl.lit(0) for name in applications.columns if "CIRCLE" in name},
        **{name: pl.lit(0) for name in ("DAYS_REGISTRATION", "DAYS_ID_PUBLISH", "DAYS_LAST_PHONE_CHANGE")},
    )
    batch = read(table)
    scored = score_batch_table(batch, session, 0.1)
    reason = "Not enough is known to score: income is missing and is needed."
    repaid = "fewer than 3 annuities repay the credit amount"
    assert noted_rows(batch, scored, session).rows() == [
        (3, "AMT_INCOME_TOTAL", reason),
        (4, "DAYS_EMPLOYED, DAYS_BIRTH", "employed since before the age of 14"),
        (4, "AMT_ANNUITY, AMT_CREDIT", repaid),
    ]
    assert scored.frame["refer_reason"].to_list() == [None, reason, None]
    assert scored.frame["warnings"].to_list() == [None, None, f"employed since before the age of 14; {repaid}"]
    assert scored.frame["decision"][1] == "refer"
    assert (scored.n_referred, scored.n_implausible) == (1, 1)
    assert scored.frame.select("default_probability", "risk_band").row(1) == (None, None)


@pytest.mark.parametrize("edges", [(0.05,), (0.01, 0.03, 0.05, 0.3), (0.02, 0.04, 0.08, 0.16, 0.32)])
def test_bands_are_those_of_the_manifest(
    applications: pl.DataFrame, published: PublishedModel, edges: tuple[float, ...]
) -> None:
    own = ScoringSession.open(published.directory, embedded.DEFINITION)
    backend = OnnxBackend((published.directory / ONNX).read_bytes())
    session = ScoringSession(backend, dataclasses.replace(own.manifest, band_edges=edges), own.features)
    found = score_batch_table(read(applications), session, 0.1).frame
    pds = found["default_probability"].to_list()
    wanted = ["ABCDEF"[sum(pd >= edge for edge in edges)] for pd in pds]
    assert found["risk_band"].to_list() == wanted
    for band, application in zip(wanted[:50], applications.iter_rows(named=True), strict=False):
        assert judge(application, session).risk_band == band


def test_no_good_row(applications: pl.DataFrame, session: ScoringSession) -> None:
    batch = read(applications.head(5).with_columns(pl.lit(-1).alias("AMT_CREDIT")))
    scored = score_batch_table(batch, session, 0.1)
    assert (batch.n_bad_rows, scored.frame.height, scored.n_declined) == (5, 0, 0)
    assert scored.frame.columns == [*applications.columns, *OURS]


def test_progress_counts_rows_and_chunks_change_no_score(applications: pl.DataFrame, session: ScoringSession) -> None:
    n_rows = CHUNK_ROWS + 5
    table = pl.concat([applications] * 12).head(n_rows).drop("TARGET")
    told: list[tuple[int, int]] = []
    batch = read_batch("mine.parquet", in_parquet(table), embedded.DEFINITION, FEATURES.sources)
    scored = score_batch_table(batch, session, 0.1, progress=lambda done, total: told.append((done, total)))
    assert told == [(CHUNK_ROWS, n_rows), (n_rows, n_rows)]
    expected = exact_scores(pl.Series(session.score_frame(table)))
    np.testing.assert_array_equal(scored.frame["default_probability"].to_numpy(), expected.to_numpy())


def test_a_table_read_for_other_features_is_refused(applications: pl.DataFrame, session: ScoringSession) -> None:
    few = FeatureSet(embedded.DEFINITION, FEATURES.features[:3])
    batch = read(applications.head(5).select(few.sources), few.sources)
    with pytest.raises(FeatureError, match="lacks columns that the model needs"):
        score_batch_table(batch, session, 0.1)
