"""Calibrate a score: fit a PD to it out of fold on a cohort, show before and after, and keep it as a model of its own.

Usage: python -m scripts.calibrate --method platt|isotonic|beta|grades|target --name NEW [--model NAME] [--where ...]
       [--target-rate R] [--floor PD] [--bands PD,... | --grade COLUMN] [--json OUT]
       python -m scripts.calibrate FILE --method ... [--out TABLE] [--map COLUMN=ROLE ...]
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dashboard.cohort.columns import prepare
from dashboard.report.conditions import read_conditions
from dashboard.report.recalibration import FIGURES, Recalibration, plain, recalibrate
from dashboard.visit.assumptions import assume
from dashboard.visit.links import FILTER_PREFIX, word_filters
from dashboard.words import labels
from data.definition.at_hand import load_definition
from data.definition.definition import Definition
from data.errors import FileError, SettingError
from data.predictions.roles.flags import answers_of
from data.predictions.table import DERIVED_COLUMNS, FOLD, PROBABILITY, Predictions
from data.reading.said import parse_said
from data.settings import Settings, load_settings
from data.store.opening import is_there
from data.store.storage import check_file_place, write_atomically, write_parquet
from inference.calibrating.calibrator import to_json
from inference.calibrating.fitting import Method
from inference.calibrating.folding import N_FOLDS
from inference.calibrating.out_of_fold import Request
from inference.calibrating.publishing import lineage_of, publish_calibrated
from inference.calibrating.words import why_not_affine
from inference.inventory.entry import CHAMPION, ModelEntry
from inference.inventory.explained import explain_model
from inference.inventory.store import check_free, find_model, read_rows
from inference.model.decision import DEFAULT_CUTOFF
from scripts._at_hand import load_at_hand, read_brought
from scripts._cli import offer_portfolio, offer_predictions, positive, progress, run, take_predictions

FORMAT, VERSION = "scoreroom.calibration", 1
# A column of a table that is written here, beside the columns that predictions have.
SCORE_BEFORE = "score_before"


def main() -> None:
    """Read the arguments, calibrate, publish or write, print the table."""
    arguments = _parse()
    if arguments.json is not None:
        check_file_place(arguments.json)
    settings = load_settings()
    definition = load_definition(settings)
    request = Request(Method(arguments.method), arguments.target_rate, arguments.floor, arguments.bands)
    if arguments.predictions is None:
        check_free(settings, arguments.name, replaces=arguments.replace)
        source = _of_model(settings, definition, arguments.model)
    else:
        out = _place(arguments.predictions, arguments.out, arguments.method)
        source = read_brought(arguments.predictions, definition, answers_of(arguments), parse_said(arguments.read))
    predictions = prepare(source)
    filters = read_conditions(arguments.where, predictions.filter_columns, definition)
    done = recalibrate(
        predictions,
        filters,
        request,
        assume(DEFAULT_CUTOFF),
        grade=arguments.grade,
        n_folds=arguments.folds,
        seed=settings.seed,
    )
    where = tuple(f"{name.removeprefix(FILTER_PREFIX)}={value}" for name, value in word_filters(filters))
    if arguments.predictions is None:
        entry = publish_calibrated(
            settings,
            arguments.name,
            arguments.model,
            done.calibrated,
            done.request,
            progress,
            where=where,
            folds=(done.folds, done.rows.folds),
            replaces=arguments.replace,
        )
        explain_model(settings, entry.name, progress)
        said = [f"Published as {entry.name}, of {entry.parent}. {entry.said}", _word_uses(entry, done)]
        told: dict[str, Any] = {"model": entry.name, "said": entry.said}
        told |= {"can_score": entry.can_score, "can_explain": entry.can_explain}
    else:
        _write_table(out, source, done)
        said = [f"Written to {out}: the PDs are in {PROBABILITY}, the scores as they were in {SCORE_BEFORE}."]
        told = {"table": str(out)}
    parent = arguments.model if arguments.predictions is None else source.champion
    told = {"format": FORMAT, "version": VERSION, **told, **_told(parent, done, where, source)}
    if arguments.json is not None:
        with write_atomically(arguments.json) as beside:
            beside.write_text(json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    if arguments.brief:
        print(said[0])
        return
    _print(source.source.name, where, done, said)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.calibrate", description=__doc__.splitlines()[0])
    offer_portfolio(parser)
    parser.add_argument(
        "--method", required=True, choices=[method.value for method in Method], help="how a score becomes a PD"
    )
    parser.add_argument("--name", default="", help="what the calibrated model is called")
    parser.add_argument(
        "--model", default=CHAMPION, metavar="NAME", help="the model whose PDs are calibrated (champion)"
    )
    offer_predictions(parser, "calibrate the score of this table instead")
    parser.add_argument("--out", type=Path, metavar="TABLE", help="where the table of PDs goes (beside FILE), .parquet")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=LEVEL",
        help="fit on these applications alone, as evaluate",
    )
    parser.add_argument(
        "--target-rate", type=float, metavar="R", help="shift log-odds so that their mean PD is R (0.03)"
    )
    parser.add_argument("--floor", type=float, default=0.0, metavar="PD", help="no PD below this (such as 0.0005)")
    parser.add_argument(
        "--bands", type=_edges, default=(), metavar="EDGES", help="of grades: edges between bands, 0.02,0.05"
    )
    parser.add_argument("--grade", default="", metavar="COLUMN", help="of grades: the column that holds them")
    parser.add_argument("--folds", type=positive, default=N_FOLDS, help=f"folds by id where rows have none ({N_FOLDS})")
    parser.add_argument("--replace", action="store_true", help="replace a model of that name")
    parser.add_argument("--brief", action="store_true", help="say what was made, without the figures")
    parser.add_argument("--json", type=Path, metavar="OUT", help="where to write the figures as JSON")
    arguments = parser.parse_args()
    take_predictions(parser, arguments)
    if (arguments.bands or arguments.grade) and arguments.method != Method.GRADES:
        parser.error("--bands and --grade are of --method grades")
    if arguments.bands and arguments.grade:
        parser.error("--bands parts a score and --grade takes a column; name one of them")
    if arguments.folds < 2:
        parser.error("--folds: at least 2 are needed to hold one out")
    if arguments.predictions is None:
        if not arguments.name:
            parser.error("--name NEW says what the calibrated model is called")
        if arguments.out is not None:
            parser.error("--out is of a table; name FILE too")
    elif arguments.name or arguments.model != CHAMPION or arguments.replace:
        parser.error("--name, --model and --replace are of the portfolio's models; leave them out, or --predictions")
    return arguments


def _edges(text: str) -> tuple[float, ...]:
    edges = tuple(map(float, text.split(",")))
    if not all(one < other for one, other in pairwise(edges)):
        raise argparse.ArgumentTypeError(f"{text}: edges must rise")
    return edges


def _of_model(settings: Settings, definition: Definition, name: str) -> Predictions:
    """The portfolio's predictions with the PDs and folds of the model called `name`."""
    predictions = load_at_hand(settings, definition)
    if find_model(settings, name).is_champion:
        return predictions
    rows = read_rows(settings, name)
    own = [PROBABILITY, *([FOLD] if rows[FOLD].null_count() < rows.height else [])]
    return dataclasses.replace(predictions, frame=predictions.frame.with_columns(rows.select(own)), others={})


