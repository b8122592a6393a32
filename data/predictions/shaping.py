"""Columns of somebody else's table as cohorts are cut by them, and what is odd about those that are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import polars as pl

from data.definition.columns import Special
from data.definition.evidence.codes import codes_among
from data.predictions.cells import are_missing, narrowed, numbers_of
from data.predictions.pieces import relevelled
from data.predictions.roles import answers as say
from data.predictions.roles.dates import dates_in, periods_of
from data.predictions.roles.ids import LARGEST, ids_of
from data.predictions.table import DERIVED_COLUMNS, EXPOSURE, FOLD, ID, ROLE_COLUMNS, WEIGHT, CohortColumn

MOST_LEVELS = 256
_RESERVED = frozenset({*ROLE_COLUMNS, *DERIVED_COLUMNS})


def cohort_columns(table: pl.DataFrame) -> tuple[list[pl.Series], list[str]]:
    """The columns of somebody's table as cohorts are cut by them, and sentences on those that are not."""
    return shape_columns(table)


def shape_columns(columns: Iterable[pl.Series]) -> tuple[list[pl.Series], list[str]]:
    """`cohort_columns` of columns that are made one by one."""
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


def role_columns(named: Mapping[str, pl.Series], notices: list[str]) -> Iterable[pl.Series]:
    """The columns of a table of predictions that roles other than outcome and score become, where they can."""
    if (values := named.get(say.ID)) is not None:
        name = values.name
        ids = ids_of(values)
        if ids is None:
            notices.append(f"Column {name} holds {word_kind(values.dtype)}, which names no row; it is not used as id.")
        elif ids.null_count() or ids.n_unique() < len(values):
            notices.append(
                f"Column {name} does not identify its rows (missing or repeated values); it is not used as id."
            )
        else:
            yield ids.alias(ID)
    if (values := named.get(say.FOLD)) is not None:
        name = values.name
        fold = numbers_of(values)
        if (fold.is_between(0, 255) & (fold == fold.floor())).fill_null(value=False).all():
            yield fold.cast(pl.UInt8).alias(FOLD)
        else:
            notices.append(f"Column {name} is not a whole fold number from 0 to 255; it is not used as fold.")
    if (values := named.get(say.WEIGHT)) is not None:
        yield numbers_of(values).alias(WEIGHT)
    if (values := named.get(say.EXPOSURE)) is not None:
        name = values.name
        exposure = numbers_of(values)
        exposure = exposure.set(~exposure.is_between(0, LARGEST).fill_null(value=False), None)
        n_without = exposure.null_count()
        if n_without == len(values):
            notices.append(f"Column {name} has no amount from 0 on in any row; it is not used as exposure.")
            return
        if n_without:
            notices.append(
                f"{count_rows(n_without)} of {len(values):,} without a usable amount in {name} (missing, negative, too "
                f"large or no number): money is summed over the other {len(values) - n_without:,}, and per "
                "application those count as 0."
            )
        yield narrowed(exposure).alias(EXPOSURE)


def ordered_grades(grades: pl.Series, pds: pl.Series) -> pl.Series:
    """Grades as levels in the order of their mean PDs, the safest first."""
    texts = grades.cast(pl.String)
    means = pl.DataFrame({"grade": texts, "pd": pds}).drop_nulls().group_by("grade").agg(pl.col("pd").mean())
    order = means.sort("pd", "grade")["grade"]
    return texts.cast(pl.Enum(order))


def whole_levels(values: pl.Series) -> pl.Series:
    """A column of up to `MOST_LEVELS` whole numbers as levels in their order; any other column as it is."""
    if not values.dtype.is_numeric() or not bool((values == values.floor()).fill_null(value=True).all()):
        return values
    levels = values.drop_nulls().unique().sort()
    if len(levels) > MOST_LEVELS:
        return values
    return values.cast(pl.Int64).cast(pl.String).cast(pl.Enum(levels.cast(pl.Int64).cast(pl.String)))


def special_in(frame: pl.DataFrame, names: Iterable[str]) -> dict[str, dict[float, int]]:
    """The numbers of each of these columns that look like codes, and in how many rows; columns without are left out."""
    found: dict[str, dict[float, int]] = {}
    for name in names:
        values = frame[name]
        if not values.dtype.is_numeric():
            continue
        if codes := codes_among(values.drop_nulls().cast(pl.Float64)):
            found[name] = {code: int((values == code).sum()) for code in sorted(codes)}
    return found


def with_special(column: CohortColumn, frame: pl.DataFrame, codes: Iterable[float]) -> CohortColumn:
    """`column` with these of its numbers as groups of their own, outside its range."""
    values = frame[column.name].cast(pl.Float64)
    rest = values.filter(~values.is_in(list(codes)))
    return replace(
        column,
        special=tuple(Special(code, "special code") for code in codes),
        minimum=float(str(rest.min())),
        maximum=float(str(rest.max())),
    )


def _why_unusable(name: str) -> str:
    """Why no cohort column can have this name; empty where one can."""
    # In links and on the screen a tilde marks what is no column, and an empty name that none is chosen.
    if not name:
        return "a column needs a name"
    if name.startswith("~"):
        return "begins with a tilde"
    return "the name of a column of ours" if name in _RESERVED else ""


def _cohort_series(values: pl.Series, notices: list[str]) -> pl.Series | str:
    """The column as cohorts are cut by it, or why they are not."""
    dtype = values.dtype
    if values.null_count() == len(values):
        return "no value in any row"
    if (dates := dates_in(values)) is not None:
        return periods_of(dates)
    if dtype.is_numeric():
        return _cohort_numbers(values, notices)
    if dtype == pl.Boolean:
        return values.cast(pl.String).cast(pl.Enum(["false", "true"]))
    if dtype not in (pl.String, pl.Categorical, pl.Enum):
        return word_kind(dtype)
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
        return f"{reason}, and no numbers because of {count_rows(n_other)} such as {given.filter(~is_number)[0][:40]!r}"
    return reason


def _cohort_numbers(values: pl.Series, notices: list[str]) -> pl.Series | str:
    if values.dtype.is_integer():
        ends = [abs(int(str(end))) for end in (values.min(), values.max())]
        return f"numbers beyond {LARGEST:.0e}" if max(ends) > LARGEST else values.shrink_dtype()
    numbers = values if values.dtype == pl.Float32 else numbers_of(values)
    if not numbers.is_finite().all():
        if n_infinite := int(numbers.is_infinite().sum()):
            notices.append(f"Column {values.name}: infinite in {count_rows(n_infinite)}, which count as missing.")
        numbers = numbers.set(~numbers.is_finite().fill_null(value=False), None)
    if numbers.null_count() == len(numbers):
        return "no value in any row"
    if any(abs(float(str(end))) > LARGEST for end in (numbers.min(), numbers.max())):
        return f"numbers beyond {LARGEST:.0e}"
    return numbers if numbers.dtype == pl.Float32 else narrowed(numbers)


def word_kind(dtype: pl.DataType) -> str:
    if dtype.is_nested():
        return "lists or structures"
    return "dates or times" if dtype.is_temporal() else f"values of type {dtype}"


def count_rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
