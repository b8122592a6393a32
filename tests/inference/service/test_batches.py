"""Many applications over HTTP, as JSON and as tables: all of them scored as one by one, or none and told why."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest
import xlsxwriter

from inference.model.session import ScoringSession
from inference.service.tables import FORMATS

if TYPE_CHECKING:
    from tests.inference.service.conftest import CheckProblem, Read, Start, Write

CSV, PARQUET, STREAM = FORMATS
by_type = pytest.mark.parametrize("media_type", FORMATS)


def send(client: httpx.Client, content: bytes, media_type: str) -> httpx.Response:
    return client.post("/v1/score/batch", content=content, headers={"content-type": media_type})


def send_json(client: httpx.Client, applications: object) -> httpx.Response:
    return client.post("/v1/score/batch", json={"applications": applications})


def pds_of(table: pl.DataFrame, session: ScoringSession) -> list[float | None]:
    """PDs of the portfolio's applications: those without any external score are referred, and no other is."""
    is_known = table.select(pl.any_horizontal(pl.col("^EXT_SOURCE_[123]$").is_not_null())).to_series()
    assert 0 < is_known.sum() < table.height
    pds = [float(str(pd)) for pd in session.score_frame(table)]
    return [pd if known else None for pd, known in zip(pds, is_known, strict=True)]


# Some are scored where they arrive, others in a thread.
@pytest.mark.parametrize("count", [1, 5, 400])
def test_json_is_scored_as_one_by_one(
    client: httpx.Client, session: ScoringSession, table: pl.DataFrame, count: int
) -> None:
    rows = table.head(count).to_dicts()
    answer = send_json(client, rows)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    singles = [client.post("/v1/score", json={"application": row}).json() for row in rows]
    model = {name: singles[0][name] for name in ("cutoff", "model", "model_sha256", "notices")}
    assert model["notices"] == []
    assert answer.json() == {
        **model,
        "scores": [{name: each[name] for name in each if name not in model} for each in singles],
    }
    assert [each["default_probability"] for each in singles] == [session.score(row) for row in rows]


def test_ten_thousand_are_taken_and_one_more_is_not(
    client: httpx.Client, session: ScoringSession, table: pl.DataFrame, check_problem: CheckProblem
) -> None:
    assert table.height == 10_000
    rows = table.select("SK_ID_CURR", *session.features.sources).to_dicts()
    found = send_json(client, rows).json()["scores"]
    assert [each["default_probability"] for each in found] == pds_of(table, session)
    assert [each["id"] for each in found] == table["SK_ID_CURR"].to_list()
    problem = check_problem(send_json(client, [{}] * 10_001), 413, "too-large")
    assert problem["detail"] == (
        "The body holds 10,001 applications, the most that is taken is 10,000; send several batches."
    )


@pytest.mark.parametrize(
    ("body", "status", "kind", "said"),
    [
        (b"", 400, "malformed-body", "it is no JSON"),
        (b'{"applications": [{}', 400, "malformed-body", "it is no JSON"),
        (b'{"applications": [{"AMT_CREDIT": NaN}]}', 400, "malformed-body", "it is no JSON"),
        (b'{"applications": [' + b"[" * 200_000, 400, "malformed-body", "it is no JSON"),
        (b'{"applications": [{}, {"CODE_GENDER": "\xff"}]}', 400, "malformed-body", "application 1 is no JSON"),
        (b'{"applications": [{"CODE_GENDER": "\\ud800"}]}', 400, "malformed-body", "it is no JSON"),
        (b"[]", 422, "invalid-application", "The body: Expected `object`, got `array`"),
        (b"{}", 422, "invalid-application", "missing required field `applications`"),
        (b'{"applications": []}', 422, "invalid-application", "/applications: There is no application"),
        (b'{"applications": {}}', 422, "invalid-application", "Expected `array`, got `object`"),
        (b'{"applications": [], "cutoff": 0.1}', 422, "invalid-application", "unknown field `cutoff`"),
        (b'{"applications": [null]}', 422, "invalid-application", "/applications/0: Input should be"),
    ],
)
def test_a_wrong_json_body_is_a_problem(
    client: httpx.Client, check_problem: CheckProblem, body: bytes, status: int, kind: str, said: str
) -> None:
    check_problem(send(client, body, "application/json"), status, kind, said)


def test_every_fault_of_a_batch_is_placed(client: httpx.Client, check_problem: CheckProblem) -> None:
    rows = [{"AMT_CREDIT": 1}, {"AMT_CREDIT": 0}, {}, {"AMT_CREDIT": "x", "CODE": 1}]
    problem = check_problem(send_json(client, rows), 422, "invalid-application", "3 faults in all.")
    assert [(fault["pointer"], fault["field"]) for fault in problem["errors"]] == [
        ("/applications/1/AMT_CREDIT", "AMT_CREDIT"),
        ("/applications/3/AMT_CREDIT", "AMT_CREDIT"),
        ("/applications/3/CODE", "CODE"),
    ]
    answer = send_json(client, [{"AMT_CREDIT": 0}] * 250)
    many = check_problem(answer, 422, "invalid-application", "More than 100 faults in all.")
    assert [fault["pointer"] for fault in many["errors"]] == [f"/applications/{n}/AMT_CREDIT" for n in range(100)]