def _place(source: Path, out: Path | None, method: str) -> Path:
    """Where the calibrated table goes; never over a file that is there."""
    place = out or source.with_name(f"{source.name.split('.')[0]}-{method}.parquet")
    if place.suffix != ".parquet":
        raise SettingError(f"--out {place}: is not .parquet; the table is written as Parquet.")
    check_file_place(place)
    if is_there(place):
        raise FileError.from_occupied(place, "a file")
    return place


def _write_table(place: Path, source: Predictions, done: Recalibration) -> None:
    """The table's rows with their PDs, under the names that predictions have, so that it opens without an answer."""
    frame = source.frame.drop(DERIVED_COLUMNS, strict=False)
    before = pl.Series(SCORE_BEFORE, done.rows.scores)
    write_parquet(frame.with_columns(pl.Series(PROBABILITY, done.calibrated.pds), before), place)


def _told(parent: str, done: Recalibration, where: tuple[str, ...], source: Predictions) -> dict[str, Any]:
    lineage = lineage_of(parent, source.frame[PROBABILITY], done.calibrated, done.request, where, done.folds)
    figures = {name: {"before": plain(one), "after": plain(two)} for name, (one, two) in done.figures().items()}
    return {
        "parent": parent,
        "calibrator": orjson.loads(to_json(done.calibrated.calibrator, lineage)),
        "figures": figures,
        "notices": list(done.notices),
    }


def _word_uses(entry: ModelEntry, done: Recalibration) -> str:
    if not entry.can_score:
        return "It has PDs of the portfolio's applications alone; its parent cannot score others, or is graded by hand."
    if entry.can_explain:
        return "It scores new applications and explains them: contributions are its parent's, scaled."
    reason = why_not_affine(done.calibrated.calibrator) or "its parent has none"
    return f"It scores new applications; there are no exact contributions, because {reason}."


def _print(name: str, where: tuple[str, ...], done: Recalibration, said: list[str]) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    console = Console(width=None if sys.stdout.isatty() else 120)
    title = _printable(" · ".join([name, *where]))
    table = Table("Figure", "Before", "95 % interval", "After", "95 % interval", title=title, title_justify="left")
    for row in _rows(done):
        table.add_row(*map(_printable, row))
    console.print(table)
    reasons = dict.fromkeys(metric.of(done.before).explanation for metric in FIGURES)
    before = [f"Before: {reason}." for reason in reasons if reason]
    for sentence in (*before, *said, *(f"Notice: {notice}" for notice in done.notices)):
        console.print(_printable(sentence), highlight=False, soft_wrap=True)


def _rows(done: Recalibration) -> Iterator[tuple[str, ...]]:
    n_shown = done.after.counts.n_rows
    yield ("Applications", labels.count(n_shown), "", labels.count(n_shown), "")
    for metric in FIGURES:
        cells: list[str] = []
        for estimate in (metric.of(done.before), metric.of(done.after)):
            if estimate.value is None:
                # The reason is the same for all that need a PD, and said once below.
                cells += [labels.NOT_DEFINED, ""]
            elif estimate.low is None or estimate.high is None:
                cells += [metric.word(estimate.value), ""]
            else:
                ends = metric.word(estimate.low), metric.word(estimate.high)
                cells += [metric.word(estimate.value), labels.interval(*ends)]
        yield (metric.label, *cells)


def _printable(text: str) -> str:
    # Names come out of files: they are neither markup nor orders to the terminal.
    return escape("".join(each if each.isprintable() else " " for each in text))


if __name__ == "__main__":
    run(main)
