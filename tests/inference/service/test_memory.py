"""Bodies that want more memory than there is, and clients that never read: refused, or broken off."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow.parquet as pq
import pytest

from tests.inference.service.conftest import running

if TYPE_CHECKING:
    from data.settings import Settings
    from tests.inference.service.conftest import CheckProblem, Running

PATIENCE_S = 60
PARQUET = {"content-type": "application/vnd.apache.parquet"}
# A script of the documentation, of more than a megabyte.
LONG = "/static-offline-docs/swagger-ui-bundle.js"


@pytest.fixture(name="tight", scope="module")
def fixture_tight(built: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that gives one megabyte and two seconds."""
    log: Path = tmp_path_factory.mktemp("tight") / "log.jsonl"
    with running(log, API_DRAIN_SECONDS="0", API_MEMORY_MB="1", API_SECONDS="2") as started:
        yield started


def connected(service: Running) -> socket.socket:
    connection = socket.socket()
    # The less the system keeps for the client, the sooner the service has to.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.settimeout(PATIENCE_S)
    connection.connect(("127.0.0.1", service.port))
    return connection


def test_many_row_groups_are_refused(tight: Running, table: pl.DataFrame, check_problem: CheckProblem) -> None:
    out = io.BytesIO()
    pq.write_table(table.select(pl.nth(0, 1).head(1_001)).to_arrow(), out, row_group_size=1, write_statistics=False)
    answer = tight.client.post("/v1/score/batch", content=out.getvalue(), headers=PARQUET)
    check_problem(answer, 413, "too-large", "has", "the most that is taken", "row groups")


def test_memory_that_others_hold_is_not_given_twice(tight: Running, check_problem: CheckProblem) -> None:
    head = (
        b"POST /v1/score/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 990000\r\n\r\n"
    )
    with connected(tight) as slow:
        slow.sendall(head + b"x" * 900_000)
        until = time.monotonic() + PATIENCE_S
        while "scoreroom_memory_held_bytes 900000.0" not in tight.client.get("/metrics").text:
            assert time.monotonic() < until
        answer = tight.client.post("/v1/score/batch", content=b"x" * 200_000, headers={"content-type": "text/csv"})
        check_problem(answer, 503, "overloaded", "take up 1 MB, the most at once, are being read; try again in 5 s")
        assert answer.headers["retry-after"] == "5"
        # A single application and a short batch need none of it.
        assert tight.client.post("/v1/score", json={"application": {}}).status_code == 200
        assert tight.client.post("/v1/score/batch", json={"applications": [{}]}).status_code == 200
    while "scoreroom_memory_held_bytes 0.0" not in tight.client.get("/metrics").text:
        assert time.monotonic() < until


def test_a_client_that_never_reads_is_broken_off(tight: Running) -> None:
    asked = f"GET {LONG} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with connected(tight) as connection:
        # More than the system takes off the service's hands.
        connection.sendall(asked * 20)
        until = time.monotonic() + PATIENCE_S
        while connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == b"\x01":
            assert time.monotonic() < until, "the connection still stands"
            time.sleep(0.05)
        # Reset, and not closed after all of it was read.
        with pytest.raises(ConnectionResetError), connection.makefile("rb") as stream:
            stream.read()
    assert tight.client.get("/health/live").status_code == 200
    assert tight.events("fault") == []


def test_a_client_that_reads_slowly_gets_all_of_it(tight: Running) -> None:
    whole = len(tight.client.get(LONG).content)
    with socket.create_connection(("127.0.0.1", tight.port), timeout=PATIENCE_S) as connection:
        connection.sendall(f"GET {LONG} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        content = b""
        while part := connection.recv(1 << 17):
            content += part
            time.sleep(0.02)
    assert len(content.partition(b"\r\n\r\n")[2]) == whole > 1_000_000
