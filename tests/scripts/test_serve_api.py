from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from scripts import serve_api


def test_a_port_that_is_taken_is_said_before_anything_is_built(call: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = call(serve_api, "--port", port)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"Port {port} of 127.0.0.1 cannot be listened on (Address already in use); name another one with --port, or "
        "another address with --host.\n"
    )


@pytest.mark.parametrize("port", ["70000", "-1", "http"])
def test_a_port_that_is_none(call: Callable[..., Any], port: str) -> None:
    done = call(serve_api, "--port", port)
    assert (done.code, done.out) == (2, "")
    assert "--port" in done.err
