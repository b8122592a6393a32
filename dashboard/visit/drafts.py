"""An application as it is being looked at: the one that it began as, and what was changed of it; its form in a link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self, TypeAlias
from urllib.parse import parse_qsl, urlencode

from data import schema
from data.errors import DataError
from inference.values import Value, read_value, word_value

# A value by column, in the order of the table.
Edits: TypeAlias = tuple[tuple[str, Value], ...]
NO_EDITS: Edits = ()
# What an application is called that begins with typical values instead of somebody's.
NEW = "new"
_APPLICANT = "applicant"
_ORDER = {name: place for place, name in enumerate(schema.BY_NAME)}


class DraftError(DataError):
    """A text that is meant to say an application and its changes, and does not."""

    @classmethod
    def from_applicant(cls, found: str) -> Self:
        return cls(f"{found[:40]!r} is no application; give its number, or {NEW!r} for a new one.")

    @classmethod
    def from_too_many(cls, found: int) -> Self:
        return cls(f"The link changes {found:,} values of an application, which has {len(_ORDER)} columns.")


@dataclass(frozen=True, slots=True)
class Draft:
    """The application called `applicant` (its number, or NEW) with `edits` in place of its own values."""

    applicant: str = ""
    edits: Edits = ()

    @property
    def identifier(self) -> int | None:
        """The application's number; None where it is a new one, or none."""
        return int(self.applicant) if self.applicant.isascii() and self.applicant.isdecimal() else None

    def beside(self, base: Mapping[str, Value]) -> Draft:
        """The same without edits that say what it began with, as those of a link may."""
        return Draft(self.applicant, make_edits(self.edits, base))

    def values(self, base: Mapping[str, Value]) -> dict[str, Value]:
        """All its values, where `base` are those that it began with."""
        return {**base, **dict(self.edits)}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A draft that was given a name."""

    name: str
    draft: Draft


def make_edits(values: Iterable[tuple[str, Value]], base: Mapping[str, Value]) -> Edits:
    """What differs from `base`, in the order of the table; the last value of a column counts."""
    latest = dict(values)
    changed = [(name, value) for name, value in latest.items() if name not in base or base[name] != value]
    return tuple(sorted(changed, key=lambda edit: _ORDER[edit[0]]))


def word_edits(edits: Edits) -> str:
    """`edits` as one text."""
    return urlencode([(name, word_value(value)) for name, value in edits])


def read_edits(text: str) -> Edits:
    """What `word_edits` said.

    Raises:
        ValueFault: a column that is none of an application's inputs, or a value that it cannot hold.
        DraftError: more values than there are columns.
    """
    pairs = parse_qsl(text, keep_blank_values=True)
    if len(pairs) > len(_ORDER):
        raise DraftError.from_too_many(len(pairs))
    return make_edits(((name, read_value(schema.DEFINITION, name, value)) for name, value in pairs), {})


def word_draft(draft: Draft) -> str:
    """`draft` as one text."""
    return urlencode([(_APPLICANT, draft.applicant)]) + (f"&{word_edits(draft.edits)}" if draft.edits else "")


def read_draft(text: str) -> Draft:
    """What `word_draft` said.

    Raises:
        DraftError: there is no application that it could begin with.
        ValueFault: as `read_edits`.
    """
    first, _, rest = text.partition("&")
    name, _, applicant = first.partition("=")
    if name != _APPLICANT or not is_applicant(applicant):
        raise DraftError.from_applicant(applicant)
    return Draft(applicant, read_edits(rest))


def is_applicant(text: str) -> bool:
    """Whether `text` is the form of an application's number, or NEW."""
    return text == NEW or (text.isascii() and text.isdecimal() and len(text) <= 12)
