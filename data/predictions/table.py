"""The predictions table: one row an application, with what was observed, what was predicted, and cohort columns.

The same shape holds for the project's own out-of-fold predictions and for a file that somebody brings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import polars as pl

from data.definition.columns import Column, Kind, Special, Unit
from data.definition.definition import Definition
from data.errors import DamageError, PredictionsError
from data.predictions.brought import brought_pd, brought_score
from data.predictions.scale import Scale
from data.predictions.scores import ScoreGrid, exact_scores
from data.settings import Settings
from data.store.opening import check_readable, reading
from data.store.records import PREDICTIONS, check_built
from data.store.storage import read_parquet, write_parquet
from data.typed import read_typed

_METADATA = "scoreroom.predictions"
# The format before this one left out rows without an outcome; where there were none, it holds the same.
_FORMAT, _WITHOUT_OPEN = 3, 2
ID, OUTCOME, PROBABILITY, FOLD, EXPOSURE = (
    "application_id",
    "is_default",
    "default_probability",
    "fold",
    "exposure",
)
WEIGHT = "weight"
# Made from the columns above when predictions are loaded, never stored: the bin and the risk band that a PD falls
# into, and outcome and fold in words.
PD_BIN, PD_BAND, OBSERVED, FOLD_NAME = "pd_bin", "pd_band", "observed", "fold_name"
DERIVED_COLUMNS = (PD_BIN, PD_BAND, OBSERVED, FOLD_NAME)
# Behind the name of a date of which predictions carry the quarter: the date itself.
DAY = "~day"
# Before the name of a model: its PDs, which a table holds while a filter asks for them.
_SCORES = "~pd."
_NO_YES = (("0", "No"), ("1", "Yes"))
REQUIRED = (OUTCOME, PROBABILITY)
# How a model came by its PDs.
OUT_OF_FOLD, AS_IMPORTED = "out of fold", "as imported"
ROLE_COLUMNS = (ID, OUTCOME, PROBABILITY, FOLD, EXPOSURE, WEIGHT)


class CohortKind(StrEnum):
    """How a cohort column is filtered: by level or by range."""

    LEVELS = "levels"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class CohortColumn:
    """A column that cohorts can be cut by; `levels` in display order, `minimum` and `maximum` as found.

    `taken_from` is the column that it was made of, in the same unit, where that is called otherwise. `unit`,
    `level_labels` (of a flag, those of its numbers) and `special` are those of the definition's column of that name,
    where it has one; `currency` is what the portfolio's amounts are in. Where it `is_date`, values are days since
    1970-01-01.
    """

    name: str
    label: str
    description: str
    group: str
    kind: CohortKind
    levels: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    taken_from: str = ""
    unit: Unit = Unit.NONE
    currency: str = ""
    level_labels: tuple[tuple[str, str], ...] = ()
    special: tuple[Special, ...] = ()
    is_date: bool = False

    @property
    def special_values(self) -> tuple[float, ...]:
        """The stored numbers that are codes, not quantities."""
        return tuple(each.value for each in self.special)


class MoreColumns(Protocol):
    """Columns of the same applications that predictions do not carry, loaded when they are first asked for."""

    @property
    def columns(self) -> Mapping[str, CohortColumn]:
        """What they are, by name; least and greatest value are not known before they are loaded."""

    def values(self, name: str) -> pl.Series:
        """A column's values, called `name`, in the order of the predictions.

        Raises:
            ScoreroomError: the values cannot be had, or are not of these applications any longer.
        """


@dataclass(frozen=True, slots=True)
class PredictionsSource:
    """The origin of predictions: the `digest` of this very table, and `notices` for the reader.

    `n_open` says of how many rows the outcome is not known, `has_outcomes` whether that of any row is; of an imported
    table, `taken` says which column was taken for what.
    """

    name: str
    digest: str
    is_imported: bool
    notices: tuple[str, ...] = ()
    taken: str = ""
    n_open: int = 0
    has_outcomes: bool = True

    @property
    def whose(self) -> str:
        """Whose the PDs are, in words: of a model that had not seen the row, unless they were imported."""
        return OUT_OF_FOLD if self.is_out_of_fold else AS_IMPORTED

    @property
    def is_out_of_fold(self) -> bool:
        """Whether each PD is of a model that had not seen the row."""
        return not self.is_imported


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions in memory.

    `frame` holds `is_default` (Boolean, null where the outcome is not known), `default_probability` (Float64, 0 to 1),
    where known `application_id`, `fold` (UInt8) and `exposure` (currency units, null where not known), and the cohort
    columns (enums, integers, floats). Floats are Float32 where that holds every value exactly, else Float64; ids are
    whole numbers or text. `roles` gives for each role the column of somebody else's file that was taken for it. `grid`
    is what PDs are counted on, and None until that has been made. `more` are the other columns of the application
    table, where that is at hand: filters may name them, segments may not. `weight` (Float64, finite, from 0 on) is
    there where the file has one.

    `others` are the further scores of the same rows by name (Float64, null where there is none), and `other_scales`
    the scales of those that are no probabilities; the shown one is called `champion` in a file that somebody brought.
    `segments` are the cohort columns that somebody named as such: they come before the definition's own. Where there is
    a `scale`, `default_probability` is no probability but a place on it: what takes PDs for probabilities is not
    defined. `scores_of` gives the PDs of the model of a name, row by row, where several are at hand.
    """

    frame: pl.DataFrame
    source: PredictionsSource
    cohort_columns: tuple[CohortColumn, ...]
    roles: Mapping[str, str] = field(default_factory=dict)
    grid: ScoreGrid | None = None
    more: MoreColumns | None = None
    others: Mapping[str, pl.Series] = field(default_factory=dict)
    scale: Scale | None = None
    champion: str = ""
    other_scales: Mapping[str, Scale] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    scores_of: Callable[[str], pl.Series] | None = field(default=None, compare=False, repr=False)

    def usual_segments(self, definition: Definition) -> tuple[str, ...]:
        """The cohort columns that segments are made of first: those said to be segments, then the definition's."""
        known = {column.name for column in self.cohort_columns}
        return tuple(name for name in dict.fromkeys((*self.segments, *definition.screen.segments)) if name in known)

    @property
    def why_no_pd(self) -> str:
        """Completes "not defined because ...", where the score is no probability; empty where it is one."""
        return "" if self.scale is None else self.scale.why_no_pd

    @property
    def has_ids(self) -> bool:
        """Whether a row can be traced to an application."""
        return ID in self.frame.columns

    @property
    def filter_columns(self) -> dict[str, CohortColumn]:
        """All columns that a filter may name, by name, the cohort columns first."""
        own = {column.name: column for column in self.cohort_columns}
        return own if self.more is None else {**own, **self.more.columns}

    def values(self, name: str) -> pl.Series:
        """The values of a column that a filter may name, one a row.

        Raises:
            ScoreroomError: they cannot be had of the application table.
        """
        return self.frame[name] if self.more is None or name in self.frame.columns else self.more.values(name)

    def holding(self, names: Iterable[str]) -> pl.DataFrame:
        """The frame, with those of these columns that filters may name and that it does not carry.

        Raises:
            ScoreroomError: they cannot be had of the application table, or there is no such model.
        """
        wanted = [name for name in dict.fromkeys(names) if name not in self.frame.columns]
        found = [self._scores(name) for name in wanted if name.startswith(_SCORES)]
        if self.more is not None:
            found += [self.more.values(name) for name in wanted if name in self.more.columns]
        return self.frame.hstack(found) if found else self.frame

    def _scores(self, name: str) -> pl.Series:
        if self.scores_of is None:
            raise PredictionsError(
                "Decisions of several models are known of the portfolio on the dashboard alone, and not of this table; "
                "leave out the condition on them."
            )
        return self.scores_of(name.removeprefix(_SCORES)).alias(name)


