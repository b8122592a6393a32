"""How many files and sockets a server may hold open."""

from __future__ import annotations

import sys
from contextlib import suppress

# More than any server here needs; some systems say that there is no bound.
_ENOUGH = 65_536


def raise_descriptors() -> int:
    """Ask the system for as many descriptors as it lets this process have, and return how many those are."""
    if sys.platform == "win32":
        return _ENOUGH
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    # macOS names a hard limit that it then refuses.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
