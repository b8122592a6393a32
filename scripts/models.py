"""List the portfolio's models, the champion first; rename one, or delete it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import orjson
import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data.errors import ScoreroomError
from data.predictions.table import OUTCOME
from data.settings import Settings, load_settings
from data.store.records import PREDICTIONS, check_built
from data.store.storage import write_atomically
from inference.inventory.entry import ModelEntry
from inference.inventory.store import delete, folder_of_model, look_through, read_scores, rename
from inference.model.artifact import ONNX
from scripts._cli import offer_portfolio, run

_HEAD = ("Model", "Kind", "PDs", "AUC", "Features", "Monotone", "ONNX, kB", "Made", "How")


def main() -> None:
    """Do what is asked, and list the models that there are then."""
    parser = argparse.ArgumentParser(prog="python -m scripts.models", description=__doc__)
    offer_portfolio(parser)
    acts = parser.add_mutually_exclusive_group()
    acts.add_argument("--rename", nargs=2, metavar=("NAME", "NEW"), help="call a model something else")
    acts.add_argument("--delete", metavar="NAME", help="remove a model; the champion stays")
    parser.add_argument("--json", type=Path, help="where to write the list")
    arguments = parser.parse_args()
    settings = load_settings()
    if arguments.rename:
        rename(settings, *arguments.rename)
    elif arguments.delete:
        delete(settings, arguments.delete)
    entries, faults = look_through(settings)
    rows = [_row(settings, entry) for entry in entries]
    _show(rows)
    for reason in faults.values():
        print(f"Notice: {reason}")
    if arguments.json:
        with write_atomically(arguments.json) as part:
            part.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2))


def _row(settings: Settings, entry: ModelEntry) -> dict[str, object]:
    """An entry with its AUC (None where no outcome is known, or the model is stale) and the bytes of its graph."""
    path = folder_of_model(settings, entry.name) / ONNX
    size = path.stat().st_size if entry.can_score and path.is_file() else None
    auc = None if entry.is_stale else _auc(settings, entry.name)
    return {**asdict(entry), "auc": auc, "bytes": size}


def _auc(settings: Settings, name: str) -> float | None:
    check_built(settings, PREDICTIONS)
    outcomes = pl.read_parquet(settings.predictions, columns=[OUTCOME], glob=False)[OUTCOME]
    known = outcomes.is_not_null()
    try:
        scores = read_scores(settings, name).filter(known)
    except ScoreroomError:
        return None
    is_bad = outcomes.filter(known).to_numpy()
    n_bad = int(is_bad.sum())
    if not 0 < n_bad < is_bad.size:
        return None
    # Mann and Whitney's: the mean rank of the bad, ties shared.
    ranks = scores.rank("average").to_numpy()
    n_good = is_bad.size - n_bad
    return float((np.sum(ranks[is_bad]) - n_bad * (n_bad + 1) / 2) / (n_bad * n_good))


def _show(rows: Sequence[dict[str, object]]) -> None:
    table = Table(*_HEAD, box=None, pad_edge=False)
    for row in rows:
        auc, size = row["auc"], row["bytes"]
        cells = (
            row["name"],
            row["kind"],
            "stale" if row["is_stale"] else row["how"],
            f"{auc:.4f}" if isinstance(auc, float) else "",
            "" if row["n_features"] is None else row["n_features"],
            "yes" if row["is_monotone"] else "no",
            f"{size / 1e3:,.0f}" if isinstance(size, int) else "",
            str(row["made_at"])[:16].replace("T", " "),
            row["said"],
        )
        table.add_row(*(escape(str(cell)) for cell in cells))
    Console(width=160).print(table)


if __name__ == "__main__":
    run(main)
