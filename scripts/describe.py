"""Describe a table: guess a portfolio's definition from it, each guess with its reason, and write it for editing.

Usage: python -m scripts.describe FILE [--out FOLDER] [--update] [--read KEY=VALUE ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.definition.describing import Described, describe
from data.definition.peeking import UTF_8
from data.reading.said import parse_said, word_said
from data.settings import ROOT
from scripts._cli import offer_reading, run

# Of a line where nothing says how wide the screen is.
_FILE_WIDTH = 160


def main() -> None:
    """Read the arguments, describe, print a line for each column."""
    parser = argparse.ArgumentParser(prog="python -m scripts.describe", description=__doc__.splitlines()[0])
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="the table: text, packed or not, Parquet, a workbook, SAS, SPSS or Stata",
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="the portfolio's folder (default: portfolios/NAME)")
    parser.add_argument("--update", action="store_true", help="keep the definition there and merge new columns in")
    offer_reading(parser)
    arguments = parser.parse_args()
    stem = arguments.file.name.split(".")[0] or arguments.file.name
    folder = arguments.out or ROOT / "portfolios" / stem
    described = describe(arguments.file, folder, update=arguments.update, told=word_said(parse_said(arguments.read)))
    console = Console()
    console.print(_table(described), width=console.width if console.is_terminal else _FILE_WIDTH)
    n_unsure = sum(not finding.is_sure for finding in described.findings)
    if arguments.update:
        print(f"Added: {_listed(described.added)}. No longer in the table: {_listed(described.gone)}.")
    if not described.has_outcome:
        print("No column says how loans ended, so no model can be trained; name the one that does under [outcome].")
    if described.encoding != UTF_8:
        print(f"The file is {described.encoding}.")
    print(f"{len(described.findings)} columns, {n_unsure} to be checked: {described.path}")


def _table(described: Described) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("column", "guess", "", "why"):
        table.add_column(title, overflow="fold")
    for finding in described.findings:
        table.add_row(*(Text(_legible(each)) for each in (finding.column, finding.guess, finding.verdict, finding.why)))
    return table


def _legible(text: str) -> str:
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_legible, names)) or "none"


if __name__ == "__main__":
    run(main)
