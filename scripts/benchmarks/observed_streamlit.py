"""Streamlit's own command line, with every script run observed inside the server.

python -m scripts.benchmarks.observed_streamlit times|profile|sample PATH run dashboard/app.py ...

`times` appends the milliseconds of each run to the file PATH, a line each; `profile` and `sample` keep in the folder
PATH what cProfile and pyinstrument note of each run.
"""

from __future__ import annotations

import sys
from pathlib import Path

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.web.cli import main as streamlit_main

from scripts.benchmarks.observers import OBSERVERS, Run


def main() -> None:
    """Put the observer around Streamlit's script runs and hand over to Streamlit."""
    how, path = sys.argv[1], Path(sys.argv[2])
    sys.argv = ["streamlit", *sys.argv[3:]]
    # The one function through which every rerun goes, of a page or of a fragment; there is no public hook for it.
    plain: Run = ScriptRunner._run_script  # noqa: SLF001
    setattr(ScriptRunner, "_run_script", OBSERVERS[how](plain, path))  # noqa: B010
    streamlit_main(prog_name="streamlit")


if __name__ == "__main__":
    main()
