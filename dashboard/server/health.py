"""The dashboard's health for monitoring: artefacts, memory, version, visits.

The answer holds digests, counts and times, but no path, client address or application. Files are checked in a thread of
their own and read only when they change, so that neither a running page nor a slow disk delays it.
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
# A disk that is slower counts as missing.
_PATIENCE_S = 2.0
_PREDICTIONS = "predictions"


class Health:
    """State of the process and its artefacts as JSON: 200 if the dashboard can show its predictions, else 503."""

    def __init__(self, settings: Settings, *, imported: Path | None = None) -> None:
        """Watch the artefacts of `settings`, with predictions from the file `imported` if one is given."""
        self._began = time.time()
        self._settings = settings
        self._imported = imported
        self._known: Artefacts | None = None
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="health")
        self._looking: asyncio.Future[dict[str, Any]] | None = None

    async def answer(self, _: Request) -> Response:
        """Answer a request."""
        artefacts = await self._artefacts()
        states = {name: artefact["state"] for name, artefact in (artefacts or {}).items()}
        status = READY if set(states.values()) == {OK} else DEGRADED
        if states.get(_PREDICTIONS) != OK:
            status = UNAVAILABLE
        body = {
            "status": status,
            "version": product_version(),
            "artefacts": artefacts,
            "memory": {"rss_bytes": _rss(), "limit_bytes": _limit()},
            "sessions": len(journal.visits),
            "uptime_seconds": round(time.time() - self._began),
        }
        code = 503 if status == UNAVAILABLE else 200
        return Response(
            orjson.dumps(body, option=orjson.OPT_INDENT_2), code, {"cache-control": "no-store"}, "application/json"
        )

    async def _artefacts(self) -> dict[str, Any] | None:
        """State of each artefact; None while the disk does not respond."""
        # Simultaneous requests share one check, and a check that hangs is not followed by more.
        if self._looking is None or self._looking.done():
            self._looking = asyncio.wrap_future(self._disk.submit(self._look))
        with suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self._looking), _PATIENCE_S)
        return None

    def _look(self) -> dict[str, Any]:
        # Half a second of imports that must not delay the server's start.
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
    """Resident bytes of the process; the peak so far if the system does not report the present ones."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _limit() -> int | None:
    """Memory limit of the control group or the process in bytes; None without one."""
    known = []
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            known.append(int(Path(name).read_text()))
    known.append(resource.getrlimit(resource.RLIMIT_AS)[0])
    # Version 1 of control groups expresses no limit by a number near the largest.
    limits = [limit for limit in known if 0 < limit < 1 << 62]
    return min(limits, default=None)
