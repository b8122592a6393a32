"""The Content-Security-Policy of the dashboard's pages."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import streamlit

from data.settings import ROOT
from inference.serving.asgi import Scope, values_of

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_SHELL = Path(streamlit.__file__).parent / "static" / "index.html"
_VISIT = ROOT / "dashboard" / "static" / "visit.js"


class ContentPolicy:
    """Policy of one response: load from this server only, and run only the two inline scripts that belong there.

    Streamlit needs inline styles, WebAssembly (Arrow tables), and workers and images from memory; everything else is
    forbidden, above all evaluating text as code. The origins in `framers` may embed the dashboard.
    """

    def __init__(self, framers: Sequence[str]) -> None:
        inline = [*_INLINE.findall(_SHELL.read_text(encoding="utf-8")), _VISIT.read_text(encoding="utf-8")]
        hashes = " ".join(f"'sha256-{_digest(text)}'" for text in inline)
        self._before = (
            f"default-src 'self'; script-src 'self' 'wasm-unsafe-eval' {hashes}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
        )
        may_frame = " ".join(("'self'", *framers))
        self._after = f"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {may_frame}"

    def __call__(self, scope: Scope) -> str:
        # Not every browser treats a websocket to the same host as 'self'. The gate has checked the header.
        host = values_of(scope, b"host")[0]
        return f"{self._before}connect-src 'self' ws://{host} wss://{host}; {self._after}"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
