"""Bringing one's own predictions: roles found and told, cohort columns made, wrong values refused."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.errors import FileError, PredictionsError
from data.home_credit import embedded
from data.predictions.imports import MOST_LEVELS, import_predictions, parse_answers
from data.predictions.roles.questions import QuestionsError
from data.predictions.table import CohortKind
from data.reading import surveying
from data.store.storage import write_parquet


def _csv(folder: Path, text: str) -> Path:
    path = folder / "theirs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_bare_outcome_and_probability_are_enough(tmp_path: Path) -> None:
    theirs = import_predictions(_csv(tmp_path, "y_true,y_pred_proba\n0,0.25\n1,0.5\n"), embedded.DEFINITION)
    assert theirs.frame.rows() == [(False, 0.25), (True, 0.5)]
    assert not theirs.has_ids
    assert theirs.cohort_columns == ()
    assert theirs.source.is_imported
    assert theirs.source.notices == ()


def test_mapping_overrules_names(tmp_path: Path) -> None:
    path = _csv(tmp_path, "target,mine,score,who\n0,1,0.1,a\n1,0,0.9,b\n")
    theirs = import_predictions(path, embedded.DEFINITION, parse_answers(["mine=outcome", "who=id"]))
    assert theirs.frame["is_default"].to_list() == [True, False]
    assert theirs.frame["application_id"].to_list() == ["a", "b"]
    assert [column.name for column in theirs.cohort_columns] == ["target"]


def test_other_columns_become_cohort_columns_of_their_kind(tmp_path: Path) -> None:
    path = tmp_path / "theirs.parquet"
    pl.DataFrame(
        {
            "default": [True, False, True],
            "PD": [0.1, 0.2, 1.0],
            "branch": ["north", None, "<b>south</b>"],
            "vip": [True, False, None],
            "age": [30, 40, 300],
            "rate": [0.5, float("nan"), float("inf")],
            "EAD": [10.0, 20.0, 30.0],
        }
    ).write_parquet(path)
    theirs = import_predictions(path, embedded.DEFINITION)
    kinds = {column.name: column.kind for column in theirs.cohort_columns}
    assert kinds == {
        "branch": CohortKind.LEVELS,
        "vip": CohortKind.LEVELS,
        "age": CohortKind.RANGE,
        "rate": CohortKind.RANGE,
        "EAD": CohortKind.RANGE,
    }
    by_name = {column.name: column for column in theirs.cohort_columns}
    assert by_name["branch"].levels == ("<b>south</b>", "north")
    assert (by_name["age"].minimum, by_name["age"].maximum) == (30, 300)
    assert theirs.frame["rate"].to_list() == [0.5, None, None]
    assert theirs.frame["exposure"].to_list() == [10.0, 20.0, 30.0]


def test_text_with_too_many_levels_is_left_out_with_a_notice(tmp_path: Path) -> None:
    n = MOST_LEVELS + 1
    path = tmp_path / "theirs.parquet"
    pl.DataFrame(
        {"target": [0, 1] * (n // 2) + [0], "pd": [0.1] * n, "name": [f"n{i}" for i in range(n)]}
    ).write_parquet(path)
    theirs = import_predictions(path, embedded.DEFINITION)
    assert theirs.cohort_columns == ()
    (notice,) = theirs.source.notices
    assert notice == "Left out as cohort columns: name (more than 256 levels)."


def test_names_and_numbers_that_the_screen_cannot_take_are_left_out_with_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "theirs.parquet"
    pl.DataFrame(
        {
            "target": [0, 1],
            "pd": [0.1, 0.2],
            "pd_bin": ["a", "b"],
            "hash": [2**60, 5],
            "huge": [1e30, 1.0],
            "when": [1, 2],
        }
    ).with_columns(pl.col("when").cast(pl.Time)).write_parquet(path)
    theirs = import_predictions(path, embedded.DEFINITION)
    assert theirs.cohort_columns == ()
    assert theirs.source.notices == (
        "Left out as cohort columns: pd_bin (the name of a column of ours); hash, huge (numbers beyond 9e+15); "
        "when (dates or times).",
    )


def test_columns_without_a_name_or_with_a_tilde_get_a_name_that_the_screen_can_take(tmp_path: Path) -> None:
    theirs = import_predictions(
        _csv(tmp_path, ",target,pd,~decision,decision\n0,0,0.1,1,2\n1,1,0.2,1,2\n"), embedded.DEFINITION
    )
    assert [column.name for column in theirs.cohort_columns] == ["(column 1)", "(~decision)", "decision"]
    assert theirs.source.notices == (
        "Names of columns: column 1, which has no name, is (column 1); column 4 (~decision) is (~decision).",
    )


@pytest.mark.parametrize("values", [[1, 2], [-3_000, -20], ["long", "short"], [365_243, -20]])
def test_a_column_that_the_schema_knows_is_described_as_the_file_has_it(tmp_path: Path, values: list[object]) -> None:
    path = tmp_path / "theirs.parquet"
    pl.DataFrame({"target": [0, 1], "pd": [0.1, 0.2], "DAYS_EMPLOYED": values}).write_parquet(path)
    (column,) = import_predictions(path, embedded.DEFINITION).cohort_columns
    if column.kind is CohortKind.LEVELS:
        assert column.levels == ("long", "short")
    else:
        own = [int(str(value)) for value in values if value != 365_243]
        assert (column.minimum, column.maximum) == (min(own), max(own))


def test_rows_without_an_exposure_are_counted_and_the_others_kept(tmp_path: Path) -> None:
    rows = "0,0.1,1e39\n1,0.2,123456789012.5\n0,0.3,NA\n1,0.4,-5\n0,0.5,0\n0,0.6,\n"
    theirs = import_predictions(_csv(tmp_path, f"target,pd,exposure\n{rows}"), embedded.DEFINITION)
    assert theirs.frame["exposure"].to_list() == [None, 123456789012.5, None, None, 0, None]
    assert theirs.source.notices == (
        "Read as missing in columns of numbers: exposure: NA (1).",
        "4 rows of 6 without a usable amount in exposure (missing, negative, too large or no number): money is summed "
        "over the other 2, and per application those count as 0.",
    )


def test_a_column_without_any_amount_is_no_exposure(tmp_path: Path) -> None:
    theirs = import_predictions(_csv(tmp_path, "target,pd,exposure\n0,0.1,much\n1,0.2,-1\n"), embedded.DEFINITION)
    assert "exposure" not in theirs.frame.columns
    assert "not used as exposure" in theirs.source.notices[0]
    assert "exposure" not in theirs.source.taken


@pytest.mark.parametrize("folder", ["a [b]", "what?", "all*", "{x,y}"])
def test_a_path_is_no_pattern(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    assert import_predictions(_csv(place, "target,pd\n0,0.1\n"), embedded.DEFINITION).frame.height == 1
    write_parquet(pl.DataFrame({"target": [0], "pd": [0.5]}), place / "p.parquet")
    assert import_predictions(place / "p.parquet", embedded.DEFINITION).frame.height == 1


def test_a_compressed_csv_is_read(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv.gz"
    path.write_bytes(gzip.compress(b"target,pd\n0,0.25\n"))
    assert import_predictions(path, embedded.DEFINITION).frame.rows() == [(False, 0.25)]


def test_repeated_ids_are_asked_about_and_not_used_as_ids(tmp_path: Path) -> None:
    path = _csv(tmp_path, "id,target,pd\n1,0,0.1\n1,1,0.2\n")
    with pytest.raises(QuestionsError, match="names 1 applications in 2 rows"):
        import_predictions(path, embedded.DEFINITION)
    theirs = import_predictions(path, embedded.DEFINITION, parse_answers(["id=id"]))
    assert not theirs.has_ids
    assert theirs.source.notices == (
        "Column id does not identify its rows (missing or repeated values); it is not used as id.",
    )


def test_digest_changes_with_content_and_with_roles(tmp_path: Path) -> None:
    path = _csv(tmp_path, "a,b,pd\n0,1,0.1\n1,0,0.2\n")
    first = import_predictions(path, embedded.DEFINITION, parse_answers(["a=outcome"])).source.digest
    assert import_predictions(path, embedded.DEFINITION, parse_answers(["a=outcome"])).source.digest == first
    assert import_predictions(path, embedded.DEFINITION, parse_answers(["b=outcome"])).source.digest != first
    _csv(tmp_path, "a,b,pd\n0,1,0.1\n1,0,0.3\n")
    assert import_predictions(path, embedded.DEFINITION, parse_answers(["a=outcome"])).source.digest != first


def test_a_whole_number_column_that_turns_decimal_late_is_read(tmp_path: Path) -> None:
    rows = ["0,0,7"] * 12_000 + ["1,0.5,7.25"]
    theirs = import_predictions(_csv(tmp_path, "target,pd,late\n" + "\n".join(rows)), embedded.DEFINITION)
    assert theirs.frame["late"][-1] == 7.25
    assert theirs.frame["default_probability"][-1] == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("target,other\n0,1\n", r"no column could be taken for the probability; say which with --map"),
        ("other,pd\n0,1\n", r"column pd holds only 0 and 1, which are classes"),
        ("target,pd\n0,0.1\n2,0.2\n3,0.1\n", r"column target holds 0: 1, [23]: 1, [23]: 1; which are defaults"),
        ("target,pd\n0,NA\n1,\n", r"column pd has no value in any of its 2 rows; expected a probability"),
        (
            "target,pd\n0,0.1\n1,1.2\n",
            r"1 row .* 1\.2 in row 2; .* from 0 to 1 \(1 row above 1, the largest is 1\.2\);",
        ),
        ("target,pd\n0,1\n1,0\n", r"column pd holds only 0 and 1, which are classes or decisions"),
        ("target,pd\n0,0.1\n1,-0.2\n", r"-0\.2 in row 2; expected a probability from 0 to 1;"),
        ("target,pd\n0,high\n1,low\n", r"column pd has 2 rows .* 'high' in row 1"),
        ("target,pd\n0,nan\n", r"column pd has no value in its only row"),
        ("target,pd\nmaybe,0.1\n", r"column target holds maybe: 1; which value is the default"),
        ("target,pd\n", r"holds no rows"),
        ("", r"holds no rows"),
    ],
)
def test_wrong_files_are_refused_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises((FileError, PredictionsError), match=message) as caught:
        import_predictions(_csv(tmp_path, text), embedded.DEFINITION)
    assert "theirs.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["score"], "is not COLUMN=ROLE"),
        (["score=pd"], "roles are id, outcome"),
        (["a=id", "b=id"], "twice"),
        (["a=id", "a=fold"], "twice"),
    ],
)
def test_wrong_mappings_are_refused(texts: list[str], message: str) -> None:
    with pytest.raises(PredictionsError, match=message):
        parse_answers(texts)


def test_a_mapped_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PredictionsError, match=r"--map absent=\.\.\.: theirs\.csv has no such column"):
        import_predictions(_csv(tmp_path, "target,pd\n0,0.1\n"), embedded.DEFINITION, parse_answers(["absent=fold"]))


def test_a_directory_and_a_broken_parquet_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a directory"):
        import_predictions(tmp_path, embedded.DEFINITION)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 no")
    with pytest.raises(FileError, match="cannot be read as a table"):
        import_predictions(broken, embedded.DEFINITION)


@pytest.mark.parametrize("words", ["TRUE,false,True", "yes,No,Y", "1,0,1.0"])
def test_an_outcome_may_be_said_in_words(tmp_path: Path, words: str) -> None:
    path = tmp_path / "theirs.parquet"
    write_parquet(pl.DataFrame({"target": words.split(","), "proba_1": [0.1, 0.2, 0.3]}), path)
    assert import_predictions(path, embedded.DEFINITION).frame["is_default"].to_list() == [True, False, True]


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    write_parquet(pl.DataFrame({"target": [0], "pd": [0.5]}), path)
    assert import_predictions(path, embedded.DEFINITION).frame.rows() == [(False, 0.5)]


def test_gaps_in_any_spelling_leave_a_number_a_number_and_are_counted(tmp_path: Path) -> None:
    rows = "0,0.1,5.5\nNA,0.2,NA\n1,n/a,7\n1,0.4,#N/A\n0,,NA\n"
    theirs = import_predictions(_csv(tmp_path, f"target,pd,amount\n{rows}"), embedded.DEFINITION)
    assert theirs.frame.rows() == [
        (False, pytest.approx(0.1), 5.5),
        (None, pytest.approx(0.2), None),
        (True, pytest.approx(0.4), None),
    ]
    assert theirs.source.n_open == 1
    assert theirs.source.notices == (
        "Read as missing in columns of numbers: target: NA (1); pd: n/a (1); amount: NA (2), #N/A (1).",
        "Left out: 2 rows of 5 without a score.",
    )


def test_a_column_that_begins_after_10000_rows_is_a_number(tmp_path: Path) -> None:
    rows = "\n".join(f"{i % 2},0.5,{'' if i < 10_500 else i % 97}" for i in range(12_000))
    (column,) = import_predictions(_csv(tmp_path, f"target,pd,bonus\n{rows}\n"), embedded.DEFINITION).cohort_columns
    assert (column.kind, column.minimum, column.maximum) == (CohortKind.RANGE, 0, 96)


def test_amounts_are_kept_to_the_last_digit(tmp_path: Path) -> None:
    theirs = import_predictions(
        _csv(tmp_path, "target,pd,a,b\n0,0.1,99999999.99,0.5\n1,0.2,123456789012.5,2\n"), embedded.DEFINITION
    )
    assert theirs.frame["a"].to_list() == [99999999.99, 123456789012.5]
    assert theirs.frame.schema["b"] == pl.Float32


@pytest.mark.parametrize(
    "ids", [["000", "007"], ["9007199254740993", "9007199254740995"], ["18446744073709551616", "5"]]
)
def test_ids_keep_every_digit(tmp_path: Path, ids: list[str]) -> None:
    theirs = import_predictions(_csv(tmp_path, f"id,target,pd\n{ids[0]},0,0.1\n{ids[1]},1,0.2\n"), embedded.DEFINITION)
    assert [str(found) for found in theirs.frame["application_id"]] == ids


def test_the_reason_for_leaving_out_a_column_is_the_true_one(tmp_path: Path) -> None:
    rows = "".join(f"{i % 2},0.5,{'x' if i == 3 else i},{i:05d},\n" for i in range(300))
    theirs = import_predictions(_csv(tmp_path, f"target,pd,nearly,code,empty\n{rows}"), embedded.DEFINITION)
    assert theirs.source.notices == (
        "Left out as cohort columns: nearly (more than 256 levels, and no numbers because of 1 row such as 'x'); "
        "code (more than 256 levels, whole numbers with leading zeros or of more than 18 digits); "
        "empty (no value in any row).",
    )


def test_infinite_numbers_are_counted(tmp_path: Path) -> None:
    theirs = import_predictions(_csv(tmp_path, "target,pd,x\n0,0.1,inf\n1,0.2,3\n"), embedded.DEFINITION)
    assert theirs.frame["x"].to_list() == [None, 3]
    assert theirs.source.notices == ("Column x: infinite in 1 row, which count as missing.",)


_KINDS: dict[str, pl.Series] = {
    "flag": pl.Series([True, False, True]),
    "narrow": pl.Series([1, 0, 1], dtype=pl.UInt8),
    "wide": pl.Series([2**70, 1, 2], dtype=pl.Int128),
    "unsigned": pl.Series([2**64 - 1, 1, 2], dtype=pl.UInt64),
    "float": pl.Series([0.5, float("nan"), float("inf")]),
    "single": pl.Series([0.5, 0.25, 1.0], dtype=pl.Float32),
    "decimal": pl.Series(["0.10", "0.20", "0.30"]).cast(pl.Decimal(10, 2)),
    "text": pl.Series(["a", None, "NA"]),
    "category": pl.Series(["0", "1", None]).cast(pl.Categorical),
    "enum": pl.Series(["0", "1", "1"]).cast(pl.Enum(["1", "0"])),
    "bytes": pl.Series([b"\xff", b"1", None]),
    "date": pl.Series([0, 1, 2]).cast(pl.Date),
    "moment": pl.Series([0, 1, 2]).cast(pl.Datetime("us", "Europe/Berlin")),
    "span": pl.Series([0, 1, 2]).cast(pl.Duration("us")),
    "time": pl.Series([0, 1, 2]).cast(pl.Time),
    "list": pl.Series([[1], [], None]),
    "array": pl.Series([[0.1, 0.9]] * 3, dtype=pl.Array(pl.Float64, 2)),
    "struct": pl.Series([{"label": 1}, {"label": 0}, None]),
    "nothing": pl.Series([None, None, None]),
    "no text": pl.Series([None, None, None], dtype=pl.String),
    "no number": pl.Series([float("nan")] * 3),
}


_USABLE: dict[str, set[str]] = {
    "outcome": {"flag", "narrow", "category", "enum", "struct", "nothing", "no text", "no number"},
    "probability": {"single", "decimal"},
    # A record of one field is that field.
    "percent": {"narrow", "single", "decimal", "category", "enum", "struct"},
    # Ids that all rows have, each another; "float" has gaps, "single" is not whole.
    "id": {"wide", "unsigned", "decimal"},
    "fold": {"flag", "narrow", "enum"},
    "exposure": {
        "flag",
        "narrow",
        "wide",
        "unsigned",
        "float",
        "single",
        "decimal",
        "category",
        "enum",
        "bytes",
        "struct",
    },
}
_BECOMES = {
    "outcome": "is_default",
    "probability": "default_probability",
    "percent": "default_probability",
    "id": "application_id",
    "fold": "fold",
    "exposure": "exposure",
}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("role", [*_USABLE, ""])
def test_a_column_of_any_kind_in_any_role_is_taken_or_refused_in_one_sentence(
    tmp_path: Path, kind: str, role: str
) -> None:
    path = tmp_path / "theirs.parquet"
    columns = {"target": pl.Series([1, 0, 1]), "pd": pl.Series([0.1, 0.2, 0.3]), "x": _KINDS[kind]}
    columns.pop({"outcome": "target", "probability": "pd", "percent": "pd"}.get(role, ""), None)
    write_parquet(pl.DataFrame(columns), path)
    mapping = parse_answers([f"x={role}"] if role else [])
    if kind == "array" and role:
        with pytest.raises(
            PredictionsError, match=r"--map x=\.\.\.: theirs\.parquet has no such column; .*x\[0\], x\[1\]"
        ):
            import_predictions(path, embedded.DEFINITION, mapping)
        return
    if role in ("outcome", "probability", "percent") and kind not in _USABLE[role]:
        with pytest.raises(PredictionsError, match=r"column x has|column x holds") as caught:
            import_predictions(path, embedded.DEFINITION, mapping)
        assert "\n" not in str(caught.value)
        return
    frame = import_predictions(path, embedded.DEFINITION, mapping).frame
    assert not any(dtype.is_nested() or dtype == pl.Binary for dtype in frame.schema.values())
    column = _BECOMES.get(role, "")
    assert (column in frame.columns) is (kind in _USABLE[role]) if role else True


def test_times_at_an_offset_and_long_decimals_do_not_keep_a_file_closed(tmp_path: Path) -> None:
    path = tmp_path / "theirs.parquet"
    columns = {
        "id": pa.array([Decimal(10**40 + 1), Decimal(7)], pa.decimal256(60, 0)),
        "target": pa.array([0, 1]),
        "pd": pa.array([0.1, 0.2]),
        "when": pa.array([1, 2], pa.timestamp("us", "+05:30")),
    }
    pq.write_table(pa.table(columns), path)
    theirs = import_predictions(path, embedded.DEFINITION)
    assert theirs.frame["application_id"].to_list() == [str(10**40 + 1), "7"]
    assert theirs.frame["when"].to_list() == ["1970-Q1", "1970-Q1"]


@pytest.mark.parametrize("write", [str, lambda percent: f"{percent} %", lambda percent: f"{percent}%"])
def test_percentages_are_the_decimals_that_they_mean(write: Callable[[object], str], tmp_path: Path) -> None:
    # Every hundredth of a percent: 2,760 of them divided by 100 are the number next to the decimal.
    percents = [k / 100 for k in range(10_001)]
    path = tmp_path / "percent.csv"
    lines = [f"{k % 2},{write(percent)}" for k, percent in enumerate(percents)]
    path.write_text("\n".join(["target,pd", *lines]) + "\n", encoding="utf-8")
    found = import_predictions(path, embedded.DEFINITION, parse_answers(["pd=percent"]))
    assert found.frame["default_probability"].to_list() == [k / 10_000 for k in range(10_001)]
    assert "PD from pd (percent)" in found.source.taken


def test_percentages_of_32_bits_are_decimals_too(tmp_path: Path) -> None:
    percents = [k / 100 for k in range(10_001)]
    table = pl.DataFrame({"target": [0, 1] * 5_000 + [0], "pd": pl.Series(percents, dtype=pl.Float32)})
    table.write_parquet(tmp_path / "percent.parquet")
    found = import_predictions(tmp_path / "percent.parquet", embedded.DEFINITION, parse_answers(["pd=percent"]))
    assert found.frame["default_probability"].to_list() == [k / 10_000 for k in range(10_001)]


def test_what_is_no_percentage_is_complained_of(tmp_path: Path) -> None:
    path = tmp_path / "percent.csv"
    path.write_text("target,pd\n0,6.92\n1,high\n", encoding="utf-8")
    with pytest.raises(PredictionsError, match="column pd has"):
        import_predictions(path, embedded.DEFINITION, parse_answers(["pd=percent"]))


@pytest.mark.parametrize("header", ["\ntarget,pd", '"a\nb",target,pd'])
def test_a_header_that_does_not_end_with_the_first_line_is_read(header: str, tmp_path: Path) -> None:
    first = "x," if "a" in header.split("target", maxsplit=1)[0] else ""
    found = import_predictions(_csv(tmp_path, f"{header}\n{first}0,0.1\n{first}1,0.2\n"), embedded.DEFINITION)
    assert found.frame["default_probability"].to_list() == [0.1, 0.2]


def test_a_name_that_stands_twice_plays_no_role(tmp_path: Path) -> None:
    with pytest.raises(PredictionsError, match="column y, taken for the outcome, stands in the header more than once"):
        import_predictions(_csv(tmp_path, "pd,y,y\n0.1,0,1\n0.2,1,0\n"), embedded.DEFINITION)


def test_columns_named_as_segments_come_first_and_whole_numbers_are_their_levels(tmp_path: Path) -> None:
    path = _csv(tmp_path, "y,pd,age,zone,rate\n0,0.1,30,10,0.5\n1,0.4,40,9,0.25\n0,0.2,50,,0.1\n1,0.3,60,9,0.2\n")
    answers = parse_answers(["zone=segment", "rate=segment"])
    theirs = import_predictions(path, embedded.DEFINITION, answers)
    kinds = {column.name: (column.kind, column.levels) for column in theirs.cohort_columns}
    assert kinds["zone"] == (CohortKind.LEVELS, ("9", "10"))
    assert theirs.frame["zone"].to_list() == ["10", "9", None, "9"]
    assert kinds["rate"] == (CohortKind.RANGE, ())
    assert theirs.usual_segments(embedded.DEFINITION) == ("zone", "rate")
    assert theirs.source.taken.endswith("segments from zone, rate")
    # What is looked at first is another answer, so nothing kept of the file without it is shown.
    assert theirs.source.digest != import_predictions(path, embedded.DEFINITION).source.digest


def test_progress_is_told_of_both_looks_at_a_text_and_ends_before_its_columns_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As of a text that is too large to be kept between the two.
    monkeypatch.setattr(surveying, "_MOST_KEPT", 0)
    path = _csv(tmp_path, "y,pd\n" + "0,0.25\n1,0.5\n" * 100_000)
    told: list[float] = []
    import_predictions(path, embedded.DEFINITION, progress=lambda done, total: told.append(done / total))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(0.8)
    # Chunk by chunk of a megabyte, so that a bar moves.
    assert len(set(told)) == 4
