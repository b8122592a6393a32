"""Read a table from any usual file, and say what was assumed about how it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import polars as pl

from data.errors import DamageError, FileError, TableError
from data.reading.cells import Asked, Format, Survey, convert, resolve
from data.reading.names import unique_names
from data.reading.said import NOTHING, Said, flag, listed
from data.reading.surveying import Surveyed, survey_text
from data.reading.text import UTF_8, WINDOWS, Progress, letters_assumed, word_encoding
from data.reading.typed import (
    ARROW,
    ARROW_STREAM,
    flat,
    read_arrow_table,
    read_parquet_table,
    read_statistics,
    typed_kind,
)
from data.reading.workbooks import is_workbook, read_workbook
from data.store.opening import CSV, PARQUET, TROUBLE, check_readable, kind_of, open_readable

_MOST_LISTED = 6


@dataclass(frozen=True)
class Assumed:
    """What was assumed about a file: facts for the page Open, and `sentences` for people.

    `kind` is "text" or the format; `encoding`, `separator` and `header` are of text. `skipped` and `footer` are lines
    around the table, `n_left_out` damaged ones that were left out, and `changed` says which names are not the file's.
    `formats` are by column; `sample` has up to three rows as the file writes them.
    """

    kind: str
    encoding: str = ""
    separator: str = ""
    quote: str = ""
    header: bool = True
    sheet: str = ""
    skipped: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    n_left_out: int = 0
    n_empty: int = 0
    changed: tuple[str, ...] = ()
    formats: Mapping[str, Format] = field(default_factory=lambda: MappingProxyType({}))
    asked: tuple[Asked, ...] = ()
    more: tuple[str, ...] = ()
    sample: tuple[str, ...] = ()

    def sentences(self) -> tuple[str, ...]:
        """What a reader would not take for granted: nothing of commas, points and UTF-8 under a line of names."""
        return (*self._on_file(), *self._on_lines(), *self._on_columns())

    def _on_file(self) -> Iterator[str]:
        parts = [self.encoding] if self.encoding not in ("", word_encoding(UTF_8)) else []
        parts += [f"separated by {self.separator}"] if self.separator not in ("", "comma") else []
        parts += [f"quoted with {self.quote}"] if self.quote not in ("", '"') else []
        parts += ["no line of names, so columns are named by place"] if not self.header else []
        parts += [f"sheet {self.sheet}"] if self.sheet else []
        if parts:
            yield f"Read as {self.kind}: {', '.join(parts)}."

    def _on_lines(self) -> Iterator[str]:
        if self.skipped:
            yield f"Skipped before the table: {_quoted(self.skipped)}."
        if self.footer:
            yield f"Skipped after the table: {_quoted(self.footer)}."
        if self.n_left_out:
            lines = "1 damaged line" if self.n_left_out == 1 else f"{self.n_left_out:,} damaged lines"
            yield f"Left out: {lines}, which have another number of fields than the table."

    def _on_columns(self) -> Iterator[str]:
        if self.changed:
            yield f"Names of columns: {_listed(self.changed, '; ')}."
        groups = {
            "with a decimal comma": [n for n, f in self.formats.items() if f.decimal == ","],
            "with marks between thousands": [n for n, f in self.formats.items() if f.grouped],
            "as percentages": [n for n, f in self.formats.items() if f.is_percent],
            "as amounts in a currency": [f"{n} ({f.currency})" for n, f in self.formats.items() if f.currency],
            "as dates": [f"{n} ({f.date})" for n, f in self.formats.items() if f.date],
        }
        words = [f"{_listed(names)} {how}" for how, names in groups.items() if names]
        if words:
            yield f"Columns read: {'; '.join(words)}."
        for each in self.asked:
            fix = " or ".join(flag(f"{each.key}={answer}") for answer in each.answers)
            yield f"Left as text: {each.sentence}{f'; say which with {fix}' if fix else ''}."
        yield from (f"{each}." for each in self.more)


@dataclass(frozen=True)
class Reading:
    """A table: `frame` with typed columns under unique names, and what was `assumed`."""

    path: Path
    frame: pl.DataFrame
    assumed: Assumed

    @property
    def percents(self) -> frozenset[str]:
        """The columns whose every cell has a percent sign; they are read as shares."""
        return frozenset(name for name, each in self.assumed.formats.items() if each.is_percent)

    @property
    def repeated(self) -> frozenset[str]:
        """The columns whose name stands more than once in the file."""
        return frozenset(name for name in self.frame.columns if f"{name} (2)" in self.frame.columns)

    @property
    def gaps(self) -> Mapping[str, Mapping[str, int]]:
        """By column that is no text, the words that stood for nothing and how often each did."""
        return {name: each.gaps for name, each in self.assumed.formats.items() if each.gaps}


def read_table(path: Path, said: Said = NOTHING, progress: Progress | None = None) -> Reading:
    """Read `path`: text in any usual dialect, packed or not, Parquet, Arrow, a workbook, SAS, SPSS or Stata.

    What is `said` (`data.reading.said`) is not guessed. `progress` gets (done, total) in bytes.

    Raises:
        FileError: it cannot be read as a table, or holds no row.
        TableError: lines are damaged.
    """
    check_readable(path)
    try:
        reading = _read(path, said, progress)
    except (FileError, TableError):
        raise
    except TROUBLE as error:
        reason = DamageError.from_trouble(path, error).reason
        raise FileError.from_unreadable(path, f"cannot be read as a table ({reason})", "bring Parquet or CSV") from None
    if reading.frame.is_empty():
        raise FileError.from_empty(path)
    return reading


def is_text(path: Path) -> bool:
    """Whether `path` is read as text: it is no Parquet or Arrow file, no workbook, and of no statistics package."""
    kind = kind_of(path)
    with open_readable(path) as handle:
        head = handle.read(64)
    return kind != PARQUET and not is_workbook(path, head) and not (kind == CSV and typed_kind(head))


def _read(path: Path, said: Said, progress: Progress | None) -> Reading:
    kind = kind_of(path)
    with open_readable(path) as handle:
        head = handle.read(64)
    if kind == PARQUET:
        return _typed(path, read_parquet_table(path), "Parquet", said)
    if is_workbook(path, head):
        return _workbook(path, said)
    if kind == CSV and (typed := typed_kind(head)):
        if typed in (ARROW, ARROW_STREAM):
            return _typed(path, read_arrow_table(path, typed), typed, said)
        frame, labelled = read_statistics(path, typed)
        more = (f"Read by their labels: {_listed(labelled)}",) if labelled else ()
        return _typed(path, frame, typed, said, Assumed(typed, more=more))
    return _text(survey_text(path, kind, said, progress), said, progress)


def _text(found: Surveyed, said: Said, progress: Progress | None) -> Reading:
    frame = _converted(found.blocks(progress), found.formats, said)
    layout = found.layout
    # A separator at the end of each line makes no column.
    empty = [
        name
        for name, written in zip(layout.names, layout.written, strict=True)
        if not written.strip() and frame[name].null_count() == frame.height
    ]
    return Reading(found.file.path, frame.drop(empty), assumed_of(found, said, empty))


def assumed_of(found: Surveyed, said: Said, empty: Sequence[str] = ()) -> Assumed:
    """What was assumed about a text that was looked at, but for its `empty` columns, which are left out."""
    layout = found.layout
    return Assumed(
        "text",
        word_encoding(found.file.encoding),
        layout.word,
        layout.quote,
        layout.header or "names" in said,
        skipped=layout.skipped,
        footer=(*found.found.totals, *found.damage.footer),
        n_left_out=len(found.damage.left_out),
        n_empty=found.found.n_empty,
        changed=tuple(each for each in layout.changed if not each.endswith(tuple(f" is {name}" for name in empty))),
        formats={name: each for name, each in found.formats.items() if name not in empty},
        asked=found.asked,
        more=_on_letters(found, said),
        sample=layout.sample,
    )


def _on_letters(found: Surveyed, said: Said) -> tuple[str, ...]:
    """What nothing in a text tells: its bytes are letters in several encodings."""
    letters = "" if "encoding" in said or found.file.encoding != WINDOWS else letters_assumed(found.file)
    if not letters:
        return ()
    shown = letters[:_MOST_LISTED] + ("..." if len(letters) > _MOST_LISTED else "")
    return (
        f"Its encoding is assumed: if {shown} should be other letters, say which with --read encoding=windows-1250 or "
        "--read encoding=iso-8859-2 (Central Europe) or another",
    )


def _converted(frames: Iterator[pl.DataFrame], formats: Mapping[str, Format], said: Said) -> pl.DataFrame:
    words = listed(said.get("missing", ""))
    pieces: dict[str, list[pl.Series]] = {name: [] for name in formats}
    for frame in frames:
        for name, found in formats.items():
            pieces[name].append(convert(frame[name], found, words))
    columns = []
    for name in formats:
        parts = pieces.pop(name)
        # One by one, so that no more than one column is there twice.
        columns.append(pl.concat(parts, rechunk=True) if parts else pl.Series(name, [], dtype=pl.String))
    return pl.DataFrame(columns)


def _typed(path: Path, frame: pl.DataFrame, kind: str, said: Said, assumed: Assumed | None = None) -> Reading:
    names, changed = unique_names(frame.columns)
    frame.columns = list(names)
    # Bytes that are text stay that: who stores an id so means no number.
    texts = [values.name for values in frame if values.dtype != pl.Binary]
    frame, said_of_nested = flat(frame)
    frame, formats, asked = _read_texts(frame, said, texts)
    assumed = assumed or Assumed(kind)
    return Reading(
        path,
        frame,
        replace(
            assumed,
            changed=changed,
            formats=formats,
            asked=tuple(asked),
            more=(*assumed.more, *said_of_nested),
            sample=tuple(" | ".join("" if c is None else str(c)[:40] for c in row) for row in frame.head(3).rows()),
        ),
    )


def _workbook(path: Path, said: Said) -> Reading:
    sheet = read_workbook(path, said)
    frame, formats, asked = _read_texts(sheet.frame, said, sheet.frame.columns)
    assumed = Assumed(
        "a workbook",
        header=sheet.header,
        sheet=sheet.name if sheet.others else "",
        skipped=sheet.skipped,
        footer=sheet.footer,
        changed=sheet.changed,
        formats=formats,
        asked=tuple(asked),
        sample=sheet.sample,
    )
    return Reading(path, frame, assumed)


def _read_texts(
    frame: pl.DataFrame, said: Said, names: Sequence[str]
) -> tuple[pl.DataFrame, dict[str, Format], list[Asked]]:
    """The table with those of its columns of text that are called `names` as what they say."""
    surveys = {}
    for values in frame:
        if values.dtype == pl.String and values.name in names:
            surveys[values.name] = Survey(said)
            surveys[values.name].look(values)
    formats, asked = resolve(surveys, "", said)
    words = listed(said.get("missing", ""))
    columns = [convert(each, formats[each.name], words) if each.name in formats else each for each in frame]
    return pl.DataFrame(columns), formats, asked


def _listed(texts: tuple[str, ...] | list[str], mark: str = ", ") -> str:
    more = f" and {len(texts) - _MOST_LISTED} more" if len(texts) > _MOST_LISTED else ""
    return mark.join(texts[:_MOST_LISTED]) + more


def _quoted(texts: tuple[str, ...]) -> str:
    return _listed([repr(text) for text in texts])
