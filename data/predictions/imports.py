"""Importing someone else's predictions: any Parquet or CSV that holds an outcome and a probability."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.definition.definition import Definition
from data.errors import FileError, PredictionsError
from data.files.sources import is_beyond_polars
from data.predictions.cells import are_classes, are_missing, hundredths_of, narrowed, numbers_of, read_cells
from data.predictions.pieces import relevelled
from data.predictions.roles import (
    LARGEST,
    PERCENT,
    ROLES,
    assign_roles,
    ids_of,
    like_probabilities,
    outcomes_of,
    parse_mapping,
    word_of,
    word_roles,
)
from data.predictions.scores import exact_scores
from data.predictions.table import (
    DERIVED_COLUMNS,
    EXPOSURE,
    FOLD,
    ID,
    OUTCOME,
    PROBABILITY,
    ROLE_COLUMNS,
    Predictions,
    PredictionsSource,
    describe_columns,
)
from data.store.opening import DAMAGE, PARQUET, check_readable, kind_of, open_readable, unpacked
from data.store.storage import read_parquet, sha256_of

__all__ = ["MOST_LEVELS", "cohort_columns", "import_predictions", "parse_mapping", "version_of"]

MOST_LEVELS = 256
_OTHER_SEPARATORS = (";", "\t", "|")
_RESERVED = frozenset({*ROLE_COLUMNS, *DERIVED_COLUMNS})
# From so many rows above 1 and such a maximum on, numbers are percentages and not a few wrong ones.
_PERCENT_SHARE, _PERCENT_MAXIMUM = 0.1, 2.0


def import_predictions(
    path: Path, definition: Definition, mapping: Mapping[str, str] = MappingProxyType({})
) -> Predictions:
    """Open `path` (Parquet or CSV) as predictions; `mapping` gives role columns that its names do not tell.

    A column that is called as one of the `definition` is described in its words.

    Every column that has no role becomes a cohort column where it can: text of up to 256 levels, flags and numbers.
    Rows without a probability are left out and counted; what was taken for what, and whatever is
    not as the file has it, is said in the source.

    Raises:
        FileError: the file is missing, empty or no table.
        PredictionsError: the outcome or the probability is missing, could be either of two columns, or holds values
            that cannot be used.
    """
    table, gaps = _read(path)
    is_percent = PERCENT in mapping.values()
    known = {name: PROBABILITY if role == PERCENT else role for name, role in mapping.items()}
    roles = assign_roles(path, table, definition, known)
    if is_percent:
        table = table.with_columns(hundredths_of(table[roles[PROBABILITY]]))
    for role, name in roles.items():
        # So Polars calls the second column of a name in a CSV header; Parquet with such a one is not read at all.
        if f"{name}_duplicated_0" in table.columns:
            raise PredictionsError.from_repeated_role(path, name, word_of(role))
    _check_outcome(path, table[roles[OUTCOME]])
    is_unscored = _check_probability(path, table[roles[PROBABILITY]])
    others = list(_notices_of_others(table, roles))
    notices = [*_notices_of_gaps(gaps), *_notices_of_rows(path, is_unscored)]
    named = table.select(list(dict.fromkeys(roles.values())))
    columns = {values.name: values for values in table}
    # The columns of a large table are only held while each is turned into what it becomes.
    del table
    frame, more = _shape(columns, ~is_unscored, roles)
    n_open = frame[OUTCOME].null_count()
    notices += [*more, *others]
    listed = repr((sorted(roles.items()), is_percent)).encode()
    digest = hashlib.sha256(sha256_of(path).encode() + listed).hexdigest()
    used = {role: name for role, name in roles.items() if role in frame.columns}
    source = PredictionsSource(
        path.name,
        digest,
        is_imported=True,
        notices=tuple(notices),
        taken=word_roles(named, used, is_percent=is_percent),
        n_open=n_open,
        has_outcomes=n_open < frame.height,
    )
    words = {**ROLES, PERCENT: PROBABILITY} if is_percent else ROLES
    by_word = {word: used[role] for word, role in words.items() if role in used}
    if is_percent:
        del by_word["probability"]
    return Predictions(frame, source, describe_columns(frame, definition), by_word)


def version_of(path: Path) -> str:
    """A text that changes when the file does, without reading it.

    Raises:
        FileError: there is no such file.
    """
    try:
        stat = path.stat()
    except OSError:
        raise FileError.from_missing(path) from None
    return f"{path}:{stat.st_size}:{stat.st_mtime_ns}"


def _read(path: Path) -> tuple[pl.DataFrame, dict[str, Mapping[str, int]]]:
    """The table in `path`, and for each column of numbers the words that stood for a gap."""
    check_readable(path)
    try:
        table = _read_parquet(path) if kind_of(path) == PARQUET else _read_csv(path)
    except pl.exceptions.NoDataError:
        raise FileError.from_empty(path) from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, *DAMAGE) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise FileError.from_unreadable(path, f"cannot be read as a table ({reason})", "bring Parquet or CSV") from None
    if table.is_empty():
        raise FileError.from_empty(path)
    if table.width == 1 and (found := [mark for mark in _OTHER_SEPARATORS if mark in table.columns[0]]):
        raise FileError.from_no_table(path, f"the header is separated by {found[0]!r}")
    read = {name: read_cells(table[name]) for name in table.columns}
    return pl.DataFrame({name: values for name, (values, _) in read.items()}), {
        name: words for name, (_, words) in read.items() if words
    }


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        foreign = [field for field in pq.read_schema(path) if is_beyond_polars(field.type)]
    except pa.ArrowException:
        # Polars writes whole numbers of 128 bits, for which Arrow has no type.
        foreign = []
    if not foreign:
        return read_parquet(path)
    table = pq.read_table(path)
    for field in foreign:
        # As text, a decimal keeps every digit; a time is a time at whatever offset.
        kind = pa.timestamp("us", "UTC") if pa.types.is_timestamp(field.type) else pa.string()
        at = table.schema.get_field_index(field.name)
        table = table.set_column(at, field.name, table.column(at).cast(kind, safe=False))
    found = pl.from_arrow(table)
    assert isinstance(found, pl.DataFrame)
    return found


def _read_csv(path: Path) -> pl.DataFrame:
    # As text: what a column holds is decided by all its cells, and what its text says beyond a number is kept.
    with open_readable(path) as handle, unpacked(path, kind_of(path), handle) as stream:
        return pl.read_csv(stream.read(), infer_schema=False)


def _check_outcome(path: Path, values: pl.Series) -> None:
    """Raise PredictionsError if a value is neither 0 nor 1 nor missing."""
    usable = are_classes(outcomes_of(values)).fill_null(value=False)
    _check(path, values, usable, "0 or 1 (also yes or no, true or false)")


def _check_probability(path: Path, values: pl.Series) -> pl.Series:
    """Which rows have no probability. Raises PredictionsError if a value is invalid or all are classes."""
    numbers = numbers_of(values)
    missing = _check(path, values, numbers.is_between(0, 1).fill_null(value=False), _wanted_probability(numbers))
    if (are_classes(numbers) | missing).all():
        raise PredictionsError(
            f"{path}: column {values.name} holds only 0 and 1, which are classes or decisions, not probabilities; "
            "map the column that they were decided from."
        )
    return missing


def _wanted_probability(numbers: pl.Series) -> str:
    wanted = "a probability from 0 to 1"
    given = numbers.drop_nulls().drop_nans()
    if not len(given):
        return wanted
    n_above, largest = int((given > 1).sum()), float(str(given.max()))
    if given.is_between(0, 100).all() and largest > _PERCENT_MAXIMUM and n_above >= _PERCENT_SHARE * len(given):
        return f"{wanted} (these look like percentages: --map COLUMN=percent reads them so)"
    if n_above and given.min() >= 0:  # type: ignore[operator]
        return f"{wanted} ({_rows(n_above)} above 1, the largest is {largest!r})"
    return wanted


def _check(path: Path, values: pl.Series, usable: pl.Series, expected: str) -> pl.Series:
    if values.dtype.is_nested() or values.dtype.is_temporal() or values.dtype == pl.Object:
        raise PredictionsError.from_kind(path, values.name, _kind(values.dtype), expected)
    missing = are_missing(values)
    wrong = ~usable if missing.all() else ~(usable | missing)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise PredictionsError.from_bad_column(
            path, values.name, int(wrong.sum()), f"{_quoted(values[row])} in row {row + 1:,}", expected
        )
    return missing


def _quoted(cell: object) -> str:
    return repr(cell) if isinstance(cell, str) else str(cell)


def _notices_of_gaps(gaps: Mapping[str, Mapping[str, int]]) -> Iterable[str]:
    if gaps:
        listed = "; ".join(f"{name}: {_counted(words)}" for name, words in gaps.items())
        yield f"Read as missing in columns of numbers: {listed}."


def _counted(words: Mapping[str, int]) -> str:
    return ", ".join(f"{word} ({n:,})" for word, n in words.items())


def _notices_of_rows(path: Path, is_unscored: pl.Series) -> Iterable[str]:
    n_rows, n_left_out = len(is_unscored), int(is_unscored.sum())
    if n_left_out == n_rows:
        raise FileError.from_unreadable(path, "no row has a probability", "bring one that does")
    if n_left_out:
        left, shown = _rows(n_left_out), n_rows - n_left_out
        yield f"Left out of every figure: {left} without a PD; the other {shown:,} of {n_rows:,} rows are shown."


def _notices_of_others(table: pl.DataFrame, roles: Mapping[str, str]) -> Iterable[str]:
    others = list(like_probabilities(table, roles))
    if others:
        yield (
            f"Could be a PD as well, and is a column to cut by: {', '.join(others)} "
            f"(--map {others[0]}=probability shows it instead)."
        )


def _shape(
    columns: dict[str, pl.Series], is_kept: pl.Series, roles: Mapping[str, str]
) -> tuple[pl.DataFrame, list[str]]:
    """The kept rows of `columns`, which are taken out one by one, as predictions, and what is odd about them."""
    notices: list[str] = []
    keeps_all = bool(is_kept.all())

    def rows(values: pl.Series) -> pl.Series:
        # In one piece: arrays of what is in many are copies.
        return values.rechunk() if keeps_all else values.filter(is_kept)

    named = pl.DataFrame([rows(columns[name]) for name in dict.fromkeys(roles.values())])
    shaped = [
        (outcomes_of(named[roles[OUTCOME]]) == 1).alias(OUTCOME),
        _scores(named[roles[PROBABILITY]]).alias(PROBABILITY),
        *_optional_roles(named, roles, notices),
    ]
    # The exposure stays a cohort column too where its name is free: an amount is something that cohorts are cut by.
    taken = {name for role, name in roles.items() if role != EXPOSURE or name == EXPOSURE}
    names = [name for name in columns if name not in taken]
    kept, more = _cohort_columns(rows(columns.pop(name)) for name in names)
    return pl.DataFrame([*shaped, *kept]), [*notices, *more]


def cohort_columns(table: pl.DataFrame) -> tuple[list[pl.Series], list[str]]:
    """The columns of somebody's table as cohorts are cut by them, and sentences on those that are not."""
    return _cohort_columns(table)


