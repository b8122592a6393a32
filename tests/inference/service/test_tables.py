"""Tables that come to the service and go from it: all rows scored as one by one, or one sentence and the cells."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from data.errors import TableError
from data.files.batch_judge import CellFault, TableFaultsError
from data.files.batch_limits import LIMITS, BatchError, Limits
from data.home_credit import embedded
from inference.model.build import PublishedModel
from inference.model.decision import BAND_EDGES, declines, risk_band
from inference.model.session import ScoringSession
from inference.service.tables import (
    FORMATS,
    MOST_FAULTS,
    NOTICES,
    TableFormat,
    notices_header,
    read_table,
    score_table,
)
from scripts._embedded import FEATURES

CSV, PARQUET, STREAM = FORMATS.values()
by_format = pytest.mark.parametrize("table_format", FORMATS.values(), ids=lambda known: known.name)
# Other people's readers, that what is written here can be read by.
READERS: Mapping[str, Callable[[bytes], pa.Table]] = {
    CSV.media_type: lambda content: pa_csv.read_csv(io.BytesIO(content)),
    PARQUET.media_type: lambda content: pq.read_table(io.BytesIO(content)),
    STREAM.media_type: lambda content: ipc.open_stream(content).read_all(),
}


@pytest.fixture(scope="module")
def session(published: PublishedModel) -> ScoringSession:
    return ScoringSession.open(published.directory, embedded.DEFINITION)


@pytest.fixture(scope="module")
def inputs(applications: pl.DataFrame) -> pl.DataFrame:
    return applications.drop(embedded.TARGET)


def test_formats_are_found_by_media_type() -> None:
    assert {media_type: known.name for media_type, known in FORMATS.items()} == {
        "text/csv": "body.csv",
        "application/vnd.apache.parquet": "body.parquet",
        "application/vnd.apache.arrow.stream": "body.arrows",
    }
    assert all(known.media_type == media_type for media_type, known in FORMATS.items())


@by_format
def test_every_row_is_scored_as_it_is_alone(
    session: ScoringSession, inputs: pl.DataFrame, table_format: TableFormat
) -> None:
    read = read_table(table_format.write(inputs), table_format, session.definition, session.features.sources, LIMITS)
    scored = score_table(read, session)
    singles = [session.score(row) for row in inputs.drop(embedded.ID).iter_rows(named=True)]
    cutoff = session.manifest.cutoff
    assert len(singles) == 3_000
    assert scored.schema == {
        "SK_ID_CURR": pl.Int32,
        "default_probability": pl.Float64,
        "decision": pl.String,
        "risk_band": pl.String,
        "refer_reason": pl.String,
        "warnings": pl.String,
    }
    assert scored[embedded.ID].to_list() == inputs[embedded.ID].to_list()
    assert scored["default_probability"].to_list() == singles
    assert scored["decision"].to_list() == ["decline" if declines(pd, cutoff) else "approve" for pd in singles]
    assert scored["risk_band"].to_list() == [risk_band(pd, BAND_EDGES) for pd in singles]
    assert 0 < scored["decision"].to_list().count("decline") < 3_000


@by_format
def test_an_answer_reads_back_as_the_same_frame(
    session: ScoringSession, inputs: pl.DataFrame, table_format: TableFormat
) -> None:
    read = read_table(table_format.write(inputs), table_format, session.definition, session.features.sources, LIMITS)
    scored = score_table(read, session)
    arrow = READERS[table_format.media_type](table_format.write(scored))
    assert not any(pa.types.is_string_view(field.type) for field in arrow.schema)
    found = pl.from_arrow(arrow)
    assert isinstance(found, pl.DataFrame)
    # CSV knows no types: a PD is read as the float64 nearest to its digits, which is the same float32.
    assert found.columns == scored.columns
    texts = pl.col(pl.String)
    # Nor has it null: Arrow's reader takes an empty text for one.
    told = found.cast(scored.schema).with_columns(pl.when(texts != "").then(texts))
    assert told.equals(scored)


@by_format
def test_a_table_without_ids_is_answered_in_its_order(
    session: ScoringSession, inputs: pl.DataFrame, table_format: TableFormat
) -> None:
    needed = session.features.sources
    turned = inputs.head(50).reverse()
    with_ids = score_table(
        read_table(table_format.write(turned), table_format, session.definition, needed, LIMITS), session
    )
    anonymous = table_format.write(turned.select(reversed(needed)))
    scored = score_table(read_table(anonymous, table_format, session.definition, needed, LIMITS), session)
    assert with_ids[embedded.ID].to_list() == list(range(100_050, 100_000, -1))
    # What contradicts a column that the model does not need cannot be told without it.
    assert scored.drop("warnings").equals(with_ids.drop(embedded.ID, "warnings"))


@by_format
def test_other_columns_and_the_outcome_are_not_used_and_said(
    session: ScoringSession, applications: pl.DataFrame, table_format: TableFormat
) -> None:
    wide = applications.head(30).with_columns(pl.lit(1.0).alias("AMT_CREDITS"), pl.lit("x").alias("note"))
    read = read_table(table_format.write(wide), table_format, session.definition, session.features.sources, LIMITS)
    plain = read_table(
        table_format.write(applications.head(30)), table_format, session.definition, session.features.sources, LIMITS
    )
    assert score_table(read, session).equals(score_table(plain, session))
    assert plain.notices == ("TARGET is not used.",)
    assert read.notices == (
        "Not used, 2 columns that no application has: AMT_CREDITS, note.",
        "TARGET is not used.",
    )


def test_a_column_of_what_no_csv_can_hold_is_not_used_either(inputs: pl.DataFrame) -> None:
    table = inputs.head(3).with_columns(pl.lit([1, 2]).alias("list"))
    read = read_table(PARQUET.write(table), PARQUET, FEATURES.definition, FEATURES.sources, LIMITS)
    assert read.notices == ("Not used, 1 column that no application has: list.",)


def test_notices_fit_into_a_header() -> None:
    assert notices_header([]) == {}
    assert json.loads(notices_header(["'Š' (1 row).", "b"])[NOTICES]) == ["'Š' (1 row).", "b"]
    header = notices_header(["Š" * 300] * 20)[NOTICES]
    assert header.isascii()
    assert len(header) <= 4_000
    assert json.loads(header) == ["Š" * 300] * 2 + ["And 18 more."]
    assert json.loads(notices_header(["x" * 5_000])[NOTICES]) == ["And 1 more."]


@pytest.mark.parametrize(
    ("table_format", "first", "place"),
    [(CSV, 2, "on line"), (PARQUET, 1, "in row"), (STREAM, 1, "in row")],
    ids=lambda value: value.name if isinstance(value, TableFormat) else "",
)
def test_faults_carry_row_and_column(inputs: pl.DataFrame, table_format: TableFormat, first: int, place: str) -> None:
    table = inputs.head(12).with_columns(
        pl.when(pl.int_range(pl.len()).is_in([4, 7])).then(-5.0).otherwise("AMT_CREDIT").alias("AMT_CREDIT"),
        pl.when(pl.int_range(pl.len()) == 7).then(-1).otherwise("CNT_CHILDREN").alias("CNT_CHILDREN"),
    )
    with pytest.raises(TableFaultsError) as caught:
        read_table(table_format.write(table), table_format, FEATURES.definition, FEATURES.sources, LIMITS)
    amount = "a number from 1 to 1,000,000,000, or nothing"
    found = "-5.0" if table_format is CSV else "-5"
    assert caught.value.faults == (
        CellFault(first + 4, "AMT_CREDIT", found, amount),
        CellFault(first + 7, "CNT_CHILDREN", "-1", "a whole number from 0 to 30, or nothing"),
        CellFault(first + 7, "AMT_CREDIT", found, amount),
    )
    assert str(caught.value) == (
        f"{table_format.name}: 2 of 12 rows cannot be scored, so none was; the first fault is '{found}' in column "
        f"AMT_CREDIT {place} {first + 4}, expected {amount}; 3 faults in all."
    )


@by_format
def test_a_row_of_which_too_little_is_known_is_referred_and_the_others_scored(
    session: ScoringSession, inputs: pl.DataFrame, table_format: TableFormat
) -> None:
    ids = pl.DataFrame({embedded.ID: [1]}, schema={embedded.ID: pl.Int32})
    table = pl.concat([inputs.head(2), ids], how="diagonal")
    read = read_table(table_format.write(table), table_format, FEATURES.definition, FEATURES.sources, LIMITS)
    scored = score_table(read, session)
    assert scored["decision"][2] == "refer"
    assert scored["refer_reason"].to_list()[:2] == [None, None]
    assert scored["refer_reason"][2].startswith("Not enough is known to score: contract type, ")
    assert scored.row(2)[1:4] == (None, "refer", None)
    whole = read_table(table_format.write(inputs.head(2)), table_format, FEATURES.definition, FEATURES.sources, LIMITS)
    assert scored.head(2).equals(score_table(whole, session))


def test_a_missing_id_is_told_as_nothing(inputs: pl.DataFrame) -> None:
    table = inputs.head(2).with_columns(pl.lit(None, pl.Int32).alias(embedded.ID))
    with pytest.raises(TableFaultsError, match="first fault is nothing in column SK_ID_CURR in row 1, "):
        read_table(PARQUET.write(table), PARQUET, FEATURES.definition, FEATURES.sources, LIMITS)


def test_the_first_faults_are_listed_and_all_are_counted(inputs: pl.DataFrame) -> None:
    table = inputs.head(150).with_columns(pl.lit(-1.0).alias("AMT_CREDIT"))
    with pytest.raises(TableFaultsError) as caught:
        read_table(STREAM.write(table), STREAM, FEATURES.definition, FEATURES.sources, LIMITS)
    assert [fault.row for fault in caught.value.faults] == list(range(1, MOST_FAULTS + 1))
    assert str(caught.value).endswith("; 150 faults in all.")


@by_format
def test_a_needed_column_has_to_be_there_and_may_be_empty(
    session: ScoringSession, inputs: pl.DataFrame, table_format: TableFormat
) -> None:
    needed = session.features.sources
    with pytest.raises(BatchError, match=f"^{table_format.name}: 1 column that the model needs is missing: EXT"):
        read_table(
            table_format.write(inputs.head(3).drop("EXT_SOURCE_1")), table_format, session.definition, needed, LIMITS
        )
    emptied = inputs.head(3).with_columns(pl.lit(None, pl.Float64).alias("EXT_SOURCE_1"))
    scored = score_table(
        read_table(table_format.write(emptied), table_format, session.definition, needed, LIMITS), session
    )
    rows = inputs.head(3).drop("EXT_SOURCE_1", embedded.ID).iter_rows(named=True)
    assert scored["default_probability"].to_list() == [session.score(row) for row in rows]


@by_format
def test_limits_hold(inputs: pl.DataFrame, table_format: TableFormat) -> None:
    content = table_format.write(inputs.head(11))
    with pytest.raises(BatchError, match=f"^{table_format.name}: has more than 10 rows, the most that is taken"):
        read_table(content, table_format, FEATURES.definition, FEATURES.sources, Limits(rows=10))


def test_numbers_as_text_are_read_and_text_as_numbers_is_refused(session: ScoringSession, inputs: pl.DataFrame) -> None:
    table = inputs.head(20)
    needed = session.features.sources
    as_text = read_table(STREAM.write(table.cast(pl.String)), STREAM, session.definition, needed, LIMITS)
    as_numbers = read_table(STREAM.write(table), STREAM, session.definition, needed, LIMITS)
    assert score_table(as_text, session).equals(score_table(as_numbers, session))
    with pytest.raises(TableError, match=r"^body\.arrows: column NAME_CONTRACT_TYPE holds double in all 20 rows"):
        read_table(
            STREAM.write(table.with_columns(pl.lit(1.0).alias("NAME_CONTRACT_TYPE"))),
            STREAM,
            session.definition,
            needed,
            LIMITS,
        )


def test_texts_of_other_tables_do_not_reach_the_sentence_whole(inputs: pl.DataFrame) -> None:
    table = inputs.head(1).with_columns(pl.lit("much\n" * 30).alias("AMT_CREDIT"))
    with pytest.raises(TableFaultsError) as caught:
        read_table(STREAM.write(table), STREAM, FEATURES.definition, FEATURES.sources, LIMITS)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 240
