from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.errors import FileError, TableError
from data.home_credit import embedded
from inference.errors import ScoringError
from inference.model.build import PublishedModel
from inference.model.scoring import score_file
from inference.model.session import ScoringSession


@pytest.fixture(scope="module")
def session(published: PublishedModel) -> ScoringSession:
    return ScoringSession.open(published.directory, embedded.DEFINITION)


@pytest.fixture(scope="module")
def source(applications: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("applications") / "applications.csv"
    applications.drop("TARGET").write_csv(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_scored_file_holds_id_pd_and_decision_of_every_row(
    source: Path, session: ScoringSession, applications: pl.DataFrame, tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"scores{suffix}"
    done = score_file(source, target, session, batch_rows=700)
    scored = pl.read_csv(target) if suffix == ".csv" else pl.read_parquet(target)
    expected = session.score_frame(applications)
    assert scored.columns == [
        "SK_ID_CURR",
        "default_probability",
        "decision",
        "risk_band",
        "refer_reason",
        "warnings",
    ]
    assert scored["SK_ID_CURR"].to_list() == applications["SK_ID_CURR"].to_list()
    np.testing.assert_array_equal(scored["default_probability"].cast(pl.Float32).to_numpy(), expected)
    declined = (expected.astype(np.float64) >= 0.0909).tolist()
    assert scored["decision"].to_list() == ["decline" if no else "approve" for no in declined]
    assert (done.n_rows, done.n_declined, done.n_referred) == (3_000, sum(declined), 0)
    assert done.n_implausible == scored["warnings"].count() > 0


def test_an_empty_application_is_referred_and_its_neighbour_scored(
    applications: pl.DataFrame, session: ScoringSession, tmp_path: Path
) -> None:
    full = applications.head(1)
    empty = pl.DataFrame({"SK_ID_CURR": [7]}, schema={"SK_ID_CURR": pl.Int32})
    pl.concat([full, empty], how="diagonal").drop("TARGET").write_csv(tmp_path / "two.csv")
    done = score_file(tmp_path / "two.csv", tmp_path / "scores.parquet", session)
    scored = pl.read_parquet(tmp_path / "scores.parquet")
    assert scored["default_probability"].to_list() == [session.score(full.row(0, named=True)), None]
    assert scored["decision"][1] == "refer"
    assert scored["refer_reason"][1].startswith("Not enough is known to score: contract type, credit amount, annuity,")
    assert (done.n_rows, done.n_referred) == (2, 1)


def test_batches_do_not_change_a_score(source: Path, session: ScoringSession, tmp_path: Path) -> None:
    for name, rows in (("one", 10_000), ("many", 450)):
        score_file(source, tmp_path / f"{name}.parquet", session, batch_rows=rows)
    assert pl.read_parquet(tmp_path / "one.parquet").equals(pl.read_parquet(tmp_path / "many.parquet"))


def test_a_fault_late_in_the_file_leaves_what_was_there(source: Path, session: ScoringSession, tmp_path: Path) -> None:
    broken, target = tmp_path / "broken.csv", tmp_path / "scores.csv"
    late = pl.int_range(pl.len()) == 2_900
    wrong = pl.when(late).then(pl.lit("much")).otherwise(pl.col("AMT_CREDIT"))
    pl.read_csv(source, infer_schema=False).with_columns(wrong.alias("AMT_CREDIT")).write_csv(broken)
    target.write_text("scores of yesterday")
    with pytest.raises(TableError, match=r"broken\.csv: 1 of 3,000 rows .*\n  AMT_CREDIT is 'much' on line 2,902"):
        score_file(broken, target, session, batch_rows=500)
    assert target.read_text() == "scores of yesterday"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.csv", "scores.csv"]


def test_suffix_that_says_no_format(source: Path, session: ScoringSession, tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match=r"'\.xlsx' is not supported; use \.parquet or \.csv"):
        score_file(source, tmp_path / "scores.xlsx", session)


def test_the_source_is_never_overwritten(source: Path, session: ScoringSession) -> None:
    before = source.read_bytes()
    with pytest.raises(ScoringError, match="is the file to be scored"):
        score_file(source, source, session)
    assert source.read_bytes() == before


def test_missing_source(session: ScoringSession, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere\.csv: no such file"):
        score_file(tmp_path / "nowhere.csv", tmp_path / "scores.csv", session)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_columns_that_the_model_needs_are_enough(
    session: ScoringSession, applications: pl.DataFrame, tmp_path: Path, suffix: str
) -> None:
    needed = applications.select(*session.features.sources, "TARGET").with_columns(pl.lit("x").alias("branch"))
    needed.write_csv(tmp_path / "few.csv")
    done = score_file(tmp_path / "few.csv", tmp_path / f"scores{suffix}", session, batch_rows=700)
    scored = (pl.read_csv if suffix == ".csv" else pl.read_parquet)(tmp_path / f"scores{suffix}")
    assert scored.columns == ["default_probability", "decision", "risk_band", "refer_reason", "warnings"]
    known = scored["refer_reason"].is_null()
    scored, applications = scored.filter(known), applications.filter(known)
    assert scored["default_probability"].cast(pl.Float32).to_list() == session.score_frame(applications).tolist()
    assert len(known) - known.sum() == done.n_referred < 10
    assert done.notices[:2] == ("Not used, 1 column that no application has: branch.", "TARGET is not used.")


def test_blanks_around_a_category_do_not_change_a_score(session: ScoringSession, source: Path, tmp_path: Path) -> None:
    plain = score_file(source, tmp_path / "plain.parquet", session)
    padded = pl.read_csv(source, infer_schema=False).with_columns(pl.col("NAME_INCOME_TYPE") + " ")
    padded.write_csv(tmp_path / "padded.csv")
    done = score_file(tmp_path / "padded.csv", tmp_path / "scores.parquet", session)
    assert pl.read_parquet(tmp_path / "scores.parquet").equals(pl.read_parquet(tmp_path / "plain.parquet"))
    assert (done.n_declined, plain.notices) == (plain.n_declined, ())
    assert done.notices == ("Blanks around values are left out: NAME_INCOME_TYPE (3,000 rows).",)


def test_unseen_category_is_scored_as_an_unknown_level(
    applications: pl.DataFrame, session: ScoringSession, tmp_path: Path
) -> None:
    row = applications.head(1).with_columns(pl.lit("Barter").alias("NAME_CONTRACT_TYPE"))
    row.write_csv(tmp_path / "one.csv")
    done = score_file(tmp_path / "one.csv", tmp_path / "scores.parquet", session)
    assert done.notices[-1] == (
        "NAME_CONTRACT_TYPE holds categories never seen, which are scored as unknown: 'Barter' (1 row)."
    )
    expected = session.score(row.row(0, named=True))
    assert pl.read_parquet(tmp_path / "scores.parquet")["default_probability"].to_list() == [expected]