def _cohort_columns(columns: Iterable[pl.Series]) -> tuple[list[pl.Series], list[str]]:
    notices: list[str] = []
    kept: list[pl.Series] = []
    left_out: dict[str, list[str]] = {}
    for values in columns:
        found = _why_unusable(values.name) or _cohort_series(values, notices)
        if isinstance(found, str):
            left_out.setdefault(found, []).append(values.name or "(no name)")
        else:
            kept.append(found)
    if left_out:
        listed = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in left_out.items())
        notices.append(f"Left out as cohort columns: {listed}.")
    return kept, notices


def _scores(values: pl.Series) -> pl.Series:
    # Of 32 bits the decimal counts, which their widening would lose.
    return exact_scores(values if values.dtype == pl.Float32 else numbers_of(values))


def _why_unusable(name: str) -> str:
    """Why no cohort column can have this name; empty where one can."""
    # In links and on the screen a tilde marks what is no column, and an empty name that none is chosen.
    if not name:
        return "a column needs a name"
    if name.startswith("~"):
        return "begins with a tilde"
    return "the name of a column of ours" if name in _RESERVED else ""


def _optional_roles(table: pl.DataFrame, roles: Mapping[str, str], notices: list[str]) -> Iterable[pl.Series]:
    if name := roles.get(ID):
        ids = ids_of(table[name])
        if ids is None:
            notices.append(f"Column {name} holds {_kind(table[name].dtype)}, which names no row; it is not used as id.")
        elif ids.null_count() or ids.n_unique() < table.height:
            notices.append(
                f"Column {name} does not identify its rows (missing or repeated values); it is not used as id."
            )
        else:
            yield ids.alias(ID)
    if name := roles.get(FOLD):
        fold = numbers_of(table[name])
        if (fold.is_between(0, 255) & (fold == fold.floor())).fill_null(value=False).all():
            yield fold.cast(pl.UInt8).alias(FOLD)
        else:
            notices.append(f"Column {name} is not a whole fold number from 0 to 255; it is not used as fold.")
    if name := roles.get(EXPOSURE):
        exposure = numbers_of(table[name])
        exposure = exposure.set(~exposure.is_between(0, LARGEST).fill_null(value=False), None)
        n_without = exposure.null_count()
        if n_without == table.height:
            notices.append(f"Column {name} has no amount from 0 on in any row; it is not used as exposure.")
            return
        if n_without:
            notices.append(
                f"{_rows(n_without)} of {table.height:,} without a usable amount in {name} (missing, negative, too "
                f"large or no number): money is summed over the other {table.height - n_without:,}, and per "
                "application those count as 0."
            )
        yield narrowed(exposure).alias(EXPOSURE)


