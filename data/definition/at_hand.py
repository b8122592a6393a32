"""Load the definition that the settings name, once for each version of its file."""

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
    """The definition that is in force.

    Raises:
        DefinitionError: it is invalid.
        FileError: it is missing or cannot be read.
    """
    path = settings.definition
    if not is_there(path):
        raise FileError.from_unreadable(
            path, "there is no definition", f"run `python -m scripts.describe FILE --out {path.parent}`"
        )
    try:
        status = path.stat()
    except OSError as error:
        raise FileError.from_no_access(path, error.strerror or str(error)) from None
    version = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    known = _READ.get(path)
    if known is None or known[0] != version:
        # Only a user's own folder may leave entries out, because its table is there to complete them from.
        read = read_definition if settings.portfolio is None else complete_definition
        known = _READ[path] = (version, read(path))
    return known[1]
