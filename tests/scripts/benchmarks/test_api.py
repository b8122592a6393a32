"""The load on the scoring service: what wrk says is read right, what it sends arrives, and errors are counted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.home_credit import embedded
from data.settings import Settings
from inference.model.session import ScoringSession
from scripts.benchmarks.api import (
    AnswerError,
    Bodies,
    Load,
    LoadToolError,
    as_seen,
    check_answers,
    find_tool,
    measure_api,
    processor_of_all_s,
    processor_s,
    read_load,
    run_load,
)

SLOW_S = 0.2
# Six answers over two connections in 9 ms: each connection's mean time between two requests is 3 ms. The answer after
# 8 ms counts again at 5 ms, where another one stands already; 2 ms would be below 3.
LINE = (
    '{"requests": 6, "duration_us": 9000, "errors": {"connect": 1, "read": 2, "write": 4, "status": 8, "timeout": 0}, '
    '"latencies_us": [[1000, 3], [2000, 1], [5000, 2], [8000, 1]]}'
)


@pytest.fixture(scope="module")
def wrk() -> str:
    """The path of wrk; where there is none, CI fails and everybody else is told."""
    try:
        return find_tool()
    except LoadToolError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@dataclass
class Service:
    """A server of the test's own: it answers so many requests, "bad" with 500, "slow" late, and the next ones never."""

    answers: int
    address: str = ""
    connections: list[list[bytes]] = field(default_factory=list)
    types: set[str | None] = field(default_factory=set)
    failed: int = 0

    @property
    def received(self) -> list[bytes]:
        return [body for connection in self.connections for body in connection]


