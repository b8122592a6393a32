"""What is odd about a portfolio's applications, worked out when it is built and kept beside them with its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import orjson
import polars as pl

from data.definition.definition import Definition
from data.errors import DamageError
from data.files.convert import scan_applications
from data.quality.oddities import Known, Oddity, find_oddities
from data.settings import Settings
from data.store.opening import read_bytes
from data.store.records import APPLICATIONS, QUALITY, FileRecord, PortfolioRecord, is_intact, keep, load_record
from data.store.storage import write_atomically
from data.typed import read_typed

# To be raised whenever `find_oddities` finds something else in the same table.
_RULES = 1


@dataclass(frozen=True, slots=True)
class _Kept:
    oddities: tuple[Oddity, ...]


def application_oddities(
    settings: Settings, definition: Definition, progress: Callable[[int, int], None] | None = None
) -> tuple[Oddity, ...]:
    """Look through the application table at hand; `progress` gets (done, total) in columns."""
    table = scan_applications(settings.applications, definition)
    target, date = definition.target, definition.roles.date
    wanted = [name for name in (target, date) if name]
    told = table.select(wanted).collect() if wanted else pl.DataFrame()
    known = Known(
        told[target] == 1 if target else None,
        definition.id,
        told[date] if date else None,
        {column.name: (column.minimum, column.maximum, column.special_values) for column in definition.inputs},
        frozenset({target} if target else ()),
    )
    return find_oddities(table, known, progress)


def keep_oddities(settings: Settings, definition: Definition, progress: Callable[[int, int], None]) -> None:
    """Look through the application table and write down what is odd about it.

    Raises:
        FileError: the place cannot be written.
    """
    found = _Kept(application_oddities(settings, definition, progress))
    with write_atomically(settings.quality) as beside:
        beside.write_bytes(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2))
    keep(settings, QUALITY, [settings.quality.name], _made_from(settings, definition))


def are_kept(settings: Settings, record: PortfolioRecord, definition: Definition) -> bool:
    """Whether what is written down is whole, and what would be found now."""
    if not is_intact(settings, record, QUALITY):
        return False
    return record.products[QUALITY].made_from == _made_from(settings, definition)


def kept_oddities(settings: Settings, definition: Definition) -> tuple[Oddity, ...] | None:
    """What was written down when the portfolio was built; None unless it is what would be found now."""
    if not are_kept(settings, load_record(settings), definition):
        return None
    try:
        return read_typed(_Kept, orjson.loads(read_bytes(settings.quality))).oddities
    except (DamageError, ValueError):
        return None


def _made_from(settings: Settings, definition: Definition) -> Mapping[str, str | int]:
    ranges = [(c.name, c.minimum, c.maximum, c.special_values) for c in definition.inputs]
    said = repr((definition.id, definition.target, definition.roles.date, ranges))
    return {
        APPLICATIONS: FileRecord.of_file(settings.applications).sha256,
        "definition": hashlib.sha256(said.encode()).hexdigest(),
        "rules": _RULES,
    }
