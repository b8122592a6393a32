"""The definition of the portfolio that the settings name, read once a version of its file."""

from __future__ import annotations

from pathlib import Path

from data.definition.definition import Definition
from data.definition.describing import complete_definition
from data.definition.reading import read_definition
from data.errors import FileError
from data.settings import Settings
from data.store.opening import is_there

_Version = tuple[int, int, int, int]
_READ: dict[Path, tuple[_Version, Definition]] = {}


def load_definition(settings: Settings) -> Definition:
    """The definition at hand.

    Raises:
        DefinitionError: it is wrong.
        FileError: there is none, or it cannot be read.
    """
    path = settings.definition
    if not is_there(path):
        raise FileError.from_unreadable(
            path, "there is no definition", f"run `python -m scripts.describe FILE --out {path.parent}`"
        )
    try:
        found = path.stat()
    except OSError as error:
        raise FileError.from_no_access(path, error.strerror or str(error)) from None
    version = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
    known = _READ.get(path)
    if known is None or known[0] != version:
        # Only a folder of one's own may leave something unsaid: its table lies beside it.
        read = read_definition if settings.portfolio is None else complete_definition
        known = _READ[path] = (version, read(path))
    return known[1]
