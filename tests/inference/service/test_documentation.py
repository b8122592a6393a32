"""The OpenAPI document and the running service agree: on its examples, on thousands of requests, on damaged bodies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.schemas import APIOperation, BaseSchema

from data.definition.columns import Column, Kind
from data.home_credit import embedded
from inference.service.keys import add_key
from inference.service.routes import PROMOTE
from inference.service.tables import FORMATS
from inference.values import LONGEST_LEVEL
from tests.extent import at_length

if TYPE_CHECKING:
    from tests.inference.service.conftest import Running, Start, Write


JSON, PROBLEM = "application/json", "application/problem+json"
SCORE, EXPLAIN, BATCH = "/v1/score", "/v1/explain", "/v1/score/batch"
OF_MODEL = {"404", "409", "503"}
OF_BODY = {"400", "408", "413", "415", "422"} | OF_MODEL
# Operations and the problems that each documents.
OPERATIONS: Mapping[tuple[str, str], set[str]] = {
    ("GET", "/health/live"): set(),
    ("GET", "/health/ready"): {"503"},
    ("GET", "/metrics"): set(),
    ("GET", "/v1/model"): OF_MODEL,
    ("GET", "/v1/models"): {"503"},
    ("POST", PROMOTE): {"403"} | OF_MODEL,
    ("POST", SCORE): OF_BODY,
    ("POST", EXPLAIN): OF_BODY,
    ("POST", BATCH): OF_BODY,
}
FEWEST_CASES = at_length(400, 2_000)
CONFIG: Mapping[str, Any] = {
    "generation": {"mode": "all", "deterministic": True, "database": "none", "max-examples": at_length(20, 100)},
    # A machine that is busy would fail them.
    "suppress-health-check": ["all"],
    # All of Schemathesis' checks are in force, though those of resources, required headers and headers of answers
    # find none documented. Two are stricter than by default: what fits the document is answered, and what does not
    # is refused by one of these.
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["200"]},
        "negative_data_rejection": {"expected-statuses": ["400", "413", "415", "422"]},
    },
    # Its bodies are of four types; a table takes a tenth of a second, as long as fifty applications in JSON.
    # Without keys, nobody puts a model in service.
    "operations": [
        {"include-path": BATCH, "generation": {"max-examples": at_length(30, 150)}},
        {
            "include-path": PROMOTE,
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ["403"]},
                "negative_data_rejection": {"expected-statuses": ["403", "404"]},
            },
        },
    ],
    # Any text may be a name, and is no model's.
    "parameters": {"query.model": "champion"},
}
# What other programs might write, most of it in no column's range.
STRANGE = (
    None,
    "",
    "much",
    "1",
    True,
    -1,
    1 << 62,
    1e300,
    -0.0,
    5e-324,
    float("nan"),
    float("inf"),
    b"\xff",
    [1],
    {"a": 1},
    Decimal("1.5"),
    datetime(2020, 1, 1, tzinfo=UTC),
    datetime(2020, 1, 1, tzinfo=UTC).date(),
    timedelta(days=1),
)
NOT_IN_CSV = (bytes, list, dict, timedelta)
# Bytes that readers of JSON or CSV are known to stumble over.
SNIPPETS = (
    b"",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b'"',
    b"'",
    b",",
    b";",
    b"\n",
    b"\r",
    b"{",
    b"}",
    b"[]",
    b"[" * 50_000,
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"9" * 5_000,
    b"null",
    b"true",
    b'"\\ud800"',
    b'"\\u0000"',
)
repeated = settings(
    max_examples=at_length(5, 50),
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def _load(running: Running) -> BaseSchema:
    """The document that the service gives out."""
    config = schemathesis.Config.from_dict({**CONFIG, "base-url": str(running.client.base_url)})
    return schemathesis.openapi.from_dict(running.client.get("/openapi.json").json(), config=config)


@pytest.fixture(scope="module")
def document(service: Running, table: pl.DataFrame, written: Write) -> BaseSchema:
    """The document; a body that it calls binary is drawn as what it has to be, a table in that format."""
    for media_type in FORMATS:
        schemathesis.openapi.media_type(media_type, _bodies(_tables(table), media_type, written))
    return _load(service)


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """Connections that stay open, past any proxy."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def cases() -> Iterator[Counter[tuple[str, str, str | None]]]:
    """Counts cases by operation, mode and type of body; there have to be enough of each when the test is done."""
    counted: Counter[tuple[str, str, str | None]] = Counter()
    yield counted
    assert counted.total() >= FEWEST_CASES
    for method, path in OPERATIONS:
        label, fewest = f"{method} {path}", at_length(100, 500) if method == "POST" and path != PROMOTE else 8
        assert sum(count for (found, _, _), count in counted.items() if found == label) >= fewest
    for path in (SCORE, EXPLAIN, BATCH):
        assert min(counted[f"POST {path}", mode, JSON] for mode in ("positive", "negative")) >= at_length(40, 200)
    of_tables = [counted[f"POST {BATCH}", "positive", media_type] for media_type in FORMATS]
    assert min(of_tables) >= at_length(0, 1)
    assert sum(of_tables) >= at_length(6, 30)


