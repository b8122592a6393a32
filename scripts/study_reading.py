"""Study how fast a long table is read and what memory that takes, beside Polars alone; each in its own process.

Usage: python -m scripts.study_reading [--rows N] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from data.reading.table import read_table
from scripts._cli import progress, run

ROWS = 3_000_000
_SPELLINGS = ("usual", "german")
_READERS = ("reading", "polars")
_BATCH = 250_000


def main() -> None:
    """Write the tables, read each in a process of its own, print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m scripts.study_reading", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the table (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where to write the tables (a temporary folder)")
    parser.add_argument("--one", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(_read(arguments.one[0], Path(arguments.one[1])))
        return
    with tempfile.TemporaryDirectory(prefix="study-reading-", dir=arguments.folder) as folder:
        print(
            f"{'table':<8} {'reader':<9} {'MB':>6} {'seconds':>8} {'rows/s':>11} {'peak MB':>8} {'sum of amounts':>22}"
        )
        for spelling in _SPELLINGS:
            path = Path(folder) / f"{spelling}.csv"
            write_table(path, arguments.rows, is_german=spelling == "german")
            for reader in _READERS if spelling == "usual" else _READERS[:1]:
                command = [sys.executable, "-m", "scripts.study_reading", "--one", reader, str(path)]
                ended = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
                seconds, peak, total = ended.stdout.split()
                size, speed = path.stat().st_size / 1e6, arguments.rows / max(0.01, float(seconds))
                print(f"{spelling:<8} {reader:<9} {size:>6.0f} {seconds:>8} {speed:>11,.0f} {peak:>8} {total:>22}")


def write_table(path: Path, n_rows: int, *, is_german: bool) -> None:
    """Write made-up predictions: ids, outcome, PD, amount, region and a date; German ones as a workbook saves them."""
    generator = np.random.default_rng(17)
    with path.open("wb") as out:
        for start in range(0, n_rows, _BATCH):
            n = min(_BATCH, n_rows - start)
            frame = pl.DataFrame(
                {
                    "id": np.arange(start, start + n),
                    "outcome": generator.integers(0, 2, n),
                    "pd": np.round(generator.random(n), 6),
                    "amount": np.round(generator.lognormal(9.4, 0.6, n), 2),
                    "region": generator.choice(["Nord", "Süd", "Ost", "West"], n),
                    "applied": generator.integers(19_000, 20_000, n),
                }
            ).with_columns(pl.col("applied").cast(pl.Date).dt.strftime("%d.%m.%Y"))
            if is_german:
                frame = frame.with_columns(pl.col("pd", "amount").cast(pl.String).str.replace(".", ",", literal=True))
            text = frame.write_csv(separator=";" if is_german else ",", include_header=not start)
            out.write(text.encode("cp1252" if is_german else "utf-8"))


def _read(reader: str, path: Path) -> str:
    began = time.perf_counter()
    if reader == "polars":
        # As the importer read before: all cells as text, then every column that is all numbers.
        frame = pl.read_csv(path.read_bytes(), infer_schema=False)
        frame = frame.with_columns(pl.col("id", "outcome").cast(pl.Int64), pl.col("pd", "amount").cast(pl.Float64))
    else:
        with progress(path.name) as advance:
            frame = read_table(path, progress=advance).frame
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{seconds:.2f} {peak:.0f} {frame['amount'].sum():.2f}"


if __name__ == "__main__":
    run(main)
