"""What no page may import: pandas takes most of a second, and Plotly fails where another thread is importing it."""

from __future__ import annotations

import subprocess
import sys

from dashboard.app import PAGES
from data.settings import ROOT, Settings

VISIT_ALL = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(ROOT / "dashboard" / "app.py")!r}, default_timeout=60).run()
for page in list(app._registered_pages):
    app._page_hash = page
    app.run()
    assert not app.exception
print(len(app._registered_pages), "pandas" in sys.modules)
"""


def test_no_page_loads_pandas(built: Settings) -> None:
    ended = subprocess.run([sys.executable, "-c", VISIT_ALL], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines()[-1:] == [f"{len(PAGES)} False"], ended.stderr[-2_000:]