@by_type
def test_a_table_is_answered_in_kind(
    client: httpx.Client, session: ScoringSession, table: pl.DataFrame, written: Write, read: Read, media_type: str
) -> None:
    answer = send(client, written(table, media_type), media_type)
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == media_type
    found = read(answer.content, media_type)
    assert found.columns == [
        "SK_ID_CURR",
        "default_probability",
        "decision",
        "risk_band",
        "refer_reason",
        "warnings",
    ]
    assert found["SK_ID_CURR"].to_list() == table["SK_ID_CURR"].to_list()
    assert found["default_probability"].to_list() == pds_of(table, session)
    declined = found["default_probability"] >= session.manifest.cutoff
    assert ((found["decision"] == "decline") == declined.fill_null(value=False)).all()
    assert (found["decision"] == "refer").to_list() == found["default_probability"].is_null().to_list()


@by_type
def test_faults_of_a_table_are_named_by_row_and_column(
    client: httpx.Client, table: pl.DataFrame, written: Write, check_problem: CheckProblem, media_type: str
) -> None:
    wrong = pl.when(pl.int_range(pl.len()) == 4).then(-1.0).otherwise("AMT_CREDIT").alias("AMT_CREDIT")
    answer = send(client, written(table.head(10).with_columns(wrong), media_type), media_type)
    problem = check_problem(answer, 422, "invalid-application", "1 of 10 rows cannot be scored")
    row = 6 if media_type == CSV else 5
    (fault,) = problem["errors"]
    assert (fault["field"], fault["row"]) == ("AMT_CREDIT", row)
    assert fault["problem"].startswith("is '-1")
    assert fault["problem"].endswith(
        "; expected a number from 1 to 1,000,000,000, or nothing; correct it or leave the row out"
    )


@by_type
def test_other_columns_of_a_table_are_not_used_and_said(
    client: httpx.Client, table: pl.DataFrame, written: Write, media_type: str
) -> None:
    more = table.head(3).with_columns(pl.lit(1).alias("TARGET"), pl.lit(1).alias("SCORE"))
    answer = send(client, written(more, media_type), media_type)
    assert answer.content == send(client, written(table.head(3), media_type), media_type).content
    assert json.loads(answer.headers["x-scoreroom-notices"]) == [
        "Not used, 1 column that no application has: SCORE.",
        "TARGET is not used.",
    ]


def test_blanks_and_categories_never_seen_are_treated_as_in_a_table(
    client: httpx.Client, session: ScoringSession, table: pl.DataFrame, written: Write, read: Read
) -> None:
    plain = table.head(4).to_dicts()
    changed = [{**row, "TARGET": 1, "NAME_INCOME_TYPE": f"{row['NAME_INCOME_TYPE']} "} for row in plain]
    changed[2]["NAME_INCOME_TYPE"] = changed[3]["NAME_INCOME_TYPE"] = " Barter"
    wanted = [float(str(pd)) for pd in session.score_frame(table.head(2))]
    wanted += [session.score({**row, "NAME_INCOME_TYPE": "Barter"}) for row in plain[2:]]
    said = "NAME_INCOME_TYPE holds categories never seen, which are scored as unknown: 'Barter' (2 rows)."
    of_json = send_json(client, changed).json()
    assert [each["default_probability"] for each in of_json["scores"]] == wanted
    assert of_json["notices"] == [said]
    alone = client.post("/v1/score", json={"application": {**plain[3], "NAME_INCOME_TYPE": "Barter"}}).json()
    assert alone["notices"] == [said.replace("2 rows", "1 row")]
    of_table = send(client, written(pl.DataFrame(changed), CSV), CSV)
    assert read(of_table.content, CSV)["default_probability"].to_list() == wanted
    assert json.loads(of_table.headers["x-scoreroom-notices"]) == [
        "TARGET is not used.",
        "Blanks around values are left out: NAME_INCOME_TYPE (4 rows).",
        said,
    ]


INVALID, MALFORMED = (422, "invalid-application"), (400, "malformed-body")


