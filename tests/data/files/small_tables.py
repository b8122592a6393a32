"""A small definition, and tables of its columns, read row by row."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import polars as pl

from data.definition.definition import Definition
from data.definition.reading import parse_definition
from data.files.sources import open_source

SAID = """
name = "Small"
[table]
separator = ";"
missing = ["?"]
[columns.age]
[columns.grade]
levels = ["a", "b"]
"""
TEXT = 'age;grade;note\n20;a;x\n?;" ? ";"two\nlines"\n\n40;b;?\n'


DEFINITION = parse_definition(SAID, Path("portfolio.toml"))


def rows(path: Path, definition: Definition = DEFINITION, batch_rows: int = 2, **said: str) -> list[pl.DataFrame]:
    source = open_source(path, definition, said)
    columns = [definition.column(name) for name in ("age", "grade")]
    return list(source.batches(columns, batch_rows, None, carried=["note"]))


def put(folder: Path, kind: str, text: bytes) -> Path:
    path = folder / f"a{kind}"
    if kind == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inner.csv", text)
            archive.writestr("__MACOSX/._inner.csv", "junk")
    else:
        path.write_bytes(gzip.compress(text) if kind == ".gz" else text)
    return path
