"""Streamlit's own command line, with every script run timed or profiled inside the server.

python -m scripts.benchmarks.observed_streamlit times|profile FILE run dashboard/app.py ...

`times` appends the milliseconds of each run to FILE, a line each; `profile` keeps cProfile's statistics of all of them.
"""

from __future__ import annotations

import cProfile
import sys
import time
from collections.abc import Callable
from pathlib import Path

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.web.cli import main as streamlit_main

Run = Callable[..., None]


def main() -> None:
    """Put the observer around Streamlit's script runs and hand over to Streamlit."""
    how, path = sys.argv[1], Path(sys.argv[2])
    sys.argv = ["streamlit", *sys.argv[3:]]
    # The one function through which every rerun goes, of a page or of a fragment; there is no public hook for it.
    plain: Run = ScriptRunner._run_script  # noqa: SLF001
    setattr(ScriptRunner, "_run_script", OBSERVERS[how](plain, path))  # noqa: B010
    streamlit_main(prog_name="streamlit")


def _timed(run: Run, path: Path) -> Run:
    def observed(*arguments: object) -> None:
        start = time.perf_counter()
        run(*arguments)
        taken = 1e3 * (time.perf_counter() - start)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{taken:.3f}\n")

    return observed


def _profiled(run: Run, path: Path) -> Run:
    profiler = cProfile.Profile()

    def observed(*arguments: object) -> None:
        # Whoever reads the profile takes the file away to leave out what has been so far.
        if not path.exists():
            profiler.clear()
        profiler.runcall(run, *arguments)
        profiler.dump_stats(path)

    return observed


OBSERVERS = {"times": _timed, "profile": _profiled}


if __name__ == "__main__":
    main()
