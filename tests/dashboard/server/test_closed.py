"""Addresses for developers and programs are not there."""

from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize(
    "path", ["metrics", "script-health-check", "agent/interact", "agent/mcp", "agent/openapi.json"]
)
def test_what_is_for_developers_and_programs_is_not_there(address: str, path: str) -> None:
    for method in ("GET", "POST"):
        assert httpx.request(method, f"{address}/_stcore/{path}", trust_env=False).status_code == 404