def test_every_operation_documents_its_problems(document: BaseSchema) -> None:
    described = document.raw_schema
    found = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert found == OPERATIONS.keys()
    for (method, path), problems in OPERATIONS.items():
        answers = described["paths"][path][method.lower()]["responses"]
        assert answers.keys() == {"200"} | problems
        for status in problems:
            (content,) = answers[status]["content"].items()
            assert (content[0], content[1]["schema"]) == (PROBLEM, {"$ref": "#/components/schemas/Problem"})
            assert content[1]["example"]["status"] == int(status)
    # What FastAPI would document by itself.
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_every_example_is_answered_as_documented(document: BaseSchema, http: requests.Session) -> None:
    sent = []
    for path, model in ((SCORE, "Score"), (EXPLAIN, "Explanation"), (BATCH, "BatchScore")):
        for example in _examples_of(document, path):
            answer = document[path]["POST"].Case(body=example, media_type=JSON).call_and_validate(session=http)
            assert answer.status_code == 200
            assert answer.json().keys() == document.raw_schema["components"]["schemas"][model]["properties"].keys()
            sent.append(example)
    assert len(sent) == 3
    assert all(example in sent for example in _examples_below(document.raw_schema))


@schemathesis.pytest.from_fixture("document").parametrize()
def test_what_fits_is_answered_and_what_does_not_is_a_problem(
    case: schemathesis.Case[Any], http: requests.Session, cases: Counter[tuple[str, str, str | None]]
) -> None:
    assert case.meta is not None
    cases[case.operation.label, case.meta.generation.mode.value, case.media_type] += 1
    case.call_and_validate(session=http)


@pytest.mark.parametrize("path", [SCORE, EXPLAIN, BATCH])
def test_damaged_json_is_no_fault_of_the_service(document: BaseSchema, http: requests.Session, path: str) -> None:
    bodies = st.sampled_from([orjson.dumps(example) for example in _examples_of(document, path)])
    _send(_damaged(bodies), document[path]["POST"], JSON, http)


@pytest.mark.parametrize("media_type", FORMATS)
def test_damaged_tables_are_no_fault_of_the_service(
    document: BaseSchema, http: requests.Session, table: pl.DataFrame, written: Write, media_type: str
) -> None:
    _send(_damaged(_bodies(_tables(table), media_type, written)), document[BATCH]["POST"], media_type, http)


@pytest.mark.parametrize("media_type", FORMATS)
def test_strange_tables_are_no_fault_of_the_service(
    document: BaseSchema, http: requests.Session, table: pl.DataFrame, written: Write, media_type: str
) -> None:
    values = [value for value in STRANGE if media_type != "text/csv" or not isinstance(value, NOT_IN_CSV)]
    _send(_bodies(_strange_tables(table, values), media_type, written), document[BATCH]["POST"], media_type, http)


