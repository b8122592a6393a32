"""What a request passes through before Streamlit, and the address of our own beside it."""

from __future__ import annotations

import httpx
import pytest

from dashboard.charts.inline import script_address
from dashboard.server import follow
from dashboard.server.application import _routes
from dashboard.server.health import Health
from data.settings import load_settings


def ask(address: str, method: str = "GET", **options: object) -> httpx.Response:
    return httpx.request(method, address, trust_env=False, **options)  # type: ignore[arg-type]


def test_health_is_answered_beside_streamlit_and_below_its_base_path(address: str) -> None:
    assert set(ask(f"{address}/health").json()["artefacts"]) == {
        "model",
        "predictions",
        "applications",
        "contributions",
    }
    assert ask(f"{address}/_stcore/health").text == "ok"
    routes = _routes("/scores", Health(load_settings()))
    own = ["health", script_address(), follow.script_address(), "follow/{name}"]
    assert [getattr(route, "path", "") for route in routes] == [f"/scores/{path}" for path in own]


@pytest.mark.parametrize("path", ["", "/health", "/_stcore/metrics", "/_stcore/health"])
def test_every_answer_has_the_headers_that_protect_it(path: str, address: str) -> None:
    headers = ask(f"{address}{path}").headers
    host = address.removeprefix("http://")
    assert headers["x-content-type-options"] == "nosniff"
    assert f"connect-src 'self' ws://{host} wss://{host}" in headers["content-security-policy"]


def test_a_stranger_is_turned_away_before_anything_else_is_looked_at(address: str) -> None:
    # The gate stands before what closes addresses and before what refuses bodies.
    for path in ("/", "/health", "/_stcore/metrics", "/_stcore/upload_file/a/b"):
        assert ask(f"{address}{path}", headers={"host": "evil.example"}).status_code == 421
    assert ask(f"{address}/health", "POST", content=b"x").status_code == 413
