"""The floor app behind the dashboard's own server: python -m scripts.benchmarks.floor_server PORT"""

from __future__ import annotations

import sys

from dashboard.server.serving import serve_script
from data.settings import ROOT
from inference.serving.settings import WebSettings


def main() -> None:
    """Serve it as the dashboard is served."""
    serve_script(ROOT / "scripts" / "benchmarks" / "floor_app.py", WebSettings(), "127.0.0.1", int(sys.argv[1]))


if __name__ == "__main__":
    main()