def scores_column(model: str) -> str:
    """What `Predictions.holding` calls the PDs of the model called `model`."""
    return _SCORES + model


def is_probability(column: str) -> bool:
    """Whether `column` holds PDs: those of the table, or those of a model as `Predictions.holding` calls them."""
    return column == PROBABILITY or column.startswith(_SCORES)


def make_predictions(
    applications: pl.DataFrame, definition: Definition, default_probability: pl.Series, fold: pl.Series
) -> pl.DataFrame:
    """The predictions table of `applications` (n rows), with an exposure where the definition names one.

    PDs and fold numbers are given for all n rows in the same order.
    """
    exposure = definition.roles.exposure
    return applications.select(
        pl.col(definition.id).alias(ID),
        _outcome(definition).alias(OUTCOME),
        exact_scores(default_probability).alias(PROBABILITY),
        fold.cast(pl.UInt8).alias(FOLD),
        *([pl.col(exposure).cast(pl.Float32).alias(EXPOSURE)] if exposure else []),
        *(
            cohort_values(applications[column.name], column).alias(name)
            for name, column in cohort_names(definition).items()
        ),
    )


def _outcome(definition: Definition) -> pl.Expr:
    """Whether an application defaulted, null where that is not known."""
    return pl.lit(None, pl.Boolean) if definition.target is None else pl.col(definition.target) == 1


