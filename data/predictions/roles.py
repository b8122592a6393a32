"""Assign roles to the columns of an imported table: from --map, or from their names and values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import polars as pl

from data.definition.definition import Definition
from data.errors import PredictionsError
from data.predictions.cells import are_classes, are_missing, numbers_of
from data.predictions.table import EXPOSURE, FOLD, ID, OUTCOME, PROBABILITY, REQUIRED

# A probability in percent; it plays the probability's role once it has been divided by 100.
PERCENT = "percent"
ROLES: Mapping[str, str] = MappingProxyType(
    {"id": ID, "outcome": OUTCOME, "probability": PROBABILITY, PERCENT: PERCENT, "fold": FOLD, "exposure": EXPOSURE}
)
# Names by which a role is known without being told, in order of preference; compared without case or punctuation. The
# first is the role's own name, which decides where others fit as well.
_KNOWN_AS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        ID: ("applicationid", "id"),
        OUTCOME: (
            "isdefault",
            "target",
            "outcome",
            "default",
            "defaulted",
            "isbad",
            "bad",
            "badflag",
            "defaultflag",
            "ytrue",
            "label",
            "observed",
            "actual",
            "y",
        ),
        PROBABILITY: (
            "defaultprobability",
            "probability",
            "pd",
            "probabilityofdefault",
            "probabilitydefault",
            "probdefault",
            "proba",
            "prob",
            "predictionproba",
            "ypredproba",
            "yproba",
            "yprob",
            "proba1",
            "prob1",
            "probability1",
            "yscore",
            "score",
            "prediction",
            "predicted",
            "ypred",
            "phat",
            "pdhat",
        ),
        FOLD: ("fold",),
        EXPOSURE: ("exposure", "ead"),
    }
)
_PD_ROLES = frozenset({PROBABILITY, PERCENT})
OUTCOME_WORDS = {"true": 1.0, "yes": 1.0, "y": 1.0, "false": 0.0, "no": 0.0, "n": 0.0}
# A column with a few wrong cells is still the one that is meant: it is taken, and the cells are complained of.
_MOSTLY = 0.9
_PD_WORDS = frozenset({"pd", "prob", "proba", "probability", "score", "prediction", "predicted", "pred"})
_WORDS_ON_SCREEN = {OUTCOME: "outcome", PROBABILITY: "PD", ID: "id", EXPOSURE: "exposure", FOLD: "fold"}
# A browser's sliders know whole numbers up to here; what is larger is a hash or a key and no quantity.
LARGEST = 2.0**53 - 1


_WITHIN_64_BITS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)


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
        is_second_pd = ROLES[role] in _PD_ROLES and not _PD_ROLES.isdisjoint(mapping.values())
        if name in mapping or ROLES[role] in mapping.values() or is_second_pd:
            raise PredictionsError.from_bad_mapping(text, "names a column or a role twice", "name each once")
        mapping[name] = ROLES[role]
    return mapping


def assign_roles(path: Path, table: pl.DataFrame, definition: Definition, mapping: Mapping[str, str]) -> dict[str, str]:
    """The column of `table` by role: as `mapping` says, else the only one whose name and values fit.

    Names by which a role is known are the definition's and the usual ones. Where the values of none fit, the first by
    name is taken, so that what is wrong with it can be said.

    Raises:
        PredictionsError: `mapping` names a column that is not there, two columns fit one role, or the outcome or the
            probability is missing.
    """
    unknown = [name for name in mapping if name not in table.columns]
    if unknown:
        raise PredictionsError.from_bad_mapping(
            f"{unknown[0]}=...", f"{path.name} has no such column", f"its columns are {', '.join(table.columns[:8])}"
        )
    roles = {role: name for name, role in mapping.items()}
    for role, known in _known_as(definition).items():
        if role not in roles and (found := _found(path, table.drop(list(mapping)), role, known)) is not None:
            roles[role] = found
    for role in REQUIRED:
        if role not in roles:
            raise PredictionsError.from_missing_role(path, word_of(role), table.columns)
    return roles


def word_roles(table: pl.DataFrame, roles: Mapping[str, str], *, is_percent: bool = False) -> str:
    """What was taken for which role, in a few words; `is_percent` where the PD was given in percent.

    Of an outcome in words those are told that were read as a default.
    """
    parts = []
    for role, name in roles.items():
        is_text = role == OUTCOME and not (table[name].dtype.is_numeric() or table[name].dtype == pl.Boolean)
        words = sorted({str(cell) for cell in table[name].filter(outcomes_of(table[name]) == 1)}) if is_text else []
        words = [f"{' or '.join(words)} = default"] if words else []
        words += ["percent"] if role == PROBABILITY and is_percent else []
        parts.append((role, f"{_WORDS_ON_SCREEN[role]} from {name}" + (f" ({', '.join(words)})" if words else "")))
    order = list(_WORDS_ON_SCREEN)
    return ", ".join(text for _, text in sorted(parts, key=lambda part: order.index(part[0])))


def like_probabilities(table: pl.DataFrame, roles: Mapping[str, str]) -> Iterator[str]:
    """The columns without a role that hold and are called what a PD could be."""
    for name in table.columns:
        is_called_so = _plain(name) in _KNOWN_AS[PROBABILITY] or _PD_WORDS.intersection(
            re.split(r"[^a-z0-9]+", name.lower())
        )
        if is_called_so and name not in roles.values() and _fits(PROBABILITY, table[name]):
            yield name


def outcomes_of(values: pl.Series) -> pl.Series:
    """The outcomes as Float64, 1 for a default and 0 for none; null, or another number, where a cell is neither."""
    numbers = numbers_of(values)
    if values.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return numbers
    bare = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    return bare.replace_strict(OUTCOME_WORDS, default=None, return_dtype=pl.Float64).fill_null(numbers)


def ids_of(values: pl.Series) -> pl.Series | None:
    """The ids with every digit, as Int64 or text; None where they are of a kind that names no row."""
    dtype = values.dtype
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return values.cast(pl.String)
    if dtype.is_float():
        is_whole = bool((values == values.floor()).all()) and bool((values.abs() <= LARGEST).all())
        return values.cast(pl.Int64) if is_whole else None
    if not (dtype.is_integer() or dtype.is_decimal()):
        return None
    if dtype in _WITHIN_64_BITS:
        return values.cast(pl.Int64)
    whole = values.cast(pl.Int64, strict=False)
    is_same = whole.null_count() == values.null_count() and bool((whole.cast(dtype) == values).all())
    return whole if is_same else values.cast(pl.String)


def _known_as(definition: Definition) -> Mapping[str, tuple[str, ...]]:
    """The names by which each role is known: the role's own, the definition's, and the usual ones."""
    known = dict(_KNOWN_AS)
    for role, name in ((ID, definition.id), (OUTCOME, definition.target), (EXPOSURE, definition.roles.exposure)):
        if name:
            first, *others = known[role]
            # An amount is one exposure of several: any that says so comes first.
            order = (first, *others, _plain(name)) if role == EXPOSURE else (first, _plain(name), *others)
            known[role] = tuple(dict.fromkeys(order))
    return known


def _found(path: Path, table: pl.DataFrame, role: str, known: tuple[str, ...]) -> str | None:
    named = sorted(
        (name for name in table.columns if _plain(name) in known), key=lambda name: known.index(_plain(name))
    )
    fitting = [name for name in named if _fits(role, table[name])]
    if not fitting:
        return named[0] if named else None
    first = fitting[0]
    # Identical columns are not ambiguous.
    others = [name for name in fitting[1:] if not _say_the_same(table[first], table[name])]
    if others and _plain(first) != known[0]:
        raise PredictionsError.from_two_candidates(path, word_of(role), [first, *others])
    return first


def _fits(role: str, values: pl.Series) -> bool:
    if role == ID:
        return ids_of(values) is not None and not values.null_count() and values.n_unique() == len(values)
    numbers = outcomes_of(values) if role == OUTCOME else numbers_of(values)
    missing = are_missing(values)
    given = numbers.filter(~missing) if missing.any() else numbers
    if role == OUTCOME:
        fits = are_classes(given)
    else:
        fits = given.is_between(0, {PROBABILITY: 1, FOLD: 255}.get(role, LARGEST))
    # Classes are not PDs, even under the name of one.
    is_class = role == PROBABILITY and bool(are_classes(given).all())
    share = fits.fill_null(value=False).mean()
    return bool(len(given)) and float(str(share or 0.0)) >= _MOSTLY and not is_class


def _say_the_same(one: pl.Series, other: pl.Series) -> bool:
    return bool(one.dtype == other.dtype and one.equals(other, check_names=False, null_equal=True))


def word_of(role: str) -> str:
    return next(word for word, column in ROLES.items() if column == role)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
