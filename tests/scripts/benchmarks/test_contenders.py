"""The contenders: compared by their answers, weighed with what they started, left out with a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from data.settings import Settings
from scripts.benchmarks.api import Bodies
from scripts.benchmarks.contenders import (
    ContenderError,
    PinsError,
    check_answers,
    environment,
    family,
    measure_contenders,
    rss_mb,
)

BODIES = Bodies(("{}", "{}"), (0.25, 0.25))


@contextmanager
def answering(text: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_pd_may_differ_by_what_float32_leaves_and_no_more() -> None:
    with answering('{"default_probability": 0.2500009}') as address:
        check_answers("other", address, BODIES)
    for wrong in ("0.2500011", "NaN", "null"):
        with (
            answering(f'{{"default_probability": {wrong}}}') as address,
            pytest.raises(ContenderError, match=r"other: body 0 is answered 200 .*; its PD is 0\.25"),
        ):
            check_answers("other", address, BODIES)


def test_a_server_is_weighed_with_all_that_it_started() -> None:
    grandchild = "import sys; print(flush=True); sys.stdin.read()"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdout
        started.stdout.readline()
        found = family(started.pid)
        assert found[0] == started.pid and len(found) == 2  # noqa: PT018
        assert set(found) < set(family(os.getpid()))
        assert all(1 < rss_mb(process) < 1_000 for process in found)
        assert started.stdin
        started.stdin.close()
    assert rss_mb(found[1]) == 0


def test_an_environment_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "pins.txt").touch()
    with pytest.raises(PinsError, match=r"/file/scoreroom/pins-\w{12} could not be made \(.*\); free that place and"):
        environment(tmp_path / "pins.txt")


def test_a_pickle_is_not_opened_unless_allowed(built: Settings) -> None:
    found: Any = measure_contenders(replace(built, allow_pickle=False), seconds=1, names=("report",))
    assert list(found) == ["report"]
    assert found["report"]["skipped"].endswith("set SCOREROOM_ALLOW_PICKLE=1 if nobody else can write there.")