def cohort_names(definition: Definition) -> Mapping[str, Column]:
    """The definition's cohort columns by what they are called in the predictions table (`name_on_screen`)."""
    return {name_on_screen(column, definition): column for column in definition.cohort_columns()}


def name_on_screen(column: Column, definition: Definition) -> str:
    """What a column of the definition is called beside those of the predictions.

    That is its own name, but with a low line behind it where predictions have a column of that name already.
    """
    taken, name = {*ROLE_COLUMNS, *DERIVED_COLUMNS}, column.name
    while name in taken or (name != column.name and name in definition.by_name):
        name += "_"
    return name


def cohort_values(values: pl.Series, column: Column) -> pl.Series:
    """The values of a column of the definition as the predictions table holds them; a date as its quarter."""
    if column.kind is Kind.DATE:
        return _quarters(values)
    return values.cast(pl.Float32) if column.dtype == pl.Float64() else values


def _quarters(dates: pl.Series) -> pl.Series:
    """The quarter of each date as an ordered level, such as 2024-Q3."""
    quarters = dates.dt.strftime("%Y") + "-Q" + dates.dt.quarter().cast(pl.String)
    return quarters.cast(pl.Enum(quarters.drop_nulls().unique().sort()))


def write_predictions(frame: pl.DataFrame, path: Path, source: PredictionsSource) -> None:
    """Write `frame` and its source to `path` as Parquet, whole or not at all.

    Raises:
        FileError: the place cannot be written.
    """
    write_parquet(frame, path, metadata={_METADATA: json.dumps({"format": _FORMAT, **asdict(source)})})


def own_digest(settings: Settings) -> str:
    """What the project's own predictions are told apart by, after making sure that they are what was built.

    Raises:
        ScoreroomError: they are missing or damaged.
    """
    check_built(settings, PREDICTIONS)
    return read_source(settings.predictions).digest


def load_predictions(path: Path, definition: Definition) -> Predictions:
    """The predictions in `path`, in memory; about 50 ms for 307,511 rows.

    Raises:
        FileError: there is no such file.
        PredictionsError: the file is not a table of predictions of this version.
        DamageError: it holds what predictions cannot.
    """
    source = read_source(path)
    with reading(path):
        frame = read_parquet(path)
    check_columns(path, frame.schema, definition)
    check_rows(path, frame, definition)
    return Predictions(frame, source, describe_columns(frame, definition))


def check_columns(path: Path, actual: pl.Schema, definition: Definition) -> None:
    """Raise DamageError unless `actual` is the schema of a table of predictions that `make_predictions` made."""
    expected = _expected_schema(definition)
    if actual.names() != expected.names():
        raise DamageError.from_content(path, "has other columns than predictions have")
    odd = [name for name, dtype in expected.items() if not _is_like(dtype, actual[name])]
    if odd:
        raise DamageError.from_content(path, f"holds {actual[odd[0]]} in column {odd[0]}")


def check_rows(
    path: Path, frame: pl.DataFrame, definition: Definition, applications: pl.LazyFrame | None = None
) -> None:
    """Raise DamageError unless there are rows, each with an id of its own and a PD from 0 to 1.

    Of `frame` only ids, outcomes, PDs and folds are looked at. Where `applications` are given, ids and outcomes are
    theirs.
    """
    if frame.is_empty():
        raise DamageError.from_content(path, "holds no rows")
    # NaN counts as larger than all numbers.
    is_pd = pl.col(PROBABILITY).is_between(0.0, 1.0).fill_null(value=False)
    wrong = frame.select(
        (~is_pd).sum().alias("a PD outside 0 to 1"),
        pl.col(ID).null_count().alias("no id"),
        (pl.len() - pl.col(ID).n_unique()).alias("an id that is repeated"),
    ).row(0, named=True)
    for what, n_rows in wrong.items():
        if n_rows:
            raise DamageError.from_content(path, f"has {what} in {n_rows:,} of {frame.height:,} rows")
    if applications is None:
        return
    rows = predicted(applications, frame, definition)
    rows = rows.select(pl.col(definition.id).alias(ID), _outcome(definition).alias(OUTCOME))
    if not frame.select(ID, OUTCOME).equals(rows.collect()):
        raise DamageError.from_content(path, "has other ids or outcomes than the applications at hand")


