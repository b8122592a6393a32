"""Importing someone else's predictions: any Parquet or CSV that holds an outcome and a probability."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import polars as pl

from data.errors import FileError, PredictionsError
from data.opening import PARQUET, check_readable, kind_of, open_readable, unpacked
from data.predictions import (
    DERIVED_COLUMNS,
    EXPOSURE,
    FOLD,
    ID,
    OUTCOME,
    PROBABILITY,
    REQUIRED,
    Predictions,
    PredictionsSource,
    describe_columns,
)
from data.scores import exact_scores
from data.storage import read_parquet, sha256_of

ROLES: Mapping[str, str] = MappingProxyType(
    {"id": ID, "outcome": OUTCOME, "probability": PROBABILITY, "fold": FOLD, "exposure": EXPOSURE}
)
# Names by which a role is known without being told, in order of preference; compared without case or punctuation.
_KNOWN_AS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        ID: ("applicationid", "skidcurr", "id"),
        OUTCOME: ("isdefault", "target", "outcome", "default", "ytrue", "label", "observed", "actual"),
        PROBABILITY: (
            "defaultprobability", "probability", "pd", "probabilityofdefault", "proba", "predictionproba", "ypredproba",
            "yproba", "proba1", "prob1", "probability1", "yscore", "score", "prediction", "predicted", "ypred",
        ),
        FOLD: ("fold",),
        EXPOSURE: ("exposure", "ead", "amtcredit"),
    }
)  # fmt: skip
_OTHER_SEPARATORS = (";", "\t", "|")
_OUTCOME_WORDS = {"true": 1.0, "yes": 1.0, "y": 1.0, "false": 0.0, "no": 0.0, "n": 0.0}
MOST_LEVELS = 256
_LARGEST = 2.0**53 - 1
_RESERVED = frozenset({*ROLES.values(), *DERIVED_COLUMNS})


def parse_mapping(texts: Iterable[str]) -> dict[str, str]:
    """Role column by column of the file, from texts such as `score=probability`.

    Raises:
        PredictionsError: a text is not COLUMN=ROLE, a role is unknown, or a role or column is named twice.
    """
    mapping: dict[str, str] = {}
    for text in texts:
        name, equals, role = text.rpartition("=")
        if not equals or not name or role not in ROLES:
            raise PredictionsError.from_bad_mapping(text, "is not COLUMN=ROLE", f"roles are {', '.join(ROLES)}")
        if name in mapping or ROLES[role] in mapping.values():
            raise PredictionsError.from_bad_mapping(text, "names a column or a role twice", "name each once")
        mapping[name] = ROLES[role]
    return mapping


def import_predictions(path: Path, mapping: Mapping[str, str] = MappingProxyType({})) -> Predictions:
    """Open `path` (Parquet or CSV) as predictions; `mapping` gives role columns that its names do not tell.

    Every column that has no role becomes a cohort column where it can: text of up to 256 levels, flags and numbers.

    Raises:
        FileError: the file is missing, empty or no table.
        PredictionsError: the outcome or the probability is missing or holds values that cannot be used.
    """
    table = _read(path)
    roles = _assign_roles(path, table, mapping)
    _check_outcome(path, table, roles[OUTCOME])
    _check_probability(path, table, roles[PROBABILITY])
    frame, notices = _shape(table, roles)
    told = repr(sorted(roles.items())).encode()
    digest = hashlib.sha256(sha256_of(path).encode() + told).hexdigest()
    source = PredictionsSource(path.name, digest, is_imported=True, notices=tuple(notices))
    used = {word: roles[column] for word, column in ROLES.items() if column in roles and column in frame.columns}
    return Predictions(frame, source, describe_columns(frame), used)


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


def _read(path: Path) -> pl.DataFrame:
    check_readable(path)
    try:
        table = read_parquet(path) if kind_of(path) == PARQUET else _read_csv(path)
    except pl.exceptions.NoDataError:
        raise FileError.from_empty(path) from None
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0][:160]
        raise FileError.from_unreadable(path, f"cannot be read as a table ({reason})", "bring Parquet or CSV") from None
    if table.is_empty():
        raise FileError.from_empty(path)
    if table.width == 1 and (found := [mark for mark in _OTHER_SEPARATORS if mark in table.columns[0]]):
        raise FileError.from_no_table(path, f"the header is separated by {found[0]!r}")
    return table


def _read_csv(path: Path) -> pl.DataFrame:
    with open_readable(path) as handle, unpacked(path, kind_of(path), handle) as stream:
        content = stream.read()
    try:
        return pl.read_csv(content, infer_schema_length=10_000)
    except pl.exceptions.ComputeError:
        # A column that looks whole for 10,000 rows may hold a decimal or a word later: look at every row then.
        return pl.read_csv(content, infer_schema_length=None)


def _assign_roles(path: Path, table: pl.DataFrame, mapping: Mapping[str, str]) -> dict[str, str]:
    unknown = [name for name in mapping if name not in table.columns]
    if unknown:
        raise PredictionsError.from_bad_mapping(
            f"{unknown[0]}=...", f"{path.name} has no such column", f"its columns are {', '.join(table.columns[:8])}"
        )
    roles = {role: name for name, role in mapping.items()}
    plain = {_plain(name): name for name in reversed(table.columns) if name not in mapping}
    for role, known in _KNOWN_AS.items():
        if role not in roles and (found := next((plain[name] for name in known if name in plain), None)):
            roles[role] = found
    for role in REQUIRED:
        if role not in roles:
            word = next(word for word, column in ROLES.items() if column == role)
            raise PredictionsError.from_missing_role(path, word, table.columns)
    return roles


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _check_outcome(path: Path, table: pl.DataFrame, name: str) -> None:
    usable = _outcome(table[name]).is_in([0.0, 1.0]).fill_null(False)
    _refuse(path, table[name], ~usable, "0 or 1 in every row")


def _check_probability(path: Path, table: pl.DataFrame, name: str) -> None:
    numbers = _number(table[name])
    expected = "a probability from 0 to 1 in every row"
    if numbers.is_between(0, 100).fill_null(False).all():
        expected += " (these look like percentages: divide them by 100)"
    _refuse(path, table[name], ~numbers.is_between(0, 1).fill_null(False), expected)


def _refuse(path: Path, values: pl.Series, wrong: pl.Series, expected: str) -> None:
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise PredictionsError.from_bad_column(
            path, values.name, int(wrong.sum()), f"{values[row]!r} in row {row + 1:,}", expected
        )


def _outcome(values: pl.Series) -> pl.Series:
    numbers = _number(values)
    if values.dtype != pl.String:
        return numbers
    words = values.str.to_lowercase().replace_strict(_OUTCOME_WORDS, default=None, return_dtype=pl.Float64)
    return words.fill_null(numbers)


def _number(values: pl.Series) -> pl.Series:
    return values.cast(pl.Float64, strict=False)


def _shape(table: pl.DataFrame, roles: Mapping[str, str]) -> tuple[pl.DataFrame, list[str]]:
    notices: list[str] = []
    columns = [
        (_outcome(table[roles[OUTCOME]]) == 1).alias(OUTCOME),
        exact_scores(table[roles[PROBABILITY]]).alias(PROBABILITY),
        *_optional_roles(table, roles, notices),
    ]
    # The exposure stays a cohort column too where its name is free: an amount is something that cohorts are cut by.
    taken = {name for role, name in roles.items() if role != EXPOSURE or name == EXPOSURE}
    others = [name for name in table.columns if name not in taken]
    cohort = {name: _cohort_series(table[name]) for name in others if _can_be_named(name)}
    kept = [series for series in cohort.values() if series is not None]
    left_out = [name for name in others if cohort.get(name) is None]
    if left_out:
        notices.append(
            f"Left out as cohort columns (more than {MOST_LEVELS} levels, dates, lists, numbers beyond "
            f"{_LARGEST:.0e}, no name, or one that is taken): {', '.join(name or '(no name)' for name in left_out)}."
        )
    return pl.DataFrame([*columns, *kept]), notices


def _can_be_named(name: str) -> bool:
    # In links and on the screen a tilde marks what is no column, and an empty name that none is chosen.
    return bool(name) and not name.startswith("~") and name not in _RESERVED


def _optional_roles(table: pl.DataFrame, roles: Mapping[str, str], notices: list[str]) -> Iterable[pl.Series]:
    if name := roles.get(ID):
        if table[name].null_count() or table[name].n_unique() < table.height:
            notices.append(
                f"Column {name} does not identify its rows (missing or repeated values); it is not used as id."
            )
        else:
            yield table[name].alias(ID)
    if name := roles.get(FOLD):
        fold = _number(table[name])
        if fold.is_between(0, 255).fill_null(False).all():
            yield fold.cast(pl.UInt8).alias(FOLD)
        else:
            notices.append(f"Column {name} is not a fold number from 0 to 255; it is not used as fold.")
    if name := roles.get(EXPOSURE):
        exposure = _number(table[name]).cast(pl.Float32)
        if (exposure >= 0).fill_null(False).all() and exposure.is_finite().all():
            yield exposure.alias(EXPOSURE)
        else:
            notices.append(f"Column {name} has missing or negative amounts; it is not used as exposure.")


def _cohort_series(values: pl.Series) -> pl.Series | None:
    dtype = values.dtype
    if dtype.is_numeric():
        return _cohort_numbers(values)
    if dtype == pl.Boolean:
        return values.cast(pl.String).cast(pl.Enum(["false", "true"]))
    if dtype not in (pl.String, pl.Categorical, pl.Enum):
        return None
    text = values.cast(pl.String)
    levels = text.drop_nulls().unique().sort()
    return text.cast(pl.Enum(levels)) if len(levels) <= MOST_LEVELS else None


def _cohort_numbers(values: pl.Series) -> pl.Series | None:
    numbers = _number(values)
    finite = numbers.set(~numbers.is_finite().fill_null(False), None)
    # A browser's sliders know whole numbers up to here; what is larger is a hash or a key and no quantity.
    if (finite.abs() > _LARGEST).any():
        return None
    return values.shrink_dtype() if values.dtype.is_integer() else finite.cast(pl.Float32)
