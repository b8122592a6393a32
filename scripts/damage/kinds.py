"""The kinds of damage: what may befall each file of a built portfolio on a disk, in a copy, or by somebody's hand."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from data.home_credit import embedded
from data.settings import Settings
from data.store.records import FileRecord, folder_of, record_path
from inference.model.artifact import MANIFEST, ONNX, PICKLE, TEXT

Act = Callable[[Settings], None]
Change = Callable[[pl.DataFrame], pl.DataFrame]

PRODUCTS = ("applications", "predictions", "contributions")
_PAGE = 4_096


@dataclass(frozen=True, slots=True)
class Damage:
    """One kind of damage to one file.

    `needs_user` marks damage that does not stop root. `is_forged` marks plausible content with a
    manifest or record to match, which only a build can detect, because it checks all of them.
    """

    name: str
    act: Act
    needs_user: bool = False
    is_forged: bool = False


def places(settings: Settings) -> Mapping[str, Path]:
    """The files of a portfolio by name."""
    return {
        **{f"{name}.parquet": settings.processed / f"{name}.parquet" for name in PRODUCTS},
        **{name: settings.model / name for name in (MANIFEST, ONNX, TEXT, PICKLE)},
        record_path(settings).name: record_path(settings),
    }


def all_damages() -> tuple[Damage, ...]:
    """Every kind, by a name of its own."""
    damages = (*_of_files(), *_of_tables(), *_of_json(), *_of_models(), *_without_rights())
    assert len({damage.name for damage in damages}) == len(damages)
    return damages


# Of any file: bytes that went, came or changed, and what else may stand in its place.


def _of_files() -> Iterator[Damage]:
    names = [*(f"{name}.parquet" for name in PRODUCTS), MANIFEST, ONNX, TEXT, PICKLE, "portfolio.json"]
    for name in names:
        for what, change in _BYTES.items():
            yield Damage(f"{name}: {what}", partial(_change_bytes, name=name, change=change))
        for what, put in _INSTEAD.items():
            yield Damage(f"{name}: {what}", partial(_put_instead, name=name, put=put))
        other = names[(names.index(name) + 1) % len(names)]
        yield Damage(f"{name}: {other} in its place", partial(_swap_in, name=name, other=other))


def _flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]


def _zeroed(content: bytes, share: float) -> bytes:
    at = int(share * len(content))
    return content[:at] + bytes(len(content[at : at + _PAGE])) + content[at + _PAGE :]


_BYTES: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut to a tenth": lambda content: content[: len(content) // 10],
    "cut to half": lambda content: content[: len(content) // 2],
    "last byte cut": lambda content: content[:-1],
    "first byte flipped": lambda content: _flipped(content, 0),
    "a byte at a third flipped": lambda content: _flipped(content, len(content) // 3),
    "a byte in the middle flipped": lambda content: _flipped(content, len(content) // 2),
    "last byte flipped": lambda content: _flipped(content, len(content) - 1),
    "a byte near the end flipped": lambda content: _flipped(content, len(content) - 40),
    "a page in the middle zeroed": lambda content: _zeroed(content, 0.5),
    "bytes appended": lambda content: content + b"\0" * 100,
    "other bytes": lambda content: random.Random(1).randbytes(len(content)),  # noqa: S311 - damage is no secret
    "text": lambda _: b"not found\n",
}

_INSTEAD: Mapping[str, Callable[[Path], object]] = {
    "missing": lambda _: None,
    "a directory": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a dangling link": lambda path: path.symlink_to(path.with_name("nowhere")),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
}


def _change_bytes(settings: Settings, *, name: str, change: Callable[[bytes], bytes]) -> None:
    path = places(settings)[name]
    path.write_bytes(change(path.read_bytes()))


def _put_instead(settings: Settings, *, name: str, put: Callable[[Path], object]) -> None:
    path = places(settings)[name]
    path.unlink()
    put(path)


def _swap_in(settings: Settings, *, name: str, other: str) -> None:
    shutil.copy(places(settings)[other], places(settings)[name])


# Of tables: another content, written as a whole file, with the record left alone or made to match.


# Nothing but the record tells that order from another one, except when applications are compared with one another.
_BEYOND = ("contributions", "rows in another order")


def _of_tables() -> Iterator[Damage]:
    for name, changes in {"applications": _APPLICATIONS, "predictions": _PREDICTIONS, "contributions": _ANY}.items():
        for what, change in {**changes, **_ANY}.items():
            for is_matched in (False, True):
                if is_matched and (name, what) == _BEYOND:
                    continue
                note = ", the record made to match" if is_matched else ""
                yield Damage(f"{name}: {what}{note}", partial(_rewrite, name=name, change=change, matched=is_matched))
    for name in PRODUCTS:
        for what, tell in _METADATA.items():
            # The digest of predictions is a name for them, which the model alone knows.
            forged = (name, what) == ("predictions", "says another digest")
            yield Damage(f"{name}: {what}", partial(_retell, name=name, tell=tell), is_forged=forged)


def _set(name: str, value: object, every: int = 1) -> Change:
    chosen = pl.int_range(pl.len()) % every == 0
    return lambda table: table.with_columns(
        pl.when(chosen).then(pl.lit(value)).otherwise(pl.col(name)).cast(table.schema[name]).alias(name)
    )


_ANY: Mapping[str, Change] = {
    "no rows": lambda table: table.clear(),
    "half the rows": lambda table: table.head(table.height // 2),
    "rows in another order": lambda table: table.reverse(),
    "the last column gone": lambda table: table.drop(table.columns[-1]),
    "a column more": lambda table: table.with_columns(pl.lit(1).alias("more")),
    "a column renamed": lambda table: table.rename({table.columns[3]: "renamed"}),
    "a column as text": lambda table: table.with_columns(pl.nth(2).cast(pl.String)),
    "only one column": lambda table: table.select(pl.nth(0)),
}
_APPLICATIONS: Mapping[str, Change] = {
    "an id twice": lambda table: _set(embedded.ID, table[embedded.ID][0], 2)(table),
    "the outcome the other way": lambda table: table.with_columns(
        (1 - pl.col(embedded.TARGET)).cast(table.schema[embedded.TARGET])
    ),
    "a score of seven": _set(embedded.SCORE, 7.0, 3),
}
_PREDICTIONS: Mapping[str, Change] = {
    "a PD of NaN": _set("default_probability", float("nan"), 5),
    "a PD of 7": _set("default_probability", 7.0, 5),
    "a PD below 0": _set("default_probability", -0.1, 5),
    "no PD": _set("default_probability", None, 5),
    "an id twice": lambda table: _set("application_id", table["application_id"][0], 2)(table),
    "other ids": lambda table: table.with_columns(pl.col("application_id") + 1),
    "no outcome": _set("is_default", None, 5),
    "the outcome the other way": lambda table: table.with_columns(~pl.col("is_default")),
}


def _rewrite(settings: Settings, *, name: str, change: Change, matched: bool) -> None:
    path = places(settings)[f"{name}.parquet"]
    metadata = pl.read_parquet_metadata(path)
    metadata.pop("ARROW:schema", None)
    # Read whole first: it is written over.
    changed = change(pl.read_parquet(path.read_bytes()))
    changed.write_parquet(path, metadata=dict(metadata))
    if matched:
        match_record(settings, name, path.name)


def _retell(settings: Settings, *, name: str, tell: Callable[[str], str | None]) -> None:
    path = places(settings)[f"{name}.parquet"]
    table, metadata = pl.read_parquet(path.read_bytes()), pl.read_parquet_metadata(path)
    changed = {key: tell(text) for key, text in metadata.items() if key != "ARROW:schema"}
    table.write_parquet(path, metadata={key: text for key, text in changed.items() if text is not None})
    match_record(settings, name, path.name)


_METADATA: Mapping[str, Callable[[str], str | None]] = {
    "says nothing of itself": lambda _: None,
    "says what is no JSON": lambda _: "{",
    "says a list": lambda _: "[]",
    "says little": lambda _: '{"format": 1}',
    "says deeply nested things": lambda _: "[" * 100_000,
    "says another digest": lambda text: json.dumps(_with_digest(json.loads(text))),
    "says numbers for words": lambda text: json.dumps(dict.fromkeys(json.loads(text), 1)),
}


def _with_digest(content: dict[str, Any]) -> dict[str, Any]:
    return {key: "0" * 64 if "digest" in key else value for key, value in content.items()}


def match_record(settings: Settings, product: str, *names: str) -> None:
    """Make the record say that these files of a product are what was built."""
    path = record_path(settings)
    record = json.loads(path.read_bytes())
    for name in names:
        file = FileRecord.of((folder_of(settings, product) / name).read_bytes())
        record["products"][product]["files"][name] = {"sha256": file.sha256, "size": file.size}
    path.write_text(json.dumps(record), encoding="utf-8")


# Of JSON: parts missing, of another type, or what parsers differ about.


def _of_json() -> Iterator[Damage]:
    for name in (MANIFEST, "portfolio.json"):
        for what, change in _TEXTS.items():
            yield Damage(f"{name}: {what}", partial(_change_bytes, name=name, change=change))
    for key in _MANIFEST_KEYS:
        yield Damage(f"{MANIFEST}: {key} missing", partial(_edit_manifest, edit=partial(_without, key=key)))
        for what, odd in (("of another type", [[1]]), ("null", None)):
            yield Damage(f"{MANIFEST}: {key} {what}", partial(_edit_manifest, edit=partial(_with, key=key, value=odd)))
    for key, value in _MANIFEST_VALUES:
        name = f"{MANIFEST}: {key} {str(value)[:20]}"
        yield Damage(name, partial(_edit_manifest, edit=partial(_with, key=key, value=value), matched=False))
        if key in ("cutoff", "band_edges", "schema_version"):
            edit = partial(_with, key=key, value=value)
            forged = value == 0.5
            yield Damage(f"{name}, the record made to match", partial(_edit_manifest, edit=edit), is_forged=forged)
    for key in ("products", "format"):
        edit = partial(_without, key=key)
        yield Damage(f"portfolio.json: {key} missing", partial(_edit_record, edit=edit))
        for value in (None, 7, "text", [], {"applications": None}):
            edit = partial(_with, key=key, value=value)
            yield Damage(f"portfolio.json: {key} {value!r}", partial(_edit_record, edit=edit))
    for product in (*PRODUCTS, "model"):
        edit = partial(_without_product, product=product)
        yield Damage(f"portfolio.json: without the {product}", partial(_edit_record, edit=edit))
        edit = partial(_with_size, product=product)
        yield Damage(f"portfolio.json: a size of the {product} below 0", partial(_edit_record, edit=edit))


_TEXTS: Mapping[str, Callable[[bytes], bytes]] = {
    "not UTF-8": lambda content: content.replace(b"sha256", b"sha\xff56", 1),
    "NaN": lambda content: content.replace(b": ", b": NaN, ", 1),
    "a huge number": lambda content: content.replace(b'"size": ', b'"size": 9' + b"9" * 400, 1),
    "a key twice": lambda content: content.replace(b"{", b'{"files": {}, "products": {},', 1),
    "nested without end": lambda _: b"[" * 1_000_000,
    "null": lambda _: b"null",
    "a number": lambda _: b"7",
    "a list": lambda _: b"[]",
    "a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
}
_MANIFEST_KEYS = (
    "schema_version",
    "files",
    "features",
    "features_sha256",
    "cutoff",
    "band_edges",
    "settings",
    "seed",
    "directions",
    "sufficiency",
    "definition",
    "libraries",
    "metrics",
    "training_data_sha256",
    "product_version",
)
_MANIFEST_VALUES: tuple[tuple[str, Any], ...] = (
    ("cutoff", 0.5),
    ("cutoff", 7),
    ("cutoff", -1),
    ("cutoff", "0.16"),
    ("cutoff", True),
    ("band_edges", [0.9, 0.1]),
    ("band_edges", []),
    ("schema_version", 1),
    ("schema_version", "2"),
    ("seed", 1e300),
    ("surprise", 1),
    ("training_data_sha256", "0" * 64),
    ("features_sha256", "0" * 64),
)
Edit = Callable[[dict[str, Any]], dict[str, Any]]


def _edit_manifest(settings: Settings, *, edit: Edit, matched: bool = True) -> None:
    path = settings.model / MANIFEST
    path.write_text(json.dumps(edit(json.loads(path.read_bytes()))), encoding="utf-8")
    if matched:
        match_record(settings, "model", MANIFEST)


def _edit_record(settings: Settings, *, edit: Edit) -> None:
    path = record_path(settings)
    path.write_text(json.dumps(edit(json.loads(path.read_bytes()))), encoding="utf-8")


def _without(content: dict[str, Any], *, key: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != key}


def _with(content: dict[str, Any], *, key: str, value: object) -> dict[str, Any]:
    return {**content, key: value}


def _without_product(content: dict[str, Any], *, product: str) -> dict[str, Any]:
    return {**content, "products": _without(content["products"], key=product)}


def _with_size(content: dict[str, Any], *, product: str) -> dict[str, Any]:
    for record in content["products"][product]["files"].values():
        record["size"] = -1
    return content


# Of models: a file that is another one, with the manifest, and the record or not, made to match.


def _of_models() -> Iterator[Damage]:
    for name in (ONNX, TEXT):
        for what, change in _BYTES.items():
            if what in _MODEL_BYTES:
                for matched in (False, True):
                    note = ", manifest and record made to match" if matched else ", the manifest made to match"
                    act = partial(_change_model, name=name, change=change, matched=matched)
                    forged = matched and what == "a page in the middle zeroed"
                    yield Damage(f"{name}: {what}{note}", act, is_forged=forged)


_MODEL_BYTES = ("empty", "cut to half", "last byte cut", "first byte flipped", "a page in the middle zeroed", "text")


def _change_model(settings: Settings, *, name: str, change: Callable[[bytes], bytes], matched: bool) -> None:
    path = settings.model / name
    path.write_bytes(change(path.read_bytes()))
    file = FileRecord.of(path.read_bytes())

    def edit(content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "files": {**content["files"], name: {"sha256": file.sha256, "size": file.size}}}

    _edit_manifest(settings, edit=edit, matched=False)
    if matched:
        match_record(settings, "model", name, MANIFEST)


# Of rights, which root has all of.


def _without_rights() -> Iterator[Damage]:
    for name in (*(f"{name}.parquet" for name in PRODUCTS), MANIFEST, ONNX, TEXT, PICKLE, "portfolio.json"):
        yield Damage(f"{name}: no right to read", partial(_forbid, name=name), needs_user=True)
    for folder in ("processed", "model"):
        for what, mode in (("no rights", 0), ("no right to write", 0o500), ("no right to enter", 0o600)):
            yield Damage(f"{folder}: {what}", partial(_forbid_folder, name=folder, mode=mode), needs_user=True)


def _forbid(settings: Settings, *, name: str) -> None:
    places(settings)[name].chmod(0)


def _forbid_folder(settings: Settings, *, name: str, mode: int) -> None:
    getattr(settings, name).chmod(mode)
