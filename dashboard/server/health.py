"""Whether the dashboard can show what it is for, for whoever watches it: artefacts, memory, version, visits.

It names digests, counts and times; no path, nobody's address, nothing of an application. Files are looked at in a
thread of their own, and read only when they have changed, so that neither a page being written nor a slow disk keeps
the answer waiting.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from dashboard import journal
from data.settings import Settings

if TYPE_CHECKING:
    from dashboard.server.artefacts import Artefacts

READY, DEGRADED, UNAVAILABLE = "ready", "degraded", "unavailable"
OK = "ok"
# A disk that does not answer by then is as good as none.
_PATIENCE_S = 2.0
_PREDICTIONS = "predictions"


class Health:
    """The state of the process and its artefacts, as JSON: 200 where the dashboard shows its predictions, else 503."""

    def __init__(self, settings: Settings, *, imported: Path | None = None) -> None:
        """Look at the artefacts of `settings`; predictions are those in the file `imported`, where there is one."""
        self._began = time.time()
        self._settings = settings
        self._imported = imported
        self._known: Artefacts | None = None
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="health")
        self._looking: asyncio.Future[dict[str, Any]] | None = None

    async def answer(self, _: Request) -> Response:
        """Answer a request."""
        artefacts = await self._artefacts()
        states = {name: found["state"] for name, found in (artefacts or {}).items()}
        status = READY if set(states.values()) == {OK} else DEGRADED
        if states.get(_PREDICTIONS) != OK:
            status = UNAVAILABLE
        told = {
            "status": status,
            "version": product_version(),
            "artefacts": artefacts,
            "memory": {"rss_bytes": _rss(), "limit_bytes": _limit()},
            "sessions": len(journal.visits),
            "uptime_seconds": round(time.time() - self._began),
        }
        code = 503 if status == UNAVAILABLE else 200
        return Response(
            orjson.dumps(told, option=orjson.OPT_INDENT_2), code, {"cache-control": "no-store"}, "application/json"
        )

    async def _artefacts(self) -> dict[str, Any] | None:
        """What is known of each artefact; None while the disk does not answer."""
        # Those who ask at once share one look, and a look that hangs is not joined by more.
        if self._looking is None or self._looking.done():
            self._looking = asyncio.wrap_future(self._disk.submit(self._look))
        with suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self._looking), _PATIENCE_S)
        return None

    def _look(self) -> dict[str, Any]:
        # Half a second of imports, for which the server's start is not to wait.
        from dashboard.server.artefacts import Artefacts

        self._known = self._known or Artefacts(self._settings, self._imported)
        return self._known.look()


def product_version() -> str:
    """The version of Scoreroom that runs."""
    try:
        return version("scoreroom")
    except PackageNotFoundError:
        return "not installed"


def _rss() -> int:
    """Bytes of the process that are held in RAM; the most so far where the system does not say the present ones."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _limit() -> int | None:
    """Bytes that the control group or the process may have; None without a limit."""
    found = []
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            found.append(int(Path(name).read_text()))
    found.append(resource.getrlimit(resource.RLIMIT_AS)[0])
    # Version 1 of control groups says that there is none by a number near the largest.
    limits = [limit for limit in found if 0 < limit < 1 << 62]
    return min(limits, default=None)
