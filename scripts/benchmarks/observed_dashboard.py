"""The dashboard's own server, with every script run observed inside it.

python -m scripts.benchmarks.observed_dashboard times|profile|sample PATH PORT [--predictions ...]

`times` appends the milliseconds of each run to the file PATH, a line each; `profile` and `sample` keep in the folder
PATH what cProfile and pyinstrument note of each run.
"""

from __future__ import annotations

import sys
from pathlib import Path

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from dashboard.server.serving import serve
from inference.serving.settings import WebSettings
from scripts.benchmarks.observers import OBSERVERS, Run


def main() -> None:
    """Put the observer around Streamlit's script runs and serve."""
    how, path, port, *arguments = sys.argv[1:]
    # The one function through which every rerun goes, of a page or of a fragment; there is no public hook for it.
    plain: Run = ScriptRunner._run_script  # noqa: SLF001
    setattr(ScriptRunner, "_run_script", OBSERVERS[how](plain, Path(path)))  # noqa: B010
    serve(WebSettings(), "127.0.0.1", int(port), arguments)


if __name__ == "__main__":
    main()
