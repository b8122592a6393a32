"""The predictions table: one row an application, with what was observed, what was predicted, and cohort columns.

The same shape holds for the project's own out-of-fold predictions and for a file that somebody brings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

import polars as pl

from data import schema
from data.errors import FileError, PredictionsError
from data.scores import ScoreGrid, exact_scores
from data.storage import read_parquet, write_parquet

_METADATA = "scoreroom.predictions"
_FORMAT = 2
ID, OUTCOME, PROBABILITY, FOLD, EXPOSURE = (
    "application_id",
    "is_default",
    "default_probability",
    "fold",
    "exposure",
)
# Made from the columns above when predictions are loaded, never stored: the bin and the risk band that a PD falls
# into, and outcome and fold in words.
PD_BIN, PD_BAND, OBSERVED, FOLD_NAME = "pd_bin", "pd_band", "observed", "fold_name"
DERIVED_COLUMNS = (PD_BIN, PD_BAND, OBSERVED, FOLD_NAME)
REQUIRED = (OUTCOME, PROBABILITY)
ROLE_COLUMNS = (ID, OUTCOME, PROBABILITY, FOLD, EXPOSURE)


class CohortKind(StrEnum):
    """How a cohort column is filtered: by level or by range."""

    LEVELS = "levels"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class CohortColumn:
    """A column that cohorts can be cut by; `levels` in display order, `minimum` and `maximum` as found.

    `taken_from` is the column of somebody else's file that it was made of, in the same unit, where that has a role.
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


@dataclass(frozen=True, slots=True)
class PredictionsSource:
    """Where predictions came from: `digest` names this very table, `notices` are sentences that a reader should see.

    Of an imported table, `taken` says which column was taken for what, and `n_open` how many rows without an outcome
    were left out.
    """

    name: str
    digest: str
    is_imported: bool
    notices: tuple[str, ...] = ()
    taken: str = ""
    n_open: int = 0


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions in memory.

    `frame` holds `is_default` (Boolean), `default_probability` (Float64, 0 to 1), where known `application_id`, `fold`
    (UInt8) and `exposure` (currency units, null where not known), and the cohort columns (enums, integers, floats).
    Floats are Float32 where that holds every value exactly, else Float64; ids are whole numbers or text. `roles` gives
    for each role the column of somebody else's file that was taken for it. `grid` is what PDs are counted on, and None
    until that has been made.
    """

    frame: pl.DataFrame
    source: PredictionsSource
    cohort_columns: tuple[CohortColumn, ...]
    roles: Mapping[str, str] = field(default_factory=dict)
    grid: ScoreGrid | None = None

    @property
    def has_ids(self) -> bool:
        """Whether a row can be traced to an application."""
        return ID in self.frame.columns


def make_predictions(applications: pl.DataFrame, default_probability: pl.Series, fold: pl.Series) -> pl.DataFrame:
    """The predictions table of `applications` (n rows), given PDs and fold numbers in the same order."""
    cohort = [
        pl.col(column.name).cast(pl.Float32) if column.dtype == pl.Float64() else pl.col(column.name)
        for column in schema.cohort_columns()
    ]
    return applications.select(
        pl.col(schema.ID).alias(ID),
        (pl.col(schema.TARGET) == 1).alias(OUTCOME),
        exact_scores(default_probability).alias(PROBABILITY),
        fold.cast(pl.UInt8).alias(FOLD),
        pl.col("AMT_CREDIT").cast(pl.Float32).alias(EXPOSURE),
        *cohort,
    )


def write_predictions(frame: pl.DataFrame, path: Path, source: PredictionsSource) -> None:
    """Write `frame` and its source to `path` as Parquet, whole or not at all.

    Raises:
        FileError: the place cannot be written.
    """
    write_parquet(frame, path, metadata={_METADATA: json.dumps({"format": _FORMAT, **asdict(source)})})


def scan_predictions(path: Path) -> pl.LazyFrame:
    """The predictions in `path`, lazily.

    Raises:
        FileError: there is no such file.
        PredictionsError: the file is not a table of predictions of this version.
    """
    read_source(path)
    return pl.scan_parquet(path, glob=False)


def load_predictions(path: Path) -> Predictions:
    """The predictions in `path`, in memory; about 50 ms for 307,511 rows.

    Raises:
        FileError: there is no such file.
        PredictionsError: the file is not a table of predictions of this version.
    """
    source = read_source(path)
    frame = read_parquet(path)
    return Predictions(frame, source, describe_columns(frame))


def read_source(path: Path) -> PredictionsSource:
    """Where the predictions in `path` came from; reads the file's footer only.

    Raises:
        FileError: there is no such file.
        PredictionsError: the file is not a table of predictions of this version.
    """
    if not path.exists():
        raise FileError.from_missing(path)
    try:
        text = pl.read_parquet_metadata(path).get(_METADATA, "{}")
    except (pl.exceptions.PolarsError, OSError):
        raise PredictionsError.from_foreign_file(path) from None
    found = json.loads(text)
    if found.pop("format", None) != _FORMAT:
        raise PredictionsError.from_foreign_file(path)
    return PredictionsSource(**{**found, "notices": tuple(found["notices"])})


def sentinel_of(name: str) -> float | None:
    """The number that is no quantity in a column called `name`, or None; only for columns of numbers.

    A float: somebody's own column of that name may be too narrow to hold the number, and compares with a float only.
    """
    known = schema.BY_NAME.get(name)
    return None if known is None or known.sentinel is None else float(known.sentinel)


def describe_columns(frame: pl.DataFrame) -> tuple[CohortColumn, ...]:
    """What each cohort column of `frame` is, in the words of the schema where it knows the column."""
    names = [name for name in frame.columns if name not in ROLE_COLUMNS]
    numeric = [name for name in names if not isinstance(frame.schema[name], pl.Enum)]
    ends = _ends(frame, numeric)
    return tuple(_describe(name, frame.schema[name], ends.get(name)) for name in names)


def _ends(frame: pl.DataFrame, names: Sequence[str]) -> Mapping[str, tuple[float | None, float | None]]:
    ends = frame.select(
        pl.struct(_without_sentinel(name).min().alias("low"), _without_sentinel(name).max().alias("high")).alias(name)
        for name in names
    )
    return {name: (ends[name][0]["low"], ends[name][0]["high"]) for name in names}


def _without_sentinel(name: str) -> pl.Expr:
    values, sentinel = pl.col(name), sentinel_of(name)
    return values if sentinel is None else values.filter(values != sentinel)


def _describe(name: str, dtype: pl.DataType, ends: tuple[float | None, float | None] | None) -> CohortColumn:
    known = schema.BY_NAME.get(name)
    label, description, group = (
        (known.label, known.description, known.group.value) if known else (name, "", "Columns of the file")
    )
    if isinstance(dtype, pl.Enum):
        levels = tuple(dtype.categories.to_list())
        return CohortColumn(name, label, description, group, CohortKind.LEVELS, levels)
    low, high = ends or (None, None)
    return CohortColumn(name, label, description, group, CohortKind.RANGE, minimum=low, maximum=high)
