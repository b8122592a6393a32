"""The direct way answers as the long one does, to the byte, and takes nothing that the long one refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.definition.reading import parse_definition
from data.home_credit import embedded
from data.settings import ROOT, Settings
from inference.model.session import ScoringSession
from inference.service.app import make_app
from inference.service.direct import Direct, reader_of
from inference.service.settings import load_service_settings
from inference.serving.authority import Authority
from inference.serving.settings import load_web_settings
from tests.extent import at_length
from tests.inference.service.test_applications import APPLICATION, TOML

READ = reader_of(embedded.DEFINITION)
OWN = parse_definition(TOML, ROOT / "portfolio.toml")
COLUMNS = [column.name for column in embedded.DEFINITION.columns]
# Whatever a client may write for a value, as JSON.
WRITTEN = (
    *('""', '" "', '" F "', '"F"', '"M"', '"Cash loans"', '"Zulu"', '"\\u0000"', '"\\ud800"', '"\xe9"', '"N\\u0000"'),
    *("0", "-0", "-0.0", "1", "1.0", "1e0", "10E-1", "1.5", "-1", "0.5", "1e-320", "365243", "365243.0", "365243.5"),
    *("91", "91.0", "90.5", "9007199254740993", "18446744073709551616", "123456789012345678901234567890", "1e400"),
    *("-9223372036854775808", "9223372036854775808", "NaN", "Infinity", "01", "1.", ".5", "+1", "0x1", "1_0"),
    *("null", "true", "false", "[]", "{}", "[1]", '"2024-01-31"', '"1"', "", "nul", "1 2", "// 1", '"a', "'a'"),
)
BODIES = (
    *(b"", b"null", b"[]", b"{}", b'"application"', b'{"application": null}', b'{"application": {}}', b" \n{} "),
    *(b'{"application": {}} x', b'{"application": {}, "more": 1}', b'{"application": {}, "application": {}}'),
    *(b'{"applications": [{}]}', b'\xef\xbb\xbf{"application": {}}', b'{"application": {"SK_ID_CURR": 7}}\x00'),
    *(b'{"application": {"AMT_CREDIT": -1, "AMT_CREDIT": 100000}}', b'{"application": {"\xff": 1}}'),
    *(b'{"application": {"CODE_GENDER": "\xed\xa0\x80"}}', b'{"application": {"CODE_GENDER": "F\xff"}}'),
    *(b'{"application": {"SK_ID_CURR": 100001.0}}', b'{"application": {"TARGET": 1}}', b'{"application": {"amt": 1}}'),
    b'{"application": ' + b"[" * 9_000,
)


@dataclass
class Ways:
    """The service with the direct way and the same one without it."""

    pool: ThreadPoolExecutor
    runner: asyncio.Runner
    clients: tuple[httpx.AsyncClient, httpx.AsyncClient]

    def answers(self, body: bytes, query: str = "") -> list[tuple[int, dict[str, str], bytes]]:
        """Status, headers but the id, and body of both answers."""
        return self.pool.submit(self.runner.run, self._both(body, query)).result()

    async def _both(self, body: bytes, query: str = "") -> list[tuple[int, dict[str, str], bytes]]:
        headers = {"Content-Type": "application/json", "X-Request-ID": "same"}
        found = [await client.post(f"/v1/score{query}", content=body, headers=headers) for client in self.clients]
        return [(answer.status_code, dict(answer.headers), answer.content) for answer in found]


@pytest.fixture(scope="module")
def ways(built: Settings) -> Iterator[Ways]:
    hosts = [Authority("testserver", None)]
    apps = [
        make_app(embedded.DEFINITION, built, load_service_settings({}), load_web_settings({}), hosts) for _ in range(2)
    ]
    apps[1].user_middleware = [each for each in apps[1].user_middleware if "read" not in each.kwargs]
    assert len(apps[1].user_middleware) == len(apps[0].user_middleware) - 1
    # A browser of other tests may hold this thread's loop.
    with ThreadPoolExecutor(1) as pool, asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def begin() -> tuple[httpx.AsyncClient, ...]:
            clients = []
            for app in apps:
                await stack.enter_async_context(app.router.lifespan_context(app))
                client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver")
                clients.append(await stack.enter_async_context(client))
            return tuple(clients)

        first, second = pool.submit(runner.run, begin()).result()
        yield Ways(pool, runner, (first, second))
        pool.submit(runner.run, stack.aclose()).result()
        pool.submit(runner.close).result()


@pytest.fixture(scope="module")
def rows(built: Settings) -> list[dict[str, Any]]:
    return pl.read_parquet(built.applications).drop(embedded.TARGET).head(60).to_dicts()


def test_real_applications_go_the_direct_way_and_are_answered_alike(ways: Ways, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        body = json.dumps({"application": row}).encode()
        assert READ(body) == row
        direct, long = ways.answers(body)
        assert direct == long
        assert direct[0] == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?model=champion", 200),
        ("?model=", 200),
        ("?other=1", 200),
        ("?model=nobody", 404),
        ("?model=nobody&model=champion", 200),
        ("?model=champion&model=nobody", 404),
        ("?model=%63hampion", 200),
        ("?model=../model", 404),
        ("?MODEL=nobody", 200),
    ],
)
def test_models_are_asked_for_alike(ways: Ways, rows: list[dict[str, Any]], query: str, status: int) -> None:
    direct, long = ways.answers(json.dumps({"application": rows[0]}).encode(), query)
    assert direct == long
    assert direct[0] == status


@pytest.mark.parametrize("body", BODIES)
def test_odd_bodies_are_answered_alike(ways: Ways, body: bytes) -> None:
    direct, long = ways.answers(body)
    assert direct == long


@settings(max_examples=at_length(60, 2_000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, 59),
    changes=st.lists(st.tuples(st.sampled_from(COLUMNS), st.sampled_from(WRITTEN)), min_size=1, max_size=4),
    left_out=st.sets(st.sampled_from(COLUMNS), max_size=4),
)
def test_whatever_stands_in_a_column_is_answered_alike(
    ways: Ways, rows: list[dict[str, Any]], place: int, changes: list[tuple[str, str]], left_out: set[str]
) -> None:
    kept = [(name, json.dumps(value)) for name, value in rows[place].items() if name not in left_out]
    # A column that is changed stands twice, unless it was left out.
    fields = ", ".join(f"{json.dumps(name)}: {value}" for name, value in [*kept, *changes])
    direct, long = ways.answers(f'{{"application": {{{fields}}}}}'.encode())
    assert direct == long


# One of each kind of column.
OF_EACH_KIND = {
    (column.kind, column.dtype.is_integer(), bool(column.special)): column.name
    for column in embedded.DEFINITION.columns
}


@pytest.mark.parametrize("name", OF_EACH_KIND.values())
def test_each_kind_of_column_takes_and_refuses_alike(ways: Ways, name: str) -> None:
    for written in WRITTEN:
        direct, long = ways.answers(f'{{"application": {{{json.dumps(name)}: {written}}}}}'.encode())
        assert direct == long, written


@pytest.mark.parametrize(
    ("change", "is_read"),
    [
        ({}, True),
        ({"Müller/income": -9.0, "a.b": 1, "applied on": None}, True),
        ({"Müller/income": -8}, False),
        ({"Müller/income": 0.5}, False),
        ({"a.b": 1.01}, False),
        ({"from": "fax"}, False),
        ({"from": " web"}, False),
        ({"loan id": "L 2"}, True),
        ({"loan id": " L"}, False),
        ({"loan id": "é"}, False),
        ({"loan id": "x" * 80}, True),
        ({"loan id": "x" * 81}, False),
        ({"applied on": "2023-02-29"}, False),
        ({"applied on": "20240229"}, False),
        ({"status": "Fully Paid"}, False),
    ],
)
def test_another_definition_s_columns_are_read_where_nothing_needs_a_second_look(
    change: dict[str, object], *, is_read: bool
) -> None:
    sent = {**APPLICATION, **change}
    found = reader_of(OWN)(json.dumps({"application": sent}).encode())
    assert found == (sent if is_read else None)


def test_a_definition_with_names_that_msgspec_cannot_take_has_no_direct_way() -> None:
    quoted = TOML.replace('columns."a.b"', "columns.'a\"b'").replace('"a.b"', "'a\"b'")
    assert reader_of(parse_definition(quoted, ROOT / "portfolio.toml"))(b'{"application": {}}') is None


def test_a_body_that_breaks_off_is_left_to_the_long_way_even_where_it_could_be_read() -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b'{"application": {}}', "more_body": True},
        {"type": "http.disconnect"},
    ]
    seen = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    async def long_way(_scope: Any, receive: Any, _send: Any) -> None:
        seen.extend([await receive(), await receive()])

    direct = Direct(long_way, path="/v1/score", read=READ, answer=lambda _application, _query: b"")
    scope = {"type": "http", "method": "POST", "path": "/v1/score", "headers": []}
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(direct(scope, receive, send))).result()
    assert [message["type"] for message in seen] == ["http.request", "http.disconnect"]


def test_the_session_scores_what_was_read_as_what_was_sent(built: Settings, rows: list[dict[str, Any]]) -> None:
    session = ScoringSession.open(built.model, embedded.DEFINITION)
    for row in rows:
        found = READ(json.dumps({"application": row}).encode())
        assert found is not None
        assert session.score(found) == session.score(row)
