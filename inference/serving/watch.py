"""Noticing that files have changed while a server runs, without reading them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

# Of each file: inode, size, and when its content and its rights were last changed; None if it cannot be found.
Version = tuple[tuple[int, int, int, int] | None, ...]


class Watch:
    """Some files of which the content in force is known; a change is believed once it has stood still for one look.

    So a folder that is being copied, or a file that an editor empties before it writes it, is not read half-way.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        """Watch `paths`, whose content is about to be read."""
        self._paths = paths
        self._known = self._seen = version_of(paths)

    def has_changed(self, *, at_once: bool = False) -> bool:
        """Whether the files are to be read, after which they are known; `at_once` says so even without a change.

        Files that change while they are read differ again at the next look.
        """
        version = version_of(self._paths)
        settled, self._seen = version == self._seen, version
        if not at_once and (version == self._known or not settled):
            return False
        self._known = version
        return True


def version_of(paths: Sequence[Path]) -> Version:
    """A value that changes when any of these files does, without reading them."""
    return tuple(map(_of_file, paths))


def _of_file(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