def test_keys_and_rates_are_documented_and_keys_are_asked_for(
    start: Start, tmp_path: Path, http: requests.Session
) -> None:
    key = add_key(tmp_path / "keys", "caller")
    with start(API_KEYS=str(tmp_path / "keys"), API_RATE="1000/minute", API_DRAIN_SECONDS="0") as running:
        keyed = _load(running)
        for (method, path), problems in OPERATIONS.items():
            answers = keyed.raw_schema["paths"][path][method.lower()]["responses"]
            refused = (
                set()
                if path.startswith("/health/")
                else {"401", "403", "429"}
                if path.startswith("/v1/")
                else {"401", "403"}
            )
            assert answers.keys() == {"200"} | problems | refused
            if path == PROMOTE:
                # Of another key's scope (tests/inference/service/test_handlers.py).
                continue
            # The check `ignored_auth` asks again without a key and with a wrong one.
            bodies = [{"body": example, "media_type": JSON} for example in _examples_of(keyed, path)] or [{}]
            for body in bodies:
                case = keyed[path][method].Case(**body)
                answer = case.call_and_validate(session=http, headers={"Authorization": f"Bearer {key}"})
                assert answer.status_code == 200
        running.stop()
        unknown = [line for line in running.events() if line["status"] == 401]
    asked = [path for _, path in OPERATIONS if path != PROMOTE and not path.startswith("/health/")]
    assert len(unknown) == 2 * len(asked)


def _send(
    bodies: st.SearchStrategy[bytes],
    operation: APIOperation[Any, Any, Any, Any],
    media_type: str,
    http: requests.Session,
) -> None:
    """Send each body; whether it can be scored is not known, but all that is documented has to hold."""

    @repeated
    @given(bodies)
    def check(body: bytes) -> None:
        operation.Case(body=body, media_type=media_type).call_and_validate(session=http)

    check()


def _examples_of(document: BaseSchema, path: str) -> list[Any]:
    """The examples of the JSON body that a path takes."""
    described = document.raw_schema
    body = described["paths"][path].get("post", {}).get("requestBody", {"content": {JSON: {"schema": {"$ref": "/"}}}})
    name = body["content"][JSON]["schema"]["$ref"].rpartition("/")[2]
    return list(_examples_below(described["components"]["schemas"].get(name)))


def _examples_below(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.get("examples", ())
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _examples_below(each)


def _bodies(tables: st.SearchStrategy[pl.DataFrame], media_type: str, written: Write) -> st.SearchStrategy[bytes]:
    return tables.map(lambda frame: written(frame, media_type))


@st.composite
def _tables(draw: st.DrawFn, table: pl.DataFrame, fewest: int = 1) -> pl.DataFrame:
    """Rows of `table` that can be scored: some cells at the edge, columns in another order, with or without ids."""
    rows = table[draw(st.lists(st.integers(0, table.height - 1), min_size=fewest, max_size=9))]
    names = draw(st.lists(st.sampled_from(table.columns), max_size=5, unique=True))
    at_edge = rows.with_columns(pl.lit(draw(_values(embedded.BY_NAME[name]))).alias(name) for name in names)
    turn = draw(st.integers(0, table.width - 1))
    turned = at_edge.select(table.columns[turn:] + table.columns[:turn])
    return turned.drop(embedded.ID) if draw(st.booleans()) else turned


def _values(column: Column) -> st.SearchStrategy[Any]:
    if column.kind is Kind.CATEGORY:
        letters = st.characters(exclude_categories=("C", "Z"))
        values: st.SearchStrategy[Any] = st.sampled_from(column.levels) | st.text(
            letters, min_size=1, max_size=LONGEST_LEVEL
        )
    else:
        edges = (column.minimum, column.maximum, *column.special_values)
        values = st.sampled_from([edge for edge in edges if edge is not None])
    return values | st.none() if column.nullable else values


@st.composite
def _strange_tables(draw: st.DrawFn, table: pl.DataFrame, values: Sequence[object]) -> pl.DataFrame:
    """Tables without some column, or with `values` in one that are not its own."""
    frame = draw(_tables(table, fewest=0))
    names = draw(st.lists(st.sampled_from([*frame.columns, embedded.TARGET, "other"]), min_size=1, max_size=3))
    for name in names:
        if draw(st.booleans()):
            frame = frame.with_columns(pl.Series(name, [draw(st.sampled_from(values))] * frame.height))
        else:
            frame = frame.drop(name, strict=False)
    return frame


@st.composite
def _damaged(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> bytes:
    """Bodies in which some bytes are other ones, more, or fewer."""
    content = bytearray(draw(bodies))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from((0, 1, 2, 16, len(content))))
        content[start : start + length] = draw(st.sampled_from(SNIPPETS) | st.binary(max_size=8))
    return bytes(content)
