"""What a model file is, by its first bytes, and whether it is small enough to be looked at; nothing of it is run."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from data.settings import Setting, read_whole, values_in_force
from data.store.opening import open_readable
from inference.bringing.errors import BringingError

MEGABYTE = 1_000_000
BRINGING_SETTINGS: tuple[Setting, ...] = (
    Setting("SCOREROOM_IMPORT_MB", "200", "largest model file that `scripts.import_model` opens, in MB"),
    Setting("SCOREROOM_IMPORT_MEMORY_MB", "6000", "address space in MB of the process that reads a model file"),
    Setting(
        "SCOREROOM_IMPORT_SECONDS", "600", "seconds that reading a model file may take, and scoring all rows with it"
    ),
)
_MOST_MEMBERS = 10_000
# A skops file holds its arrays uncompressed or nearly so; what unpacks to more than this is not opened.
_UNPACKED = 4
_PICKLES = (".pkl", ".pickle", ".joblib")
_PACKED = (b"\x1f\x8b", b"\x78", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")
# What LightGBM and CatBoost write as JSON begins with; XGBoost's own file has one of these names too.
_DUMPS = (b'"tree_info"', b'"feature_infos"', b'"oblivious_trees"', b'"features_info"')
_HEAD = 4_096


class FileKind(StrEnum):
    """A kind of model file, as people call it."""

    LIGHTGBM = "LightGBM text"
    XGBOOST = "XGBoost JSON or UBJ"
    CATBOOST = "CatBoost cbm"
    SKOPS = "scikit-learn (skops)"
    PICKLE = "pickle"
    ONNX = "ONNX"


def import_limits(environment: Mapping[str, str] = os.environ) -> dict[str, int]:
    """The settings in force, by the last word of their names.

    Raises:
        SettingError: a value is no whole number above 0.
    """
    texts = values_in_force(BRINGING_SETTINGS, environment)
    return {name.removeprefix("SCOREROOM_IMPORT_"): read_whole(name, text, at_least=1) for name, text in texts.items()}


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file as it was read, once: what was looked at is what is opened afterwards."""

    kind: FileKind
    content: bytes


def read_model_file(path: Path, most_bytes: int) -> ModelFile:
    """The model file at `path`.

    Raises:
        FileError: it is missing, no file, or cannot be read.
        BringingError: it is larger than `most_bytes`, or no kind of model that is read.
    """
    with open_readable(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise BringingError(
                f"{path}: has {size / MEGABYTE:,.0f} MB, more than the {most_bytes / MEGABYTE:,.0f} MB that are "
                "opened; set SCOREROOM_IMPORT_MB higher if you trust it."
            )
        content = file.read(most_bytes)
    kind = _kind(path, content[:_HEAD])
    if kind is FileKind.SKOPS:
        _check_archive(path, content, most_bytes)
    return ModelFile(kind, content)


def _kind(path: Path, head: bytes) -> FileKind:
    suffix, start = path.suffix.lower(), head.lstrip()
    if suffix in _PICKLES or (head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05"):
        return FileKind.PICKLE
    if start.startswith(b"tree") and b"version=" in head:
        return FileKind.LIGHTGBM
    if head.startswith(b"CBM1"):
        return FileKind.CATBOOST
    if head.startswith(b"PK\x03\x04"):
        return FileKind.SKOPS
    if start.startswith(b"{"):
        if b'"learner"' not in head and any(name in head for name in _DUMPS):
            raise _refused(path, "is a dump of trees as JSON", "save LightGBM as text and CatBoost as cbm")
        return FileKind.XGBOOST
    if head.startswith(_PACKED):
        raise _refused(path, "is compressed", "unpack it")
    # Field 1 of an ONNX model, its version, a small number.
    if head[:1] == b"\x08" and 0 < (head[1:2] or b"\0")[0] < 64:
        return FileKind.ONNX
    raise _refused(
        path,
        "is no model file that is read here" if head.strip(b"\0") else "is empty",
        "bring LightGBM text, XGBoost JSON or UBJ, CatBoost cbm, a skops file or ONNX",
    )


def _refused(path: Path, what: str, fix: str) -> BringingError:
    return BringingError(f"{path}: {what}; {fix}.")


def _check_archive(path: Path, content: bytes, most_bytes: int) -> None:
    """Raise BringingError where a zip archive is no skops file, or unpacks to much more than itself."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError):
        raise _refused(path, "is not a whole zip archive", "save it again") from None
    if "schema.json" not in {each.filename for each in members}:
        raise _refused(path, "is a zip archive without schema.json, so no skops file", "save it with skops.io.dump")
    unpacked = sum(each.file_size for each in members)
    if len(members) > _MOST_MEMBERS or unpacked > _UNPACKED * most_bytes:
        raise _refused(
            path,
            f"holds {len(members):,} parts that unpack to {unpacked / MEGABYTE:,.0f} MB, more than is opened",
            "save it again, or set SCOREROOM_IMPORT_MB higher if you trust it",
        )
