"""The record of a built portfolio: what each file of it must be, what it was made from, and checking a file against it.

Freshness and opening go by content: a Parquet file can be damaged anywhere behind an intact footer. A file is hashed
once a version (84 MB take 0.12 s), and this process remembers which versions it has seen.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from data.errors import DamageError
from data.settings import Settings
from data.store.opening import check_readable, is_there, read_bytes, reading
from data.store.signing import SIGNATURE, SigningError, check_signed, signed
from data.store.storage import write_atomically
from data.typed import read_typed

RECORD = "portfolio.json"
FORMAT = 1
_PURPOSE = "scoreroom.record"
APPLICATIONS, MODEL, PREDICTIONS, CONTRIBUTIONS = "applications", "model", "predictions", "contributions"
QUALITY = "quality"
_SHA256 = re.compile("[0-9a-f]{64}")
_CHUNK = 1 << 20
# A build replaces a file before it writes the record; a reader in between retries for this long.
_SETTLING_S = 1.0
_LOOK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class FileRecord:
    """The digest and the size (in bytes) that a file must have."""

    sha256: str
    size: int

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256) or self.size < 0:
            raise ValueError(f"{self.sha256[:70]!r} and {self.size} are not the digest and size of a file")

    @classmethod
    def of(cls, content: bytes) -> FileRecord:
        """The record of a file that holds `content`."""
        return cls(hashlib.sha256(content).hexdigest(), len(content))

    @classmethod
    def of_file(cls, path: Path) -> FileRecord:
        """The record of the file at `path`, read only where this process has not seen this version of it.

        Raises:
            DamageError: it is missing, is not a file, or cannot be read.
        """
        with reading(path):
            check_readable(path)
            status = path.stat()
            version = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            known = _SEEN.get(path)
            if known is None or known[0] != version:
                known = _SEEN[path] = (version, cls(*_digest(path)))
            return known[1]


# By path: the version that was hashed, and its record. One entry a file of the portfolio.
_SEEN: dict[Path, tuple[tuple[int, ...], FileRecord]] = {}


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


@dataclass(frozen=True, slots=True)
class Product:
    """One thing that was built: its files by name, and what it was made from."""

    files: Mapping[str, FileRecord]
    made_from: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class PortfolioRecord:
    """Everything that was built, by product."""

    products: Mapping[str, Product] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> bytes:
        """The record as it is stored, signed where a key is in force."""
        return orjson.dumps(signed(asdict(self), _PURPOSE), option=orjson.OPT_INDENT_2)

    @classmethod
    def load(cls, path: Path) -> PortfolioRecord:
        """The record in `path`.

        Raises:
            DamageError: it is missing, or is not a record of this format.
            SigningError: it is not signed with the key in force.
        """
        try:
            with reading(path):
                return cls.of_json(read_bytes(path), path)
        except DamageError as error:
            raise DamageError.from_record(path, error.reason) from None

    @classmethod
    def of_json(cls, content: bytes, path: Path = Path(RECORD)) -> PortfolioRecord:
        """The record that `to_json` wrote.

        Raises:
            ValueError: it is not JSON, a part is missing or wrong, or the format is another one.
            SigningError: it is not signed with the key in force.
        """
        parsed: Any = orjson.loads(content)
        if not isinstance(parsed, dict) or parsed.get("format") != FORMAT:
            raise ValueError(f"it is not a record of format {FORMAT}")
        check_signed(parsed, _PURPOSE, path)
        return _typed(content)

    def with_product(self, name: str, product: Product) -> PortfolioRecord:
        """This record with another `product`."""
        return PortfolioRecord({**self.products, name: product})


# A run of the dashboard asks for the record dozens of times, and most of that was to look at the type of each part.
@lru_cache(maxsize=4)
def _typed(content: bytes) -> PortfolioRecord:
    parsed = {name: value for name, value in orjson.loads(content).items() if name != SIGNATURE}
    return read_typed(PortfolioRecord, parsed)


def record_path(settings: Settings) -> Path:
    """The path of a portfolio's record."""
    return settings.processed / RECORD


def load_record(settings: Settings) -> PortfolioRecord:
    """The record of what was built, an empty one where it is missing or damaged: then all is to be built again."""
    try:
        return PortfolioRecord.load(record_path(settings))
    except (DamageError, SigningError):
        return PortfolioRecord()


def keep(settings: Settings, name: str, files: Iterable[str], made_from: Mapping[str, str | int]) -> None:
    """Record that `files` are the product called `name`, as the last act of building it.

    Raises:
        FileError: a file cannot be read, or the record cannot be written.
    """
    folder = folder_of(settings, name)
    kept = {file: FileRecord.of_file(folder / file) for file in files}
    record = load_record(settings).with_product(name, Product(kept, made_from))
    with write_atomically(record_path(settings)) as beside:
        beside.write_bytes(record.to_json())


def folder_of(settings: Settings, name: str) -> Path:
    """The folder that the files of a product lie in."""
    return settings.model if name == MODEL else settings.processed


def is_intact(settings: Settings, record: PortfolioRecord, name: str) -> bool:
    """Whether the files of the product `name` are unchanged since the build."""
    product = record.products.get(name)
    return product is not None and not _altered(settings, name, product)


def look_at(settings: Settings, record: PortfolioRecord) -> None:
    """Hash the files of all products on two threads, so that asking about each one afterwards takes no time."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: is_intact(settings, record, name), reversed([*record.products])))


def check_built(settings: Settings, name: str) -> None:
    """Raise unless the product called `name` is what was built.

    A model without a record is checked against its own manifest, because a model folder may come from elsewhere.

    Raises:
        DamageError: a file of it is missing, cannot be read or is another one, or nothing is known of it.
    """
    until = time.monotonic() + _SETTLING_S
    while (error := _complaint(settings, name)) is not None:
        if time.monotonic() > until or not _is_settling(settings, name):
            raise error
        time.sleep(_LOOK_AGAIN_S)


def _complaint(settings: Settings, name: str) -> DamageError | None:
    path = record_path(settings)
    try:
        record = PortfolioRecord.load(path)
    except DamageError as error:
        return None if name == MODEL and not is_there(path) else error
    product = record.products.get(name)
    if product is None:
        return None if name == MODEL else DamageError.from_record(path, f"it does not list the {name}")
    altered = _altered(settings, name, product)
    if altered:
        return altered[0]
    made = record.products.get(PREDICTIONS)
    digests = [file.sha256 for file in product.files.values()]
    if name == APPLICATIONS and made is not None and [made.made_from.get(APPLICATIONS)] != digests:
        return DamageError.from_content(settings.applications, "is another table than the predictions were made from")
    return None


def _altered(settings: Settings, name: str, product: Product) -> list[DamageError]:
    """Errors for changed files of a product; a model may lack files, because its manifest is checked too."""
    folder, wrong = folder_of(settings, name), []
    for file, expected in product.files.items():
        path = folder / file
        try:
            actual = FileRecord.of_file(path)
        except DamageError as error:
            if name != MODEL or is_there(path):
                wrong.append(error)
            continue
        if actual != expected:
            wrong.append(DamageError.from_digest(path, actual.sha256, expected.sha256))
    return wrong


def _is_settling(settings: Settings, name: str) -> bool:
    """Whether the folder of a product has changed just now."""
    try:
        return time.time() - folder_of(settings, name).stat().st_mtime < _SETTLING_S
    except OSError:
        return False
