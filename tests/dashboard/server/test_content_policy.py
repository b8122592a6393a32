"""What a page of the dashboard may load and run, and who may frame it."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import streamlit

from dashboard.server.content_policy import ContentPolicy
from data.settings import ROOT


def policy(*framers: str) -> dict[str, list[str]]:
    text = ContentPolicy(framers)({"headers": [(b"host", b"scores.example.com:8443")]})
    return {name: rest for name, *rest in (part.split() for part in text.split(";"))}


def test_a_page_runs_the_two_scripts_that_stand_in_it_and_no_other() -> None:
    shell = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    assert shell.count("<script>") == 1
    own = shell.partition("<script>")[2].partition("</script>")[0]
    visit = (ROOT / "dashboard" / "static" / "visit.js").read_text()
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (own, visit)]
    assert policy()["script-src"] == ["'self'", "'wasm-unsafe-eval'", *(f"'sha256-{digest}'" for digest in digests)]


def test_a_page_speaks_with_its_own_server_alone() -> None:
    told = policy()
    assert told["connect-src"] == ["'self'", "ws://scores.example.com:8443", "wss://scores.example.com:8443"]
    assert told["default-src"] == ["'self'"]
    assert told["object-src"] == told["base-uri"] == ["'none'"]


def test_only_listed_origins_may_frame_the_dashboard() -> None:
    assert policy()["frame-ancestors"] == ["'self'"]
    assert policy("https://portal.example.com")["frame-ancestors"] == ["'self'", "https://portal.example.com"]
