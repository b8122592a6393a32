"""The audit's exit codes, against a server that answers as the database's interface documents it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import scripts.audit
from data.settings import ROOT
from scripts._locks import DEVELOP, RUN, read_lock
from scripts.benchmarks.server import free_port

Query = dict[str, Any]
Answer = Callable[[list[Query]], tuple[int, str]]
RELEASES = {(pin.name, pin.version) for lock in (RUN, DEVELOP) for pin in read_lock(ROOT / lock)}


@dataclass(frozen=True, slots=True)
class Ended:
    """What an audit said, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


Audit = Callable[[str], Ended]


@pytest.fixture
def audit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Audit:
    """Run the command against a database."""

    def audited(database: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["audit", "--database", database])
        code = 0
        try:
            scripts.audit.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Ended(code, *capsys.readouterr())

    return audited


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server to which `answer` gives status and body of each batch of queries."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            status, body = answer(asked)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/querybatch"
        finally:
            server.shutdown()
            thread.join()


def vulnerable(*names: str) -> Answer:
    """A database in which packages of these names have two advisories."""

    def answer(queries: list[Query]) -> tuple[int, str]:
        found = {"vulns": [{"id": "GHSA-1", "modified": "2026-01-01T00:00:00Z"}, {"id": "PYSEC-2"}]}
        return 200, json.dumps({"results": [found if each["package"]["name"] in names else {} for each in queries]})

    return answer


def test_known_vulnerabilities_are_listed_with_exit_code_1(audit: Audit) -> None:
    asked: list[Query] = []

    def answer(queries: list[Query]) -> tuple[int, str]:
        asked.extend(queries)
        return vulnerable("jinja2", "polars", "ruff")(queries)

    with answering(answer) as database:
        ended = audit(database)
    versions = dict(RELEASES)
    listed = [f"{name} {versions[name]}: GHSA-1, PYSEC-2" for name in ("jinja2", "polars", "ruff")]
    assert ended.stdout.splitlines()[:-1] == listed
    assert ended.stdout.splitlines()[-1].startswith(f"3 of {len(RELEASES)} releases have known vulnerabilities")
    assert ended.returncode == 1
    assert {(each["package"]["name"], each["version"]) for each in asked} - {("jinja2", "2.4.1")} == RELEASES
    assert {each["package"]["ecosystem"] for each in asked} == {"PyPI"}


def test_none_is_said_only_where_the_database_knows_what_is_known_of_old(audit: Audit) -> None:
    def knows_the_canary(queries: list[Query]) -> tuple[int, str]:
        return 200, json.dumps({"results": [{"vulns": [{"id": "PYSEC-1"}]}, *({} for _ in queries[1:])]})

    with answering(knows_the_canary) as database:
        ended = audit(database)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"No known vulnerabilities in {len(RELEASES)} releases of {RUN} and {DEVELOP}.\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (vulnerable(), "it knows nothing of jinja2 2.4.1, which has known vulnerabilities"),
        (lambda _: (200, "<html>sign in</html>"), "not the answer of an OSV database"),
        (lambda _: (200, '{"results": [{"vulns": [{"id": "P-1"}]}]}'), f"1 results to {len(RELEASES) + 1} questions"),
        (lambda _: (503, ""), "Service Unavailable"),
    ],
    ids=["knows nothing", "no database", "half an answer", "an error"],
)
def test_an_unusable_answer_is_not_taken_for_none(audit: Audit, answer: Answer, reason: str) -> None:
    with answering(answer) as database:
        ended = audit(database)
    assert_not_audited(ended, database, reason)


def test_a_database_out_of_reach_is_said_with_an_exit_code_of_its_own(audit: Audit) -> None:
    database = f"http://127.0.0.1:{free_port()}/v1/querybatch"
    assert_not_audited(audit(database), database, "[Errno 111] Connection refused")


def assert_not_audited(ended: Ended, database: str, reason: str) -> None:
    assert ended.returncode == 3
    assert ended.stdout == ""
    assert ended.stderr == (
        f"Not audited: {database} gave no usable answer ({reason}); run this where it can be reached.\n"
    )
