"""Evaluate predictions without a screen: every figure of the pages, with intervals, as a table and as JSON.

Usage: python -m scripts.evaluate [FILE] [--map COLUMN=ROLE ...] [--bad VALUE ...] [--read KEY=VALUE ...]
       [--cutoff PD] [--where COLUMN=LEVEL ...] [--json OUT]
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dashboard.cohort.columns import prepare
from dashboard.metrics.counts import count_scores
from dashboard.metrics.discrimination import ks_statistic
from dashboard.metrics.estimate import Estimate
from dashboard.report import catalogue
from dashboard.report.catalogue import Word
from dashboard.report.conditions import read_conditions
from dashboard.report.further import declined_from
from dashboard.report.report import Report, evaluate
from dashboard.visit.assumptions import assume
from dashboard.words import labels
from data.definition.at_hand import load_definition
from data.predictions.roles.flags import answers_of
from data.predictions.table import OUTCOME, Predictions
from data.reading.said import parse_said
from data.settings import load_settings
from inference.model.decision import DEFAULT_CUTOFF
from scripts._at_hand import load_at_hand, read_brought, read_cutoff, read_score
from scripts._cli import offer_portfolio, offer_predictions, run, take_predictions
from scripts._report_file import check_report_place, write_report


def main() -> None:
    """Read the arguments, evaluate, write the JSON, print the table."""
    arguments = _parse()
    answers, said = answers_of(arguments), parse_said(arguments.read)
    check_report_place(arguments.json)
    settings = load_settings()
    definition = load_definition(settings)
    source = (
        load_at_hand(settings, definition)
        if arguments.predictions is None
        else read_brought(arguments.predictions, definition, answers, said)
    )
    cutoff = _cutoff(arguments.cutoff, source)
    predictions = prepare(source, cutoffs=[cutoff])
    conditions = read_conditions(arguments.where, predictions.filter_columns, definition)
    report = evaluate(predictions, conditions, assume(cutoff))
    if not write_report(report.to_json(), arguments.json):
        _print(report)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.evaluate", description=__doc__.splitlines()[0])
    offer_portfolio(parser)
    offer_predictions(
        parser, "predictions: text, Parquet, a workbook, SAS, SPSS or Stata (default: those of the portfolio)"
    )
    parser.add_argument(
        "--cutoff",
        metavar="PD",
        help=f"PD from which on applications are declined, 0 to 1 ({DEFAULT_CUTOFF}); of scores that are no PDs the "
        "score (where the KS is reached)",
    )
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=LEVEL",
        help="only these applications; COLUMN=LOW..HIGH for numbers, COLUMN=~missing for gaps; may be repeated",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="where to write the JSON; - for standard output alone")
    arguments = parser.parse_args()
    take_predictions(parser, arguments)
    return arguments


def _cutoff(text: str | None, source: Predictions) -> float:
    """The cutoff as a PD or a place on the score's scale; without a word the usual PD, or the place of the KS."""
    if source.scale is None:
        return DEFAULT_CUTOFF if text is None else read_cutoff(text)
    if text is not None:
        return read_score(text, source.scale)
    reached = ks_statistic(count_scores(source.frame.filter(pl.col(OUTCOME).is_not_null()))).cutoff
    return declined_from(source, 0.5 if reached is None else reached)


def _print(report: Report) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    # Wide enough where nobody watches, so that a log is not cut by the 80 columns that are assumed there.
    console = Console(width=None if sys.stdout.isatty() else 120)
    table = Table("Figure", "Value", "95 % interval", title=_printable(_title(report)), title_justify="left")
    for page, rows in _rows(report):
        table.add_section()
        table.add_row(f"[bold]{page}[/]")
        for row in rows:
            table.add_row(*map(_printable, row))
    console.print(table)
    for sentence in _sentences(report):
        console.print(_printable(sentence), highlight=False, soft_wrap=True)


def _printable(text: str) -> str:
    # Names come out of files: they are neither markup nor orders to the terminal.
    return escape("".join(each if each.isprintable() else " " for each in text))


def _title(report: Report) -> str:
    chosen = [f"{name}={value}" for name, value in report.conditions]
    return " · ".join([report.predictions.source.name, *chosen])


def _rows(report: Report) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    found, decided = report.evaluation, report.evaluation.confusion
    counts = {
        **({"Rows": found.counts.n_rows} if report.weighted_by else {}),
        f"Applications, weighted by {report.weighted_by}" if report.weighted_by else "Applications": (
            found.counts.n_applications
        ),
        "Open (no outcome yet)": found.counts.n_open,
        "Defaults": found.counts.n_bad,
        f"Approved {_word_cutoff(report, decided.cutoff)}": decided.approved,
        "Declined": decided.declined,
    }
    yield "Counts", [(name, labels.count(number), "") for name, number in counts.items()]
    for page, metrics in catalogue.PAGES.items():
        given = found.assumptions
        rows = [(metric.label_under(given), *_worded(metric.of(found), metric.word)) for metric in metrics]
        reasons = {reason for _, value, reason in rows if value == labels.NOT_DEFINED}
        is_empty = len(reasons) == 1 and all(value == labels.NOT_DEFINED for _, value, _ in rows)
        yield page, [("All of it", labels.NOT_DEFINED, reasons.pop())] if is_empty else rows
    yield from _further(report)
    if found.why_no_pd:
        return
    yield (
        "Risk bands: observed / expected",
        [
            (f"{band.band}, {labels.plural(band.applications, 'application')}", *_worded(band.ratio, labels.decimal))
            for band in found.bands
        ],
    )


def _word_cutoff(report: Report, cutoff: float) -> str:
    scale = report.predictions.scale
    if scale is None:
        return f"below {labels.percent(cutoff)}"
    return f"{'above' if scale.higher == 'safer' else 'below'} {scale.score(cutoff):g}"


def _further(report: Report) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """The other models, overrides and grades, where the table has any."""
    if len(report.models) > 1:
        yield (
            "ROC AUC of each score",
            [
                (f"{name}, {labels.plural(model.applications, 'application')}", *_worded(model.auc, labels.decimal))
                for name, model in report.models.items()
            ],
        )
    if (against := report.overrides) is not None:
        counts = {
            "Decisions of model and people": against.decided,
            "Overrides": against.overrides,
            "Approved against the model": against.approved_against,
            "Declined against the model": against.declined_against,
        }
        yield "Overrides", [(name, labels.count(number), "") for name, number in counts.items()]
    if report.grades:
        yield (
            "Grades: observed / expected",
            [
                (
                    f"{grade.grade or labels.MISSING}, {labels.plural(grade.applications, 'application')}",
                    *_worded(grade.observed_expected, labels.decimal),
                )
                for grade in report.grades
            ],
        )


def _worded(estimate: Estimate, word: Word) -> tuple[str, str]:
    if estimate.value is None:
        return labels.NOT_DEFINED, estimate.explanation
    if estimate.low is None or estimate.high is None:
        return word(estimate.value), ""
    return word(estimate.value), labels.interval(word(estimate.low), word(estimate.high))


def _sentences(report: Report) -> Iterator[str]:
    if report.predictions.source.taken:
        yield f"Taken: {report.predictions.source.taken}."
    yield from (f"Notice: {notice}" for notice in report.notices)


if __name__ == "__main__":
    run(main)
