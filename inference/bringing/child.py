"""A process of its own in which a stranger's model file is read, with bounds on its memory and its time.

The libraries that read such files parse them in C++: a damaged or hostile one can end the process. What comes back is
plain data: JSON, arrays without pickles, and a graph that was checked.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from data.settings import ROOT
from inference.bringing.errors import BringingError, UnsaidError

if TYPE_CHECKING:
    from inference.bringing.kinds import ModelFile
    from inference.bringing.readers import Asked, Facts, Plan

MATRIX, NATIVE = "matrix.npy", "native.npy"
_FILE, _REQUEST, _FACTS, _PLAN, _ERROR = "model", "request.json", "facts.json", "plan.json", "error.json"
_GO = b"go\n"
_LOOK_S = 0.02
_KEPT = (
    "PATH",
    "PYTHONPATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "TMPDIR",
    "VIRTUAL_ENV",
)


class Child:
    """The process that reads one model file; `folder` holds what it is given and what it gives back."""

    def __init__(self, file: ModelFile, asked: Asked, *, memory_mb: int, seconds: int) -> None:
        self._library = file.kind.value
        self._seconds = seconds
        self.folder = Path(tempfile.mkdtemp(prefix="scoreroom-import-"))
        (self.folder / _FILE).write_bytes(file.content)
        request = {"asked": asdict(asked), "memory_mb": memory_mb, "seconds": seconds}
        (self.folder / _REQUEST).write_text(json.dumps(request), encoding="utf-8")
        # Nothing of the environment that the file's libraries need not know; one arena of memory for all threads.
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", __name__, str(self.folder)],
            cwd=ROOT,
            env=environment | {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2"},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def facts(self) -> Facts:
        """What the file is.

        Raises:
            BringingError: it is refused, or the process ended while it read it.
            UnsaidError: something is to be said first.
        """
        from data.typed import read_typed
        from inference.bringing.readers import Facts

        self._wait_for(_FACTS)
        return read_typed(Facts, json.loads((self.folder / _FACTS).read_bytes()))

    def finish(self, plan: Plan) -> None:
        """Have it converted and all rows of `MATRIX` scored by its own library, into `NATIVE`.

        Raises:
            BringingError, UnsaidError: as `facts`.
        """
        (self.folder / _PLAN).write_text(json.dumps(asdict(plan)), encoding="utf-8")
        pipe = self._process.stdin
        with contextlib.suppress(OSError):
            if pipe:
                pipe.write(_GO)
                pipe.flush()
        self._wait_for(NATIVE)

    def _wait_for(self, name: str) -> None:
        """Wait until the process has written `name`, which appears whole."""
        until = time.monotonic() + self._seconds
        while not (self.folder / name).exists():
            code = self._process.poll()
            if code is not None:
                self._check_end(code, name)
            elif time.monotonic() > until:
                raise self._too_long()
            else:
                time.sleep(_LOOK_S)

    def _check_end(self, code: int, name: str) -> None:
        if (self.folder / name).exists():
            return
        error = self.folder / _ERROR
        if error.exists():
            told = json.loads(error.read_bytes())
            raise (UnsaidError if told["is_question"] else BringingError)(told["sentence"])
        if code == -getattr(signal, "SIGXCPU", 0):
            raise self._too_long()
        ended = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        raise BringingError.from_crash(f"what reads {self._library}", f"{ended} (crashed, or out of memory)")

    def _too_long(self) -> BringingError:
        return BringingError(
            f"The file is refused: reading it as {self._library} took more than {self._seconds:,} seconds; set "
            "SCOREROOM_IMPORT_SECONDS higher if you trust it."
        )


def main(folder: Path) -> None:
    """Read the file in `folder`, say what it is, and on the word of the parent convert it and score all rows."""
    request = json.loads((folder / _REQUEST).read_bytes())
    _limit(request["memory_mb"], request["seconds"])
    try:
        _read(folder, request["asked"])
    except BringingError as error:
        _say(folder, str(error), is_question=isinstance(error, UnsaidError))
    except MemoryError:
        _say(folder, "The file is refused: reading it takes more memory than SCOREROOM_IMPORT_MEMORY_MB allows.")
    except RecursionError:
        _say(folder, "The file is refused: its parts lie inside one another too deep.")
    # A library's own error is what there is to say of its file.
    except Exception as error:  # noqa: BLE001
        _say(folder, str(BringingError.from_library(request["asked"]["kind"], error)))


def _read(folder: Path, asked: dict[str, Any]) -> None:
    import numpy as np

    from data.typed import read_typed
    from inference.bringing.readers import Asked, Plan, open_reader

    reader = open_reader(folder / _FILE, read_typed(Asked, asked))
    _write(folder / _FACTS, json.dumps(asdict(reader.facts)).encode())
    # The end of the pipe is a parent that went away.
    if sys.stdin.buffer.readline() != _GO:
        return
    plan = read_typed(Plan, json.loads((folder / _PLAN).read_bytes()))
    native = reader.finish(plan, np.load(folder / MATRIX, mmap_mode="r"), folder)
    np.save(folder / f"part-{NATIVE}", native)
    (folder / f"part-{NATIVE}").rename(folder / NATIVE)


def _say(folder: Path, sentence: str, *, is_question: bool = False) -> None:
    _write(folder / _ERROR, json.dumps({"sentence": sentence, "is_question": is_question}).encode())


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.rename(path)


def _limit(memory_mb: int, seconds: int) -> None:
    """Bound what this process may take, where the system has such bounds."""
    if sys.platform == "win32":
        return
    import resource

    memory = memory_mb * 1_000_000
    # At the hard limit the system kills, as it does where memory runs out; at the soft one it says which it was.
    processor = (resource.RLIMIT_CPU, (seconds, seconds + 1))
    for which, most in ((resource.RLIMIT_AS, (memory, memory)), processor, (resource.RLIMIT_CORE, (0, 0))):
        # macOS names bounds that it then refuses.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(which, most)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
