"""A file that is made when it is asked for, and stays until the browser has fetched it."""

from __future__ import annotations

import time
from collections.abc import Callable

from streamlit import runtime
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import _calculate_file_id
from streamlit.runtime.session_manager import SessionInfo

_PATIENCE_SECONDS, _STEP_SECONDS = 30.0, 0.02
# How much later than the click the browser may send what the click has changed.
_TYPING_SECONDS = 1.0
_KEPT = "scoreroom.kept"
# How long a button may still be pressed that a run has replaced: until the browser shows the new one.
_REPLACED_SECONDS = 30.0
_replaced: dict[str, float] = {}


def make_late(visit: str, make: Callable[[], bytes], name: str, mime: str, *, after_typing: bool) -> bytes:
    """What `make` returns once no run of the visit (a session's id) is under way; the visit holds on to the file.

    A click ends the typing of a note or a number, too. With `after_typing`, what that changes is waited for.
    """
    if after_typing:
        time.sleep(_TYPING_SECONDS)
    is_there = _wait_for_runs(visit)
    content = make()
    if is_there:
        _keep(visit, _calculate_file_id(content, mime, name))
    return content


# Streamlit has no public way to ask for any of the following. Its version is pinned, and the downloads of tests/browser
# fail where another one keeps sessions or files differently.
def _wait_for_runs(visit: str) -> bool:
    """Wait until no run of the visit is under way, and say whether the visit is still there.

    A run drops the files of the one before when it begins, and forgets them when it ends.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        found = _session_of(visit)
        if found is None or found.session._scriptrunner is None:  # noqa: SLF001
            return found is not None
        time.sleep(_STEP_SECONDS)
    return True


def _session_of(visit: str) -> SessionInfo | None:
    """Streamlit's session of a visit that is still there; its test harness has none."""
    sessions = getattr(runtime.get_instance(), "_session_mgr", None)
    return None if sessions is None else sessions.get_session_info(visit)


def _keep(visit: str, file_id: str) -> None:
    """Hold on to the visit's latest file: what no visit holds on to goes with the second run that anybody ends."""
    files = runtime.get_instance().media_file_mgr
    with files._lock:  # noqa: SLF001
        files._files_by_session_and_coord[visit][_KEPT] = file_id  # noqa: SLF001


def keep_buttons() -> None:
    """Let a button be pressed until the browser shows the one that a run has put in its place.

    Streamlit forgets the old one when any visit's run ends, and a click that comes in between would end in nothing.
    """
    MediaFileManager._remove_orphaned_deferred_callables = _forget_replaced  # type: ignore[assignment, method-assign]  # noqa: SLF001


def _forget_replaced(files: MediaFileManager) -> None:
    """Called with the manager's lock held."""
    offered = {file_id for places in files._files_by_session_and_coord.values() for file_id in places.values()}  # noqa: SLF001
    now, since = time.monotonic(), dict(_replaced)
    # Made anew each time, so that nothing stays of buttons that Streamlit has dropped itself.
    _replaced.clear()
    for file_id, entry in list(files._deferred_callables.items()):  # noqa: SLF001
        if file_id in offered:
            continue
        begun = since.get(file_id, now)
        if now - begun < _REPLACED_SECONDS and _session_of(entry["session_id"]) is not None:
            _replaced[file_id] = begun
        else:
            files._drop_deferred_id(file_id)  # noqa: SLF001
