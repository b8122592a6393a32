"""What a person says about how a file is written: `key=value`, each checked before the file is opened."""

from __future__ import annotations

import codecs
import csv
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from data.errors import ScoreroomError
from data.reading.dates import FORMS

Said = Mapping[str, str]
NOTHING: Said = MappingProxyType({})
_ON_DISK = "bad_file"
# A flag that a sentence names; examples follow "such as".
_OFFERED = re.compile(r"""(?<!such as )--read ((?:'[^']*'|"[^"]*"|[^\s'"])+)""")
_PLACEHOLDER = re.compile(r"[=:][A-Z]+$")
LEAVE_OUT, NO_CODES = "leave-out", "none"
# Up to this share of damaged lines is left out when asked; more of them mean that the file is read wrongly.
MOST_DAMAGED = 0.01
_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "blank": " ", "space": " "}
DAY_ORDERS = {"day-first": "%d/%m/%Y", "month-first": "%m/%d/%Y"}


class SaidError(ScoreroomError):
    """A `--read` says nothing that can be followed."""

    @classmethod
    def from_bad(cls, text: str, problem: str, fix: str) -> SaidError:
        return cls(f"--read {text}: {problem}; {fix}.")


def _separator(value: str) -> str:
    mark = _SEPARATORS.get(value.lower(), value)
    if len(mark) != 1 or mark in "\"'\r\n" or not mark.isascii() or mark.isalnum():
        raise ValueError("one character, or comma, semicolon, tab, pipe or blank")
    return mark


def _one_of(*words: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(" or ".join(words))
        return value.lower()

    return check


def _encoding(value: str) -> str:
    try:
        info = codecs.lookup(value)
        info.incrementaldecoder().decode(b"a")
    except (LookupError, TypeError, UnicodeError, ValueError):
        raise ValueError("an encoding such as utf-8, windows-1252 or utf-16") from None
    return info.name


def _names(value: str) -> str:
    if any(not name.strip() for name in listed(value)):
        raise ValueError("the names of all columns, separated by commas")
    return value


def _count(value: str) -> str:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise ValueError("a number of lines")
    return value


def _dates(value: str) -> str:
    if value not in DAY_ORDERS and value not in FORMS:
        raise ValueError(f"day-first, month-first or one of {', '.join(FORMS)}")
    return value


def _bad_lines(value: str) -> str:
    word, _, share = value.partition(":")
    try:
        if word == LEAVE_OUT and 0 < float(share or "1") <= 1:
            return value
    except ValueError:
        pass
    raise ValueError("leave-out, or leave-out:SHARE with the largest share of lines to leave out, such as 0.05")


def _codes(value: str) -> str:
    if value != NO_CODES:
        try:
            [float(each) for each in listed(value)]
        except ValueError:
            raise ValueError(f"numbers separated by commas, or {NO_CODES}") from None
    return value


def _any(value: str) -> str:
    if not value.strip():
        raise ValueError("a name")
    return value


_CHECKS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "separator": _separator,
        "quote": _one_of('"', "'", "none"),
        "decimal": _one_of(",", "."),
        "encoding": _encoding,
        "header": _one_of("yes", "no"),
        "names": _names,
        "skip": _count,
        "sheet": _any,
        "table": _any,
        "dates": _dates,
        "missing": _any,
        "codes": _codes,
        "bad_lines": _bad_lines,
        "bad_file": _any,
    }
)
HELP: Mapping[str, str] = MappingProxyType(
    {
        "separator": "what separates the fields: a character, or comma, semicolon, tab, pipe or blank",
        "quote": "the quotation mark around fields: \" or ', or none",
        "decimal": "the decimal mark of numbers that could be read both ways: , or .",
        "encoding": "the text's encoding, such as windows-1252",
        "header": "whether a line names the columns: yes or no",
        "names": "the columns' names, separated by commas, of a table without a header",
        "skip": "how many lines stand before the table",
        "sheet": "the sheet of a workbook, by name or number",
        "table": "the file in a zip archive",
        "dates": "how dates are written: day-first, month-first, or a form such as %d.%m.%Y",
        "missing": "further texts that stand for nothing, separated by commas",
        "codes": "numbers of a score that are codes for no score, separated by commas, or none",
        "bad_lines": "leave-out leaves damaged lines out (at most 1 in 100, or leave-out:SHARE)",
        "bad_file": "where to write the lines that are left out",
    }
)


