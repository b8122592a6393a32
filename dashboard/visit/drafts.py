"""A draft: the application that it started from and its edits, and its form in a link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self, TypeAlias
from urllib.parse import parse_qsl, urlencode

from data.definition.definition import Definition
from data.errors import ScoreroomError
from inference.values import Value, read_value, word_value

# A value by column, in the order of the table.
Edits: TypeAlias = tuple[tuple[str, Value], ...]
NO_EDITS: Edits = ()
# The name of an application that starts from typical values.
NEW = "new"
# The longest id that a link takes.
LONGEST_ID = 64
# Every number of this many digits fits into an Int64.
_MOST_DIGITS = 18
_ESCAPE = "~"
_APPLICANT = "applicant"
_LONGEST_APPLICANT = LONGEST_ID + len(_ESCAPE)


class DraftError(ScoreroomError):
    """Raised if a text is not an application with its edits."""

    @classmethod
    def from_applicant(cls, text: str) -> Self:
        return cls(f"{text[:40]!r} is no application; give its id, or {NEW!r} for a new one.")

    @classmethod
    def from_too_many(cls, number: int, definition: Definition) -> Self:
        n_columns = len(definition.columns)
        return cls(f"The link changes {number:,} values of an application, which has {n_columns} columns.")


@dataclass(frozen=True, slots=True)
class Draft:
    """The application called `applicant` (see `applicant_of`; empty for none) with `edits` in place of its values."""

    applicant: str = ""
    edits: Edits = ()

    @property
    def identifier(self) -> str | None:
        """The application's id as text; None for a new one and for an empty draft."""
        return None if self.applicant in ("", NEW) else self.applicant.removeprefix(_ESCAPE)

    def beside(self, base: Mapping[str, Value]) -> Draft:
        """This draft without edits that repeat the original value, as those of a link may."""
        return Draft(self.applicant, _changed(self.edits, base))

    def values(self, base: Mapping[str, Value]) -> dict[str, Value]:
        """All its values, starting from `base`."""
        return {**base, **dict(self.edits)}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A draft that was given a name."""

    name: str
    draft: Draft


def applicant_of(identifier: object) -> str:
    """The name of the application with this id in a draft: its id, escaped if it could be mistaken for NEW."""
    text = str(identifier)
    return _ESCAPE + text if text == NEW or text.startswith(_ESCAPE) else text


def make_edits(values: Iterable[tuple[str, Value]], definition: Definition, base: Mapping[str, Value]) -> Edits:
    """The edits that differ from `base`, in the order of the table; the last value of a column counts."""
    places = {name: place for place, name in enumerate(definition.by_name)}
    return _changed(sorted(dict(values).items(), key=lambda edit: places[edit[0]]), base)


def _changed(edits: Iterable[tuple[str, Value]], base: Mapping[str, Value]) -> Edits:
    return tuple((name, value) for name, value in edits if name not in base or base[name] != value)


def word_edits(edits: Edits) -> str:
    """`edits` as one text."""
    return urlencode([(name, word_value(value)) for name, value in edits])


def read_edits(text: str, definition: Definition) -> Edits:
    """Read the edits in a text of `word_edits`.

    Raises:
        ValueFault: a column that is not an input of an application, or a value that it cannot hold.
        DraftError: more values than there are columns.
    """
    pairs = parse_qsl(text, keep_blank_values=True)
    if len(pairs) > len(definition.columns):
        raise DraftError.from_too_many(len(pairs), definition)
    return make_edits(((name, read_value(definition, name, value)) for name, value in pairs), definition, {})


def word_draft(draft: Draft) -> str:
    """`draft` as one text."""
    return urlencode([(_APPLICANT, draft.applicant)]) + (f"&{word_edits(draft.edits)}" if draft.edits else "")


def read_draft(text: str, definition: Definition) -> Draft:
    """Read the draft in a text of `word_draft`.

    Raises:
        DraftError: no application can have that name.
        ValueFault: as `read_edits`.
    """
    first, _, rest = text.partition("&")
    pairs = parse_qsl(first, keep_blank_values=True, max_num_fields=1)
    name, applicant = pairs[0] if pairs else ("", "")
    if name != _APPLICANT or not is_applicant(applicant, definition):
        raise DraftError.from_applicant(applicant)
    return Draft(applicant, read_edits(rest, definition))


def is_applicant(text: str, definition: Definition) -> bool:
    """Whether an application of the portfolio can be called `text`: NEW, or what its id column can hold."""
    if text == NEW:
        return True
    if definition.column(definition.id).dtype.is_integer():
        return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return 0 < len(text) <= _LONGEST_APPLICANT and text.isprintable() and bool(text.strip())
