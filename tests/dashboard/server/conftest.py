"""A small script served as the dashboard is, for the tests of what stands before Streamlit."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from scripts.benchmarks.server import free_port
from tests.inference.serving.conftest import process

PATIENCE_S = 90


# What it shows tells whether the caches are those of the run before; the rest is much to read.
SCRIPT = """
import uuid
import streamlit as st

@st.cache_data
def drawn():
    return uuid.uuid4().hex

@st.cache_resource
def kept():
    return []

kept().extend(st.session_state)
st.text(f"kept: {kept()}")
st.exception(Exception(drawn()))
if st.query_params.get("long"):
    for _ in range(100):
        st.code("x" * 400_000)
"""


SERVE = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
from dashboard.server.serving import serve_script
from inference.serving.connection import Websocket
from inference.serving.settings import WebSettings
Websocket.seconds = 2
serve_script(Path(sys.argv[1]), WebSettings(), "127.0.0.1", int(sys.argv[2]))
"""


@pytest.fixture(name="server", scope="session")
def fixture_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """The address and the process of a server of a small script, which takes two visits and files of 2 MB at once."""
    folder, port = tmp_path_factory.mktemp("app"), free_port()
    (folder / "app.py").write_text(SCRIPT)
    command = [sys.executable, "-c", SERVE, str(folder / "app.py"), str(port)]
    with process(command, [port], folder / "said.log", VISITS="2", UPLOADS_MB="2") as started:
        yield f"http://127.0.0.1:{port}", started.pid


@pytest.fixture(name="address")
def fixture_address(server: tuple[str, int]) -> str:
    return server[0]