def parse_said(texts: Iterable[str]) -> dict[str, str]:
    """What is said by key, from texts such as `separator=;`; values are checked and put in one form.

    Raises:
        SaidError: a text is not KEY=VALUE, a key is unknown or said twice, or the key does not take the value.
    """
    said: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip().lower()
        if not equals or key not in _CHECKS:
            raise SaidError.from_bad(text, "is not KEY=VALUE", f"keys are {', '.join(_CHECKS)}")
        if key in said:
            raise SaidError.from_bad(text, f"says {key} a second time", "say it once")
        try:
            said[key] = _CHECKS[key](value)
        except ValueError as error:
            raise SaidError.from_bad(text, f"{value!r} is no {key}", f"give {error}") from None
    return said


def parse_written(text: str) -> dict[str, str]:
    """What somebody types who must not write where this program may, such as `decimal=, dates=day-first`.

    Raises:
        SaidError: as `parse_said`, or it names a file.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        # A quotation mark that is meant, as in quote='.
        words = text.split()
    said = parse_said(words)
    if _ON_DISK in said:
        raise SaidError.from_bad(f"{_ON_DISK}={said[_ON_DISK]}", "names a file on the server", "leave it out")
    return said


def said_of(table: Mapping[str, Any]) -> dict[str, str]:
    """What the `[table]` part of a definition says, by the same keys; its list `read` holds texts as `--read` takes."""
    said = parse_said(table.get("read", ()))
    if table.get("separator"):
        said.setdefault("separator", table["separator"])
    if "header" in table:
        said.setdefault("header", "yes" if table["header"] else "no")
    if table.get("names") and said.get("header") != "yes":
        said.setdefault("names", as_list(table["names"]))
    return said


def word_said(said: Said) -> list[str]:
    """`said` as `parse_said` takes it, in a fixed order."""
    return [f"{key}={said[key]}" for key in _CHECKS if key in said]


def flag(text: str) -> str:
    """The flag that says `text`, KEY=VALUE, as a shell takes it; a mark at its end is told from the sentence's."""
    quoted = shlex.quote(text)
    return f"--read {quoted}" if quoted != text or text[-1:].isalnum() else f"--read '{text}'"


def said_in(sentence: str) -> list[str]:
    """What a `sentence` offers to say with `--read`, as `parse_said` takes it, without examples and placeholders."""
    found = []
    for text in _OFFERED.findall(sentence):
        with suppress(ValueError):
            words = shlex.split(text.rstrip(".,;"))
            parse_said(words)
            found += [word for word in words if not _PLACEHOLDER.search(word)]
    return found


def together(said: Said, more: Iterable[tuple[str, str]]) -> Said:
    """`said` and what is said later, which holds where they differ; of lists of texts for nothing and codes both do."""
    found = dict(said)
    for key, value in more:
        adds = key in ("missing", "codes") and NO_CODES not in (value, found.get(key, NO_CODES))
        found[key] = f"{found[key]},{value}" if adds else value
    return found


def listed(value: str) -> list[str]:
    """The texts of a list that is separated by commas; one that holds a comma stands in quotation marks."""
    return [each.strip() for each in next(csv.reader([value], skipinitialspace=True), [])]


def as_list(texts: Sequence[str]) -> str:
    """`texts` as `listed` reads them."""
    return ",".join('"' + each.replace('"', '""') + '"' if set(each) & set(',"\r\n') else each for each in texts)


def most_damaged(said: Said) -> float:
    """The largest share of damaged lines that may be left out; 0 where that was not asked for."""
    if "bad_lines" not in said:
        return 0.0
    _, _, share = said["bad_lines"].partition(":")
    return float(share) if share else MOST_DAMAGED
