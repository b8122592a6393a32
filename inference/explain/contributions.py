"""What each feature adds to each application's log-odds, computed once for all of them and kept in one compact file.

Contributions are exact Shapley values of the published model (`inference.explain.shapley`), stored to the nearest
0.0001 of log-odds; beside each stands the bin that the feature's value falls into.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.errors import DamageError
from data.settings import Settings
from data.store.opening import check_readable, is_there, reading
from data.store.records import CONTRIBUTIONS, check_built
from data.store.storage import read_parquet, write_parquet
from data.typed import read_typed
from inference.errors import ContributionsError
from inference.features.encoding import Feature, FeatureSet, level_codes
from inference.model.artifact import TEXT, Manifest, read_text

if TYPE_CHECKING:
    from inference.explain.shapley import ShapleyModel

Advance = Callable[[int, int], None]

MOST_NUMBERS = 24
RANGES = 20
STEP = 1e-4
LARGEST = np.iinfo(np.int16).max
_METADATA = "scoreroom.contributions"
_FORMAT = 1
# Of a feature's two columns.
_DTYPES = (pl.Int16(), pl.UInt8())
_COMPUTED, _ALL = 80, 100
# A level of a dropped file that the definition does not list.
_OTHER_LEVEL = "Not listed"


class BinKind(StrEnum):
    """What a bin of a feature's values is."""

    LEVELS = "levels"
    NUMBERS = "numbers"
    RANGES = "ranges"


