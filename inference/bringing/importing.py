"""Adding a model that somebody brings to the models of a portfolio: read, converted, proven on all rows, published."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.at_hand import load_definition
from data.definition.definition import Definition
from data.definition.writing import definition_text
from data.predictions.roles.judging import ranking
from data.predictions.table import AS_IMPORTED, FOLD, ID, PROBABILITY
from data.settings import DEFINITION, Settings
from data.store.opening import reading
from data.store.records import APPLICATIONS, FileRecord, check_built
from data.store.signing import key_in_force
from data.store.storage import read_parquet
from inference.bringing.child import MATRIX, NATIVE, Child
from inference.bringing.errors import BringingError
from inference.bringing.forest import Forest
from inference.bringing.kinds import MEGABYTE, FileKind, import_limits, read_model_file
from inference.bringing.matching import match_columns
from inference.bringing.readers import FOREST, GRAPH, Asked, Facts, Plan
from inference.features.choice import FeatureChoice
from inference.features.definition_features import feature_set
from inference.features.encoding import FeatureSet, level_codes
from inference.inventory.entry import CHAMPION, ModelEntry, ModelKind
from inference.inventory.store import applications_digest, check_free, find_model, now, of_manifest, open_model, publish
from inference.model.artifact import MANIFEST, ONNX, TEXT, DefinitionRecord, Manifest, feature_records
from inference.model.decision import BAND_EDGES, DEFAULT_CUTOFF
from inference.model.export import export_onnx
from inference.model.parity import TOLERANCE, Parity, check_parity, compare
from inference.model.session import CHUNK_ROWS, OnnxBackend, ScoringSession

_PICKLE = (
    "is a pickle, which runs whatever its author put into it as soon as it is opened, with your rights; it was not "
    "opened; save the model with skops, as ONNX or in its library's own format, or say --allow-pickle if you trust "
    "whoever made it"
)
PICKLE_OPENED = "Opening a pickle: whatever its author put into it runs now, with your rights."
_TIMED_ROWS = 500
_ALONE_ROWS = 32
_ERRORS = 6


@dataclass(frozen=True, slots=True)
class Order:
    """A model file and what is said of it; see `scripts.import_model` for the words."""

    path: Path
    name: str
    output: str = ""
    trees: str = ""
    in_order: bool = False
    allow_pickle: bool = False


@dataclass(frozen=True, slots=True)
class Brought:
    """A model that was added: its entry, how it compared with its own library, notices, and microseconds a row."""

    entry: ModelEntry
    parity: Parity
    notices: tuple[str, ...]
    row_us: float
    champion_us: float | None


@dataclass(frozen=True)
class _Made:
    """The model's files (without manifest), whether it only rises and falls as the definition asks, its PDs."""

    files: Mapping[str, bytes]
    keeps_directions: bool
    pds: NDArray[np.float32]
    parity: Parity