def _cohort_series(values: pl.Series, notices: list[str]) -> pl.Series | str:
    """The column as cohorts are cut by it, or why they are not."""
    dtype = values.dtype
    if values.null_count() == len(values):
        return "no value in any row"
    if dtype.is_numeric():
        return _cohort_numbers(values, notices)
    if dtype == pl.Boolean:
        return values.cast(pl.String).cast(pl.Enum(["false", "true"]))
    if dtype not in (pl.String, pl.Categorical, pl.Enum):
        return _kind(dtype)
    if isinstance(dtype, pl.Enum):
        known, n_levels = relevelled(values)
        if n_levels <= MOST_LEVELS:
            return known
    text = values.cast(pl.String)
    levels = text.drop_nulls().unique().sort()
    return text.cast(pl.Enum(levels)) if len(levels) <= MOST_LEVELS else _why_text(text)


def _why_text(text: pl.Series) -> str:
    """Why a column with many levels is not numeric, if it nearly is."""
    reason = f"more than {MOST_LEVELS} levels"
    given = text.filter(~are_missing(text)).str.strip_chars()
    is_number = given.cast(pl.Float64, strict=False).is_not_null()
    n_other = int((~is_number).sum())
    if not n_other:
        return f"{reason}, whole numbers with leading zeros or of more than 18 digits"
    if 2 * n_other < len(given):
        return f"{reason}, and no numbers because of {_rows(n_other)} such as {given.filter(~is_number)[0][:40]!r}"
    return reason


def _cohort_numbers(values: pl.Series, notices: list[str]) -> pl.Series | str:
    if values.dtype.is_integer():
        ends = [abs(int(str(end))) for end in (values.min(), values.max())]
        return f"numbers beyond {LARGEST:.0e}" if max(ends) > LARGEST else values.shrink_dtype()
    numbers = values if values.dtype == pl.Float32 else numbers_of(values)
    if not numbers.is_finite().all():
        if n_infinite := int(numbers.is_infinite().sum()):
            notices.append(f"Column {values.name}: infinite in {_rows(n_infinite)}, which count as missing.")
        numbers = numbers.set(~numbers.is_finite().fill_null(value=False), None)
    if numbers.null_count() == len(numbers):
        return "no value in any row"
    if any(abs(float(str(end))) > LARGEST for end in (numbers.min(), numbers.max())):
        return f"numbers beyond {LARGEST:.0e}"
    return numbers if numbers.dtype == pl.Float32 else narrowed(numbers)


def _kind(dtype: pl.DataType) -> str:
    if dtype.is_nested():
        return "lists or structures"
    return "dates or times" if dtype.is_temporal() else f"values of type {dtype}"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