@dataclass(frozen=True, slots=True)
class ValueBins:
    """How the values of one feature are told apart: bins 0 to `size` - 1, and `size` for a missing value.

    `levels` are a category's, `numbers` the distinct values where there are few, else the boundaries of ranges (one
    more than there are ranges; each holds its lower one, the last both).
    """

    kind: BinKind
    levels: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """Number of bins, the one for missing values apart."""
        if self.kind is BinKind.LEVELS:
            return len(self.levels)
        return len(self.numbers) - (self.kind is BinKind.RANGES)

    def codes(self, values: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The bin of each value; NaN is missing."""
        if self.kind is BinKind.LEVELS:
            # A level that the definition does not list is -1.
            found = np.where(values < 0, self.size - 1, values)
        else:
            edges = np.array(self.numbers, dtype=np.float32)
            inner = edges[1:-1] if self.kind is BinKind.RANGES else edges[1:]
            found = np.searchsorted(inner, values, side="right")
        return np.where(np.isnan(values), self.size, found).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class ExplainedFeature:
    """A feature of the model; its stored contributions run from `lowest` to `highest`, in steps."""

    name: str
    label: str
    lowest: int
    highest: int
    bins: ValueBins

    @property
    def code_column(self) -> str:
        """The column of value bins; that of contributions is called like the feature."""
        return f"{self.name}:bin"

    @property
    def columns(self) -> tuple[str, str]:
        """Its two columns: contributions and bins."""
        return self.name, self.code_column


@dataclass(frozen=True, slots=True)
class Header:
    """What the file of contributions says of itself; see `Contributions`."""

    digest: str
    ids_digest: str
    step: float
    base: float
    max_error: float
    features: tuple[ExplainedFeature, ...]
    format: int = _FORMAT

    def has_columns(self, found: pl.Schema) -> bool:
        """Whether `found` are the columns that this tells of, in their dtypes."""
        return dict(found) == {
            name: dtype for each in self.features for name, dtype in zip(each.columns, _DTYPES, strict=True)
        }

    def fits(self, frame: pl.DataFrame) -> bool:
        """Whether `frame` is what this says: each feature's contributions within its range, and its bins."""
        if frame.is_empty() or not self.has_columns(frame.schema) or any(frame.null_count().row(0)):
            return False
        ends = frame.select(pl.all().min().name.suffix(" min"), pl.all().max().name.suffix(" max")).row(0, named=True)
        return all(
            (ends[f"{each.name} min"], ends[f"{each.name} max"]) == (each.lowest, each.highest)
            and ends[f"{each.code_column} max"] <= each.bins.size
            for each in self.features
        )


@dataclass(frozen=True, slots=True)
class Contributions:
    """The contributions of every application, in the order of the predictions.

    `frame` has for each feature an Int16 column called like it, what it adds to the log-odds in steps of `step`, and a
    UInt8 one of value bins. `base` is the log-odds that contributions are counted from. `max_error` is the largest
    difference that rounding to steps made, in log-odds. `ids_digest` names the applications and their order.
    """

    frame: pl.DataFrame
    features: tuple[ExplainedFeature, ...]
    step: float
    base: float
    max_error: float
    ids_digest: str
    digest: str

    def are_of(self, ids: pl.Series) -> bool:
        """Whether row i belongs to application ids[i], for all of them."""
        return (ids.dtype.is_integer() or ids.dtype == pl.String) and digest_of_ids(ids) == self.ids_digest

    def log_odds(self, rows: slice) -> NDArray[np.float64]:
        """What each feature adds to some rows, in log-odds, to within half a step: (features, rows)."""
        names = [feature.name for feature in self.features]
        steps = np.stack([self.frame[name].to_numpy()[rows] for name in names])
        return steps * np.float64(self.step)


def digest_of_ids(ids: pl.Series) -> str:
    """SHA-256 over application ids, whole numbers or texts, in their order."""
    if ids.dtype.is_integer():
        return hashlib.sha256(ids.cast(pl.Int64).to_numpy().tobytes()).hexdigest()
    # With their lengths, so that texts cut elsewhere are others.
    texts = ids.cast(pl.String).fill_null("")
    digest = hashlib.sha256(texts.str.len_bytes().cast(pl.Int64).to_numpy().tobytes())
    digest.update("".join(texts).encode())
    return digest.hexdigest()


def digest_of_model(manifest: Manifest) -> str:
    """What contributions are told apart by: the trees, the data, and how the values are binned and stored."""
    # What is no forest has no contributions to be told apart.
    trees = manifest.files[TEXT].sha256 if TEXT in manifest.files else ""
    told = [trees, manifest.training_data_sha256, str((_FORMAT, STEP, MOST_NUMBERS, RANGES))]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def build_contributions(
    applications: pl.DataFrame, features: FeatureSet, directory: Path, path: Path, progress: Advance
) -> None:
    """Compute the contributions of all `applications` to the model published in `directory` and write them to `path`.

    Raises:
        ArtifactError: the directory holds no model, or its text is missing or altered.
        ContributionsError: the model cannot be explained exactly.
        FileError: the place cannot be written.
    """
    from inference.explain.shapley import ShapleyModel

    manifest = Manifest.load(directory)
    text = read_text(directory, manifest)
    with reading(directory / TEXT):
        model = ShapleyModel(text)
    made = make_contributions(
        applications, model, digest=digest_of_model(manifest), features=features, progress=progress
    )
    write_contributions(made, path)
    progress(_ALL, _ALL)


def make_contributions(
    applications: pl.DataFrame,
    model: ShapleyModel,
    *,
    digest: str,
    features: FeatureSet,
    progress: Advance | None = None,
) -> Contributions:
    """The contributions of all `applications`, whose model is told apart by `digest`.

    Raises:
        FeatureError: the table lacks a column.
    """
    matrix = features.matrix(applications)
    values = _values(model, matrix, progress)
    largest = float(np.abs(values).max(initial=0.0))
    # A contribution too large for 16 bits makes all steps longer.
    step = max(STEP, largest / LARGEST)
    explained, columns, max_error = [], [], 0.0
    for feature, contribution, value in zip(features.features, values, matrix.T, strict=True):
        stored = np.rint(contribution / np.float64(step)).astype(np.int16)
        bins = _bins(feature, value)
        found = ExplainedFeature(feature.name, feature.label, int(stored.min()), int(stored.max()), bins)
        max_error = max(max_error, float(np.abs(stored * np.float64(step) - contribution).max()))
        columns += [pl.Series(found.name, stored), pl.Series(found.code_column, bins.codes(value))]
        explained.append(found)
    ids = digest_of_ids(applications[features.definition.id])
    return Contributions(pl.DataFrame(columns), tuple(explained), step, model.base, max_error, ids, digest)


def _values(model: ShapleyModel, matrix: NDArray[np.float32], progress: Advance | None) -> NDArray[np.float32]:
    """Contributions, float32 (features, rows)."""
    values = np.empty(matrix.shape[::-1], dtype=np.float32)

    def keep(rows: slice, block: NDArray[np.float64]) -> None:
        values[:, rows] = block

    def advance(done: int, total: int) -> None:
        if progress:
            progress(_COMPUTED * done // total, _ALL)

    model.each_block(matrix, keep, advance)
    return values


def _bins(feature: Feature, values: NDArray[np.float32]) -> ValueBins:
    levels = tuple(level_codes(feature))
    if levels:
        other = (_OTHER_LEVEL,) if np.any(values < 0) else ()
        return ValueBins(BinKind.LEVELS, levels=levels + other)
    ordered = np.sort(values[~np.isnan(values)])
    starts = np.flatnonzero(np.diff(ordered, prepend=-np.inf))
    if starts.size <= MOST_NUMBERS:
        return ValueBins(BinKind.NUMBERS, numbers=tuple(ordered[starts].tolist()))
    # Many equal values take several quantiles: their ranges fall together.
    edges = np.unique(ordered[np.linspace(0, ordered.size - 1, RANGES + 1).round().astype(np.int64)])
    return ValueBins(BinKind.RANGES, numbers=tuple(edges.tolist()))


def write_contributions(contributions: Contributions, path: Path) -> None:
    """Write the contributions to `path` as Parquet, whole or not at all.

    Raises:
        FileError: the place cannot be written.
    """
    told = asdict(
        Header(
            contributions.digest,
            contributions.ids_digest,
            contributions.step,
            contributions.base,
            contributions.max_error,
            contributions.features,
        )
    )
    write_parquet(contributions.frame, path, metadata={_METADATA: json.dumps(told)})


def open_contributions(settings: Settings, manifest: Manifest) -> Contributions:
    """The portfolio's contributions, in memory, after making sure that they are what was built.

    Raises:
        ContributionsError: there are none, or those of another model than `manifest` describes.
        DamageError: they are damaged.
    """
    if not is_there(settings.contributions):
        raise ContributionsError.from_missing(settings.contributions)
    check_built(settings, CONTRIBUTIONS)
    found = load_contributions(settings.contributions)
    if found.digest != digest_of_model(manifest):
        raise ContributionsError.from_other_model()
    return found


def load_contributions(path: Path) -> Contributions:
    """The contributions in `path`, in memory.

    Raises:
        ContributionsError: there is no such file, or it holds no contributions of this version.
    """
    header = read_header(path)
    try:
        with reading(path):
            # One piece a column, so that it is read as an array without being copied.
            frame = read_parquet(path).rechunk()
    except DamageError:
        raise ContributionsError.from_foreign_file(path) from None
    if not header.fits(frame):
        raise ContributionsError.from_foreign_file(path)
    return Contributions(
        frame, header.features, header.step, header.base, header.max_error, header.ids_digest, header.digest
    )


def read_header(path: Path) -> Header:
    """What the contributions in `path` say of themselves; reads the file's footer only.

    Raises:
        ContributionsError: there is no such file, or it holds no contributions of this version.
    """
    if not is_there(path):
        raise ContributionsError.from_missing(path)
    try:
        with reading(path):
            check_readable(path)
            header = read_typed(Header, json.loads(pl.read_parquet_metadata(path).get(_METADATA, "{}")))
    except DamageError:
        raise ContributionsError.from_foreign_file(path) from None
    if header.format != _FORMAT or header.step <= 0:
        raise ContributionsError.from_foreign_file(path)
    return header
