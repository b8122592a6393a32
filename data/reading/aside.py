"""A workbook or a file of a statistics package of unknown bytes, read in a process of its own and given as Parquet.

Their readers hold a table as a whole and believe what a file says of its own size. Bytes that make one run out of
memory, never end or crash stop that process alone. Run as a module it is that process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from data.errors import FileError, ScoreroomError
from data.reading.said import Said, parse_said, word_said
from data.reading.table import read_table
from data.settings import ROOT

# What a workbook of 40 million cells takes up, and longer than one of 100 MB takes.
MOST_BYTES = 3 << 30
MOST_SECONDS = 120.0
_REFUSED = 2


def read_aside(path: Path, out: Path, said: Said) -> tuple[str, ...]:
    """Write the table in `path` to `out` as Parquet; return what was assumed about how it is written, in sentences.

    Raises:
        FileError: it cannot be read as a table, or not within 3 GB of memory and two minutes.
    """
    command = [sys.executable, "-m", "data.reading.aside", str(path), str(out), *word_said(said)]
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - this program
            command, cwd=ROOT, env=environment, capture_output=True, timeout=MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _beyond(path) from None
    if done.returncode not in (0, _REFUSED):
        raise _beyond(path)
    told: list[str] = json.loads(done.stdout)
    if done.returncode == _REFUSED:
        raise FileError(told[0])
    return tuple(told)


def _beyond(path: Path) -> FileError:
    limit = f"within {MOST_BYTES >> 30} GB of memory and {MOST_SECONDS:g} s"
    return FileError.from_unreadable(path, f"cannot be read {limit}", "save it as CSV or Parquet, or fetch it again")


def _main(path: str, out: str, *texts: str) -> int:
    with suppress(ImportError, OSError, ValueError):
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    try:
        reading = read_table(Path(path), parse_said(texts))
        reading.frame.write_parquet(out)
    except ScoreroomError as error:
        return _told([str(error)], _REFUSED)
    return _told(reading.assumed.sentences(), 0)


def _told(sentences: Sequence[str], code: int) -> int:
    sys.stdout.write(json.dumps(sentences))
    return code


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