@pytest.mark.parametrize(
    ("media_type", "content", "wanted", "said"),
    [
        (CSV, b"", MALFORMED, "body.csv: holds no rows"),
        (CSV, b"a,b\n", INVALID, "body.csv: holds 0 of the"),
        (CSV, b"a,b\n1,2\n", INVALID, "body.csv: holds 0 of the"),
        (CSV, b"\x00\x01\x02\xff" * 50, INVALID, "body.csv: is no text (it holds zero bytes)"),
        (PARQUET, b"", MALFORMED, "body.parquet: holds no rows"),
        (PARQUET, b"PAR1", MALFORMED, "body.parquet: is not a whole Parquet file"),
        (PARQUET, b"a,b\n1,2\n", INVALID, "body.parquet: no Parquet file came"),
        (STREAM, b"", MALFORMED, "body.arrows: holds no rows"),
        (STREAM, b"\xff\xff\xff\xff", MALFORMED, "body.arrows: is not a whole Arrow IPC stream"),
        (STREAM, b"a,b\n1,2\n", INVALID, "body.arrows: does not begin as an Arrow IPC stream"),
    ],
)
def test_bytes_that_are_no_table_of_applications_are_a_problem(
    client: httpx.Client,
    check_problem: CheckProblem,
    media_type: str,
    content: bytes,
    wanted: tuple[int, str],
    said: str,
) -> None:
    check_problem(send(client, content, media_type), *wanted, said)


def test_a_table_is_of_the_type_that_is_said(
    client: httpx.Client, table: pl.DataFrame, written: Write, check_problem: CheckProblem
) -> None:
    bodies = {media_type: written(table.head(3), media_type) for media_type in FORMATS}
    for said in FORMATS:
        for media_type in set(FORMATS) - {said}:
            check_problem(send(client, bodies[media_type], said), 422, "invalid-application", "body.")
        packed = gzip.compress(bodies[said])
        check_problem(send(client, packed, said), 422, "invalid-application", "a gzip archive came where")
    check_problem(send(client, packed, "application/gzip"), 415, "unsupported-media-type", CSV, PARQUET, STREAM)
    given = {"content-type": CSV, "content-encoding": "gzip"}
    answer = client.post("/v1/score/batch", content=packed, headers=given)
    check_problem(answer, 415, "unsupported-media-type", "send the body as it is")


def test_limits_are_those_of_the_settings(
    start: Start, table: pl.DataFrame, written: Write, check_problem: CheckProblem
) -> None:
    with start(API_ROWS="3", API_TABLE_ROWS="5", API_BODY_MB="1") as service:
        client = service.client
        assert send_json(client, [{}] * 3).status_code == 200
        check_problem(send_json(client, [{}] * 4), 413, "too-large", "4 applications, the most that is taken is 3")
        for media_type in FORMATS:
            assert send(client, written(table.head(5), media_type), media_type).status_code == 200
            answer = send(client, written(table.head(6), media_type), media_type)
            check_problem(answer, 413, "too-large", "more than 5 rows")
        long = json.dumps({"applications": [{}, {"CODE_GENDER": "x" * 20_000}]}).encode()
        check_problem(send(client, long, "application/json"), 413, "too-large", "/applications/1: is larger than 16 kB")
        # Refused before anything is made of them.
        for values in (b"1," * 800, b'{"k":1},' * 800):
            body = b'{"applications": [' + values + b"1]}"
            check_problem(send(client, body, "application/json"), 413, "too-large", "more values than 3 applications")
        large = json.dumps({"applications": [{"CODE_GENDER": "x" * 1_000_000}]}).encode()
        for content in (large, iter([large[:600_000], large[600_000:]])):
            answer = client.post("/v1/score/batch", content=content, headers={"content-type": "application/json"})
            check_problem(answer, 413, "too-large", "larger than 1 MB")
        document: Any = client.get("/openapi.json").json()
        sizes = document["components"]["schemas"]["BatchRequest"]["properties"]["applications"]
        assert (sizes["minItems"], sizes["maxItems"]) == (1, 3)


def test_a_workbook_is_scored_as_csv_and_how_it_is_written_can_be_said(
    client: httpx.Client, table: pl.DataFrame, written: Write, read: Read, check_problem: CheckProblem
) -> None:
    few = table.head(4)
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as made:
        for name in ("One", "Two"):
            sheet = made.add_worksheet(name)
            for at, row in enumerate([few.columns, *few.rows()]):
                sheet.write_row(at, 0, row)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    check_problem(send(client, book.getvalue(), kind), 400, "malformed-body", "body.xlsx: has tables on several sheets")

    def ask(*said: str) -> httpx.Response:
        headers = {"content-type": kind}
        return client.post("/v1/score/batch", params={"read": said}, content=book.getvalue(), headers=headers)

    answer = ask("sheet=Two")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    plain = read(send(client, written(few, CSV), CSV).content, CSV)
    assert read(answer.content, CSV).equals(plain)
    assert "Read as a workbook: sheet Two." in json.loads(answer.headers["X-Scoreroom-Notices"])
    check_problem(ask("sheet=Two", "bad_file=x"), 422, "invalid-application", "names a file on the server")
    check_problem(ask("colour=red"), 422, "invalid-application", "is not KEY=VALUE")