def bring_model(
    settings: Settings,
    order: Order,
    *,
    say: Callable[[str], None] = lambda _: None,
    replaces: bool = False,
) -> Brought:
    """Read a model file in a process of its own, prove what it became over all applications, and publish that.

    `say` is told what goes on. The PDs of all rows are the model's own, which may have been trained on them.

    Raises:
        BringingError: the file is refused.
        UnsaidError: something is to be said first.
        ParityError: what it became differs from what its own library says; nothing was published.
        InventoryError: the name is not free.
        ScoreroomError: the portfolio is not built or damaged, or a place cannot be written.
    """
    key_in_force()
    check_free(settings, order.name, replaces=replaces)
    find_model(settings, CHAMPION)
    limits = import_limits()
    file = read_model_file(order.path, limits["MB"] * MEGABYTE)
    if file.kind is FileKind.PICKLE:
        if not order.allow_pickle:
            raise BringingError(f"{order.path}: {_PICKLE}.")
        say(PICKLE_OPENED)
    definition = load_definition(settings)
    everything = feature_set(definition)
    asked = Asked(file.kind, order.output, order.trees)
    say(f"Reading {order.path.name} as {file.kind.value}, in a process of its own.")
    with Child(file, asked, memory_mb=limits["MEMORY_MB"], seconds=limits["SECONDS"]) as child:
        facts = child.facts()
        # A graph cannot name the columns of a matrix.
        in_order = order.in_order or file.kind is FileKind.ONNX
        places = match_columns(facts.columns, facts.width, everything, in_order=in_order)
        choice = FeatureChoice(tuple(name for at, name in enumerate(everything.names) if at not in set(places)))
        features = feature_set(definition, choice)
        names = [everything.names[place] for place in places]
        levels = {str(at): tuple(level_codes(each)) for at, each in enumerate(features.features) if level_codes(each)}
        check_built(settings, APPLICATIONS)
        with reading(settings.applications):
            applications = read_parquet(settings.applications)
        say(f"Scoring {applications.height:,} applications with {facts.library} and with what the model becomes.")
        matrix = features.matrix(applications)
        np.save(child.folder / MATRIX, matrix)
        child.finish(Plan(tuple(features.names.index(name) for name in names), len(features.names), levels))
        native = np.load(child.folder / NATIVE, allow_pickle=False)
        made = _made(child.folder, native, matrix, features)
    if (outcome := definition.target) is not None:
        check_direction(made.pds, applications[outcome])
    if not made.keeps_directions:
        choice = replace(choice, is_constrained=False)
        features = feature_set(definition, choice)
    digest = applications_digest(settings)
    manifest = _manifest(made, features, choice, definition, digest, facts)
    files = {**made.files, DEFINITION: definition_text(definition).encode()}
    manifest = replace(manifest, files={name: FileRecord.of(content) for name, content in files.items()})
    notices = (*facts.notices, *_notices(features, order, facts, names))
    entry = ModelEntry(
        name=order.name,
        kind=ModelKind.IMPORTED,
        how=AS_IMPORTED,
        said=_said(order, facts, features, made),
        data_sha256=digest,
        made_at=now(),
        **of_manifest(manifest),
    )
    scores = pl.DataFrame({ID: applications[definition.id], PROBABILITY: made.pds}).with_columns(
        pl.lit(None, dtype=pl.UInt8).alias(FOLD)
    )
    entry = publish(settings, entry, {**files, MANIFEST: manifest.to_signed_json()}, scores, replaces=replaces)
    sample = applications.head(_TIMED_ROWS)
    row_us = row_microseconds(open_model(settings, entry.name), sample)
    champion_us = (
        row_microseconds(open_model(settings, CHAMPION), sample) if find_model(settings, CHAMPION).can_score else None
    )
    return Brought(entry, made.parity, notices, row_us, champion_us)


def _made(folder: Path, native: NDArray[np.float64], matrix: NDArray[np.float32], features: FeatureSet) -> _Made:
    files, keeps_directions = _files(folder, features)
    exported = OnnxBackend(files[ONNX])
    # What is not a probability is said before it is compared.
    lowest, highest = float(np.min(native, initial=np.inf)), float(np.max(native, initial=-np.inf))
    if native.shape != (len(matrix),) or not (lowest >= 0 and highest <= 1):
        raise BringingError(
            f"What the model gives is no probability: {lowest:.4g} to {highest:.4g}; name another output (--output), "
            "or bring its score as a column and calibrate that."
        )
    if np.isin(native, (0.0, 1.0)).all():
        raise BringingError(
            "What the model gives is 0 or 1 for every application, a class and no probability; name another output "
            "(--output), or export its probabilities."
        )
    parts = [exported.predict(matrix[start : start + CHUNK_ROWS]) for start in range(0, len(matrix), CHUNK_ROWS)]
    pds = np.concatenate(parts)
    _check_alone(exported, matrix, pds)
    return _Made(files, keeps_directions, pds, check_parity(native, pds, DEFAULT_CUTOFF))


def _check_alone(exported: OnnxBackend, matrix: NDArray[np.float32], pds: NDArray[np.float32]) -> None:
    """Raise BringingError where a row's PD is another one without the rows beside it, as a mean over rows makes it."""
    rows = np.linspace(0, len(matrix) - 1, min(_ALONE_ROWS, len(matrix))).astype(np.int64)
    alone = np.array([exported.predict(matrix[at : at + 1])[0] for at in rows])
    if not compare(alone, pds[rows], DEFAULT_CUTOFF).max_abs <= TOLERANCE:
        raise BringingError(
            "What it gives for an application depends on the applications that are scored with it, as a mean or a "
            "softmax over rows does; export it so that each row is scored alone."
        )