@contextmanager
def service(answers: int) -> Iterator[Service]:
    kept, lock, over = Service(answers), threading.Lock(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            self.bodies: list[bytes] = []

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                if not self.bodies:
                    kept.connections.append(self.bodies)
                turn = len(kept.received)
                if turn < kept.answers:
                    self.bodies.append(body)
                    kept.types.add(self.headers["Content-Type"])
                    kept.failed += b"bad" in body
            if turn < kept.answers:
                self.answer(body)
            else:
                # What the tool did not read before its time was over is in no count; so nothing is left to be read.
                over.wait(30)
                self.close_connection = True

        def answer(self, body: bytes) -> None:
            if b"slow" in body:
                time.sleep(SLOW_S)
            self.send_response(500 if b"bad" in body else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        kept.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield kept
        finally:
            over.set()
            server.shutdown()
            thread.join()


def load(
    answers: int, bodies: list[str], folder: Path, *, connections: int = 1, threads: int = 1
) -> tuple[Service, Load]:
    """What the service got and what the tool saw of its answers, within a second."""
    path = folder / "bodies.jsonl"
    path.write_text("\n".join(bodies), encoding="utf-8")
    with service(answers) as kept:
        return kept, run_load(f"{kept.address}/v1", path, connections=connections, seconds=0.5, threads=threads)


def test_the_line_of_the_load_tool_is_read_as_worked_out_by_hand() -> None:
    seen = read_load(LINE, 2)
    assert seen == Load(requests=6, errors=15, seconds=0.009, latencies={1000: 3, 2000: 1, 5000: 1, 8000: 1})
    assert seen.figures() == {
        "p50_ms": 1.0,
        "p95_ms": 8.0,
        "p99_ms": 8.0,
        "requests_per_s": 666.7,
        "requests": 6,
        "errors": 15,
    }


def test_latencies_that_are_not_those_of_the_answers_are_refused() -> None:
    # Over three connections the mean time is 4.5 ms, and the 5 ms are answers of their own: seven of six.
    with pytest.raises(LoadToolError, match="timed 7 answers of 6"):
        read_load(LINE, 3)


def test_answers_beyond_the_tool_s_patience_have_no_time_but_are_errors() -> None:
    late = LINE.replace('"requests": 6', '"requests": 7').replace('"timeout": 0', '"timeout": 1')
    assert read_load(late, 2).errors == 16
    assert read_load(late, 2).timed == 6


def test_what_is_counted_again_is_taken_out_from_the_slowest_down() -> None:
    plain = {100: 5, 1050: 1, 2100: 3, 5200: 2, 9600: 4}
    assert as_seen(counted_again(plain, 1000), 1000) == plain
    # With one step between them, the added ones of both lie on each other.
    stacked = {2500: 1, 3500: 2, 4500: 3}
    assert counted_again(stacked, 1000) == {1500: 6, 2500: 6, 3500: 5, 4500: 3}
    assert as_seen(counted_again(stacked, 1000), 1000) == stacked


def counted_again(counts: Mapping[int, int], interval: int) -> dict[int, int]:
    """As wrk does it, value by value."""
    found = dict(counts)
    for latency, count in counts.items():
        for earlier in range(latency - interval, interval, -interval):
            found[earlier] = found.get(earlier, 0) + count
    return dict(sorted(found.items()))


def test_errors_are_those_that_the_server_sent(wrk: str, tmp_path: Path) -> None:
    bodies = [f'{{"n": "{number} {"bad" if number % 3 == 0 else "good"}"}}' for number in range(10)]
    kept, seen = load(103, bodies, tmp_path, connections=4)
    assert len(kept.received) == 103
    assert kept.failed > 0
    assert (seen.requests, seen.errors, seen.timed) == (103, kept.failed, 103)


def test_a_slow_answer_counts_once(wrk: str, tmp_path: Path) -> None:
    _, seen = load(40, ['"slow"', *(f'"{number}"' for number in range(39))], tmp_path)
    assert max(seen.latencies) >= 1e6 * SLOW_S
    assert seen.timed == seen.requests == 40


def test_bodies_arrive_whole_and_in_turn(wrk: str, tmp_path: Path) -> None:
    bodies = ['{"name": "Zoë €"}', json.dumps("x" * 30_000), "{}", '{"%d": null}', '"last"']
    kept, _ = load(23, bodies, tmp_path)
    first = bodies.index(kept.received[0].decode())
    assert [body.decode() for body in kept.received] == [bodies[(first + turn) % 5] for turn in range(23)]
    assert kept.types == {"application/json"}


def test_each_thread_starts_elsewhere(wrk: str, tmp_path: Path) -> None:
    bodies = [str(number) for number in range(100)]
    # Each body is "slow", so that neither connection can be through before the other one has begun.
    kept, _ = load(4, [f'"slow {body}"' for body in bodies], tmp_path, connections=2, threads=2)
    starts = sorted(int(connection[0].decode().strip('"').split()[1]) for connection in kept.connections)
    # The tool asks its first thread for a request once before it starts, and does not send that one.
    assert starts == [1, 61]


def test_a_server_that_is_not_there_is_one_sentence(wrk: str, tmp_path: Path) -> None:
    (tmp_path / "bodies.jsonl").write_text("{}")
    with service(0) as kept:
        gone = kept.address
    with pytest.raises(LoadToolError, match=r"wrk ended with code 1 and without figures .*; fix that and run again"):
        run_load(gone, tmp_path / "bodies.jsonl", connections=1, seconds=1)


def test_without_the_tool_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    nowhere = Settings(tmp_path, tmp_path, tmp_path, 1_000, 1, "CPUExecutionProvider")
    with pytest.raises(LoadToolError, match=r"No wrk found .* \(apt-get install wrk, brew install wrk\)"):
        measure_api(nowhere, seconds=1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps /proc")
def test_processor_time_is_that_of_the_process() -> None:
    before, found, after = sum(os.times()[:2]), processor_s(os.getpid()), sum(os.times()[:2])
    assert found is not None
    # User and system time are cut to whole hundredths of a second one by one.
    assert before - 0.02 <= found <= after + 0.02


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps /proc")
def test_processor_time_of_all_is_that_of_children_too() -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        own, found = processor_s(os.getpid()), processor_of_all_s(os.getpid())
        assert own is not None
        assert found is not None
        assert found - own >= 0.28
        child.communicate(b"\n")


def test_bodies_are_whole_applications_and_their_pds(built: Settings) -> None:
    bodies = Bodies.read(built, 40)
    assert len(set(bodies.texts)) == 40
    table = pl.read_parquet(built.applications)
    sample = table[[250 * position for position in range(40)]]
    expected = [float(str(pd)) for pd in ScoringSession.open(built.model, embedded.DEFINITION).score_frame(sample)]
    assert list(bodies.probabilities) == expected
    application = json.loads(bodies.texts[3])["application"]
    assert application == table.drop(embedded.ID, embedded.TARGET).row(750, named=True)
    assert bodies.mean_bytes == round(sum(map(len, bodies.texts)) / 40)


def test_the_service_is_measured_under_load(wrk: str, built: Settings) -> None:
    # In a thread of its own, since a browser of other tests may hold this one's loop.
    with ThreadPoolExecutor(1) as pool:
        figures: Any = pool.submit(measure_api, built, seconds=0.5, connections=(2,)).result()
    assert figures.keys() == {"tool", "processes", "bodies", "body_bytes", "2"}
    assert re.fullmatch(r"wrk \S+", figures["tool"])
    assert (figures["bodies"], figures["processes"]) == (500, 1)
    found = figures["2"]
    assert found["errors"] == 0
    assert 0 < found["p50_ms"] <= found["p95_ms"] <= found["p99_ms"]
    assert found["requests"] > 0
    assert found["requests_per_s"] > 0


def test_an_answer_that_is_not_the_session_s_is_noticed(built: Settings) -> None:
    bodies = replace(Bodies.read(built, 3), texts=('"bad"', "{}", "{}"))
    for wrong, said in ((bodies, "Body 0 is answered 500"), (replace(bodies, texts=("{}",) * 3), "Body 0 .* 200 {}")):
        with service(3) as kept, pytest.raises(AnswerError, match=said):
            check_answers(kept.address, wrong)
