"""The dashboard's server: Streamlit, and what the first page needs, loaded while the first reader's browser starts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from streamlit import runtime
from streamlit.web.cli import main as streamlit

from data.settings import ROOT


def serve(port: int, arguments: Sequence[str]) -> None:
    """Serve the dashboard on `port` until the process is asked to end; `arguments` are the app's own."""
    threading.Thread(target=_load_ahead, args=(arguments,), daemon=True).start()
    # Streamlit reads .streamlit/config.toml from the working directory.
    os.chdir(ROOT)
    app = str(ROOT / "dashboard" / "app.py")
    streamlit(["run", app, "--server.port", str(port), "--", *arguments], prog_name="streamlit")


def _load_ahead(arguments: Sequence[str]) -> None:
    while not runtime.exists():
        time.sleep(0.05)
    # Half a second of imports, for which the server is not to wait.
    from dashboard import app, cache, state  # noqa: F401

    cache.load_ahead(state.location(arguments))