def predicted(applications: pl.LazyFrame, frame: pl.DataFrame, definition: Definition) -> pl.LazyFrame:
    """Those of `applications` that the predictions in `frame` were made of, in their order."""
    score = brought_score(definition)
    # What no model has predicted has no fold.
    if score is not None and frame[FOLD].null_count() == frame.height:
        applications = applications.filter(brought_pd(score, definition).is_not_null())
    return applications


def _expected_schema(definition: Definition) -> pl.Schema:
    empty = pl.DataFrame(schema=definition.polars_schema())
    nothing = pl.Series([], dtype=pl.Float32)
    return make_predictions(empty, definition, nothing, nothing).schema


def _is_like(expected: pl.DataType, actual: pl.DataType) -> bool:
    if isinstance(expected, pl.Enum) and isinstance(actual, pl.Enum):
        # Levels that the definition does not list follow its own.
        return actual.categories[: len(expected.categories)].equals(expected.categories)
    return actual == expected


def read_source(path: Path) -> PredictionsSource:
    """Where the predictions in `path` came from; reads the file's footer only.

    Raises:
        FileError: there is no such file.
        PredictionsError: the file is not a table of predictions of this version.
    """
    check_readable(path)
    try:
        with reading(path):
            actual = json.loads(pl.read_parquet_metadata(path).get(_METADATA, "{}"))
            written = actual.pop("format", None)
            if written == _FORMAT or (written == _WITHOUT_OPEN and not actual.get("n_open")):
                return read_typed(PredictionsSource, actual)
    except DamageError:
        raise PredictionsError.from_foreign_file(path) from None
    raise PredictionsError.from_foreign_file(path)


def describe_columns(frame: pl.DataFrame, definition: Definition) -> tuple[CohortColumn, ...]:
    """What each cohort column of `frame` is, in the words of the definition where it knows the column."""
    # Under its own name, a column of an imported file is known as well.
    known = {**definition.by_name, **cohort_names(definition)}
    names = [name for name in frame.columns if name not in ROLE_COLUMNS]
    dtypes = frame.schema
    ends = _ends(frame, [name for name in names if not isinstance(dtypes[name], pl.Enum)], known)
    described = (describe_column(name, dtypes[name], ends.get(name), known.get(name)) for name in names)
    return tuple(replace(column, currency=definition.currency) for column in described)


def _ends(
    frame: pl.DataFrame, names: Sequence[str], known: Mapping[str, Column]
) -> Mapping[str, tuple[float | None, float | None]]:
    quantities = {name: _quantities(name, known.get(name)) for name in names}
    ends = frame.select(
        pl.struct(each.min().alias("low"), each.max().alias("high")).alias(name) for name, each in quantities.items()
    )
    return {name: (ends[name][0]["low"], ends[name][0]["high"]) for name in names}


def _quantities(name: str, known: Column | None) -> pl.Expr:
    values = pl.col(name)
    if known is None or not known.special:
        return values
    # As floats: somebody's own column of that name may be too narrow to hold a special value.
    return values.filter(~values.cast(pl.Float64).is_in(known.special_values))


def describe_column(
    name: str, dtype: pl.DataType, ends: tuple[float | None, float | None] | None, known: Column | None
) -> CohortColumn:
    """What a column of this dtype is, in the words of the definition's column where it is `known`."""
    low, high = ends or (None, None)
    is_levels = isinstance(dtype, pl.Enum)
    return CohortColumn(
        name=name,
        label=known.label if known else name,
        description=known.description if known else "",
        group=known.group if known else "Columns of the file",
        kind=CohortKind.LEVELS if is_levels else CohortKind.RANGE,
        levels=tuple(dtype.categories.to_list()) if isinstance(dtype, pl.Enum) else (),
        minimum=low,
        maximum=high,
        taken_from=known.name if known and known.name != name else "",
        unit=known.unit if known else Unit.NONE,
        level_labels=_level_labels(known, is_levels=is_levels) if known else (),
        special=known.special if known and not is_levels else (),
        is_date=dtype == pl.Date,
    )


def _level_labels(known: Column, *, is_levels: bool) -> tuple[tuple[str, str], ...]:
    if is_levels:
        return known.level_labels
    return _NO_YES if known.kind is Kind.FLAG else ()