def check_direction(pds: NDArray[np.floating[Any]], outcomes: pl.Series) -> None:
    """Refuse PDs that are clearly higher for those who paid: most likely of the other class.

    `outcomes` of the same applications are 1, 0 or null. The test is that of Mann and Whitney by ranks; no chance
    result is refused at 6 standard errors.

    Raises:
        BringingError: the AUC is below one half by more than that.
    """
    found = ranking(pl.Series(pds), (outcomes == 1).cast(pl.Float64))
    if found is not None and found[1] < -_ERRORS:
        raise BringingError(
            f"Its PDs are lower for applications that defaulted (AUC {found[0]:.3f}), so they are most likely "
            "probabilities of the good outcome; name the output of the other class (--output), or train it with 1 for "
            "a default."
        )


def row_microseconds(session: ScoringSession, applications: pl.DataFrame) -> float:
    """Median time in microseconds that a model takes for the features of one application."""
    matrix = session.features.matrix(applications)
    taken = []
    for at in range(len(matrix)):
        row = matrix[at : at + 1]
        begin = time.perf_counter()
        session.score_row(row)
        taken.append(time.perf_counter() - begin)
    return float(np.median(taken)) * 1e6


def _files(folder: Path, features: FeatureSet) -> tuple[dict[str, bytes], bool]:
    """The files of the model that a child made, and whether it keeps the definition's directions."""
    if not (folder / FOREST).exists():
        return {ONNX: (folder / GRAPH).read_bytes()}, False
    import lightgbm as lgb

    try:
        forest = Forest.load(folder / FOREST)
    except (ValueError, KeyError, OSError) as error:
        raise BringingError.from_library("NumPy", error) from None
    forest.check(len(features.names))
    booster = lgb.Booster(model_str=forest.text(features.names))
    graph = export_onnx(booster, len(features.names), {}, is_single=forest.is_single)
    signs = ((at, sign) for at, sign in enumerate(features.constraints) if sign)
    keeps = all(forest.rises(at) if sign > 0 else forest.falls(at) for at, sign in signs)
    return {ONNX: graph, TEXT: booster.model_to_string().encode()}, keeps


def _manifest(
    made: _Made,
    features: FeatureSet,
    choice: FeatureChoice,
    definition: Definition,
    digest: str,
    facts: Facts,
) -> Manifest:
    return Manifest(
        product_version=_version("scoreroom"),
        training_data_sha256=digest,
        seed=0,
        settings={"imported": facts.said},
        features=feature_records(features),
        features_sha256=features.digest,
        directions=dict(features.directions),
        libraries={name: _version(name) for name in ("lightgbm", "numpy", "onnx", "onnxruntime", "polars")},
        metrics={
            "parity_rows": made.parity.n_rows,
            "parity_max_abs": made.parity.max_abs,
            "parity_flips": made.parity.flips,
        },
        cutoff=DEFAULT_CUTOFF,
        band_edges=BAND_EDGES,
        sufficiency=definition.sufficiency,
        definition=DefinitionRecord.of(features),
        levers=tuple(lever.column for lever in definition.levers),
        choice=choice,
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _said(order: Order, facts: Facts, features: FeatureSet, made: _Made) -> str:
    kept = "" if made.keeps_directions else "; directions not proven"
    return (
        f"Imported from {order.path.name[:60]}: {facts.said}; {len(features.names)} features{kept}; as its own library "
        f"says to {made.parity.max_abs:.0e} on {made.parity.n_rows:,} rows, on which it may have been trained."
    )


def _notices(features: FeatureSet, order: Order, facts: Facts, names: Sequence[str]) -> tuple[str, ...]:
    """What the numbers mean that reach the model, where its author may have meant others.

    `names` are the features that its columns are.
    """
    by_name = features.definition.by_name
    special = [name for name in features.names if name in by_name and by_name[name].special]
    in_words = {name for name, column in zip(names, facts.columns, strict=False) if column in facts.words}
    coded = [each.name for each in features.features if level_codes(each) and each.name not in in_words]
    found = []
    if not facts.columns or order.in_order:
        found.append(
            f"Its columns were taken to be the definition's features in their order, {features.names[0]} first."
        )
    if special:
        found.append(f"Special values reach the model as missing values, in {', '.join(special[:6])}.")
    if coded:
        found.append(
            f"Categories reach the model as the place of their level in the definition, in {', '.join(coded[:6])}."
        )
    return tuple(found)
